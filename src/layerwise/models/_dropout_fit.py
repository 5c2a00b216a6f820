"""Fitting BG/NBD and MBG/NBD: starting values, optimum, covariance, what is not identified."""

from typing import Any, ClassVar

import attrs
import numpy as np

from layerwise.errors import FitError
from layerwise.models import _dropout
from layerwise.models._dropout_process import Dropout
from layerwise.models.histories import Distinct
from layerwise.models.maximum_likelihood import (
    Array,
    Objective,
    Optimum,
    as_rows,
    in_logs,
    log_covariance,
    newton,
    warn_not_identified,
    warn_unless_converged,
)
from layerwise.models.model import DAYS, FittedModel, PurchaseModel, positive

_MEAN_AGE = 10.0
_SAMPLE = 16_384
_FEW_REPEATERS = 10
_EXTREME = 1e3
_NOBODY_LEAVES = 1e-3


@attrs.frozen(kw_only=True, slots=False)
class FittedDropout(FittedModel):
    """A fitted model with dropout after orders.

    Attributes:
        r: Shape of the Gamma distribution of order rates.
        alpha: Its rate parameter, in the spec's unit of time; r / alpha is the mean rate.
        a: First parameter of the Beta distribution of the dropout probability.
        b: Second one; a / (a + b) is the mean dropout probability after an order.
    """

    r: float = attrs.field(validator=positive)
    alpha: float = attrs.field(validator=positive)
    a: float = attrs.field(validator=positive)
    b: float = attrs.field(validator=positive)

    parameter_names: ClassVar[tuple[str, ...]] = ("r", "alpha", "a", "b")
    first: ClassVar[int] = 0
    """1 where customers may drop out after their first order too."""

    @property
    def process(self) -> Dropout:
        """The model's mathematics at the estimates, in days."""
        alpha = self.alpha * DAYS[self.spec.unit]
        return Dropout(r=self.r, alpha=alpha, a=self.a, b=self.b, first=self.first)


def estimate(spec: PurchaseModel[Any], rows: Distinct, first: int, label: str) -> dict[str, Any]:
    """Return the fields of a fitted model by maximum likelihood.

    Times are scaled to a mean age of 10, so that the unit of time changes nothing.

    Raises:
        FitError: No customer has ordered again, or all ages are 0.
    """
    require_repeaters(rows, label)
    scale = _MEAN_AGE / rows.mean_age()
    optimum = climb(rows, first, scale, spec.penalty)
    n = rows.customers
    covariance = log_covariance(optimum, n)
    warn_unless_converged(label, optimum)
    p = np.exp(optimum.theta)
    _warn(label, p, rows, covariance is None)
    p[1] /= scale * DAYS[spec.unit]
    fit = summary(spec, rows, optimum, scale)
    fields = dict(zip(FittedDropout.parameter_names, map(float, p), strict=True))
    scaled = None if covariance is None else covariance * np.outer(p, p)
    return fields | fit | {"covariance": as_rows(scaled)}


def summary(
    spec: PurchaseModel[Any], rows: Distinct, optimum: Optimum, scale: float
) -> dict[str, Any]:
    """Return what a fitted model keeps of its optimum apart from the parameters.

    The density of x order times changes by the x-th power of the unit of time.
    """
    theta = optimum.theta
    mean = optimum.value + spec.penalty * float((theta * theta).sum())
    orders = float((rows.histogram * rows.levels).sum())
    n = rows.customers
    value = mean * n + orders * float(np.log(scale * DAYS[spec.unit]))
    return {
        "spec": spec,
        "log_likelihood": value,
        "n_customers": round(n),
        "converged": optimum.converged,
        "facts": {"customers": round(n), "sizes": {}},
    }


def climb(rows: Distinct, first: int, scale: float, penalty: float) -> Optimum:
    """Search on a sample of the rows first, so that few passes over all rows remain."""

    def objective(part: Distinct) -> Objective:
        return in_logs(
            lambda p: _dropout.log_likelihood(p, part, first, scale), part.customers, penalty
        )

    start = starting_values(rows, scale)
    sample = rows.sample(_SAMPLE)
    if len(sample) < len(rows):
        start = newton(objective(sample), start, tolerance=1e-4).theta
    return newton(objective(rows), start)


def starting_values(rows: Distinct, scale: float) -> Array:
    """Return logs of r, alpha, a, b: the mean rate of orders, and a quarter lost at each order."""
    orders = float((rows.histogram * rows.levels).sum())
    exposure = float((rows.counts * rows.T).sum()) * scale
    return np.array([0.0, np.log(exposure / orders), 0.0, np.log(3.0)])


def require_repeaters(rows: Distinct, label: str) -> None:
    """Refuse tables from which no rate can be learned.

    Raises:
        FitError: No customer has ordered again, or all ages are 0.
    """
    if rows.levels[-1] == 0:
        raise FitError(
            f"{label} cannot be fitted: none of {rows.customers:,.0f} customers has ordered again.",
            hint="use a longer period; without repeat orders no order rate can be learned.",
        )


def _warn(label: str, p: Array, rows: Distinct, flat: bool) -> None:
    """Say which limit the likelihood runs into, if it is flat or the buyers are too few."""
    r, _, a, b = p
    repeaters = rows.customers - float(rows.histogram[rows.levels == 0].sum())
    care = "predictions may be used, the parameters and their spread may not"
    if repeaters < _FEW_REPEATERS:
        warn_not_identified(
            label,
            f"only {repeaters:,.0f} customers have ordered again; the parameters are not known.",
            "give more customers or a longer period, or penalty=0.001.",
        )
    elif flat and min(a, a / (a + b)) < _NOBODY_LEAVES:
        warn_not_identified(
            label,
            "the data show nobody who drops out (a goes to 0), so P(alive) is about 1 for all.",
            f"{care}; judge customers by days of silence, or use a longer period.",
        )
    elif flat and max(a, b) > _EXTREME:
        warn_not_identified(
            label,
            "the dropout probability does not differ between customers (a and b grow together).",
            f"{care}; penalty=0.001 keeps them finite.",
        )
    elif flat and r > _EXTREME:
        warn_not_identified(
            label,
            "the order rate does not differ between customers (r and alpha grow together).",
            f"{care}; penalty=0.001 keeps them finite.",
        )
    elif flat:
        warn_not_identified(
            label,
            "the likelihood is flat around its maximum, so standard errors do not exist.",
            f"{care}; give more customers, or penalty=0.001.",
        )
