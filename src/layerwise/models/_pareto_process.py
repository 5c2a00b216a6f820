"""Pareto/NBD at known parameters: probabilities and expected orders."""

import attrs
import numpy as np
from numpy.typing import NDArray

from layerwise.models._discount import discounted, discounted_at_once
from layerwise.models._gather import on_distinct
from layerwise.models._pareto import Leaving, gauss_rule, log_odds_gone
from layerwise.models._special import Array, sigmoid
from layerwise.models.histories import Histories, blocks
from layerwise.saved import saved

_RULE = gauss_rule(64)


@saved
@attrs.frozen(kw_only=True)
class Pareto:
    """Customers who leave at any time; alpha and beta in days.

    Args:
        r: Shape of the rate of orders.
        alpha: Rate parameter of the rate of orders, in days.
        s: Shape of the rate of leaving.
        beta: Rate parameter of the rate of leaving, in days.
    """

    r: float
    alpha: float
    s: float
    beta: float

    def p_alive(self, rows: Histories) -> Array:
        """Return 1 / (1 + e^z)."""
        out = np.empty(len(rows))
        for part, x, t_x, T in blocks(rows):
            out[part] = sigmoid(-self._log_odds_gone(x, t_x, T))
        return out

    def p_no_purchase(self, rows: Histories, h: float) -> Array:
        """Return P(gone) + P(alive) · P(silent for h | alive), a sum of positive terms.

        A customer who is alive may stay silent, or leave before the next order.
        """
        out = np.empty(len(rows))
        for part, x, t_x, T in blocks(rows):
            z = self._log_odds_gone(x, t_x, T)
            out[part] = np.minimum(sigmoid(z) + sigmoid(-z) * self._silent(x, T, h), 1.0)
        return out

    def expected_orders(self, rows: Histories, h: float) -> Array:
        """Return P(alive) times the orders expected of a customer who is alive."""
        out = np.empty(len(rows))
        for part, x, t_x, T in blocks(rows):
            alive = sigmoid(-self._log_odds_gone(x, t_x, T))
            out[part] = alive * self.orders_if_alive(x, T, h)
        return out

    def discounted_orders(self, rows: Histories, h: float, rate: float) -> Array:
        """Return P(alive) times the discounted orders of a customer who is alive."""
        if np.ndim(self.alpha) or np.ndim(self.beta):  # one a row (covariates)
            x, T = rows.x.astype(np.float64), rows.T.astype(np.float64)
            bend = (self.beta + T) / (1.0 + self.s)
            alive = discounted_at_once(lambda t: self.orders_if_alive(x, T, t), bend, h, rate)
            return self.p_alive(rows) * alive

        def per_rate(_: Array, T: Array) -> Array:
            return self._discounted_per_rate(T, h, rate)

        alike = np.zeros(len(rows), dtype=np.int8)
        out = on_distinct(per_rate, alike, rows.T, self.beta)
        out *= (self.r + rows.x) / (self.alpha + rows.T)
        out *= self.p_alive(rows)
        return out

    def expected_orders_new(self, h: float) -> float:
        """Return the repeat orders expected of a new customer in h."""
        return float(self.orders_if_alive(np.zeros(1), np.zeros(1), h)[0])

    def orders_if_alive(self, x: Array, T: Array, h: float) -> Array:
        """Return (r+x)/(alpha+T) · (beta+T) [1 − ((beta+T)/(beta+T+h))^(s−1)]/(s−1).

        With its limit at s = 1 (Schmittlein, Morrison and Colombo 1987, eq. 22).
        """
        return (self.r + x) / (self.alpha + T) * self._time_alive(T, h)

    def _time_alive(self, T: Array, h: float | Array) -> Array:
        """Return the days of the next h that customers alive at T are expected to live."""
        grown = np.log1p(h / (self.beta + T))
        k = self.s - 1.0
        share = grown if k == 0.0 else -np.expm1(-k * grown) / k
        return np.asarray((self.beta + T) * share)

    def _discounted_per_rate(self, T: Array, h: float, rate: float) -> Array:
        """Return discounted orders if alive, divided by the rate of orders (r+x)/(alpha+T)."""

        def time(rows: NDArray[np.intp], days: Array) -> Array:
            return self._time_alive(T[rows], days)

        return discounted(time, (self.beta + T) / (1.0 + self.s), h, rate)

    def p_at_least_if_alive(self, rows: Histories, orders: Array, h: float) -> Array:
        """Return the mean of P(K(u) ≥ m) over the time u = min(time of leaving, h) alive.

        P(K(u) ≥ m) = I_w(m, r + x), w = u / (alpha + T + u); Gauss's rule in ln(beta + T + u).
        """
        from scipy.special import betainc

        T, n = rows.T, self.r + rows.x
        grown = np.log1p(h / (self.beta + T))
        out = betainc(orders, n, h / (self.alpha + T + h)) * np.exp(-self.s * grown)
        for y, weight in zip(*_RULE, strict=True):
            u = (self.beta + T) * np.expm1(y * grown)
            leaving = self.s * np.exp(-self.s * y * grown) * grown * weight
            out += leaving * betainc(orders, n, u / (self.alpha + T + u))
        return np.asarray(out)

    def stays(self, rows: Histories, h: float) -> Array:
        """Return ((beta+T)/(beta+T+h))^s, whatever the orders."""
        return np.exp(-self.s * np.log1p(h / (self.beta + rows.T)))

    def _silent(self, x: Array, T: Array, h: float) -> Array:
        """Return P(no order in h | alive): alive and silent to the end, or gone before an order."""
        n, gap = self.r + x, np.full_like(T, h)
        to_the_end = np.exp(
            -n * np.log1p(h / (self.alpha + T)) - self.s * np.log1p(h / (self.beta + T))
        )
        leaving = Leaving(self.alpha, self.s, self.beta, n, T, gap)
        silent: Array = to_the_end + np.exp(leaving.log_integral)
        return silent

    def _log_odds_gone(self, x: Array, t_x: Array, T: Array) -> Array:
        known = ~(np.isnan(x) | np.isnan(t_x) | np.isnan(T))
        out = np.full(len(x), np.nan)
        parameters = (self.r, self.alpha, self.s, self.beta)
        out[known] = log_odds_gone(parameters, x[known], t_x[known], T[known])
        return out
