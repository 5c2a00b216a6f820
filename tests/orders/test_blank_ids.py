"""Empty texts and white space name no customer, on every engine and at every door."""

import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from layerwise.baskets import add_baskets
from layerwise.errors import DataError, RowsLeftOutWarning
from layerwise.orders.blank_ids import BLANKS, is_blank
from layerwise.strategy import StrategyTable
from layerwise.summary import calibration_holdout, check_orders, summarize

IDS = ["a", "", " ", "\t\n", "\u3000\xa0", None, " a", "a b"]
KEPT = [" a", "a", "a b"]
LOG = pd.DataFrame(
    {
        "customer_id": IDS,
        "ordered_at": pd.to_datetime(["2024-01-05"] * len(IDS)),
        "amount": np.arange(1.0, len(IDS) + 1),
        "category": "tea",
    }
)


def test_blank_ids_are_missing_on_every_engine(engine):
    """Four blank ids and a missing one are five rows without an id; blanks beside letters stay."""
    log = engine.make(LOG)
    with pytest.warns(RowsLeftOutWarning, match="5 rows without a customer id"):
        table = summarize(log, as_of="2024-03-31")
    assert engine.pandas(table)["customer_id"].tolist() == KEPT
    assert check_orders(log, as_of="2024-03-31").null_customer == 5
    with pytest.warns(RowsLeftOutWarning, match="5 rows without a customer id"):
        both = calibration_holdout(log, split="2024-01-08", end="2024-01-12")
    assert engine.pandas(both)["customer_id"].tolist() == KEPT


def test_blank_order_ids_are_missing_on_every_engine(engine):
    """Lines with a blank order id are not lines of one order."""
    log = engine.make(LOG.assign(order=IDS, customer_id="x"))
    with pytest.warns(RowsLeftOutWarning, match="5 rows without an order id"):
        summarize(log, as_of="2024-03-31", order="order")


@pytest.mark.parametrize("kind", [object, "str", "string", "string[pyarrow]", "category"])
@pytest.mark.parametrize(
    "ids",
    [["a", " ", "b"], ["aa", "  ", "aa"], ["é", "é", "\xa0"], ["c1", "c2", ""], ["a", "", "b"]],
)
def test_every_type_of_text_column(run, kind, ids):
    """Equal lengths, which take the way without a hash table, and others."""
    with pytest.warns(RowsLeftOutWarning, match="1 rows without a customer id"):
        table = run(customer_id=pd.Series(ids, dtype=kind))
    assert table["customer_id"].tolist() == sorted({i for i in ids if i.strip()})


def test_categories_of_polars_are_texts_too():
    """An engine's own categories and enums are looked at like text."""
    for kind in (pl.Categorical, pl.Enum(["a", "", " ", "b"])):
        log = pl.DataFrame(LOG.iloc[:3].drop(columns="customer_id")).with_columns(
            pl.Series("customer_id", ["a", "", " "], dtype=kind)
        )
        for frame in (log, log.lazy()):
            assert check_orders(frame, as_of="2024-03-31").null_customer == 2


def test_baskets_leave_blank_ids_out():
    """A blank id is nobody's basket."""
    customers = pd.DataFrame({"customer_id": ["a", " "]})
    with pytest.warns(RowsLeftOutWarning, match="5 lines without a customer id"):
        found = add_baskets(customers, LOG, as_of="2024-03-31")
    assert found["basket_orders"].tolist() == [1, 0]


def test_only_blank_ids_are_no_customers():
    """A log of nothing but blank ids is refused, not one big customer."""
    with pytest.raises(DataError, match="3 rows without a customer id"):
        summarize(LOG.iloc[1:4], as_of="2024-03-31")


@pytest.mark.parametrize("blank", ["  ", "\u3000", ""])
def test_a_plan_refuses_blank_ids(blank):
    """The same rule at the other end of the way."""
    labels = pd.DataFrame({"customer_id": ["a", blank], "tier": "loyal"})
    with pytest.raises(DataError, match="1 of 2 rows have an empty customer_id or one of white"):
        StrategyTable.default().plan(labels)


@given(st.text(st.one_of(st.characters(exclude_categories=["Cs"]), st.sampled_from(BLANKS))))
def test_blank_is_what_strip_leaves_nothing_of(text):
    """The spelt-out list is the white space that Python knows."""
    assert is_blank(text) == (not text.strip())
