"""Means and ratios over customers, with intervals that take customers as they come."""

import numpy as np

from layerwise.rates import z_value
from layerwise.vectors import Array, Floats

FEW = 2_000
"""Up to so many customers the interval is the bootstrap's; beyond it the linearised one."""


def ratio_interval(
    x: Array, y: Array, *, zeros: int = 0, draws: int = 400, seed: int = 0, level: float = 0.95
) -> tuple[float, float]:
    """Return the interval of sum(x) / sum(y) when customers are drawn anew.

    Up to 2,000 customers: the percentile bootstrap. Beyond: the normal interval of the linearised
    ratio, with variance n / (n - 1) sum((x - r y)^2) / sum(y)^2, which the bootstrap then equals.
    Missing below two customers or with a sum(y) of 0. The order of customers does not matter.

    Args:
        x: One number a customer.
        y: One number a customer.
        zeros: So many more customers have x = 0 and y = 1.
        draws: Of the bootstrap.
        seed: Equal seeds give equal intervals.
        level: Of the interval.

    Source: Efron (1979), Annals of Statistics 7; Cochran (1977), "Sampling Techniques", section
    2.11.

    >>> low, high = ratio_interval(np.array([1.0, 2.0, 3.0, 6.0]), np.ones(4), draws=2_000)
    >>> round(low, 2), round(high, 2)
    (1.5, 5.0)
    """
    n = len(x) + zeros
    if n < 2 or not y.sum() + zeros > 0:
        return np.nan, np.nan
    if n > FEW:
        return _linearised(x, y, zeros, n, level)
    order = np.lexsort((y, x))
    x = np.concatenate([x[order], np.zeros(zeros)])
    y = np.concatenate([y[order], np.ones(zeros)])
    picks = np.random.default_rng(seed).integers(0, n, (draws, n))
    with np.errstate(divide="ignore", invalid="ignore"):
        drawn = x[picks].sum(axis=1) / y[picks].sum(axis=1)
    drawn = drawn[np.isfinite(drawn)]
    low, high = np.quantile(drawn, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)


def _linearised(x: Array, y: Array, zeros: int, n: int, level: float) -> tuple[float, float]:
    total = y.sum() + zeros
    r = float(x.sum() / total)
    rest = np.square(x - r * y).sum() + zeros * r * r
    half = z_value(level) * float(np.sqrt(n / (n - 1) * rest) / total)
    return r - half, r + half


def by_cell(cell: Array, n: int) -> tuple[Array, Array]:
    """Return the rows sorted by cell, and where each of n cells begins (and the last one ends)."""
    order = np.argsort(cell, kind="stable")
    return order, np.searchsorted(cell[order], np.arange(n + 1))


def sums(value: Array, starts: Array) -> Floats:
    """Return the sum of each run of values; 0 for empty ones."""
    running = np.concatenate([[0.0], np.cumsum(value, dtype=np.float64)])
    total: Floats = running[starts[1:]] - running[starts[:-1]]
    return total
