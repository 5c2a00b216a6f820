"""BG/NBD and MBG/NBD at known parameters: probabilities and expected orders."""

from typing import Any

import attrs
import narwhals.stable.v2 as nw
import numpy as np
from numpy.typing import NDArray

from layerwise.columns import AGE, FIRST_TO_LAST, REPEAT_ORDERS
from layerwise.models._discount import discounted, discounted_at_once
from layerwise.models._gather import PANEL, interpolated, on_distinct
from layerwise.models._special import Array, log_rising, orders_while_alive
from layerwise.models.histories import Histories, blocks
from layerwise.saved import saved

_NO_TIME = 1e-290
"""A y so small that orders are n y, and no quotient overflows."""


@saved
@attrs.frozen(kw_only=True)
class Dropout:
    """Customers who may drop out after an order; alpha in days, other letters as in `_dropout`.

    Args:
        r: Shape of the rate of orders.
        alpha: Rate parameter of the rate of orders, in days.
        a: First parameter of the dropout probability.
        b: Second parameter of the dropout probability.
        first: 1 if customers may drop out after their first order (MBG/NBD), 0 if not (BG/NBD).
    """

    r: float
    alpha: float
    a: float
    b: float
    first: int

    def p_alive(self, rows: Histories) -> Array:
        """Return 1 / (1 + e^z)."""
        out = np.empty(len(rows))
        for part, x, t_x, T in blocks(rows):
            out[part] = 1.0 / (1.0 + self._odds_gone(x, t_x, T))
        return out

    def p_no_purchase(self, rows: Histories, h: float) -> Array:
        """Return P(gone) + P(alive) · ((alpha+T)/(alpha+T+h))^(r+x); a sum, so nothing cancels."""
        out = np.empty(len(rows))
        for part, x, t_x, T in blocks(rows):
            odds = self._odds_gone(x, t_x, T)
            silent = np.exp(-(self.r + x) * np.log1p(h / (self.alpha + T)))
            out[part] = (odds + silent) / (1.0 + odds)
        return out

    def expected_orders(self, rows: Histories, h: float) -> Array:
        """Return P(alive) times the orders expected of a customer who is alive."""
        if np.ndim(self.alpha) or np.ndim(self.a):  # one a row (covariates), at most one block
            return self.p_alive(rows) * self.orders_if_alive(rows.x, rows.T, h)
        out = on_distinct(lambda x, T: self.orders_if_alive(x, T, h), rows.x, rows.T, self.alpha)
        for part, x, t_x, T in blocks(rows):
            out[part] /= 1.0 + self._odds_gone(x, t_x, T)
        return out

    def discounted_orders(self, rows: Histories, h: float, rate: float) -> Array:
        """Return P(alive) times the discounted orders of a customer who is alive."""
        if np.ndim(self.alpha) or np.ndim(self.a):  # one a row, as above
            x, T = rows.x.astype(np.float64), rows.T.astype(np.float64)
            alive = discounted_at_once(
                lambda t: self.orders_if_alive(x, T, t), self._bend(x) * (self.alpha + T), h, rate
            )
            return self.p_alive(rows) * alive
        out = on_distinct(
            lambda x, T: self._discounted_if_alive(x, T, h, rate), rows.x, rows.T, self.alpha
        )
        for part, x, t_x, T in blocks(rows):
            out[part] /= 1.0 + self._odds_gone(x, t_x, T)
        return out

    def expected_orders_new(self, h: float) -> float:
        """Return E[(1 − e^(−λph))/p] times P(alive after the first order)."""
        stay = self.b / (self.a + self.b) if self.first else 1.0
        return stay * float(self.orders_if_alive(np.zeros(1), np.zeros(1), h)[0])

    def orders_if_alive(self, x: Array, T: Array, h: float) -> Array:
        """Return the orders expected in h of customers alive at T after x repeat orders."""
        y = h / (self.alpha + T)
        return orders_while_alive(self.r + x, self.a, self.b + x + self.first, y)

    def _discounted_if_alive(self, x: Array, T: Array, h: float, rate: float) -> Array:
        """Return the discounted orders of customers alive at T after x repeat orders.

        What is expected depends on x and y = t / (alpha + T) alone, so that all pairs of t and T
        share one function of y for each x.
        """
        levels, level = np.unique(x, return_inverse=True)

        def orders(rows: NDArray[np.intp], days: Array) -> Array:
            y = days / (self.alpha + T[rows])
            return y * self._orders_a_time(levels, level[rows], y)

        return discounted(orders, self._bend(x) * (self.alpha + T), h, rate)

    def _orders_a_time(self, levels: Array, level: NDArray[np.intp], y: Array) -> Array:
        """Return the orders of customers who are alive in y (alpha + T) days, divided by y.

        Interpolated in ln(1 + y/bend) on as many panels for all levels, each ending at the last y.
        """
        bend = self._bend(levels)
        length = np.maximum(np.log1p(y.max(initial=0.0) / bend), _NO_TIME)
        panels = np.ceil(length.max(initial=0.0) / PANEL)

        def at(i: NDArray[np.intp], position: Array) -> Array:
            time = np.maximum(bend[i] * np.expm1(position * (length[i] / panels)), _NO_TIME)
            n, b = self.r + levels[i], self.b + levels[i] + self.first
            each: Array = orders_while_alive(n, self.a, b, time) / time
            return each

        position = np.log1p(y / bend[level]) / length[level] * panels
        return interpolated(at, level, np.minimum(position, np.nextafter(panels, 0.0)))

    def _bend(self, x: Array) -> Array:
        """Return 1 / (1 + np): the y in which E[(1 + py)^−n] bends, at a p few exceed."""
        n, b = self.r + x, self.b + x + self.first
        mean = self.a / (self.a + b)
        spread = np.sqrt(mean * (1.0 - mean) / (self.a + b + 1.0))
        bend: Array = 1.0 / (1.0 + n * np.minimum(mean + 3.0 * spread, 1.0))
        return bend

    def p_at_least_if_alive(self, rows: Histories, orders: Array, h: float) -> Array:
        """Return P(K ≥ m) · E[(1 − p)^(m−1)]: none of the first m − 1 is the last.

        K, the orders in h of a customer who never drops out, is negative binomial, so
        P(K ≥ m) = I_w(m, r + x) with w = h / (alpha + T + h); an incomplete beta, not 1 − Σ.
        """
        from scipy.special import betainc

        x, before = rows.x, orders - 1.0
        b = self.b + x + self.first
        survive = np.exp(log_rising(b, before) - log_rising(self.a + b, before))
        return np.asarray(betainc(orders, self.r + x, h / (self.alpha + rows.T + h)) * survive)

    def stays(self, rows: Histories, h: float) -> Array:
        """Return E[(1 + py)^(−n)] = 1 − E[p] · G(a + 1): nobody leaves without an order."""
        x, y = rows.x, h / (self.alpha + rows.T)
        b = self.b + x + self.first
        leaves = self.a / (self.a + b) * orders_while_alive(self.r + x, self.a + 1.0, b, y)
        return np.maximum(1.0 - leaves, 0.0)

    def expression(self, quantity: str, h: float) -> Any:
        """Return P(alive) or P(no order in h) for an engine, safe against overflow."""
        x, t_x, T = (nw.col(name).cast(nw.Float64) for name in (REPEAT_ORDERS, FIRST_TO_LAST, AGE))
        flips = x + float(self.first)
        coin = nw.when(flips > 0).then(flips + (self.b - 1.0)).otherwise(1.0)
        grown = (T + self.alpha).log() - (t_x + self.alpha).log()
        z = (x + self.r) * grown - coin.log() + float(np.log(self.a))
        small = _exp(nw.when(z > 0).then(z * -1.0).otherwise(z))
        likely, unlikely = 1.0 / (small + 1.0), small / (small + 1.0)
        alive = nw.when(z > 0).then(unlikely).otherwise(likely)
        gone = nw.when(z > 0).then(likely).otherwise(unlikely)
        if not self.first:
            known = (x <= 0) & (t_x >= 0) & (T >= 0)
            alive = nw.when(x > 0).then(alive).otherwise(nw.when(known).then(1.0))
            gone = nw.when(x > 0).then(gone).otherwise(nw.when(known).then(0.0))
        if quantity == "p_alive":
            return alive
        shrunk = (T + self.alpha).log() - (T + (self.alpha + h)).log()
        return gone + alive * _exp((x + self.r) * shrunk)

    def _odds_gone(self, x: Array, t_x: Array, T: Array) -> Array:
        """Return e^z, which is at most e^660: never infinite, so that no ratio becomes NaN."""
        odds = x + (self.b - 1.0 + self.first)
        with np.errstate(divide="ignore"):
            np.divide(self.a, odds, out=odds)
        if not self.first:
            odds = np.where(x > 0, odds, 0.0)
        grown = T - t_x
        grown /= self.alpha + t_x
        np.log1p(grown, out=grown)
        grown *= x + self.r
        np.minimum(grown, 660.0, out=grown)
        np.exp(grown, out=grown)
        odds *= grown
        return odds


def _exp(z: Any) -> Any:
    """Return e^z for z ≤ 0, kept above e^−700: some databases raise an error on underflow."""
    return nw.when(z < -700.0).then(-700.0).otherwise(z).exp()
