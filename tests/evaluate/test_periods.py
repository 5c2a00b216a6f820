"""Periods against the calendars of the standard library, dateutil and pandas."""

import datetime as dt
from typing import Any

import numpy as np
import pandas as pd
import pytest
from dateutil.relativedelta import relativedelta
from hypothesis import given
from hypothesis import strategies as st

from layerwise.errors import SpecError
from layerwise.evaluate import periods

DAYS = st.dates(dt.date(1900, 1, 1), dt.date(2200, 12, 31))
PERIODS = {"week": "W-SUN", "month": "M", "quarter": "Q"}
STEPS = {"week": {"days": 7}, "month": {"months": 1}, "quarter": {"months": 3}}


def number(date: dt.date) -> np.ndarray:
    return np.array([date.toordinal() - dt.date(1970, 1, 1).toordinal()])


@pytest.mark.parametrize("period", PERIODS)
@given(day=DAYS)
def test_calendar_periods_are_those_of_pandas(period: Any, day: dt.date) -> None:
    """First and last day of the period of a day."""
    theirs = pd.Period(pd.Timestamp(day), freq=PERIODS[period])
    mine = periods.number(number(day), period)
    begin, end = periods.first_day(mine, period)[0], periods.first_day(mine + 1, period)[0] - 1
    assert begin == number(theirs.start_time.date())[0]
    assert end == number(theirs.end_time.date())[0]


@pytest.mark.parametrize("period", STEPS)
@given(first=DAYS, k=st.integers(0, 60), later=st.integers(0, 40))
def test_own_periods_are_those_of_dateutil(period: Any, first: dt.date, k: int, later: int) -> None:
    """Period k begins k steps after the first day, and every day lies in its period."""
    step = relativedelta(**STEPS[period])
    start = periods.own_start(number(first), np.array([k]), period)
    assert start[0] == number(first + step * k)[0]
    day = start + later
    mine = int(periods.own_period(number(first), day, period)[0])
    assert number(first + step * mine)[0] <= day[0] < number(first + step * (mine + 1))[0]


def test_a_leap_day_comes_of_age_on_28_february() -> None:
    """Own months of 29 February 2024 begin on the 29th, or on the last day of February."""
    leap = number(dt.date(2024, 2, 29))
    starts = periods.own_start(leap, np.array([1, 12, 48]), "month")
    assert periods.stamps(starts).astype("M8[D]").astype(str).tolist() == [
        "2024-03-29",
        "2025-02-28",
        "2028-02-29",
    ]


def test_whole_periods_leave_cut_ones_out() -> None:
    """From 2 January to 30 March there is one whole month; one more day makes two."""
    january, march = number(dt.date(2024, 1, 2))[0], number(dt.date(2024, 3, 30))[0]
    assert len(periods.whole_periods(january, march, "month")) == 1
    assert len(periods.whole_periods(january - 1, march + 1, "month")) == 3
    assert len(periods.whole_periods(january, january + 3, "month")) == 0


@pytest.mark.parametrize("period", ["year", 7, None, ["month"]])
def test_other_periods_are_refused(period: Any) -> None:
    """Weeks, months and quarters only."""
    with pytest.raises(SpecError, match="'week', 'month' or 'quarter'"):
        periods.check_period(period)
