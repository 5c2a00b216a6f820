"""Histories and lookup tables of engines: merged there, computed here, joined there."""

from collections.abc import Callable
from typing import Any

import narwhals.stable.v2 as nw
import numpy as np

from layerwise import arguments, frames, lazy, vectors
from layerwise.histories import check_histories
from layerwise.models.histories import NEEDED, Array, histories_of

_INSTEAD = "leave expected orders out and use p_no_purchase"


def merged_in_engine(customers: object) -> tuple[Any, Any, Any, Any]:
    """Return x, t_x, T and counts of the distinct histories of a lazy table, grouped by its engine.

    Raises:
        ColumnsError: A column is missing or not numeric.
    """
    frame = frames.wrap(customers)
    needed = dict.fromkeys(NEEDED, "a purchase model")
    title = "The customer table lacks columns that a purchase model needs."
    arguments.require(frames.column_names(frame), needed, title=title)
    found = lazy.count_by(frame, NEEDED)
    rows = histories_of(vectors.read(found, NEEDED))
    # engines return groups in any order; sorted, the sums of a fit are the same on all of them
    order = np.lexsort((rows.t_x, rows.T, rows.x))
    return rows.x[order], rows.t_x[order], rows.T[order], lazy.counts_of(found)[order]


def joined(
    frame: Any, keys: tuple[str, ...], function: Callable[..., Array], output: str, factor: Any
) -> Any:
    """Return a lazy frame with `function(*keys)` × `factor` added, by a join over distinct keys.

    Raises:
        DataError: Histories are impossible, as far as the keys tell.
        EngineError: A table of ours cannot be brought to this engine, or would be too large.
    """
    found = lazy.count_by(frame, keys)
    check_histories(vectors.read(found, keys), counts=lazy.counts_of(found))
    found = found.select(*keys)
    arrays = np.array([found[name].cast(nw.Float64).to_numpy() for name in keys])
    known = ~np.isnan(arrays).any(axis=0)
    values = np.full(len(known), np.nan)
    values[known] = function(*arrays[:, known])
    series = nw.new_series(output, values, backend=found.implementation)
    table = found.with_columns(series).filter((values >= 0).tolist())
    table = lazy.upload(frame, table, what="Expected orders", instead=_INSTEAD)
    before = [name for name in frames.column_names(frame) if name != output]
    merged = lazy.joined(frame.select(*before), table, list(keys))
    value = nw.col(output) if factor is None else nw.col(output) * factor
    return merged.with_columns(value.alias(output)).select(*before, output)
