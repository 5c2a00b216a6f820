"""Counts become a customer table of the same kind as the orders."""

from collections.abc import Mapping
from typing import Any

import narwhals.stable.v2 as nw
import numpy as np
import pandas as pd

from layerwise import columns as c
from layerwise.orders.counting import DAYS_PER, Counts
from layerwise.orders.float_ids import integer_type
from layerwise.orders.ids import Codes
from layerwise.orders.netting import bucket
from layerwise.orders.request import Request
from layerwise.orders.table import as_pandas, take


def tabulate(counts: Counts, scale: int, request: Request, as_of: int) -> dict[str, np.ndarray]:
    """Return the columns of the customer table but the id, as numpy arrays.

    Days are whole numbers, but with grain="hour", where they are hours / 24.
    """
    now = int(bucket(np.array([as_of]), request.grain)[0])
    per_day = request.per_day
    table = {
        c.FIRST_ORDER: _dates(counts.first_moment, per_day),
        c.LAST_ORDER: _dates(counts.last_moment, per_day),
        c.ORDERS: counts.orders.astype(np.int64),
        c.REPEAT_ORDERS: counts.orders.astype(np.int64) - 1,
        c.FIRST_TO_LAST: in_days(counts.last - counts.first, request.grain),
        c.AGE: in_days(now - counts.first, request.grain),
        c.SILENCE: in_days(now - counts.last, request.grain),
    }
    if counts.spend:
        table |= _spend(counts, scale)
    for i, days in enumerate(request.windows):
        table[c.orders_in(days)] = counts.recent[i]
        if counts.spend:
            table[c.spend_in(days)] = counts.spend[2 + i] / scale
    if counts.gap_cv is not None and counts.gap_log_mean is not None:
        table[c.GAP_CV] = counts.gap_cv
        table[c.GAP_LOG_MEAN] = counts.gap_log_mean
    return table


def to_frame(
    frame: Any, request: Request, counts: Counts, ids: Codes, table: Mapping[str, np.ndarray]
) -> Any:
    """Return the table with the ids in front, sorted by id, in the frame's own kind."""
    if ids.low is not None:
        made = _made_ids(frame, request, _raised(counts.code, ids.low), ids.whole)
        return build(frame, made, table)
    values = take(frame, request.customer, ids.first_rows(counts.code))
    if ids.ascending:
        return build(frame, values, table)
    keys = ids.sort_keys(counts.code)
    order = _order(values) if keys is None else np.argsort(keys)
    if ids.whole and keys is not None:
        values = _made_ids(frame, request, keys, whole=True)
    sorted_ids = values.take(order).reset_index(drop=True) if _is_pandas(values) else values[order]
    return build(frame, sorted_ids, {name: array[order] for name, array in table.items()})


def _raised(code: np.ndarray, low: int) -> np.ndarray:
    """Return the ids of codes, which count from the lowest id."""
    if low + int(code.max(initial=0)) < 2**63:
        return code + low
    return code.astype(np.uint64) + np.uint64(low)


def _is_pandas(values: Any) -> bool:
    return isinstance(values, pd.Series)


def build(frame: Any, ids: Any, arrays: Mapping[str, np.ndarray]) -> Any:
    """Return a frame of the same kind as `frame` from ids and arrays; NaN becomes missing."""
    if isinstance(frame, pd.DataFrame):
        times = {n: v.astype("M8[us]") for n, v in arrays.items() if v.dtype.kind == "M"}
        return pd.DataFrame({c.CUSTOMER: ids, **arrays, **times}, copy=False)
    namespace = nw.get_native_namespace(frame)
    made = [ids.alias(c.CUSTOMER)]
    for name, values in arrays.items():
        made.append(nw.new_series(name, values, backend=namespace))
    table = made[0].to_frame().with_columns(*made[1:])
    gaps = [n for n, v in arrays.items() if v.dtype.kind == "f" and np.isnan(v).any()]
    return table.with_columns(nw.when(~nw.col(n).is_nan()).then(nw.col(n)).alias(n) for n in gaps)


def in_days(steps: np.ndarray, grain: str) -> np.ndarray:
    """Return buckets as days: whole for days and weeks, fractions for hours."""
    if grain == "hour":
        return np.asarray(steps / 24)
    return steps.astype(np.int64) * DAYS_PER[grain]


def _dates(moment: np.ndarray, per_day: int) -> np.ndarray:
    days: np.ndarray = (moment // per_day).astype("M8[D]")
    return days


def _spend(counts: Counts, scale: int) -> dict[str, np.ndarray]:
    """Return totals and means; each is one division of exact sums."""
    total, at_first = counts.spend[:2]
    repeat = (counts.orders - 1) * float(scale)
    later = np.full(len(total), np.nan)
    np.divide(total - at_first, repeat, out=later, where=repeat > 0)
    return {
        c.SPEND_TOTAL: total / scale,
        c.SPEND_MEAN: total / (counts.orders * float(scale)),
        c.SPEND_REPEAT_MEAN: later,
    }


def _made_ids(frame: Any, request: Request, values: np.ndarray, whole: bool) -> Any:
    """Return whole numbers as a column of the ids' own type; of 64-bit integers for floats."""
    if isinstance(frame, pd.DataFrame):
        dtype = frame[request.customer].dtype
        if isinstance(dtype, pd.SparseDtype):
            dtype = dtype.subtype
        kind: Any = integer_type(dtype) if whole else dtype
        plain = isinstance(kind, np.dtype)
        return values.astype(kind, copy=False) if plain else pd.Series(values).astype(kind)
    series = nw.from_native(frame, eager_only=True)[str(request.customer)]
    made = nw.new_series(c.CUSTOMER, values, backend=nw.get_native_namespace(frame))
    return made if whole else made.cast(series.dtype)


def _order(ids: Any) -> np.ndarray:
    """Return the order of distinct ids: numbers by value, text by code point, numbers first."""
    values = ids if isinstance(ids, pd.Series) else as_pandas(ids)
    if isinstance(values.dtype, pd.CategoricalDtype):
        values = pd.Series(values.cat.categories.take(values.cat.codes.to_numpy())).reset_index(
            drop=True
        )
    dtype: Any = values.dtype
    if "dictionary" in str(dtype):
        values = values.astype(pd.ArrowDtype(dtype.pyarrow_dtype.value_type))
    if values.dtype == object:
        return _order_objects(values.tolist())
    return np.asarray(values.array.argsort())


def _order_objects(values: list[Any]) -> np.ndarray:
    def kind(value: Any) -> str:
        return "" if isinstance(value, (int, float, np.number)) else type(value).__name__

    try:
        ranked = sorted(range(len(values)), key=lambda i: (kind(values[i]), values[i]))
    except TypeError:
        ranked = sorted(range(len(values)), key=lambda i: (kind(values[i]), repr(values[i])))
    return np.array(ranked, dtype=np.int64)
