"""Weeks, months and quarters as whole numbers, exact at month ends and on leap days."""

from typing import Any, Literal

import numpy as np

from layerwise.errors import SpecError
from layerwise.saved import fits
from layerwise.vectors import Array

Period = Literal["week", "month", "quarter"]
_MONTHS = {"month": 1, "quarter": 3}
_MONDAY = 3  # 1970-01-01, day 0, was a Thursday


def check_period(period: Any) -> None:
    """Refuse what is no period.

    Raises:
        SpecError: It is not "week", "month" or "quarter".
    """
    if not fits(period, Period):
        raise SpecError(
            f"period must be 'week', 'month' or 'quarter', got {period!r:.40}.",
            hint="period='month' counts by calendar months; weeks begin on Monday.",
        )


def number(days: Array, period: Period) -> Array:
    """Return the number of the calendar period of each day (days since 1970-01-01).

    >>> number(np.array([0, 30, 31]), "month").tolist()
    [0, 0, 1]
    """
    if period == "week":
        return (days + _MONDAY) // 7
    months = days.astype("M8[D]").astype("M8[M]").astype(np.int64)
    numbers: Array = months // _MONTHS[period]
    return numbers


def first_day(numbers: Array, period: Period) -> Array:
    """Return the first day of each period; the last day is the day before the next one's first.

    >>> first_day(np.array([1, 2]), "month").tolist()
    [31, 59]
    """
    if period == "week":
        return numbers * 7 - _MONDAY
    months = (numbers * _MONTHS[period]).astype("M8[M]")
    days: Array = months.astype("M8[D]").astype(np.int64)
    return days


def own_period(first: Array, days: Array, period: Period) -> Array:
    """Return which period since its own first day each day is in: 0, 1, 2 and so on.

    Own month k begins k months after the first day, on the same day of the month, or on the last
    one of a shorter month: after 31 January begin 28 (29) February, 31 March, 30 April.

    >>> own_period(np.array([30, 30, 30]), np.array([57, 58, 88]), "month").tolist()
    [0, 1, 1]
    """
    if period == "week":
        return (days - first) // 7
    begin, now = _civil(first), _civil(days)
    length = first_day(now[0] + 1, "month") - first_day(now[0], "month")
    months = now[0] - begin[0] - (now[1] < np.minimum(begin[1], length - 1))
    own: Array = months // _MONTHS[period]
    return own


def own_start(first: Array, k: Array, period: Period) -> Array:
    """Return the day on which period k since its own first day begins.

    >>> own_start(np.array([30, 30]), np.array([1, 2]), "month").tolist()
    [58, 89]
    """
    if period == "week":
        weeks: Array = first + 7 * k
        return weeks
    month, place = _civil(first)
    month = month + k * _MONTHS[period]
    begin = first_day(month, "month")
    start: Array = begin + np.minimum(place, first_day(month + 1, "month") - begin - 1)
    return start


def stamps(days: Array) -> Array:
    """Return days as timestamps for a pandas column."""
    times: Array = days.astype("M8[D]").astype("M8[us]")
    return times


def whole_periods(first: int, last: int, period: Period) -> Array:
    """Return the numbers of the periods that lie within two days, these included."""
    begin = int(number(np.array([first]), period)[0])
    begin += int(first_day(np.array([begin]), period)[0]) < first
    return np.arange(begin, int(number(np.array([last + 1]), period)[0]))


def _civil(days: Array) -> tuple[Array, Array]:
    """Return the month's number since 1970-01 and the place in the month, from 0."""
    month = number(days, "month")
    return month, days - first_day(month, "month")
