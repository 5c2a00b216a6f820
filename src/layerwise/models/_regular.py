"""Erlang-k gaps: customers who order more regularly than at random.

Each order takes k hidden steps that come at rate λ. A customer who is alive has taken j < k steps
since the last order; with n = r + kx and v = (T − t_x)/(alpha + T) the likelihood's factor for
those alive is S = Σ_j (n)_j / j! · v^j (Reutterer, Platzer and Schröder 2020; 1 at k = 1), and
the shares of its terms are the probabilities of the stages j.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from layerwise.models._special import Array


class Stages:
    """ln S and the probabilities of the k stages; arrays rows × k."""

    def __init__(self, n: Array, v: Array, k: int) -> None:
        self.j = np.arange(float(k))
        steps = (n[:, None] + self.j[:-1]) / (self.j[:-1] + 1.0) * v[:, None]
        terms = np.cumprod(np.concatenate((np.ones((len(n), 1)), steps), axis=1), axis=1)
        total = terms.sum(axis=1)
        self.share = terms / total[:, None]
        self.log_total = np.log(total)

    def derivatives(self, n: Array, at_T: Array) -> tuple[Array, ...]:
        """Return the derivatives of ln S in r, alpha, then rr, r alpha, alpha alpha."""
        inverse = 1.0 / (n[:, None] + self.j[:-1])
        zero = np.zeros((len(n), 1))
        h = np.concatenate((zero, np.cumsum(inverse, axis=1)), axis=1)
        squares = np.concatenate((zero, np.cumsum(inverse**2, axis=1)), axis=1)
        mean_h, mean_j = self.mean(h), self.mean(self.j)
        return (
            mean_h,
            -mean_j * at_T,
            self.mean(h * h - squares) - mean_h**2,
            -(self.mean(h * self.j) - mean_h * mean_j) * at_T,
            (mean_j + self.mean(self.j**2) - mean_j**2) * at_T**2,
        )

    def mean(self, values: NDArray[Any]) -> Array:
        """Return the mean over stages of each row."""
        return np.asarray((self.share * values).sum(axis=1))
