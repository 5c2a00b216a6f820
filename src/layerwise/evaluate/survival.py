"""Kaplan-Meier curves and the log-rank test on whole days."""

from typing import Any, Literal

import attrs
import numpy as np
import pandas as pd

from layerwise.brief import in_brief
from layerwise.errors import DataError, SpecError
from layerwise.rates import z_value
from layerwise.saved import fits
from layerwise.vectors import Array, Floats

Interval = Literal["greenwood", "log-log"]
_MOST_NAMES = 1_000
_MOST_DAYS = 10_000_000


@attrs.frozen(kw_only=True, eq=False)
class LogRank:
    """The test whether segments are retained alike.

    Args:
        statistic: Chi-square; missing where nobody churned or there is one segment.
        degrees: Degrees of freedom, segments - 1.
        p: The chance of so large a difference if there is none.
        table: By segment: customers, churned, and how many were expected to churn if all segments
            were alike.
    """

    statistic: float
    degrees: int
    p: float
    table: pd.DataFrame

    __repr__ = in_brief


def kaplan_meier(
    days: Array, churned: Array, *, interval: Interval = "greenwood", level: float = 0.95
) -> pd.DataFrame:
    """Return the survival curve of whole days: a row at 0, at each day of an event and at the last.

    Who is censored on a day is still at risk on it. Greenwood's interval is survival -+ z times its
    standard error, cut off at 0 and 1; the log-log interval takes that error on the scale of
    log(-log S), stays within 0 and 1 by itself and is better where few are at risk. Before the
    first event both are 1; where the curve is 0 they are missing.

    Raises:
        DataError: Days are no whole numbers from 0 up, or it is not said of each who churned.

    Source: Kaplan and Meier (1958), JASA 53; Greenwood (1926); Kalbfleisch and Prentice (1980).

    >>> kaplan_meier(np.array([1, 2, 2, 5]), np.array([True, True, False, True]))
       days  retained       low      high  at_risk  events
    0     0      1.00  1.000000  1.000000        4       0
    1     1      0.75  0.325655  1.000000        4       1
    2     2      0.50  0.010009  0.989991        3       1
    3     5      0.00       NaN       NaN        1       1
    """
    if not fits(interval, Interval):
        raise SpecError("interval must be 'greenwood' or 'log-log'.", hint="interval='greenwood'.")
    days, churned = _checked(days, churned)
    ended = np.bincount(days)
    events = np.bincount(days[churned], minlength=len(ended))
    at_risk = len(days) - np.cumsum(ended) + ended
    survival = np.cumprod(1 - events / at_risk)
    with np.errstate(divide="ignore"):
        spread = np.cumsum(events / (at_risk * (at_risk - events).astype(np.float64)))
    low, high = _interval(survival, spread, interval, z_value(level))
    kept = events > 0
    kept[[0, -1]] = True
    columns = {
        "days": np.arange(len(ended)),
        "retained": survival,
        "low": low,
        "high": high,
        "at_risk": at_risk,
        "events": events,
    }
    return pd.DataFrame({name: values[kept] for name, values in columns.items()})


def _checked(days: Any, churned: Any) -> tuple[Array, Array]:
    """Return days and who churned, as arrays of one length."""
    try:
        when, left = np.asarray(days), np.asarray(churned)
    except ValueError:  # lists of several lengths
        when = left = np.zeros(0)
    whole = when.ndim == 1 and len(when) > 0 and when.dtype.kind in "iu"
    if not whole or when.min() < 0 or when.max() > _MOST_DAYS:
        raise DataError(
            "days must be whole numbers of days from 0 up, one a customer.",
            hint="count days from the start to the end of each customer's time.",
        )
    if left.shape != when.shape or left.dtype.kind not in "biu" or not np.isin(left, (0, 1)).all():
        raise DataError(
            "churned must say yes or no of each customer.", hint="False is censored on that day."
        )
    return when, left.astype(bool)


def _interval(s: Floats, spread: Floats, interval: Interval, z: float) -> tuple[Floats, Floats]:
    with np.errstate(divide="ignore", invalid="ignore"):
        if interval == "greenwood":
            half = z * s * np.sqrt(spread)
            return np.maximum(s - half, 0.0), np.minimum(s + half, 1.0)
        reach = np.exp(z * np.sqrt(spread) / np.abs(np.log(s)))
        low, high = s**reach, s ** (1 / reach)
    gone, whole = s <= 0, s >= 1
    ends = [np.where(gone, np.nan, np.where(whole, 1.0, v)) for v in (low, high)]
    return ends[0], ends[1]


def log_rank(days: Array, churned: Array, code: Array, names: tuple[str, ...]) -> LogRank:
    """Return the log-rank test of segments; customers with code -1 take no part.

    Raises:
        DataError: As in `kaplan_meier`, or codes are no places in `names`.

    Source: Mantel (1966); Peto and Peto (1972), JRSS A 135; with k groups as in Klein and
    Moeschberger (2003), "Survival Analysis", section 7.3.

    >>> days, gone = np.array([5, 8, 9, 20, 30, 30]), np.array([1, 1, 1, 1, 0, 0], dtype=bool)
    >>> found = log_rank(days, gone, np.array([0, 0, 0, 1, 1, 1]), ("low", "high"))
    >>> round(found.statistic, 3), found.degrees, round(found.p, 3)
    (5.052, 1, 0.025)
    """
    from scipy.special import chdtrc

    days, churned = _checked(days, churned)
    if not fits(names, tuple[str, ...]) or not 0 < len(names) <= _MOST_NAMES:
        raise DataError(
            f"names must be a tuple of up to {_MOST_NAMES:,} texts.", hint='("low", "high").'
        )
    code = np.asarray(code)
    if code.shape != days.shape or code.dtype.kind not in "iu" or code.max() >= len(names):
        raise DataError(
            "code must be the place of each customer's segment in names, -1 for none.",
            hint="retention_curve(..., segments=, by=) does it all.",
        )
    k, size = len(names), int(days.max()) + 1
    inside = code >= 0
    place = code[inside] * size + days[inside]
    ended = np.bincount(place, minlength=k * size).reshape(k, size)
    events = np.bincount(place[churned[inside]], minlength=k * size).reshape(k, size)
    at_risk = ended[:, ::-1].cumsum(axis=1)[:, ::-1]
    happened = np.flatnonzero(events.sum(axis=0))
    n_i, d_i = at_risk[:, happened].astype(np.float64), events[:, happened]
    n, d = n_i.sum(axis=0), d_i.sum(axis=0)
    share = n_i / n
    gap = (d_i - d * share).sum(axis=1)
    weight = d * (n - d) / np.maximum(n - 1, 1)
    covariance = np.diag((weight * share).sum(axis=1)) - (weight * share) @ share.T
    statistic, degrees = _chi_square(gap, covariance), k - 1
    table = pd.DataFrame(
        {
            "segment": list(names),
            "customers": ended.sum(axis=1),
            "churned": events.sum(axis=1),
            "expected": events.sum(axis=1) - gap,
        }
    )
    p = float(chdtrc(degrees, statistic)) if statistic == statistic else np.nan
    return LogRank(statistic=statistic, degrees=degrees, p=p, table=table)


def _chi_square(gap: Floats, covariance: Floats) -> float:
    """Return the quadratic form of all groups but one; their gaps add up to 0."""
    if len(gap) < 2 or not covariance.any():
        return np.nan
    inner = covariance[:-1, :-1]
    return float(gap[:-1] @ np.linalg.pinv(inner, hermitian=True) @ gap[:-1])
