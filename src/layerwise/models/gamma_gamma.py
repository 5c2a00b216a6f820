"""Gamma-Gamma: what a customer spends on an occasion."""

from typing import Any, ClassVar

import attrs
import numpy as np
from numpy.typing import NDArray

from layerwise import arguments, frames, vectors
from layerwise import columns as names
from layerwise.errors import ColumnsError, DataError, FitError, problems
from layerwise.fitted import Spec
from layerwise.histories import history_faults, told
from layerwise.learning import read_for
from layerwise.models._gamma_gamma import Spending, log_likelihood
from layerwise.models._lifetimes import from_fitter
from layerwise.models.maximum_likelihood import (
    Array,
    Optimum,
    as_rows,
    in_logs,
    log_covariance,
    newton,
    warn_not_identified,
    warn_unless_converged,
)
from layerwise.models.model import not_negative, positive, with_parameters
from layerwise.models.statistics import FittedStatistics
from layerwise.rules import Formula, Rule
from layerwise.saved import saved
from layerwise.vectors import Columns

NEEDED = (names.REPEAT_ORDERS, names.SPEND_REPEAT_MEAN)
_SAMPLE = 16_384
_FEW_REPEATERS = 10
_CORRELATED = 0.3
_MEAN = "where({exists}, p * (v + repeat_orders * spend_repeat_mean)"
_MEAN += " / (p * repeat_orders + q - 1), {nobody})"
_MISSING = "(spend_repeat_mean - spend_repeat_mean) / (spend_repeat_mean - spend_repeat_mean)"
"""0 / 0, or of a missing mean: missing on every engine, for every customer."""


@saved
@attrs.frozen(kw_only=True, slots=False)
class FittedGammaGamma(FittedStatistics):
    """A fitted Gamma-Gamma model; see `GammaGamma`.

    Attributes:
        p: Shape of the spend of one occasion around the customer's own mean.
        q: Shape of the distribution of the customers' means; the mean spend is finite for q > 1.
        v: Its scale, in the currency of the amounts (γ in the papers).
    """

    p: float = attrs.field(validator=positive)
    q: float = attrs.field(validator=positive)
    v: float = attrs.field(validator=positive)

    parameter_names: ClassVar[tuple[str, ...]] = ("p", "q", "v")
    lifetimes_fitter: ClassVar[str] = "GammaGammaFitter"

    @property
    def mean_spend(self) -> float | None:
        """Mean spend per occasion over all customers, p v / (q − 1); None where it is infinite."""
        return self.p * self.v / (self.q - 1.0) if self.q > 1.0 else None

    @property
    def rules(self) -> tuple[Rule, ...]:  # type: ignore[override]
        """The expected spend per occasion, and over the spec's horizon if it has one."""
        each = Formula(output=names.EXPECTED_ORDER_SPEND, text=self._text, constants=self._numbers)
        h = self.spec.horizon_days
        if h is None:
            return (each,)
        text = f"{names.expected_orders(h)} * {names.EXPECTED_ORDER_SPEND}"
        return (each, Formula(output=names.expected_spend(h), text=text))

    def expected_spend(self, customers: object) -> Array:
        """Return the expected spend per occasion, one number a row.

        p (v + x m) / (p x + q − 1) for x repeat orders of mean m: between the customer's own mean
        and that of all customers (Fader and Hardie 2013, eq. 5). Without repeat orders it is the
        mean of all customers. NaN where the mean does not exist: p x + q ≤ 1, which takes q ≤ 1.

        Raises:
            ColumnsError: Columns are missing or of the wrong type.
            DataError: Amounts are not positive.
        """
        x, m = _columns(vectors.read(_needed(customers), NEEDED))
        _check(x, m, allow_missing=True)
        each = self.rules[0].evaluate(dict(zip(NEEDED, (x, m), strict=True)))
        return np.asarray(each, dtype=np.float64)

    @property
    def _text(self) -> str:
        if self.q > 1.0:
            return _MEAN.format(exists="repeat_orders > 0", nobody="mean")
        return _MEAN.format(exists="p * repeat_orders + q > 1", nobody=_MISSING)

    @property
    def _numbers(self) -> dict[str, float]:
        mean = {} if self.mean_spend is None else {"mean": self.mean_spend}
        return self.parameters | mean


@saved
@attrs.frozen(kw_only=True)
class GammaGamma(Spec):
    """The Gamma-Gamma model of spend (Fader, Hardie and Lee 2005b; Fader and Hardie 2013).

    The spend of an occasion is Gamma(p, ν) around a mean of the customer's own, and ν ~ Gamma(q, v)
    over customers. It is fitted to customers with repeat orders, on the mean spend of those orders
    (`spend_repeat_mean`, which leaves the first order out), and supposes that spend does not depend
    on how often a customer orders. The expected spend is missing where it does not exist: for x
    repeat orders with p x + q ≤ 1, so never where the mean of all customers is finite (q > 1).

    Args:
        horizon_days: Days of `expected_spend_…d` = expected orders × expected spend per order; it
            reads `expected_orders_…d` of an earlier model. None leaves that column out.
        penalty: Ridge on the log parameters: `penalty` × their sum of squares is taken off the mean
            log-likelihood (v in units of the mean spend). 0 is maximum likelihood.

    Example:
        >>> import numpy as np, pandas as pd
        >>> customers = pd.DataFrame({
        ...     "repeat_orders": [1, 2, 3, 1, 0, 2],
        ...     "spend_repeat_mean": [12.0, 30.0, 18.0, 55.0, np.nan, 9.0],
        ... })
        >>> model = GammaGamma().with_parameters(p=6.25, q=3.74, v=15.44)
        >>> model.expected_spend(customers)[:5].round(1).tolist()
        [19.1, 30.9, 20.2, 49.0, 35.2]
    """

    horizon_days: float | None = attrs.field(
        default=None, validator=attrs.validators.optional(positive)
    )
    penalty: float = attrs.field(default=0.0, validator=not_negative)

    default_name: ClassVar[str] = "gamma_gamma"

    def needs(self, name: str) -> tuple[str, ...]:  # noqa: ARG002
        """Return the columns that learning or labelling reads."""
        h = self.horizon_days
        return NEEDED if h is None else (*NEEDED, names.expected_orders(h))

    def gives(self, name: str) -> tuple[str, ...]:  # noqa: ARG002
        """Return the columns that a fitted model adds."""
        h = self.horizon_days
        each = (names.EXPECTED_ORDER_SPEND,)
        return each if h is None else (*each, names.expected_spend(h))

    def fit(self, customers: object) -> FittedGammaGamma:
        """Fit by maximum likelihood to customers with repeat orders.

        Args:
            customers: One row per customer with `repeat_orders` and `spend_repeat_mean`.

        Returns:
            The frozen fitted model, without customer rows.

        Raises:
            ColumnsError: Columns are missing or of the wrong type.
            DataError: Amounts are missing, zero or negative where there are repeat orders.
            FitError: Nobody has ordered again, or all amounts are equal.
        """
        spec = attrs.evolve(self, horizon_days=None)
        columns = read_for(spec, self.default_name, customers)
        return self.learn(columns, self.default_name)

    def learn(self, columns: Columns, name: str) -> FittedGammaGamma:
        """Fit to arrays of the customer table."""
        x, m = _columns(columns)
        _check(x, m, allow_missing=False)
        again = x > 0
        return self._estimate(Spending.of(x[again], m[again]), name)

    def with_parameters(self, **parameters: float) -> FittedGammaGamma:
        """Return the model at given parameters p, q, v.

        Raises:
            SpecError: A parameter is unknown, missing or not positive.
        """
        fitted: FittedGammaGamma = with_parameters(self, FittedGammaGamma, parameters)
        return fitted

    def from_lifetimes(self, fitter: object) -> FittedGammaGamma:
        """Return the model with the parameters of a `GammaGammaFitter` of lifetimes.

        Raises:
            DataError: The fitter is not fitted, or is one of another model.
        """
        return self.with_parameters(**from_fitter(fitter, FittedGammaGamma.parameter_names))

    def _fitted_class(self) -> type[FittedGammaGamma]:
        return FittedGammaGamma

    def _estimate(self, rows: Spending, name: str) -> FittedGammaGamma:
        _require_variety(rows)
        optimum = _climb(rows, self.penalty)
        n = len(rows)
        covariance = log_covariance(optimum, n)
        warn_unless_converged("GammaGamma", optimum)
        p = np.exp(optimum.theta)
        _warn(p, rows, covariance is None)
        p[2] *= rows.unit
        ridge = self.penalty * float((optimum.theta**2).sum())
        return FittedGammaGamma(
            spec=self,
            name=name,
            p=float(p[0]),
            q=float(p[1]),
            v=float(p[2]),
            log_likelihood=(optimum.value + ridge) * n - n * float(np.log(rows.unit)),
            covariance=as_rows(None if covariance is None else covariance * np.outer(p, p)),
            n_customers=n,
            converged=optimum.converged,
            facts={"customers": n, "sizes": {}, "correlation": rows.correlation},
        )


def _needed(customers: object) -> Any:
    frame = frames.eager(customers, doing="a prediction")
    title = "The customer table lacks columns that GammaGamma needs."
    arguments.require(frames.column_names(frame), dict.fromkeys(NEEDED, "GammaGamma"), title=title)
    return frame


def _columns(columns: Columns) -> tuple[NDArray[Any], NDArray[Any]]:
    texts = [name for name in NEEDED if isinstance(columns[name], vectors.Labels)]
    if texts:
        raise ColumnsError(
            f"Columns are not numeric: {', '.join(texts)}.",
            hint="summarize(orders, as_of=..., amount=...) makes the customer table.",
        )
    return columns[NEEDED[0]], columns[NEEDED[1]]  # type: ignore[return-value]


def _check(x: NDArray[Any], m: NDArray[Any], *, allow_missing: bool) -> None:
    """Refuse impossible orders and amounts.

    Raises:
        DataError: With every problem and its count.
    """
    orders = NEEDED[0]
    faults = history_faults({orders: x}, complete=() if allow_missing else (orders,))
    faults["spend_repeat_mean of 0 or less with repeat orders"] = (x > 0) & (m <= 0)
    if not allow_missing:
        faults["missing spend_repeat_mean with repeat orders"] = (x > 0) & np.isnan(m)
    lines = told(faults)
    if lines:
        raise DataError(
            problems("The customer table holds amounts that GammaGamma cannot use.", lines),
            hint="net refunds with summarize(orders, amount=...); leave customers out whose "
            "orders were free or returned.",
        )


def _require_variety(rows: Spending) -> None:
    if not len(rows):
        raise FitError(
            "GammaGamma cannot be fitted: no customer has ordered again.",
            hint="use a longer period; it learns from repeat orders only.",
        )
    if rows.m.min() == rows.m.max():
        raise FitError(
            f"GammaGamma cannot be fitted: all {len(rows):,} customers spend the same amount.",
            hint="there is nothing to learn: every order is worth that amount.",
        )


def _climb(rows: Spending, penalty: float) -> Optimum:
    start = np.log([2.0, 3.0, 1.0])
    sample = rows.sample(_SAMPLE)
    if len(sample) < len(rows):
        objective = in_logs(lambda p: log_likelihood(p, sample), len(sample), penalty)
        start = newton(objective, start, tolerance=1e-4).theta
    return newton(in_logs(lambda p: log_likelihood(p, rows), len(rows), penalty), start)


def _warn(p: Array, rows: Spending, flat: bool) -> None:
    """Say what the estimates cannot mean."""
    if len(rows) < _FEW_REPEATERS:
        warn_not_identified(
            "GammaGamma",
            f"only {len(rows):,} customers have ordered again; the parameters are not known.",
            "give more customers or a longer period.",
        )
    elif flat:
        warn_not_identified(
            "GammaGamma",
            "the likelihood is flat around its maximum, so standard errors do not exist.",
            "expected spend may be used, the parameters may not; penalty=0.001 keeps them finite.",
        )
    if p[1] <= 1.0:
        warn_not_identified(
            "GammaGamma",
            f"q = {p[1]:.3g} is not above 1, so the mean spend over all customers is infinite; "
            f"customers {_without_mean(p)} have no expected spend.",
            "check for extreme amounts, or use penalty=0.001.",
        )
    if (found := rows.correlation) > _CORRELATED:
        warn_not_identified(
            "GammaGamma",
            f"spend grows with the number of orders (correlation {found:.2f}); the model supposes "
            "that it does not.",
            "fit groups of customers apart, or judge value by past spend.",
        )


def _without_mean(p: Array) -> str:
    """Say who has no expected spend: p x + q is above 1 from some number x of repeat orders on."""
    least = int((1.0 - p[1]) // p[0]) + 1
    return "without repeat orders" if least == 1 else f"with fewer than {least:,} repeat orders"
