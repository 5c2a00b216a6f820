"""Maximum likelihood on log parameters: Newton's method, standard errors, honest warnings."""

import warnings
from collections.abc import Callable

import attrs
import numpy as np
from numpy.typing import NDArray

from layerwise.errors import NotConvergedWarning, NotIdentifiedWarning

Array = NDArray[np.float64]
Derivatives = tuple[float, Array, Array]
Objective = Callable[[Array], Derivatives]
"""Natural parameters -> log-likelihood, gradient and Hessian (sums over customers)."""

LARGEST_LOG = float(np.log(1e6))
"""Parameters stay within 1e-6 and 1e6 (times scaled to a mean age of 10)."""

_CONVERGED = 1e-6
_VANISHED = 1e-11
_LAST_STEP = 1e-6
_ROUNDING, _PATIENCE = 2e-15, 4
_AT_EDGE = 1e-6
_LONGEST_STEP = 2.0
_FLAT = 3.0


@attrs.frozen(eq=False)
class Optimum:
    """Where a search ended: log parameters, and the mean objective there with its derivatives."""

    theta: Array
    value: float
    gradient: Array
    hessian: Array

    @property
    def converged(self) -> bool:
        """Whether the gradient (per customer, of log parameters) vanished inside the bounds."""
        return bool(np.abs(_inward(self.theta, self.gradient)).max() <= _CONVERGED)


def in_logs(objective: Objective, n: float, penalty: float = 0.0) -> Objective:
    """Return the mean of an objective as a function of log parameters, less a ridge on them."""

    def mean(theta: Array) -> Derivatives:
        p = np.exp(theta)
        value, gradient, hessian = objective(p)
        inner = hessian * np.outer(p, p) + np.diag(gradient * p)
        ridge = penalty * float((theta * theta).sum())
        return (
            value / n - ridge,
            gradient * p / n - 2.0 * penalty * theta,
            inner / n - 2.0 * penalty * np.eye(len(p)),
        )

    return mean


def newton(
    mean: Objective, start: Array, *, tolerance: float = _VANISHED, steps: int = 150
) -> Optimum:
    """Climb by Newton steps with the Hessian made negative definite, halved until they climb."""
    theta = np.clip(start, -LARGEST_LOG, LARGEST_LOG)
    value, gradient, hessian = mean(theta)
    stalled = 0
    for _ in range(steps):
        if np.abs(_inward(theta, gradient)).max() <= tolerance:
            break
        step = _direction(theta, gradient, hessian)
        if np.abs(step).max() <= _LAST_STEP:
            # Newton squares the error: after this step it is below 1e-12, not worth another pass
            return Optimum(theta + step, value + float(gradient @ step) / 2.0, gradient, hessian)
        found = _climb(mean, theta, value, step)
        if found is None:
            break
        stalled = stalled + 1 if found[1][0] - value <= _ROUNDING * abs(value) else 0
        theta, (value, gradient, hessian) = found
        if stalled == _PATIENCE:
            break
    return Optimum(theta, value, gradient, hessian)


def _climb(
    mean: Objective, theta: Array, value: float, step: Array
) -> tuple[Array, Derivatives] | None:
    allowed = value - 4e-16 * abs(value)
    for _ in range(40):
        tried = np.clip(theta + step, -LARGEST_LOG, LARGEST_LOG)
        if np.array_equal(tried, theta):
            return None
        result = mean(tried)
        if result[0] >= allowed:
            return tried, result
        step = step / 2.0
    return None


def _direction(theta: Array, gradient: Array, hessian: Array) -> Array:
    """Return −H⁻¹g with eigenvalues made positive, on the parameters free to move."""
    free = _inward(theta, gradient) != 0.0
    step = np.zeros_like(theta)
    if not free.any():
        return step
    curvature, axes = np.linalg.eigh(-hessian if free.all() else -hessian[np.ix_(free, free)])
    curvature = np.maximum(np.abs(curvature), 1e-13)
    step[free] = axes @ ((axes.T @ gradient[free]) / curvature)
    shortened: Array = step * min(1.0, _LONGEST_STEP / max(np.abs(step).max(), 1e-300))
    return shortened


def _inward(theta: Array, gradient: Array) -> Array:
    """Return the gradient, zero where it points out of the bounds."""
    edge = LARGEST_LOG - _AT_EDGE
    out = (theta >= edge) & (gradient > 0) | (theta <= -edge) & (gradient < 0)
    return np.where(out, 0.0, gradient)


def log_covariance(optimum: Optimum, n: float) -> Array | None:
    """Return the covariance of the log parameters, None where the likelihood is flat."""
    curvature = -optimum.hessian * n
    if not np.isfinite(curvature).all() or np.linalg.eigvalsh(curvature)[0] <= 0.0:
        return None
    covariance = np.linalg.inv(curvature)
    variances = np.diagonal(covariance)
    if not 0.0 < variances.min() <= variances.max() <= _FLAT**2:  # negative by rounding alone
        return None
    symmetric: Array = (covariance + covariance.T) / 2.0
    return symmetric


def as_rows(matrix: Array | None) -> tuple[tuple[float, ...], ...] | None:
    """Return a matrix as nested tuples of floats, which JSON can keep."""
    return None if matrix is None else tuple(tuple(map(float, row)) for row in matrix)


def warn_unless_converged(model: str, optimum: Optimum) -> None:
    """Warn when the gradient did not vanish."""
    if not optimum.converged:
        size = float(np.abs(optimum.gradient).max())
        warnings.warn(
            f"{model}: the search stopped at a gradient of {size:.1e} per customer.\n"
            "Hint: use the estimates with care; penalty=0.001 makes the likelihood curve.",
            NotConvergedWarning,
            stacklevel=4,
        )


def warn_not_identified(model: str, why: str, hint: str) -> None:
    """Warn that the data cannot tell parameters, and say why."""
    warnings.warn(f"{model}: {why}\nHint: {hint}", NotIdentifiedWarning, stacklevel=4)
