"""What label columns decide is computed once per combination, and is the same."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from layerwise.rules.cells import by_cells
from layerwise.vectors import Array, Columns, Labels

SIZES = (3, 2, 4)


@given(st.lists(st.tuples(*(st.integers(-1, n - 1) for n in SIZES)), min_size=1, max_size=300))
def test_equal_to_row_by_row(rows: list[tuple[int, ...]]) -> None:
    """Any function of the codes gives the same by cells as row by row, missing included."""
    names = [tuple(f"{i}" for i in range(n)) for n in SIZES]
    codes = np.array(rows, dtype=np.int8).T
    columns = {f"c{i}": Labels(codes[i], names[i]) for i in range(len(SIZES))}

    def compute(table: Columns, count: int) -> Array:
        parts = [
            column.codes.astype(int) for column in table.values() if isinstance(column, Labels)
        ]
        assert all(len(part) == count for part in parts)
        return parts[0] * 100 + parts[1] * 10 + parts[2]

    assert by_cells(columns, compute, len(rows)).tolist() == compute(columns, len(rows)).tolist()


def test_rows_of_several_blocks() -> None:
    """Many rows are looked up block by block, each in its place."""
    codes = np.random.default_rng(0).integers(-1, 3, 100_001).astype(np.int8)
    columns = {"c": Labels(codes, ("a", "b", "c"))}
    found = by_cells(columns, lambda table, _: table["c"].codes * 1.5, len(codes))  # type: ignore[union-attr]
    assert np.array_equal(found, codes * 1.5)


def test_few_combinations_are_computed() -> None:
    """A million rows of two labels are three combinations, with missing."""
    sizes: list[int] = []

    def compute(table: Columns, count: int) -> Array:
        sizes.append(count)
        return np.zeros(count)

    by_cells({"a": Labels(np.zeros(1_000_000, np.int8), ("x", "y"))}, compute, 1_000_000)
    assert sizes == [3]


def test_numbers_are_computed_row_by_row() -> None:
    """With a column of numbers there are no combinations."""
    columns: Columns = {"a": Labels(np.zeros(5, np.int8), ("x",)), "n": np.arange(5.0)}

    def compute(table: Columns, _count: int) -> Array:
        return np.asarray(table["n"]) * 2

    assert by_cells(columns, compute, 5).tolist() == [0, 2, 4, 6, 8]
