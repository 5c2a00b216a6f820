"""Silence against the customer's own habit, as a signal."""

import numpy as np

from layerwise.churn.inputs import Inputs
from layerwise.churn.signal import Signal, divided
from layerwise.churn.warning_table import Sign
from layerwise.errors import SpecError
from layerwise.frames import Array
from layerwise.models.histories import read_histories


def silence(sign: Sign, inputs: Inputs) -> Signal:
    """Judge the silence of each customer: p = P(a gap is longer | the history up to its start).

    p = ((alpha + t_x) / (alpha + T))^(r + x). The baseline is the silence at which p falls to the
    limit, s = (alpha + t_x) · (limit^(-1 / (r + x)) - 1); it is surprising from then on.

    Source: a gap of a customer who stays is Pareto of the second kind, as lambda ~ Gamma(r + x,
    alpha + t_x) after the last order (Fader, Hardie and Lee 2005, section 4).
    """
    rows = read_histories(inputs.customers.to_native(), allow_missing=True)
    x, t_x, age = (np.asarray(v, dtype=np.float64) for v in (rows.x, rows.t_x, rows.T))
    r, alpha = _rate(inputs)
    days, limit = age - t_x, sign.number("p_limit")
    with np.errstate(over="ignore"):
        usual = (alpha + t_x) * np.expm1(-np.log(limit) / (r + x))
    p = np.exp(-(r + x) * np.log1p(days / (alpha + t_x)))
    judged: Array = ~np.isnan(p)
    return Signal(
        judged=judged,
        hit=judged & (p < limit),
        value=days,
        baseline=usual,
        ratio=divided(days, usual),
        p=p,
        since=np.where(days > usual, inputs.today - days + np.ceil(usual), np.nan),
    )


def _rate(inputs: Inputs) -> tuple[float, float]:
    """Return r and alpha, in days, of the rate of orders."""
    process = getattr(inputs.model, "process", None)
    if not hasattr(process, "alpha") or getattr(process, "k", 1) != 1:
        raise SpecError(
            f"{type(inputs.model).__name__} has no gamma rate of orders in days.",
            hint="give a fitted BGNBD, MBGNBD or ParetoNBD, or leave model= out.",
        )
    return float(process.r), float(process.alpha)
