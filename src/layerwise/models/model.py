"""What all purchase models share: the spec, the fitted model, and the rule that labels tables."""

from collections.abc import Mapping
from typing import Any, ClassVar, Literal, Protocol

import attrs
import numpy as np
from numpy.typing import ArrayLike, NDArray

from layerwise import columns as names
from layerwise.errors import SpecError
from layerwise.fitted import Labeller, Spec
from layerwise.frames import Columns
from layerwise.models.histories import (
    NEEDED,
    Distinct,
    Histories,
    check,
    distinct,
    grouped,
    read_histories,
)
from layerwise.rules.base import Rule, as_mapping
from layerwise.saved import saved

Array = NDArray[np.float64]
Unit = Literal["day", "week"]
DAYS: dict[str, float] = {"day": 1.0, "week": 7.0}
"""Unit of time of a model's parameters -> days."""

Quantity = Literal["p_alive", "p_no_purchase", "expected_orders"]


class Process(Protocol):
    """The mathematics of one model at known parameters; all times are days."""

    def p_alive(self, rows: Histories) -> Array:
        """Return P(alive at T) of each history."""
        ...

    def p_no_purchase(self, rows: Histories, h: float) -> Array:
        """Return P(no order in (T, T + h]) of each history."""
        ...

    def expected_orders(self, rows: Histories, h: float) -> Array:
        """Return the orders expected in (T, T + h] of each history."""
        ...

    def expected_orders_new(self, h: float) -> float:
        """Return the repeat orders expected of a new customer in the first h days."""
        ...

    def expression(self, quantity: Quantity, h: float) -> Any:
        """Return P(alive) or P(no order in h) as a narwhals expression."""
        ...

    def orders_if_alive(self, x: Array, T: Array, h: float) -> Array:
        """Return the orders expected in h of a customer alive at T."""
        ...


def positive(_: object, attribute: Any, value: float) -> None:
    """Refuse numbers that are not positive and finite (a validator of attrs fields).

    Raises:
        SpecError: The number is not positive and finite.
    """
    if not (np.isfinite(value) and value > 0):
        raise SpecError(f"{attribute.name} must be a positive number, got {value!r:.40}.")


def not_negative(_: object, attribute: Any, value: float) -> None:
    """Refuse numbers that are negative or not finite (a validator of attrs fields).

    Raises:
        SpecError: The number is negative or not finite.
    """
    if not (np.isfinite(value) and value >= 0):
        raise SpecError(f"{attribute.name} must not be negative, got {value!r:.40}.")


def _known_unit(_: object, __: Any, value: str) -> None:
    if value not in DAYS:
        raise SpecError(f"unit must be one of {', '.join(DAYS)}, got {value!r:.40}.")


def horizon(value: object) -> float:
    """Return a horizon in days as a float.

    Raises:
        SpecError: It is not a finite number of days, 0 or more.
    """
    try:
        days = float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        days = np.nan
    if not (np.isfinite(days) and days >= 0):
        raise SpecError(f"A horizon is a number of days, 0 or more; got {value!r:.40}.")
    return days


@attrs.frozen(kw_only=True)
class PurchaseModel(Spec):
    """The choices of a purchase model.

    Args:
        horizon_days: Days that `p_no_purchase_…d` and `expected_orders_…d` look ahead.
        unit: "day" or "week": the unit of the parameters that measure time. The customer table is
            in days always, and the probabilities are the same with either.
        penalty: Ridge on the log parameters: `penalty` × their sum of squares is taken off the mean
            log-likelihood. 0 is maximum likelihood.
    """

    horizon_days: float = attrs.field(default=90.0, converter=horizon, validator=positive)
    unit: Unit = attrs.field(default="day", validator=_known_unit)
    penalty: float = attrs.field(default=0.0, validator=not_negative)

    def needs(self, name: str) -> tuple[str, ...]:  # noqa: ARG002
        """Return the three columns of a history."""
        return NEEDED

    def learn(self, columns: Columns, name: str) -> Any:
        """Fit to arrays of the customer table."""
        rows = Histories(*(columns[column] for column in NEEDED))  # type: ignore[arg-type]
        check(rows, allow_missing=False)
        return attrs.evolve(self._estimate(distinct(rows)), name=name)

    def fit_counts(self, x: ArrayLike, t_x: ArrayLike, T: ArrayLike, counts: ArrayLike) -> Any:
        """Fit to histories grouped before, e.g. by a database: times in days, rows with counts."""
        x, t_x, T = (np.asarray(column) for column in (x, t_x, T))
        check(Histories(x, t_x, T), allow_missing=False)
        return self._estimate(grouped(x, t_x, T, counts))

    def _estimate(self, rows: Distinct) -> Any:
        raise NotImplementedError


@attrs.frozen(kw_only=True, slots=False)
class FittedModel(Labeller):
    """A fitted purchase model: parameters, how well they fit, and predictions.

    Attributes:
        spec: The choices it was fitted with.
        log_likelihood: The true log-likelihood of the histories at the estimates, with time in the
            model's unit and without any penalty; None for given parameters.
        covariance: Covariance of the estimates, one row a parameter, from the exact Hessian; None
            where the data do not identify the parameters.
        n_customers: Customers the model learned from.
        converged: Whether the gradient vanished (the optimiser's own flag is not asked).
    """

    spec: Any
    name: str
    log_likelihood: float | None = None
    covariance: tuple[tuple[float, ...], ...] | None = None
    n_customers: int = 0
    converged: bool = True
    facts: Mapping[str, Any] = attrs.field(factory=dict, converter=as_mapping)

    parameter_names: ClassVar[tuple[str, ...]] = ()
    """The parameters, in the order of `covariance`."""

    @property
    def process(self) -> Process:
        """The model's mathematics at the estimates, in days."""
        raise NotImplementedError

    @property
    def parameters(self) -> dict[str, float]:
        """The estimates by name."""
        return {name: getattr(self, name) for name in self.parameter_names}

    @property
    def standard_errors(self) -> tuple[float, ...] | None:
        """Square roots of the diagonal of `covariance`; None where it is None."""
        if self.covariance is None:
            return None
        return tuple(float(row[i] ** 0.5) for i, row in enumerate(self.covariance))

    @property
    def aic(self) -> float | None:
        """2k − 2 log-likelihood: smaller is better among models of the same histories."""
        return None if self.log_likelihood is None else 2.0 * self._k - 2.0 * self.log_likelihood

    @property
    def bic(self) -> float | None:
        """K ln(n) − 2 log-likelihood; smaller is better."""
        if self.log_likelihood is None:
            return None
        return float(self._k * np.log(self.n_customers) - 2.0 * self.log_likelihood)

    @property
    def _k(self) -> int:
        return len(self.parameter_names)

    @property
    def rules(self) -> tuple[Rule, ...]:
        """P(alive), P(no purchase) and expected orders as rules that label any table."""
        h = self.spec.horizon_days
        outputs: dict[Quantity, str] = {
            "p_alive": "p_alive",
            "p_no_purchase": names.p_no_purchase(h),
            "expected_orders": names.expected_orders(h),
        }
        return tuple(
            ModelRule(output=output, process=self.process, quantity=quantity, horizon_days=h)
            for quantity, output in outputs.items()
        )

    def p_alive(self, customers: object) -> Array:
        """Return P(alive) at the date of the table, one number a row, NaN for missing histories.

        P(alive) is not the churn probability: BG/NBD gives every one-time buyer exactly 1. Use
        `p_no_purchase` to rank customers by their risk.

        Raises:
            ColumnsError: Columns are missing or of the wrong type.
            DataError: Histories are impossible.
        """
        return self.process.p_alive(read_histories(customers, allow_missing=True))

    def p_no_purchase(self, customers: object, horizon_days: float | None = None) -> Array:
        """Return P(no order in the next `horizon_days` days), the churn probability.

        1 − P(alive) · (1 − P(no order | alive)), one number a row, NaN for missing histories.

        Args:
            customers: The customer table, eager.
            horizon_days: Days ahead; None takes the spec's.

        Raises:
            ColumnsError: Columns are missing or of the wrong type.
            DataError: Histories are impossible.
            SpecError: The horizon is not a number of days.
        """
        h = self._days(horizon_days)
        return self.process.p_no_purchase(read_histories(customers, allow_missing=True), h)

    def expected_orders(self, customers: object, horizon_days: float | None = None) -> Array:
        """Return the orders expected in the next `horizon_days` days, given each history.

        Args:
            customers: The customer table, eager.
            horizon_days: Days ahead; None takes the spec's.

        Raises:
            ColumnsError: Columns are missing or of the wrong type.
            DataError: Histories are impossible.
            SpecError: The horizon is not a number of days.
        """
        h = self._days(horizon_days)
        return self.process.expected_orders(read_histories(customers, allow_missing=True), h)

    def expected_orders_new(self, horizon_days: float | None = None) -> float:
        """Return the repeat orders expected of a new customer in the days after the first order.

        Raises:
            SpecError: The horizon is not a number of days.
        """
        return self.process.expected_orders_new(self._days(horizon_days))

    def _days(self, horizon_days: float | None) -> float:
        return self.spec.horizon_days if horizon_days is None else horizon(horizon_days)


@saved
@attrs.frozen(kw_only=True)
class ModelRule(Rule):
    """One quantity of a fitted purchase model as a column.

    Args:
        output: Name of the column.
        process: The model at its estimates.
        quantity: "p_alive", "p_no_purchase" or "expected_orders".
        horizon_days: Days ahead (not used by "p_alive").
    """

    process: Any
    quantity: Quantity
    horizon_days: float

    @property
    def inputs(self) -> tuple[str, ...]:
        """The three columns of a history."""
        return NEEDED

    def evaluate(self, columns: Columns) -> Array:
        """Return the quantity, NaN for missing histories.

        Raises:
            DataError: Histories are impossible.
        """
        rows = Histories(*(columns[column] for column in NEEDED))  # type: ignore[arg-type]
        check(rows, allow_missing=True)
        values: Array
        if self.quantity == "p_alive":
            values = self.process.p_alive(rows)
        else:
            values = getattr(self.process, self.quantity)(rows, self.horizon_days)
        return values

    def expression(self) -> Any:
        """Return the probability for an engine."""
        return self.process.expression(self.quantity, self.horizon_days)
