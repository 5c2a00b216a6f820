"""What the baseline of a series expects of each period, and how far chance moves it."""

import attrs
import numpy as np

from layerwise.evaluate.rate_series import RateSeries
from layerwise.vectors import Array, Floats

_D2 = 1.128
"""Mean range of two values of a normal distribution with standard deviation 1."""


@attrs.frozen(eq=False)
class Standardised:
    """Series beside what their baseline expects; arrays are series by period.

    Attributes:
        value: The rates; missing without a base.
        center: What is expected of each.
        error: Standard error by chance alone, without overdispersion.
        spread: s_z of each series; missing where it cannot be told.
        center_error: Standard error of each series' center, overdispersion included.
        periods: Usable baseline periods of each series.
        judged: Which periods come after the baseline.
    """

    value: Floats
    center: Floats
    error: Floats
    spread: Floats
    center_error: Floats
    periods: Array
    judged: Array


@attrs.frozen(eq=False)
class Points:
    """What a rule draws: values and their standard errors."""

    value: Floats
    error: Floats


def standardise(
    series: RateSeries, until: int, *, kind: str, season: str | None, least: int
) -> Standardised:
    """Return center and spread that each series' baseline gives; the shared part of all rules."""
    judged = series.days > until
    value = _ratio(series.hits, series.trials)
    before, size = _reference(series, value, season)
    usable = ~np.isnan(value) & ~np.isnan(before) & ~judged
    weight = np.where(usable, size, 0.0)
    rate = _ratio(_total(series.hits, usable), _total(series.trials, usable))
    shift = _ratio((np.where(usable, value - before, 0.0) * weight).sum(1), weight.sum(1))
    center = before + shift[:, None]
    chance = rate * (1 - rate) if kind == "share" else rate
    with np.errstate(divide="ignore", invalid="ignore"):
        error = np.sqrt(np.where(size > 0, chance[:, None] / size, np.nan))
        z = (value - center) / error
    spread = _moving_range(z, usable) / _D2
    periods = usable.sum(1)
    spread[(periods < least) | ~(spread > 0)] = np.nan
    center_error = spread * np.sqrt(_ratio(chance, weight.sum(1)))
    return Standardised(value, center, error, spread, center_error, periods, judged)


def _reference(series: RateSeries, value: Floats, season: str | None) -> tuple[Floats, Floats]:
    """Return what each rate is compared with, and the base that counts for the difference."""
    if season is None:
        return np.zeros_like(value), series.trials
    place = series.year_before()
    there = place >= 0
    before = np.where(there, value[:, place], np.nan)
    earlier = np.where(there, series.trials[:, place], 0.0)
    return before, _ratio(series.trials * earlier, series.trials + earlier, none=0.0)


def _moving_range(z: Floats, usable: Array) -> Floats:
    """Return the mean absolute difference of each series' successive usable values.

    A series with gaps takes the usable value before the gap.
    """
    result = np.full(len(z), np.nan)
    both = usable[:, 1:] & usable[:, :-1]
    ranges = np.abs(np.diff(np.where(usable, z, 0.0), axis=1))
    counts = both.sum(1)
    whole = counts == usable.sum(1) - 1
    result[whole & (counts > 0)] = (
        ((ranges * both).sum(1)[whole & (counts > 0)]) / counts[whole & (counts > 0)]
    )
    for row in np.flatnonzero(~whole & (usable.sum(1) > 1)):
        result[row] = np.abs(np.diff(z[row, usable[row]])).mean()
    return result


def reaches(limit: float, periods: Array, widen: bool) -> Floats:
    """Return how many estimated standard errors the limits of each series are from the center.

    The mean moving range of m values has the squared coefficient of variation (0.8264 m - 1.082) /
    (m - 1)^2, that of a chi with nu degrees of freedom is about 1 / (2 nu); the range is unbiased,
    the root of a mean square is not, hence the factor 1 - 1 / (4 nu).
    """
    if not widen:
        return np.full(len(periods), limit)
    from scipy.special import ndtr, stdtrit

    m = np.maximum(periods, 3).astype(np.float64)
    nu = (m - 1) ** 2 / (2 * (0.8264 * m - 1.082))
    return np.asarray(-stdtrit(nu, ndtr(-limit)) * (1 - 1 / (4 * nu)), dtype=np.float64)


def plain(base: Standardised, widen: bool) -> Points:
    """Return the rates as they are; in the baseline the center is not of others, so not widened."""
    error = base.error * base.spread[:, None]
    more = base.center_error[:, None] * (base.judged & widen)
    return Points(base.value, np.hypot(error, more))


def smooth(base: Standardised, smoothing: float, *, widen: bool) -> Points:
    """Return moving averages with exact errors; begun at the start, and anew after the baseline.

    A period without a rate leaves the average where it is. Squared errors follow the same sums:
    v = smoothing^2 sigma^2 + (1 - smoothing)^2 v, which for equal bases is the textbook's
    sigma^2 smoothing / (2 - smoothing) (1 - (1 - smoothing)^(2 t)). An error of the center does not
    average out: it enters with the whole weight that the average gives to rates.
    """
    off, sigma2 = base.value - base.center, (base.error * base.spread[:, None]) ** 2
    known = ~np.isnan(off) & ~np.isnan(sigma2)
    average, variance = np.full_like(off, np.nan), np.full_like(off, np.nan)
    state = np.zeros((3, len(off)))
    for t in range(off.shape[1]):
        if t and base.judged[t] and not base.judged[t - 1]:
            state = np.zeros((3, len(off)))
        newest = np.array([off[:, t], sigma2[:, t], np.ones(len(off))])
        new, old = np.array([[[a], [a * a], [a]] for a in (smoothing, 1 - smoothing)])
        state = np.where(known[:, t], new * newest + old * state, state)
        more = (state[2] * base.center_error * (base.judged[t] and widen)) ** 2
        average[:, t] = np.where(known[:, t], state[0], np.nan)
        variance[:, t] = np.where(known[:, t], state[1] + more, np.nan)
    return Points(base.center + average, np.sqrt(variance))


def _ratio(top: Array, bottom: Array, none: float = np.nan) -> Floats:
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(bottom > 0, top / np.where(bottom > 0, bottom, 1.0), none)


def _total(values: Floats, where: Array) -> Floats:
    total: Floats = np.where(where, values, 0.0).sum(1)
    return total
