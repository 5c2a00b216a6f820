"""Columns of yes and no, in every form that frames have."""

import numpy as np
import pandas as pd
import pytest

from layerwise.errors import ColumnsError
from layerwise.truths import is_true, truths


@pytest.mark.parametrize(
    "values",
    [
        [1, 0, None],
        pd.Series([True, False, None], dtype=object),
        pd.array([True, False, None], dtype="boolean"),
        pd.array([True, False, None], dtype="bool[pyarrow]"),
        pd.Categorical([1, 0, None]),
        pd.Series(pd.arrays.SparseArray([1.0, 0.0, np.nan])),
    ],
)
def test_kinds(values: object) -> None:
    """True, 1 and 1.0 are yes; what is missing is unknown, and no."""
    series = pd.Series(values)
    found, neither = truths(series)
    assert np.array_equal(found, [1, 0, np.nan], equal_nan=True)
    assert neither == 0
    assert is_true(series, "x").tolist() == [True, False, False]


@pytest.mark.parametrize("values", [["yes", "no", None], [2, 0.5, None], [[1], [0], None]])
def test_the_rest_is_counted_and_refused(values: list[object]) -> None:
    """Texts, other numbers and lists are neither; the error has the count."""
    series = pd.Series(values)
    assert truths(series)[1] == 2
    with pytest.raises(ColumnsError, match=r"'x' must be true or false: 2 of 3(.|\n)*Hint"):
        is_true(series, "x")


def test_no_rows() -> None:
    """Nothing is neither yes nor no."""
    assert is_true(pd.Series([], dtype=object), "x").tolist() == []
