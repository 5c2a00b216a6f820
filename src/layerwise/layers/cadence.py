"""The expected gap between a customer's orders: own gaps, shrunken to everybody's mean."""

from layerwise.columns import FIRST_TO_LAST, REPEAT_ORDERS
from layerwise.errors import FitError
from layerwise.layers.exact import exact_sum
from layerwise.rules import Formula
from layerwise.rules.base import numbers
from layerwise.vectors import Columns

NEEDS = (REPEAT_ORDERS, FIRST_TO_LAST)
"""The columns that the expected gap is learned from."""


def expected_gap(columns: Columns, output: str, prior_gaps: float) -> Formula:
    """Return the rule (sum of own gaps + n0 x mean gap) / (number of own gaps + n0), in days.

    `prior_gaps` is n0: a customer counts as having that many more gaps of the population's mean
    length, so that one early gap does not decide, and a customer of one order has the mean.

    Raises:
        FitError: Nobody bought twice, so no gap was ever seen.
    """
    repeats, spans = (numbers(columns[name]) for name in NEEDS)
    known = (repeats > 0) & (spans >= 0)
    if not known.any():
        raise FitError(
            "Nobody bought on a second occasion, so the gap between orders is unknown.",
            hint="take a longer log, or ChurnStatus(rule='window', window_days=...) of your own.",
        )
    return Formula(
        output=output,
        text=f"({FIRST_TO_LAST} + n0 * mean_gap) / ({REPEAT_ORDERS} + n0)",
        constants={
            "n0": prior_gaps,
            "mean_gap": exact_sum(spans[known]) / exact_sum(repeats[known]),
        },
    )
