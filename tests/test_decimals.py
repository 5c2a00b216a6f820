"""Amounts as people write them."""

import math

import pandas as pd
import pytest

from layerwise.decimals import fitting, numbers


@pytest.mark.parametrize(
    ("text", "decimal", "number"),
    [
        ("131,36", ",", 131.36),
        ("1.234,50", ",", 1234.5),
        ("1.234.567", ",", 1234567.0),
        ("-1 234,5", ",", -1234.5),
        ("1'234.50", ".", 1234.5),
        (" +1,234.50 ", ".", 1234.5),
    ],
)
def test_reads_what_is_clear(text: str, decimal: str, number: float) -> None:
    """Cents after the sign, thousands in threes."""
    assert numbers(pd.Series([text]), decimal).tolist() == [number]


@pytest.mark.parametrize(
    ("text", "decimal"),
    [("1.5", ","), ("1,5", "."), ("1.234 567", ","), ("1,2,3", ","), ("12,34.5", "."), ("€5", ",")],
)
def test_refuses_what_is_not(text: str, decimal: str) -> None:
    """A sign in the wrong place makes a text no number, never another one."""
    assert math.isnan(numbers(pd.Series([text]), decimal)[0])


def test_missing_stays_missing_and_rows_keep_their_place() -> None:
    """The index is that of the texts."""
    found = numbers(pd.Series(["2,5", None, "2,5"], index=[7, 8, 9], name="total"), ",")
    pd.testing.assert_series_equal(found, pd.Series([2.5, None, 2.5], [7, 8, 9], name="total"))


def test_one_sign_is_enough_where_either_reads_the_same() -> None:
    """Blanks between thousands leave nothing to choose, three digits after a comma do."""
    assert fitting(pd.Series(["1 234", None])) == ["."]
    assert fitting(pd.Series(["1,234"])) == [".", ","]
    assert fitting(pd.Series(["1,234", "20.00"])) == ["."]
    assert fitting(pd.Series(["$5"])) == []
