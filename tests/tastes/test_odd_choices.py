"""Tastes refuse what is no column, no number of days and no purchase."""

from typing import Any

import numpy as np
import pandas as pd
import pytest

from layerwise.errors import DataError, SpecError
from layerwise.tastes import (
    category_affinity,
    measure_motives,
    motive_table,
    score_suggestions,
    suggest_categories,
)

PEOPLE = pd.DataFrame({"customer_id": [1, 2]})
ORDERS = pd.DataFrame(
    {"customer_id": [1, 2] * 2, "category": ["tea", "milk"] * 2, "amount": 2.0}
).assign(ordered_at=pd.to_datetime(["2024-05-02", "2024-06-02"]).repeat(2))
PERIOD: dict[str, Any] = {"after": "2024-05-31", "until": "2024-06-30"}


@pytest.mark.parametrize("value", [3, ["tier"], np.array([1, 2])], ids=repr)
def test_columns_are_named_by_text(value: Any) -> None:
    """Segment and customer are names."""
    with pytest.raises(SpecError, match="segment= is a"):
        suggest_categories(PEOPLE, ORDERS, as_of="2024-05-31", segment=value)
    with pytest.raises(SpecError, match="customer= is a"):
        category_affinity(PEOPLE, ORDERS, as_of="2024-05-31", customer=value)


def test_windows_beyond_all_calendars() -> None:
    """More days than there are is no window."""
    with pytest.raises(SpecError, match="window_days must be a whole number"):
        category_affinity(PEOPLE, ORDERS, as_of="2024-05-31", window_days=2**70)


@pytest.mark.parametrize("amount", [0.0, -1.0])
def test_a_period_of_refunds(amount: float) -> None:
    """Where nobody bought, nothing can be scored."""
    found = suggest_categories(PEOPLE, ORDERS, as_of="2024-05-31")
    with pytest.raises(DataError, match="No customer with a suggestion bought"):
        score_suggestions(found, ORDERS.assign(amount=amount), **PERIOD)


def test_tables_of_motives_with_missing_cells() -> None:
    """A missing cell of any kind is an empty one, and the frame stays as it was."""
    table = motive_table().astype("string")
    table.loc[0, "term_zh"] = pd.NA
    assert motive_table(table).loc[0, "term_zh"] == ""
    assert table["term_zh"].isna().sum() == 1


@pytest.mark.parametrize("orders", [ORDERS.iloc[:0], ORDERS.assign(amount=-1.0)])
def test_no_purchase_has_no_motive(orders: pd.DataFrame) -> None:
    """An order log without a purchase is told, whatever is asked of it."""
    with pytest.raises(DataError, match="No order line lies"):
        measure_motives(PEOPLE, orders, as_of="2024-06-30", item="category")


def test_items_that_are_all_missing() -> None:
    """Lines without an item judge nobody."""
    found = measure_motives(PEOPLE, ORDERS.assign(item=None), as_of="2024-06-30", item="item")
    assert (found.reliability["verdict"] == "not_evaluable").all()


@pytest.mark.parametrize("role", ["promoted", "item", "amount", "tagged", "time"])
@pytest.mark.parametrize("value", [3, ["a"], b"x"], ids=repr)
def test_columns_of_motives_are_named_by_text(role: str, value: Any) -> None:
    """Every column is told by its role."""
    choices: dict[str, Any] = {"item": "category", role: value}
    with pytest.raises(SpecError, match=f"{role}= is a"):
        measure_motives(PEOPLE, ORDERS, as_of="2024-06-30", **choices)
