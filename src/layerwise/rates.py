"""Shares and their ratios, with intervals: what groups, causes, KPIs and experiments count in."""

import numpy as np

from layerwise.errors import SpecError
from layerwise.saved import fits
from layerwise.vectors import Array, Floats


def z_value(level: float = 0.95) -> float:
    """Return the point of the normal distribution that a two-sided interval reaches to.

    Raises:
        SpecError: The level is not between 0 and 1.

    >>> round(z_value(0.95), 6)
    1.959964
    """
    if not fits(level, float) or not 0.5 < 0.5 + level / 2 < 1:
        raise SpecError(
            f"level must be a number between 0 and 1, got {level!r:.40}.",
            hint="level=0.95 makes 95 % intervals.",
        )
    from statistics import NormalDist  # loads fractions and random, which nothing else needs

    return NormalDist().inv_cdf(0.5 + level / 2)


def wilson(hits: Array, trials: Array, *, level: float = 0.95) -> tuple[Floats, Floats]:
    """Return the Wilson interval of a share, missing where there are no trials.

    Source: Wilson (1927), JASA 22.

    >>> [float(round(v[0], 4)) for v in wilson(np.array([5]), np.array([10]))]
    [0.2366, 0.7634]
    """
    n, z = np.where(np.asarray(trials) > 0, trials, np.nan), z_value(level)
    center = (hits + z * z / 2) / (n + z * z)
    half = z * np.sqrt(hits * (n - hits) / n + z * z / 4) / (n + z * z)
    return np.maximum(center - half, 0.0), np.minimum(center + half, 1.0)


def relative_risk(
    hits: Array, trials: Array, rest_hits: Array, rest_trials: Array, *, level: float = 0.95
) -> tuple[Floats, Floats, Floats]:
    """Return the ratio of two shares with its log interval.

    The standard error of the log is sqrt(1/a - 1/n1 + 1/c - 1/n0). Where a count of hits or misses
    is zero, each of the four cells gets 0.5 more, in ratio and interval alike. Missing where a
    group is empty.

    Source: Katz, Baptista, Azen and Pike (1978), Biometrics 34; the half is Haldane's and
    Anscombe's.

    >>> rr, low, high = relative_risk(*(np.array([v]) for v in (30, 100, 20, 100)))
    >>> [float(round(v[0], 3)) for v in (rr, low, high)]
    [1.5, 0.916, 2.456]
    """
    a, n1, c, n0 = (np.asarray(v, dtype=np.float64) for v in (hits, trials, rest_hits, rest_trials))
    half = 0.5 * ((a == 0) | (c == 0) | (a == n1) | (c == n0))
    a, n1, c, n0 = a + half, n1 + 2 * half, c + half, n0 + 2 * half
    empty = (n1 <= 2 * half) | (n0 <= 2 * half)
    with np.errstate(divide="ignore", invalid="ignore"):
        log = np.where(empty, np.nan, np.log(a / n1) - np.log(c / n0))
        error = np.sqrt(1 / a - 1 / n1 + 1 / c - 1 / n0)
    reach = z_value(level) * error
    return np.exp(log), np.exp(log - reach), np.exp(log + reach)


def holm(p: Array) -> Floats:
    """Return Holm's adjusted p-values; missing ones are no tests.

    Calling all with adjusted p <= 0.05 real keeps the chance of even one false call at 5 %, however
    the tests depend on each other.

    Source: Holm (1979), Scandinavian Journal of Statistics 6.

    >>> holm(np.array([0.01, 0.04, 0.03, np.nan])).round(3).tolist()
    [0.03, 0.06, 0.06, nan]
    """
    values = np.asarray(p, dtype=np.float64)
    result = np.full(values.shape, np.nan)
    known = np.flatnonzero(~np.isnan(values))
    order = known[np.argsort(values[known], kind="stable")]
    raw = values[order] * np.arange(len(order), 0, -1)
    result[order] = np.minimum(np.maximum.accumulate(raw), 1.0)
    return result


def q_values(p: Array) -> Floats:
    """Return the Benjamini-Hochberg q-value of each p-value; missing ones are no tests.

    Listing all tests with q <= 0.05 keeps the expected share of false ones among them at 5 %.

    Source: Benjamini and Hochberg (1995), JRSS B 57.

    >>> q_values(np.array([0.01, 0.04, 0.03, np.nan])).round(3).tolist()
    [0.03, 0.04, 0.04, nan]
    """
    values = np.asarray(p, dtype=np.float64)
    result = np.full(values.shape, np.nan)
    known = np.flatnonzero(~np.isnan(values))
    order = known[np.argsort(values[known], kind="stable")]
    raw = values[order] * len(order) / np.arange(1, len(order) + 1)
    result[order] = np.minimum(np.minimum.accumulate(raw[::-1])[::-1], 1.0)
    return result


def risk_difference(
    hits: Array, trials: Array, rest_hits: Array, rest_trials: Array, *, level: float = 0.95
) -> tuple[Floats, Floats, Floats]:
    """Return the difference of two shares with Newcombe's interval, made of two Wilson intervals.

    Missing where a group is empty.

    Source: Newcombe (1998), Statistics in Medicine 17, method 10.

    >>> found = risk_difference(*(np.array([v]) for v in (56, 70, 48, 80)))
    >>> [float(round(v[0], 4)) for v in found]
    [0.2, 0.0524, 0.3339]
    """
    a, n1, c, n0 = (np.asarray(v, dtype=np.float64) for v in (hits, trials, rest_hits, rest_trials))
    with np.errstate(divide="ignore", invalid="ignore"):
        p1, p0 = a / n1, c / n0
    (low1, high1), (low0, high0) = wilson(a, n1, level=level), wilson(c, n0, level=level)
    difference = p1 - p0
    low = difference - np.sqrt((p1 - low1) ** 2 + (high0 - p0) ** 2)
    return difference, low, difference + np.sqrt((high1 - p1) ** 2 + (p0 - low0) ** 2)


def difference_p(hits: Array, trials: Array, rest_hits: Array, rest_trials: Array) -> Floats:
    """Return the two-sided p-value of two shares being one.

    Pearson's chi-squared without correction where all four cells expect 5 or more (Cochran's rule),
    Fisher's exact test elsewhere. Missing where a group is empty or both shares are 0 or both 1.

    Source: Pearson (1900); Fisher (1935); Cochran (1954), Biometrics 10.

    >>> difference_p(*(np.array(v) for v in ([30, 3], [100, 10], [20, 1], [100, 10]))).round(4)
    array([0.1025, 0.582 ])
    """
    from scipy.special import erfc

    a, n1, c, n0 = (np.asarray(v, dtype=np.float64) for v in (hits, trials, rest_hits, rest_trials))
    n, m = n1 + n0, a + c
    with np.errstate(divide="ignore", invalid="ignore"):
        least = np.minimum(n1, n0) * np.minimum(m, n - m) / n
        chi2 = (a * n0 - c * n1) ** 2 * n / (n1 * n0 * m * (n - m))
    p: Floats = np.where(least > 0, erfc(np.sqrt(chi2 / 2)), np.nan)
    for i in np.flatnonzero((least > 0) & (least < _COCHRAN)):
        p[i] = _fisher(a[i], n1[i], c[i], n0[i])
    return p


_COCHRAN = 5


def _fisher(a: float, n1: float, c: float, n0: float) -> float:
    from scipy.stats import fisher_exact

    table = np.array([[a, n1 - a], [c, n0 - c]]).astype(np.int64)
    return float(fisher_exact(table)[1])
