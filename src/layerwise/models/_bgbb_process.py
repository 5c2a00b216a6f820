"""BG/BB at known parameters: probabilities and expected orders at the opportunities to come.

All but the history is a sum of positive terms, also at gamma = 1, where the closed forms are 0/0.
"""

from collections.abc import Callable
from functools import partial

import attrs
import numpy as np

from layerwise.models._bgbb import Silence, before
from layerwise.models._special import Array
from layerwise.models.histories import Histories
from layerwise.saved import saved

_CELLS = 500_000


@saved
@attrs.frozen(kw_only=True)
class Opportunities:
    """Customers who order with p and drop out with θ at each opportunity.

    Args:
        alpha: First parameter of p.
        beta: Second parameter of p.
        gamma: First parameter of θ.
        delta: Second parameter of θ.
    """

    alpha: float
    beta: float
    gamma: float
    delta: float

    def p_alive(self, rows: Histories, m: int) -> Array:
        """Return P(alive m opportunities after the last one seen)."""
        return _by_history(rows, partial(self._alive_after, m=m), m)[:, 0]

    def p_no_purchase(self, rows: Histories, m: int) -> Array:
        """Return P(gone) + P(alive) · P(silent for m | alive)."""
        return _by_history(rows, partial(self._silent, m=m), m)[:, 0]

    def expected_orders(self, rows: Histories, m: int) -> Array:
        """Return P(alive) · E[p] · the opportunities among m that the customer lives to see."""
        return _by_history(rows, partial(self._orders, m=m), m)[:, 0]

    def discounted_orders(self, rows: Histories, m: int, discount: float) -> Array:
        """Return the same, the i-th opportunity ahead weighing (1 + discount)^−i."""
        return _by_history(rows, partial(self._orders, m=m, discount=discount), m)[:, 0]

    def expected_orders_new(self, m: int) -> float:
        """Return the orders expected of a new customer at the first m opportunities."""
        seen = _ratios(self.gamma, np.array([self.delta]), m)[0, 1:]
        return float(self.alpha / (self.alpha + self.beta) * seen.sum())

    def tails(self, rows: Histories, m: int) -> Array:
        """Return P(at least k orders at m opportunities), k = 0 … m; a row a history."""
        return _by_history(rows, partial(self._tails, m=m), m)

    def _alive_after(self, rows: Histories, m: int) -> Array:
        return (self._alive(rows)[0] * _ratios(self.gamma, self.delta + rows.T, m)[:, -1])[:, None]

    def _silent(self, rows: Histories, m: int) -> Array:
        alive, gone = self._alive(rows)
        after = (self.alpha + rows.x, self.beta + rows.T - rows.x)
        ahead = Silence((*after, self.gamma, self.delta + rows.T), np.full(len(rows), float(m)))
        return np.asarray(np.minimum(gone + alive * np.exp(ahead.log_total), 1.0))[:, None]

    def _orders(self, rows: Histories, m: int, discount: float = 0.0) -> Array:
        p = (self.alpha + rows.x) / (self.alpha + self.beta + rows.T)
        sees = _ratios(self.gamma, self.delta + rows.T, m)[:, 1:]
        weight = np.exp(-np.log1p(discount) * np.arange(1.0, m + 1.0))
        seen = (sees * weight).sum(axis=1)
        return np.asarray(self._alive(rows)[0] * p * seen)[:, None]

    def _tails(self, rows: Histories, m: int) -> Array:
        """Add up P(k orders at i opportunities) · P(the customer sees i of m), from k = m down.

        Orders at i opportunities are beta-binomial: C(i, k) B(a + k, b + i − k) / B(a, b).
        """
        a, b = (self.alpha + rows.x)[:, None], (self.beta + rows.T - rows.x)[:, None]
        i = np.arange(m + 1.0)
        logs = before(np.log((b + i) / (a + b + i))) + self._log_sees(rows, m)
        out = np.empty((len(rows), m + 1))
        for k in range(m + 1):
            out[:, k] = np.exp(logs).sum(axis=1)
            logs, i = logs[:, 1:], i[1:]
            logs = logs + np.log((i - k) / (k + 1.0) * ((a + k) / (b + i - (k + 1.0))))
        alive, gone = self._alive(rows)
        out *= alive[:, None]
        out[:, 0] += gone
        sums = np.cumsum(out[:, ::-1], axis=1)[:, ::-1]
        return np.asarray(np.minimum(sums, 1.0))

    def _log_sees(self, rows: Histories, m: int) -> Array:
        """Return ln P(a customer who is alive sees just i of m opportunities), i = 0 … m."""
        delta = self.delta + rows.T
        leaves = np.log(self.gamma / (self.gamma + delta[:, None] + np.arange(m + 1.0)))
        leaves[:, -1] = 0.0
        return _log_ratios(self.gamma, delta, m) + leaves

    def _alive(self, rows: Histories) -> tuple[Array, Array]:
        """Return P(alive at the last opportunity seen) and P(gone), each with its own digits."""
        m = rows.T - rows.t_x
        at = (self.alpha + rows.x, self.beta + rows.t_x - rows.x)
        share = Silence((*at, self.gamma, self.delta + rows.t_x), m).share
        alive: Array = share[np.arange(len(rows)), m.astype(np.intp)]
        gone = np.where(np.arange(share.shape[1]) < m[:, None], share, 0.0).sum(axis=1)
        return alive, gone


def _by_history(rows: Histories, function: Callable[[Histories], Array], m: int) -> Array:
    """Return `function` of each distinct history in turn by blocks, NaN where one is missing."""
    table = np.stack([column.astype(np.float64) for column in (rows.x, rows.t_x, rows.T)], axis=1)
    known = ~np.isnan(table).any(axis=1)
    kinds, kind = np.unique(table[known], axis=0, return_inverse=True)
    if not len(kinds):
        kinds = np.zeros((1, 3))
    longest = m + 2 + int((kinds[:, 2] - kinds[:, 1]).max())
    step = max(1, _CELLS // longest)
    found = [function(Histories(*kinds[i : i + step].T)) for i in range(0, len(kinds), step)]
    values = np.concatenate(found)
    out = np.full((len(table), values.shape[1]), np.nan)
    out[known] = values[kind.reshape(-1)]
    return out


def _ratios(gamma: float, delta: Array, m: int) -> Array:
    """Return E[(1 − θ)^k], θ ~ Beta(gamma, delta), for k = 0 … m; rows × (m + 1)."""
    return np.asarray(np.exp(_log_ratios(gamma, delta, m)))


def _log_ratios(gamma: float, delta: Array, m: int) -> Array:
    return before(np.log1p(-gamma / (gamma + delta[:, None] + np.arange(m + 1.0))))
