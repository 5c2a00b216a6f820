"""What a report must not show: cells of fewer than k customers, also by subtraction."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from layerwise.portrait.suppression import hidden_cells, hidden_counts
from layerwise.report.document import HIDDEN
from layerwise.vectors import Array


def small(value: Any, k: int) -> bool:
    """Return whether a number of customers is above zero and below k."""
    return value is not None and 0 < value < k


def hide(value: Any, hidden: Any) -> Any:
    """Return a value, or `HIDDEN`."""
    return HIDDEN if hidden else value


def parts(counts: Any, k: int) -> Array:
    """Return which parts of a known total must be hidden, all of them where that is all there is.

    >>> parts([100, 4], 10).tolist()
    [True, True]
    """
    return hidden_counts(np.asarray(counts, dtype=np.int64), k)


def rows_of(cells: Sequence[Sequence[Any]], k: int) -> Array:
    """Return which rows of a table with known totals hold a cell that must be hidden.

    >>> rows_of([[90, 80], [50, 3], [40, 60]], 10).tolist()
    [False, True, True]
    """
    table = np.asarray(cells, dtype=np.int64)
    if not table.size:
        return np.zeros(len(table), dtype=bool)
    return np.asarray(hidden_cells(table, k)[0].any(axis=1))
