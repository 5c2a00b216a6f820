"""Hidden cells cannot be found by subtraction."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from layerwise.portrait.suppression import hidden_cells, hidden_counts

K = 10


def safe(values: np.ndarray, hide: np.ndarray) -> bool:
    """Say whether a line with a known total hides nothing, or at least two values and K people."""
    return not hide.any() or (hide.sum() > 1 and values[hide].sum() >= K) or bool(hide.all())


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
    ],
)
def test_by_hand(values: list[int], hidden: list[int]) -> None:
    """The smallest go first, and only as many as it needs."""
    assert np.flatnonzero(hidden_counts(np.array(values), K)).tolist() == hidden
