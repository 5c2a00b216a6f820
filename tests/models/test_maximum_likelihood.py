"""Newton's method: maxima inside and at the bounds, and the word about convergence."""

import numpy as np
import pytest

from layerwise.errors import NotConvergedWarning
from layerwise.models.maximum_likelihood import (
    LARGEST_LOG,
    in_logs,
    log_covariance,
    newton,
    warn_unless_converged,
)


def poisson(p):
    """Return the log-likelihood of 40 events in 20 units of time, with its derivatives."""
    rate = p[0]
    return 40 * np.log(rate) - 20 * rate, np.array([40 / rate - 20]), np.array([[-40 / rate**2]])


def test_a_maximum_inside():
    """The rate is 2, its log has the variance 1 / events."""
    found = newton(in_logs(poisson, 20.0), np.array([-3.0]))
    assert np.exp(found.theta)[0] == pytest.approx(2.0, rel=1e-12)
    assert found.converged
    assert log_covariance(found, 20.0)[0, 0] == pytest.approx(1 / 40, rel=1e-5)


def test_a_ridge_pulls_the_log_to_zero():
    """Mean (40 ln 2 − …) − penalty · log², whose derivative vanishes at the optimum."""
    found = newton(in_logs(poisson, 20.0, 0.1), np.array([1.0]))
    log = found.theta[0]
    assert 40 / 20 - np.exp(log) - 2 * 0.1 * log == pytest.approx(0.0, abs=1e-9)


def test_a_maximum_at_the_bound_is_converged_but_flat():
    """A function that only grows ends at the bound, without a covariance."""
    grows = newton(in_logs(lambda p: (-1 / p[0], 1 / p**2, np.diag(-2 / p**3)), 1.0), np.zeros(1))
    assert grows.theta[0] <= LARGEST_LOG
    assert grows.converged
    assert log_covariance(grows, 1.0) is None


def test_stopping_early_is_said():
    """One step from far away is not convergence."""
    stopped = newton(in_logs(poisson, 20.0), np.array([-9.0]), steps=1)
    assert not stopped.converged
    with pytest.warns(NotConvergedWarning, match="gradient"):
        warn_unless_converged("Poisson", stopped)
