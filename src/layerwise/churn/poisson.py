"""Modified Poisson regression of a yes or no on distinct rows with counts."""

import attrs
import numpy as np

from layerwise.errors import FitError
from layerwise.vectors import Array, Floats

_STEPS = 50


@attrs.frozen(eq=False)
class LogRisks:
    """Coefficients of a log-linear risk, and their robust covariance."""

    coefficients: Floats
    covariance: Floats


def fit_log_risk(x: Floats, n: Array, hits: Array) -> LogRisks:
    """Return the log-linear risk of a hit, with errors that hold though hits are no Poisson counts.

    Args:
        x: Distinct rows of the design, the constant included, of full rank.
        n: Customers with that row.
        hits: How many of them left.

    Raises:
        FitError: The likelihood has no maximum, or Newton's method did not find it.

    Source: Zou (2004), AJE 159(7); the sandwich is White's (1980) HC0.

    >>> fit = fit_log_risk(np.array([[1.0, 0], [1, 1]]), np.array([100, 100]), np.array([20, 30]))
    >>> np.exp(fit.coefficients).round(6).tolist()
    [0.2, 1.5]
    """
    n, hits = np.asarray(n, dtype=np.float64), np.asarray(hits, dtype=np.float64)
    beta = np.zeros(x.shape[1])
    beta[0] = np.log(hits.sum() / n.sum())
    try:
        found = _newton(x, n, hits, beta)
        return LogRisks(found, _sandwich(x, n, hits, found))
    except np.linalg.LinAlgError:
        raise _unsettled() from None


def _newton(x: Floats, n: Floats, hits: Floats, beta: Floats) -> Floats:
    """Return where the gradient vanishes, uphill from `beta`."""
    value = _log_likelihood(x, n, hits, beta)
    for _ in range(_STEPS):
        mean = n * np.exp(x @ beta)
        step = np.asarray(np.linalg.solve(_cross(x, mean), x.T @ (hits - mean)), dtype=np.float64)
        beta, value = _halved(x, n, hits, beta, step, value)
        if np.abs(step).max() < 1e-9:
            return beta
    raise _unsettled()


def _unsettled() -> FitError:
    return FitError(
        "The regression of several causes has no solution: some mix of exposures and strata "
        "foretells staying without exception.",
        hint="leave out exposures that are rare or nearly alike, or use rank_causes.",
    )


def _log_likelihood(x: Floats, n: Floats, hits: Floats, beta: Floats) -> float:
    line = x @ beta
    with np.errstate(over="ignore"):
        return float(hits @ line - n @ np.exp(line))


def _halved(
    x: Floats, n: Floats, hits: Floats, beta: Floats, step: Floats, value: float
) -> tuple[Floats, float]:
    """Return the end of the longest of the halved steps that does not lose likelihood."""
    for half in range(30):
        after = beta + step / 2**half
        found = _log_likelihood(x, n, hits, after)
        if found >= value - 1e-9 * abs(value):
            return after, found
    return beta, value


def _sandwich(x: Floats, n: Floats, hits: Floats, beta: Floats) -> Floats:
    risk = np.exp(x @ beta)
    bread = np.linalg.inv(_cross(x, n * risk))
    filling = _cross(x, hits * (1 - risk) ** 2 + (n - hits) * risk**2)
    covariance: Floats = bread @ filling @ bread
    return covariance


def _cross(x: Floats, weights: Floats) -> Floats:
    product: Floats = (x * weights[:, None]).T @ x
    return product


def dependent(x: Floats, n: Array) -> dict[int, list[int]]:
    """Return the columns that earlier ones add up to, and which these are.

    >>> x = np.array([[1.0, 0, 0, 1], [1, 1, 0, 0], [1, 0, 1, 1], [1, 1, 1, 0]])
    >>> dependent(x, np.ones(4))
    {3: [0, 1]}
    """
    gram = _cross(x, np.asarray(n, dtype=np.float64))
    free: list[int] = []
    found: dict[int, list[int]] = {}
    for j in range(x.shape[1]):
        weights = np.linalg.solve(gram[np.ix_(free, free)], gram[free, j])
        if gram[j, j] - gram[free, j] @ weights > 1e-10 * gram[j, j]:
            free.append(j)
        else:
            found[j] = [free[i] for i in np.flatnonzero(np.abs(weights) > 1e-6)]
    return found
