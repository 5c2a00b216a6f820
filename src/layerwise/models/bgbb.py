"""BG/BB: customers who can order at discrete opportunities (a weekly offer, a yearly appeal)."""

from collections.abc import Callable
from typing import ClassVar

import attrs
import numpy as np
from numpy.typing import ArrayLike

from layerwise import columns as names
from layerwise.errors import DataError, SpecError
from layerwise.fitted import Spec, read_for
from layerwise.frames import Columns
from layerwise.models._bgbb import Silence, log_likelihood
from layerwise.models._estimate import EXTREME, VANISHING, estimate
from layerwise.models._lifetimes import from_fitter
from layerwise.models._special import Array
from layerwise.models.histories import (
    Distinct,
    Histories,
    check,
    distinct,
    grouped,
    histories_of,
    number_columns,
    read_histories,
)
from layerwise.models.model import not_negative, positive, with_parameters
from layerwise.models.statistics import FittedStatistics
from layerwise.rules import Rule
from layerwise.saved import saved

NEEDED = (names.REPEAT_ORDERS, names.LAST_OPPORTUNITY, names.OPPORTUNITIES)
_BLOCK = 2048


@saved
@attrs.frozen(kw_only=True, slots=False)
class FittedBGBB(FittedStatistics):
    """A fitted BG/BB model; see `BGBB`.

    Attributes:
        alpha: First parameter of the probability of an order at an opportunity.
        beta: Second one; alpha / (alpha + beta) is its mean.
        gamma: First parameter of the probability of dropping out before an opportunity.
        delta: Second one; gamma / (gamma + delta) is its mean.
    """

    alpha: float = attrs.field(validator=positive)
    beta: float = attrs.field(validator=positive)
    gamma: float = attrs.field(validator=positive)
    delta: float = attrs.field(validator=positive)

    parameter_names: ClassVar[tuple[str, ...]] = ("alpha", "beta", "gamma", "delta")
    lifetimes_fitter: ClassVar[str] = "BetaGeoBetaBinomFitter"

    @property
    def rules(self) -> tuple[Rule, ...]:  # type: ignore[override]
        """None: opportunities are not a column that every customer table has."""
        return ()

    def p_alive(self, customers: object, opportunities_ahead: int = 0) -> Array:
        """Return P(alive at the last opportunity seen, or some later one), one number a row.

        Args:
            customers: A table with `repeat_orders`, `last_opportunity` and `opportunities`.
            opportunities_ahead: 0 is the last opportunity seen; 1 is the first to come, the
                P(alive) that the paper prints.

        Raises:
            ColumnsError: Columns are missing or of the wrong type.
            DataError: Histories are impossible.
            SpecError: The number of opportunities is not a whole number, 0 or more.
        """
        ahead = _whole(opportunities_ahead)

        def later(rows: Histories) -> Array:
            return np.asarray(self._alive(rows)[0] * self._stays(rows, ahead)[:, -1])

        return self._by_block(customers, later)

    def p_no_purchase(self, customers: object, opportunities: int) -> Array:
        """Return P(no order at the next `opportunities`), one number a row.

        Raises:
            ColumnsError: Columns are missing or of the wrong type.
            DataError: Histories are impossible.
            SpecError: The number of opportunities is not a whole number, 0 or more.
        """
        m = _whole(opportunities)

        def silent(rows: Histories) -> Array:
            alive, gone = self._alive(rows)
            after = (self.alpha + rows.x, self.beta + rows.T - rows.x)
            ahead = Silence((*after, self.gamma, self.delta + rows.T), np.full(len(rows), float(m)))
            return np.asarray(np.minimum(gone + alive * np.exp(ahead.log_total), 1.0))

        return self._by_block(customers, silent)

    def expected_orders(self, customers: object, opportunities: int) -> Array:
        """Return the orders expected at the next `opportunities`, one number a row.

        P(alive) × the mean of p × the expected number of opportunities the customer lives to see;
        a sum of positive terms, also at gamma = 1, where the closed form is 0/0.

        Raises:
            ColumnsError: Columns are missing or of the wrong type.
            DataError: Histories are impossible.
            SpecError: The number of opportunities is not a whole number, 0 or more.
        """
        m = _whole(opportunities)

        def orders(rows: Histories) -> Array:
            p = (self.alpha + rows.x) / (self.alpha + self.beta + rows.T)
            seen: Array = self._stays(rows, m)[:, 1:].sum(axis=1)
            return self._alive(rows)[0] * p * seen

        return self._by_block(customers, orders)

    def expected_orders_new(self, opportunities: int) -> float:
        """Return the orders expected of a new customer at the first `opportunities`.

        Raises:
            SpecError: The number of opportunities is not a whole number, 0 or more.
        """
        seen = _ratios(self.gamma, np.array([self.delta]), _whole(opportunities))[0, 1:]
        return float(self.alpha / (self.alpha + self.beta) * seen.sum())

    def _by_block(self, customers: object, function: Callable[[Histories], Array]) -> Array:
        rows = read_histories(customers, allow_missing=False, columns=NEEDED)
        _check(rows)
        out = np.empty(len(rows))
        for start in range(0, len(rows), _BLOCK):
            part = slice(start, start + _BLOCK)
            columns = (column[part].astype(np.float64) for column in (rows.x, rows.t_x, rows.T))
            out[part] = function(Histories(*columns))
        return out

    def _alive(self, rows: Histories) -> tuple[Array, Array]:
        """Return P(alive at the last opportunity seen) and P(gone), each with its own digits."""
        m = rows.T - rows.t_x
        at = (self.alpha + rows.x, self.beta + rows.t_x - rows.x)
        share = Silence((*at, self.gamma, self.delta + rows.t_x), m).share
        alive: Array = share[np.arange(len(rows)), m.astype(np.intp)]
        gone = np.where(np.arange(share.shape[1]) < m[:, None], share, 0.0).sum(axis=1)
        return alive, gone

    def _stays(self, rows: Histories, m: int) -> Array:
        return _ratios(self.gamma, self.delta + rows.T, m)


@saved
@attrs.frozen(kw_only=True)
class BGBB(Spec):
    """The Beta-Geometric/Beta-Binomial model (Fader, Hardie and Shang 2010).

    For customers who can order only at certain times: a weekly delivery, a yearly appeal. It reads
    `repeat_orders` (orders after the first), `last_opportunity` (the number of the opportunity of
    the last one, 0 if none) and `opportunities` (how many there were after the first order).

    Args:
        penalty: Ridge on the log parameters: `penalty` × their sum of squares is taken off the mean
            log-likelihood. 0 is maximum likelihood.

    Example:
        >>> import pandas as pd
        >>> donors = pd.DataFrame({
        ...     "repeat_orders": [6, 0], "last_opportunity": [6, 0], "opportunities": [6, 6],
        ... })
        >>> model = BGBB().with_parameters(alpha=1.204, beta=0.750, gamma=0.657, delta=2.783)
        >>> model.expected_orders(donors, 5).round(2).tolist()
        [3.75, 0.07]
    """

    penalty: float = attrs.field(default=0.0, validator=not_negative)

    default_name: ClassVar[str] = "bgbb"

    def needs(self, name: str) -> tuple[str, ...]:  # noqa: ARG002
        """Return the three columns of a history of opportunities."""
        return NEEDED

    def gives(self, name: str) -> tuple[str, ...]:  # noqa: ARG002
        """Return no column: ask the fitted model."""
        return ()

    def fit(self, customers: object) -> FittedBGBB:
        """Fit by maximum likelihood.

        Raises:
            ColumnsError: Columns are missing or of the wrong type.
            DataError: Histories are impossible or missing; every problem is listed.
            FitError: The table is empty, or no customer has ordered again.
        """
        return self.learn(read_for(self, self.default_name, customers), self.default_name)

    def learn(self, columns: Columns, name: str) -> FittedBGBB:
        """Fit to arrays of the customer table."""
        rows = histories_of(columns, NEEDED)
        _check(rows)
        return self._estimate(distinct(rows), name)

    def fit_counts(
        self, x: ArrayLike, t_x: ArrayLike, n: ArrayLike, counts: ArrayLike
    ) -> FittedBGBB:
        """Fit to grouped histories: orders, last opportunity, opportunities, customers.

        Raises:
            DataError: Histories are impossible or missing; every problem is listed. Or columns
                differ in length, are no numbers, or counts are not whole numbers above 0.
            FitError: There are no rows, or no customer has ordered again.
        """
        *history, number = number_columns(x=x, t_x=t_x, n=n, counts=counts)
        rows = Histories(*history)
        _check(rows)
        return self._estimate(grouped(rows.x, rows.t_x, rows.T, number), self.default_name)

    def with_parameters(self, **parameters: float) -> FittedBGBB:
        """Return the model at given parameters alpha, beta, gamma, delta.

        Raises:
            SpecError: A parameter is unknown, missing or not positive.
        """
        fitted: FittedBGBB = with_parameters(self, FittedBGBB, parameters)
        return fitted

    def from_lifetimes(self, fitter: object) -> FittedBGBB:
        """Return the model with the parameters of a `BetaGeoBetaBinomFitter` of lifetimes.

        Raises:
            DataError: The fitter is not fitted, or is one of another model.
        """
        return self.with_parameters(**from_fitter(fitter, FittedBGBB.parameter_names))

    def _estimate(self, rows: Distinct, name: str) -> FittedBGBB:
        def kernel(p: Array, part: Distinct, _: float) -> tuple[float, Array, Array]:
            return log_likelihood(p, part)

        start = np.log([1.0, 1.0, 0.5, 3.0])
        fitted: FittedBGBB = estimate(self, name, rows, kernel, FittedBGBB, start, _limit)
        return fitted


def _limit(p: Array) -> str | None:
    alpha, beta, gamma, delta = p
    if min(gamma, gamma / (gamma + delta)) < VANISHING:
        return "the data show nobody who drops out (gamma goes to 0), so all seem to be alive."
    if max(gamma, delta) > EXTREME:
        return "the dropout probability is the same for all customers (gamma and delta grow)."
    if max(alpha, beta) > EXTREME:
        return "the order probability is the same for all customers (alpha and beta grow)."
    return None


def _ratios(gamma: float, delta: Array, m: int) -> Array:
    """Return E[(1 − θ)^k], θ ~ Beta(gamma, delta), for k = 0 … m; rows × (m + 1)."""
    k = np.arange(float(m))
    steps = np.log1p(-gamma / (gamma + delta[:, None] + k))
    logs = np.concatenate((np.zeros((len(delta), 1)), np.cumsum(steps, axis=1)), axis=1)
    ratios: Array = np.exp(logs)
    return ratios


def _whole(opportunities: object) -> int:
    if isinstance(opportunities, int | np.integer) and 0 <= opportunities <= 100_000:
        return int(opportunities)
    raise SpecError(
        f"opportunities is a whole number from 0 to 100,000; got {opportunities!r:.40}.",
        hint="say how many coming chances to order to look at.",
    )


def _check(rows: Histories) -> None:
    """Refuse impossible histories, opportunities that are not whole, and more orders than those.

    Raises:
        DataError: With the problem and its count.
    """
    check(rows, allow_missing=False, columns=NEEDED)
    faults = {
        "opportunities that are not whole numbers": (np.floor(rows.T) != rows.T)
        | (rows.t_x != np.floor(rows.t_x)),
        "more repeat_orders than opportunities up to the last": rows.x > rows.t_x,
    }
    for name, where in faults.items():
        if count := np.count_nonzero(where):
            raise DataError(
                f"The table holds {name}: {count:,} of {len(rows):,} rows.",
                hint="an opportunity has one order or none; use BGNBD for orders at any time.",
            )
