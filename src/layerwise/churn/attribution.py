"""The formulas of cause ranking: risk within strata, the share it explains, hidden confounding."""

from typing import Any

import numpy as np

from layerwise.errors import DataError
from layerwise.rates import z_value
from layerwise.vectors import Array, Floats

_EXACT = 2.0**53


def mantel_haenszel(
    exposed_leavers: Array,
    exposed: Array,
    unexposed_leavers: Array,
    unexposed: Array,
    *,
    level: float = 0.95,
) -> tuple[Floats, Floats, Floats]:
    """Return the relative risk within strata, one for all of them, with its interval.

    The strata stand on the last axis. With a_i of n1_i exposed and c_i of n0_i unexposed customers
    leaving, and n_i = n1_i + n0_i, it is R / S, R = sum(a_i n0_i / n_i), S = sum(c_i n1_i / n_i);
    the variance of its log is sum((m_i n1_i n0_i - a_i c_i n_i) / n_i^2) / (R S), m_i = a_i + c_i.
    Strata without exposed or without unexposed customers add nothing. Missing where no stratum
    holds leavers and both groups; 0 or infinite, without interval, where only one of R and S is 0.

    Raises:
        DataError: What is given is no counts of one shape.

    Source: Mantel and Haenszel (1959), JNCI 22; Greenland and Robins (1985), Biometrics 41.

    >>> rr, low, high = mantel_haenszel([20, 10], [100, 20], [10, 40], [100, 160])
    >>> float(rr.round(3)), float(low.round(3)), float(high.round(3))
    (2.0, 1.281, 3.122)
    """
    a, n1, c, n0 = _alike(exposed_leavers, exposed, unexposed_leavers, unexposed)
    if wrong := int(sum((~((v >= 0) & (v <= _EXACT))).sum() for v in (a, n1, c, n0))):
        raise DataError(
            f"{wrong:,} counts are missing, negative or above 2^53.", hint="count customers."
        )
    r, s, spread = _sums(a, n1, c, n0)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        rr = r / s
        reach = z_value(level) * np.sqrt(spread / (r * s))
        return rr, rr * np.exp(-reach), rr * np.exp(reach)


def _sums(a: Floats, n1: Floats, c: Floats, n0: Floats) -> tuple[Floats, Floats, Floats]:
    n = np.maximum(n1 + n0, 1)
    spread = ((a + c) * n1 * n0 - a * c * n) / n**2
    return (a * n0 / n).sum(-1), (c * n1 / n).sum(-1), spread.sum(-1)


def attributable_fraction(relative_risk: object, exposed_share: object) -> Floats:
    """Return the share of leavers who would have stayed without the exposure, if it is the cause.

    p_c (RR - 1) / RR, with p_c the share of leavers who were exposed. With an adjusted relative
    risk it stays right, which Levin's form pe (RR - 1) / (1 + pe (RR - 1)) does not; with the crude
    one both are equal. Negative where the exposure protects.

    Raises:
        DataError: Numbers are negative or none, or the two do not go together.

    Source: Miettinen (1974), AJE 99(5); Levin (1953).

    >>> float(attributable_fraction(2.0, 0.5))
    0.25
    """
    rr, share = _alike(relative_risk, exposed_share)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        return np.asarray(share * (1 - 1 / rr), dtype=np.float64)


def e_value(relative_risk: object) -> Floats:
    """Return how strong a hidden confounder would have to be to explain a relative risk away.

    It would need a relative risk of at least this with the exposure and with leaving, beyond what
    the strata hold equal. RR + sqrt(RR (RR - 1)), below 1 of 1 / RR; so 1 means that nothing is
    needed. Missing stays missing.

    Raises:
        DataError: A relative risk is negative or not a number.

    Source: VanderWeele and Ding (2017), Annals of Internal Medicine 167(4).

    >>> e_value([3.9, 1.8, 1.0]).round(2).tolist()
    [7.26, 3.0, 1.0]
    """
    rr = _floats(relative_risk)
    if (rr < 0).any():
        raise DataError(
            f"Relative risks are negative: {int((rr < 0).sum()):,} of {rr.size:,}.",
            hint="give ratios such as 1.5, not their logarithms.",
        )
    with np.errstate(divide="ignore", over="ignore"):
        away = np.where(rr < 1, 1 / rr, rr)
    with np.errstate(over="ignore"):
        return np.asarray(away + np.sqrt(away * (away - 1)), dtype=np.float64)


def limit_e_value(relative_risk: object, low: object, high: object) -> Floats:
    """Return the E-value of the end of the interval that is nearer to 1; 1 where it holds 1.

    Raises:
        DataError: A relative risk is negative or not a number, or the three do not go together.

    Source: VanderWeele and Ding (2017).

    >>> limit_e_value([3.9, 1.2], [1.8, 0.9], [8.7, 1.6]).round(2).tolist()
    [3.0, 1.0]
    """
    rr, lower, upper = _alike(relative_risk, low, high)
    near = np.where(rr >= 1, np.maximum(lower, 1), np.minimum(upper, 1))
    return e_value(np.where(np.isnan(lower) | np.isnan(upper), np.nan, near))


def homogeneity_p(a: Array, n1: Array, c: Array, n0: Array, rr: float) -> float:
    """Return the p-value of the relative risk being one and the same in every stratum.

    Sum of squared distances of each stratum's log ratio from the common one, over its variance, as
    chi-squared; strata without leavers on both sides cannot speak. Missing with fewer than two.

    Source: Greenland and Rothman, in Modern Epidemiology (3rd ed., 2008), chapter 15.
    """
    from scipy.special import chdtrc

    use = (a > 0) & (c > 0) & ((a < n1) | (c < n0))
    if use.sum() < 2 or not 0 < rr < np.inf:
        return np.nan
    a, n1, c, n0 = (np.asarray(v, dtype=np.float64)[use] for v in (a, n1, c, n0))
    distance = np.log(a / n1) - np.log(c / n0) - np.log(rr)
    return float(chdtrc(use.sum() - 1, (distance**2 / (1 / a - 1 / n1 + 1 / c - 1 / n0)).sum()))


def bootstrap_fraction(cells: Array, *, draws: int, level: float, seed: int) -> tuple[float, float]:
    """Return the percentile interval of the attributable fraction over resampled customers.

    Args:
        cells: Customers by stratum, exposed (no, yes) and left (no, yes). Drawing customers with
            replacement is drawing these counts from a multinomial, so no customer is touched.
            Draws in which no stratum can compare are skipped.
        draws: How many resamples.
        level: Of the interval.
        seed: Of the draws.

    Source: Efron (1979); Efron and Tibshirani (1993), chapter 13.
    """
    counts = cells.reshape(-1).astype(np.int64)
    n = int(counts.sum())
    drawn = np.random.default_rng(seed).multinomial(n, counts / n, size=draws)
    again = drawn.reshape(draws, *cells.shape).astype(np.float64)
    values = fraction(again)
    values = values[np.isfinite(values)]
    if not len(values):
        return np.nan, np.nan
    tail = (1 - level) / 2
    low, high = np.quantile(values, [tail, 1 - tail])
    return float(low), float(high)


def fraction(cells: Array) -> Floats:
    """Return the attributable fraction of cells by stratum, exposed and left (the last axes)."""
    a, c = cells[..., 1, 1], cells[..., 0, 1]
    n1, n0 = cells[..., 1, :].sum(-1), cells[..., 0, :].sum(-1)
    r, s, _ = _sums(a, n1, c, n0)
    leavers = (a + c).sum(-1)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(a.sum(-1) / leavers * (1 - s / r), dtype=np.float64)


def _alike(*values: object) -> list[Floats]:
    """Return numbers of one shape.

    Raises:
        DataError: They are no numbers, or of shapes that do not go together.
    """
    try:
        return [np.asarray(v) for v in np.broadcast_arrays(*map(_floats, values))]
    except ValueError as error:
        if isinstance(error, DataError):
            raise
        raise DataError(
            "Numbers that belong together differ in length.", hint="give one of each for each."
        ) from None


def _floats(values: object) -> Floats:
    given: Any = values
    try:
        return np.asarray(given, dtype=np.float64)
    except (TypeError, ValueError):
        raise DataError(
            "Relative risks and shares must be numbers.", hint="give a number or a list of them."
        ) from None
