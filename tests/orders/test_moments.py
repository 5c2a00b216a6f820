"""Days as numbers and places of a lazy engine."""

import datetime as dt

import narwhals.stable.v2 as nw
import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from layerwise.orders.moments import day_number, place, place_of
from layerwise.orders.request import UNIX_DAY


@settings(max_examples=100, deadline=None)
@given(st.dates())
def test_days_as_numbers(date):
    """Day numbers are Python's ordinals, places those of the table, for all years and leap days."""
    dates = [date, dt.date(date.year, 1, 1), dt.date(date.year, 12, 31), dt.date(2000, 2, 29)]
    table = nw.from_native(pl.LazyFrame({"day": dates}))
    found = table.select(day_number(nw.col("day")).alias("n"), place(nw.col("day")).alias("p"))
    got = nw.to_native(found).collect()
    assert got["n"].to_list() == [d.toordinal() - UNIX_DAY for d in dates]
    assert got["p"].to_list() == [place_of(d.toordinal() - UNIX_DAY) for d in dates]


@settings(max_examples=100, deadline=None)
@given(st.dates(), st.dates())
def test_places_keep_the_order_of_days(one, other):
    """Two days compare as their places do."""
    numbers = [d.toordinal() - UNIX_DAY for d in (one, other)]
    assert (place_of(numbers[0]) < place_of(numbers[1])) == (one < other)
