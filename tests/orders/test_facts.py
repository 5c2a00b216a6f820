"""What a lazy log is asked before it is counted."""

import datetime as dt

import duckdb
import narwhals.stable.v2 as nw
import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from layerwise.errors import ColumnsError, DataError, RowsLeftOutWarning
from layerwise.orders.amounts import LARGEST, SCALES
from layerwise.orders.facts import gather
from layerwise.orders.reasons import prepare
from layerwise.orders.request import UNIX_DAY, make_request
from layerwise.summary import summarize

BASE = duckdb.connect()  # not the default connection, and open as long as its relations


def facts_of(log, **choices):
    """Return the facts of a Polars frame as of 2024-12-31."""
    request = make_request(customer="customer_id", time="ordered_at", amount="amount", **choices)
    last = dt.date(2024, 12, 31).toordinal() - UNIX_DAY
    table = nw.from_native(log.lazy())
    return gather(prepare(table, request, last), request, table.collect_schema()["amount"])


def amounts_log(amounts):
    """Return a log of one day with these amounts."""
    n = len(amounts)
    days = [dt.datetime(2024, 5, 1)] * n
    return pl.DataFrame({"customer_id": range(n), "ordered_at": days, "amount": amounts})


def test_every_row_is_counted_once_under_its_first_reason():
    """A row without customer and date counts as one without customer; the ends are of used rows."""
    months = [None, 1, None, 2, 3, 13, 14]
    log = pl.DataFrame(
        {
            "customer_id": [None, None, 3, 3, 4, 5, 6],
            "ordered_at": [m and dt.datetime(2024 + m // 13, (m - 1) % 12 + 1, 1) for m in months],
            "amount": [1.0, None, None, None, 2.5, 9.0, -7.0],
        }
    )
    found = facts_of(log)
    assert found.counts == {
        "null_customer": 2,
        "null_order": 0,
        "null_time": 1,
        "null_amount": 1,
        "after_as_of": 2,
        "rows": 7,
    }
    assert found.left_out == 6
    day = dt.date(2024, 3, 1).toordinal() - UNIX_DAY
    assert (found.first, found.last) == (day, day)
    assert found.later == dt.date(2025, 1, 1).toordinal() - UNIX_DAY
    # Refunds and sizes of later rows count: the holdout reads them too.
    assert (found.lowest, found.total, found.scale) == (-7.0, 18.5, 100)


def first_scale(amounts):
    """Return the first scale at which all amounts are whole, each scale tried on all amounts."""
    for scale in SCALES:
        if all((x * scale + 0.5) // 1 / scale == x for x in amounts):
            return scale if sum(map(abs, amounts)) * scale < LARGEST else None
    return None


MONEY = st.one_of(
    st.integers(-(10**6), 10**6).map(float),
    *(st.integers(-(10**9), 10**9).map(lambda n, s=s: n / s) for s in SCALES),
    st.floats(-1e15, 1e15, allow_nan=False),
)


@settings(max_examples=60, deadline=None)
@given(st.lists(MONEY, min_size=1, max_size=6))
def test_the_scale_is_the_first_that_holds_all_amounts(amounts):
    """Each row names the scale it needs, and the largest of these is what one by one would find."""
    assert facts_of(amounts_log(amounts)).scale == first_scale(amounts)


@pytest.mark.parametrize(
    ("amounts", "scale"),
    [([1.0, 2.0], 1), ([1.0, 0.25], 100), ([0.0001, 3.0], 10_000), ([1 / 3], None), ([4e14], 1)],
    ids=str,
)
def test_scales_by_hand(amounts, scale):
    """Whole, cents, hundredths of cents, none; large ones whose cents are not exact."""
    assert facts_of(amounts_log(amounts)).scale == scale


def test_whole_numbers_need_no_scale():
    """The type says it."""
    assert facts_of(amounts_log([1, 2])).scale == 1


@pytest.mark.parametrize("grain", ["day", "week", "hour"])
@pytest.mark.parametrize(
    "date", ["20000-01-01", "0044-03-15 (BC)", "infinity", "-infinity"], ids=str
)
def test_dates_beyond_the_calendar_are_refused(grain, date):
    """DuckDB has years that Python has not, and infinite times."""
    log = BASE.sql(
        """select * from (values (1, timestamp '2023-01-05', 5.0), (2, $1::timestamp, 4.0))
        as t(customer_id, ordered_at, amount)""",
        params=[date],
    )
    with pytest.raises(DataError, match="ordered_at: 1 of 2 dates are outside the years 1 to 9999"):
        summarize(log, as_of="2023-12-31", grain=grain)


@pytest.mark.parametrize("grain", ["day", "week", "hour"])
@pytest.mark.parametrize("year", [1, 9999])
def test_the_ends_of_the_calendar_are_dates(grain, year):
    """The first and the last day can be counted; a window may begin before the first."""
    ends = [dt.datetime(year, 1, 1), dt.datetime(year, 12, 31)]
    log = pl.LazyFrame({"customer_id": [1, 1], "ordered_at": ends, "amount": [1.0, 2.0]})
    found = summarize(log, as_of=ends[1].date(), grain=grain, window_days=3000).collect()
    assert found["first_order"].to_list() == [ends[0].date()]
    assert found["orders_3000d"].to_list() == [2]


LAZY = {"polars": lambda log: log.lazy(), "duckdb": lambda log: BASE.from_arrow(log.to_arrow())}


@pytest.mark.parametrize("engine", LAZY)
def test_a_far_date_of_a_row_without_id_is_refused_too(engine):
    """As in memory, where dates are read before rows are left out; a missing one is not far."""
    dates = [dt.date(9999, 12, 31), None, dt.date(2024, 1, 1), dt.date(2024, 1, 2)]
    log = pl.DataFrame(
        {"customer_id": [None, None, 2, 3], "ordered_at": dates, "amount": [1.0, 2.0, 3.0, 4.0]}
    )
    with pytest.warns(RowsLeftOutWarning, match="2 rows without a customer id"):
        summarize(LAZY[engine](log), as_of="2024-01-31")
    far = log.with_columns(pl.col("ordered_at") + pl.duration(days=1))
    with pytest.raises(DataError, match="1 of 4 dates are outside"):
        summarize(LAZY[engine](far), as_of="2024-01-31")


@pytest.mark.parametrize("engine", LAZY)
def test_one_currency_and_none_is_called_so(engine):
    """Also where all rows of a reason have none."""
    log = pl.DataFrame(
        {
            "customer_id": [None, 2],
            "ordered_at": [dt.date(2024, 1, 1), dt.date(2024, 1, 2)],
            "amount": [1.0, 1.0],
            "currency": [None, "EUR"],
        }
    )
    with pytest.raises(DataError, match="one currency and 1 rows without one"):
        summarize(LAZY[engine](log), as_of="2024-01-31", currency="currency")


@pytest.mark.parametrize("make", [*LAZY.values(), lambda log: log], ids=[*LAZY, "in memory"])
def test_amounts_whose_sum_overflows_are_refused(make):
    """They are no infinite amounts, but cannot be added."""
    with pytest.raises(DataError, match="too large to be added"):
        summarize(make(amounts_log([1.7e308, 1.7e308])), as_of="2024-05-31")


@pytest.mark.parametrize("make", [*LAZY.values(), lambda log: log], ids=[*LAZY, "in memory"])
def test_halves_of_single_precision_go_up(make):
    """Between two cents float32 has halves, which all engines round alike."""
    log = amounts_log(np.array([131072.125, 1.0, 0.5], dtype=np.float32))
    found = nw.from_native(summarize(make(log), as_of="2024-05-31")).lazy().collect("polars")
    assert found.sort("customer_id")["spend_total"].to_list() == [131072.13, 1.0, 0.5]


@pytest.mark.parametrize(
    ("engine", "words"),
    [
        ("polars", r'str\.to_datetime\("%d/%m/%Y"\)'),
        ("duckdb", r"strptime\(ordered_at, '%d/%m/%Y'\)"),
    ],
)
def test_dates_as_text_are_made_by_their_form(engine, words):
    """The hint has the form that was given, as a guess may take the month for the day."""
    log = amounts_log([1.0]).with_columns(ordered_at=pl.lit("31/12/2024"))
    with pytest.raises(ColumnsError, match=words) as caught:
        summarize(LAZY[engine](log), as_of="2024-12-31", time_format="%d/%m/%Y")
    assert "time_format= has no effect" in str(caught.value)


@pytest.mark.parametrize("engine", LAZY)
def test_amounts_as_text_are_cast_in_the_query(engine):
    """The hint speaks of the engine, not of pandas."""
    log = amounts_log([1.0]).with_columns(amount=pl.lit("1.50"))
    with pytest.raises(ColumnsError, match=r"CAST\(amount AS DOUBLE\)"):
        summarize(LAZY[engine](log), as_of="2024-12-31")
