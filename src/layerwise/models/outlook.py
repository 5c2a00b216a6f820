"""What may come of each customer: how many orders, for how long, and how sure that is."""

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import attrs
import numpy as np
from numpy.typing import NDArray

from layerwise.columns import CENTURY
from layerwise.errors import FitError, SpecError
from layerwise.models.histories import Histories, read_histories
from layerwise.models.process import Process, horizon
from layerwise.models.statistics import FittedStatistics
from layerwise.saved import fits

Array = NDArray[np.float64]

_MOST = 100_000
_YEAR = 365.25


@attrs.frozen(kw_only=True, slots=False)
class Outlook(FittedStatistics):
    """Predictions beyond P(alive) and the mean, for every fitted model of purchases in time."""

    @property
    def process(self) -> Process:
        """The model's mathematics at the estimates, in days."""
        raise NotImplementedError

    def p_at_least(
        self, customers: object, orders: int, horizon_days: float | None = None
    ) -> Array:
        """Return P(at least `orders` orders in the next `horizon_days` days), one number a row.

        Raises:
            ColumnsError: Columns are missing or of the wrong type.
            DataError: Histories are impossible.
            SpecError: The horizon or the number of orders makes no sense.
        """
        rows = read_histories(customers, allow_missing=True)
        return _p_at_least(self.process, rows, whole(orders), self._days(horizon_days))

    def order_probabilities(
        self, customers: object, up_to: int, horizon_days: float | None = None
    ) -> Array:
        """Return P(0 orders), P(1), … in the next days, a row a customer.

        Args:
            customers: The customer table, eager.
            up_to: The last column is P(`up_to` orders or more), so that a row sums to 1.
            horizon_days: Days ahead; None takes the spec's.

        Raises:
            ColumnsError: Columns are missing or of the wrong type.
            DataError: Histories are impossible.
            SpecError: The horizon or the number of orders makes no sense.
        """
        rows, h = read_histories(customers, allow_missing=True), self._days(horizon_days)
        alive, rows = self.process.p_alive(rows), _floats(rows)
        tails = [np.where(np.isnan(alive), np.nan, 1.0)]
        for k in range(1, whole(up_to) + 1):
            orders = np.full(len(rows), float(k))
            tails.append(alive * self.process.p_at_least_if_alive(rows, orders, h))
        tails.append(np.zeros(len(rows)))
        below = np.stack([first - second for first, second in pairwise(tails)])
        return np.asarray(np.maximum(below.T, 0.0))

    def orders_interval(
        self, customers: object, horizon_days: float | None = None, *, level: float = 0.9
    ) -> NDArray[np.int64]:
        """Return the least and the most orders to expect of each customer, at given parameters.

        The ends are quantiles of the distribution of orders, so that at most (1 − level)/2 lies
        below the first and above the second.

        Args:
            customers: The customer table, eager, without missing histories.
            horizon_days: Days ahead; None takes the spec's.
            level: Probability of the interval.

        Raises:
            ColumnsError: Columns are missing or of the wrong type.
            DataError: Histories are impossible or missing.
            SpecError: The horizon or the level makes no sense.
        """
        check_level(level)
        rows, h = read_histories(customers, allow_missing=False), self._days(horizon_days)
        ends = [
            _quantile(self.process, rows, h, q) for q in ((1.0 - level) / 2.0, (1.0 + level) / 2.0)
        ]
        return np.stack(ends, axis=1)

    def expected_orders_interval(
        self,
        customers: object,
        horizon_days: float | None = None,
        *,
        level: float = 0.95,
        draws: int = 200,
        seed: int = 0,
    ) -> Array:
        """Return how far the uncertainty of the parameters lets expected orders range.

        Parameters are drawn from the normal distribution of their logs; the ends are quantiles of
        the expected orders at the draws.

        Args:
            customers: The customer table, eager.
            horizon_days: Days ahead; None takes the spec's.
            level: Probability of the interval.
            draws: How many parameter sets are drawn.
            seed: Of the draws; the same seed gives the same interval.

        Raises:
            FitError: The model has no covariance.
            ColumnsError: Columns are missing or of the wrong type.
            DataError: Histories are impossible.
            SpecError: The horizon or the level makes no sense.
        """
        check_level(level)
        rows, h = read_histories(customers, allow_missing=True), self._days(horizon_days)
        values = [model.process.expected_orders(rows, h) for model in self._drawn(draws, seed)]
        ends = np.quantile(values, ((1.0 - level) / 2.0, (1.0 + level) / 2.0), axis=0)
        return np.asarray(ends.T, dtype=np.float64)

    def discounted_orders(
        self, customers: object, horizon_days: float | None = None, *, annual_discount: float = 0.1
    ) -> Array:
        """Return the orders expected in the next days, each discounted to the date of the table.

        ∫ e^(−δt) dE(t) over 0 < t < h with δ = ln(1 + annual_discount) a year of 365.25 days.

        Args:
            customers: The customer table, eager.
            horizon_days: Days ahead; None takes the spec's.
            annual_discount: 0.1 makes an order in one year worth 1/1.1 of one today.

        Raises:
            ColumnsError: Columns are missing or of the wrong type.
            DataError: Histories are impossible.
            SpecError: The horizon or the discount makes no sense.
        """
        rate = discount_per_day(annual_discount)
        rows, h = read_histories(customers, allow_missing=True), self._days(horizon_days)
        if rate == 0.0:
            return self.process.expected_orders(rows, h)
        return self.process.discounted_orders(rows, h, rate)

    def cumulative_orders(self, customers: object, days_ahead: float = 0.0) -> float:
        """Return the repeat orders expected of all customers together since their first orders.

        It uses no history but the age: compare it with the orders that came, period by period.

        Args:
            customers: The customer table, eager, without missing histories.
            days_ahead: Days from the date of the table; negative looks back.

        Raises:
            ColumnsError: Columns are missing or of the wrong type.
            DataError: Histories are impossible or missing.
        """
        rows = read_histories(customers, allow_missing=False)
        ages, counts = np.unique(rows.T + float(days_ahead), return_counts=True)
        new = (self.process.expected_orders_new(float(age)) for age in ages if age > 0)
        return float((counts[ages > 0] * np.fromiter(new, dtype=np.float64)).sum())

    def p_alive_after(self, customers: object, days: float) -> Array:
        """Return P(still alive `days` days after the date of the table), one number a row.

        Raises:
            ColumnsError: Columns are missing or of the wrong type.
            DataError: Histories are impossible.
            SpecError: The number of days makes no sense.
        """
        rows, h = read_histories(customers, allow_missing=True), horizon(days)
        stays = self.process.stays(_floats(rows), h)
        return self.process.p_alive(rows) * stays

    def days_until_p_alive_below(self, customers: object, level: float) -> Array:
        """Return after how many more days of silence P(alive) falls below a level.

        0 where it is below already, NaN where a century of silence would not do (BG/NBD never
        doubts a one-time buyer).

        Raises:
            ColumnsError: Columns are missing or of the wrong type.
            DataError: Histories are impossible.
            SpecError: The level is not between 0 and 1.
        """
        check_level(level)
        rows = read_histories(customers, allow_missing=True)
        low, high = np.zeros(len(rows)), np.full(len(rows), float(CENTURY))
        for _ in range(60):
            middle = 0.5 * (low + high)
            above = self._p_alive_silent(rows, middle) >= level
            low, high = np.where(above, middle, low), np.where(above, high, middle)
        never = ~(self._p_alive_silent(rows, np.full(len(rows), float(CENTURY))) < level)
        now = self.process.p_alive(rows) < level
        return np.where(never, np.nan, np.where(now, 0.0, high))

    def _p_alive_silent(self, rows: Histories, days: Array) -> Array:
        return self.process.p_alive(attrs.evolve(rows, T=rows.T + days))

    def _drawn(self, draws: int, seed: int) -> list[Any]:
        """Return copies of the model with parameters drawn from their distribution."""
        if self.covariance is None:
            raise FitError(
                "The model has no covariance, so its uncertainty is not known.",
                hint="fit it to more customers, or with penalty=0.001.",
            )
        at = np.array(list(self.parameters.values()))
        spread = np.array(self.covariance) / np.outer(at, at)
        logs = np.random.default_rng(seed).multivariate_normal(np.log(at), spread, draws)
        sets: list[dict[str, Any]] = [
            dict(zip(self.parameters, map(float, row), strict=True)) for row in np.exp(logs)
        ]
        return [attrs.evolve(self, **parameters) for parameters in sets]

    def _days(self, horizon_days: float | None) -> float:
        return float(self.spec.horizon_days) if horizon_days is None else horizon(horizon_days)


def whole(orders: object) -> int:
    """Return a number of orders.

    Raises:
        SpecError: It is not a whole number from 0 to 100,000.
    """
    if isinstance(orders, int | np.integer) and 0 <= orders <= _MOST:
        return int(orders)
    raise SpecError(
        f"A number of orders is whole, from 0 to {_MOST:,}; got {orders!r:.40}.",
        hint="orders=1 asks for one order or more.",
    )


def discount_per_day(annual_discount: float) -> float:
    """Return δ with e^(−365.25 δ) = 1 / (1 + annual_discount).

    Raises:
        SpecError: The discount is negative or not finite.
    """
    if not fits(annual_discount, float) or annual_discount < 0:
        raise SpecError(
            f"annual_discount must not be negative, got {annual_discount!r:.40}.",
            hint="annual_discount=0.1 is 10 % a year.",
        )
    return float(np.log1p(annual_discount)) / _YEAR


def check_level(level: float) -> None:
    """Refuse a level that is no probability.

    Raises:
        SpecError: It is not between 0 and 1.
    """
    if not fits(level, float) or not 0.0 < level < 1.0:
        raise SpecError(
            f"level lies between 0 and 1, got {level!r:.40}.",
            hint="level=0.5 asks when P(alive) falls below one half.",
        )


def _floats(rows: Histories) -> Histories:
    return Histories(*(column.astype(np.float64) for column in (rows.x, rows.t_x, rows.T)))


def _p_at_least(process: Process, rows: Histories, orders: int, h: float) -> Array:
    if orders == 0:
        return np.where(np.isnan(process.p_alive(rows)), np.nan, 1.0)
    many = process.p_at_least_if_alive(_floats(rows), np.full(len(rows), float(orders)), h)
    return process.p_alive(rows) * many


def _quantile(process: Process, rows: Histories, h: float, q: float) -> NDArray[np.int64]:
    """Return the least k with P(X ≤ k) ≥ q: doubled until it is enough, then halved."""
    rows = _floats(rows)
    alive = process.p_alive(rows)

    def enough(k: Array) -> NDArray[np.bool_]:
        return alive * process.p_at_least_if_alive(rows, k + 1.0, h) <= 1.0 - q + 1e-12

    return _least(enough, len(rows))


def _least(enough: Callable[[Array], NDArray[np.bool_]], n: int) -> NDArray[np.int64]:
    high = np.zeros(n)
    while not (done := enough(high)).all():
        high = np.where(done, high, 2.0 * high + 1.0)
    low = np.floor((high - 1.0) / 2.0)
    low = np.where(high == 0, -1.0, low)
    while (high - low > 1.0).any():
        middle = np.floor((low + high) / 2.0)
        done, narrow = enough(np.maximum(middle, 0.0)), high - low <= 1.0
        low = np.where(done | narrow, low, middle)
        high = np.where(done & ~narrow, middle, high)
    return high.astype(np.int64)
