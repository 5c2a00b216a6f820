"""Kernels of the BG/BB model: orders and dropout at discrete opportunities.

At each opportunity a customer who is alive orders with p ~ Beta(alpha, beta); before each one the
customer drops out with θ ~ Beta(gamma, delta). After x orders, the last at opportunity t_x of n,
the likelihood (Fader, Hardie and Shang 2010, eq. 5) is that of the history up to t_x, times the
probability of silence from there on:

    L = B(alpha+x, beta+t_x−x)/B(alpha, beta) · B(gamma, delta+t_x)/B(gamma, delta) · Q,
    Q = Σ_i P(silent for i opportunities, then gone) + P(silent and alive for all n − t_x),

a sum of positive terms; their shares of Q give the derivatives as means and covariances.
"""

import numpy as np

from layerwise.models._special import Array, rising_sums
from layerwise.models.histories import Distinct

_CELLS = 200_000
_PAIRS = [(i, j) for i in range(4) for j in range(i, 4)]


class Silence:
    """Q and the shares of its terms for m further opportunities; arrays rows × (max m + 1).

    Attributes:
        log_total: ln Q.
        share: Term i's share of Q: gone after i silent opportunities; the m-th is alive.
    """

    def __init__(self, parameters: tuple[Array, Array, float, Array], m: Array) -> None:
        alpha, beta, gamma, delta = parameters
        self.k = np.arange(int(m.max(initial=0)) + 1.0)
        self.ordering = (alpha + beta)[:, None] + self.k
        self.refusing = beta[:, None] + self.k
        self.staying = delta[:, None] + self.k
        self.flipping = gamma + self.staying
        self.gone = self.k < m[:, None]
        steps = np.log(self.refusing / self.ordering) + np.log(self.staying / self.flipping)
        terms = before(steps) + np.where(self.gone, np.log(gamma / self.flipping), 0.0)
        terms = np.where(self.k <= m[:, None], terms, -np.inf)
        top = terms.max(axis=1, keepdims=True)
        parts = np.exp(terms - top)
        total = parts.sum(axis=1)
        self.share = parts / total[:, None]
        self.log_total = top[:, 0] + np.log(total)

    def derivatives(self, gamma: float) -> tuple[list[Array], dict[tuple[int, int], Array]]:
        """Return the first and second derivatives of ln Q in alpha, beta, gamma, delta."""
        order, refuse = before(1.0 / self.ordering), before(1.0 / self.refusing)
        stay, flip = before(1.0 / self.staying), before(1.0 / self.flipping)
        last = np.where(self.gone, 1.0 / self.flipping, 0.0)
        first = [
            -order,
            refuse - order,
            np.where(self.gone, 1.0 / gamma, 0.0) - flip - last,
            stay - flip - last,
        ]
        order2, flip2 = before(self.ordering**-2), before(self.flipping**-2) + last**2
        zero = np.zeros_like(order)
        second = dict.fromkeys(_PAIRS, zero) | {
            (0, 0): order2,
            (0, 1): order2,
            (1, 1): order2 - before(self.refusing**-2),
            (2, 2): flip2 - np.where(self.gone, gamma**-2, 0.0),
            (2, 3): flip2,
            (3, 3): flip2 - before(self.staying**-2),
        }
        mean = [self._mean(part) for part in first]
        curve = {
            (i, j): self._mean(second[i, j] + first[i] * first[j]) - mean[i] * mean[j]
            for i, j in _PAIRS
        }
        return mean, curve

    def _mean(self, values: Array) -> Array:
        return np.asarray((self.share * values).sum(axis=1))


def before(steps: Array) -> Array:
    """Return sums of the steps before each column."""
    sums = np.zeros_like(steps)
    np.cumsum(steps[:, :-1], axis=1, out=sums[:, 1:])
    return sums


def log_likelihood(parameters: Array, rows: Distinct) -> tuple[float, Array, Array]:
    """Return the log-likelihood with its gradient and Hessian in alpha, beta, gamma, delta."""
    gradient, hessian = np.zeros(4), np.zeros((4, 4))
    value = 0.0
    longest = int((rows.T - rows.t_x).max()) + 1
    block = max(1, _CELLS // longest)
    for start in range(0, len(rows), block):
        part = slice(start, start + block)
        x = rows.levels[rows.level[part]]
        value += _row_sums(
            parameters, x, rows.t_x[part], rows.T[part], rows.counts[part], gradient, hessian
        )
    hessian[np.tril_indices(4, -1)] = hessian.T[np.tril_indices(4, -1)]
    return value, gradient, hessian


def _row_sums(
    parameters: Array, x: Array, t_x: Array, T: Array, w: Array, gradient: Array, hessian: Array
) -> float:
    """Add the history up to t_x and the silence after it."""
    alpha, beta, gamma, delta = map(float, parameters)
    silence = Silence((alpha + x, beta + t_x - x, gamma, delta + t_x), T - t_x)
    first, second = silence.derivatives(gamma)
    value = float((w * silence.log_total).sum())
    for i in range(4):
        gradient[i] += (w * first[i]).sum()
    for (i, j), curve in second.items():
        hessian[i, j] += (w * curve).sum()
    for z, m, sign, which in (
        (alpha, x, 1, (0,)),
        (beta, t_x - x, 1, (1,)),
        (alpha + beta, t_x, -1, (0, 1)),
        (delta, t_x, 1, (3,)),
        (gamma + delta, t_x, -1, (2, 3)),
    ):
        levels, level = np.unique(m, return_inverse=True)
        counts = sign * np.bincount(level, weights=w)
        log, slope, bend = (float((counts * part).sum()) for part in rising_sums(z, levels))
        value += log
        for i in which:
            gradient[i] += slope
            for j in which:
                hessian[i, j] += bend if i <= j else 0.0
    return value
