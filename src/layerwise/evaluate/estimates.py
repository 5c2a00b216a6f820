"""The difference between two arms, with its interval: shares, means, ratios, with a covariate."""

import attrs
import numpy as np

from layerwise.evaluate.sums import Sums
from layerwise.rates import difference_p, relative_risk, risk_difference
from layerwise.vectors import Array, Floats

_ROUNDING = 1e-14
"""A standard error below this part of the values is that of numbers that are all the same."""


@attrs.frozen(eq=False)
class Estimate:
    """Arrays of one shape, an element per comparison; missing where it cannot be judged.

    Attributes:
        control, value: Share, mean or ratio in the control and in the other arm, as observed.
        effect, low, high: Their difference (with a covariate: adjusted) and its interval.
        relative, relative_low, relative_high: The same as a part of the control's value.
        p: Two-sided p-value of no difference.
        variance: Squared standard error, for tests across layers.
        saved: Share of the variance that the covariate takes away; missing without one.
    """

    control: Floats
    value: Floats
    effect: Floats
    low: Floats
    high: Floats
    relative: Floats
    relative_low: Floats
    relative_high: Floats
    p: Floats
    variance: Floats
    saved: Floats


def shares(hits: Array, n: Array, hits0: Array, n0: Array, *, level: float) -> Estimate:
    """Return the difference of two shares.

    Interval: Newcombe's, see `rates.risk_difference`. Relative: log interval of the risk ratio, see
    `rates.relative_risk`. p: chi-square or Fisher's exact test, see `rates.difference_p`. The
    variance adds a hit and a miss to each arm (Agresti and Caffo 2000, American Statistician 54),
    so that it is never zero.
    """
    a, n, c, n0 = np.broadcast_arrays(
        *(np.asarray(v, dtype=np.float64) for v in (hits, n, hits0, n0))
    )
    effect, low, high = risk_difference(a, n, c, n0, level=level)
    ratio, ratio_low, ratio_high = relative_risk(a, n, c, n0, level=level)
    p = difference_p(*(v.ravel() for v in (a, n, c, n0))).reshape(effect.shape)
    with np.errstate(divide="ignore", invalid="ignore"):
        value, control = a / n, c / n0
    p1, p0 = (a + 1) / (n + 2), (c + 1) / (n0 + 2)
    variance = np.where(
        np.isnan(effect), np.nan, p1 * (1 - p1) / (n + 2) + p0 * (1 - p0) / (n0 + 2)
    )
    return Estimate(
        control, value, effect, low, high, ratio - 1, ratio_low - 1, ratio_high - 1,
        p, variance, np.full(effect.shape, np.nan),
    )  # fmt: skip


def means(arm: Sums, control: Sums, *, ratio: bool, covariate: bool, level: float) -> Estimate:
    """Return the difference of two means or ratios.

    The columns of the sums are the outcome, with `ratio` the denominator, with `covariate` the
    covariate. The variance of a ratio Y/D is that of (Y - R D) / mean D (delta method). With a
    covariate X, theta = cov / var over both arms, theta times the difference of the means of X
    comes off the effect, and the variance becomes that of Y - theta X (CUPED). Interval and p are
    Welch's. The relative interval is Fieller's, missing where the control's value may be zero.

    Source: Welch (1947), Biometrika 34; Deng, Xu, Kohavi and Walker (2013), WSDM '13, section 3;
    Deng, Knoblich and Lu (2018), KDD '18 (delta method); Fieller (1954), JRSS B 16.
    """
    both = arm.add(control)
    slope = _weights(both, ratio)
    theta = np.zeros(both.n.shape)
    x_mean = np.zeros(both.n.shape)
    with np.errstate(all="ignore"):
        if covariate:
            cov = both.covariance()
            varies = cov[..., -1, -1] > 0
            theta = np.where(varies, _dot(cov[..., -1], slope) / cov[..., -1, -1], 0.0)
            x_mean = both.mean()[..., -1]
        value, v1, raw1 = _adjusted(arm, ratio, covariate, theta)
        base, v0, raw0 = _adjusted(control, ratio, covariate, theta)
        shift1 = theta * (arm.mean()[..., -1] - x_mean) if covariate else 0.0
        shift0 = theta * (control.mean()[..., -1] - x_mean) if covariate else 0.0
        m1, m0 = value - shift1, base - shift0
        least = (_ROUNDING * np.maximum(np.abs(value), np.abs(base))) ** 2
        variance = np.where(v1 + v0 > least, v1 + v0, np.nan)
        df = (v1 + v0) ** 2 / (v1**2 / (arm.n - 1) + v0**2 / (control.n - 1))
        t, p = _student(m1 - m0, variance, df, level)
        reach = t * np.sqrt(variance)
        relative, relative_low, relative_high = _fieller(m1, v1, m0, v0, t)
        saved = 1 - variance / (raw1 + raw0) if covariate else np.full(variance.shape, np.nan)
    effect = np.where(np.isfinite(m1 - m0), m1 - m0, np.nan)
    return Estimate(
        base, value, effect, effect - reach, effect + reach, relative, relative_low, relative_high,
        p, variance, saved,
    )  # fmt: skip


def _weights(group: Sums, ratio: bool) -> Floats:
    """Return what each column counts in the linearised outcome, the covariate not at all."""
    mean = group.mean()
    slope = np.zeros(mean.shape)
    if not ratio:
        slope[..., 0] = 1.0
        return slope
    with np.errstate(divide="ignore", invalid="ignore"):
        d = np.where(mean[..., 1] > 0, mean[..., 1], np.nan)
        slope[..., 0], slope[..., 1] = 1 / d, -mean[..., 0] / d**2
    return slope


def _adjusted(
    group: Sums, ratio: bool, covariate: bool, theta: Floats
) -> tuple[Floats, Floats, Floats]:
    """Return the arm's own value, and its squared standard error with and without covariate."""
    mean, cov, slope = group.mean(), group.covariance(), _weights(group, ratio)
    value = mean[..., 0] * (slope[..., 0] if ratio else 1.0)
    plain = _quadratic(cov, slope)
    if covariate:
        slope = slope.copy()
        slope[..., -1] = -theta
    return value, np.maximum(_quadratic(cov, slope), 0.0) / group.n, plain / group.n


def _student(effect: Floats, variance: Floats, df: Floats, level: float) -> tuple[Floats, Floats]:
    """Return the t that an interval reaches to, and the p-value."""
    from scipy.special import stdtr, stdtrit

    known = np.isfinite(df) & (df > 0) & np.isfinite(variance)
    safe = np.where(known, df, 1.0)
    t = np.where(known, stdtrit(safe, 0.5 + level / 2), np.nan)
    p = np.where(known, 2 * stdtr(safe, -np.abs(effect) / np.sqrt(variance)), np.nan)
    return t, p


def _fieller(m1: Floats, v1: Floats, m0: Floats, v0: Floats, t: Floats) -> list[Floats]:
    """Return m1 / m0 - 1 with its interval: the r at which m1 - r m0 is within t of its error."""
    g = t**2 * v0 / m0**2
    ratio = m1 / m0
    half = t / np.abs(m0) * np.sqrt(v1 * (1 - g) + ratio**2 * v0)
    known = (m0 > 0) & (g < 1)
    ends = (ratio - 1, (ratio - half) / (1 - g) - 1, (ratio + half) / (1 - g) - 1)
    return [np.where(known, v, np.nan) for v in ends]


def _dot(x: Floats, y: Floats) -> Floats:
    return np.asarray((x * y).sum(axis=-1))


def _quadratic(cov: Floats, slope: Floats) -> Floats:
    return np.asarray(np.einsum("...i,...ij,...j->...", slope, cov, slope))
