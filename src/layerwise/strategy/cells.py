"""Label columns as small integer codes, and customers grouped by their combination of labels."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import attrs
import narwhals.stable.v2 as nw
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from layerwise import odd_cells, vectors
from layerwise.errors import ColumnsError
from layerwise.knowledge import items
from layerwise.orders.table import as_pandas
from layerwise.rules import NOT_EVALUABLE
from layerwise.truths import is_true

Ints = NDArray[np.int64]
MAX_LABELS = 1_000
_DENSE = 5_000_000  # above this many possible combinations, sort instead of counting


@attrs.frozen
class Coded:
    """A column as codes: 0 is "no label", k the k-th of `names`.

    `parts` holds the labels of each name: several where a cell lists them, with semicolons between.
    """

    codes: Ints
    names: tuple[str, ...]
    parts: tuple[tuple[str, ...], ...] = ()


def code_labels(frame: Any, name: str) -> Coded:
    """Return a label column of a wrapped frame as codes; missing and ``not_evaluable`` are 0.

    A cell may list several labels, ``a;b``; their order does not count.

    Raises:
        ColumnsError: The column holds no labels: numbers with fractions, booleans, dates, or more
            than a thousand different values.
    """
    odd_cells.check_cells(frame[name].to_native(), f"Column {name!r}")
    if frame[name].null_count() == len(frame):
        return Coded(np.zeros(len(frame), dtype=np.int64), ())
    check_label_type(name, frame[name].dtype)
    column = vectors.read(frame, [name])[name]
    if isinstance(column, vectors.Labels):
        codes, values = column.codes, [str(name) for name in column.names]
    else:
        codes, found = pd.factorize(column)  # NaN is -1
        values = [f"{v:.0f}" for v in found]
    return _in_use(name, np.asarray(codes, dtype=np.int64), values)


def code_flags(column: Any) -> NDArray[np.bool_]:
    """Return a true-or-false column as numpy booleans; missing is False, 1 is True.

    Raises:
        ColumnsError: The column holds something else.
    """
    native = column.to_native()
    return is_true(native if isinstance(native, pd.Series) else as_pandas(column), column.name)


def combine(columns: Sequence[Ints], sizes: Sequence[int], n: int) -> tuple[Ints, Ints]:
    """Return each customer's combination and, per combination, the codes of its columns.

    Args:
        columns: Codes, one array a column.
        sizes: Number of codes each column can hold.
        n: Number of customers.

    Returns:
        (combination of each customer, table of combinations x columns).
    """
    cell = np.zeros(n, dtype=np.int64)
    table = np.zeros((min(n, 1), 0), dtype=np.int64)
    for codes, size in zip(columns, sizes, strict=True):
        present, cell = _squeeze(cell * size + codes, len(table) * size)
        table = np.column_stack([table[present // size], present % size])
    return cell, table


def _squeeze(keys: Ints, possible: int) -> tuple[Ints, Ints]:
    if possible > _DENSE:
        found, inverse = np.unique(keys, return_inverse=True)
        return found.astype(np.int64), inverse.astype(np.int64).ravel()
    seen = np.zeros(possible, dtype=bool)
    seen[keys] = True
    found = np.flatnonzero(seen)
    place = np.zeros(possible, dtype=np.int64)
    place[found] = np.arange(len(found))
    return found, place[keys]


def check_label_type(name: str, kind: Any) -> None:
    """Refuse a column of another type than text or whole numbers.

    Raises:
        ColumnsError: It holds no labels.
    """
    if kind == nw.Boolean or not (
        kind in (nw.String, nw.Categorical, nw.Enum, nw.Object) or kind.is_integer()
    ):
        raise ColumnsError(
            f"Column {name!r} is {kind}, which holds no labels.",
            hint="labels are text; leave the column out with axes=[...].",
        )


def _in_use(name: str, codes: Ints, values: list[str]) -> Coded:
    """Return codes of the labels that occur, in the order of their names, others as 0."""
    listed = any(";" in value for value in values)
    parts = [_parts(value) if listed else _one(value) for value in values]
    different = len({label for labels in parts for label in labels}) if listed else len(values)
    if different > MAX_LABELS:
        raise ColumnsError(
            f"Column {name!r} holds {different:,} different values, too many for labels.",
            hint="name the label columns with axes=[...].",
        )
    count = np.bincount(codes + 1, minlength=len(values) + 1)[1:]
    kept = sorted({labels for labels, n in zip(parts, count, strict=True) if n and labels})
    place = {labels: k for k, labels in enumerate(kept, 1)}
    new = np.array([*(place.get(labels, 0) for labels in parts), 0], dtype=np.int64)
    # code -1, "missing", takes the last place: 0
    return Coded(new[codes], tuple(";".join(labels) for labels in kept), tuple(kept))


def _one(value: str) -> tuple[str, ...]:
    return () if value == NOT_EVALUABLE else (value,)


def _parts(value: str) -> tuple[str, ...]:
    """Return the labels of a cell that may list several, each once, in the order of names."""
    if ";" not in value:
        return _one(value)
    return tuple(sorted({*items(value)} - {NOT_EVALUABLE}))


def _missing(cell: object) -> bool:
    absent = cell is None or cell is pd.NA or cell is pd.NaT
    return absent or (isinstance(cell, float | Decimal | np.floating) and bool(cell != cell))
