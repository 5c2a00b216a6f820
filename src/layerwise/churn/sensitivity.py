"""How much one point of retention is worth."""

import numpy as np
import pandas as pd

from layerwise.errors import SpecError, problems
from layerwise.orders.amounts import MOST_MONEY
from layerwise.saved import fits


def clv_sensitivity(
    margin_per_customer: float, *, retention: float, discount: float, step: float = 0.01
) -> pd.DataFrame:
    """Return the lifetime value of a customer at a retention, and a step below and above.

    m r / (1 + d − r): what a customer earns from the next period on if every period the share r
    stays. Use it to see what a point of retention is worth, not as a forecast: retention is not the
    same for ever, nor for everyone.

    Args:
        margin_per_customer: m, margin per customer and period, in currency.
        retention: r, share of customers who stay from one period to the next.
        discount: d per period; 0.1 makes money in a period worth 1/1.1 of money now.
        step: How far below and above, in shares.

    Returns:
        Three rows: `retention`, `clv` and `change` from the middle row. Missing where the retention
        is outside 0 to 1, or where the value is infinite (nobody leaves and nothing is discounted).

    Raises:
        SpecError: A number is out of range.

    Source: Gupta and Lehmann (2003), "Customers as Assets", Journal of Interactive Marketing 17.

    Example:
        >>> clv_sensitivity(100, retention=0.8, discount=0.1).round(2)
           retention     clv  change
        0       0.79  254.84  -11.83
        1       0.80  266.67    0.00
        2       0.81  279.31   12.64
    """
    given = {"retention": retention, "discount": discount, "step": step}
    limits = {"retention": (0, 1), "discount": (0, np.inf), "step": (0, 1)}
    wrong = [
        f"{name} must be a number from {limits[name][0]} to {limits[name][1]}"
        for name, value in given.items()
        if not (fits(value, float) and limits[name][0] <= value <= limits[name][1])
    ]
    if not fits(margin_per_customer, float) or abs(margin_per_customer) > MOST_MONEY:
        wrong.append(f"margin_per_customer must be a number up to {MOST_MONEY:g}")
    if wrong:
        raise SpecError(
            problems("clv_sensitivity cannot compute:", wrong),
            hint="clv_sensitivity(100, retention=0.8, discount=0.1).",
        )
    r = np.array([retention - step, retention, retention + step])
    possible = (r >= 0) & (r <= 1) & (1 + discount - r > 0)
    with np.errstate(divide="ignore", invalid="ignore"):
        clv = np.where(possible, margin_per_customer * r / (1 + discount - r), np.nan)
    return pd.DataFrame({"retention": r, "clv": clv, "change": clv - clv[1]})
