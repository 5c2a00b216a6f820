"""What depends on label columns alone is computed once per combination of labels."""

import math
from collections.abc import Callable
from itertools import product

import numpy as np

from layerwise.vectors import Array, Column, Columns, Labels, blocks

_MAX_CELLS = 4_096
_BLOCK = 1 << 16


def by_cells(columns: Columns, compute: Callable[[Columns, int], Array], rows: int) -> Array:
    """Return compute(columns, rows), by way of the label combinations where there are few.

    `compute` takes columns and their length, and gives each row what its columns alone decide.
    """
    sizes = [len(column.names) + 1 for column in columns.values() if isinstance(column, Labels)]
    cells = math.prod(sizes) if sizes else 0
    if len(sizes) < len(columns) or not 0 < cells <= min(_MAX_CELLS, rows):
        return compute(columns, rows)
    places = np.array(list(product(*(range(-1, size - 1) for size in sizes))), dtype=np.int16)
    grid = {name: _one(column, places[:, i]) for i, (name, column) in enumerate(columns.items())}
    table = compute(grid, cells)
    codes = [column.codes for column in columns.values() if isinstance(column, Labels)]
    steps = [math.prod(sizes[i + 1 :]) for i in range(len(sizes))]
    values: Array = np.empty(rows, dtype=table.dtype)
    for block in blocks(rows, at_least=_BLOCK):
        # The cell in which every code is 0; -1, missing, comes before.
        index: Array = np.full(len(values[block]), sum(steps), dtype=np.int16)
        for code, step in zip(codes, steps, strict=True):
            index += code[block].astype(np.int16) * np.int16(step)
        np.take(table, index, out=values[block], mode="clip")  # no other mode writes straight
    return values


def _one(column: Column, codes: Array) -> Column:
    assert isinstance(column, Labels)  # noqa: S101 - told to the type checker
    return Labels(codes, column.names, column=column.column)
