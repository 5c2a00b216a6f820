"""Stated causes: customers counted once, unknown stays unknown, beside the measured ones."""

from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest
from statsmodels.stats.proportion import proportion_confint

from layerwise.churn import measured_and_stated, rank_causes, stated_causes
from layerwise.errors import ColumnsError, DataError, RowsLeftOutWarning, SpecError
from tests.churn.shop import TRUE, WINDOW, shop


def said() -> pd.DataFrame:
    """Return the answers of five customers; b says one thing twice, e cannot be understood."""
    rows = [
        ("a", "price_high;delivery_late"),
        ("b", "delivery_late"),
        ("b", "delivery_late;unknown"),
        ("c", "price_static"),
        ("d", "delivery_late"),
        ("e", "unknown"),
    ]
    return pd.DataFrame(rows, columns=["customer_id", "cause_id"])


def test_customers_are_counted_once() -> None:
    """Shares are of five who answered, with Wilson's interval; unknown is the last row."""
    table = stated_causes(said())
    assert table["cause_id"].tolist() == ["delivery_late", "price_high", "price_static", "unknown"]
    assert table["named"].tolist() == [3, 1, 1, 1]
    assert (table["answered"] == 5).all()
    interval = table.loc[0, ["share_low", "share_high"]].tolist()
    assert interval == pytest.approx(proportion_confint(3, 5, method="wilson"))


def test_order_of_rows_and_engine_change_nothing() -> None:
    """Shuffled rows and Polars give the same table."""
    for other in (said().sample(frac=1, random_state=2), pl.from_pandas(said())):
        pd.testing.assert_frame_equal(stated_causes(other), stated_causes(said()))


def test_silence_is_no_answer() -> None:
    """Rows without a cause or a customer are told and in no share."""
    more = pd.DataFrame({"customer_id": ["f", "g", None], "cause_id": [None, " ", "price_high"]})
    with pytest.warns(RowsLeftOutWarning, match=r"2 rows without an answer\n.*1 rows without a cu"):
        table = stated_causes(pd.concat([said(), more]))
    pd.testing.assert_frame_equal(table, stated_causes(said()))


@pytest.mark.parametrize(
    ("change", "error", "match"),
    [
        ({"cause_id": "bad luck"}, DataError, "6 of 6 rows of cause_id name no cause"),
        ({"cause_id": 3.5}, DataError, "holds numbers"),
    ],
)
def test_refused(change: Any, error: type[Exception], match: str) -> None:
    """What is no cause is refused, without telling what it says."""
    with pytest.raises(error, match=match) as told:
        stated_causes(said().assign(**change))
    assert "bad luck" not in str(told.value)


@pytest.mark.filterwarnings("ignore::layerwise.errors.RowsLeftOutWarning")
def test_no_answers_are_refused() -> None:
    """Without any answer there is no share; without the column no table."""
    for empty in (said().iloc[:0], said().assign(cause_id=np.nan)):
        with pytest.raises(DataError, match="no answer"):
            stated_causes(empty)
    with pytest.raises(ColumnsError, match="cause_id"):
        stated_causes(said()[["customer_id"]])


def test_side_by_side() -> None:
    """Measured causes first; what only leavers say stands below, without a fraction."""
    found = rank_causes(shop(), outcome="left", exposures=list(TRUE), strata="tier", **WINDOW)
    both = measured_and_stated(found, stated_causes(said())).set_index("cause_id")
    assert both.index.tolist() == [*found.table["cause_id"], "price_static", "unknown"]
    assert both.loc["delivery_late", "share"] == 0.6
    assert np.isnan(both.loc["price_static", "paf"])
    assert both.loc["price_static", "level"] == "brand"
    assert np.isnan(both.loc["loyalty_weak", "named"])


def test_side_by_side_needs_both() -> None:
    """Other tables are refused."""
    found = rank_causes(shop(), outcome="left", exposures=list(TRUE), **WINDOW)
    with pytest.raises(SpecError, match="a ranking"):
        measured_and_stated(said(), found)  # type: ignore[arg-type]
    with pytest.raises(SpecError, match="lacks cause, term_zh"):
        measured_and_stated(found, said())
