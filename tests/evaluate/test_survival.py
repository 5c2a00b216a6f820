"""Curves and tests of whole days against lifelines."""

import numpy as np
import pytest
from lifelines import KaplanMeierFitter
from lifelines.statistics import multivariate_logrank_test

from layerwise.evaluate import kaplan_meier, log_rank

# Of lifelines, on pandas 3.
pytestmark = pytest.mark.filterwarnings("ignore:Starting with pandas version")


def sample(n: int = 400, seed: int = 3) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Days with many ties and zeros, who churned, and one of three segments."""
    rng = np.random.default_rng(seed)
    code = rng.integers(0, 3, n)
    days = rng.geometric(0.03 + 0.02 * code) - 1
    censor = rng.integers(0, 90, n)
    return np.minimum(days, censor), days <= censor, code


def test_the_curve_is_that_of_lifelines() -> None:
    """Equal survival and log-log interval on every day of an event."""
    days, churned, _ = sample()
    ours = kaplan_meier(days, churned, interval="log-log").set_index("days")
    theirs = KaplanMeierFitter().fit(days, churned)
    at = ours.index[ours["events"] > 0]
    band = theirs.confidence_interval_.loc[at].to_numpy()
    assert np.allclose(ours.loc[at, "retained"], theirs.survival_function_.loc[at].iloc[:, 0])
    assert np.allclose(ours.loc[at, ["low", "high"]], band, equal_nan=True)
    table = theirs.event_table.loc[at]
    assert (ours.loc[at, "at_risk"] == table["at_risk"]).all()
    assert (ours.loc[at, "events"] == table["observed"]).all()


def test_greenwood_without_censoring_is_the_binomial_error() -> None:
    """With everybody followed, the variance is S(1 - S) / n (Greenwood's sum telescopes)."""
    days = np.repeat([0, 1, 2, 9], [10, 20, 30, 40])
    table = kaplan_meier(days, days < 9)
    s = table["retained"]
    half = 1.959963985 * np.sqrt(s * (1 - s) / 100)
    assert s.tolist() == pytest.approx([0.9, 0.7, 0.4, 0.4])
    assert np.allclose(table["high"] - s, half)
    assert np.allclose(s - table["low"], half)


@pytest.mark.parametrize("interval", ["greenwood", "log-log"])
def test_ends_of_the_curve(interval: str) -> None:
    """Nobody churned yet: 1 to 1. Everybody churned: the interval is missing."""
    kept = kaplan_meier(np.array([3, 4]), np.array([False, False]), interval=interval)  # type: ignore[arg-type]
    assert kept[["retained", "low", "high"]].to_numpy().tolist() == [[1.0] * 3] * 2
    gone = kaplan_meier(np.array([0, 0]), np.array([True, True]), interval=interval)  # type: ignore[arg-type]
    assert gone["retained"].tolist() == [0.0]
    assert gone[["low", "high"]].isna().all(axis=None)


def test_the_greenwood_interval_covers() -> None:
    """Of 400 samples of 150, about 95 % of intervals hold the true survival at day 20."""
    rng = np.random.default_rng(11)
    hits = 0
    for _ in range(400):
        days, censor = rng.geometric(0.04, 150) - 1, rng.integers(10, 60, 150)
        table = kaplan_meier(np.minimum(days, censor), days <= censor)
        row = table[table["days"] <= 20].iloc[-1]
        hits += row["low"] <= 0.96**21 <= row["high"]
    assert 0.92 < hits / 400 < 0.975


@pytest.mark.parametrize("groups", [2, 3])
def test_the_log_rank_test_is_that_of_lifelines(groups: int) -> None:
    """Equal statistic and p-value for two and three segments."""
    days, churned, code = sample(200)
    code = code % groups
    ours = log_rank(days, churned, code, tuple("abc"[:groups]))
    theirs = multivariate_logrank_test(days, code, churned)
    assert ours.statistic == pytest.approx(theirs.test_statistic)
    assert ours.p == pytest.approx(theirs.p_value)
    assert ours.degrees == groups - 1
    assert ours.table["expected"].sum() == pytest.approx(churned.sum())


def test_the_log_rank_test_cannot_tell_without_events_or_segments() -> None:
    """One segment, or nobody churned: missing, not 0 or 1."""
    days, churned, code = sample(50)
    assert np.isnan(log_rank(days, churned, code * 0, ("a",)).p)
    assert np.isnan(log_rank(days, churned & False, code, ("a", "b", "c")).statistic)


def test_customers_without_a_segment_take_no_part() -> None:
    """Code -1 changes nothing."""
    days, churned, code = sample()
    extra = log_rank(
        np.append(days, [5, 80]),
        np.append(churned, [True, False]),
        np.append(code, [-1, -1]),
        ("a", "b", "c"),
    )
    assert extra.statistic == pytest.approx(
        log_rank(days, churned, code, ("a", "b", "c")).statistic
    )
