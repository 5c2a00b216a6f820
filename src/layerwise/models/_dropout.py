"""Kernels of the models in which customers may drop out after an order: BG/NBD and MBG/NBD.

Orders come at rate λ ~ Gamma(r, alpha) while a customer is alive; after an order the customer drops
out with p ~ Beta(a, b). `first` says whether that can happen after the first order too: 0 in BG/NBD
(Fader, Hardie and Lee 2005), 1 in MBG/NBD (Batislam, Denizel and Filiztekin 2007). With
m = x + first flips of the coin and n = r + x, both have the likelihood

    L = Γ(r+x)/Γ(r) · alpha^r · B(a, b+m)/B(a, b) · (alpha+T)^(−n) · (1 + e^z),
    z = ln(a/(b+m−1)) + n · ln((alpha+T)/(alpha+t_x)),

the term e^z (absent where m = 0) for those who dropped out at their last order; P(alive) is
1 / (1 + e^z). Times and alpha have one unit.
"""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from layerwise.models._regular import Stages
from layerwise.models._rising import rising_totals
from layerwise.models._special import Array
from layerwise.models.histories import Distinct

BLOCK = 8192


def log_likelihood(
    parameters: Array, rows: Distinct, first: int, scale: float, k: int = 1
) -> tuple[float, Array, Array]:
    """Return the log-likelihood with its gradient and Hessian in (r, alpha, a, b).

    Args:
        parameters: r, alpha, a, b, alpha in days times `scale`.
        rows: Distinct histories in days.
        first: 0 for BG/NBD, 1 for MBG/NBD.
        scale: What days are multiplied by.
        k: Regularity: gaps are Erlang-k distributed, exponential with 1 (see `_regular`).
    """
    r, alpha, a, b = map(float, parameters)
    gradient, hessian = np.zeros(4), np.zeros((4, 4))
    value = _by_level((r, a, b), rows, first, k, gradient, hessian)
    log_odds, inverse = _coin(a, b, rows.levels + first)
    for level, t_x, T, w in _blocks(rows, scale):
        x = rows.levels[level] * k
        coin = (log_odds[level], inverse[level])
        value += _row_sums((r, alpha, a), x, t_x, T, w, coin, k, gradient, hessian)
    return value, gradient, hessian + np.triu(hessian, 1).T


def _blocks(rows: Distinct, scale: float) -> Iterator[tuple[NDArray[np.intp], Array, Array, Array]]:
    for start in range(0, len(rows), BLOCK):
        part = slice(start, start + BLOCK)
        yield rows.level[part], rows.t_x[part] * scale, rows.T[part] * scale, rows.counts[part]


def _coin(a: float, b: float, m: Array) -> tuple[Array, Array]:
    """Return ln(a/(b+m−1)) and 1/(b+m−1) by level; −inf and 0 where no coin was flipped."""
    inverse = np.divide(1.0, b + m - 1.0, out=np.zeros_like(m), where=m > 0)
    log_odds = np.full_like(m, -np.inf)
    np.log(a * inverse, out=log_odds, where=m > 0)
    return log_odds, inverse


def _by_level(
    parameters: tuple[float, float, float],
    rows: Distinct,
    first: int,
    k: int,
    gradient: Array,
    hessian: Array,
) -> float:
    """Add what depends on x only: Γ(r+x)/Γ(r) · B(a, b+m)/B(a, b)."""
    r, a, b = parameters
    sums = (
        rising_totals(r, rows, k),
        rising_totals(b, rows, first=first),
        rising_totals(a + b, rows, first=first),
    )
    (rate, rate1, rate2), (keep, keep1, keep2), (flip, flip1, flip2) = sums
    gradient += (rate1, 0.0, -flip1, keep1 - flip1)
    hessian[0, 0] += rate2
    hessian[2, 2] -= flip2
    hessian[2, 3] -= flip2
    hessian[3, 3] += keep2 - flip2
    return rate + keep - flip


def _row_sums(
    parameters: tuple[float, float, float],
    x: Array,
    t_x: Array,
    T: Array,
    w: Array,
    coin: tuple[Array, Array],
    k: int,
    gradient: Array,
    hessian: Array,
) -> float:
    """Add alpha^r (alpha+T)^(−n) (1 + e^z) of a block; return its log."""
    r, alpha, a = parameters
    log_odds, inverse = coin
    n = r + x
    at_T, at_t = 1.0 / (alpha + T), 1.0 / (alpha + t_x)
    grown, gap = np.log1p(T / alpha), np.log1p((T - t_x) * at_t)
    z = log_odds + n * gap
    regular = Stages(n, (T - t_x) * at_T, k) if k > 1 else None
    if regular is not None:
        z = z - regular.log_total
    e = np.exp(-np.abs(z))
    upper = 1.0 / (1.0 + e)
    dead = w * np.where(z >= 0, upper, e * upper)
    both = w * (e * upper * upper)
    turn = at_T - at_t
    z_alpha = n * turn
    n_T = n * at_T
    customers = float(w.sum())
    if regular is not None:
        stages = regular.derivatives(n, at_T)
        _add_stages(stages, w - dead, gradient, hessian)
    z_r, z_a = (gap, z_alpha) if regular is None else (gap - stages[0], z_alpha - stages[1])
    by_r, by_alpha, by_b = both * z_r, both * z_a, both * inverse
    gradient[0] += dead @ gap - w @ grown
    gradient[1] += r / alpha * customers - w @ n_T + dead @ z_alpha
    gradient[2] += dead.sum() / a
    gradient[3] -= dead @ inverse
    hessian[0, 0] += by_r @ z_r
    hessian[0, 1] += customers / alpha - w @ at_T + dead @ turn + by_r @ z_a
    hessian[0, 2] += by_r.sum() / a
    hessian[0, 3] -= by_r @ inverse
    hessian[1, 1] += by_alpha @ z_a - dead @ (z_alpha * (at_T + at_t))
    hessian[1, 1] += w @ (n_T * at_T) - r / alpha**2 * customers
    hessian[1, 2] += by_alpha.sum() / a
    hessian[1, 3] -= by_alpha @ inverse
    hessian[2, 2] += (both.sum() - dead.sum()) / a**2
    hessian[2, 3] -= by_b.sum() / a
    hessian[3, 3] += (dead * inverse + by_b) @ inverse
    value = np.maximum(z, 0.0) + np.log(1.0 + e) - n * grown
    if regular is not None:
        value += regular.log_total
    return float(w @ value) - float(w @ x) * float(np.log(alpha))


def _add_stages(stages: tuple[Array, ...], alive: Array, gradient: Array, hessian: Array) -> None:
    for i in range(2):
        gradient[i] += alive @ stages[i]
    for (i, j), curve in zip(((0, 0), (0, 1), (1, 1)), stages[2:], strict=True):
        hessian[i, j] += alive @ curve
