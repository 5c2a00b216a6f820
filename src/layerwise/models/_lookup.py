"""Histories and lookup tables of engines: merged there, computed here, joined there."""

from collections.abc import Callable
from typing import Any

import narwhals.stable.v2 as nw
import numpy as np
import pandas as pd

from layerwise import frames
from layerwise.errors import EngineError
from layerwise.histories import check_histories
from layerwise.models.histories import NEEDED, Array, histories_of

_COUNT = "__customers"


def merged_in_engine(customers: object) -> tuple[Any, Any, Any, Any]:
    """Return x, t_x, T and counts of the distinct histories of a lazy table, grouped by its engine.

    Raises:
        ColumnsError: A column is missing or not numeric.
    """
    frame = frames.wrap(customers)
    needed = dict.fromkeys(NEEDED, "a purchase model")
    title = "The customer table lacks columns that a purchase model needs."
    frames.require(frames.column_names(frame), needed, title=title)
    grouped = frame.group_by(*NEEDED).agg(nw.len().alias(_COUNT))
    columns = frames.read(frames.collect(grouped, [*NEEDED, _COUNT]), [*NEEDED, _COUNT])
    rows = histories_of(columns)
    # engines return groups in any order; sorted, the sums of a fit are the same on all of them
    order = np.lexsort((rows.t_x, rows.T, rows.x))
    return rows.x[order], rows.t_x[order], rows.T[order], columns[_COUNT][order]  # type: ignore[index]


def joined(
    frame: Any, keys: tuple[str, ...], function: Callable[..., Array], output: str, factor: Any
) -> Any:
    """Return a lazy frame with `function(*keys)` × `factor` added, by a join over distinct keys.

    Raises:
        DataError: Histories are impossible, as far as the keys tell.
        EngineError: A table of ours cannot be brought to this engine, or would be too large.
    """
    found = frames.collect(frame.group_by(*keys).agg(nw.len().alias(_COUNT)), [*keys, _COUNT])
    columns = frames.read(found, found.columns)
    check_histories(columns, counts=columns[_COUNT])  # type: ignore[arg-type]
    found = found.select(*keys)
    arrays = np.array([found[name].cast(nw.Float64).to_numpy() for name in keys])
    known = ~np.isnan(arrays).any(axis=0)
    values = np.full(len(known), np.nan)
    values[known] = function(*arrays[:, known])
    series = nw.new_series(output, values, backend=found.implementation)
    table = _upload(frame, found.with_columns(series).filter((values >= 0).tolist()))
    before = [name for name in frames.column_names(frame) if name != output]
    merged = _left_join(frame.select(*before), table, list(keys))
    value = nw.col(output) if factor is None else nw.col(output) * factor
    return merged.with_columns(value.alias(output)).select(*before, output)


def _left_join(frame: Any, table: Any, keys: list[str]) -> Any:
    """Return the frame with the table's columns; Polars keeps the order of rows only if told to."""
    if not frame.implementation.is_polars():
        return frame.join(table, on=keys, how="left")
    order: dict[str, Any] = {"maintain_order": "left"}
    return nw.from_native(frame.to_native().join(table.to_native(), on=keys, how="left", **order))


def _upload(frame: Any, table: Any) -> Any:
    """Return an eager table as a lazy frame of the same engine as `frame`."""
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
        f"Expected orders need a lookup table, which layerwise cannot bring to {engine.value}.",
        hint="collect the table first, or leave expected orders out and use p_no_purchase.",
    )
