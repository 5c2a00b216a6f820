"""Which cells must be suppressed, so that what is left does not give a small one away."""

from collections.abc import Mapping
from typing import Any

import attrs
import numpy as np

from layerwise.errors import PrivacyError
from layerwise.vectors import Array

MOST_SMALL = 3_000
MOST_KINDS = 100_000
_CLOSE = 1e-6


@attrs.frozen(eq=False)
class Cells:
    """Cells of tables, and the kinds of customers in each.

    Attributes:
        cell: With `kind`, the pairs of a cell and a kind of customer that is in it.
        kind: See `cell`.
        size: How many customers are of each kind.
        n: How many cells there are: those of the tables, then those of all columns crossed, which
            are not published.
        tables: Columns -> the codes of each cell; numbered on from table to table.
    """

    cell: Array
    kind: Array
    size: Array
    n: int
    tables: Mapping[tuple[str, ...], Array]

    def counts(self) -> Array:
        """Return how many customers each cell holds."""
        found: Array = np.bincount(self.cell, self.size[self.kind], self.n).astype(np.int64)
        return found

    def incidence(self) -> Any:
        """Return the matrix of cells by kinds, 1 where the kind is in the cell."""
        from scipy.sparse import csr_matrix

        ones = np.ones(len(self.cell))
        return csr_matrix((ones, (self.cell, self.kind)), shape=(self.n, len(self.size)))


def suppress(
    cells: Cells,
    k: int,
    *,
    hidden: Array | None = None,
    known: Array | None = None,
    cost: Array | None = None,
) -> tuple[Array, Array]:
    """Return which cells are shown, and which are small.

    Each small cell gets the most customers that it may hold by what is shown, when every cell that
    stands without a number holds one customer or more, as the reader sees. Where that is below k,
    the dual values of the linear programme say which shown cells bind it; the smallest of them is
    suppressed. Suppressing more never lowers a bound, so no cell is judged twice after it has
    passed.

    Args:
        cells: The cells and who is in them.
        k: The smallest number of customers that may be shown.
        hidden: Which cells are suppressed for other reasons; none if not given.
        known: Which cells every reader knows, so that they cannot be suppressed; none if not given.
            A small cell that these give away by themselves stays given away.
        cost: What each cell is worth to the reader: of those that bind, the cheapest goes; the
            smallest if not given.

    Raises:
        PrivacyError: There are too many cells to judge.
    """
    counts = cells.counts()
    published = sum(map(len, cells.tables.values()))
    small = (counts > 0) & (counts < k)
    shown = np.arange(cells.n) < published
    shown &= ~small if hidden is None else ~(small | hidden)
    worth = counts if cost is None else cost
    fixed = np.zeros(cells.n, dtype=bool) if known is None else known
    shown |= fixed
    if int(small.sum()) > MOST_SMALL or len(cells.size) > MOST_KINDS:
        raise PrivacyError(
            f"{int(small.sum()):,} cells of {published:,} hold fewer than k = {k} customers "
            f"({len(cells.size):,} kinds of customers); {MOST_SMALL:,} can be judged.",
            hint="coarsen the columns (bands, regions) or publish fewer of them.",
        )
    matrix = cells.incidence()
    open_ = np.flatnonzero(small)
    open_ = open_[np.argsort(counts[open_], kind="stable")]
    while len(open_):
        most, kinds, binding = _most(matrix, counts, shown, open_[0])
        if most >= k - _CLOSE:
            open_ = open_[1:][matrix[open_[1:]] @ kinds < k - _CLOSE]
            continue
        least = _least(worth, binding[~fixed[binding]], matrix, shown & ~fixed, open_[0])
        if least is None:
            open_ = open_[1:]
        else:
            shown[least] = False
    return shown, small


def _most(matrix: Any, counts: Array, shown: Array, cell: int) -> tuple[float, Array, Array]:
    """Return the most customers the cell may hold, such a world, and the shown cells that bind."""
    from scipy.optimize import linprog

    rows = np.flatnonzero(shown)
    goal = matrix[cell].toarray().reshape(-1)
    if not len(rows):
        return np.inf, np.zeros(len(goal)), rows
    listed = np.flatnonzero(~shown & (counts > 0))  # there, so somebody is in them
    some = {"A_ub": -matrix[listed], "b_ub": -np.ones(len(listed))}
    found: Any = linprog(-goal, A_eq=matrix[rows], b_eq=counts[rows], **some, method="highs")
    if found.status == 3:  # no bound at all
        return np.inf, np.zeros(len(goal)), rows[:0]
    return -found.fun, found.x, rows[np.abs(found.eqlin.marginals) > _CLOSE]


def _least(cost: Array, binding: Array, matrix: Any, shown: Array, cell: int) -> int | None:
    """Return the cheapest of the binding cells; without one, of those that share customers.

    None if nothing is left that could be suppressed.
    """
    if not len(binding):
        shares = (matrix @ matrix[cell].T).toarray().reshape(-1) > 0
        binding = (
            np.flatnonzero(shown & shares) if (shown & shares).any() else np.flatnonzero(shown)
        )
    return int(binding[np.argmin(cost[binding])]) if len(binding) else None
