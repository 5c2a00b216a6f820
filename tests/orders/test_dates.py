import datetime as dt

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from layerwise.errors import ColumnsError, DataError, SpecError, TimeZoneWarning
from layerwise.orders.date_patterns import PATTERNS
from layerwise.summary import summarize

UTC = pd.to_datetime(["2024-03-31 00:30", "2024-03-31 22:30", "2024-10-26 23:30"]).tz_localize(
    "UTC"
)
BERLIN = UTC.tz_convert("Europe/Berlin")
DAYS = [dt.date(2024, 1, 1), dt.date(2024, 1, 3), dt.date(2024, 1, 2)]


def first_days(table):
    return [str(day.date()) for day in table["first_order"]]


@pytest.mark.parametrize(
    "times",
    [
        ["2024-01-01", "2024-01-03 10:00", "2024-01-02T23:59:59.9"],
        pd.Series(["2024-01-01", "2024-01-03", "2024-01-02"], dtype="string[pyarrow]"),
        pd.Series(["2024/01/01", "20240103", "2024-1-2"], dtype=object),
        pd.Categorical(["2024-01-01", "2024-01-03", "2024-01-02"]),
        DAYS,
        pd.Series(DAYS, dtype=pd.ArrowDtype(pa.date32())),
        pd.Series(pd.to_datetime(DAYS)).astype("timestamp[s][pyarrow]"),
        pd.Series([pd.Period(day, "D") for day in DAYS]),
        pd.Series([pd.Period(day, "D") for day in DAYS], dtype=object),
        pd.Series([dt.datetime(2024, 1, 1, 5), *DAYS[1:]], dtype=object),
        *(np.array(DAYS, dtype=f"M8[{unit}]") for unit in ("s", "ms", "us", "ns")),
    ],
)
def test_dates_of_every_kind_are_read(run, times):
    """ISO text, dates, timestamps of all units and daily periods mean the same days."""
    table = run(ordered_at=times)
    assert first_days(table) == ["2024-01-01", "2024-01-02"]
    assert table["first_to_last_days"].tolist() == [2, 0]
    assert table["days_since_last"].tolist() == [363, 364]


@pytest.mark.parametrize(
    ("numbers", "form"),
    [
        ([1704067200, 1704240000, 1704239999], "epoch_s"),
        ([1704067200000, 1704240000000, 1704239999999], "epoch_ms"),
        ([20240101, 20240103, 20240102], "yyyymmdd"),
        (["20240101", "20240103", "20240102"], "yyyymmdd"),
        ([20240101, 20240103, 20240102], "%Y%m%d"),
        ([45292, 45294.5, 45293.99999], "excel"),
        (["01/01/2024", "03/01/2024", "02/01/2024"], "%d/%m/%Y"),
        (["01/01/2024", "01/03/2024", "01/02/2024"], "%m/%d/%Y"),
    ],
)
def test_numbers_and_patterns_are_dates_when_told(run, numbers, form):
    """time_format says what numbers count or how text is laid out."""
    zone = {"tz": "UTC"} if form.startswith("epoch") else {}
    table = run(ordered_at=numbers, time_format=form, **zone)
    assert first_days(table) == ["2024-01-01", "2024-01-02"]
    assert table["first_to_last_days"].tolist() == [2, 0]


@pytest.mark.parametrize(
    "numbers", [[20240101] * 3, [1.0, 2.0, 3.0], pd.Series([1, 2, 3], dtype=object)]
)
def test_numbers_are_no_dates_by_themselves(run, numbers):
    """Integers are refused with the four meanings they could have."""
    with pytest.raises(ColumnsError, match=r'not dates by themselves(.|\n)*"excel"'):
        run(ordered_at=numbers)


@pytest.mark.parametrize(
    ("numbers", "form"),
    [([1704067200000] * 3, "epoch_s"), ([45292, 60, 45293], "excel"), ([-1e18] * 3, "epoch_ms")],
)
def test_numbers_of_another_unit_are_refused(run, numbers, form):
    """Milliseconds read as seconds are the year 56,000; Excel's first sixty days are ambiguous."""
    with pytest.raises(DataError, match="outside the years 1 to 9999"):
        run(ordered_at=numbers, time_format=form)


def test_day_first_or_month_first_is_not_guessed(run):
    """Text with slashes is refused, with both ways to say what it means."""
    with pytest.raises(DataError, match="3 of 3 different texts") as error:
        run(ordered_at=["01/02/2024", "13/02/2024", "01/03/2024"])
    assert 'time_format="%d/%m/%Y"' in str(error.value)


@pytest.mark.parametrize("text", ["hello", "2024-02-30", "2024", "2024-01", "now", "today", "12"])
def test_what_is_no_full_date_is_counted_and_refused(run, text):
    """Pandas would read '2024' as its first day and 'now' as the present."""
    with pytest.raises(DataError, match="ordered_at: 1 of 2 different texts cannot be read"):
        run(ordered_at=["2024-01-01", text, text])


def test_a_pattern_must_fit_every_text(run):
    """A value that the pattern does not fit is an error, not a missing date."""
    with pytest.raises(DataError, match="1 of 3 different texts cannot be read with '%d/%m/%Y'"):
        run(ordered_at=["01/02/2024", "01/13/2024", "01/03/2024"], time_format="%d/%m/%Y")


def test_wrong_types_are_named(run):
    """Truth values, durations and mixtures are no dates."""
    mixed = pd.Series(["2024-01-01", pd.Timestamp("2024-01-01"), DAYS[0]], dtype=object)
    for times in ([True, False, True], pd.to_timedelta([1, 2, 3], unit="D"), mixed):
        with pytest.raises(ColumnsError, match="ordered_at"):
            run(ordered_at=times)


def test_periods_longer_than_a_day_are_refused(run):
    """The day of an order in a month is not known."""
    with pytest.raises(ColumnsError, match="periods longer than a day"):
        run(ordered_at=pd.period_range("2024-01", periods=3, freq="M"))


def test_far_years_are_read_without_wrapping(run):
    """Nanoseconds end in 2262; days do not."""
    for times in (
        ["1600-02-29", "9999-12-31", "1931-06-01"],
        [dt.date(1600, 2, 29), dt.date.max, dt.date(1931, 6, 1)],
    ):
        table = run(ordered_at=times, as_of="9999-12-31")
        span = (dt.date.max - dt.date(1600, 2, 29)).days
        assert table["first_to_last_days"].tolist() == [span, 0]


def test_years_beyond_9999_are_refused(run):
    """A calendar of four digits ends there, and so do date types."""
    with pytest.raises(DataError, match="1 of 3 dates are outside"):
        run(ordered_at=np.array(["10001-12-31", "1931-06-01", "2024-01-02"], dtype="M8[s]"))


def test_the_shops_day_counts_for_aware_times(run):
    """Both changes of the clock fall right: a local day is 23 or 25 hours long."""
    for times in (UTC, BERLIN, pd.Series(list(UTC.to_pydatetime()), dtype=object)):
        table = run(ordered_at=times, tz="Europe/Berlin")
        assert first_days(table) == ["2024-03-31", "2024-10-27"]
        assert table["orders"].tolist() == [2, 1]


def test_aware_times_keep_their_own_zone_without_tz(run):
    """The same instants are other days in UTC than in Berlin."""
    assert first_days(run(quiet=True, ordered_at=UTC)) == ["2024-03-31", "2024-10-26"]
    arrow = pd.Series(BERLIN).astype(pd.ArrowDtype(pa.timestamp("us", tz="Europe/Berlin")))
    for times in (BERLIN, arrow, pd.Series(list(BERLIN), dtype=object)):
        assert first_days(run(ordered_at=times)) == ["2024-03-31", "2024-10-27"]


PARIS = dt.timezone(dt.timedelta(hours=1), "Paris")
OFFSETS = {
    "UTC": [
        (UTC, None),
        (UTC.tz_convert("Etc/UTC"), None),
        (pd.Series(UTC).astype(pd.ArrowDtype(pa.timestamp("us", tz="UTC"))), None),
        (pd.Series(list(UTC.to_pydatetime()), dtype=object), None),
        (["2024-01-01T10:00Z", "2024-01-03T10:00+00:00", "2024-01-02T10:00Z"], None),
        ([1704067200, 1704240000, 1704239999], "epoch_s"),
    ],
    "UTC+01:00": [
        (UTC.tz_convert("+01:00"), None),
        (UTC.tz_convert(PARIS), None),
        (pd.Series(UTC).astype(pd.ArrowDtype(pa.timestamp("us", tz="+01:00"))), None),
        (["2024-01-01T10:00+01:00", "2024-01-03T10:00+01:00", "2024-01-02T10:00+01:00"], None),
    ],
}


@pytest.mark.parametrize(
    ("clock", "times", "form"), [(c, t, f) for c, cases in OFFSETS.items() for t, f in cases]
)
def test_days_of_a_bare_offset_are_told_once(run, clock, times, form):
    """Whoever stores UTC hears that days are UTC days, until tz= says whose days count."""
    with pytest.warns(TimeZoneWarning) as caught:
        run(ordered_at=times, time_format=form)
    assert len(caught) == 1
    assert f"Days are counted in {clock}," in str(caught[0].message)
    assert "tz='Asia/Shanghai'" in str(caught[0].message)
    assert len(run(ordered_at=times, time_format=form, tz="Asia/Shanghai")) == 2


def test_seconds_since_1970_fall_on_the_day_of_tz(run):
    """The evening of New Year's Eve in London is New Year in Shanghai."""
    seconds = [1704038400, 1704240000, 1704239999]  # 2023-12-31 16:00 UTC and later
    table = run(ordered_at=seconds, time_format="epoch_s", tz="Asia/Shanghai")
    assert first_days(table) == ["2024-01-01", "2024-01-03"]


@pytest.mark.parametrize(
    "times",
    [
        ["2024-01-01T23:30+01:00", "2024-01-03T23:30+02:00", "2024-01-02T10:00+01:00"],
        ["2024-01-01T23:30Z", "2024-01-03", "2024-01-02"],
        pd.Series([UTC[0], UTC[1].tz_convert("Asia/Tokyo"), UTC[2]], dtype=object),
        pd.Series([UTC[0], pd.Timestamp("2024-01-01"), UTC[2]], dtype=object),
    ],
)
def test_mixed_zones_need_tz(run, times):
    """Times with differing offsets, or only partly with one, have no common calendar."""
    with pytest.raises(DataError, match='tz="Europe/Berlin"'):
        run(ordered_at=times)
    assert len(run(ordered_at=times, tz="UTC")) == 2


def test_mixed_offsets_fall_on_the_day_of_tz(run):
    """23:30 at five hours west is the next day in Berlin."""
    times = ["2024-01-01T23:30+01:00", "2024-01-03T23:30-05:00", "2024-01-02"]
    assert run(ordered_at=times, tz="Europe/Berlin")["first_to_last_days"].tolist() == [3, 0]


def test_missing_times_are_left_out_with_a_count(run):
    """NaT, None and empty text are missing, not errors."""
    for times in ([pd.NaT, pd.Timestamp(2024, 1, 1), pd.NaT], ["", "2024-01-01", None]):
        with pytest.warns(UserWarning, match="2 rows without a time"):
            table = run(ordered_at=times)
        assert table["customer_id"].tolist() == [1]


def test_hours_of_dates_without_times_are_midnight(log):
    """A date column by hours does not wrap, and missing dates stay missing."""
    orders = log(ordered_at=np.array(["2024-01-01", "2024-01-03", "NaT"], dtype="M8[s]"))
    with pytest.warns(UserWarning, match="1 rows without a time"):
        table = summarize(orders, as_of="2024-01-03", grain="hour")
    assert table["first_to_last_days"].tolist() == [2.0]
    assert table["days_since_last"].tolist() == [23 / 24]


@pytest.mark.parametrize("pattern", ["%", "%Y-%m", "%d/%m", "foo", "", 7])
def test_patterns_need_a_year_and_a_day(run, pattern):
    """A month is no day, a day without a year is in 1900, and a lone percent sign is nothing."""
    with pytest.raises(SpecError, match="time_format"):
        run(ordered_at=["2024-01", "2024-01", "2024-02"], time_format=pattern)


def test_patterns_that_pandas_does_not_know_are_refused(run):
    """A pattern with unknown letters is a wrong choice, not a crash."""
    with pytest.raises(SpecError, match="not a strptime pattern"):
        run(ordered_at=["2024-01-01"] * 3, time_format="%Y-%m-%d %Q")


@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
@pytest.mark.parametrize("grain", ["hour", "day"])
def test_missing_times_are_missing_in_every_unit(run, unit, grain):
    """NaT in nanoseconds, taken for a number, would be a day in 1677."""
    times = np.array(["2024-01-01", "NaT", "2024-01-02"], dtype=f"M8[{unit}]")
    with pytest.warns(UserWarning, match="1 rows without a time"):
        table = run(ordered_at=times, grain=grain)
    assert first_days(table) == ["2024-01-01", "2024-01-02"]


def test_offsets_in_patterns(run):
    """%z reads offsets: of one kind as they are, of several on the calendar of tz."""
    pattern = "%d.%m.%Y %H:%M %z"
    same = [f"0{d}.01.2024 23:30 +0100" for d in (1, 3, 2)]
    with pytest.warns(TimeZoneWarning, match=r"counted in UTC\+01:00"):
        table = run(ordered_at=same, time_format=pattern)
    assert first_days(table) == ["2024-01-01", "2024-01-02"]
    mixed = [same[0], "03.01.2024 23:30 -0500", same[2]]
    with pytest.raises(DataError, match="different UTC offsets"):
        run(ordered_at=mixed, time_format=pattern)
    table = run(ordered_at=mixed, time_format=pattern, tz="Europe/Berlin")
    assert table["first_to_last_days"].tolist() == [3, 0]
    with pytest.raises(DataError, match="1 of 3 different texts"):
        run(ordered_at=[*same[:2], "2024"], time_format=pattern)


def refused(texts, **choices):
    """Return what is said of dates that cannot be read."""
    log = pd.DataFrame({"customer_id": 1, "ordered_at": texts, "amount": 5.0})
    with pytest.raises(DataError, match="cannot be read") as caught:
        summarize(log, as_of="2026-01-31", **choices)
    return str(caught.value)


@pytest.mark.parametrize("pattern", PATTERNS)
def test_the_pattern_in_the_hint_reads_the_column(pattern):
    """What the hint proposes can be copied, whether no pattern was given or one that reads none."""
    texts = [
        f" {pd.Timestamp(t).strftime(pattern)} " for t in ("2025-12-31 18:05:09", "2025-01-28")
    ]
    log = pd.DataFrame({"customer_id": 1, "ordered_at": texts, "amount": 5.0})
    said, choices = refused(texts, time_format="%d %Y"), {}
    if "leave time_format= out" not in said:
        assert said.splitlines()[1] == refused(texts).splitlines()[1]
        assert "Hint: Say" in said
        assert f'time_format="{pattern}"' in said
        choices = {"time_format": pattern}
    customers = summarize(log, as_of="2026-01-31", **choices)
    assert str(customers["last_order"].item().date()) == "2025-12-31"


@pytest.mark.parametrize(
    ("texts", "choices", "hint"),
    [
        (
            ["01/02/2025", "03/04/2025"],
            {},
            '="%d/%m/%Y" (day first) or time_format="%m/%d/%Y" (month',
        ),
        (["24/12/25", "24/12/26"], {}, '="%d/%m/%y" (day first) or time_format="%y/%m/%d" (year'),
        (
            [f"01/{d:02}/2025" for d in range(1, 21)],
            {"time_format": "%d/%m/%Y"},
            'Say the pattern: time_format="%m/%d/%Y".',
        ),
        (["2025-12-31", "2025-11-30 18:05"], {"time_format": "%d/%m/%Y"}, "leave time_format= out"),
        (["31/12/2025", "12/31/2025"], {}, "written in several ways"),
        ([*(f"{d}/01/2025" for d in range(10, 29)), "x"], {}, '="%d/%m/%Y" reads most of them'),
        (
            ["2025-01-31", "2025-02-28 18:05", "2025年2月3日"],
            {},
            'They are written as "%Y年%m月%d日"',
        ),
        (["2025-01-31", "2025-02-28 18:05", "see mail"], {}, "Correct them, or set them null."),
        (["31/01/2025", "28/02/2025", "30/02/2025"], {"time_format": "%d/%m/%Y"}, "Correct them"),
        (["1022025"], {}, "Use ISO dates"),
        (["soon", "later"], {}, "Use ISO dates"),
    ],
)
def test_the_hint_for_dates_as_text(texts, choices, hint):
    """What all texts say, then what most say; never a pattern that reads none of them rightly."""
    assert hint in refused(texts, **choices)


@pytest.mark.parametrize(
    ("texts", "choices"),
    [
        (["2025-01-31", None, "2025-02-30", "N/A", "2025-02-30", "2025-03-01"], {}),
        (
            ["31/01/2025", None, "2025-02-28", "", "2025-02-28", "1/2/2025"],
            {"time_format": "%d/%m/%Y"},
        ),
        ([20250131, None, 20250230, None, 20250230, 20250301], {"time_format": "yyyymmdd"}),
    ],
)
def test_where_the_few_are_is_told(texts, choices):
    """How many rows hold them, and the first of these."""
    assert "1 of 3 different" in refused(texts, **choices)
    assert ": 2 rows, the first is row 3, counted from 1." in refused(texts, **choices)


@pytest.mark.parametrize("offset", ["Z", "z", "+02:00", "-0500"])
def test_a_wrong_date_with_an_offset_is_refused(offset):
    """As any other wrong date, with and without tz=; and so is an offset that is none."""
    texts = [
        f"2024-02-30T10:00:00{offset}",
        f"2024-02-01T10:00:00{offset}",
        "2024-02-01T10:00+99:00",
    ]
    for choices in ({}, {"tz": "Europe/Berlin"}):
        assert "2 of 3 different texts" in refused(texts, **choices)


@pytest.mark.filterwarnings("ignore::layerwise.errors.TimeZoneWarning")
def test_a_small_z_is_utc(run):
    """RFC 3339 allows it."""
    assert first_days(run(ordered_at=["2024-01-01T23:30:00z"] * 3)) == ["2024-01-01"] * 2


def test_blanks_around_dates_mean_nothing(run):
    """A blank before the date is no sign that its day is an offset from UTC."""
    texts = [" 2024-01-05", "2024-02-01 ", " 2024-01-07 "]
    for choices in ({}, {"tz": "America/New_York"}):
        assert first_days(run(ordered_at=texts, **choices)) == ["2024-01-05", "2024-01-07"]
    texts = [" 05.01.2024", "01.02.2024 ", " 07.01.2024 "]
    assert first_days(run(ordered_at=texts, time_format="%d.%m.%Y")) == ["2024-01-05", "2024-01-07"]
