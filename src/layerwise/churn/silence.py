"""Silence against the customer's own habit: how long gaps usually are, how surprising this one."""

from typing import Any

import numpy as np

from layerwise.columns import CENTURY
from layerwise.models.histories import Histories, read_histories
from layerwise.models.model import FittedModel
from layerwise.tracking import require_model
from layerwise.vectors import Floats


def silence_surprise(customers: object, *, model: FittedModel) -> Floats:
    """Return P(a gap is longer than the silence so far) of a customer who has not left.

    ((alpha + t_x) / (alpha + t_x + silence))^(r + x), one number a row: 1 on the day of an order,
    small when a customer of this history would have ordered by now. It is no probability that the
    customer has left: that weighs how often customers leave, see `p_alive`. With the regular gaps
    of MBG/CNBD-k it is the incomplete beta function I_z(r + kx, k), z the ratio above. Missing for
    missing histories.

    Args:
        customers: The customer table, eager.
        model: A fitted purchase model: BGNBD, MBGNBD, MBGCNBD, ParetoNBD.

    Raises:
        SpecError: The model is something else.
        ColumnsError: Columns are missing or of the wrong type.
        DataError: Histories are impossible.

    Source: while a customer stays, λ ~ Gamma(r + x, alpha + t_x) after the last order (Fader,
    Hardie and Lee 2005, section 4); the gap is then Pareto of the second kind.

    Example:
        >>> import pandas as pd
        >>> from layerwise.models import BGNBD
        >>> customers = pd.DataFrame({
        ...     "repeat_orders": [9, 0], "first_to_last_days": [180, 0], "age_days": [240, 60],
        ... })
        >>> model = BGNBD().with_parameters(r=0.24, alpha=31.0, a=0.8, b=2.4)
        >>> silence_surprise(customers, model=model).round(3).tolist()  # both silent for 60 days
        [0.099, 0.772]
    """
    require_model(model)
    rows, process = read_histories(customers, allow_missing=True), _process(model)
    ratio = (rows.T - rows.t_x) / (process.alpha + rows.t_x)
    if (k := _steps(process)) == 1:
        return np.asarray(np.exp(-(process.r + rows.x) * np.log1p(ratio)), dtype=np.float64)
    from scipy.special import betainc

    longer = betainc(process.r + k * rows.x, float(k), 1.0 / (1.0 + ratio))
    return np.asarray(longer, dtype=np.float64)


def usual_gap_days(customers: object, *, model: FittedModel) -> Floats:
    """Return the days within which half of the next orders come, of customers who have not left.

    The median of the gap after the last order: (alpha + t_x) (2^(1 / (r + x)) − 1) days, at most a
    century. Own gaps count more the more of them there are; after one order it is that of
    everybody. The silence equals it where `silence_surprise` is one half. Missing for missing
    histories.

    Args:
        customers: The customer table, eager.
        model: A fitted purchase model: BGNBD, MBGNBD, MBGCNBD, ParetoNBD.

    Raises:
        SpecError: The model is something else.
        ColumnsError: Columns are missing or of the wrong type.
        DataError: Histories are impossible.

    Example:
        >>> import pandas as pd
        >>> from layerwise.models import BGNBD
        >>> customers = pd.DataFrame({
        ...     "repeat_orders": [9, 2], "first_to_last_days": [180, 180], "age_days": [240, 240],
        ... })
        >>> model = BGNBD().with_parameters(r=0.24, alpha=31.0, a=0.8, b=2.4)
        >>> usual_gap_days(customers, model=model).round(1).tolist()
        [16.4, 76.5]
    """
    require_model(model)
    rows, process = read_histories(customers, allow_missing=True), _process(model)
    gap = (process.alpha + rows.t_x) * _half(rows, process)
    return np.asarray(np.minimum(gap, CENTURY), dtype=np.float64)


def _half(rows: Histories, process: Any) -> Floats:
    """Return the median of the gap in units of alpha + t_x."""
    if (k := _steps(process)) == 1:
        # beyond e^50 it is a century whatever alpha is in days, and nothing overflows
        return np.asarray(np.expm1(np.minimum(np.log(2.0) / (process.r + rows.x), 50.0)))
    from scipy.special import betaincinv

    z = betaincinv(process.r + k * rows.x, float(k), 0.5)
    return np.asarray(1.0 / np.maximum(z, 1e-300) - 1.0)


def _process(model: FittedModel) -> Any:
    return model.process


def _steps(process: Any) -> int:
    return int(getattr(process, "k", 1))
