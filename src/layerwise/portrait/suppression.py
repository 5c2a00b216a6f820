"""Which cells of a table to hide, so that few people show neither there nor by subtraction."""

from typing import Any

import numpy as np

from layerwise.vectors import Array


def hidden_counts(counts: Array, k: int) -> Array:
    """Return which of some counts, whose total is known, must be hidden.

    Those from 1 to k - 1; and, as the total gives away what is hidden together, the next smallest
    until at least two are hidden, each of which may be k people or more.

    >>> hidden_counts(np.array([100, 4, 30, 20]), 10).tolist()
    [False, True, False, True]
    """
    values = np.asarray(counts)
    hide = (values > 0) & (values < k)
    _close(values, hide, k)
    return hide


def hidden_cells(cells: Array, k: int) -> tuple[Array, Array]:
    """Return which cells of a table must be hidden, and which column totals.

    Row totals are known, column totals where they are not hidden. No row and no column has one
    hidden cell alone, or hidden cells with fewer than k people between them. Nor do several lines
    together give a cell away: by all totals at once, each small one may be k or more, unless its
    row and column are hidden altogether.

    >>> cells, totals = hidden_cells(np.array([[3, 40, 60], [50, 45, 30], [60, 70, 20]]), 10)
    >>> cells.tolist()
    [[True, True, False], [True, True, False], [False, False, False]]
    >>> totals.tolist()
    [False, False, False]
    """
    full = np.vstack([cells, np.asarray(cells).sum(axis=0)])
    hide = (full > 0) & (full < k)
    _close_lines(full, hide, k)
    while _open_one(full, hide, k):
        _close_lines(full, hide, k)
    return hide[:-1], hide[-1]


def _close_lines(full: Array, hide: Array, k: int) -> None:
    """Hide further cells until no line by itself gives one away, in place."""
    before = -1
    while hide.sum() != before:
        before = int(hide.sum())
        hide[:-1, hide[-1]] = True  # cells that show would add up to their total
        for row in range(len(full)):
            _close(full[row], hide[row], k)
        for place in np.flatnonzero(~hide[-1]):
            _close(full[:-1, place], hide[:-1, place], k)


def _close(values: Array, hide: Array, k: int) -> None:
    """Hide further values of one line, smallest first and zeros last, in place.

    The reader knows that somebody is in what is hidden: ten that add up to ten are ten of one.
    """
    if not hide.any():
        return
    shown = np.flatnonzero(~hide)
    order = shown[np.lexsort((values[shown], values[shown] == 0))]
    for place in order:
        if hide.sum() > 1 and np.maximum(values[hide] - 1, 0).sum() + 1 >= k:
            return
        hide[place] = True


def _open_one(full: Array, hide: Array, k: int) -> bool:
    """Hide one value more where all lines together give a small one away; say whether it did."""
    row, column = np.nonzero(hide[:-1])
    lines = np.vstack([row == i for i in np.unique(row)]
                      + [column == j for j in np.unique(column) if not hide[-1, j]]
                      ) if len(row) else np.zeros((0, 0))  # fmt: skip
    values = full[row, column]
    sums, least = lines @ values, np.minimum(values, 1)
    waiting = np.argwhere(hide & (full > 0) & (full < k))
    while len(waiting):
        i, j = waiting[0]
        goals = np.array([(column == c) & ((row == r) | (r == len(full) - 1)) for r, c in waiting])
        world = _most(goals[0], lines, sums, least)
        if goals[0] @ world < k - _CLOSE and _hide_beside(full, hide, i, j):
            return True
        waiting = waiting[1:][goals[1:] @ world < k - _CLOSE]
    return False


_CLOSE = 1e-6


def _most(goal: Array, lines: Array, sums: Array, least: Array) -> Array:
    """Return hidden values that fit all known sums, of which the goal is as large as it may be."""
    from scipy.optimize import linprog

    bounds = [(float(low), None) for low in least]
    found: Any = linprog(-goal.astype(float), A_eq=lines, b_eq=sums, bounds=bounds, method="highs")
    return np.asarray(found.x)


def _hide_beside(full: Array, hide: Array, row: int, column: int) -> bool:
    """Hide the smallest value shown in a row or column, zeros last, then the column's total."""
    near = np.zeros(hide.shape, dtype=bool)
    near[row] = True
    near[:-1, column] |= row < len(full) - 1
    shown = np.argwhere(near & ~hide)
    if not len(shown):
        near[-1, column] = True
        shown = np.argwhere(near & ~hide)
    if not len(shown):
        return False
    values = full[tuple(shown.T)]
    hide[tuple(shown[np.lexsort((values, values == 0))[0]])] = True
    return True
