"""Columns that a table lacks, and the hints what makes them."""

import pandas as pd
import pytest

import layerwise as lw
from layerwise import arguments
from layerwise.errors import ColumnsError


def test_missing_columns_are_listed_with_who_needs_them() -> None:
    """All missing columns stand in one message, aligned, with what was found and a hint."""
    with pytest.raises(ColumnsError) as caught:
        arguments.require(
            ["a"] * 40, {"spend_total": "value (Value)", "x": "rfm (RFM)"}, title="No."
        )
    lines = str(caught.value).splitlines()
    assert lines[:3] == [
        "No.",
        "  spend_total  needed by value (Value)",
        "  x            needed by rfm (RFM)",
    ]
    assert lines[3].endswith("a, a, ....")
    assert lines[4] == "Hint: summarize(orders, amount=...) adds the spend columns."


@pytest.mark.parametrize(
    ("missing", "words"),
    [
        ("spend_90d", "window_days=(90,)"),
        ("p_alive", "BGNBD"),
        ("expected_orders_90d", "such as BGNBD(horizon_days=...), fitted before"),
        ("expected_spend_90d", "GammaGamma(horizon_days=...), fitted after"),
        ("expected_spend_per_order", "GammaGamma(horizon_days=...), fitted after"),
        ("special_share", "add_baskets"),
        ("anything", "as_of"),
    ],
)
def test_hints(missing: str, words: str) -> None:
    """The hint says what makes the missing column."""
    with pytest.raises(ColumnsError) as caught:
        arguments.require([], {missing: "x"}, title="No.")
    assert words in str(caught.value.hint)


def test_a_table_without_columns_says_so() -> None:
    """Where there is nothing to list, the message says that instead of an empty list."""
    with pytest.raises(ColumnsError, match="Found: no columns\\.\\n"):
        lw.Value().fit(pd.DataFrame())
    with pytest.raises(ColumnsError, match="Found: no columns\\.\\n"):
        lw.StrategyTable.default().plan(pd.DataFrame(), axes=["tier"])


def test_a_column_that_an_argument_names_is_to_be_named() -> None:
    """The hint names the argument, beside what makes the column, if that is known."""
    with pytest.raises(ColumnsError) as caught:
        arguments.require([], {"customer_id": "customer=", "ts": "time="}, title="No.")
    hint = 'name the column that you have: customer="your_column", time="your_column".'
    assert caught.value.hint == hint
    with pytest.raises(ColumnsError, match=r'adds churn; or name .*: status="your_column"\.'):
        arguments.require([], {"churn": "status="}, title="No.")
