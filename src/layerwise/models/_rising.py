"""Sums over customers of ln Γ(z + m) − ln Γ(z), which every likelihood has."""

import numpy as np

from layerwise.models._special import LONGEST_SUM, Array, rising_sums
from layerwise.models.histories import Distinct


def rising_totals(z: float, rows: Distinct, k: int = 1, first: int = 0) -> tuple[float, ...]:
    """Return the sum over customers of ln Γ(z + m) − ln Γ(z), m = k x + first, and two derivatives.

    Each is a sum of ln(z + i), 1/(z + i) or −1/(z + i)² over i < m; taken the other way round, a
    term stands for as many customers as have m > i, which are counted once for a whole fit.
    """
    if rows.levels[-1] * k > LONGEST_SUM:
        sums = rising_sums(z, rows.levels * k + first)
        return tuple(float((rows.histogram * part).sum()) for part in sums)
    beyond = np.repeat(rows.beyond, k) if k > 1 else rows.beyond
    if first:
        beyond = np.concatenate(([rows.customers], beyond))
    steps = z + np.arange(len(beyond))
    slopes: Array = beyond / steps
    value = float((beyond * np.log(steps)).sum())
    return value, float(slopes.sum()), -float((slopes / steps).sum())
