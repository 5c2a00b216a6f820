"""Numerics shared by the models: stable logs, ratios of gamma functions, E[orders while alive].

Everything works on numpy arrays, stays in log scale where numbers can overflow, and uses plain
`np.exp` and `np.log`: `np.logaddexp` and `scipy.special.expit` cost ten times as much.
"""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]

_STIRLING = (1 / 12, -1 / 360, 1 / 1260, -1 / 1680, 1 / 1188, -691 / 360360, 1 / 156)
_SHIFT = 8


def sigmoid(z: Array) -> Array:
    """Return 1 / (1 + e^-z), with full relative accuracy at both ends."""
    with np.errstate(over="ignore"):
        return 1.0 / (1.0 + np.exp(-z))


def softplus(z: Array) -> tuple[Array, Array]:
    """Return ln(1 + e^z) and its derivative 1 / (1 + e^-z), for the price of one exp."""
    e = np.exp(-np.abs(z))
    upper = 1.0 / (1.0 + e)
    return np.maximum(z, 0.0) + np.log1p(e), np.where(z >= 0, upper, e * upper)


def log_rising(z: ArrayLike, m: ArrayLike) -> Array:
    """Return ln Γ(z + m) − ln Γ(z), accurate also where z ≫ m and the difference would cancel."""
    z, m = np.broadcast_arrays(np.asarray(z, float), np.asarray(m, float))
    shifted = z + _SHIFT
    value = (
        (shifted - 0.5) * np.log1p(m / shifted)
        + m * (np.log(shifted + m) - 1.0)
        + _stirling(shifted + m)
        - _stirling(shifted)
    )
    for i in range(_SHIFT):
        value = value - np.log1p(m / (z + i))
    return np.asarray(value, float)


def _stirling(z: Array) -> Array:
    total = np.zeros_like(z)
    for coefficient in reversed(_STIRLING):
        total = total / (z * z) + coefficient
    return np.asarray(total / z, float)


def rising_sums(z: float, levels: Array) -> tuple[Array, Array, Array]:
    """Return ln Γ(z + m) − ln Γ(z) and its first two derivatives in z for ascending integers m.

    Sums of ln(z + i), 1/(z + i) and −1/(z + i)² over i < m: no cancellation at any z.
    """
    if levels.size and levels[-1] > LONGEST_SUM:
        return _rising_asymptotic(z, levels)
    index = levels.astype(np.intp)
    steps = z + np.arange(index[-1] if index.size else 0)
    parts = (np.log(steps), 1.0 / steps, -1.0 / (steps * steps))
    sums = [np.concatenate(([0.0], np.cumsum(part)))[index] for part in parts]
    return sums[0], sums[1], sums[2]


LONGEST_SUM = 200_000
"""Levels up to which sums are taken step by step."""


def _rising_asymptotic(z: float, levels: Array) -> tuple[Array, Array, Array]:
    """Do the same with gamma functions where levels are too large to sum up to."""
    from scipy.special import polygamma, psi

    return (
        log_rising(z, levels),
        psi(z + levels) - psi(z),
        polygamma(1, z + levels) - polygamma(1, z),
    )


def orders_while_alive(n: ArrayLike, a: ArrayLike, b: ArrayLike, y: ArrayLike) -> Array:
    """Return the orders expected over a horizon of a customer who is alive now.

    With λ ~ Gamma(n, α + T), p ~ Beta(a, b) and y = h / (α + T) this is

        G = E[(1 − e^(−λph)) / p] = E[(1 − (1 + py)^(−n)) / p]

    in the literature (a+b−1)/(a−1) · [1 − (1+y)^(−n) · 2F1(n, b; a+b−1; y/(1+y))]
    (Fader, Hardie and Lee 2005, eq. 10). That form is 0/0 at a = 1 and overflows at large n. Here
    an Euler transform takes x out of the numerator of the series, expm1 removes the singularity,
    and quadrature over p does what the series cannot; the relative error is below 1e-9.
    """
    arrays = np.broadcast_arrays(n, a, b, y)
    shape = arrays[0].shape
    n, each, b, y = (np.array(v, float).ravel() for v in arrays)
    out = np.empty(y.size)
    for start in range(0, y.size, _BLOCK):
        part = slice(start, start + _BLOCK)
        own = each[part] if np.ndim(a) else np.asarray(a, float)
        out[part] = _orders_block(n[part], own, b[part], y[part])
    return out.reshape(shape)


def _some(a: Array, rows: Any) -> Array:
    """Return a of some rows: it is one number for all, or one a row."""
    return np.asarray(a[rows]) if a.ndim else a


_BLOCK = 8192
_SERIES_MAX_W = 0.93
_SERIES_MAX_TERMS = 600
_SERIES_MAX_LOSS = 1e4
_EPS = 1e-17
_TINY = 1e-8


def _orders_block(n: Array, a: Array, b: Array, y: Array) -> Array:
    with np.errstate(all="ignore"):
        out, loss = _orders_series(n, a, b, y)
    tiny = (n + 1.0) * y < _TINY
    out[tiny] = (n * y * (1.0 - 0.5 * (n + 1.0) * y * a / (a + b)))[tiny]
    hard = np.flatnonzero(~(loss < _SERIES_MAX_LOSS) & ~tiny)
    if hard.size:
        out[hard] = _orders_hard(n[hard], _some(a, hard), b[hard], y[hard])
    return out


def _orders_series(n: Array, a: Array, b: Array, y: Array) -> tuple[Array, Array]:
    """Return c [(1 − (1−w)^(a−1))/(a−1) − (1−w)^(a−1) Σ_j (a)_(j−1) (c−n)_j / ((c)_j j!) w^j].

    Here w = y/(1+y) and c = a+b−1. The second result is how many digits cancel, as a factor; it is
    not finite where the series was not summed.
    """
    w = y / (1.0 + y)
    c = a + b - 1.0
    usable = (w < _SERIES_MAX_W) & (c > 0.25) & (a * w < 100.0)
    if not usable.any():
        return np.zeros_like(y), np.full_like(y, np.inf)
    w = np.where(usable, w, 0.0)
    term = (c - n) * w / c
    total, absolute = term.copy(), np.abs(term)
    for j in range(1, _SERIES_MAX_TERMS):
        term = term * ((a + j - 1.0) * w) * (c - n + j) / ((c + j) * (j + 1.0))
        total += term
        size = np.abs(term)
        absolute += size
        if not (size > _EPS * absolute * (1.0 - w)).any():
            break
    else:
        absolute = np.where(size > 1e-13 * absolute * (1.0 - w), np.inf, absolute)
    log1y = np.log1p(y)
    singular = a == 1.0
    apart = np.where(singular, 1.0, a - 1.0)
    direct = np.where(singular, log1y, -np.expm1((1.0 - a) * log1y) / apart)
    power = np.exp((1.0 - a) * log1y)
    value = c * (direct - power * total)
    loss = c * (np.abs(direct) + power * absolute) / value
    return value, np.where(usable & (value > 0), loss, np.where(y == 0, 1.0, np.inf))


def _orders_hard(n: Array, a: Array, b: Array, y: Array) -> Array:
    """Return G by quadrature; the first flip is taken out where b < 1/2 (mass at p = 1)."""
    low = b < 0.5
    after = np.where(low, b + 1.0, b)
    first = -np.expm1(-n * np.log1p(y))
    survive = np.where(low, b / (a + b), 1.0)
    out = np.empty_like(y)
    for start in range(0, y.size, 512):
        part = slice(start, start + 512)
        first_step = np.where(low[part], first[part], 0.0)
        rest = _orders_quadrature(
            n[part], _some(a, part), after[part], y[part], low[part], first_step
        )
        out[part] = first_step + survive[part] * rest
    return out


_NODES = 400
_DROP = 42.0


def _orders_quadrature(
    n: Array, a: Array, b: Array, y: Array, low: NDArray[np.bool_], first: Array
) -> Array:
    """Integrate over p by the trapezoidal rule in logit(p), where Beta tails are exponential.

    The integrand is f(p) = (1 − (1+py)^(−n))/p, or (f(p) − f(1))/(1−p) after the first flip. What
    stays finite at p → 0 is subtracted as f(0)(1−p)^c, whose mean is known: by Jensen's inequality
    the rest is positive, so nothing cancels, and the left tail is short even at a → 0.
    """
    at_zero = n * y - first
    curve = np.where(low, np.maximum(n * (n + 1.0) * y * y / 2.0 / at_zero - 1.0, 0.0), 0.0)
    curve = np.where(low, curve, (n + 1.0) * y / 2.0)
    left, right = _integration_range(n, a, b, y)
    left = np.maximum(left, np.minimum(right, -np.log(np.maximum(curve, 1.0) + b)) - 24.0)
    step = (right - left) / (_NODES - 1)
    t = left[:, None] + step[:, None] * np.arange(_NODES)
    log_p, log_q = -np.log1p(np.exp(-t)), -_log1pexp(t)
    p = np.exp(log_p)
    f = -np.expm1(-n[:, None] * np.log1p(p * y[:, None])) / p
    q = np.exp(log_q)
    f = np.where(low[:, None], (f - first[:, None]) / q, f)
    rest = f - at_zero[:, None] * np.exp(curve[:, None] * log_q)
    log_weight = np.reshape(a, (-1, 1)) * log_p + b[:, None] * log_q - log_beta(a, b)[:, None]
    mean = (rest * np.exp(log_weight)).sum(axis=1) * step
    known = at_zero * np.exp(_log_kept(a, b, curve))
    return np.asarray(known + mean, float)


def _log_kept(a: Array, b: Array, c: Array) -> Array:
    """Return ln E[(1 − p)^c], p ~ Beta(a, b): of two equal differences the one of smaller terms."""
    by_c = log_rising(b, c) - log_rising(a + b, c)
    by_a = log_rising(b, a) - log_rising(b + c, a)
    return np.where(c < a, by_c, by_a)


def _integration_range(n: Array, a: Array, b: Array, y: Array) -> tuple[Array, Array]:
    """Return where the log of the integrand has fallen by 42 from its peak, left and right."""

    def height(t: Array) -> Array:
        log_p = -np.log1p(np.exp(-t))
        scale = np.exp(log_p) * y
        f = np.where(scale * n > 1e-12, -np.expm1(-n * np.log1p(scale)) / scale, n)
        return a * log_p - b * _log1pexp(t) + np.log(f)

    low, high = np.full_like(y, -700.0), np.full_like(y, 300.0)
    for _ in range(90):
        third = (high - low) / 3.0
        rising = height(low + third) < height(high - third)
        low, high = np.where(rising, low + third, low), np.where(rising, high, high - third)
    peak = 0.5 * (low + high)
    floor = height(peak) - _DROP
    edges = []
    for far in (-700.0, 300.0):
        inside, outside = peak, np.full_like(y, far)
        for _ in range(40):
            middle = 0.5 * (inside + outside)
            above = height(middle) > floor
            inside, outside = np.where(above, middle, inside), np.where(above, outside, middle)
        edges.append(outside)
    return edges[0], edges[1]


def _log1pexp(t: Array) -> Array:
    return np.asarray(np.maximum(t, 0.0) + np.log1p(np.exp(-np.abs(t))), float)


def log_beta(a: ArrayLike, b: Array) -> Array:
    """Return ln B(a, b) = ln Γ(a) − [ln Γ(b + a) − ln Γ(b)]."""
    from scipy.special import gammaln

    small, large = np.minimum(a, b), np.maximum(a, b)
    return np.asarray(gammaln(small) - log_rising(large, small), float)
