"""Count purchase occasions without moving the log.

The customer's code and the day are packed into one unsigned integer and sorted; where it changes,
an occasion begins. Amounts stay where they are and are added by code.
"""

from typing import Any

import attrs
import numpy as np

from layerwise.orders.netting import bucket
from layerwise.orders.request import Request
from layerwise.orders.rows import Rows

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


def count(rows: Rows, request: Request, as_of: int) -> Counts:
    """Return the counts of the purchases' rows, none of them after as_of."""
    code, moment = _occasions(rows, request.grain)
    number = bucket(moment, request.grain)
    starts = _changes(code)
    ends = np.append(starts[1:], len(code))[: len(starts)]
    customer, first = code[starts], number[starts]
    cuts = [window_start(as_of, days, request.grain) for days in request.windows]
    return Counts(
        code=customer,
        orders=ends - starts,
        first=first,
        last=number[ends - 1],
        first_moment=moment[starts],
        last_moment=moment[ends - 1],
        recent=tuple(_sums(number >= cut, starts) for cut in cuts),
        spend=_spend(rows, request.grain, customer, first, cuts),
        gap_cv=_gap_cv(number, starts, ends) if request.gaps else None,
    )


def occasions_by_code(rows: Rows, grain: str) -> np.ndarray:
    """Return the number of occasions of each code."""
    code, _ = _occasions(rows, grain)
    return np.bincount(code, minlength=rows.ids.n)


def window_start(as_of: int, days: int, grain: str) -> int:
    """Return the first bucket less than `days` before as_of's bucket."""
    last = int(bucket(np.array([as_of]), grain)[0])
    per = {"hour": days * 24, "day": days, "week": -(-days // 7)}[grain]
    return last - per + 1


def _occasions(rows: Rows, grain: str) -> tuple[np.ndarray, np.ndarray]:
    """Return code and earliest moment of each occasion, sorted."""
    if not len(rows.code):
        return rows.code, rows.moment
    low, high = int(rows.moment.min()), int(rows.moment.max())
    bits = max(high - low, 1).bit_length()
    kind = np.uint32 if bits + rows.ids.n.bit_length() <= 32 else np.uint64
    key: Any = rows.code.astype(kind)
    key <<= kind(bits)
    key |= (rows.moment - np.int32(low)).astype(kind)
    key.sort()
    key = key[_new(key)]
    code = (key >> kind(bits)).astype(np.int64)
    moment = (key & kind((1 << bits) - 1)).astype(np.int32) + np.int32(low)
    if grain != "week":
        return code, moment
    keep = _new(code) | _new(bucket(moment, grain))
    return code[keep], moment[keep]


def _new(values: np.ndarray) -> np.ndarray:
    new = np.empty(len(values), dtype=bool)
    new[:1] = True
    np.not_equal(values[1:], values[:-1], out=new[1:])
    return new


def _changes(values: np.ndarray) -> np.ndarray:
    return np.flatnonzero(_new(values))


def _sums(flags: np.ndarray, starts: np.ndarray) -> np.ndarray:
    if flags.all():
        return np.diff(np.append(starts, len(flags)))
    if not len(starts):
        return np.zeros(0, dtype=np.int64)
    return np.add.reduceat(flags, starts, dtype=np.int64)


def _spend(
    rows: Rows, grain: str, customer: np.ndarray, first: np.ndarray, cuts: list[int]
) -> tuple[np.ndarray, ...]:
    amounts = rows.amounts
    if amounts is None:
        return ()
    n = rows.ids.n
    number = bucket(rows.moment, grain)
    total = amounts.sum_by(rows.code, n)[customer]
    firsts = np.zeros(n, dtype=number.dtype)
    firsts[customer] = first
    at_first = amounts.sum_by(rows.code, n, number == firsts[rows.code])[customer]
    windows = []
    for cut in cuts:
        inside = number >= cut
        part = total if inside.all() else amounts.sum_by(rows.code, n, inside)[customer]
        windows.append(part)
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
