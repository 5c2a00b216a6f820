"""Cut points learned from values: quantiles and shares, always at observed values.

An edge belongs to the lower band, and equal values always fall into the same band.
"""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from layerwise.errors import FitError, SpecError
from layerwise.vectors import Array, blocks

DIGITS = 10
"""Significant digits that fitted edges are rounded to where no value changes its band."""


def present(
    values: Array,
    column: str,
    *,
    hint: str = "check that summarize read the right amount and time columns.",
) -> Array:
    """Return the values that are not missing.

    Raises:
        FitError: All are missing.

    >>> present(np.array([3.0, np.nan, 1.0]), "spend").tolist()
    [3.0, 1.0]
    """
    missing = np.isnan(values) if values.dtype.kind == "f" else np.zeros(1, dtype=bool)
    found: Array = values[~missing] if missing.any() else values
    if not len(found):
        raise FitError(
            f"{column} is missing for every customer, so no cut can be learned.",
            hint=hint,
        )
    return found


def check_cuts(cuts: Sequence[float], count: int, what: str) -> None:
    """Check that `cuts` are `count` ascending shares between 0 and 1.

    Raises:
        SpecError: They are not.
    """
    inside = all(0 < cut < 1 for cut in cuts)
    if len(cuts) != count or not inside or any(a >= b for a, b in pairwise(cuts)):
        raise SpecError(
            f"{what} must be {count} ascending numbers between 0 and 1, got {tuple(cuts)}.",
            hint="(0.5, 0.8) puts the top fifth in the highest band.",
        )


def check_window(window_days: int, what: str) -> None:
    """Check that a window is a whole number of days.

    Raises:
        SpecError: It is not.
    """
    whole = isinstance(window_days, int | np.integer) and not isinstance(window_days, bool)
    if not whole or window_days < 1:
        raise SpecError(
            f"{what}: window_days must be a whole number of days, got {window_days!r}.",
            hint="summarize(orders, window_days=(90, 365)) makes columns of those windows.",
        )


def quantile_edges(values: Array, cuts: Sequence[float]) -> tuple[float, ...]:
    """Return the smallest observed values with at least each share of values at or below them.

    This is the inverse of the empirical distribution function (numpy's `inverted_cdf`, type 1 of
    Hyndman and Fan 1996), so every edge is an observed value. Values must not be missing.

    >>> quantile_edges(np.array([1, 1, 1, 2, 9]), (0.5, 0.8))
    (1.0, 2.0)
    """
    for unit in (1, 100):  # whole numbers, then cents: counting them is faster than sorting
        counted = _counted(values, unit)
        if counted is not None:
            low, reached = counted
            ranks = [_rank(cut, len(values)) for cut in cuts]
            return tuple((low + int(np.searchsorted(reached, rank))) / unit for rank in ranks)
    ordered = np.sort(values)
    return tuple(_edge(ordered, ordered[_rank(cut, len(values)) - 1]) for cut in cuts)


def filled_bands(values: Array, edges: Sequence[float]) -> int:
    """Return how many bands hold a value, for edges that are observed values."""
    low, high = values.min(), values.max()
    return len({edge for edge in edges if edge >= low}) + bool(high > edges[-1])


def share_edges(values: Array, cuts: Sequence[float]) -> tuple[float, ...]:
    """Return edges so that the values above the last edge hold the first share of the total.

    A value is above an edge if those greater than it hold less than the share: with cuts
    (0.8, 0.95) the highest band is "the customers who make 80 % of the spend" (ABC analysis).

    >>> share_edges(np.array([60.0, 20.0, 10.0, 6.0, 4.0]), (0.8, 0.95))
    (4.0, 10.0)
    """
    ordered = np.sort(np.maximum(values, 0))
    falling, firsts = ordered[::-1], np.flatnonzero(np.diff(ordered[::-1], prepend=np.inf))
    greater = (np.cumsum(falling) - falling)[firsts]
    outside = [falling[firsts][greater >= cut * falling.sum() * (1 - 1e-12)] for cut in cuts]
    return tuple(sorted(_edge(ordered, out[0]) if len(out) else _under(ordered) for out in outside))


def middle_edge(values: Array, cut: float) -> float:
    """Return the middle between the quantile and the next greater value.

    For computed numbers (probabilities, expectations), which engines agree on only to about 1e-12.
    Rounded to ten digits where that stays strictly between the two.

    >>> middle_edge(np.array([1.0, 2.0, 4.0]), 0.5)
    3.0
    """
    ordered = np.sort(values)
    edge = float(ordered[_rank(cut, len(values)) - 1])
    above = ordered[np.searchsorted(ordered, edge, side="right") :]
    if not len(above):
        return edge
    middle = edge + (float(above[0]) - edge) / 2
    short = rounded(middle)
    return short if edge < short < above[0] else middle


def _counted(values: Array, unit: int) -> tuple[int, Array] | None:
    """Return the lowest of values x unit and how many lie at or below it and each next integer.

    None where they are not all whole, or too far apart to count. Block by block, as memory that is
    touched for the first time costs more than the counting.
    """
    low, high = float(values.min()) * unit, float(values.max()) * unit
    if high - low > 4 * len(values) + 1_000 or max(-low, high) > 2**52:
        return None
    start, span = round(low), round(high) - round(low) + 1
    counts = np.zeros(span, dtype=np.int64)
    for block in blocks(len(values), at_least=span):
        steps = _whole(values[block], unit)
        if steps is None:
            return None
        counts += np.bincount(steps - start, minlength=span)
    return start, np.cumsum(counts, out=counts)


def _whole(values: Array, unit: int) -> Array | None:
    """Return values x unit as integers; None where they are not whole."""
    if values.dtype.kind == "i":
        return values if unit == 1 else values * unit
    steps = np.rint(values * unit)
    return steps.astype(np.int64) if np.array_equal(steps / unit, values) else None


def _rank(cut: float, count: int) -> int:
    """Return the 1-based rank ceil(cut x count); the slack keeps 0.8 x 5 from becoming 4.000..1."""
    return max(1, int(np.ceil(cut * count - 1e-9)))


def _edge(ordered: Array, value: float) -> float:
    """Return an observed value, rounded if that leaves every value in its band."""
    short = rounded(value)
    place = np.searchsorted(ordered, value, side="right")
    following = ordered[place] if place < len(ordered) else np.inf
    return short if value <= short < following else float(value)


def rounded(value: float) -> float:
    """Return a fitted number to `DIGITS` significant digits."""
    return float(f"{float(value):.{DIGITS - 1}e}")


def _under(ordered: Array) -> float:
    """Return a number below all values, for a band that everybody is above."""
    return float(ordered[0]) - 1.0
