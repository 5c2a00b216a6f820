"""Label columns as small integer codes, and customers grouped by their combination of labels."""

from collections.abc import Sequence

import attrs
import narwhals.stable.v2 as nw
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from layerwise.errors import ColumnsError
from layerwise.strategy.labels import NOT_EVALUABLE

Ints = NDArray[np.int64]
MAX_LABELS = 1_000
_DENSE = 5_000_000  # above this many possible combinations, sort instead of counting


@attrs.frozen
class Coded:
    """A column as codes: 0 is "no label", k the k-th of `names`."""

    codes: Ints
    names: tuple[str, ...]


def code_labels(column: nw.Series) -> Coded:  # type: ignore[type-arg]
    """Return a label column as codes; missing and ``not_evaluable`` are 0.

    Raises:
        ColumnsError: The column holds no labels: numbers with fractions, booleans, dates, or more
            than a thousand different values.
    """
    _check_dtype(column)
    codes, values = _pandas_codes(column) if _is_pandas(column) else _codes(column)
    if not all(isinstance(v, str | int | np.integer) and not isinstance(v, bool) for v in values):
        raise ColumnsError(
            f"Column {column.name!r} mixes labels with other things.", hint="labels are text."
        )
    return _without_not_evaluable(codes, [str(v) for v in values])


def code_flags(column: nw.Series) -> NDArray[np.bool_]:  # type: ignore[type-arg]
    """Return a true-or-false column as numpy booleans; missing is False.

    Raises:
        ColumnsError: The column holds something else.
    """
    if column.dtype == nw.Boolean:
        return np.asarray(column.fill_null(False).to_list(), dtype=bool)
    cells = column.to_list()
    wrong = sum(not isinstance(c, bool | np.bool_) and not _missing(c) for c in cells)
    if wrong:
        raise ColumnsError(
            f"Column {column.name!r} must be true or false: {wrong} of {len(cells)} cells are not.",
            hint="cast it to a boolean column.",
        )
    return np.array([isinstance(c, bool | np.bool_) and bool(c) for c in cells], dtype=bool)


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


def _check_dtype(column: nw.Series) -> None:  # type: ignore[type-arg]
    kind = column.dtype
    fits = kind in (nw.String, nw.Categorical, nw.Object) or isinstance(kind, nw.Enum)
    empty = column.null_count() == len(column)
    if not (fits or kind.is_integer() or empty):
        raise ColumnsError(
            f"Column {column.name!r} is {kind}, which holds no labels.",
            hint="labels are text; leave the column out with axes=[...].",
        )


def _is_pandas(column: nw.Series) -> bool:  # type: ignore[type-arg]
    return bool(column.implementation.is_pandas())


def _pandas_codes(column: nw.Series) -> tuple[Ints, list[object]]:  # type: ignore[type-arg]
    codes, values = pd.factorize(column.to_native())
    _check_count(column.name, len(values))
    return codes.astype(np.int64), list(values)


def _codes(column: nw.Series) -> tuple[Ints, list[object]]:  # type: ignore[type-arg]
    text = column.cast(nw.String)
    values = text.drop_nulls().unique().to_list()
    _check_count(column.name, len(values))
    if not values:
        return np.full(len(text), -1, dtype=np.int64), []
    places = text.replace_strict(values, list(range(len(values))), return_dtype=nw.Int64)
    return np.asarray(places.fill_null(-1).to_numpy(), dtype=np.int64), values


def _check_count(name: str, count: int) -> None:
    if count > MAX_LABELS:
        raise ColumnsError(
            f"Column {name!r} holds {count:,} different values, too many for labels.",
            hint="name the label columns with axes=[...].",
        )


def _without_not_evaluable(codes: Ints, names: list[str]) -> Coded:
    kept = sorted(set(names) - {NOT_EVALUABLE})
    place = {name: k for k, name in enumerate(kept, 1)}
    new = np.array([*(place.get(name, 0) for name in names), 0], dtype=np.int64)
    return Coded(new[codes], tuple(kept))  # code -1, "missing", takes the last place: 0


def _missing(cell: object) -> bool:
    return cell is None or cell is pd.NA or cell is pd.NaT or cell != cell
