"""What a rule of early warning finds: one value a customer, and what it was compared with."""

import attrs
import numpy as np

from layerwise.vectors import Array, Floats, Labels


@attrs.frozen(eq=False, kw_only=True)
class Signal:
    """The finding of one rule, one place a customer.

    Attributes:
        judged: Whether the customer can be judged at all.
        hit: Whether the rule holds, before its p-value is looked at.
        value: What was measured.
        baseline: What it was compared with, or None.
        ratio: value / baseline with the population's trend taken out, or None.
        p: P-value of the drop, or None where the rule is no test.
        since: Day number since when the rule holds, NaN where unknown.
        detail: What it was found in, such as the category, or None.
    """

    judged: Array
    hit: Array
    value: Floats
    baseline: Floats | None = None
    ratio: Floats | None = None
    p: Floats | None = None
    since: Floats | None = None
    detail: Labels | None = None


def divided(above: Floats, below: Floats) -> Floats:
    """Return a / b, NaN where b is 0."""
    with np.errstate(divide="ignore", invalid="ignore"):
        result: Floats = np.where(below > 0, above / below, np.nan)
    return result
