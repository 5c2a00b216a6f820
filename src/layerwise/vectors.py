"""Columns of a frame in memory: in as numpy arrays, out in the user's kind of frame."""

from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from numbers import Real
from typing import Any, TypeAlias

import attrs
import narwhals.stable.v2 as nw
import numpy as np
import numpy.typing as npt
import pandas as pd

from layerwise.errors import ColumnsError, DataError, problems
from layerwise.odd_cells import check_cells, check_texts

Floats: TypeAlias = npt.NDArray[np.float64]
Array: TypeAlias = npt.NDArray[Any]


@attrs.frozen(eq=False)
class Labels:
    """A label column: `codes` index `names`; -1 is missing.

    Names are text, or whole numbers for scores. `ordered` says that names go from low to high,
    `column` where it was read from.
    """

    codes: Array
    names: tuple[str, ...] | tuple[int, ...]
    ordered: bool = False
    column: str = ""

    def __len__(self) -> int:
        return len(self.codes)

    def numbers(self) -> Array:
        """Return the names as numbers, missing as NaN.

        Raises:
            ColumnsError: The names are text.
        """
        if self.names and isinstance(self.names[0], str):
            raise ColumnsError(
                f"Column {self.column or 'of labels'} holds text; numbers are needed.",
                hint="convert it, e.g. with astype(float), or name another column.",
            )
        table = np.array([*self.names, np.nan], dtype=np.float64)
        values: Array = table[self.codes]
        return values

    def objects(self) -> Array:
        """Return the names as Python objects, missing as None."""
        table = np.array([*self.names, None], dtype=object)
        values: Array = table[self.codes]
        return values


Column: TypeAlias = Array | Labels
Columns: TypeAlias = Mapping[str, Column]


def read(
    frame: Any, names: Iterable[str], *, what: str = "the customer table"
) -> dict[str, Column]:
    """Read columns of a wrapped eager frame as arrays.

    Numbers come as int64 or float64 with NaN for missing, texts and categories as `Labels`.

    Raises:
        ColumnsError: A column is neither numbers nor labels.
        DataError: A column holds infinite numbers.
    """
    native = frame.to_native()
    columns = {
        name: column
        if (column := _plain(native, name)) is not None
        else _read_one(name, frame[name])
        for name in dict.fromkeys(names)
    }
    bad = {
        name: count
        for name, column in columns.items()
        if isinstance(column, np.ndarray) and (count := _infinite(column))
    }
    if bad:
        lines = [f"{name}: {count:,} infinite" for name, count in bad.items()]
        raise DataError(
            problems(f"{what[0].upper()}{what[1:]} holds infinite numbers.", lines),
            hint="make them missing (NaN) or correct them.",
        )
    return columns


def _infinite(column: Array) -> int:
    """Count infinite numbers; a finite sum has none, and is had in a fifth of the time."""
    if column.dtype.kind != "f":
        return 0
    with np.errstate(over="ignore", invalid="ignore"):
        finite = np.isfinite(column.sum())
    return 0 if finite else int(np.isinf(column).sum())


def _plain(native: Any, name: str) -> Array | None:
    """Return the values of a pandas column of numpy's integers or floats; None for any other."""
    dtype = native[name].dtype if isinstance(native, pd.DataFrame) else None
    if not isinstance(dtype, np.dtype) or dtype.kind not in "if":
        return None
    wanted = np.int64 if dtype.kind == "i" else np.float64
    values: Array = native[name].to_numpy()
    return values.astype(wanted, copy=False)


def _read_one(name: str, series: Any) -> Column:
    check_cells(series.to_native(), name)
    dtype = series.dtype
    if dtype in _INTEGERS and not series.null_count():
        values: Array = series.to_numpy()
        small = values.dtype != np.uint64 or not len(values) or int(values.max()) < 2**63
        return values.astype(np.int64 if small else np.float64, copy=False)
    if dtype == nw.Boolean or dtype.is_numeric():
        return _as_floats(series)
    if dtype == nw.Categorical or dtype == nw.Enum:
        return _categories(name, series)
    if dtype == nw.String and not isinstance(series.to_native(), pd.Series):
        return _coded(name, series)
    if dtype == nw.String and series.to_native().dtype != object:
        codes, found = pd.factorize(series.to_native())
        return Labels(codes, tuple(found.tolist()), column=name)
    if dtype == nw.String or dtype == nw.Object:
        return _of_objects(name, series.to_numpy())
    if series.null_count() == len(series):
        return np.full(len(series), np.nan)
    native = series.to_native()
    if isinstance(native, pd.Series) and _plain_kind(native.dtype) in "iufb":
        return _as_floats(series)
    shown = native.dtype if isinstance(native, pd.Series) else dtype
    raise ColumnsError(
        f"Column {name} is {shown}; numbers or labels are needed.",
        hint="leave dates and other columns out, or convert this one.",
    )


_INTEGERS = (nw.Int8, nw.Int16, nw.Int32, nw.Int64, nw.UInt8, nw.UInt16, nw.UInt32, nw.UInt64)


def _plain_kind(dtype: Any) -> str:
    """Return numpy's letter for a dtype that narwhals does not know (sparse, long double)."""
    plain = dtype.subtype if isinstance(dtype, pd.SparseDtype) else dtype
    return str(plain.kind) if isinstance(plain, np.dtype) else "O"


def _as_floats(series: Any) -> Floats:
    native = series.to_native()
    if isinstance(native, pd.Series):
        if isinstance(native.dtype, pd.SparseDtype):
            return np.asarray(native, dtype=np.float64)
        return native.to_numpy(dtype=np.float64, na_value=np.nan)
    values: Floats = np.asarray(series.cast(nw.Float64).to_numpy(), dtype=np.float64)
    return values


def _categories(name: str, series: Any) -> Column:
    native = series.to_native()
    if not isinstance(native, pd.Series):
        known = tuple(series.dtype.categories) if series.dtype == nw.Enum else None
        return _coded(name, series.cast(nw.String), known)
    if not isinstance(native.dtype, pd.CategoricalDtype):
        return _of_objects(name, series.to_numpy())
    codes, names = native.cat.codes.to_numpy(), tuple(native.cat.categories.tolist())
    check_texts(names, f"Column {name}")
    for kind in (str, int):
        if all(isinstance(value, kind) for value in names):
            return Labels(codes, names, bool(native.cat.ordered), name)
    return _of_objects(name, np.asarray([*names, None], dtype=object)[codes])


def _coded(name: str, series: Any, known: tuple[str, ...] | None = None) -> Labels:
    """Code texts inside their engine, without making Python objects of every row.

    `known` are the names in the order of the column's own type.
    """
    names = sorted(series.drop_nulls().unique().to_list()) if known is None else known
    if not names:
        return Labels(np.full(len(series), -1, dtype=np.int64), (), column=name)
    codes = series.replace_strict(names, range(len(names)), default=-1, return_dtype=nw.Int64)
    return Labels(codes.fill_null(-1).to_numpy(), tuple(names), known is not None, name)


def _of_objects(name: str, values: Any) -> Column:
    """Return objects as labels if they are text, as numbers if they are numbers."""
    objects = np.asarray(values, dtype=object)
    try:
        codes, found = pd.factorize(objects)
    except TypeError:
        raise _mixed(name, {type(value).__name__ for value in objects}) from None
    check_texts(found, f"Column {name}")
    if all(isinstance(value, str) for value in found):
        return Labels(codes, tuple(found), column=name)
    if all(isinstance(value, Real | Decimal | np.bool_) for value in found):
        numbers: Floats = np.array([*map(_float, found), np.nan])[codes]
        return numbers
    raise _mixed(name, {type(value).__name__ for value in found})


def _float(value: Any) -> float:
    try:
        return float(value)
    except OverflowError:
        return np.inf


def _mixed(name: str, kinds: set[str]) -> ColumnsError:
    verb = "mixes" if len(kinds) > 1 else "holds"
    return ColumnsError(
        f"Column {name} {verb} {', '.join(sorted(kinds))}; numbers or text labels are needed.",
        hint="convert it with astype(float) or astype(str).",
    )


def attach(frame: Any, columns: Columns | Iterable[tuple[str, Column]]) -> Any:
    """Return the wrapped eager frame's own kind with `columns` added or replaced; index kept.

    Pairs of name and column that are handed over one by one need not lie in memory twice.
    """
    pairs = columns.items() if isinstance(columns, Mapping) else columns
    native = frame.to_native()
    if isinstance(native, pd.DataFrame):
        return native.assign(**{name: _pandas(native, column) for name, column in pairs})
    space = frame.implementation
    return frame.with_columns(*(_series(n, column, space) for n, column in pairs)).to_native()


def _pandas(native: pd.DataFrame, column: Column) -> Any:
    if not isinstance(column, Labels):
        dtype = object if column.dtype == object else None  # texts and None stay what they are
        return pd.Series(column, index=native.index, dtype=dtype, copy=False)
    if column.names and isinstance(column.names[0], int):
        values: Any = pd.arrays.IntegerArray(_scores(column), column.codes < 0)
    else:
        kind: Any = pd.CategoricalDtype(list(column.names), ordered=column.ordered)
        values = pd.Categorical.from_codes(column.codes, dtype=kind, validate=False)
    return pd.Series(values, index=native.index, copy=False)


def _scores(column: Labels) -> Array:
    """Return names that are whole numbers; any number where one is missing."""
    codes, first = column.codes, int(column.names[0])
    if codes.dtype == np.int8 and column.names == tuple(range(first, first + len(column.names))):
        return codes + np.int8(first)
    return np.array([*column.names, 0], dtype=np.int8)[codes]


def _series(name: str, column: Column, backend: Any) -> Any:
    if not isinstance(column, Labels):
        if column.dtype == object:  # texts
            return nw.new_series(name, column.tolist(), nw.String, backend=backend)
        return nw.new_series(name, column, backend=backend)
    dtype = nw.Int8 if column.names and isinstance(column.names[0], int) else nw.String
    old = [*range(len(column.names)), -1]
    codes = nw.new_series(name, np.asarray(column.codes, dtype=np.int64), backend=backend)
    return codes.replace_strict(old, [*column.names, None], return_dtype=dtype)


def blocks(rows: int, at_least: int = 0) -> Iterator[slice]:
    """Return slices that together cover the rows, small enough that what is made of one is reused.

    Memory that is touched for the first time costs more than most steps on it.
    """
    step = max(_BLOCK, at_least)
    return (slice(start, min(start + step, rows)) for start in range(0, rows, step))


_BLOCK = 16_384


def take_rows(frame: Any, places: Array) -> Any:
    """Return some rows of a wrapped eager frame, in its own kind; a pandas index is kept."""
    native = frame.to_native()
    if isinstance(native, pd.DataFrame):
        return native.iloc[places]
    return frame[places].to_native()
