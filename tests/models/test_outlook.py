"""Distributions, intervals, discounting and dates of every model, by law and by simulation."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from layerwise.errors import FitError, SpecError
from layerwise.models import BGNBD, MBGNBD, ParetoNBD

from .conftest import simulated, table

DROPOUT = {"r": 0.55, "alpha": 60.0, "a": 0.8, "b": 2.4}
FITTED = {
    "bgnbd": BGNBD().with_parameters(**DROPOUT),
    "mbgnbd": MBGNBD().with_parameters(**DROPOUT),
    "pareto_nbd": ParetoNBD().with_parameters(r=0.55, alpha=60.0, s=0.6, beta=80.0),
}
HISTORY = st.tuples(st.integers(0, 12), st.integers(30, 400), st.integers(0, 400)).map(
    lambda h: (h[0], h[1] if h[0] else 0, h[1] + h[2])
)


@given(st.sampled_from(list(FITTED)), HISTORY, st.floats(1, 120))
def test_probabilities_of_orders_sum_to_one_with_the_right_mean(model, history, h):
    """The distribution's mean is the expectation, its zero P(no purchase)."""
    fitted, one = FITTED[model], table(history)
    found = fitted.order_probabilities(one, 500, h)[0]
    assert found.sum() == pytest.approx(1.0, abs=1e-12)
    assert (found * np.arange(501)).sum() == pytest.approx(
        fitted.expected_orders(one, h)[0], rel=1e-6, abs=1e-9
    )
    assert found[0] == pytest.approx(fitted.p_no_purchase(one, h)[0], rel=1e-7)


@pytest.mark.parametrize("model", list(FITTED))
def test_orders_interval_holds_its_probability(model):
    """At most 5 % beyond either end, and more than that one order further in."""
    fitted = FITTED[model]
    customers = table((0, 0, 30), (2, 100, 110), (40, 360, 365), (3, 20, 300), (300, 360, 360))
    low, high = fitted.orders_interval(customers, 365, level=0.9).T
    for i in range(len(customers)):
        one = customers.iloc[[i]]
        assert fitted.p_at_least(one, int(high[i]) + 1, 365)[0] <= 0.05 + 1e-9
        assert fitted.p_at_least(one, int(high[i]), 365)[0] > 0.05 or high[i] == 0
        assert 1 - fitted.p_at_least(one, int(low[i]), 365)[0] <= 0.05 + 1e-9


def test_distribution_equals_simulation():
    """A BG/NBD customer's next year, simulated from the posterior."""
    rng, n = np.random.default_rng(2), 100_000
    rate, p = rng.gamma(0.55 + 3, 1 / (60.0 + 200), n), rng.beta(0.8, 2.4 + 3, n)
    orders = np.minimum(rng.poisson(rate * 365), rng.geometric(p))
    fitted, one = FITTED["bgnbd"], table((3, 150, 200))
    alive = fitted.p_alive(one)[0]
    for k in (1, 2, 5):
        assert fitted.p_at_least(one, k, 365)[0] / alive == pytest.approx(
            (orders >= k).mean(), abs=0.006
        )


@pytest.mark.parametrize("model", list(FITTED))
def test_discounting(model):
    """No discount changes nothing; by hand with daily steps; less with a higher rate."""
    fitted, customers = FITTED[model], table((0, 0, 30), (5, 100, 110))
    plain = fitted.expected_orders(customers, 730)
    assert fitted.discounted_orders(customers, 730, annual_discount=0) == pytest.approx(plain)
    days = np.arange(0, 731.0)
    orders = np.array([fitted.expected_orders(customers, d) for d in days])
    worth = 1.15 ** (-(days[1:] - 0.5) / 365.25)
    by_hand = (np.diff(orders, axis=0) * worth[:, None]).sum(axis=0)
    found = fitted.discounted_orders(customers, 730, annual_discount=0.15)
    assert found == pytest.approx(by_hand, rel=1e-6)


@pytest.mark.parametrize("model", list(FITTED))
def test_dates_of_silence(model):
    """P(alive) after that much more silence is the level; 0 where it is below already."""
    fitted, customers = FITTED[model], table((5, 100, 110), (5, 20, 400))
    level = fitted.p_alive(customers).mean()
    days = fitted.days_until_p_alive_below(customers, level)
    later = customers.assign(age_days=customers["age_days"] + days)
    assert fitted.p_alive(later)[0] == pytest.approx(level, rel=1e-9)
    assert days[1] == 0.0


def test_one_time_buyers_of_bgnbd_never_fall():
    """P(alive) stays 1 whatever the silence, which is said as missing."""
    assert np.isnan(FITTED["bgnbd"].days_until_p_alive_below(table((0, 0, 90)), 0.5))[0]
    assert FITTED["mbgnbd"].days_until_p_alive_below(table((0, 0, 90)), 0.2)[0] > 0


@pytest.mark.parametrize("model", list(FITTED))
def test_alive_later(model):
    """P(alive) later starts at P(alive) and falls."""
    fitted, customers = FITTED[model], table((0, 0, 30), (5, 100, 110))
    assert fitted.p_alive_after(customers, 0) == pytest.approx(fitted.p_alive(customers))
    later = [fitted.p_alive_after(customers, days)[1] for days in (0, 30, 300, 3000)]
    assert later == sorted(later, reverse=True)
    assert later[-1] > 0


def test_intervals_of_expected_orders(cdnow):
    """They hold the estimate, grow with the level, and are the same with the same seed."""
    fitted = BGNBD().fit(cdnow)
    few = cdnow.head(50)
    low, high = fitted.expected_orders_interval(few, 273, seed=1).T
    at = fitted.expected_orders(few, 273)
    assert ((low < at) & (at < high)).all()
    wide = fitted.expected_orders_interval(few, 273, level=0.99, seed=1)
    assert (wide[:, 0] <= low).all()
    assert np.array_equal(fitted.expected_orders_interval(few, 273, seed=1)[:, 0], low)


def test_odd_questions_are_refused():
    """Levels, horizons, discounts and numbers that make no sense; no covariance."""
    fitted, one = FITTED["bgnbd"], simulated(3, seed=1)
    with pytest.raises(SpecError, match="level"):
        fitted.orders_interval(one, level=1.5)
    with pytest.raises(SpecError, match="whole"):
        fitted.p_at_least(one, 1.5)
    with pytest.raises(SpecError, match="annual_discount"):
        fitted.discounted_orders(one, annual_discount=-0.1)
    with pytest.raises(SpecError, match="horizon"):
        fitted.p_alive_after(one, -1)
    with pytest.raises(FitError, match="no covariance"):
        fitted.expected_orders_interval(one)
