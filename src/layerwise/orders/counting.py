"""Count purchase occasions, part by part of a large log.

The customer's code and the day are sorted, and where they change an occasion begins. Amounts stay
where they are in a part and are added by code.
"""

import sys
from typing import Any

import attrs
import numpy as np

from layerwise.orders.netting import bucket
from layerwise.orders.parts import Part, parts
from layerwise.orders.request import Request
from layerwise.orders.rows import Rows

# From so many rows on, counting sorts repay the import they need, and from so many if it is there.
_MANY = 1 << 18
_SOME = 1 << 12
# Counting sorts need a bin for each day and each code; more bins than this a row do not pay.
_BINS = 8

DAYS_PER = {"hour": 24, "day": 1, "week": 7}


@attrs.frozen(eq=False)
class Counts:
    """Arrays with one entry a customer that has a purchase, by ascending code.

    Attributes:
        code: The customer's code.
        orders: Occasions.
        first: Bucket (hour, day or week number) of the first occasion.
        last: Bucket of the last occasion.
        first_moment: Day or hour of the earliest line of the first occasion.
        last_moment: Day or hour of the earliest line of the last occasion.
        recent: Occasions in each window.
        spend: Net amount in minor units, then of the first occasion, then in each window;
            empty without amounts.
        gap_cv: Variation of the gaps; None unless asked for.
        gap_log_mean: Mean log of the gaps in days; None unless asked for.
    """

    code: np.ndarray
    orders: np.ndarray
    first: np.ndarray
    last: np.ndarray
    first_moment: np.ndarray
    last_moment: np.ndarray
    recent: tuple[np.ndarray, ...]
    spend: tuple[np.ndarray, ...]
    gap_cv: np.ndarray | None
    gap_log_mean: np.ndarray | None


def count(rows: Rows, request: Request, as_of: int) -> Counts:
    """Return the counts of the purchases' rows, none of them after as_of."""
    found = [_count(part, request, as_of) for part in parts(rows)]
    return found[0] if len(found) == 1 else _joined(found)


def _count(part: Part, request: Request, as_of: int) -> Counts:
    customer, orders, moment = _occasions(part, request.grain)
    number = bucket(moment, request.grain)
    ends = np.cumsum(orders)
    starts = ends - orders
    cuts = [window_start(as_of, days, request.grain) for days in request.windows]
    counts = Counts(
        code=customer,
        orders=orders,
        first=number[starts],
        last=number[ends - 1],
        first_moment=moment[starts],
        last_moment=moment[ends - 1],
        recent=tuple(_sums(number >= cut, ends) for cut in cuts),
        spend=(),
        gap_cv=_gap_cv(number, starts, ends) if request.gaps else None,
        gap_log_mean=_gap_log_mean(number, starts, ends, request) if request.gaps else None,
    )
    # The occasions are not needed any more, and the sums need the room.
    del moment, number
    spend = _spend(part, request.grain, counts, cuts)
    return attrs.evolve(counts, code=customer + part.base, spend=spend)


def _joined(found: list[Counts]) -> Counts:
    """Return the counts of all parts."""
    columns: dict[str, Any] = {}
    for field in attrs.fields(Counts):
        each = [getattr(counts, field.name) for counts in found]
        if isinstance(each[0], tuple):
            columns[field.name] = tuple(map(np.concatenate, zip(*each, strict=True)))
        else:
            columns[field.name] = None if each[0] is None else np.concatenate(each)
    return Counts(**columns)


def window_start(as_of: int, days: int, grain: str) -> int:
    """Return the first bucket less than `days` before as_of's bucket."""
    last = int(bucket(np.array([as_of]), grain)[0])
    per = {"hour": days * 24, "day": days, "week": -(-days // 7)}[grain]
    return last - per + 1


def occasions(rows: Rows, grain: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the codes that bought, their numbers of occasions, and the moments of all of these.

    Moments are those of the earliest lines, sorted by code, then time.
    """
    found = [(part.base, *_occasions(part, grain)) for part in parts(rows)]
    codes = np.concatenate([customer + base for base, customer, _, _ in found])
    orders, moments = (np.concatenate([each[i] for each in found]) for i in (2, 3))
    return codes, orders, moments


def _occasions(part: Part, grain: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The same of a part, with codes as they are there."""
    if not len(part.code):
        none = np.zeros(0, dtype=np.int64)
        return none, none, part.moment
    low = int(part.moment.min())
    span = int(part.moment.max()) - low + 1
    many = _SOME if "scipy.sparse" in sys.modules else _MANY
    if len(part.code) >= many and max(span, part.n) < _BINS * len(part.code):
        moment, starts, customer = _sorted_by_counting(part, low, span)
    else:
        moment, starts, customer = _sorted_by_key(part, low, span)
    new = _new(bucket(moment, grain))
    new[starts] = True
    orders = _sums(new, np.append(starts[1:], len(new)))
    return customer, orders, moment[new]


def _sorted_by_key(part: Part, low: int, span: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Sort by code and moment packed in one integer; return moments, starts of codes, codes."""
    bits = span.bit_length()
    kind = np.uint32 if bits + part.n.bit_length() <= 32 else np.uint64
    key: Any = part.code.astype(kind)
    key <<= kind(bits)
    key |= (part.moment - np.int32(low)).astype(kind)
    key.sort()
    moment = (key & kind((1 << bits) - 1)).astype(np.int32) + np.int32(low)
    key >>= kind(bits)
    starts = np.flatnonzero(_new(key))
    return moment, starts, key[starts].astype(np.int64)


def _sorted_by_counting(
    part: Part, low: int, span: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The same by two counting sorts, by moment, then by code: the transposes of sparse matrices.

    Linear in the rows, and four times as fast as `numpy.sort` at a million of them.
    """
    from scipy.sparse import csr_array

    n, code = len(part.code), part.code.astype(np.int32, copy=False)
    each = np.arange(n + 1, dtype=np.int32)
    by_row = csr_array((code, part.moment - np.int32(low), each), shape=(n, span))
    by_moment = by_row.tocsc()
    del by_row, each
    bare = np.empty(n, dtype=np.int8)
    table = csr_array((bare, by_moment.data, by_moment.indptr), shape=(span, part.n))
    del by_moment
    by_code = table.tocsc()
    customer = np.flatnonzero(by_code.indptr[1:] > by_code.indptr[:-1])
    moment = by_code.indices
    moment += np.int32(low)
    return moment, by_code.indptr[customer].astype(np.int64), customer


def _new(values: np.ndarray) -> np.ndarray:
    new = np.empty(len(values), dtype=bool)
    new[:1] = True
    np.not_equal(values[1:], values[:-1], out=new[1:])
    return new


def _sums(flags: np.ndarray, ends: np.ndarray) -> np.ndarray:
    """Return the flags set in each group; `ends` are the groups' ends."""
    running = np.cumsum(flags, dtype=np.int32 if len(flags) < 2**31 else np.int64)
    return np.diff(running[ends - 1].astype(np.int64), prepend=0)


def _spend(part: Part, grain: str, counts: Counts, cuts: list[int]) -> tuple[np.ndarray, ...]:
    amounts, customer = part.amounts, counts.code
    if amounts is None:
        return ()
    number = bucket(part.moment, grain)
    total = amounts.sum_by(part.code, part.n)[customer]
    firsts = np.zeros(part.n, dtype=number.dtype)
    firsts[customer] = counts.first
    at_first = amounts.sum_by(part.code, part.n, number == firsts[part.code])[customer]
    windows = []
    for cut in cuts:
        inside = number >= cut
        sums = total if inside.all() else amounts.sum_by(part.code, part.n, inside)[customer]
        windows.append(sums)
    return (total, at_first, *windows)


def _gap_cv(number: np.ndarray, starts: np.ndarray, ends: np.ndarray) -> np.ndarray:
    """Return sample standard deviation / mean of the gaps, NaN below three occasions.

    Sums of whole numbers are exact, so the one rounding is that of the last steps.
    """
    gap: Any = np.diff(number.astype(np.int64), prepend=0)
    gap[starts] = 0
    m = ends - starts - 1
    if not len(starts):
        return np.zeros(0)
    total, squares = np.add.reduceat(gap, starts), np.add.reduceat(gap * gap, starts)
    with np.errstate(divide="ignore", invalid="ignore"):
        cv = np.sqrt((m * squares - total * total) / (m * (m - 1))) / (total / m)
    return np.where(m >= 2, cv, np.nan)


def _gap_log_mean(
    number: np.ndarray, starts: np.ndarray, ends: np.ndarray, request: Request
) -> np.ndarray:
    """Return the mean log of the gaps in days, NaN below two occasions."""
    gap = np.diff(number.astype(np.int64), prepend=0)
    gap[starts] = 1  # the log of which is 0: not a gap
    m = ends - starts - 1
    if not len(starts):
        return np.zeros(0)
    unit = -np.log(24.0) if request.hourly else np.log(float(DAYS_PER[request.grain]))
    means = np.full(len(m), np.nan)
    np.divide(np.add.reduceat(np.log(gap), starts), m, out=means, where=m > 0)
    return np.asarray(means + unit)
