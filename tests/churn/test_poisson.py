"""The regression itself: counts stand for rows, errors equal statsmodels, limits are told."""

import numpy as np
import pytest
import statsmodels.api as sm

from layerwise.churn.poisson import dependent, fit_log_risk
from layerwise.errors import FitError


def test_counts_stand_for_rows() -> None:
    """Distinct rows with counts give the GLM of all rows, robust covariance included."""
    rng = np.random.default_rng(1)
    x = np.column_stack([np.ones(3_000), rng.random((3_000, 3)) < 0.4]).astype(float)
    y = (rng.random(3_000) < 0.1 * np.exp(x[:, 1:] @ [0.5, -0.3, 0.2])).astype(float)
    rows, place, n = np.unique(x, axis=0, return_inverse=True, return_counts=True)
    ours = fit_log_risk(rows, n, np.bincount(place.reshape(-1), weights=y))
    theirs = sm.GLM(y, x, sm.families.Poisson()).fit(cov_type="HC0", tol=1e-12)
    assert ours.coefficients == pytest.approx(theirs.params, rel=1e-8)
    assert ours.covariance == pytest.approx(theirs.cov_params(), rel=1e-6)


def test_gradient_vanishes() -> None:
    """At the fit the expected leavers of each column are the leavers."""
    x = np.array([[1.0, 0, 0], [1, 1, 0], [1, 0, 1], [1, 1, 1]])
    n, hits = np.array([500, 40, 30, 20]), np.array([5, 30, 2, 19])
    risk = np.exp(x @ fit_log_risk(x, n, hits).coefficients)
    assert x.T @ (n * risk) == pytest.approx(x.T @ hits)


def test_no_maximum_is_told() -> None:
    """Where nobody of a column's zeros left, the coefficient has no end."""
    x = np.array([[1.0, 0], [1, 1]])
    with pytest.raises(FitError, match="no solution"):
        fit_log_risk(x, np.array([50, 50]), np.array([0, 20]))


def test_dependent_columns_name_what_makes_them() -> None:
    """A copy and a sum; independent columns are none."""
    rng = np.random.default_rng(2)
    x = np.column_stack([np.ones(50), rng.random((50, 3))])
    n = rng.integers(1, 9, 50)
    assert dependent(x, n) == {}
    more = np.column_stack([x, x[:, 2], 1 - x[:, 1]])
    assert dependent(more, n) == {4: [2], 5: [0, 1]}
