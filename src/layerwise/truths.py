"""Columns that say yes or no: true and false, or 1 and 0, with missing."""

from decimal import Decimal
from numbers import Real
from typing import Any

import numpy as np
import pandas as pd

from layerwise.errors import ColumnsError
from layerwise.vectors import Array, Floats


def truths(series: pd.Series) -> tuple[Floats, int]:
    """Return 1, 0, or NaN where a cell is missing or neither; and how many cells are neither.

    >>> truths(pd.Series([True, 0, None, "yes"], dtype=object))
    (array([ 1.,  0., nan, nan]), 1)
    """
    if series.dtype == bool:
        return series.to_numpy(dtype=np.float64), 0
    if isinstance(series.dtype, pd.SparseDtype):
        series = pd.Series(np.asarray(series.array))
    try:
        codes, found = pd.factorize(series.to_numpy() if series.dtype == object else series)
    except (TypeError, NotImplementedError):  # lists and the like, also those of Arrow
        return np.full(len(series), np.nan), int(series.notna().sum())
    # The last one is that of the code -1, missing.
    table = np.array([*(_truth(value) for value in found), np.nan])
    neither = np.array([*np.isnan(table[:-1]), False])[codes]
    return table[codes], int(neither.sum())


def is_true(series: pd.Series, name: str) -> Array:
    """Return where a column says true; missing is false, so that nothing is assumed.

    Raises:
        ColumnsError: It holds anything but true and false, 1 and 0.
    """
    values, neither = truths(series)
    if neither:
        raise ColumnsError(
            f"Column {name!r} must be true or false: {neither:,} of {len(series):,} cells are not.",
            hint=f'make it true and false, e.g. table["{name}"] == "yes"; missing counts as false.',
        )
    said: Array = values == 1
    return said


def _truth(value: Any) -> float:
    known = isinstance(value, Real | Decimal | np.bool_) and value in (0, 1)
    return float(value) if known else np.nan
