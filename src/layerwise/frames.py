"""The boundary to dataframe engines: what kind of frame it is, its names, and how it is collected.

Eager frames (pandas, Polars, PyArrow) are read into numpy (`layerwise.vectors`); lazy ones (Polars
LazyFrame, DuckDB and others that narwhals knows) stay in their engine and get expressions.
"""

from collections.abc import Iterable
from typing import Any

import narwhals.stable.v2 as nw
import pandas as pd

from layerwise.errors import ColumnsError, EngineError

LARGEST_COLLECT = 5_000_000
"""Rows that are taken from a lazy engine into memory at most."""


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
