"""The drop test: its size, its power, its formulas, and what bursts and seasons do to it."""

import numpy as np
import pytest
from scipy.stats import binom

from layerwise.churn.drop_test import drop_test
from layerwise.vectors import Array


def counts(
    seed: int, *, season: float = 1.0, dropping: float = 0.0, burst: int = 1
) -> tuple[Array, Array, Array]:
    """Return recent and base counts of 30,000 customers, and who dropped to a fifth."""
    rng = np.random.default_rng(seed)
    rate = rng.gamma(1.5, 0.4, 30_000) / burst
    dropped = rng.uniform(size=30_000) < dropping
    mean = rate * 30 * season * np.where(dropped, 0.2, 1.0), rate * 90
    visits = [rng.poisson(m) for m in mean]
    recent, base = (v + rng.poisson((burst - 1.0) * v) for v in visits)
    return recent, base, dropped


def test_p_is_the_binomial_probability() -> None:
    """Whole counts without dispersion agree with scipy's binomial distribution."""
    recent, base = np.array([0, 3, 7, 20]), np.array([11, 30, 10, 60])
    found = drop_test(recent, base, 30, 90, trend=1.0)
    np.testing.assert_allclose(found.p, binom.cdf(recent, recent + base, 0.25), rtol=1e-12)


def test_eleven_events_are_needed() -> None:
    """With the usual windows 0 of 11 is the least that can be significant: 0.75^11 = 0.042."""
    found = drop_test(np.zeros(3), np.array([10, 11, 0]), 30, 90, trend=1.0)
    assert found.enough.tolist() == [False, True, False]
    assert np.isnan(found.p[2])


def test_ratio_has_the_trend_taken_out() -> None:
    """5 in 30 days after 30 in 90 is half the rate; with a trend of one half it is no fall."""
    halved = drop_test(np.array([5]), np.array([30]), 30, 90, trend=0.5)
    assert halved.ratio[0] == pytest.approx(1.0)
    assert halved.p[0] > 0.5
    assert drop_test(np.array([5]), np.array([30]), 30, 90, trend=1.0).ratio[0] == pytest.approx(
        0.5
    )


@pytest.mark.parametrize("season", [0.5, 1.0, 1.5])
@pytest.mark.parametrize("burst", [1, 4])
def test_false_alarms_stay_below_the_nominal_rate(season: float, burst: int) -> None:
    """Seasons and bursts raise no alarm: p < 0.05 in at most 5 % of those who did not drop."""
    recent, base, _ = counts(7, season=season, burst=burst)
    found = drop_test(recent, base, 30, 90)
    assert found.trend == pytest.approx(season, rel=0.05)
    assert 0.003 < (found.p[found.enough] < 0.05).mean() < 0.05


def test_a_plain_binomial_test_would_cry_wolf() -> None:
    """Why counts are divided by the dispersion: in bursts of four the plain test is wrong often."""
    recent, base, _ = counts(7, burst=4)
    plain = binom.cdf(recent, recent + base, 0.25)
    assert (plain[recent + base >= 11] < 0.05).mean() > 0.15


def test_planted_drops_are_found() -> None:
    """Of a tenth who fall to a fifth most are found, and they hardly move the trend."""
    recent, base, dropped = counts(8, dropping=0.1)
    found = drop_test(recent, base, 30, 90)
    alarm = found.enough & (found.p < 0.05) & (found.ratio <= 0.5)
    assert found.trend == pytest.approx(1.0, abs=0.03)
    assert alarm[found.enough & dropped].mean() > 0.8
    assert alarm[found.enough & ~dropped].mean() < 0.025


def test_sums_count_by_their_mean_size() -> None:
    """Minutes of events of 10 minutes each are as telling as their number."""
    recent, base = np.array([1.0, 4.0]), np.array([20.0, 9.0])
    plain = drop_test(recent, base, 30, 90, trend=1.0)
    sums = drop_test(recent * 10, base * 10, 30, 90, size=10.0, trend=1.0)
    np.testing.assert_allclose(sums.p, plain.p)
    np.testing.assert_allclose(sums.ratio, plain.ratio)
