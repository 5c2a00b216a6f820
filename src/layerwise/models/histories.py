"""Purchase histories (x, t_x, T) of the customer table: checked, and merged where they are equal.

A buy-till-you-die model sees three numbers a customer: x repeat orders, the time t_x from first to
last order, and the time T from first order to the day the table was made. Customers with the same
three numbers have the same likelihood, so a fit works on distinct histories with counts.
"""

from collections.abc import Iterator
from functools import cached_property
from typing import Any

import attrs
import numpy as np
from numpy.typing import ArrayLike, NDArray

from layerwise import arguments, frames, vectors
from layerwise.columns import AGE, FIRST_TO_LAST, REPEAT_ORDERS
from layerwise.errors import ColumnsError, DataError, FitError, problems
from layerwise.histories import check_histories

Array = NDArray[np.float64]
Needed = tuple[str, str, str]
NEEDED: Needed = (REPEAT_ORDERS, FIRST_TO_LAST, AGE)
_DENSE = 1_000_000
_BLOCK = 8192
_COUNTABLE_BITS = 20
_MANY = 1 << 17
"""From so many keys on, counting sorts repay the import they need."""


@attrs.frozen(eq=False)
class Histories:
    """One history a row, in days; integers stay integers, missing values are NaN."""

    x: NDArray[Any]
    t_x: NDArray[Any]
    T: NDArray[Any]

    def __len__(self) -> int:
        return len(self.x)


@attrs.frozen(eq=False, slots=False)
class Distinct:
    """Distinct histories with counts; `level` indexes `levels`, the ascending distinct x."""

    levels: Array
    level: NDArray[Any]
    t_x: NDArray[Any]
    T: NDArray[Any]
    counts: NDArray[Any]

    def __len__(self) -> int:
        return len(self.T)

    @cached_property
    def customers(self) -> float:
        """How many customers the rows stand for."""
        return float(self.counts.sum())

    @cached_property
    def histogram(self) -> Array:
        """Customers by level of x."""
        sums: Array = np.bincount(self.level, self.counts, len(self.levels)).astype(np.float64)
        return sums

    @cached_property
    def beyond(self) -> Array:
        """Customers with more than i repeat orders, for each i from 0 to below the greatest x."""
        by_orders: Array = np.bincount(
            self.levels.astype(np.intp), self.histogram, int(self.levels[-1]) + 1
        ).astype(np.float64)
        return np.asarray(self.customers - np.cumsum(by_orders)[:-1], dtype=np.float64)

    def mean_age(self) -> float:
        """Return the mean T in days."""
        return float((self.counts * self.T).sum() / self.counts.sum())

    def sample(self, rows: int) -> "Distinct":
        """Return about `rows` rows, evenly spread over the order of the rows."""
        step = max(1, len(self) // rows)
        if step == 1:
            return self
        part = slice(None, None, step)
        return attrs.evolve(
            self,
            level=self.level[part],
            t_x=self.t_x[part],
            T=self.T[part],
            counts=self.counts[part],
        )


def histories_of(columns: vectors.Columns, needed: Needed = NEEDED) -> Histories:
    """Return the histories among columns read before.

    Raises:
        ColumnsError: A column is not numeric.
    """
    texts = [name for name in needed if isinstance(columns[name], vectors.Labels)]
    if texts:
        raise ColumnsError(
            f"Columns are not numeric: {', '.join(texts)}.",
            hint="summarize(orders, as_of=...) makes the customer table.",
        )
    return Histories(*(columns[name] for name in needed))  # type: ignore[arg-type]


def read_histories(
    customers: object, *, allow_missing: bool, columns: Needed = NEEDED
) -> Histories:
    """Return the histories of a customer table in memory, checked.

    Args:
        customers: A pandas, Polars or PyArrow table with `repeat_orders`, `first_to_last_days` and
            `age_days`.
        allow_missing: Let missing values through as NaN (predictions) or refuse them (fits).
        columns: Names of x, t_x and T.

    Raises:
        ColumnsError: A column is missing, stands twice or is not numeric.
        DataError: Histories are impossible; the message lists every problem with its count.
        EngineError: The table is lazy.
    """
    frame = frames.eager(customers, doing="a prediction")
    needed = dict.fromkeys(columns, "a purchase model")
    title = "The customer table lacks columns that a purchase model needs."
    arguments.require(frames.column_names(frame), needed, title=title)
    found = histories_of(vectors.read(frame, columns), columns)
    check(found, allow_missing=allow_missing, columns=columns)
    return found


def check(rows: Histories, *, allow_missing: bool, columns: Needed = NEEDED) -> None:
    """Refuse impossible histories.

    Raises:
        DataError: With every problem and its count.
    """
    found = dict(zip(columns, (rows.x, rows.t_x, rows.T), strict=True))
    check_histories(found, complete=() if allow_missing else columns, history=columns)


def number_columns(**columns: ArrayLike) -> list[NDArray[Any]]:
    """Return columns given by a caller as arrays of numbers, one-dimensional and of one length.

    Raises:
        DataError: With every column that is something else.
    """
    arrays = {name: _as_array(column) for name, column in columns.items()}
    faults = {name: _misshapen(array) for name, array in arrays.items()}
    lines = [f"{name}: {fault}" for name, fault in faults.items() if fault]
    lengths = {name: len(array) for name, array in arrays.items() if array.ndim}
    if not lines and len(set(lengths.values())) > 1:
        shown = ", ".join(f"{name} {length:,}" for name, length in lengths.items())
        lines = [f"they differ in length: {shown}"]
    if lines:
        raise DataError(
            problems("Histories and their counts cannot be read:", lines),
            hint="give lists of numbers, one history a place.",
        )
    return list(arrays.values())


def _as_array(column: ArrayLike) -> NDArray[Any]:
    try:
        return np.asarray(column)
    except ValueError:  # rows of differing lengths
        return np.empty((0, 0))


def _misshapen(array: NDArray[Any]) -> str:
    if array.ndim != 1:
        return "not one-dimensional"
    return "" if array.dtype.kind in "iuf" else f"{array.dtype.name} instead of numbers"


def distinct(rows: Histories) -> Distinct:
    """Return the distinct histories with counts; times that are not whole days are not merged.

    Raises:
        FitError: There is no row.
    """
    if not len(rows):
        raise FitError("The customer table has no rows to learn from.", hint=_MORE)
    parts = [_whole(part) for part in (rows.x, rows.T, rows.t_x)]
    widths = [int(part.max()).bit_length() if part is not None else 64 for part in parts]
    if sum(widths) > 63:
        return grouped(rows.x, rows.t_x, rows.T, np.ones(len(rows)))
    return _merged(parts, widths)


_MORE = "give more customers or a longer period."


def _whole(values: NDArray[Any]) -> NDArray[Any] | None:
    """Return the values if all are whole and small enough to be packed, else None."""
    if values.dtype.kind == "f" and not (values == np.floor(values)).all():
        return None
    return values if values.max() < 2**40 else None


def _merged(parts: list[Any], widths: list[int]) -> Distinct:
    """Sort one packed integer a row and count runs: four or eight bytes a customer."""
    word = np.uint32 if sum(widths) <= 32 else np.uint64
    key = parts[0].astype(word)
    for part, width in zip(parts[1:], widths[1:], strict=True):
        key <<= word(width)
        key |= part.astype(word)
    key, counts = _runs(key, widths)
    masks = [word(2**width - 1) for width in widths]
    t_x = (key & masks[2]).astype(np.float64)
    T = ((key >> word(widths[2])) & masks[1]).astype(np.float64)
    key >>= word(widths[1] + widths[2])
    change = np.concatenate(([True], key[1:] != key[:-1]))
    level = np.cumsum(change, dtype=np.intp) - 1
    return Distinct(key[change].astype(np.float64), level, t_x, T, counts)


def _runs(key: NDArray[Any], widths: list[int]) -> tuple[NDArray[Any], Array]:
    """Return the distinct keys, ascending, with counts.

    Customers of one order, mostly half of all, differ in T alone: they are counted, not sorted.
    """
    shift = widths[1] + widths[2]
    once = key < 2**shift
    if widths[1] > _COUNTABLE_BITS or not once.any():
        return _sorted_runs(key)
    # np.compress takes a sixth of the time of key[once].
    ages = np.bincount((np.compress(once, key) >> key.dtype.type(widths[2])).astype(np.intp))
    seen = np.flatnonzero(ages)
    later, counts = _sorted_runs(np.compress(~once, key))
    first = seen.astype(key.dtype) << key.dtype.type(widths[2])
    return np.concatenate((first, later)), np.concatenate((ages[seen], counts)).astype(np.float64)


def _sorted_runs(key: NDArray[Any]) -> tuple[NDArray[Any], Array]:
    if len(key) >= _MANY and key.dtype == np.uint32:
        key = _sorted_by_counting(key)
    else:
        key.sort()
    new = np.ones(len(key), dtype=bool)
    np.not_equal(key[1:], key[:-1], out=new[1:])
    starts = np.flatnonzero(new)
    return key[starts], np.diff(starts, append=len(key)).astype(np.float64)


def _sorted_by_counting(key: NDArray[np.uint32]) -> NDArray[np.uint32]:
    """Sort by two counting sorts, low half, then high half: the transposes of sparse matrices.

    A third of the time of `numpy.sort` at half a million keys.
    """
    from scipy.sparse import csr_array

    bits = (int(key.max()).bit_length() + 1) // 2
    low = (key & np.uint32(2**bits - 1)).astype(np.int32)
    high = (key >> np.uint32(bits)).astype(np.int32)
    rows, bins = len(key), (2**bits, int(high.max()) + 1)
    each = np.arange(rows + 1, dtype=np.int32)
    by_low = csr_array((high, low, each), shape=(rows, bins[0])).tocsc()
    bare = np.empty(rows, dtype=np.int8)
    by_high = csr_array((bare, by_low.data, by_low.indptr), shape=bins).tocsc()
    ordered = np.repeat(np.arange(bins[1], dtype=np.uint32), np.diff(by_high.indptr))
    ordered <<= np.uint32(bits)
    ordered |= by_high.indices.astype(np.uint32)
    return ordered


def grouped(x: ArrayLike, t_x: ArrayLike, T: ArrayLike, counts: ArrayLike) -> Distinct:
    """Return histories that are already grouped, e.g. by an engine, with their counts.

    Raises:
        DataError: The arrays differ in length, or counts are not whole numbers above 0.
        FitError: There is no row.
    """
    x, t_x, T, counts = (np.asarray(v, dtype=np.float64) for v in (x, t_x, T, counts))
    if not len(x):
        raise FitError("There are no rows to learn from.", hint=_MORE)
    if not len(x) == len(t_x) == len(T) == len(counts):
        raise DataError("Histories and their counts differ in length.", hint="one count a history.")
    whole = np.isfinite(counts) & (counts > 0) & (counts == np.floor(counts))
    if not whole.all():
        raise DataError(
            f"{np.count_nonzero(~whole):,} of {len(counts):,} counts of histories are not whole "
            "numbers above 0.",
            hint="leave histories that nobody has out.",
        )
    if x.max() < _DENSE:
        seen = np.bincount(x.astype(np.intp)) > 0
        levels = np.flatnonzero(seen)
        level = (np.cumsum(seen, dtype=np.intp) - 1)[x.astype(np.intp)]
    else:
        levels, level = np.unique(x, return_inverse=True)
    return Distinct(levels.astype(np.float64), level, t_x, T, counts)


def blocks(rows: Histories) -> Iterator[tuple[slice, Array, Array, Array]]:
    """Yield slices of about 8,192 histories as floats, small enough for the processor's cache."""
    for start in range(0, len(rows), _BLOCK):
        part = slice(start, start + _BLOCK)
        x, t_x, T = (column[part].astype(np.float64) for column in (rows.x, rows.t_x, rows.T))
        yield part, x, t_x, T
