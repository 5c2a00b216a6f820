"""What all purchase models share: the spec, the fitted model, and the rule that labels tables."""

from collections.abc import Mapping
from functools import cached_property
from typing import Any, Generic, Literal, TypeVar

import attrs
import numpy as np
from numpy.typing import ArrayLike, NDArray

from layerwise import columns as names
from layerwise import frames
from layerwise.errors import SpecError
from layerwise.fitted import Spec
from layerwise.histories import check_complete
from layerwise.learning import read_for
from layerwise.models._lifetimes import from_fitter
from layerwise.models._lookup import joined, merged_in_engine
from layerwise.models.histories import (
    NEEDED,
    Distinct,
    Histories,
    check,
    distinct,
    grouped,
    histories_of,
    number_columns,
    read_histories,
)
from layerwise.models.outlook import Outlook
from layerwise.models.process import horizon
from layerwise.rules.base import Rule
from layerwise.saved import fits, saved
from layerwise.vectors import Columns

Array = NDArray[np.float64]
Unit = Literal["day", "week"]
DAYS: dict[str, float] = {"day": 1.0, "week": 7.0}
"""Unit of time of a model's parameters -> days."""

Quantity = Literal["p_alive", "p_no_purchase", "expected_orders"]


def positive(_: object, attribute: Any, value: float) -> None:
    """Refuse numbers that are not positive and finite (a validator of attrs fields).

    Raises:
        SpecError: The number is not positive and finite.
    """
    if not fits(value, float) or not value > 0:
        raise SpecError(
            f"{attribute.name} must be a positive number, got {value!r:.40}.",
            hint="give a finite number above 0.",
        )


def not_negative(_: object, attribute: Any, value: float) -> None:
    """Refuse numbers that are negative or not finite (a validator of attrs fields).

    Raises:
        SpecError: The number is negative or not finite.
    """
    if not fits(value, float) or value < 0:
        raise SpecError(
            f"{attribute.name} must be a number and not negative, got {value!r:.40}.",
            hint="give a finite number from 0 up.",
        )


def _known_unit(_: object, __: Any, value: str) -> None:
    if not fits(value, Unit):
        raise SpecError(
            f"unit must be one of {', '.join(DAYS)}, got {value!r:.40}.",
            hint="the unit is that of the parameters; the customer table is in days always.",
        )


def _is_process(_: object, __: Any, value: object) -> None:
    if not hasattr(value, "p_no_purchase"):
        raise SpecError(
            f"A rule of a model takes its process, not a {type(value).__name__}.",
            hint="fitted.rules of a fitted model have it.",
        )


FittedT = TypeVar("FittedT", bound="FittedModel")


@attrs.frozen(kw_only=True)
class PurchaseModel(Spec, Generic[FittedT]):
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

    def gives(self, name: str) -> tuple[str, ...]:  # noqa: ARG002
        """Return the three columns that a fitted model adds."""
        return tuple(output_columns(self.horizon_days).values())

    def fit(self, customers: object) -> FittedT:
        """Fit by maximum likelihood.

        Args:
            customers: One row per customer with `repeat_orders`, `first_to_last_days` and
                `age_days`. Lazy frames and databases merge equal histories before they are read.

        Returns:
            The frozen fitted model, without customer rows.

        Raises:
            ColumnsError: Columns are missing or of the wrong type.
            DataError: Histories are impossible or missing; every problem is listed.
            FitError: The table is empty, or no customer has ordered again.
        """
        if frames.is_lazy(frames.wrap(customers)):
            return self.fit_counts(*merged_in_engine(customers))
        return self.learn(read_for(self, self.default_name, customers), self.default_name)

    def learn(self, columns: Columns, name: str) -> FittedT:
        """Fit to arrays of the customer table, checked when they were read."""
        rows = histories_of(columns)
        check_complete(dict(zip(NEEDED, (rows.x, rows.t_x, rows.T), strict=True)))
        return self._estimate(distinct(rows), name)

    def fit_counts(self, x: ArrayLike, t_x: ArrayLike, T: ArrayLike, counts: ArrayLike) -> FittedT:
        """Fit to histories grouped before, e.g. by a database: times in days, rows with counts.

        Raises:
            DataError: Histories are impossible or missing, or counts are not whole numbers above 0;
                every problem is listed. Or the columns differ in length, or are no numbers.
            FitError: There are no rows, or no customer has ordered again.
        """
        x, t_x, T, counts = number_columns(x=x, t_x=t_x, T=T, counts=counts)
        check(Histories(x, t_x, T), allow_missing=False)
        return self._estimate(grouped(x, t_x, T, counts), self.default_name)

    def with_parameters(self, **parameters: float) -> FittedT:
        """Return the model at given parameters (alpha and its like in the spec's unit of time).

        Raises:
            SpecError: A parameter is unknown, missing or not positive.
        """
        fitted: FittedT = with_parameters(self, self._fitted_class(), parameters)
        return fitted

    def from_lifetimes(self, fitter: object) -> FittedT:
        """Return the model with the parameters of a fitter of lifetimes in the spec's unit of time.

        Raises:
            DataError: The fitter is not fitted, or is one of another model.
        """
        kind = self._fitted_class()
        return self.with_parameters(**from_fitter(fitter, kind.parameter_names))

    def _fitted_class(self) -> type[FittedT]:
        raise NotImplementedError

    def _estimate(self, rows: Distinct, name: str) -> FittedT:
        raise NotImplementedError


def with_parameters(spec: Spec, kind: type[Any], parameters: Mapping[str, float]) -> Any:
    """Return a fitted model of class `kind` at given parameters.

    Raises:
        SpecError: A parameter is unknown, missing or not a number that it can be.
    """
    if set(parameters) != set(kind.parameter_names):
        raise SpecError(
            f"{type(spec).__name__} takes the parameters {', '.join(kind.parameter_names)}.",
            hint=f"name every one: with_parameters({'=..., '.join(kind.parameter_names)}=...).",
        )
    facts = {"customers": 0, "sizes": {}}
    return kind(spec=spec, name=spec.default_name, facts=facts, **parameters)


def output_columns(h: float) -> dict[Quantity, str]:
    """Return the columns that a fitted model adds, by quantity."""
    return {
        "p_alive": "p_alive",
        "p_no_purchase": names.p_no_purchase(h),
        "expected_orders": names.expected_orders(h),
    }


@attrs.frozen(kw_only=True, slots=False)
class FittedModel(Outlook):
    """A fitted purchase model: parameters, how well they fit, and predictions."""

    @cached_property
    def rules(self) -> tuple[Rule, ...]:  # type: ignore[override]
        """P(alive), P(no purchase) and expected orders as rules that label any table."""
        h = self.spec.horizon_days
        return tuple(
            ModelRule(output=output, process=self.process, quantity=quantity, horizon_days=h)
            for quantity, output in output_columns(h).items()
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

    process: Any = attrs.field(validator=_is_process)
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
        rows = histories_of(columns)
        check(rows, allow_missing=True)
        return self._values(rows)

    def _values(self, rows: Histories) -> Array:
        values: Array
        if self.quantity == "p_alive":
            values = self.process.p_alive(rows)
        else:
            values = getattr(self.process, self.quantity)(rows, self.horizon_days)
        return values

    def expression(self) -> Any:
        """Return the probability for an engine; expected orders join a table (see `add_to`)."""
        return self.process.expression(self.quantity, self.horizon_days)

    def add_to(self, frame: Any) -> Any:
        """Add the column; what no expression can say is looked up by the history.

        Raises:
            EngineError: A lookup table cannot be brought to this engine.
        """
        if not hasattr(self.process, "expression"):
            return joined(frame, NEEDED, self._looked_up, self.output, None)
        if self.quantity != "expected_orders":
            return super().add_to(frame)
        alive = self.process.expression("p_alive", 0.0)
        return joined(frame, (names.REPEAT_ORDERS, names.AGE), self._if_alive, self.output, alive)

    def _looked_up(self, x: Array, t_x: Array, T: Array) -> Array:
        return self._values(Histories(x, t_x, T))

    def _if_alive(self, x: Array, T: Array) -> Array:
        values: Array = self.process.orders_if_alive(x, T, self.horizon_days)
        return values
