"""Which cells of a table to hide, so that few people show neither there nor by subtraction."""

import numpy as np

from layerwise.frames import Array


def hidden_counts(counts: Array, k: int) -> Array:
    """Return which of some counts, whose total is known, must be hidden.

    Those from 1 to k - 1; and, as the total gives away what is hidden together, the next smallest
    until at least two are hidden that have k or more people between them.

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
    hidden cell alone, or hidden cells with fewer than k people between them.

    >>> cells, totals = hidden_cells(np.array([[3, 40, 60], [50, 45, 30], [60, 70, 20]]), 10)
    >>> cells.tolist()
    [[True, True, False], [True, True, False], [False, False, False]]
    >>> totals.tolist()
    [False, False, False]
    """
    full = np.vstack([cells, np.asarray(cells).sum(axis=0)])
    hide = (full > 0) & (full < k)
    before = -1
    while hide.sum() != before:
        before = int(hide.sum())
        hide[:-1, hide[-1]] = True  # cells that show would add up to their total
        for row in range(len(full)):
            _close(full[row], hide[row], k)
        for place in np.flatnonzero(~hide[-1]):
            _close(full[:-1, place], hide[:-1, place], k)
    return hide[:-1], hide[-1]


def _close(values: Array, hide: Array, k: int) -> None:
    """Hide further values of one line, smallest first and zeros last, in place."""
    if not hide.any():
        return
    shown = np.flatnonzero(~hide)
    order = shown[np.lexsort((values[shown], values[shown] == 0))]
    for place in order:
        if hide.sum() > 1 and values[hide].sum() >= k:
            return
        hide[place] = True
