"""Silence against the customer's own habit, as a signal."""

import numpy as np

from layerwise.churn.inputs import Inputs
from layerwise.churn.signal import Signal, divided
from layerwise.churn.signs import Sign
from layerwise.models.histories import read_histories


def silence(sign: Sign, inputs: Inputs) -> Signal:
    """Judge each silence by the customer's own orders: p = (t_x / T)^x.

    Whoever still buys at a steady rate of their own has the x repeat orders anywhere in the T days
    with equal chance; p is the chance that all of them came as early as t_x or earlier. No model is
    needed, and p is right at any fixed date, whatever the rates of the others. Customers with one
    order have no habit and are not judged.

    The baseline is the silence at which p falls to the limit, t_x · (limit^(-1/x) - 1); it is
    surprising from then on.

    Source: the order statistics of a Poisson process; Schmittlein and Peterson (1994), Marketing
    Science 13, use the same number. Why not the gap of BG/NBD: docs/decisions.
    """
    rows = read_histories(inputs.customers.to_native(), allow_missing=True)
    x, t_x, age = (np.asarray(v, dtype=np.float64) for v in (rows.x, rows.t_x, rows.T))
    days, limit = age - t_x, sign.number("p_limit")
    judged = (x > 0) & (age > 0)
    x, t_x = np.where(judged, x, 1.0), np.where(judged, t_x, np.nan)
    usual = t_x * np.expm1(-np.log(limit) / x)
    p = divided(t_x, age) ** x
    return Signal(
        judged=judged,
        hit=judged & (p < limit),
        value=days,
        baseline=usual,
        ratio=divided(days, usual),
        p=p,
        since=np.where(days > usual, inputs.today - days + np.ceil(usual), np.nan),
    )
