"""Hidden cells cannot be found by subtraction."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog

from layerwise.portrait.suppression import hidden_cells, hidden_counts

K = 10


def safe(values: np.ndarray, hide: np.ndarray) -> bool:
    """Say whether a line with a known total hides nothing, or values that may each be K or more."""
    one = values[hide].sum() - (values[hide] > 0).sum() + 1  # if the others are of one each
    return not hide.any() or (hide.sum() > 1 and one >= K) or bool(hide.all())


@given(st.lists(st.integers(0, 60), min_size=1, max_size=12))
def test_a_line_is_safe(values: list[int]) -> None:
    """No count under k shows, and the hidden ones together are k or more."""
    counts = np.array(values)
    hide = hidden_counts(counts, K)
    assert not ((counts[~hide] > 0) & (counts[~hide] < K)).any()
    assert safe(counts, hide)


@given(st.integers(1, 6), st.integers(1, 6), st.data())
def test_a_table_is_safe(rows: int, columns: int, data: st.DataObject) -> None:
    """Every row, and every column whose total shows, is safe; so is the row of totals."""
    size = rows * columns
    cells = data.draw(st.lists(st.integers(0, 40), min_size=size, max_size=size))
    table = np.array(cells).reshape(rows, columns)
    hide, totals = hidden_cells(table, K)
    assert not ((table[~hide] > 0) & (table[~hide] < K)).any()
    assert all(safe(table[i], hide[i]) for i in range(rows))
    assert all(safe(table[:, j], hide[:, j]) for j in range(columns) if not totals[j])
    assert safe(table.sum(axis=0), totals)
    assert hide[:, totals].all()


@pytest.mark.parametrize(
    ("values", "hidden"),
    [
        ([50, 40, 30], []),
        ([50, 40, 3], [1, 2]),
        ([50, 12, 3, 2], [1, 2, 3]),
        ([50, 9, 8], [1, 2]),
        ([50, 9, 0], [0, 1]),
        ([50, *[1] * 10], [*range(11)]),
    ],
)
def test_by_hand(values: list[int], hidden: list[int]) -> None:
    """The smallest go first, and only as many as it needs."""
    assert np.flatnonzero(hidden_counts(np.array(values), K)).tolist() == hidden


def test_several_lines_together_give_no_cell_away() -> None:
    """Two rows less two columns are one cell here, though no line by itself says so."""
    table = np.full((5, 5), 50)
    table[0, :3] = 6, 6, 3
    table[1, :2] = table[2, 2:4] = table[3, 2:4] = 6
    hide, totals = hidden_cells(table, K)
    row, column = np.nonzero(hide)
    known = [row == i for i in range(5)] + [column == j for j in range(5) if not totals[j]]
    lines = np.array(known, dtype=float)
    wanted = ((row == 0) & (column == 2)).astype(float)
    assert np.linalg.matrix_rank(np.vstack([lines, wanted])) > np.linalg.matrix_rank(lines)


@settings(max_examples=30)
@given(st.lists(st.integers(0, 6), min_size=9, max_size=9))
def test_all_lines_together_leave_every_small_cell_open(cells: list[int]) -> None:
    """Of all tables with the sums that show, one has k or more in each small cell."""
    table, k = np.array(cells).reshape(3, 3), 3
    hide, totals = hidden_cells(table, k)
    for i, j in np.argwhere(hide & (table > 0) & (table < k)):
        open_ = ~hide[i].all() or ~hide[:, j].all() or ~totals[j]
        assert not open_ or largest(table, hide, totals, (int(i), int(j))) >= k - 1e-6


def largest(table: np.ndarray, hide: np.ndarray, totals: np.ndarray, at: tuple[int, int]) -> float:
    """Return the most that a cell may be, all rows and the columns with a total being known."""
    goal, low, lines, sums = np.zeros(9), np.where(hide, np.minimum(table, 1), table), [], []
    goal[at[0] * 3 + at[1]] = -1
    for i in range(3):
        lines += [np.eye(3)[i].repeat(3)] + ([np.tile(np.eye(3)[i], 3)] if not totals[i] else [])
        sums += [table[i].sum()] + ([table[:, i].sum()] if not totals[i] else [])
    high = np.where(hide, table.sum(), table)
    bounds = np.column_stack([low.ravel(), high.ravel()])
    return -float(linprog(goal, A_eq=np.array(lines), b_eq=sums, bounds=bounds).fun)
