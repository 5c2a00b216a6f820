"""Fitting a purchase model: scale of time, sample first, covariance, what is not identified."""

from collections.abc import Callable
from typing import Any

import numpy as np

from layerwise.errors import FitError
from layerwise.models.histories import Distinct
from layerwise.models.maximum_likelihood import (
    Array,
    Derivatives,
    Objective,
    Optimum,
    as_rows,
    in_logs,
    log_covariance,
    newton,
    warn_not_identified,
    warn_unless_converged,
)
from layerwise.models.model import DAYS

Kernel = Callable[[Array, Distinct, float], Derivatives]
"""(natural parameters, histories in days, what days are multiplied by) -> sums and derivatives."""

MEAN_AGE = 10.0
EXTREME = 1e3
VANISHING = 1e-3
_SAMPLE, _SMALLEST_SAMPLE = 16_384, 2_048
_FEW_ROWS = 8_192
"""Distinct histories up to which a pass over all costs little more than one over a sample."""
_FEW_REPEATERS = 10
_CARE = "predictions may be used, the parameters and their spread may not"


def estimate(
    spec: Any,
    name: str,
    rows: Distinct,
    kernel: Kernel,
    kind: type[Any],
    start: Array,
    limit: Callable[[Array], str | None],
    regularity: int = 1,
) -> Any:
    """Return a fitted model of class `kind` by maximum likelihood.

    Times are scaled to a mean age of 10, so that the unit of time changes nothing.

    Args:
        spec: The choices: unit and penalty.
        name: Name of the model among layers.
        rows: Distinct histories.
        kernel: The log-likelihood with its derivatives.
        kind: The fitted class; `times` names its parameters that measure time.
        start: Logs of the parameters to start at, times in units of a tenth of the mean age.
        limit: Says which limit parameters have run into where the likelihood is flat.
        regularity: Hidden steps an order: each multiplies the density by the unit of time.

    Raises:
        FitError: No customer has ordered again.
    """
    label = type(spec).__name__
    require_repeaters(rows, label)
    scale = MEAN_AGE / rows.mean_age()
    optimum = _climb(rows, kernel, scale, spec.penalty, start)
    n = rows.customers
    covariance = log_covariance(optimum, n)
    warn_unless_converged(label, optimum)
    p = np.exp(optimum.theta)
    _warn(label, p, rows, covariance is None, limit)
    unit = scale * DAYS[spec.unit] if kind.times else 1.0
    for i, parameter in enumerate(kind.parameter_names):
        p[i] /= unit if parameter in kind.times else 1.0
    return kind(
        spec=spec,
        name=name,
        log_likelihood=_log_likelihood(spec.penalty, rows, optimum, unit**regularity),
        covariance=as_rows(None if covariance is None else covariance * np.outer(p, p)),
        n_customers=round(n),
        converged=optimum.converged,
        facts={"customers": round(n), "sizes": {}},
        **dict(zip(kind.parameter_names, map(float, p), strict=True)),
    )


def _log_likelihood(penalty: float, rows: Distinct, optimum: Optimum, unit: float) -> float:
    """Return the true log-likelihood; the density of x order times changes by unit^x."""
    mean = optimum.value + penalty * float((optimum.theta * optimum.theta).sum())
    orders = float((rows.histogram * rows.levels).sum())
    return mean * rows.customers + orders * float(np.log(unit))


def _climb(rows: Distinct, kernel: Kernel, scale: float, penalty: float, start: Array) -> Optimum:
    """Search on a sample of many rows first, so that few passes over all rows remain."""

    def objective(part: Distinct) -> Objective:
        return in_logs(lambda p: kernel(p, part, scale), part.customers, penalty)

    if len(rows) > _FEW_ROWS:
        sample = rows.sample(min(_SAMPLE, max(len(rows) // 8, _SMALLEST_SAMPLE)))
        start = newton(objective(sample), start, tolerance=1e-4).theta
    return newton(objective(rows), start)


def log_mean_rate(rows: Distinct) -> float:
    """Return the log of the mean age over the mean repeat orders, in tenths of the mean age."""
    orders = float((rows.histogram * rows.levels).sum())
    return float(np.log(MEAN_AGE * rows.customers / orders)) if orders else 0.0


def require_repeaters(rows: Distinct, label: str) -> None:
    """Refuse tables from which no rate can be learned.

    Raises:
        FitError: No customer has ordered again.
    """
    if rows.levels[-1] == 0:
        raise FitError(
            f"{label} cannot be fitted: none of {rows.customers:,.0f} customers has ordered again.",
            hint="use a longer period; without repeat orders no order rate can be learned.",
        )


def _warn(
    label: str, p: Array, rows: Distinct, flat: bool, limit: Callable[[Array], str | None]
) -> None:
    """Say which limit the likelihood runs into if it is flat, and if the buyers are too few."""
    repeaters = rows.customers - float(rows.histogram[rows.levels == 0].sum())
    if repeaters < _FEW_REPEATERS:
        why = f"only {repeaters:,.0f} customers have ordered again; the parameters are not known."
        warn_not_identified(label, why, "give more customers or a longer period, or penalty=0.001.")
    elif flat:
        why = limit(p) or "the likelihood is flat around its maximum; there are no standard errors."
        warn_not_identified(label, why, f"{_CARE}; penalty=0.001 keeps them finite.")
