"""The retention curve finds the truth of a simulated shop, and refuses what it cannot judge."""

import itertools
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from layerwise import datasets
from layerwise.errors import (
    ColumnsError,
    DataError,
    LayerwiseError,
    LookAheadWarning,
    RowsLeftOutWarning,
    SpecError,
)
from layerwise.evaluate import retention_curve

W, YEAR = 60, 365
pytestmark = pytest.mark.filterwarnings("ignore:The order log ends")  # few orders, long gaps


def shop(n: int, seed: int) -> tuple[pd.DataFrame, np.ndarray]:
    """Orders of a year and each customer's true churn time: Poisson buyers who leave for good.

    Rates are Gamma with a mean gap of 45 days, lifetimes exponential with mean 230 days.
    """
    rng = np.random.default_rng(seed)
    rate, life = rng.gamma(6, 1 / 6, n) / 45, rng.exponential(230, n)
    who, now = np.arange(n), np.zeros(n)
    customers, times = [who], [now]
    while len(who):
        now = now + rng.exponential(1, len(who)) / rate[who]
        stays = now < life[who]
        who, now = who[stays], now[stays]
        customers.append(who)
        times.append(now)
    log = pd.DataFrame({"customer_id": np.concatenate(customers), "t": np.concatenate(times)})
    log = log.sort_values(["customer_id", "t"], ignore_index=True)
    gap = log.groupby("customer_id")["t"].shift(-1).fillna(np.inf) - log["t"]
    truth = log[gap > W].groupby("customer_id")["t"].min().to_numpy()
    seen = log[log["t"] <= YEAR]
    day = pd.Timestamp("2023-01-01") + pd.to_timedelta(np.floor(seen["t"]), unit="D")
    return seen.assign(ordered_at=day), truth


def test_the_rule_of_the_first_gap_finds_the_truth() -> None:
    """The curve is 0.441, 0.267, 0.111 at 30, 60, 120 days, the truth 0.441, 0.268, 0.112."""
    orders, truth = shop(20_000, 1)
    kept = retention_curve(orders, as_of="2024-01-01", window_days=W, amount=None)
    found = kept.at([30, 60, 120])["retained"].to_numpy()
    assert [(truth > t).mean() for t in (30, 60, 120)] == pytest.approx(found, abs=0.012)
    assert found == pytest.approx([0.441, 0.267, 0.111], abs=0.015)


def test_the_usual_shortcut_does_not() -> None:
    """Last order if silent, else censored at as_of: 0.72, 0.62, 0.48 of the same shop."""
    orders, _ = shop(20_000, 1)
    last = orders.groupby("customer_id")["t"].max()
    silent = last < YEAR - W
    days = np.where(silent, last, YEAR)
    shown = [(days > t).mean() for t in (30, 60, 120)]  # nobody is censored before a year
    assert shown == pytest.approx([0.72, 0.62, 0.48], abs=0.02)


def by_hand(days: list[int], last: int, window: int) -> tuple[int, bool]:
    """Return days followed and whether churned, customer by customer, as K-M defines it."""
    days, until = sorted(set(days)), last - window
    for this, following in itertools.pairwise([*days, last + 1 + window]):
        if this <= until and following - this > window:
            return this - days[0], True
    return until - days[0], False


@given(
    st.lists(st.lists(st.integers(0, 99), min_size=1, max_size=8), min_size=1, max_size=8),
    st.integers(1, 40),
)
def test_every_customer_as_by_hand(histories: list[list[int]], window: int) -> None:
    """At risk and events add up to what a loop over customers gives."""
    until = 99 - window
    judged = [by_hand(h, 99, window) for h in histories if min(h) <= until]
    if len(judged) < len(histories):
        return
    kept = retention_curve(log(histories), as_of="2024-04-09", window_days=window, amount=None)
    table = kept.curve.set_index("days")
    assert table["events"].sum() == sum(churned for _, churned in judged)
    for day, row in table.iterrows():
        assert row["at_risk"] == sum(t >= day for t, _ in judged)
        assert row["events"] == sum(t == day and churned for t, churned in judged)


def log(histories: list[list[int]]) -> pd.DataFrame:
    """Orders on days since 2024-01-01, customers by letter."""
    rows = [(chr(97 + i), d) for i, days in enumerate(histories) for d in days]
    frame = pd.DataFrame(rows, columns=["customer_id", "d"])
    return frame.assign(ordered_at=pd.Timestamp("2024-01-01") + pd.to_timedelta(frame["d"], "D"))


CHOICES: dict[str, Any] = {"as_of": "2024-04-09", "window_days": 30, "amount": None}  # day 99


def test_a_gap_of_the_window_is_not_churn() -> None:
    """A gap of 30 days keeps, 31 days churn; silence is judged at the end of its last day."""
    kept = retention_curve(log([[0, 30, 60, 90]]), **CHOICES)
    assert kept.curve["events"].sum() == 0
    assert retention_curve(log([[0, 31, 60, 90]]), **CHOICES).curve["events"].tolist() == [
        1,
    ]
    assert retention_curve(log([[0, 30, 60, 69]]), **CHOICES).curve["days"].max() == 69


def test_late_customers_are_left_out_with_a_notice() -> None:
    """First seen after as_of - window: they cannot be judged."""
    with pytest.warns(RowsLeftOutWarning, match="1 of 2 customers left out.*2024-03-10"):
        kept = retention_curve(log([[0], [80]]), **CHOICES)
    assert kept.customers == 1
    with pytest.raises(DataError, match="All 1 customers"):
        retention_curve(log([[80]]), **CHOICES)


def test_from_a_date_on() -> None:
    """Who was active on day 40 is followed from then: b churns on day 0, c was gone, d is new."""
    orders = log([[0, 20, 45, 60, 75, 90], [35], [0], [50, 60]])
    kept = retention_curve(orders, start="2024-02-10", **CHOICES)
    assert kept.customers == 2
    assert kept.curve[["days", "at_risk", "events"]].to_numpy().tolist() == [[0, 2, 1], [29, 1, 0]]


def test_segments_and_their_test() -> None:
    """Each segment has a curve of its own, "all" the whole, and medians by segment."""
    orders = log([[0, 20, 40, 60, 80], [0, 25, 50, 75], [0], [5]])
    table = pd.DataFrame({"customer_id": list("abcd"), "tier": ["top", "top", "low", "low"]})
    kept = retention_curve(orders, segments=table, by="tier", start="first_order", **CHOICES)
    assert list(dict.fromkeys(kept.curve["segment"])) == ["all", "low", "top"]
    assert kept.at([10])["retained"].tolist() == [0.5, 0.0, 1.0]
    assert kept.median().isna().tolist() == [False, False, True]
    assert kept.test is not None
    assert kept.test.table["churned"].tolist() == [2, 0]


def test_labels_without_a_date_are_warned_of() -> None:
    """Segments beside clocks of first orders look ahead, unless the caller says they do not."""
    orders = log([[0, 20, 40, 60, 80], [0]])
    table = pd.DataFrame({"customer_id": list("ab"), "tier": ["top", "low"]})
    choices = {"segments": table, "by": "tier"} | CHOICES
    with pytest.warns(LookAheadWarning, match="tier have no date.*\nHint: label") as seen:
        told = retention_curve(orders, **choices)
    assert seen[0].filename == __file__
    quiet = retention_curve(orders, start="first_order", **choices)
    pd.testing.assert_frame_equal(told.curve, quiet.curve)


def test_unlabelled_customers_are_told() -> None:
    """They count in all, in no segment."""
    table = pd.DataFrame({"customer_id": list("ab"), "tier": ["top", None]})
    with pytest.warns(RowsLeftOutWarning, match="2 of 3 customers have no label in tier"):
        kept = retention_curve(
            log([[0], [0], [0]]), segments=table, by="tier", start="first_order", **CHOICES
        )
    assert kept.curve.groupby("segment")["at_risk"].max().to_dict() == {"all": 3, "top": 1}


def test_nothing_is_said_beyond_the_data() -> None:
    """Past the last day followed the curve is missing, unless it came down to 0."""
    kept = retention_curve(log([[0, 20, 40, 60, 80]]), **CHOICES)
    assert kept.at([69, 70])["retained"].isna().tolist() == [False, True]
    assert retention_curve(log([[0]]), **CHOICES).at([500])["retained"].tolist() == [0.0]


def test_the_order_of_rows_does_not_matter(engine: Any) -> None:
    """Shuffled rows and every eager engine give the same curve; lazy ones are refused."""
    orders = datasets.simulate_orders(60, seed=2)[["customer_id", "ordered_at"]]
    choices: dict[str, Any] = {"as_of": "2024-12-30", "window_days": 90, "amount": None}
    if engine.lazy:
        with pytest.raises(LayerwiseError):
            retention_curve(engine.make(orders), **choices)
        return
    base = retention_curve(orders, **choices).curve
    mixed = engine.make(orders.sample(frac=1, random_state=1).reset_index(drop=True))
    pd.testing.assert_frame_equal(retention_curve(mixed, **choices).curve, base)


@pytest.mark.parametrize(
    ("choices", "error", "says"),
    [
        ({"window_days": 0}, SpecError, "window_days"),
        ({"window_days": 2.5}, SpecError, "window_days"),
        ({"window_days": 10**12, "start": "2024-02-01"}, SpecError, "window_days"),
        ({"interval": "exact"}, SpecError, "interval"),
        ({"level": 95}, SpecError, "level"),
        ({"by": "tier"}, SpecError, "segments="),
        ({"segments": pd.DataFrame({"customer_id": ["a"]}), "by": "tier"}, ColumnsError, "tier"),
        (
            {"segments": pd.DataFrame({"customer_id": ["x"], "t": ["u"]}), "by": "t"},
            DataError,
            "None",
        ),
        (
            {"segments": pd.DataFrame({"customer_id": ["a"], "t": ["all"]}), "by": "t"},
            DataError,
            "all",
        ),
        (
            {"segments": pd.DataFrame({"customer_id": ["a"], "t": [0.5]}), "by": "t"},
            ColumnsError,
            "fract",
        ),
        ({"start": "2024-04-01"}, SpecError, "start"),
        ({"start": "2023-04-01"}, DataError, "active"),
        ({"grain": "week"}, SpecError, "grain"),
        ({"time": "when"}, ColumnsError, "when"),
    ],
)
def test_refusals(choices: dict[str, Any], error: type[Exception], says: str) -> None:
    """Each impossible choice has its error, with a hint."""
    with pytest.raises(error, match=says) as caught:
        retention_curve(log([[0, 20]]), **CHOICES | choices)
    assert "Hint:" in str(caught.value)


@pytest.mark.parametrize("days", [[], [1.5], [-1], "30", [[1]]])
def test_days_to_look_at_are_whole(days: Any) -> None:
    """Anything but a list of whole days is refused."""
    with pytest.raises(SpecError, match="whole numbers"):
        retention_curve(log([[0]]), **CHOICES).at(days)


def test_an_empty_log_is_refused() -> None:
    """No rows, no curve."""
    with pytest.raises(DataError, match="no rows"):
        retention_curve(log([[0]]).iloc[:0], **CHOICES)
