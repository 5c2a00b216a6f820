"""Whether a churn probability still says what happens: slope, intercept and Brier score."""

import math
import warnings
from typing import Any

import attrs
import numpy as np

from layerwise import arguments, frames, vectors
from layerwise.columns import HOLDOUT_ORDERS
from layerwise.errors import CertainForecastWarning, DataError, SpecError
from layerwise.logs import refuse_repeats
from layerwise.rates import z_value
from layerwise.rules.base import NOT_EVALUABLE, numbers
from layerwise.saved import fits
from layerwise.vectors import Array, Floats

CALIBRATED, MISCALIBRATED, UNSURE = "calibrated", "miscalibrated", "unsure"

_STEPS = 50
_LEAST = 1e-6
"""Probabilities of 0 and 1 have no logit; they count as this far inside."""


@attrs.frozen(kw_only=True)
class CalibrationDrift:
    """How outcomes answer to a probability: logit(actual) = intercept + slope logit(predicted).

    A good forecast has intercept 0 and slope 1. A slope below 1 says too extreme (overfitted or
    outdated), above 1 too timid; an intercept off 0 too low or too high altogether. Numbers that
    cannot be told are NaN.

    Attributes:
        customers: How many were judged.
        predicted: Mean probability.
        actual: Share that bought nothing: the base rate.
        slope: With `slope_low` and `slope_high`, its interval.
        slope_error: Standard error.
        intercept: With `intercept_low` and `intercept_high`, its interval.
        intercept_error: Standard error.
        brier: Mean squared difference of probability and outcome.
        brier_base: The same for saying the base rate of everybody.
        verdict: "calibrated" where the slope lies within 0.8 to 1.2, "miscalibrated" where its
            whole interval lies outside, "unsure" where the slope lies outside and its interval
            reaches in, "not_evaluable" where there is no slope.
        reason: The numbers compared, or why there is no slope.
    """

    customers: int
    predicted: float
    actual: float
    slope: float
    slope_error: float
    slope_low: float
    slope_high: float
    intercept: float
    intercept_error: float
    intercept_low: float
    intercept_high: float
    brier: float
    brier_base: float
    verdict: str
    reason: str

    def to_dict(self) -> dict[str, Any]:
        """Return the numbers by name."""
        return attrs.asdict(self)


def calibration_drift(
    customers: Any,
    *,
    probability: str,
    outcome: str = HOLDOUT_ORDERS,
    level: float = 0.95,
    slope_range: tuple[float, float] = (0.8, 1.2),
) -> CalibrationDrift:
    """Return slope and intercept of what happened on what a churn probability said.

    Args:
        customers: One row a customer, an eager frame.
        probability: Its column of P(no purchase).
        outcome: Its column of orders afterwards; 0 means silent.
        level: Of the intervals.
        slope_range: The slopes that are good enough.

    Raises:
        ColumnsError: A column is missing.
        DataError: A value is missing, a probability outside 0 to 1, orders are negative, or there
            are no rows.
        SpecError: The level is not between 0 and 1, or the range of slopes no range.

    Warns:
        CertainForecastWarning: Some probabilities are 0 or 1.

    Source: Cox (1958), "Two further applications of a model for binary regression", Biometrika 45;
    errors from the inverse of the information at the maximum.

    Example:
        >>> import pandas as pd
        >>> table = pd.DataFrame({
        ...     "p": [0.2] * 50 + [0.8] * 50,
        ...     "holdout_orders": [1] * 35 + [0] * 15 + [1] * 15 + [0] * 35,
        ... })
        >>> found = calibration_drift(table, probability="p")
        >>> round(found.slope, 3), round(found.slope_error, 3), found.verdict
        (0.611, 0.157, 'unsure')
    """
    if not fits(slope_range, tuple[float, float]) or slope_range[0] >= slope_range[1]:
        raise SpecError(
            "slope_range must be two numbers, the smaller first.",
            hint="slope_range=(0.8, 1.2) is the usual one.",
        )
    frame = frames.eager(customers, doing="calibration_drift")
    refuse_repeats(frame)
    arguments.check_named({"probability=": probability, "outcome=": outcome})
    names = dict.fromkeys([probability, outcome], "calibration_drift")
    arguments.require(frames.column_names(frame), names, title="The table lacks columns:")
    columns = vectors.read(frame, names)
    p, orders = (np.asarray(numbers(columns[n]), dtype=np.float64) for n in (probability, outcome))
    _check(p, orders)
    order = np.lexsort((orders, p))  # so that sums do not depend on the order of rows
    p, silent, z = p[order], orders[order] == 0, z_value(level)
    fit, why = recalibrate(_inside(p), silent)
    intercept, slope = fit[:2]
    verdict, reason = _verdict(fit, z, slope_range, why)
    rate = float(silent.mean())
    return CalibrationDrift(
        customers=len(p),
        predicted=float(p.mean()),
        actual=rate,
        slope=slope,
        slope_error=fit[3],
        slope_low=slope - z * fit[3],
        slope_high=slope + z * fit[3],
        intercept=intercept,
        intercept_error=fit[2],
        intercept_low=intercept - z * fit[2],
        intercept_high=intercept + z * fit[2],
        brier=float(np.mean((p - silent) ** 2)),
        brier_base=rate * (1 - rate),
        verdict=verdict,
        reason=reason,
    )


Fit = tuple[float, float, float, float]
_NO_FIT: Fit = (math.nan, math.nan, math.nan, math.nan)


def recalibrate(p: Floats, happened: Array) -> tuple[Fit, str]:
    """Return (intercept, slope, their standard errors) by Newton's method, or why there are none.

    >>> fit, why = recalibrate(np.array([0.2, 0.2, 0.8, 0.8]), np.array([0, 1, 0, 1]) > 0)
    >>> [abs(round(v, 3)) for v in fit[:2]]
    [0.0, 0.0]
    """
    why = _not_identified(p, happened)
    if why:
        return _NO_FIT, why
    logit = np.log(p / (1 - p))
    middle, width = float(logit.mean()), float(logit.std())
    x, y = (logit - middle) / width, happened.astype(np.float64)
    beta = np.array([math.log(y.mean() / (1 - y.mean())), 0.0])
    for _ in range(_STEPS):
        mean = 1 / (1 + np.exp(-(beta[0] + beta[1] * x)))
        information = _information(mean * (1 - mean), x)
        step = np.linalg.solve(information, np.array([(y - mean).sum(), ((y - mean) * x).sum()]))
        beta = beta + step * min(1.0, 4 / max(float(np.abs(step).max()), 1e-300))
        if np.abs(step).max() < 1e-10:
            break
    else:
        return _NO_FIT, "the slope did not settle"
    return _unscaled(beta, np.linalg.inv(information), middle, width), ""


def _information(weight: Floats, x: Floats) -> Floats:
    off = (weight * x).sum()
    return np.array([[weight.sum(), off], [off, (weight * x * x).sum()]])


def _unscaled(beta: Floats, covariance: Any, middle: float, width: float) -> Fit:
    """Return the fit on the logit itself from that on the standardised logit."""
    back = np.array([[1.0, -middle / width], [0.0, 1 / width]])
    covariance = back @ covariance @ back.T
    intercept, slope = back @ beta
    return float(intercept), float(slope), *map(float, np.sqrt(np.diag(covariance)))  # type: ignore[return-value]


def _not_identified(p: Floats, happened: Array) -> str:
    """Say why there is no slope: one outcome, one probability, or outcomes split by it."""
    yes, no = p[happened], p[~happened]
    if not len(yes) or not len(no):
        return "all had the same outcome"
    if p.min() == p.max():
        return "all had the same probability"
    if yes.min() >= no.max() or yes.max() <= no.min():
        return "the probability splits the outcomes without a mistake"
    return ""


def _verdict(fit: Fit, z: float, span: tuple[float, float], why: str) -> tuple[str, str]:
    slope, low, high = fit[1], fit[1] - z * fit[3], fit[1] + z * fit[3]
    if why:
        return NOT_EVALUABLE, why
    said = f"slope {slope:.2f} ({low:.2f} to {high:.2f}), wanted {span[0]:g} to {span[1]:g}"
    if high < span[0] or low > span[1]:
        return MISCALIBRATED, said
    return (CALIBRATED if span[0] <= slope <= span[1] else UNSURE), said


def _inside(p: Floats) -> Floats:
    certain = int(((p < _LEAST) | (p > 1 - _LEAST)).sum())
    if certain:
        warnings.warn(
            f"{certain:,} of {len(p):,} probabilities are 0 or 1, or within {_LEAST:g} of it, and "
            "count as that.\nHint: a forecast that is certain should be looked at.",
            CertainForecastWarning,
            stacklevel=3,
        )
    return np.clip(p, _LEAST, 1 - _LEAST)


def _check(p: Floats, orders: Floats) -> None:
    wrong = {
        "missing values": int(np.isnan(p).sum() + np.isnan(orders).sum()),
        "probabilities outside 0 to 1": int(((p < 0) | (p > 1)).sum()),
        "negative orders": int((orders < 0).sum()),
    }
    if any(wrong.values()) or not len(p):
        found = ", ".join(f"{n:,} {what}" for what, n in wrong.items() if n) or "no rows"
        raise DataError(
            f"Calibration cannot be judged: {found}.",
            hint="judge the customers of calibration_holdout(...) that a model has labelled.",
        )
