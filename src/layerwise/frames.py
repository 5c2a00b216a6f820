"""The boundary to dataframe engines: columns in as numpy arrays, columns out in the user's kind.

Eager frames (pandas, Polars, PyArrow) are read into numpy and get new columns attached; lazy ones
(Polars LazyFrame, DuckDB and others that narwhals knows) stay in their engine and get expressions.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal, InvalidOperation
from numbers import Real
from typing import Any, TypeAlias

import attrs
import narwhals.stable.v2 as nw
import numpy as np
import numpy.typing as npt
import pandas as pd

from layerwise.errors import ColumnsError, DataError, EngineError, SpecError, problems

LARGEST_COLLECT = 5_000_000
"""Rows that are taken from a lazy engine into memory at most."""

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


def wrap(native: object, *, what: str = "the customer table") -> Any:
    """Return the frame as narwhals sees it.

    Raises:
        EngineError: It is not a dataframe that layerwise knows.
        ColumnsError: A column name stands twice or is not text.
    """
    check_names(_native_names(native), what)
    try:
        return nw.from_native(native)
    except TypeError:
        raise EngineError(
            f"{what[0].upper()}{what[1:]} is a {type(native).__name__}, not a dataframe.",
            hint="give a pandas, Polars, PyArrow, Spark or Dask frame, a DuckDB relation or an "
            "ibis table.",
        ) from None


def _native_names(native: Any) -> Iterable[object]:
    """Return the names as the frame itself has them; narwhals hides or trips over repeated ones."""
    if isinstance(native, pd.DataFrame):
        return native.columns
    if type(native).__name__ == "DuckDBPyRelation":
        return list(native.columns)
    return list(getattr(native, "column_names", ()))  # PyArrow; Polars cannot repeat a name


def check_names(names: Iterable[object], what: str) -> None:
    """Refuse column names that stand twice or are not text.

    Raises:
        ColumnsError: With every such name.
    """
    found = list(names)
    odd = sorted({type(name).__name__ for name in found if not isinstance(name, str)})
    if odd:
        raise ColumnsError(
            f"Column names of {what} must be text; found {', '.join(odd)}.",
            hint="rename the columns, e.g. frame.columns = [str(c) for c in frame.columns].",
        )
    twice = sorted({str(name) for name in found if found.count(name) > 1}) if found else []
    if twice:
        raise ColumnsError(
            f"Columns of {what} stand more than once: {', '.join(twice)}.",
            hint="drop or rename one of each.",
        )


def eager(native: object, *, doing: str) -> Any:
    """Return the wrapped frame, which must be in memory.

    Raises:
        EngineError: It is lazy.
    """
    frame = wrap(native)
    if is_lazy(frame):
        raise EngineError(
            f"{doing} needs a frame in memory, not a {type(native).__name__} of "
            f"{engine_name(frame)}.",
            hint=f"collect it first: {how_to_collect(frame)}.",
        )
    return frame


def collect(frame: Any, names: Iterable[str]) -> Any:
    """Return a wrapped frame in memory; of a lazy one only the named columns.

    Raises:
        EngineError: A lazy frame has more rows than should be taken into memory unasked.
    """
    found = collect_few(frame, names)
    if found is None:
        raise EngineError(
            f"More than {LARGEST_COLLECT:,} rows would be taken from {engine_name(frame)} into "
            "memory.",
            hint="to learn, fit on a sample of the customers and transform all of them, or take "
            'grain="week" so that more histories are equal; to count, name fewer or coarser '
            "columns; or collect the frame yourself.",
        )
    return found


def collect_few(frame: Any, names: Iterable[str]) -> Any:
    """Return what `collect` does, or None where it would raise."""
    if not is_lazy(frame):
        return frame
    chosen = frame.select(*map(nw.col, names)).head(LARGEST_COLLECT + 1)
    found = run(chosen)
    return found if len(found) <= LARGEST_COLLECT else None


def run(frame: Any) -> Any:
    """Return a wrapped lazy frame in memory, whole: Polars as Polars, others as pandas."""
    if not frame.implementation.is_polars():
        return frame.collect("pandas")
    version = tuple(map(int, nw.get_native_namespace(frame).__version__.split(".")[:2]))
    return frame.collect(engine="streaming" if version >= _STREAMS else "in-memory")


_STREAMS = (1, 32)
"""The Polars from which its streaming engine can group by categories."""


def engine_name(frame: Any) -> str:
    """Return the name of a wrapped frame's engine as its users write it."""
    named: str = frame.implementation.value
    return _ENGINE_NAMES.get(named, named)


_ENGINE_NAMES = {
    "pandas": "pandas",
    "polars": "Polars",
    "duckdb": "DuckDB",
    "pyspark": "Spark",
    "dask": "Dask",
    "ibis": "ibis",
    "pyarrow": "PyArrow",
}


def how_to_collect(frame: Any) -> str:
    """Return what a user calls to have a wrapped lazy frame in memory."""
    return _COLLECT.get(engine_name(frame), "frame.to_pandas() or the like")


_COLLECT = {
    "Polars": "frame.collect()",
    "DuckDB": "relation.df()",
    "Spark": "frame.toPandas()",
    "Dask": "frame.compute()",
    "ibis": "table.to_pandas()",
}


def is_lazy(frame: Any) -> bool:
    """Say whether a wrapped frame is evaluated by its engine later."""
    return isinstance(frame, nw.LazyFrame)


def column_names(frame: Any) -> list[str]:
    """Return the column names of a wrapped frame without running it."""
    native = frame.to_native()
    if isinstance(native, pd.DataFrame):  # without asking for the types
        return list(native.columns)
    return list(frame.collect_schema().names())


def check_named(needed: Mapping[str, object], optional: Mapping[str, object] | None = None) -> None:
    """Check that arguments that name columns are texts; both map a role, such as "by=", to it.

    Args:
        needed: None is no name here.
        optional: None stands for no column here.

    Raises:
        SpecError: With every one that is none.
    """
    given = dict(needed) | {role: v for role, v in (optional or {}).items() if v is not None}
    wrong = [
        f"{role} is a {type(value).__name__}, not the name of a column"
        for role, value in given.items()
        if not isinstance(value, str)
    ]
    wrong += [
        f"{role} is a text that UTF-8 cannot write"
        for role, value in given.items()
        if isinstance(value, str) and not is_utf8(value)
    ]
    if wrong:
        raise SpecError(
            problems("Columns are named by text:", wrong), hint='one name each, such as by="tier".'
        )


def is_several(given: object) -> bool:
    """Say whether an argument lists things; one text, a mapping and an array of nothing do not.

    >>> is_several(["a", "b"]), is_several("ab"), is_several(3), is_several(np.array("ab"))
    (True, False, False, False)
    """
    one = isinstance(given, str | bytes | Mapping) or getattr(given, "ndim", 1) == 0
    return isinstance(given, Iterable) and not one


def several(given: Any) -> tuple[Any, ...]:
    """Return what an argument lists as a tuple; one thing is a tuple of one.

    >>> several(["a", "b"]), several("ab"), several(None)
    (('a', 'b'), ('ab',), (None,))
    """
    return tuple(given) if is_several(given) else (given,)


def require(
    found: Sequence[str], needed: Mapping[str, str], *, title: str, hint: str | None = None
) -> None:
    """Check that every needed column is there; `needed` maps it to what needs it.

    The hint is that of a customer table, unless another is given. Where each missing column is
    one that an argument names (`needed` maps it to "customer="), the hint says so.

    Raises:
        ColumnsError: With all missing columns at once, and what was found.
    """
    missing = [name for name in needed if name not in found]
    if not missing:
        return
    width = max(map(len, missing))
    lines = [f"{name:<{width}}  needed by {needed[name]}" for name in missing]
    shown = ", ".join(list(found)[:30]) + (", ..." if len(found) > 30 else "")
    raise ColumnsError(
        f"{problems(title, lines)}\nFound: {shown}.", hint=hint or _name_or_make(missing, needed)
    )


def _name_or_make(missing: Sequence[str], needed: Mapping[str, str]) -> str:
    made = _hint(missing)
    if not all(needed[name].endswith("=") for name in missing):
        return made
    yours = ", ".join(dict.fromkeys(f'{needed[name]}"your_column"' for name in missing))
    if made == _GENERAL:
        return f"name the column that you have: {yours}."
    return f"{made.removesuffix('.')}; or name the column that you have: {yours}."


_GENERAL = "summarize(orders, as_of=...) makes the customer table; earlier layers add theirs."
_BASKETS = ("basket_", "special_", "custom_orders", "share_")


def _hint(missing: Sequence[str]) -> str:
    if any(name.startswith(_BASKETS) for name in missing):
        return "add_baskets(customers, orders, as_of=..., tags=...) adds the basket columns."
    days = sorted({name.rsplit("_", 1)[1][:-1] for name in missing if _windowed(name)}, key=int)
    if days:
        return f"summarize(orders, window_days=({', '.join(days)},)) adds the windowed columns."
    if any(name.startswith("gap_") for name in missing):
        return "summarize(orders, gaps=True) adds the columns of gaps."
    if any(name.startswith("spend") for name in missing):
        return "summarize(orders, amount=...) adds the spend columns."
    if any(name.startswith("holdout_") for name in missing):
        return "calibration_holdout(orders, split=..., end=...) adds the holdout columns."
    if any(name.startswith(("p_", "expected_")) for name in missing):
        return "a model such as BGNBD(horizon_days=...), fitted before, adds its columns."
    if "churn" in missing:
        return "ChurnStatus().fit(customers).transform(customers) adds churn."
    return _GENERAL


def _windowed(name: str) -> bool:
    head, _, tail = name.rpartition("_")
    return head in {"orders", "spend"} and tail.endswith("d") and tail[:-1].isdigit()


def check_cells(series: Any, name: object) -> None:
    """Refuse a column, a pandas Series, with a cell of which nobody can say if it is missing.

    Raises:
        DataError: It holds Decimal("sNaN"), on which every comparison fails.
    """
    if isinstance(series, pd.Series) and series.dtype == object:
        try:
            series.isna()
        except InvalidOperation:
            raise DataError(
                f'{name} holds signaling NaN, Decimal("sNaN").', hint="make it missing (None)."
            ) from None


def check_texts(texts: Iterable[object], name: object) -> None:
    """Refuse texts that no file and no engine can hold; give it the distinct ones.

    Raises:
        DataError: With their number.
    """
    known = [text for text in texts if isinstance(text, str)]
    if is_utf8("".join(known)):  # halves of a pair that meet are still two halves
        return
    if odd := sum(not is_utf8(text) for text in known):
        raise DataError(
            f"{name} holds {odd:,} different texts that UTF-8 cannot write.",
            hint='read the file anew, or text.encode("utf-8", "replace").decode() mends them.',
        )


def distinct(series: pd.Series, name: object) -> list[Any]:
    """Return the different values of a column, missing ones left out, refused if some have no hash.

    Raises:
        ColumnsError: It holds lists or the like.
        DataError: It holds signaling NaN, or texts that UTF-8 cannot write.
    """
    check_cells(series, name)
    try:
        found = pd.unique(series.dropna())
    except (TypeError, NotImplementedError):  # Arrow says the latter
        raise ColumnsError(
            f"{name} holds lists or the like.", hint="a cell is one text or one number."
        ) from None
    values = list(found)
    check_texts(values, name)
    return values


def is_utf8(text: str) -> bool:
    r"""Say whether a text can be written as UTF-8; half of a surrogate pair cannot.

    >>> is_utf8("é😀"), is_utf8("\ud800")
    (True, False)
    """
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


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
        name: int(count)
        for name, column in columns.items()
        if isinstance(column, np.ndarray)
        and column.dtype.kind == "f"
        and (count := np.isinf(column).sum())
    }
    if bad:
        lines = [f"{name}: {count:,} infinite" for name, count in bad.items()]
        raise DataError(
            problems(f"{what[0].upper()}{what[1:]} holds infinite numbers.", lines),
            hint="make them missing (NaN) or correct them.",
        )
    return columns


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
