"""What a customer is still worth: orders to come, spend per order, discount, margin."""

import datetime as dt
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from layerwise.errors import SpecError
from layerwise.models.fitted_covariates import FittedCovariates
from layerwise.models.gamma_gamma import FittedGammaGamma
from layerwise.models.outlook import Outlook
from layerwise.orders.amounts import MOST_MONEY
from layerwise.saved import fits


def residual_value(
    orders: Outlook | FittedCovariates,
    spend: FittedGammaGamma,
    customers: object,
    *,
    horizon_days: float | None = None,
    until: str | dt.date | None = None,
    as_of: str | dt.date | None = None,
    annual_discount: float = 0.1,
    margin: float = 1.0,
) -> NDArray[np.float64]:
    """Return the discounted value of the orders that each customer is still to make.

    Discounted expected orders × expected spend per order × margin; what was bought so far is not
    in it. NaN where a history is missing or the expected spend does not exist.

    Args:
        orders: A fitted model of orders, e.g. of `BGNBD`, or one with covariates.
        spend: A fitted `GammaGamma`.
        customers: The customer table with the columns of both.
        horizon_days: Days ahead; None takes the spec's of `orders`.
        until: Instead of `horizon_days`: the last day that counts, with `as_of`.
        as_of: The date of the customer table.
        annual_discount: 0.1 makes money in a year worth 1/1.1 of money today.
        margin: Share of the spend that is earned.

    Raises:
        ColumnsError: Columns are missing or of the wrong type.
        DataError: Histories or amounts are impossible.
        SpecError: Horizon, dates, discount or margin make no sense.

    Source: Fader, Hardie and Lee, "RFM and CLV: Using iso-value curves" (2005), over a finite
    horizon and in continuous time.

    Example:
        >>> from layerwise.models import BGNBD, GammaGamma
        >>> customers = pd.DataFrame({
        ...     "repeat_orders": [5, 0], "first_to_last_days": [300, 0], "age_days": [330, 330],
        ...     "spend_repeat_mean": [40.0, None],
        ... })
        >>> orders = BGNBD().with_parameters(r=0.24, alpha=31.0, a=0.8, b=2.4)
        >>> spend = GammaGamma().with_parameters(p=6.25, q=3.74, v=15.44)
        >>> residual_value(orders, spend, customers, horizon_days=365, margin=0.3).round(1).tolist()
        [39.6, 2.2]
    """
    if not fits(margin, float) or not 0 < margin <= MOST_MONEY:
        raise SpecError(
            f"margin must be a positive number, got {margin!r:.40}.",
            hint="margin=0.3 counts 30 % of spend.",
        )
    if not hasattr(orders, "discounted_orders") or not isinstance(spend, FittedGammaGamma):
        raise SpecError(
            "residual_value takes a fitted model of orders and a fitted GammaGamma.",
            hint="residual_value(BGNBD().fit(customers), GammaGamma().fit(customers), customers).",
        )
    h = _days(horizon_days, until, as_of)
    count = orders.discounted_orders(customers, h, annual_discount=annual_discount)
    value: NDArray[np.float64] = count * spend.expected_spend(customers) * margin
    return value


def _days(horizon_days: float | None, until: Any, as_of: Any) -> float | None:
    if until is None:
        return horizon_days
    if horizon_days is not None or as_of is None:
        raise SpecError(
            "A horizon is horizon_days, or until with as_of.",
            hint='residual_value(..., as_of="2024-12-31", until="2025-12-31").',
        )
    try:
        days = (pd.Timestamp(until) - pd.Timestamp(as_of)) / pd.Timedelta(days=1)
    except (TypeError, ValueError):
        raise SpecError("until and as_of must be dates.", hint='write "2025-12-31".') from None
    if not days >= 0:
        raise SpecError(
            "until lies before as_of.",
            hint="give an until after the last day that the table counts.",
        )
    return float(days)
