"""Pareto/NBD: published numbers, lifetimes in the same run, recovery, derivatives."""

import numpy as np
import pytest

from layerwise.models import ParetoNBD, _pareto
from layerwise.models._lifetimes import undisturbed
from layerwise.models.histories import grouped

from .conftest import table


def test_cdnow_gives_the_published_estimates(cdnow):
    """Fader and Hardie (2005): 0.553, 10.578, 0.606, 11.669, log-likelihood −9594.976."""
    fitted = ParetoNBD(unit="week").fit(cdnow)
    found = list(fitted.parameters.values())
    assert found == pytest.approx([0.553277, 10.577683, 0.606240, 11.668735], rel=1e-5)
    assert fitted.log_likelihood == pytest.approx(-9594.9762, abs=1e-4)
    assert fitted.converged


def test_a_frequent_buyer_of_the_literature(cdnow):
    """25.456 orders in 52 weeks and P(alive) .99787 after 26 repeat orders in 31 weeks."""
    fitted = ParetoNBD(unit="week").fit(cdnow)
    one = table((26, 30.857 * 7, 31 * 7))
    assert fitted.expected_orders(one, 52 * 7)[0] == pytest.approx(25.456, abs=1e-3)
    assert fitted.p_alive(one)[0] == pytest.approx(0.99787, abs=5e-6)


def test_predictions_equal_those_of_lifetimes(cdnow):
    """P(alive) and expected orders at the same parameters, where lifetimes is finite."""
    fitted = ParetoNBD(unit="week").fit(cdnow)
    weeks = (cdnow["repeat_orders"], cdnow["first_to_last_days"] / 7, cdnow["age_days"] / 7)
    theirs = fitted.to_lifetimes()
    with undisturbed():
        alive = theirs.conditional_probability_alive(*weeks)
        orders = theirs.predict(13, *weeks)
    assert fitted.p_alive(cdnow) == pytest.approx(alive, rel=1e-8)
    assert fitted.expected_orders(cdnow, 91) == pytest.approx(orders, rel=1e-7)


@pytest.mark.parametrize("at", [(0.5, 10, 0.6, 12), (2, 30, 1, 5), (0.1, 1, 3, 900)])
def test_derivatives_are_those_of_the_likelihood(at):
    """Gradient and Hessian against central differences."""
    rows = grouped([0, 1, 3, 140, 2], [0, 5, 30, 70, 9], [40, 5, 33, 70, 400], [3, 1, 2, 1, 1])
    at = np.array(at, dtype=float)
    _, gradient, hessian = _pareto.log_likelihood(at, rows, 1.0)
    for i, step in enumerate(np.diag(at * 1e-5)):
        up, down = (_pareto.log_likelihood(at + sign * step, rows, 1.0) for sign in (1, -1))
        assert gradient[i] == pytest.approx((up[0] - down[0]) / (2 * step[i]), rel=1e-6, abs=1e-7)
        assert hessian[i] == pytest.approx((up[1] - down[1]) / (2 * step[i]), rel=1e-5, abs=1e-7)


def test_parameters_are_recovered():
    """A large simulated table gives back what made it, within four standard errors."""
    rng = np.random.default_rng(4)
    n, truth = 20_000, (0.8, 40.0, 0.7, 100.0)
    rate, life = rng.gamma(0.8, 1 / 40.0, n), rng.exponential(1 / rng.gamma(0.7, 1 / 100.0, n))
    T = rng.integers(100, 400, n).astype(float)
    x = rng.poisson(rate * np.minimum(life, T))
    last = np.minimum(life, T) * rng.uniform(size=n) ** (1 / np.maximum(x, 1)) * (x > 0)
    fitted = ParetoNBD().fit_counts(x, last, T, np.ones(n))
    gaps = np.subtract(tuple(fitted.parameters.values()), truth) / fitted.standard_errors
    assert np.abs(gaps).max() < 4
