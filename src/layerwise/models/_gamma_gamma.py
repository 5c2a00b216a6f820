"""The Gamma-Gamma likelihood with its derivatives, in blocks."""

from functools import cached_property
from typing import Any

import attrs
import numpy as np
from numpy.typing import NDArray

from layerwise.models._special import Array, log_beta

_BLOCK = 8192
_SMALL = 1 << 16


@attrs.frozen(eq=False, slots=False)
class Spending:
    """Repeat buyers: `level` indexes `levels`, the ascending distinct x; `m` is in units of `unit`.

    The unit is the mean amount, so that the currency changes nothing.
    """

    levels: Array
    level: NDArray[np.int32]
    m: Array
    unit: float
    log_m: float

    @classmethod
    def of(cls, x: NDArray[Any], m: NDArray[Any]) -> "Spending":
        """Return repeat buyers with amounts scaled to a mean of 1, in an order of their own.

        Sorted, so that the order of the rows changes no digit of a sum.
        """
        levels, counts, m = _sorted(x, m)
        level = np.repeat(np.arange(len(levels), dtype=np.int32), counts)
        unit = float(np.mean(m, dtype=np.float64)) if len(m) else 1.0
        scaled = np.asarray(m, dtype=np.float64) / unit
        total = float(np.log(scaled).sum())
        return cls(levels.astype(np.float64), level, scaled, unit, total)

    def __len__(self) -> int:
        return len(self.m)

    @cached_property
    def correlation(self) -> float:
        """Correlation of repeat orders with spend, 0 where all order equally often."""
        counts = np.bincount(self.level, minlength=len(self.levels))
        dx = self.levels - (counts * self.levels).sum() / len(self)
        dm = self.m - self.m.mean()
        together = float((dx * np.bincount(self.level, dm, len(dx))).sum())
        np.square(dm, out=dm)
        spread = float((counts * dx * dx).sum()) * float(dm.sum())
        return together / spread**0.5 if spread > 0 else 0.0

    def sample(self, rows: int) -> "Spending":
        """Return about `rows` buyers, evenly spread over the order of the rows."""
        part = slice(None, None, max(1, len(self) // rows))
        m = self.m[part]
        return attrs.evolve(self, level=self.level[part], m=m, log_m=float(np.log(m).sum()))


def _sorted(
    x: NDArray[Any], m: NDArray[Any]
) -> tuple[NDArray[Any], NDArray[np.intp], NDArray[Any]]:
    """Return the distinct x with counts, and m in the order of (x, m).

    Small integers are sorted by their digits, then m alone within each x: a third of the time of a
    sort by two keys.
    """
    if len(x) and x.max() < _SMALL:
        small = x.astype(np.uint16)
        m = m[np.argsort(small, kind="stable")]
        counts = np.bincount(small)
        levels = np.flatnonzero(counts)
        counts = counts[levels]
        ends = np.cumsum(counts)
        for start, end in zip(ends - counts, ends, strict=True):
            m[start:end].sort()
        return levels, counts, m
    order = np.lexsort((m, x))
    levels, counts = np.unique(x[order], return_counts=True)
    return levels, counts, m[order]


def log_likelihood(parameters: Array, rows: Spending) -> tuple[float, Array, Array]:
    """Return the log-likelihood with its gradient and Hessian in (p, q, v).

    Σ −ln B(px, q) − px ln(1 + v/(xm)) − q ln(1 + xm/v) − ln m, Fader and Hardie (2013) eq. 1a with
    its large terms taken together, so that nothing cancels where p or q is large.
    """
    p, q, v = map(float, parameters)
    n = len(rows)
    value, gradient, hessian = _by_level(p, q, rows)
    for start in range(0, n, _BLOCK):
        part = slice(start, start + _BLOCK)
        value += _row_sums(p, q, v, rows.levels[rows.level[part]], rows.m[part], gradient, hessian)
    gradient[2] += n * q / v
    hessian[1, 2] += n / v
    hessian[2, 2] -= n * q / v**2
    hessian[np.tril_indices(3, -1)] = hessian.T[np.tril_indices(3, -1)]
    return value - rows.log_m, gradient, hessian


def _by_level(p: float, q: float, rows: Spending) -> tuple[float, Array, Array]:
    """Return what depends on x only: −ln B(px, q) and its derivatives in p and q."""
    from scipy.special import polygamma, psi

    x = rows.levels
    w = np.bincount(rows.level, minlength=len(x)).astype(np.float64)
    both, own = polygamma(1, p * x + q), polygamma(1, p * x)
    shared = psi(p * x + q)
    gradient = np.array([(w * x * (shared - psi(p * x))).sum(), (w * (shared - psi(q))).sum(), 0.0])
    hessian = np.zeros((3, 3))
    hessian[0, 0] = (w * x * x * (both - own)).sum()
    hessian[0, 1] = (w * x * both).sum()
    hessian[1, 1] = (w * (both - polygamma(1, q))).sum()
    return -float((w * log_beta(q, p * x)).sum()), gradient, hessian


def _row_sums(
    p: float, q: float, v: float, x: Array, m: Array, gradient: Array, hessian: Array
) -> float:
    total = x * m
    share = 1.0 / (v + total)
    own, others = np.log1p(v / total), np.log1p(total / v)
    x_share = x * share
    gradient[0] -= x @ own
    gradient[1] -= others.sum()
    gradient[2] -= p * x_share.sum() + q * share.sum()
    hessian[0, 2] -= x_share.sum()
    hessian[1, 2] -= share.sum()
    hessian[2, 2] += p * (x_share @ share) + q * (share @ share)
    return -p * float(x @ own) - q * float(others.sum())
