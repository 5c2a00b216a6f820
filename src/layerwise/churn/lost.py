"""What a churned customer takes away: spend had they stayed, less spend if they come back."""

import warnings
from typing import Any, TypeVar, cast

import numpy as np

from layerwise import columns as c
from layerwise import frames, vectors
from layerwise.churn.flow import churned_rows
from layerwise.churn.risk import order_spend, orders_if_any, positive_days
from layerwise.errors import RowsLeftOutWarning, SpecError
from layerwise.models.gamma_gamma import FittedGammaGamma
from layerwise.models.histories import read_histories
from layerwise.models.model import FittedModel
from layerwise.returns import ReturnCurve
from layerwise.tracking import require_model
from layerwise.vectors import Floats

FrameT = TypeVar("FrameT")


def lost_spend(
    customers: FrameT,
    *,
    model: FittedModel,
    spend: FittedGammaGamma | str,
    horizon_days: float = 365.0,
    returns: ReturnCurve | None = None,
    status: str = "churn",
) -> FrameT:
    """Return the customer table with what each churned customer takes away in the next days.

    One column is added, `lost_spend_365d` for a horizon of 365 days: what a customer with the same
    history up to the last order spends in the horizon if he buys again in it, less what is still
    expected of this one after the silence. It is negative where the silence says little and the
    model expects more than that. Missing for customers who have not churned, and where the history
    or the spend is missing.

    The silence is not looked at in the first part, as it is what went wrong. Who stays is who buys
    again in the horizon, as in the churn probability; the guide compares it with real stayers.

    Args:
        customers: One row a customer, an eager frame with history and churn status.
        model: A fitted BGNBD, MBGNBD, MBGCNBD or ParetoNBD.
        spend: As in `risk_table`: a fitted `GammaGamma`, or a column of spend per order.
        horizon_days: Days of spend to count.
        returns: Where p_return is to come from: with a `return_curve` the second part is p_return
            within the horizon × the first part. None takes the spend that the model expects.
        status: Column of the churn status, with the labels of `ChurnStatus`.

    Raises:
        SpecError: The model, spend, horizon or curve is no such thing.
        ColumnsError: Columns are missing or of the wrong type.
        DataError: Histories, amounts or statuses are impossible.

    Warns:
        RowsLeftOutWarning: Churned customers whose loss is not known.

    Example:
        >>> import layerwise as lw
        >>> orders = lw.datasets.load_cdnow()
        >>> customers = lw.summarize(orders[orders["amount"] > 0], as_of="1998-06-30")
        >>> status = lw.ChurnStatus().fit(customers).transform(customers)
        >>> model, spend = lw.BGNBD().fit(customers), lw.GammaGamma().fit(customers)
        >>> lost = lost_spend(status, model=model, spend=spend)["lost_spend_365d"]
        >>> int(lost.count()), round(lost.mean())
        (1703, 142)
    """
    require_model(model)
    if returns is not None and not isinstance(returns, ReturnCurve):
        raise SpecError(
            f"returns must be a ReturnCurve, got {type(returns).__name__}.",
            hint="return_curve(orders, as_of=...).",
        )
    h = positive_days(horizon_days)
    frame = frames.eager(customers, doing="lost_spend")
    churned = churned_rows(frame, status)
    each = order_spend(frame, spend)
    stayed = _if_stayed(frame, model, h) * each
    loss = stayed - _still_expected(frame, model, h, returns, stayed, each)
    if unknown := int((churned & np.isnan(loss)).sum()):
        warnings.warn(
            f"The loss of {unknown:,} of {int(churned.sum()):,} churned customers is not known.\n"
            "Hint: their history or spend is missing, or the return curve is too short for the "
            "horizon.",
            RowsLeftOutWarning,
            stacklevel=2,
        )
    lost = np.where(churned, loss, np.nan)
    return cast("FrameT", vectors.attach(frame, {c.lost_spend(h): lost}))


def spend_of_new(model: FittedModel, spend: Any, customers: object, h: float) -> float:
    """Return the spend expected of a new customer in the first h days, first order included.

    NaN where the mean spend is not known.
    """
    if isinstance(spend, FittedGammaGamma):
        each = np.nan if spend.mean_spend is None else spend.mean_spend
    else:
        amounts = order_spend(frames.eager(customers, doing="lost_spend"), spend)
        known = amounts[~np.isnan(amounts)]
        each = float(known.mean()) if len(known) else np.nan
    return (1.0 + model.expected_orders_new(h)) * each


def _if_stayed(frame: Any, model: FittedModel, h: float) -> Floats:
    """Return the orders in h of customers at their last order who buy again in h."""
    rows = read_histories(frame.to_native(), allow_missing=True)
    then = vectors.attach(frame, {c.AGE: rows.t_x})
    return orders_if_any(model.expected_orders(then, h), model.p_at_least(then, 1, h))


def _still_expected(
    frame: Any, model: FittedModel, h: float, returns: Any, stayed: Floats, each: Floats
) -> Floats:
    if returns is None:
        return model.expected_orders(frame.to_native(), h) * each
    rows = read_histories(frame.to_native(), allow_missing=True)
    return np.asarray(returns.p_return(rows.T - rows.t_x, horizon_days=h) * stayed)
