"""What lazy frames are asked: counts of groups, which are small; and small tables joined to them.

Only verbs that mean the same on every engine stand here, and a test looks for the others.
"""

from collections.abc import Iterable
from typing import Any

import narwhals.stable.v2 as nw
import numpy as np
import pandas as pd

from layerwise import frames, vectors
from layerwise.errors import EngineError
from layerwise.vectors import Array, Column, Labels

COUNT = "__layerwise_count"


def count_by(frame: Any, names: Iterable[str]) -> Any:
    """Return the distinct rows of some columns of a wrapped lazy frame, in memory, with `COUNT`.

    Raises:
        EngineError: There are more of them than should be taken into memory.
    """
    keys = list(dict.fromkeys(names))
    return frames.collect(_grouped(frame, keys), [*keys, COUNT])


def _grouped(frame: Any, keys: list[str]) -> Any:
    return frame.group_by(*keys).agg(nw.len().alias(COUNT))


def counts_of(found: Any) -> Array:
    """Return the counts that `count_by` added."""
    counts: Array = np.asarray(found[COUNT].to_numpy(), dtype=np.int64)
    return counts


def rows_by_counts(frame: Any, names: Iterable[str]) -> dict[str, Column]:
    """Return columns of a lazy frame as arrays, a place a row, in an order of their own.

    The engine counts equal rows, so that only different ones are collected.

    Raises:
        ColumnsError: A column is neither numbers nor labels.
        DataError: A column holds infinite numbers.
        EngineError: There are more different rows than should be taken into memory.
    """
    keys = list(dict.fromkeys(names))
    return _repeated(count_by(frame, keys), keys) if keys else {}


def rows_if_few(frame: Any, names: Iterable[str]) -> dict[str, Column] | None:
    """Return what `rows_by_counts` does, or None where there are too many different rows."""
    keys = list(dict.fromkeys(names))
    if not keys:
        return {}
    found = frames.collect_few(_grouped(frame, keys), [*keys, COUNT])
    return None if found is None else _repeated(found, keys)


def _repeated(found: Any, keys: list[str]) -> dict[str, Column]:
    columns = vectors.read(found, keys)
    counts = counts_of(found)
    order = np.lexsort([c.codes if isinstance(c, Labels) else c for c in columns.values()])
    places = np.repeat(order, counts[order])
    return {name: _taken(column, places) for name, column in columns.items()}


def _taken(column: Column, places: Array) -> Column:
    if not isinstance(column, Labels):
        return column[places]
    return Labels(column.codes[places], column.names, column.ordered, column.column)


def joined(frame: Any, table: Any, keys: list[str], *, how: str = "left") -> Any:
    """Return a lazy frame with a table's columns; Polars keeps its order only if told to."""
    if not frame.implementation.is_polars():
        return frame.join(table, on=keys, how=how)
    order: dict[str, Any] = {"maintain_order": "left" if how == "left" else "left_right"}
    native = frame.to_native().join(table.to_native(), on=keys, how=how, **order)
    return nw.from_native(native)


def upload(frame: Any, table: Any, *, what: str, instead: str) -> Any:
    """Return a small eager table as a lazy frame of the same engine as `frame`.

    Args:
        frame: The lazy frame, wrapped.
        table: The table, wrapped: Polars for Polars, else pandas.
        what: What needs it, for the message.
        instead: What to do without it.

    Raises:
        EngineError: layerwise does not know how to bring a table to this engine.
    """
    engine, native = frame.implementation, frame.to_native()
    if engine.is_polars():
        return table.lazy()
    pandas: pd.DataFrame = table.to_native()
    if engine.is_duckdb():
        # DuckDB finds the local variable `pandas` by name, on the connection of the relation
        return nw.from_native(native.query("layerwise_customers", "SELECT * FROM pandas"))
    if engine.is_pyspark():
        return nw.from_native(native.sparkSession.createDataFrame(pandas))
    if engine.is_ibis():
        return nw.from_native(engine.to_native_namespace().memtable(pandas))
    if engine.is_dask():
        return nw.from_native(engine.to_native_namespace().from_pandas(pandas, npartitions=1))
    raise EngineError(
        f"{what} need a lookup table, which layerwise cannot bring to {engine.value}.",
        hint=f"collect the table first, or {instead}.",
    )
