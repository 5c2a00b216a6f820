"""Kernels of the Pareto/NBD model: customers leave at a rate of their own, at any time.

Orders come at rate λ ~ Gamma(r, alpha) until the customer leaves, at rate μ ~ Gamma(s, beta). With
n = r + x the likelihood (Schmittlein, Morrison and Colombo 1987; Fader and Hardie 2005) is

    L = Γ(r+x)/Γ(r) · alpha^r · beta^s · [(alpha+T)^(−n) (beta+T)^(−s) + I],
    I = s ∫ (alpha+t)^(−n) (beta+t)^(−s−1) dt over t_x < t < T.

The literature writes I as a difference of two 2F1, which overflows or cancels for frequent buyers.
Here it is integrated by Gauss's rule in ln(min(alpha, beta) + t), where the integrand is smooth and
positive, so nothing cancels; the nodes give the derivatives as means over the time of leaving.
"""

import numpy as np
from numpy.typing import NDArray

from layerwise.models._rising import rising_totals
from layerwise.models._special import Array, softplus
from layerwise.models.histories import Distinct

Rate = float | Array
"""A rate parameter: one for all rows, or one a row."""

_BLOCK = 2048
_DROP = 42.0


def gauss_rule(nodes: int) -> tuple[Array, Array]:
    """Return points and weights of Gauss's rule on 0 to 1."""
    points, weights = np.polynomial.legendre.leggauss(nodes)
    return (points + 1.0) / 2.0, weights / 2.0


_RULES = (
    (4.0, 10.0, gauss_rule(12)),
    (5.0, 20.0, gauss_rule(16)),
    (6.0, np.inf, gauss_rule(24)),
    (np.inf, np.inf, gauss_rule(96)),
)
"""Longest range, largest fall of the integrand's log, and the rule that is exact to 1e-12 there."""


class Leaving:
    """The integral over the time t of leaving, t_x < t < T, by nodes; nodes × rows arrays.

    Attributes:
        log_integral: ln of s ∫ ((alpha+t_x)/(alpha+t))^n ((beta+t_x)/(beta+t))^s dt/(beta+t).
        since: t − t_x at the nodes.
        log_a: ln((alpha+t)/(alpha+t_x)) at the nodes.
        log_b: ln((beta+t)/(beta+t_x)) at the nodes.
        share: The density of t at the nodes, summing to 1 for each row.
    """

    def __init__(self, alpha: Rate, s: float, beta: Rate, n: Array, t_x: Array, gap: Array) -> None:
        least = np.minimum(alpha, beta)
        length, fallen = _cut(alpha, s, beta, n, t_x, np.log1p(gap / (least + t_x)), least)
        y, w = _rule_for(length, fallen)
        tau = y[:, None] * length
        self.since = (least + t_x) * np.expm1(tau)
        # one of both is tau itself, if no row says otherwise
        self.log_a = tau if np.all(alpha <= beta) else np.log1p(self.since / (alpha + t_x))
        self.log_b = tau if np.all(beta <= alpha) else np.log1p(self.since / (beta + t_x))
        fall = tau - n * self.log_a
        fall -= (s + 1.0) * self.log_b
        peak = fall.max(axis=0)
        fall -= peak
        parts = np.exp(fall, out=fall)
        parts *= w[:, None]
        total = parts.sum(axis=0)
        parts /= total
        self.share = parts
        with np.errstate(divide="ignore"):
            scale = np.log(s * length * (least + t_x) / (beta + t_x))
        self.log_integral = scale + np.log(total) + peak


def _cut(
    alpha: Rate, s: float, beta: Rate, n: Array, t_x: Array, length: Array, least: Rate
) -> tuple[Array, Array]:
    """Shorten ranges of ln(least + t) to where the integrand has fallen by e^−42; say how far."""
    from_least, from_alpha, from_beta = (rate + t_x for rate in (least, alpha, beta))

    def fall(tau: Array, rows: NDArray[np.intp]) -> Array:
        since = from_least[rows] * np.expm1(tau)
        power = n[rows] * np.log1p(since / from_alpha[rows])
        return np.asarray(power + (s + 1.0) * np.log1p(since / from_beta[rows]) - tau)

    fallen = fall(length, np.arange(len(length)))
    rows = np.flatnonzero(fallen > _DROP)
    if rows.size:
        low, high = np.zeros(rows.size), length[rows].copy()
        for _ in range(60):
            middle = 0.5 * (low + high)
            beyond = fall(middle, rows) > _DROP
            low, high = np.where(beyond, low, middle), np.where(beyond, middle, high)
            if (high - low <= 0.05 * high).all():
                break
        length = length.copy()
        length[rows] = high
    return length, fallen


def _rule_for(length: Array, fallen: Array) -> tuple[Array, Array]:
    longest, deepest = length.max(initial=0.0), np.abs(fallen).max(initial=0.0)
    fits = (rule for most, drop, rule in _RULES if longest <= most and deepest <= drop)
    return next(fits, _RULES[-1][2])


def log_odds_gone(
    parameters: tuple[float, Rate, float, Rate], x: Array, t_x: Array, T: Array
) -> Array:
    """Return z = ln(I / ((alpha+T)^(−n) (beta+T)^(−s))): P(alive) is 1 / (1 + e^z)."""
    r, alpha, s, beta = parameters
    n, gap = r + x, T - t_x
    z = Leaving(alpha, s, beta, n, t_x, gap).log_integral
    return np.asarray(z + n * np.log1p(gap / (alpha + t_x)) + s * np.log1p(gap / (beta + t_x)))


def log_likelihood(parameters: Array, rows: Distinct, scale: float) -> tuple[float, Array, Array]:
    """Return the log-likelihood with its gradient and Hessian in (r, alpha, s, beta).

    Args:
        parameters: r, alpha, s, beta, the second and fourth in days times `scale`.
        rows: Distinct histories in days.
        scale: What days are multiplied by.
    """
    r, alpha, s, beta = map(float, parameters)
    gradient, hessian = np.zeros(4), np.zeros((4, 4))
    rate = rising_totals(r, rows)
    value = rate[0]
    gradient[0], hessian[0, 0] = rate[1], rate[2]
    for start in range(0, len(rows), _BLOCK):
        part = slice(start, start + _BLOCK)
        x = rows.levels[rows.level[part]]
        t_x, T = rows.t_x[part] * scale, rows.T[part] * scale
        value += _row_sums((r, alpha, s, beta), x, t_x, T, rows.counts[part], gradient, hessian)
    hessian[np.tril_indices(4, -1)] = hessian.T[np.tril_indices(4, -1)]
    return value, gradient, hessian


def _row_sums(
    parameters: tuple[float, float, float, float],
    x: Array,
    t_x: Array,
    T: Array,
    w: Array,
    gradient: Array,
    hessian: Array,
) -> float:
    r, alpha, s, beta = parameters
    n, gap = r + x, T - t_x
    leaving = Leaving(alpha, s, beta, n, t_x, gap)
    z = leaving.log_integral + n * np.log1p(gap / (alpha + t_x)) + s * np.log1p(gap / (beta + t_x))
    log_total, gone = softplus(z)
    first, second = _means(parameters, n, t_x, T, leaving)
    base, base1, base2 = _alive_to_the_end(parameters, x, n, T)
    both = gone * (1.0 - gone)
    for i in range(4):
        gradient[i] += w @ (base1[i] + gone * first[i])
        for j in range(i, 4):
            curve = gone * second[i, j] + both * first[i] * first[j]
            hessian[i, j] += w @ (base2.get((i, j), 0.0) + curve)
    return float(w @ (base + log_total))


def _alive_to_the_end(
    parameters: tuple[float, float, float, float], x: Array, n: Array, T: Array
) -> tuple[Array, list[Array], dict[tuple[int, int], Array]]:
    """Return the log of alpha^r beta^s (alpha+T)^(−n) (beta+T)^(−s) and its derivatives."""
    r, alpha, s, beta = parameters
    by_a, by_b = np.log1p(T / alpha), np.log1p(T / beta)
    at_a, at_b = 1.0 / (alpha + T), 1.0 / (beta + T)
    value = -n * by_a - s * by_b - x * np.log(alpha)
    first = [-by_a, r / alpha - n * at_a, -by_b, s / beta - s * at_b]
    second = {
        (0, 1): 1.0 / alpha - at_a,
        (1, 1): n * at_a**2 - r / alpha**2,
        (2, 3): 1.0 / beta - at_b,
        (3, 3): s * at_b**2 - s / beta**2,
    }
    return value, first, second


def _means(
    parameters: tuple[float, float, float, float], n: Array, t_x: Array, T: Array, leaving: Leaving
) -> tuple[list[Array], dict[tuple[int, int], Array]]:
    """Return the derivatives of z: means and covariances over the time of leaving."""
    _, alpha, s, beta = parameters
    gap = T - t_x
    h_a, h_b = 1.0 / (leaving.since + (alpha + t_x)), 1.0 / (leaving.since + (beta + t_x))
    parts = (
        np.log1p(gap / (alpha + t_x)) - leaving.log_a,
        h_a,
        np.log1p(gap / (beta + t_x)) - leaving.log_b,
        h_b,
    )
    weighted = [leaving.share * part for part in parts]
    mean = [part.sum(axis=0) for part in weighted]
    cov = {}
    for i in range(4):
        for j in range(i, 4):
            product = np.einsum("ij,ij->j", weighted[i], parts[j])
            cov[i, j] = product - mean[i] * mean[j]
    at_a, at_b = 1.0 / (alpha + T), 1.0 / (beta + T)
    turn = (1.0, -n, 1.0, -(s + 1.0))
    first = [mean[0], n * (at_a - mean[1]), 1.0 / s + mean[2], s * at_b - (s + 1.0) * mean[3]]
    second = {(i, j): turn[i] * turn[j] * value for (i, j), value in cov.items()}
    second[0, 1] = second[0, 1] + at_a - mean[1]
    second[1, 1] = second[1, 1] + n * (cov[1, 1] + mean[1] ** 2 - at_a**2)
    second[2, 2] = second[2, 2] - 1.0 / s**2
    second[2, 3] = second[2, 3] + at_b - mean[3]
    second[3, 3] = second[3, 3] + (s + 1.0) * (cov[3, 3] + mean[3] ** 2) - s * at_b**2
    return first, second
