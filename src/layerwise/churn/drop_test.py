"""Has a customer's count fallen more than chance and everybody's trend allow?"""

import attrs
import numpy as np

from layerwise.vectors import Array, Floats

_BANDS = 24
_ROUNDS, _FAR = 4, 2.5
_FEWEST = 30
"""Customers above expectation that a dispersion is estimated from, at least."""


@attrs.frozen(eq=False, kw_only=True)
class DropTest:
    """The comparison of two windows, one place a customer.

    Attributes:
        ratio: Recent rate / baseline rate / the population's same ratio; NaN without baseline.
        p: P(so few or fewer recent ones | the total of both windows and no drop of one's own).
        dispersion: By how much counts vary more than chance, 1 or more.
        enough: Whether the total is so large that not one recent event would give p < `p_limit`.
        trend: Recent rate / baseline rate of the population.
    """

    ratio: Floats
    p: Floats
    dispersion: Floats
    enough: Array
    trend: float


def drop_test(
    recent: Array,
    base: Array,
    recent_exposure: Array | float,
    base_exposure: Array | float,
    *,
    size: Array | float = 1.0,
    include: Array | None = None,
    p_limit: float = 0.05,
    trend: Array | float | None = None,
) -> DropTest:
    """Return for each customer whether the recent count is low beside the baseline's.

    Given n = recent + base, a customer without a drop of their own has recent ~ Bin(n, s) with
    s = g·e1 / (g·e1 + e0): e1 and e0 are the exposures (days, or views), g the trend of the
    population, so that a season or a change of the web page is nobody's alarm. It is the ratio of
    the summed rates over the customers within 2.5 standard deviations of it, found in four rounds.

    Real events come in bursts, and a plain binomial test then cries wolf. Counts are therefore
    divided by the dispersion, the mean of (recent - n·s)² / (n·s·(1 - s)) over the customers
    *above* expectation (those who fell are not among them), by bands of n; below 1 it counts as 1.
    The binomial distribution of these effective counts is the incomplete beta function.

    Sums, such as of durations, are counts of events of mean size `size`.

    Args:
        recent: Count or sum of the recent window, one a customer.
        base: The same of the baseline.
        recent_exposure: Exposure of the recent window, for all or one a customer.
        base_exposure: The same of the baseline.
        size: What one event adds, for sums: Σd² / Σd.
        include: Who the trend and the dispersion are learned from; None is everybody.
        p_limit: For `enough`.
        trend: The population's trend, if it is known; None estimates it.

    Source: Przyborowski and Wilenski (1940), Biometrika 31, for the conditional test of two rates;
    McCullagh and Nelder (1989), section 4.5, for the dispersion.

    Example:
        >>> import numpy as np
        >>> found = drop_test(np.array([0, 0]), np.array([10, 11]), 30, 90, trend=1.0)
        >>> found.p.round(4).tolist(), found.enough.tolist()
        ([0.0563, 0.0422], [False, True])
    """
    k, b = np.asarray(recent, dtype=np.float64), np.asarray(base, dtype=np.float64)
    known = (k + b > 0) & (True if include is None else include)
    e1, e0 = np.broadcast_to(recent_exposure, k.shape), np.broadcast_to(base_exposure, k.shape)
    g = _trend(k, b, e1, e0, known, size) if trend is None else trend
    with np.errstate(divide="ignore", invalid="ignore"):
        share = g * e1 / (g * e1 + e0)
        ratio = np.where((b > 0) & (e1 > 0), k / e1 / (b / e0) / g, np.nan)
        count, n = k / size, (k + b) / size
    spread = _dispersion(count, n, share, known)
    count, n = count / spread, n / spread
    with np.errstate(divide="ignore", invalid="ignore"):
        enough = (k + b > 0) & (n * np.log1p(-share) < np.log(p_limit))
    return DropTest(
        ratio=ratio,
        p=_at_most(count, n, share),
        dispersion=spread,
        enough=enough,
        trend=float(g) if np.ndim(g) == 0 else np.nan,
    )


def _trend(k: Floats, b: Floats, e1: Array, e0: Array, known: Array, size: Array | float) -> float:
    """Return the trend of those whose own counts are near it: leavers do not pull it down."""
    kept, g = known, _ratio_of_sums(k, b, e1, e0, known)
    for _ in range(_ROUNDS):
        with np.errstate(divide="ignore", invalid="ignore"):
            share, n = g * e1 / (g * e1 + e0), (k + b) / size
            spread = _dispersion(k / size, n, share, kept)
            far = np.abs(k / size - n * share) > _FAR * np.sqrt(spread * n * share * (1 - share))
        kept = known & ~far
        g = _ratio_of_sums(k, b, e1, e0, kept)
    return g


def _ratio_of_sums(k: Floats, b: Floats, e1: Array, e0: Array, known: Array) -> float:
    """Return recent rate / baseline rate over customers, NaN without a baseline."""
    above = float(k[known].sum()) * float(e0[known].sum())
    below = float(b[known].sum()) * float(e1[known].sum())
    return above / below if below > 0 else np.nan


def _at_most(count: Floats, n: Floats, share: Floats) -> Floats:
    """Return P(X <= count) of a binomial X, for counts that need not be whole."""
    from scipy.special import betainc

    with np.errstate(invalid="ignore"):
        inside = (n > count) & (share > 0) & (share < 1)
        p = betainc(np.where(inside, n - count, 1.0), count + 1, np.where(inside, 1 - share, 0.5))
    p = np.where(inside, p, 1.0)
    return np.where((n > 0) & ~np.isnan(share), p, np.nan)


def _dispersion(count: Floats, n: Floats, share: Floats, known: Array) -> Floats:
    """Return the dispersion at each customer's n: of the band of n if it is filled, else of all."""
    expected = n * share
    with np.errstate(divide="ignore", invalid="ignore"):
        square = (count - expected) ** 2 / (expected * (1 - share))
        above = known & (count > expected) & (expected >= 1) & np.isfinite(square)
    if above.sum() < _FEWEST:
        return np.ones(len(n))
    band = np.clip(np.log2(np.maximum(n, 1)), 0, _BANDS - 1).astype(np.int64)
    filled = np.bincount(band[above], minlength=_BANDS)
    total = np.bincount(band[above], square[above], _BANDS)
    with np.errstate(divide="ignore", invalid="ignore"):
        mean = np.where(filled >= _FEWEST, total / filled, total.sum() / filled.sum())
    return np.maximum(mean, 1.0)[band]
