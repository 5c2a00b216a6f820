"""A log that ends long before the last day that counts is told of, and no other."""

import warnings

import pandas as pd
import pytest

from layerwise.errors import LayerwiseWarning, LogEndsEarlyWarning
from layerwise.returns import return_curve
from layerwise.summary import calibration_holdout, check_orders, snapshots, summarize

LOG = pd.DataFrame(
    {
        "customer_id": [1, 1, 2],
        "ordered_at": pd.to_datetime(["2024-01-05", "2024-06-30", "2024-02-01"]),
        "amount": [1.0, 2.0, 3.0],
    }
)


@pytest.mark.parametrize("grain", ["day", "week", "hour"])
def test_as_of_beyond_the_longest_window(engine, grain):
    """366 days of nothing are told of once, at the caller's line; 365 days are not."""
    log, choices = engine.make(LOG), {"grain": grain, "window_days": (30, 365)}
    with pytest.warns(LogEndsEarlyWarning, match="ends on 2024-06-30, 366 days before as") as told:
        summarize(log, as_of="2025-07-01", **choices)
    assert [w.filename for w in told] == [__file__]
    summarize(log, as_of="2025-06-30", **choices)
    check_orders(log, as_of="2025-07-01", **choices)


@pytest.mark.parametrize("grain", ["day", "hour"])
def test_a_holdout_that_the_log_does_not_cover(engine, grain):
    """More than a tenth of the holdout, and more than a week, is silence that nobody saw."""
    log = engine.make(LOG)
    with pytest.warns(LogEndsEarlyWarning, match="8 days before end=2024-07-08") as told:
        calibration_holdout(log, split="2024-06-08", end="2024-07-08", grain=grain)
    assert [w.filename for w in told] == [__file__]
    calibration_holdout(log, split="2024-06-08", end="2024-07-07", grain=grain)
    calibration_holdout(log, split="2024-02-01", end="2024-07-15", grain=grain)


def test_rows_after_the_end_show_that_the_log_goes_on(engine):
    """A quiet stretch inside the log was observed."""
    calibration_holdout(engine.make(LOG), split="2024-02-08", end="2024-06-01")
    with pytest.warns(LayerwiseWarning, match="dated after") as told:
        summarize(engine.make(LOG), as_of="2024-06-01", window_days=7)
    assert not [w for w in told if w.category is LogEndsEarlyWarning]


def test_snapshots_and_return_curves_tell_too():
    """The latest snapshot counts; a month end soon after the last order is ordinary use."""
    with pytest.warns(LogEndsEarlyWarning) as stacked:
        snapshots(LOG, as_of=["2024-03-31", "2025-12-31"])
    with pytest.warns(LogEndsEarlyWarning) as curve:
        return_curve(LOG, as_of="2025-12-31")
    assert [w.filename for w in (*stacked, *curve)] == [__file__] * 2
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        snapshots(LOG, as_of=["2024-06-30", "2024-07-31"])


@pytest.mark.parametrize("grain", ["day", "hour"])
@pytest.mark.parametrize(
    ("rows", "span", "days"), [(1000, 100, 14), (1000, 300, 30), (999, 9, 365)]
)
def test_a_log_of_many_rows_is_missed_sooner(engine, grain, rows, span, days):
    """Two weeks, or a hundred times the mean time between two rows; few rows do not tell."""
    place = pd.Series(range(rows))
    when = pd.Timestamp("2024-01-01") + pd.to_timedelta(place % span, "D")
    log = engine.make(pd.DataFrame({"customer_id": place % 50, "ordered_at": when, "amount": 5.0}))
    last = pd.Timestamp("2024-01-01") + pd.Timedelta(days=span - 1)
    summarize(log, as_of=last + pd.Timedelta(days=days), grain=grain)
    with pytest.warns(LogEndsEarlyWarning, match=f"{days + 1} days before as_of"):
        summarize(log, as_of=last + pd.Timedelta(days=days + 1), grain=grain)
