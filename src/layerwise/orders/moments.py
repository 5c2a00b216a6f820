"""Days, hours and weeks of a lazy engine, as dates where these do and as numbers where they must.

A true number counts days (or hours) from 1970-01-01. A place, year * 366 + day of the year, only
keeps their order and is cheaper to make, which matters for every day of every customer.
"""

import datetime as dt
from typing import Any

import narwhals.stable.v2 as nw
import numpy as np

from layerwise.orders.request import UNIX_DAY, Request

Expr = nw.Expr

_YEAR = 366


def moment_column(request: Request) -> str:
    """Return the name of the column that rows are compared by in time."""
    return "hour" if request.hourly else "day"


def literal(number: int, table: Any, request: Request) -> Expr:
    """Return a true number as what `moment_column` of a table is compared with."""
    return nw.lit(number) if request.hourly else day_literal(number, table)


def day_literal(number: int, table: Any) -> Expr:
    """Return a day number as what the column `day` of a table is compared with.

    Windows may start before the year 1, where nothing lies.
    """
    value = dt.date.fromordinal(max(number + UNIX_DAY, 1))
    if table.collect_schema()["day"] == nw.Date:
        return nw.lit(value)
    return nw.lit(dt.datetime(value.year, value.month, value.day))


def hour_number(time: Expr) -> Expr:
    """Return the hours since 1970-01-01."""
    return day_number(time) * 24 + _part(time.dt.hour())


def place(time: Expr) -> Expr:
    """Return year * 366 + day of the year."""
    return _part(time.dt.year()) * _YEAR + _part(time.dt.ordinal_day())


def day_number(time: Expr) -> Expr:
    """Return the days since 1970-01-01 from the year and the day of the year."""
    before = _part(time.dt.year()) - 1
    leap = whole_part(before, 4) - whole_part(before, 100) + whole_part(before, 400)
    return before * 365 + leap + _part(time.dt.ordinal_day()) - UNIX_DAY


def whole_part(number: Expr, by: int) -> Expr:
    """Return floor(number / by) of whole numbers below 2**50.

    Integer division is many times as slow on some engines, and a float on others. The half keeps
    whole quotients clear of rounding: Polars multiplies by 1 / by instead.
    """
    return ((number.cast(nw.Float64()) + 0.5) / by).floor().cast(nw.Int64())


def place_of(number: int) -> int:
    """Return the place of a day number."""
    date = np.datetime64(number, "D")
    year = date.astype("M8[Y]")
    return (int(year.astype(np.int64)) + 1970) * _YEAR + int((date - year).astype(np.int64)) + 1


def _part(value: Expr) -> Expr:
    return nw.coalesce(value, nw.lit(1)).cast(nw.Int64())
