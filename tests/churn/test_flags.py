"""Columns of yes and no, in any kind that holds them."""

import numpy as np
import pandas as pd
import polars as pl
import pytest

from layerwise import frames
from layerwise.churn.flags import read_flags
from layerwise.errors import ColumnsError, DataError


@pytest.mark.parametrize(
    "values",
    [
        [1, 0, None],
        [True, False, None],
        pd.array([True, False, None], dtype="boolean"),
        pd.Categorical([1, 0, None]),
        np.array([1, 0, np.nan], dtype="float16"),
    ],
)
def test_kinds(values: object) -> None:
    """True, 1 and 1.0 are yes; what is missing is unknown."""
    table = pd.DataFrame({"x": values})
    for frame in (table, pl.from_pandas(table.astype({"x": "float64"}), nan_to_null=True)):
        found = read_flags(frames.wrap(frame), ["x"])["x"]
        assert np.array_equal(found, [1, 0, np.nan], equal_nan=True)


def test_all_wrong_columns_are_named_at_once() -> None:
    """Other numbers with counts, texts by name."""
    table = pd.DataFrame({"a": [2, 1], "b": [0.5, -1], "c": ["yes", "no"], "d": ["", "x"]})
    with pytest.raises(DataError, match=r"a: 1 of 2\n.*b: 2 of 2"):
        read_flags(frames.wrap(table), ["a", "b"])
    with pytest.raises(ColumnsError, match="c, d"):
        read_flags(frames.wrap(table), ["a", "c", "d"])
