"""Every engine gives what numpy gives, to the last bit."""

import re
import warnings

import duckdb
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from layerwise.errors import (
    ColumnsError,
    DataError,
    EngineError,
    RowsLeftOutWarning,
    SpecError,
    TimeZoneWarning,
)
from layerwise.summary import calibration_holdout, check_orders, snapshots, summarize


def golden(text_ids=False):
    """Refunds, ties, same-day lines, leap days, week edges, missing values, single purchases."""
    rng = np.random.default_rng(20240229)
    n = 3000
    seconds = rng.integers(0, 800 * 86_400, n).astype("m8[s]")
    seconds[: n // 3] = (rng.integers(0, 60, n // 3) * 86_400).astype("m8[s]")
    table = pd.DataFrame(
        {
            "customer_id": rng.zipf(1.3, n) % 700,
            "ordered_at": np.datetime64("2023-12-25T00:00:00", "us") + seconds,
            "amount": rng.integers(-2000, 9000, n) / 100,
            "order_id": rng.integers(0, n // 2, n),
        }
    )
    table.loc[rng.integers(0, n, 25), "amount"] = np.nan
    table.loc[rng.integers(0, n, 25), "ordered_at"] = pd.NaT
    if text_ids:
        table["customer_id"] = [f"c{i}" if i % 5 else None for i in table["customer_id"]]
    return pd.concat([table, table.iloc[:40]], ignore_index=True)


def quietly(function, *args, **kwargs):
    """Return the result and the one notice."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        result = function(*args, **kwargs)
    (notice,) = caught
    assert notice.category is RowsLeftOutWarning
    return result, str(notice.message)


def equal(found, expected):
    """Whether two plain tables are equal, missing where missing, dates as dates."""
    assert list(found) == list(expected)
    for name in found:
        mine, theirs = found[name], expected[name]
        if name in ("first_order", "last_order"):
            mine, theirs = (pd.to_datetime(column).dt.date for column in (mine, theirs))
        missing = pd.isna(mine)
        assert (missing == pd.isna(theirs)).all(), name
        assert (mine[~missing] == theirs[~missing]).all(), name


CHOICES = [
    {},
    {"grain": "week", "window_days": [10, 90]},
    {"grain": "hour"},
    {"order": "order_id"},
    {"amount": None, "order": "order_id"},
    {"names": "lifetimes"},
]


@pytest.mark.parametrize("text_ids", [False, True])
@pytest.mark.parametrize("choices", CHOICES, ids=str)
def test_engines_agree(engine, choices, text_ids):
    """Counts, dates, money and the notice are the same on every engine."""
    log = golden(text_ids)
    expected, notice = quietly(summarize, log, as_of="2026-01-05", **choices)
    found, same = quietly(summarize, engine.make(log), as_of="2026-01-05", **choices)
    equal(engine.pandas(found), engine.pandas(expected))
    assert same == notice


@pytest.mark.parametrize("grain", ["hour", "day", "week"])
def test_cents_of_a_clean_log_are_whole(engine, grain):
    """Where nothing is left out the numbers are the same to the last bit too."""
    rng = np.random.default_rng(7)
    seconds = rng.integers(0, 700 * 86_400, 3000).astype("m8[s]")
    log = pd.DataFrame(
        {
            "customer_id": rng.integers(0, 400, 3000),
            "ordered_at": np.datetime64("2022-01-01", "us") + seconds,
            "amount": rng.integers(100, 20_000, 3000) / 100,
        }
    )
    expected = summarize(log, as_of="2023-12-05", grain=grain)
    found = summarize(engine.make(log), as_of="2023-12-05", grain=grain)
    equal(engine.pandas(found), engine.pandas(expected))


@pytest.mark.parametrize("grain", ["hour", "day", "week"])
def test_gaps_agree_or_are_refused(engine, grain):
    """Frames in memory give the same gaps to the last bit; lazy ones say to collect first."""
    log, choices = golden(), {"as_of": "2026-01-05", "grain": grain, "gaps": True}
    expected, _ = quietly(summarize, log, **choices)
    if engine.lazy:
        with pytest.raises(EngineError, match="Collect it first"):
            summarize(engine.make(log), **choices)
        return
    found, _ = quietly(summarize, engine.make(log), **choices)
    equal(engine.pandas(found), engine.pandas(expected))
    assert {"gap_cv", "gap_log_mean"} <= set(expected)


@pytest.mark.parametrize("choices", CHOICES[:4], ids=str)
def test_engines_agree_on_the_holdout(engine, choices):
    """The split gives the same table and the same notice on every engine."""
    log, dates = golden(), {"split": "2025-03-02", "end": "2025-12-31"}
    expected, notice = quietly(calibration_holdout, log, **dates, **choices)
    found, same = quietly(calibration_holdout, engine.make(log), **dates, **choices)
    equal(engine.pandas(found), engine.pandas(expected))
    assert same == notice


def test_nothing_after_the_split_is_zero(engine):
    """Rows of zero and less call for a look at the holdout, which may hold no row at all."""
    log = golden().query("ordered_at < '2024-06-01'")
    dates = {"split": "2024-05-31", "end": "2024-06-05"}
    expected, notice = quietly(calibration_holdout, log, **dates)
    found, same = quietly(calibration_holdout, engine.make(log), **dates)
    assert set(engine.pandas(found)["holdout_orders"]) == {0}
    equal(engine.pandas(found), engine.pandas(expected))
    assert same == notice


@pytest.mark.parametrize("choices", CHOICES[:4], ids=str)
def test_engines_agree_on_the_check(engine, choices):
    """All counts of the check are the same on every engine."""
    log = golden(text_ids=True)
    expected = check_orders(log, as_of="2025-06-30", **choices)
    assert check_orders(engine.make(log), as_of="2025-06-30", **choices) == expected
    assert expected.duplicate_rows >= 40


REFUNDS = [
    ("ann", "2024-01-05", 100.0, 1),
    ("ann", "2024-01-09", -30.0, 1),  # a day of its own; with order= it nets
    ("bob", "2024-01-05", 60.0, 2),
    ("bob", "2024-01-06", 10.5, 3),
    ("bob", "2024-01-06", -12.0, 4),  # the day is 1.50 below zero; an order of its own with order=
    ("bob", "2024-01-08", 5.0, 5),
    ("bob", "2024-01-08", -5.0, 5),  # taken off whole either way
]


@pytest.mark.parametrize(
    ("choices", "rows", "total", "spend", "words"),
    [
        ({}, 2, -31.5, 160.0, r"2 refund rows on days .* -31\.50 in total \(19\.7% of spend\)"),
        ({"order": "id"}, 1, -12.0, 140.5, r"1 refund rows in orders with nothing left, -12 in"),
        ({"amount": None}, 0, 0.0, 0.0, None),
    ],
)
def test_refunds_taken_off_nothing_are_added_up(engine, choices, rows, total, spend, words):
    """The notice says by how much spend is overstated, and what nets refunds, on every engine."""
    log = pd.DataFrame(REFUNDS, columns=["customer_id", "ordered_at", "amount", "id"])
    orders = engine.make(log.assign(ordered_at=pd.to_datetime(log["ordered_at"])))
    check = check_orders(orders, as_of="2024-01-31", **choices)
    assert (check.refund_rows, check.refund_total, check.spend) == (rows, total, spend)
    if words is None:
        assert "refund rows" not in str(check)
        return
    assert re.search(words, str(check))
    table, notice = quietly(summarize, orders, as_of="2024-01-31", **choices)
    assert engine.pandas(table)["spend_total"].sum() == spend
    assert re.search(words, notice)
    assert ("order= nets them against their order" in notice) == (choices == {})


def test_the_check_tells_purchases_from_rows(engine):
    """A refund after the last purchase is the last row, and a free order is no first purchase."""
    days = pd.to_datetime(["2023-12-29", "2024-01-05", "2024-02-07", "2024-03-09"])
    log = pd.DataFrame(
        {"customer_id": 1, "ordered_at": days, "amount": [0.0, 9.5, 3.5, -3.5], "id": [1, 2, 3, 4]}
    )
    for choices in ({}, {"order": "id"}, {"grain": "week"}, {"grain": "hour"}):
        check = check_orders(engine.make(log), as_of="2024-03-31", **choices)
        found = [str(day) for day in (check.first_order, check.last_order, check.last_row)]
        assert found == ["2024-01-05", "2024-02-07", "2024-03-09"]
    none = check_orders(engine.make(log.iloc[3:]), as_of="2024-03-31")
    assert (none.first_order, none.last_order, str(none.last_row)) == (None, None, "2024-03-09")


def test_the_frame_stays_of_its_kind(engine):
    """A pandas frame gives pandas, Polars gives Polars, a relation gives a relation."""
    log = engine.make(golden())
    found, _ = quietly(summarize, log, as_of="2026-01-05")
    assert type(found) is type(log)


def test_arrow_tables_and_chunks():
    """A chunked Arrow table gives an Arrow table with the same numbers."""
    log = golden(text_ids=True)
    table = pa.concat_tables(
        [pa.Table.from_pandas(log.iloc[part]) for part in (slice(9), slice(9, None))]
    )
    assert table["amount"].num_chunks == 2
    found, _ = quietly(summarize, table, as_of="2026-01-05")
    expected, _ = quietly(summarize, log, as_of="2026-01-05")
    equal(found.to_pandas(), expected)


def test_amounts_with_many_decimals_agree_closely(engine):
    """Amounts that are no decimals are added as floats in lazy engines."""
    log = golden().assign(amount=lambda d: d["amount"] / 7)
    expected, _ = quietly(summarize, log, as_of="2026-01-05")
    found, _ = quietly(summarize, engine.make(log), as_of="2026-01-05")
    mine, theirs = engine.pandas(found), engine.pandas(expected)
    assert mine["orders"].tolist() == theirs["orders"].tolist()
    for name in ("spend_total", "spend_mean", "spend_repeat_mean", "spend_365d"):
        np.testing.assert_allclose(mine[name].astype(float), theirs[name].astype(float), rtol=1e-11)


def test_large_totals_take_the_join(engine):
    """Amounts too large to be packed beside the day give the same by a join."""
    log = golden().assign(amount=lambda d: d["amount"] * 1e8)
    expected, _ = quietly(summarize, log, as_of="2026-01-05")
    found, _ = quietly(summarize, engine.make(log), as_of="2026-01-05")
    equal(engine.pandas(found), engine.pandas(expected))


def test_single_precision_cents_agree(engine):
    """12.05 as float32 is 12.05 in every engine."""
    log = golden().assign(amount=lambda d: d["amount"].astype("float32"))
    expected, _ = quietly(summarize, log, as_of="2026-01-05")
    found, _ = quietly(summarize, engine.make(log), as_of="2026-01-05")
    equal(engine.pandas(found), engine.pandas(expected))
    assert (expected["spend_total"].round(2) == expected["spend_total"]).all()


# Not the default connection, and open as long as its relations.
BASE = duckdb.connect()
LAZY = {
    "polars": lambda frame: pl.from_pandas(frame).lazy(),
    "duckdb": lambda frame: BASE.from_arrow(pl.from_pandas(frame).to_arrow()),
}


@pytest.fixture(params=list(LAZY))
def lazy(request):
    """Return a function that makes a lazy frame of one row-and-more log."""
    return lambda **columns: LAZY[request.param](golden().iloc[:5].assign(**columns))


def test_lazy_frames_do_what_they_can(lazy):
    """Gaps need rows in memory, and say so."""
    with pytest.raises(EngineError, match="gaps=True"):
        summarize(lazy(), as_of="2026-01-05", gaps=True)
    with pytest.raises(EngineError, match="gaps=True"):
        calibration_holdout(lazy(), split="2025-01-05", end="2026-01-05", gaps=True)
    with pytest.raises(EngineError, match="gaps=True"):
        snapshots(lazy(), as_of=["2026-01-05"], gaps=True)


@pytest.mark.parametrize("choices", CHOICES[:4], ids=str)
def test_engines_agree_on_snapshots(engine, choices):
    """Each date's table and the one notice are those of pandas; too early a date adds no rows."""
    log, dates = golden(text_ids=True), ["2025-12-31", "2020-01-01", "2024-06-30"]
    expected, notice = quietly(snapshots, log, as_of=dates, **choices)
    found, same = quietly(snapshots, engine.make(log), as_of=dates, **choices)
    mine, theirs = (engine.pandas(f, sort="none") for f in (found, expected))
    keys = ["as_of", "customer_id"]
    for table in (mine, theirs):
        table["as_of"] = pd.to_datetime(table["as_of"])
    equal(*(table.sort_values(keys, ignore_index=True) for table in (mine, theirs)))
    assert same == notice
    for wrong in ([], ["2024-06-30", "2024-06-30"]):
        with pytest.raises(SpecError, match="each once"):
            snapshots(engine.make(log), as_of=wrong, **choices)


@pytest.mark.parametrize(
    "columns",
    [
        {"ordered_at": "2024-01-01"},
        {"ordered_at": 20240101},
        {"amount": "12.05"},
        {"amount": True},
        {"customer_id": True},
        {"customer_id": pd.Timestamp("2024-01-01")},
    ],
    ids=str,
)
def test_lazy_frames_refuse_wrong_types(lazy, columns):
    """Text dates, numbers as dates, text and truth values as amounts or ids."""
    with pytest.raises(ColumnsError):
        summarize(lazy(**columns), as_of="2026-01-05")


@pytest.mark.parametrize(
    ("columns", "words"),
    [
        ({"amount": np.inf}, "5 of 5 amounts are infinite"),
        ({"amount": np.nan}, "None of the 5 rows"),
        ({"amount": -1.0}, "None of the 5 rows"),
        ({"customer_id": 2.0**53}, "ids are floats"),
        (
            {"ordered_at": pd.Timestamp("2030-01-01")},
            "All 5 rows .* dated after as_of",
        ),
    ],
    ids=str,
)
def test_lazy_frames_refuse_wrong_values(lazy, columns, words):
    """The one query over the log finds what numpy would."""
    with pytest.raises(DataError, match=words):
        summarize(lazy(**columns), as_of="2026-01-05")


def test_lazy_frames_refuse_mixed_currencies(lazy):
    """Two currencies, or one and none, are found in the query."""
    for currencies, words in ((list("EEEEU"), "several"), ([*"EEEE", None], "1 rows without")):
        with pytest.raises(DataError, match=words):
            summarize(lazy(currency=currencies), as_of="2026-01-05", currency="currency")


def test_lazy_frames_name_missing_columns(lazy):
    """The schema is asked, not the rows."""
    with pytest.raises(ColumnsError, match=r"revenue   \(amount=\)"):
        summarize(lazy(), as_of="2026-01-05", amount="revenue")


def test_lazy_hours_need_times():
    """A date column has no hours."""
    dates = pl.LazyFrame({"customer_id": [1], "amount": [1.0], "ordered_at": [1]})
    dates = dates.with_columns(pl.col("ordered_at").cast(pl.Date))
    with pytest.raises(ColumnsError, match="no hours"):
        summarize(dates, as_of="2026-01-05", grain="hour")


def test_lazy_polars_moves_times_to_the_shops_zone():
    """Polars can move zones in a query, and gives what numpy gives."""
    log = golden().assign(ordered_at=lambda d: d["ordered_at"].dt.tz_localize("UTC"))
    for tz in ("UTC", "Asia/Tokyo"):
        expected, _ = quietly(summarize, log, as_of="2026-01-05", tz=tz)
        found, _ = quietly(summarize, pl.from_pandas(log).lazy(), as_of="2026-01-05", tz=tz)
        equal(found.collect().to_pandas().sort_values("customer_id", ignore_index=True), expected)


def test_lazy_days_in_utc_are_told(engine):
    """The type of a column says that its times are in UTC; every engine that has such says so."""
    if engine.name == "duckdb":
        pytest.skip("DuckDB's aware times are refused")
    times = pd.to_datetime(["2024-01-01 20:00", "2024-01-02 09:00"])
    log = pd.DataFrame({"customer_id": [1, 1], "amount": [1.0, 2.0], "ordered_at": times})
    utc = engine.make(log.assign(ordered_at=times.tz_localize("UTC")))
    with pytest.warns(TimeZoneWarning, match="counted in UTC") as caught:
        summarize(utc, as_of="2024-01-31")
    assert [w.filename for w in caught] == [__file__]
    assert check_orders(utc, as_of="2024-01-31").clock == "UTC"
    assert check_orders(utc, as_of="2024-01-31", tz="Asia/Tokyo").clock is None
    named = engine.make(log.assign(ordered_at=times.tz_localize("Asia/Tokyo")))
    assert len(engine.pandas(summarize(named, as_of="2024-01-31"))) == 1


def test_zones_that_an_engine_cannot_move_are_refused():
    """DuckDB's aware times move with the session; the hint says how to make them local."""
    relation = BASE.sql(
        "select 1 customer_id, 1.0 amount, timestamptz '2024-02-29 23:00+00' ordered_at"
    )
    with pytest.raises(EngineError, match=r"timezone\('Europe/Berlin', ordered_at\)"):
        summarize(relation, as_of="2026-01-05")


@pytest.mark.parametrize("per_unit", [100, 10_000, 1_000_000])
def test_minor_units_are_found_in_a_clean_log(engine, per_unit):
    """Where all rows are used the reason is constant, and Polars divides badly by constants."""
    rng = np.random.default_rng(3)
    n = 2000
    minor = rng.integers(1, 90_000, n)
    days = pd.to_timedelta(rng.integers(0, 300, n), "D")
    log = pd.DataFrame({"customer_id": rng.integers(0, 300, n), "amount": minor / per_unit})
    log["ordered_at"] = pd.Timestamp("2024-01-01") + days
    found = engine.pandas(summarize(engine.make(log), as_of="2024-10-31"))
    totals = np.bincount(log["customer_id"], minor, 300)[found["customer_id"].astype(int)]
    visits = log.groupby("customer_id")["ordered_at"].nunique().to_numpy()
    assert found["spend_total"].tolist() == (totals / per_unit).tolist()
    assert found["spend_mean"].tolist() == (totals / (visits * per_unit)).tolist()


def test_names_of_lifetimes_without_amounts(engine):
    """The column of money is not renamed where there is none."""
    choices = {"as_of": "2026-01-05", "amount": None, "names": "lifetimes"}
    expected, _ = quietly(summarize, golden(), **choices)
    found, _ = quietly(summarize, engine.make(golden()), **choices)
    equal(engine.pandas(found), engine.pandas(expected))


def test_the_check_dates_a_week_by_its_first_order(engine):
    """Two orders of one week are one occasion, dated by the earlier, as in the summary."""
    days = pd.to_datetime(["2024-02-20", "2024-02-22", "2024-02-21"])
    log = pd.DataFrame({"customer_id": [1, 1, 2], "ordered_at": days, "amount": [5.0, 6.0, -1.0]})
    log["order_id"] = [1, 2, 3]
    choices = {"as_of": "2024-03-31", "grain": "week", "order": "order_id"}
    found = check_orders(engine.make(log), **choices)
    assert str(found.last_order) == "2024-02-20"
    assert (found.customers, found.refunded_orders, found.refunded_rows) == (1, 1, 1)
    assert found == check_orders(log, **choices)
