import datetime as dt
import subprocess
import sys
import warnings

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from layerwise import columns as c
from layerwise.datasets import load_cdnow, load_cdnow_summary, simulate_orders
from layerwise.errors import ColumnsError, DataError, RowsLeftOutWarning, SpecError, TimeZoneWarning
from layerwise.summary import calibration_holdout, check_orders, snapshots, summarize

DAYS = st.dates(dt.date(2024, 1, 1), dt.date(2024, 3, 31))
LINES = st.lists(st.tuples(st.integers(1, 4), DAYS, st.integers(1, 5000)), min_size=1, max_size=30)


def log(rows, names=("customer_id", "ordered_at", "amount")):
    table = pd.DataFrame(rows, columns=list(names))
    return table.assign(ordered_at=pd.to_datetime(table["ordered_at"], format="ISO8601"))


FIVE = log(
    [
        ("ann", "2024-01-05 09:00", 10.0),
        ("ann", "2024-01-05 18:00", 2.5),
        ("ann", "2024-03-05", 20.0),
        ("ann", "2024-03-15", 30.0),
        ("bob", "2023-01-01", 8.0),
        ("bob", "2024-02-01", 9.0),
        ("cid", "2024-03-31 23:59:59", 1.0),
    ]
)


def test_every_column_by_hand():
    """Three customers counted on paper, all columns in the order of MEANING."""
    table = summarize(FIVE, as_of="2024-03-31", gaps=True, window_days=(365, 30))
    day = pd.Timestamp
    expected = {
        "customer_id": ["ann", "bob", "cid"],
        "first_order": [day("2024-01-05"), day("2023-01-01"), day("2024-03-31")],
        "last_order": [day("2024-03-15"), day("2024-02-01"), day("2024-03-31")],
        "orders": [3, 2, 1],
        "repeat_orders": [2, 1, 0],
        "first_to_last_days": [70, 396, 0],
        "age_days": [86, 455, 0],
        "days_since_last": [16, 59, 0],
        "spend_total": [62.5, 17.0, 1.0],
        "spend_mean": [62.5 / 3, 8.5, 1.0],
        "spend_repeat_mean": [25.0, 9.0, np.nan],
        "orders_365d": [3, 1, 1],
        "spend_365d": [62.5, 9.0, 1.0],
        "orders_30d": [2, 0, 1],
        "spend_30d": [50.0, 0.0, 1.0],
        "gap_cv": [np.std([60, 10], ddof=1) / 35, np.nan, np.nan],
        "gap_log_mean": [(np.log(60) + np.log(10)) / 2, np.log(396), np.nan],
    }
    wanted = pd.DataFrame(expected)
    pd.testing.assert_frame_equal(table, wanted, check_dtype=False, check_exact=True)


@pytest.mark.parametrize(("grain", "gaps"), [("hour", [3.0, 11.125]), ("week", [7.0, 7.0])])
def test_gaps_are_days_in_every_grain(grain, gaps):
    """Three orders: by hours the gaps are fractions of days, by weeks whole weeks."""
    times = pd.to_datetime(["2024-01-05 01:00", "2024-01-08 01:00", "2024-01-19 04:00"])
    orders = pd.DataFrame({"customer_id": 1, "ordered_at": times, "amount": 1.0})
    table = summarize(orders, as_of="2024-02-29", grain=grain, gaps=True)
    assert table["gap_log_mean"][0] == pytest.approx(np.log(gaps).mean(), rel=1e-14)


def test_columns_are_those_that_columns_py_explains():
    """Every column but the windowed ones has its meaning written down, in that order."""
    table = summarize(FIVE, as_of="2024-03-31", gaps=True, window_days=())
    assert list(table) == [name for name in c.MEANING if name in table]


def test_without_amounts_there_is_no_spend():
    """amount=None counts orders only and needs no such column."""
    table = summarize(FIVE.drop(columns="amount"), as_of="2024-03-31", amount=None)
    assert not [name for name in table if name.startswith("spend")]
    assert table["orders"].tolist() == [3, 2, 1]


def test_names_of_lifetimes():
    """Who comes from lifetimes finds frequency, recency, T and monetary_value."""
    table = summarize(FIVE, as_of="2024-03-31", names="lifetimes").set_index("customer_id")
    assert table.loc["ann", ["frequency", "recency", "T", "monetary_value"]].tolist() == [
        2,
        70,
        86,
        25.0,
    ]


def test_input_and_index_stay_as_they_are():
    """The log is not changed, and its index does not matter."""
    before = FIVE.copy(deep=True)
    odd = FIVE.set_axis([7] * len(FIVE))
    pd.testing.assert_frame_equal(
        summarize(odd, as_of="2024-03-31"), summarize(FIVE, as_of="2024-03-31")
    )
    pd.testing.assert_frame_equal(FIVE, before)


@pytest.mark.parametrize("names", [("first", "T", "count"), ("index", "a b", ""), (0, 1, 2)])
def test_any_column_names_will_do(names):
    """Names that pandas uses itself, blanks and numbers are names like others."""
    odd = FIVE.set_axis(list(names), axis=1)
    roles = dict(zip(("customer", "time", "amount"), names, strict=True))
    pd.testing.assert_frame_equal(
        summarize(odd, as_of="2024-03-31", **roles), summarize(FIVE, as_of="2024-03-31")
    )


def test_refunds_of_the_day_are_netted():
    """A refund on the day lowers the order; one that eats it up removes it."""
    rows = [("a", "2024-01-01", 10.0), ("a", "2024-01-01", -4.0)]
    rows += [("a", "2024-01-02", 5.0), ("a", "2024-01-02", -5.0), ("b", "2024-01-03", -1.0)]
    with pytest.warns(RowsLeftOutWarning) as caught:
        table = summarize(log(rows), as_of="2024-01-31")
    assert table[["customer_id", "orders", "spend_total"]].to_numpy().tolist() == [["a", 1, 6.0]]
    message = str(caught[0].message)
    assert "3 of 5 rows (60.00%)" in message
    assert "3 rows in 2 orders whose net amount is not above zero" in message
    assert "1 customers have no purchase left" in message


def test_a_later_refund_nets_its_order():
    """With order ids a refund finds its order weeks later; the order keeps its first day."""
    names = ("customer_id", "ordered_at", "amount", "order_id")
    rows = [("a", "2024-01-01", 10.0, 1), ("a", "2024-02-01", -4.0, 1), ("a", "2024-01-20", 3.0, 2)]
    table = summarize(log(rows, names), as_of="2024-03-01", order="order_id")
    assert table["spend_total"].tolist() == [9.0]
    assert table["last_order"].tolist() == [pd.Timestamp("2024-01-20")]
    assert table["spend_repeat_mean"].tolist() == [3.0]


def test_order_ids_belong_to_their_customer():
    """Two tills that number from 1 do not mix the orders of two customers."""
    names = ("customer_id", "ordered_at", "amount", "order_id")
    rows = [("a", "2024-01-01", 10.0, 1), ("b", "2024-01-05", 4.0, 1), ("a", "2024-01-09", 1.0, 1)]
    table = summarize(log(rows, names), as_of="2024-03-01", order="order_id")
    assert table["orders"].tolist() == [1, 1]
    assert table["spend_total"].tolist() == [11.0, 4.0]


def test_rounding_is_no_purchase():
    """0.1 + 0.2 - 0.3 is nothing, and so is a third and a seventh less their sum."""
    for amounts in ([0.1, 0.2, -0.3], [1 / 3, 1 / 7, -(1 / 3 + 1 / 7)]):
        rows = [("a", "2024-01-01", amount) for amount in amounts] + [("b", "2024-01-01", 1.0)]
        with pytest.warns(RowsLeftOutWarning, match="3 rows in 1 orders"):
            assert summarize(log(rows), as_of="2024-01-31")["customer_id"].tolist() == ["b"]


def test_weeks_start_on_monday():
    """Sunday and Monday are two weeks; results are seven days times weeks."""
    rows = [("a", "2024-03-10", 1.0), ("a", "2024-03-11", 1.0), ("a", "2024-03-17", 1.0)]
    table = summarize(log(rows), as_of="2024-03-24", grain="week", window_days=14)
    assert table["orders"].tolist() == [2]
    assert table["first_to_last_days"].tolist() == [7]
    assert table["days_since_last"].tolist() == [7]
    assert table["orders_14d"].tolist() == [1]
    assert table["last_order"].tolist() == [pd.Timestamp("2024-03-11")]


def test_hours_are_fractions_of_days():
    """By hours, two orders of one day are two occasions."""
    rows = [("a", "2024-03-10 09:59", 1.0), ("a", "2024-03-10 10:00", 1.0)]
    table = summarize(log(rows), as_of="2024-03-10", grain="hour")
    assert table["orders"].tolist() == [2]
    assert table["first_to_last_days"].tolist() == [1 / 24]
    assert table["days_since_last"].tolist() == [13 / 24]
    with pytest.warns(RowsLeftOutWarning, match="1 rows dated after as_of"):
        assert (
            summarize(log(rows), as_of=dt.datetime(2024, 3, 10, 9), grain="hour")["orders"][0] == 1
        )


def test_a_window_of_w_days_holds_what_is_less_than_w_days_old():
    """orders_365d >= 1 exactly where days_since_last < 365."""
    rows = [("a", "2023-01-01", 1.0), ("b", "2023-01-02", 1.0)]
    table = summarize(log(rows), as_of="2024-01-01")
    assert table["days_since_last"].tolist() == [365, 364]
    assert table["orders_365d"].tolist() == [0, 1]


@given(LINES, st.randoms(), st.sampled_from(["day", "week", "hour"]))
def test_row_order_and_lines_do_not_matter(lines, random, grain):
    """Shuffling the log and splitting each order in two lines change nothing."""
    whole = log([(who, day, cents / 100) for who, day, cents in lines])
    split = [(who, day, part / 100) for who, day, n in lines for part in (n // 3, n - n // 3)]
    random.shuffle(split)
    choices = {"as_of": "2024-04-01", "grain": grain, "gaps": True}
    pd.testing.assert_frame_equal(
        summarize(whole, **choices), summarize(log(split), **choices), check_exact=True
    )


@given(LINES)
def test_agrees_with_a_plain_groupby(lines):
    """Counts, dates and sums are those of a slow and simple reckoning."""
    orders = log([(who, day, cents / 100) for who, day, cents in lines])
    table = summarize(orders, as_of="2024-04-01", window_days=(30, 365)).set_index("customer_id")
    for who, rows in orders.groupby("customer_id"):
        days = rows.groupby("ordered_at")["amount"].sum().round(2)
        age = pd.Timestamp("2024-04-01") - days.index
        got = table.loc[who]
        assert (got["orders"], got["first_order"], got["last_order"]) == (
            len(days),
            days.index.min(),
            days.index.max(),
        )
        assert got["spend_total"] == pytest.approx(days.sum(), abs=1e-9)
        assert got["orders_30d"] == (age.days < 30).sum()
        assert got["spend_30d"] == pytest.approx(days[age.days < 30].sum(), abs=1e-9)
        if len(days) > 1:
            assert got["spend_repeat_mean"] == pytest.approx(days.iloc[1:].mean(), abs=1e-9)


def test_many_rows_take_the_same_way():
    """Logs above the size where counting sorts begin give what their halves give."""
    orders = simulate_orders(200_000, seed=3)
    assert len(orders) > 2**18
    whole = summarize(orders, as_of="2024-12-31")
    half = orders["customer_id"] < 100_000
    parts = [summarize(orders[part], as_of="2024-12-31") for part in (half, ~half)]
    pd.testing.assert_frame_equal(whole, pd.concat(parts, ignore_index=True), check_exact=True)


def test_cdnow_is_the_published_table():
    """The raw sample summarised gives the table of the literature, to the day."""
    table = summarize(
        load_cdnow()[lambda d: d["ordered_at"] <= "1997-09-30"], as_of="1997-09-30", amount=None
    )
    published = load_cdnow_summary()
    pd.testing.assert_frame_equal(table[list(published)], published, check_dtype=False)


def test_cdnow_holdout_has_1882_repeat_transactions():
    """39 weeks to fit, 39 to judge, as in Fader, Hardie and Lee (2005)."""
    table = calibration_holdout(load_cdnow(), split="1997-09-30", end="1998-06-30", amount=None)
    assert len(table) == 2357
    assert table["holdout_orders"].sum() == 1882
    assert set(table["holdout_days"]) == {39 * 7}


LIFETIMES = """
import sys, warnings
warnings.simplefilter("ignore")
import pandas as pd
from lifetimes.utils import summary_data_from_transaction_data as lifetimes
orders = pd.read_csv(sys.argv[1], parse_dates=["ordered_at"])
columns = "customer_id", "ordered_at", "amount"
found = lifetimes(orders, *columns, observation_period_end=sys.argv[2], freq=sys.argv[3])
found.to_csv(sys.argv[4])
"""


@pytest.mark.parametrize(("freq", "grain", "days"), [("D", "day", 1), ("W", "week", 7)])
def test_agrees_with_lifetimes(tmp_path, freq, grain, days):
    """The same counts as the reference, which runs apart: it changes pandas when imported."""
    orders = load_cdnow()[lambda d: d["amount"] > 0]
    orders.to_csv(tmp_path / "log.csv", index=False)
    # A Sunday, so that lifetimes' last week ends where ours does.
    command = [sys.executable, "-c", LIFETIMES, tmp_path / "log.csv", "1998-07-05", freq]
    subprocess.run([*command, tmp_path / "out.csv"], check=True)  # noqa: S603 - our own code
    theirs = pd.read_csv(tmp_path / "out.csv").set_index("customer_id")
    ours = summarize(orders, as_of="1998-07-05", grain=grain, names="lifetimes")
    ours = ours.set_index("customer_id")
    assert (ours["frequency"] == theirs["frequency"]).all()
    assert (ours["recency"] == theirs["recency"] * days).all()
    assert (ours["T"] == theirs["T"] * days).all()
    money = ours["monetary_value"].fillna(0)
    np.testing.assert_allclose(money, theirs["monetary_value"], rtol=1e-12)


def test_holdout_by_hand():
    """Occasions in (split, end] of the customers known at the split."""
    rows = [("a", "2024-01-31", 1.0), ("a", "2024-02-01", 2.0), ("a", "2024-02-29", 4.0)]
    rows += [("a", "2024-03-01", 8.0), ("b", "2024-01-01", 1.0), ("c", "2024-02-02", 1.0)]
    table = calibration_holdout(log(rows), split="2024-01-31", end="2024-02-29")
    assert table["customer_id"].tolist() == ["a", "b"]
    assert table["orders"].tolist() == [1, 1]
    assert table["holdout_orders"].tolist() == [2, 0]
    assert table["holdout_spend"].tolist() == [6.0, 0.0]
    assert table["holdout_days"].tolist() == [29, 29]


def test_holdout_orders_belong_to_their_first_line():
    """A refund of an order before the split counts in neither period, and is told of."""
    names = ("customer_id", "ordered_at", "amount", "order_id")
    rows = [
        ("a", "2024-01-01", 10.0, 1),
        ("a", "2024-02-01", -10.0, 1),
        ("a", "2024-02-02", 3.0, 2),
    ]
    choices = {"split": "2024-01-31", "end": "2024-02-09", "order": "order_id"}
    told = r"1 of 3 rows \(33.33%\) .*left out:\n  1 rows dated after split, of orders that began"
    with pytest.warns(RowsLeftOutWarning, match=told):
        table = calibration_holdout(log(rows, names), **choices)
    assert table["spend_total"].tolist() == [10.0]
    assert table["holdout_orders"].tolist() == [1]
    assert table["holdout_spend"].tolist() == [3.0]


def test_end_comes_after_split():
    """A holdout without days is refused."""
    with pytest.raises(SpecError, match="end is not after split"):
        calibration_holdout(FIVE, split="2024-01-31", end="2024-01-31")


def test_snapshots_are_the_summaries_stacked():
    """Each date gives what summarize gives, and later rows are no news."""
    dates = ["2024-01-31", "2024-03-31", "2022-01-01"]
    table = snapshots(FIVE, as_of=dates)
    assert next(iter(table)) == "as_of"
    for date in dates[:2]:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", RowsLeftOutWarning)
            alone = summarize(FIVE, as_of=date)
        part = table[table["as_of"] == date].drop(columns="as_of").reset_index(drop=True)
        pd.testing.assert_frame_equal(part, alone)
    assert table["as_of"].nunique() == 2


def test_snapshots_need_dates():
    """No date, or one twice, is refused."""
    for dates in ([], ["2024-01-01", dt.date(2024, 1, 1)]):
        with pytest.raises(SpecError, match="one or more dates"):
            snapshots(FIVE, as_of=dates)


def test_progress_shows_a_bar(capsys):
    """The steps of a summary and the dates of snapshots move a bar on the error stream."""
    summarize(FIVE, as_of="2024-03-31", progress=True)
    snapshots(FIVE, as_of=["2024-03-31"], progress=True)
    assert "summarize" in (shown := capsys.readouterr().err)
    assert "snapshots" in shown


@pytest.mark.parametrize("table", [FIVE.iloc[:0], pd.DataFrame(columns=FIVE.columns)])
def test_an_empty_log_is_refused(table):
    """There is nothing to count in no rows."""
    with pytest.raises(DataError, match="no rows"):
        summarize(table, as_of="2024-03-31")


def test_one_row_is_one_customer():
    """The smallest log there is."""
    table = summarize(FIVE.iloc[:1], as_of="2024-01-05", gaps=True)
    assert table[["orders", "age_days", "spend_total"]].to_numpy().tolist() == [[1, 0, 10.0]]


def test_missing_columns_are_all_named():
    """One error names all of them and what is there."""
    with pytest.raises(ColumnsError) as error:
        summarize(FIVE[["amount"]], as_of="2024-03-31", order="order_id")
    message = str(error.value)
    for part in ("customer_id   (customer=)", "ordered_at   (time=)", "order_id   (order=)"):
        assert part in message
    assert "Found: amount." in message


def test_unclear_column_names_are_refused():
    """Names that stand twice, names of several levels, and what is no frame at all."""
    twice = FIVE.set_axis(["customer_id", "ordered_at", "ordered_at"], axis=1)
    levels = FIVE.set_axis(pd.MultiIndex.from_product([["x"], FIVE.columns]), axis=1)
    for table, words in ((twice, "more than once"), (levels, "2 levels"), ([1], "list")):
        with pytest.raises(ColumnsError, match=words):
            summarize(table, as_of="2024-03-31")


def test_impossible_choices_are_all_named():
    """Grain, names, zone, windows, format and roles in one error."""
    with pytest.raises(SpecError) as error:
        summarize(
            FIVE,
            as_of="2024-03-31",
            grain="month",
            names="x",
            tz="Nowhere/X",
            window_days=[7, 7],
            time_format="foo",
            gaps="x",
            order="amount",
        )
    for word in ("grain=", "names=", "tz=", "window_days", "time_format=", "gaps=", "same column"):
        assert word in str(error.value)


@pytest.mark.parametrize(
    "as_of",
    ["01/02/2024", "2024", "now", None, 20240331, pd.NaT, float("nan"), True, ["2024-03-31"]],
)
def test_as_of_is_one_clear_date(as_of):
    """What could mean several days, or none, is refused."""
    with pytest.raises(SpecError, match="as_of is not one date"):
        summarize(FIVE, as_of=as_of)


@pytest.mark.parametrize(
    "as_of",
    [
        dt.date(2024, 3, 31),
        dt.datetime(2024, 3, 31, 5),
        np.datetime64("2024-03-31"),
        pd.Timestamp("2024-03-31"),
        "2024-03-31T08:00",
    ],
)
def test_as_of_is_a_whole_day(as_of):
    """Whatever names a day includes that day to its end."""
    assert summarize(FIVE, as_of=as_of)["customer_id"].tolist() == ["ann", "bob", "cid"]


def test_as_of_in_a_zone_needs_times_in_a_zone():
    """A point in time is no local day of a log without zones."""
    with pytest.raises(SpecError, match="has a time zone"):
        summarize(FIVE, as_of=pd.Timestamp("2024-03-31", tz="UTC"))
    aware = FIVE.assign(ordered_at=FIVE["ordered_at"].dt.tz_localize("UTC"))
    late = pd.Timestamp("2024-03-31 23:30", tz="UTC")
    assert summarize(aware, as_of=late, tz="Asia/Tokyo")["days_since_last"].min() == 0


def test_the_holdout_adds_up_its_refunds_too():
    """Refunds on their own day after the split are in the notice."""
    rows = [("a", "2024-01-01", 9.0), ("a", "2024-02-01", 9.0), ("a", "2024-02-03", -4.0)]
    with pytest.warns(RowsLeftOutWarning, match=r"-4 in total \(22\.2% of spend\)"):
        calibration_holdout(log(rows), split="2024-01-31", end="2024-02-05")


@given(LINES, st.randoms())
def test_what_came_back_does_not_depend_on_row_order(lines, random):
    """Purchases and what is taken off nothing add up to the log, however its rows are sorted."""
    signed = [(who, day, amount / 300 - 6) for who, day, amount in lines]
    check = check_orders(log(signed), as_of="2024-03-31")
    total = sum(amount for _, _, amount in signed)
    assert check.spend + check.refund_total == pytest.approx(total, abs=1e-9)
    random.shuffle(signed)
    assert check_orders(log(signed), as_of="2024-03-31") == check


def test_every_way_to_count_tells_of_utc():
    """Holdouts and snapshots count days too, each with one warning; check_orders prints it."""
    aware = FIVE.assign(ordered_at=FIVE["ordered_at"].dt.tz_localize("UTC"))
    with pytest.warns(TimeZoneWarning) as held:
        calibration_holdout(aware, split="2024-02-15", end="2024-03-31")
    with pytest.warns(TimeZoneWarning) as stacked:
        snapshots(aware, as_of=["2024-01-31", "2024-03-31"])
    assert [w.filename for w in (*held, *stacked)] == [__file__] * 2
    assert "days are counted in UTC" in str(check_orders(aware, as_of="2024-03-31"))


def test_mixed_currencies_are_refused():
    """Euros and dollars are not added; one currency is fine; a missing one is unknown."""
    for currencies, words in ((["EUR", "USD"], "several"), (["EUR", None], "1 rows without one")):
        orders = FIVE.iloc[:2].assign(currency=currencies)
        with pytest.raises(DataError, match=words):
            summarize(orders, as_of="2024-03-31", currency="currency")
    one = FIVE.assign(currency="EUR")
    assert len(summarize(one, as_of="2024-03-31", currency="currency")) == 3


def test_the_notice_counts_each_row_once_and_points_here():
    """A row with several faults counts under the first; the warning names this file."""
    rows = [
        (None, None, 1.0),
        ("a", None, None),
        ("a", "2024-01-01", None),
        ("a", "2024-01-02", 1.0),
    ]
    orders = pd.concat([log(rows), log([("a", "2025-01-01", 1.0)])])
    with pytest.warns(RowsLeftOutWarning) as caught:
        summarize(orders, as_of="2024-12-31")
    assert len(caught) == 1
    assert caught[0].filename == __file__
    for text in ("4 of 5 rows (80.00%)", "1 rows without a customer id", "1 rows without a time"):
        assert text in str(caught[0].message)
    for text in ("1 rows without an amount", "1 rows dated after as_of"):
        assert text in str(caught[0].message)


def test_nothing_left_is_an_error_with_the_counts():
    """An empty customer table would hide what went wrong."""
    for amount, words in ((-1.0, "7 rows in"), (np.nan, "7 rows without an amount")):
        with pytest.raises(DataError, match=rf"None of the 7 rows(.|\n)*{words}"):
            summarize(FIVE.assign(amount=amount), as_of="2024-12-31")


def test_a_log_that_begins_later_says_when(engine):
    """Not "0 rows": all of them came later, and the hint names the first day."""
    orders = engine.make(FIVE)
    first = FIVE["ordered_at"].min().date()
    with pytest.raises(DataError, match=rf"All 7 rows .* after as_of \(first {first}\)"):
        summarize(orders, as_of="2020-01-01")
    with pytest.raises(DataError, match=rf"after split \(first {first}\).\nHint: Give a later"):
        calibration_holdout(orders, split="2020-01-01", end="2024-03-31")
    if not engine.lazy:
        with pytest.raises(DataError, match=f"All 7 rows .*first {first}"):
            snapshots(orders, as_of=["2019-01-01", "2020-01-01"])
    assert check_orders(orders, as_of="2020-01-01").first_later == first


def test_rows_that_fail_for_other_reasons_than_the_split_are_told():
    """One row without an id, the rest after the split."""
    orders = FIVE.assign(customer_id=[None, *FIVE["customer_id"][1:]])
    with pytest.raises(DataError, match=r"None of the 7(.|\n)*1 rows without(.|\n)*after split"):
        calibration_holdout(orders, split="2020-01-01", end="2024-03-31")


def test_check_orders_counts_without_warning():
    """The counts of the notice, and the equal rows that are used."""
    rows = [("a", "2024-01-01", 1.0), ("a", "2024-01-01", 1.0), (None, "2024-01-01", 1.0)]
    check = check_orders(log([*rows, ("b", "2024-01-02", -2.0)]), as_of="2024-01-31")
    assert (check.rows, check.used, check.customers, check.left_out) == (4, 2, 1, 2)
    assert (check.null_customer, check.refunded_orders, check.duplicate_rows) == (1, 1, 1)
    assert check.customers_without_purchase == 1
    assert (check.first_order, check.last_order) == (dt.date(2024, 1, 1), dt.date(2024, 1, 1))
    assert "2 of 4 rows used" in str(check)


def test_check_orders_counts_a_useless_log_too():
    """What summarize refuses is counted here."""
    check = check_orders(FIVE, as_of="2020-01-01")
    assert (check.used, check.after_as_of, check.first_order) == (0, 7, None)
    assert (check.last_order, check.last_row) == (None, None)


def test_arrays_that_cannot_be_written_will_do():
    """Read-only and strided columns are read in place."""
    frozen = {name: np.array(FIVE[name]) for name in ("ordered_at", "amount")}
    frozen["customer_id"] = np.arange(14)[::2]
    for array in frozen.values():
        array.setflags(write=False)
    table = summarize(pd.DataFrame(frozen, copy=False), as_of="2024-03-31")
    assert table["customer_id"].tolist() == [0, 2, 4, 6, 8, 10, 12]


def test_choices_of_wrong_types_are_refused():
    """Fractions and text are no windows, and a list names no column."""
    for days in (1.5, "365", True, [30, 0], [7.0]):
        with pytest.raises(SpecError, match="window_days"):
            summarize(FIVE, as_of="2024-03-31", window_days=days)
    with pytest.raises(SpecError, match="a list is no column name"):
        summarize(FIVE, as_of="2024-03-31", customer=["customer_id"])


def test_roles_that_must_be_there():
    """Customer and time name columns; both are told."""
    with pytest.raises(SpecError, match=r"customer=None(.|\n)*time=None(.|\n)*Hint:"):
        summarize(FIVE, as_of="2024-03-31", customer=None, time=None)


@pytest.mark.parametrize("as_of", [None, 3, dt.date(2024, 3, 31)])
def test_snapshots_of_one_date_or_of_none(as_of):
    """One date is a list of one; what is no date is refused."""
    if isinstance(as_of, dt.date):
        assert len(snapshots(FIVE, as_of=as_of)) == 3
        return
    with pytest.raises(SpecError, match=r"as_of is not one date(.|\n)*Hint:"):
        snapshots(FIVE, as_of=as_of)


def test_unknown_choices_are_named_with_what_was_meant():
    """Nobody sees the name of a class of ours; near misses get a suggestion."""
    with pytest.raises(SpecError, match=r"foo=\nHint: there are customer, time") as error:
        check_orders(FIVE, as_of="2024-03-31", foo=1)
    assert "did you mean" not in str(error.value)
    with pytest.raises(SpecError, match=r"custmer= \(did you mean customer=\?\)"):
        calibration_holdout(FIVE, split="2024-02-15", end="2024-03-31", custmer="x")
