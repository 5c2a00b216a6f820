"""The two periods of a split are what each of them is by itself."""

import warnings

import numpy as np
import pandas as pd
import pytest

from layerwise.errors import DataError, RowsLeftOutWarning
from layerwise.orders.eager import _around
from layerwise.summary import calibration_holdout, summarize

SPLIT, END = "2024-07-03", "2025-01-31"  # a Wednesday: the week goes on after it
HELD = ["holdout_orders", "holdout_spend", "holdout_days"]


def log_of(seed, decimals=2, refunds=0.1):
    """Return a log with returns, strangers who come after the split, and rows after the end."""
    rng = np.random.default_rng(seed)
    n = 500
    hours = pd.to_timedelta(rng.integers(0, 24 * 420, n), "h")
    amount = np.round(rng.lognormal(2, 1, n), decimals) * np.where(rng.random(n) < refunds, -1, 1)
    customer = rng.integers(0, 80, n)
    when = pd.Timestamp("2024-01-01") + hours
    return pd.DataFrame({"customer_id": customer, "ordered_at": when, "amount": amount})


def quietly(function, *args, **choices):
    """Call without warnings."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return function(*args, **choices)


@pytest.mark.parametrize("grain", ["hour", "day", "week"])
@pytest.mark.parametrize("decimals", [2, 9], ids=["cents", "floats"])
@pytest.mark.parametrize("refunds", [0, 0.2])
def test_the_first_period_is_the_summary_as_of_the_split(grain, decimals, refunds):
    """To the last bit, with gaps and several windows."""
    log = log_of(1, decimals, refunds)
    choices = {"grain": grain, "gaps": True, "window_days": (30, 100)}
    both = quietly(calibration_holdout, log, split=SPLIT, end=END, **choices)
    alone = quietly(summarize, log, as_of=SPLIT, **choices)
    pd.testing.assert_frame_equal(both.drop(columns=HELD), alone, check_exact=True)


@pytest.mark.parametrize("grain", ["hour", "day", "week"])
@pytest.mark.parametrize("refunds", [0, 0.2])
def test_the_second_period_is_a_log_of_its_own(grain, refunds):
    """What each bought after the split is the summary of the later rows alone."""
    log = log_of(2, refunds=refunds)
    both = quietly(calibration_holdout, log, split=SPLIT, end=END, grain=grain)
    later = log[log["ordered_at"] >= pd.Timestamp(SPLIT) + pd.Timedelta(days=1)]
    alone = quietly(summarize, later, as_of=END, grain=grain).set_index("customer_id")
    alone = alone[["orders", "spend_total"]].reindex(both["customer_id"], fill_value=0)
    assert both["holdout_orders"].tolist() == alone["orders"].tolist()
    assert both["holdout_spend"].tolist() == alone["spend_total"].tolist()
    assert both["holdout_orders"].sum() > 0


def test_a_week_that_goes_on_after_the_split_is_two_occasions():
    """One on each side."""
    days = pd.to_datetime(["2024-07-01", "2024-07-03", "2024-07-04", "2024-07-07", "2024-07-08"])
    log = pd.DataFrame({"customer_id": 1, "ordered_at": days, "amount": [1.0, 2.0, 4.0, 8.0, 16.0]})
    both = calibration_holdout(log, split=SPLIT, end="2024-07-14", grain="week")
    row = both.iloc[0]
    assert (row["orders"], row["spend_total"]) == (1, 3)
    assert (row["holdout_orders"], row["holdout_spend"]) == (2, 28)


def test_one_half_of_a_week_does_not_pay_back_the_other():
    """A refund nets with the orders of its own side of the split."""
    days = pd.to_datetime(["2024-07-01", "2024-07-04"])
    log = pd.DataFrame({"customer_id": 1, "ordered_at": days, "amount": [5.0, -9.0]})
    both = quietly(calibration_holdout, log, split=SPLIT, end="2024-07-07", grain="week")
    assert both["spend_total"].tolist() == [5]
    assert both["holdout_spend"].tolist() == [0]


def test_the_notice_counts_the_rows_up_to_the_end(engine):
    """Refunds of the holdout are a share of both periods' rows; rows after the end are no news."""
    days = pd.to_datetime(["2024-06-01", "2024-07-05", "2024-07-06", "2024-07-07", "2024-09-09"])
    log = pd.DataFrame({"customer_id": [1, 2, 2, 2, 2], "ordered_at": days})
    log["amount"] = [5.0, -1.0, -1.0, -1.0, 3.0]
    with pytest.warns(RowsLeftOutWarning, match=r"^3 of 4 rows \(75.00%\) of the order log left"):
        calibration_holdout(engine.make(log), split=SPLIT, end="2024-07-10")


def test_the_lines_of_an_order_on_both_sides_are_counted(engine):
    """Its later lines count in neither period, whatever customer has an order of the same id."""
    days = ["2024-07-01", "2024-07-04", "2024-07-05", "2024-07-20", "2024-07-02", "2024-07-06"]
    log = pd.DataFrame({"customer_id": [1, 1, 1, 1, 2, 2], "ordered_at": pd.to_datetime(days)})
    log["amount"], log["id"] = [20.0, 30.0, -5.0, 7.0, 1.0, 9.0], [1, 1, 1, 1, 2, 1]
    with pytest.warns(RowsLeftOutWarning, match=r"^2 of 5 rows .*\n  2 rows dated after split, of"):
        both = calibration_holdout(engine.make(log), split=SPLIT, end="2024-07-10", order="id")
    table = engine.pandas(both).sort_values("customer_id")
    assert table["spend_total"].tolist() == [20, 1]
    assert table["holdout_spend"].tolist() == [0, 9]


def test_a_log_that_begins_after_the_split(engine):
    """The error says so, also where the holdout has orders."""
    log = pd.DataFrame({"customer_id": 1, "ordered_at": pd.to_datetime(["2024-07-05"])})
    log["amount"] = 5.0
    with pytest.raises(DataError, match=r"All 1 rows .* after split \(first 2024-07-05\)"):
        calibration_holdout(engine.make(log), split=SPLIT, end="2024-07-10")


@pytest.mark.parametrize(
    ("moments", "cut", "last", "first"),
    [
        ([3, 9, -5, 7], 7, 7, 9),
        ([3, 9, -5, 7], 8, 7, 9),
        ([-700_000, 2_900_000], 0, -700_000, 2_900_000),
        ([-17_000_000, 70_000_000], -1, -17_000_000, 70_000_000),
    ],
)
def test_the_moments_around_a_cut(moments, cut, last, first):
    """Also where the log goes from the year 1 to 9999, in hours."""
    assert _around(np.array(moments, dtype=np.int32), cut) == (last, first)
