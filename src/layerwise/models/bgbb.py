"""BG/BB: customers who can order at discrete opportunities (a weekly offer, a yearly appeal)."""

from functools import cached_property
from typing import Any, ClassVar

import attrs
import numpy as np
from numpy.typing import ArrayLike, NDArray

from layerwise import columns as names
from layerwise.errors import SpecError
from layerwise.fitted import Spec
from layerwise.learning import read_for
from layerwise.models._bgbb import log_likelihood
from layerwise.models._bgbb_process import Opportunities
from layerwise.models._estimate import EXTREME, VANISHING, estimate
from layerwise.models._lifetimes import from_fitter
from layerwise.models._special import Array
from layerwise.models.histories import (
    Distinct,
    Histories,
    distinct,
    grouped,
    histories_of,
    number_columns,
)
from layerwise.models.model import Quantity, not_negative, positive, with_parameters
from layerwise.models.opportunities import (
    NEEDED,
    OpportunityRule,
    check_opportunities,
    read_opportunities,
)
from layerwise.models.outlook import check_level, whole
from layerwise.models.statistics import FittedStatistics
from layerwise.rules.base import Rule
from layerwise.saved import fits, saved
from layerwise.vectors import Columns


def _outputs(m: int) -> dict[Quantity, str]:
    """Return the columns that a fitted model adds, by quantity."""
    return {
        "p_alive": "p_alive",
        "p_no_purchase": names.p_no_purchase_at(m),
        "expected_orders": names.expected_orders_at(m),
    }


def _some(_: object, __: Any, value: object) -> None:
    if _whole(value) == 0:
        raise SpecError(
            "opportunities is at least 1.", hint="opportunities=1 looks at the next one."
        )


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
    def process(self) -> Opportunities:
        """The model's mathematics at the estimates."""
        return Opportunities(**self.parameters)

    @cached_property
    def rules(self) -> tuple[Rule, ...]:  # type: ignore[override]
        """P(alive), P(no purchase) and expected orders as rules that label any table."""
        m = self.spec.opportunities
        return tuple(
            OpportunityRule(output=output, process=self.process, quantity=quantity, opportunities=k)
            for (quantity, output), k in zip(_outputs(m).items(), (0, m, m), strict=True)
        )

    def p_alive(self, customers: object, opportunities_ahead: int = 0) -> Array:
        """Return P(alive at the last opportunity seen, or some later one), one number a row.

        NaN for missing histories.

        Args:
            customers: A table with `repeat_orders`, `last_opportunity` and `opportunities`.
            opportunities_ahead: 0 is the last opportunity seen; 1 is the first to come, the
                P(alive) that the paper prints.

        Raises:
            ColumnsError: Columns are missing or of the wrong type.
            DataError: Histories are impossible.
            SpecError: The number of opportunities is not a whole number, 0 or more.
        """
        return self.process.p_alive(read_opportunities(customers), _whole(opportunities_ahead))

    def p_no_purchase(self, customers: object, opportunities: int | None = None) -> Array:
        """Return P(no order at the next `opportunities`), one number a row.

        Args:
            customers: A table with `repeat_orders`, `last_opportunity` and `opportunities`.
            opportunities: How many to look ahead; None takes the spec's.

        Raises:
            ColumnsError: Columns are missing or of the wrong type.
            DataError: Histories are impossible.
            SpecError: The number of opportunities is not a whole number, 0 or more.
        """
        return self.process.p_no_purchase(read_opportunities(customers), self._ahead(opportunities))

    def expected_orders(self, customers: object, opportunities: int | None = None) -> Array:
        """Return the orders expected at the next `opportunities`, one number a row.

        P(alive) × the mean of p × the expected number of opportunities the customer lives to see;
        a sum of positive terms, also at gamma = 1, where the closed form is 0/0.

        Args:
            customers: A table with `repeat_orders`, `last_opportunity` and `opportunities`.
            opportunities: How many to look ahead; None takes the spec's.

        Raises:
            ColumnsError: Columns are missing or of the wrong type.
            DataError: Histories are impossible.
            SpecError: The number of opportunities is not a whole number, 0 or more.
        """
        return self.process.expected_orders(
            read_opportunities(customers), self._ahead(opportunities)
        )

    def discounted_orders(
        self, customers: object, opportunities: int | None = None, *, discount: float
    ) -> Array:
        """Return the orders expected at the next opportunities, discounted, one number a row.

        The i-th opportunity ahead weighs (1 + discount)^−i. With very many opportunities this is
        the discounted expected residual transactions (DERT) of the paper.

        Args:
            customers: A table with `repeat_orders`, `last_opportunity` and `opportunities`.
            opportunities: How many to look ahead; None takes the spec's.
            discount: What an order loses from one opportunity to the next: 0.1 makes one at the
                next opportunity worth 1/1.1.

        Raises:
            ColumnsError: Columns are missing or of the wrong type.
            DataError: Histories are impossible.
            SpecError: The number of opportunities is not a whole number from 0 up, or the discount
                is negative or no number.

        Source: Fader, Hardie and Shang (2010), Marketing Science 29, eq. 14, over a finite horizon.
        """
        if not fits(discount, float) or discount < 0:
            raise SpecError(
                f"discount must be a number from 0 up, got {discount!r:.40}.",
                hint="discount=0.1 is 10 % an opportunity.",
            )
        m = self._ahead(opportunities)
        return self.process.discounted_orders(read_opportunities(customers), m, float(discount))

    def expected_orders_new(self, opportunities: int | None = None) -> float:
        """Return the orders expected of a new customer at the first `opportunities`.

        Raises:
            SpecError: The number of opportunities is not a whole number, 0 or more.
        """
        return self.process.expected_orders_new(self._ahead(opportunities))

    def p_at_least(self, customers: object, orders: int, opportunities: int | None = None) -> Array:
        """Return P(at least `orders` orders at the next `opportunities`), one number a row.

        Raises:
            ColumnsError: Columns are missing or of the wrong type.
            DataError: Histories are impossible.
            SpecError: The number of orders or of opportunities makes no sense.
        """
        m, k = self._ahead(opportunities), whole(orders)
        tails = self.process.tails(read_opportunities(customers), m)
        return tails[:, k] if k <= m else np.where(np.isnan(tails[:, 0]), np.nan, 0.0)

    def order_probabilities(
        self, customers: object, up_to: int, opportunities: int | None = None
    ) -> Array:
        """Return P(0 orders), P(1), … at the next opportunities, a row a customer.

        Args:
            customers: The customer table, eager.
            up_to: The last column is P(`up_to` orders or more), so that a row sums to 1.
            opportunities: How many to look ahead; None takes the spec's.

        Raises:
            ColumnsError: Columns are missing or of the wrong type.
            DataError: Histories are impossible.
            SpecError: The number of orders or of opportunities makes no sense.
        """
        m, last = self._ahead(opportunities), whole(up_to)
        tails = self.process.tails(read_opportunities(customers), m)[:, : last + 1]
        none = np.where(np.isnan(tails[:, :1]), np.nan, 0.0)
        tails = np.concatenate((tails, np.repeat(none, max(last - m, 0) + 1, axis=1)), axis=1)
        return np.maximum(-np.diff(tails, axis=1), 0.0)

    def orders_interval(
        self, customers: object, opportunities: int | None = None, *, level: float = 0.9
    ) -> NDArray[np.int64]:
        """Return the least and the most orders to expect of each customer, at given parameters.

        The ends are quantiles of the distribution of orders, so that at most (1 − level)/2 lies
        below the first and above the second.

        Raises:
            ColumnsError: Columns are missing or of the wrong type.
            DataError: Histories are impossible or missing.
            SpecError: The number of opportunities or the level makes no sense.
        """
        check_level(level)
        rows = read_opportunities(customers, allow_missing=False)
        tails = self.process.tails(rows, self._ahead(opportunities))[:, 1:]
        ends = [(1.0 - level) / 2.0, (1.0 + level) / 2.0]
        counts = [np.count_nonzero(tails > 1.0 - q + 1e-12, axis=1) for q in ends]
        return np.stack(counts, axis=1).astype(np.int64)

    def _ahead(self, opportunities: int | None) -> int:
        return int(self.spec.opportunities) if opportunities is None else _whole(opportunities)


@saved
@attrs.frozen(kw_only=True)
class BGBB(Spec):
    """The Beta-Geometric/Beta-Binomial model (Fader, Hardie and Shang 2010).

    For customers who can order only at certain times: a weekly delivery, a yearly appeal. It reads
    `repeat_orders` (orders after the first), `last_opportunity` (the number of the opportunity of
    the last one, 0 if none) and `opportunities` (how many there were after the first order).

    Args:
        opportunities: How many `p_no_purchase_…` and `expected_orders_…` look ahead.
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
        >>> model.orders_interval(donors, 5).tolist()
        [[0, 5], [0, 0]]
        >>> model.outputs
        ('p_alive', 'p_no_purchase_1_opportunities', 'expected_orders_1_opportunities')
    """

    opportunities: int = attrs.field(default=1, validator=_some)
    penalty: float = attrs.field(default=0.0, validator=not_negative)

    default_name: ClassVar[str] = "bgbb"

    def needs(self, name: str) -> tuple[str, ...]:  # noqa: ARG002
        """Return the three columns of a history of opportunities."""
        return NEEDED

    def gives(self, name: str) -> tuple[str, ...]:  # noqa: ARG002
        """Return the three columns that a fitted model adds."""
        return tuple(_outputs(self.opportunities).values())

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
        check_opportunities(rows, allow_missing=False)
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
        check_opportunities(rows, allow_missing=False)
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

    def _fitted_class(self) -> type[FittedBGBB]:
        return FittedBGBB

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


def _whole(opportunities: object) -> int:
    if fits(opportunities, int) and 0 <= opportunities <= 100_000:  # type: ignore[operator]
        return int(opportunities)  # type: ignore[call-overload, no-any-return]
    raise SpecError(
        f"opportunities is a whole number from 0 to 100,000; got {opportunities!r:.40}.",
        hint="say how many coming chances to order to look at.",
    )
