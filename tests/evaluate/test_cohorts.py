"""The cohort table counts as a loop does, and leaves cells empty that are not over."""

from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from layerwise import datasets
from layerwise.errors import ColumnsError, DataError, LayerwiseError, LogEndsEarlyWarning, SpecError
from layerwise.evaluate import cohort_table

pytestmark = pytest.mark.filterwarnings("ignore:The order log ends")


def log(rows: list[tuple[str, str]]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["customer_id", "ordered_at"])


ROWS = [
    ("ann", "2024-01-31"),
    ("ann", "2024-02-29"),
    ("ann", "2024-02-29"),
    ("bob", "2024-01-01"),
    ("bob", "2024-03-02"),
    ("cid", "2024-02-10"),
    ("cid", "2024-04-03"),
]


def test_by_hand() -> None:
    """Calendar months: January came two, February one; April is not over."""
    cohorts = cohort_table(log(ROWS), as_of="2024-04-29", amount=None)
    wide = cohorts.wide("buyers")
    assert wide.index.astype(str).tolist() == ["2024-01-01", "2024-02-01"]
    assert np.array_equal(wide, [[2, 1, 1, np.nan], [1, 0, np.nan, np.nan]], equal_nan=True)
    assert cohorts.wide()[1].tolist() == [0.5, 0.0]
    full = cohort_table(log(ROWS), as_of="2024-04-30", amount=None).wide("buyers")
    assert np.array_equal(full, [[2, 1, 1, 0], [1, 0, 1, np.nan]], equal_nan=True)


def test_own_months_by_hand() -> None:
    """Month 1 of 31 January begins on 29 February; who came last decides when a cell is over."""
    choices: dict[str, Any] = {"since": "first_order", "amount": None}
    cohorts = cohort_table(log(ROWS[:-1]), as_of="2024-03-30", **choices)
    assert np.array_equal(
        cohorts.wide("buyers"), [[2, 1, np.nan], [1, np.nan, np.nan]], equal_nan=True
    )
    later = cohort_table(log(ROWS), as_of="2024-04-29", **choices)
    assert np.array_equal(
        later.wide("buyers"), [[2, 1, 1, np.nan], [1, 1, np.nan, np.nan]], equal_nan=True
    )


@pytest.mark.parametrize("period", ["week", "month", "quarter"])
@given(
    days=st.lists(st.tuples(st.sampled_from("abcde"), st.integers(0, 400)), min_size=1, max_size=30)
)
def test_calendar_cells_as_pandas_counts_them(period: Any, days: list[tuple[str, int]]) -> None:
    """Against pandas Periods and a group-by; shares never leave 0 to 1, cohorts add up."""
    start = pd.Timestamp("2023-11-20")
    frame = pd.DataFrame(days, columns=["customer_id", "d"])
    frame["ordered_at"] = start + pd.to_timedelta(frame["d"], unit="D")
    table = cohort_table(frame, as_of="2024-12-24", amount=None, period=period).table
    freq = {"week": "W-SUN", "month": "M", "quarter": "Q"}[period]
    at = frame["ordered_at"].dt.to_period(freq)
    frame["cohort"] = at.groupby(frame["customer_id"]).transform("min")
    frame["k"] = [p.ordinal - c.ordinal for p, c in zip(at, frame["cohort"], strict=True)]
    expected = frame.groupby(["cohort", "k"])["customer_id"].nunique()
    assert table.groupby("cohort")["customers"].first().sum() == frame["customer_id"].nunique()
    for row in table.itertuples():
        cohort = pd.Period(row.cohort, freq=freq)
        if (cohort + row.period).end_time > pd.Timestamp("2024-12-25"):
            assert np.isnan(row.buyers)
        else:
            assert row.buyers == expected.get((cohort, row.period), 0)
            assert row.low <= row.share <= row.high


def test_the_order_of_rows_and_the_engine_do_not_matter(engine: Any) -> None:
    """Shuffled rows on every eager engine give the same table; lazy ones are refused."""
    orders = datasets.simulate_orders(80, seed=4)[["customer_id", "ordered_at"]]
    choices: dict[str, Any] = {"as_of": "2024-12-30", "amount": None, "since": "first_order"}
    if engine.lazy:
        with pytest.raises(LayerwiseError):
            cohort_table(engine.make(orders), **choices)
        return
    mixed = engine.make(orders.sample(frac=1, random_state=1).reset_index(drop=True))
    base = cohort_table(orders, **choices).table
    pd.testing.assert_frame_equal(cohort_table(mixed, **choices).table, base)


@pytest.mark.filterwarnings("error")
def test_a_log_that_ends_early_is_told() -> None:
    """Months nobody could buy in are no fall."""
    with pytest.warns(LogEndsEarlyWarning, match="2024-04-03"):
        cohort_table(log(ROWS), as_of="2024-06-30", amount=None)


@pytest.mark.parametrize(
    ("choices", "error", "says"),
    [
        ({"period": "year"}, SpecError, "period"),
        ({"since": "now"}, SpecError, "since"),
        ({"level": 2}, SpecError, "level"),
        ({"window_days": 3}, SpecError, "window_days"),
        ({"time": "when"}, ColumnsError, "when"),
        ({"as_of": "2023-01-01"}, DataError, "after as_of"),
    ],
)
def test_refusals(choices: dict[str, Any], error: type[Exception], says: str) -> None:
    """Each impossible choice has its error, with a hint."""
    with pytest.raises(error, match=says) as caught:
        cohort_table(log(ROWS), **{"as_of": "2024-04-29", "amount": None} | choices)
    assert "Hint:" in str(caught.value)


def test_only_columns_of_numbers_are_spread_out() -> None:
    """wide() of a column that is not there, or of the keys, is refused."""
    cohorts = cohort_table(log(ROWS), as_of="2024-04-29", amount=None)
    with pytest.raises(SpecError, match="customers, buyers, share"):
        cohorts.wide("cohort")
