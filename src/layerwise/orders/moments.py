"""Days, hours and weeks as numbers of a lazy engine: true ones, and ones that are cheap to make.

A true number counts days (or hours) from 1970-01-01. A place, year * 366 + day of the year, only
keeps their order; that is all that grouping, comparing and finding the first needs, for every row.
The true numbers of a log by the day are then made for customers, of whom there are fewer.
"""

import narwhals.stable.v2 as nw
import numpy as np

from layerwise.orders.request import UNIX_DAY, Request

Expr = nw.Expr

_YEAR = 366


def moment(time: Expr, request: Request) -> Expr:
    """Return what rows are compared by: places of days, with weeks and hours true numbers.

    A missing time gets any number, because Dask has no missing integers; `undated` marks it.
    """
    if request.grain == "day":
        return place(time)
    number = day_number(time)
    return number * 24 + _part(time.dt.hour()) if request.hourly else number


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


def encode(number: int, request: Request) -> int:
    """Return the moment, as `moment` has it, of a true day or hour number."""
    if request.grain != "day":
        return number
    year = int(np.datetime64(number, "D").astype("M8[Y]").astype(np.int64)) + 1970
    return year * _YEAR + number - _new_year(year) + 1


def decode(moment: int, request: Request) -> int:
    """Return the true day or hour number of a moment."""
    if request.grain != "day":
        return moment
    year, day = divmod(moment - 1, _YEAR)
    return _new_year(year) + day


def _new_year(year: int) -> int:
    return int(np.datetime64(year - 1970, "Y").astype("M8[D]").astype(np.int64))


def _part(value: Expr) -> Expr:
    return nw.coalesce(value, nw.lit(1)).cast(nw.Int64())
