"""Control charts of rates: what a series does by itself, and which period is outside of that."""

import warnings
from typing import Any, Literal

import numpy as np
import pandas as pd

from layerwise.columns import PERIOD_END
from layerwise.errors import ShortBaselineWarning, SpecError
from layerwise.evaluate.baseline import Standardised, plain, reaches, smooth, standardise
from layerwise.evaluate.rate_series import (
    DENOMINATOR,
    KPI,
    NUMERATOR,
    SEGMENT,
    RateSeries,
    day_of,
    read_series,
)
from layerwise.rules.base import NOT_EVALUABLE
from layerwise.saved import fits
from layerwise.vectors import Array, Floats

LEAST_BASELINE = 20
"""Fewer periods say too little about what a series does by itself."""

ABOVE, BELOW, INSIDE = "above", "below", "inside"
BASELINE, JUDGED = "baseline", "judged"
LIMITS, EWMA = "limits", "ewma"


def control_chart(
    rates: Any,
    *,
    baseline_until: Any,
    kind: Literal["share", "count"] = "share",
    rule: Literal["limits", "ewma"] = "limits",
    season: Literal["year"] | None = None,
    per: float = 1.0,
    limit: float = 3.0,
    smoothing: float = 0.2,
    widen: bool = True,
    least_baseline: int = LEAST_BASELINE,
    kpi: str | None = None,
    period: str = PERIOD_END,
    numerator: str = NUMERATOR,
    denominator: str = DENOMINATOR,
) -> pd.DataFrame:
    """Return each period's rate with the limits that chance alone would keep it within.

    Center and spread come from the periods up to `baseline_until` and stay as they are for later
    ones. `rule="limits"` is Laney's p' chart (`kind="share"`) or u' chart (`kind="count"`):

        center +- limit x s_z x sqrt(p (1 - p) / n)      shares
        center +- limit x s_z x sqrt(u / n)              counts

    s_z is the mean moving range of the standardised baseline values over 1.128. It is about 1 where
    chance is binomial (or Poisson) and larger where customers are not independent, as is usual:
    plain p charts of many customers alert nearly every week. `rule="ewma"` is the exponentially
    weighted moving average E = smoothing x rate + (1 - smoothing) x E of the same values with its
    exact limits at each time; it starts anew after the baseline, and finds slow drift earlier.

    Center and s_z of 20 periods are themselves uncertain, and limits that ignore it alert four
    times too often. With `widen`, `limit` becomes the point of Student's t with the same tail (the
    degrees of freedom of a mean moving range), and the squared error of the center is added; after
    some hundred baseline periods the two are the same.

    With `season="year"` a rate is compared with that of the same period a year before (52 weeks, 12
    months) plus the mean change of the baseline; what was odd a year ago is then odd today.

    Args:
        rates: A tidy table, an eager frame: a row a period and, with the columns `segment` and
            `kpi`, a row for each of these too. Each series is judged by itself. Rows without a
            segment count as the segment "all".
        baseline_until: Last day of the baseline, a date or ISO text.
        kind: "share" for counts among a base (churned customers of customers), "count" for events
            per exposure (complaints per order), which may be more than one each.
        rule: "limits" or "ewma".
        season: "year" or None.
        per: Rates, center and limits are given per so many: 1000 for complaints per 1,000 orders.
        limit: Limits stand so many standard errors from the center (L of EWMA).
        smoothing: The weight of the newest period (lambda of EWMA).
        widen: Make limits wider for the uncertainty of a short baseline; False: the textbook's.
        least_baseline: Series with fewer usable baseline periods are `not_evaluable`.
        kpi: Only this KPI of the table; None takes all.
        period: Column of each period's last day.
        numerator: Column of what is counted.
        denominator: Column of what it is counted among; 0 makes a period without a rate.

    Returns:
        A pandas table sorted by KPI, segment and period; `kpi` and `segment` where the input has
        them.

        | column | meaning |
        | --- | --- |
        | period_end | last day of the period |
        | value | the rate, or its moving average |
        | center | what is expected |
        | low, high | limits; within 0 and 1 for shares, 0 and above for counts |
        | spread | s_z, how many times wider than pure chance the series moves |
        | signal | above, below, inside, not_evaluable |
        | rule | limits or ewma |
        | phase | baseline or judged |

        On a limit is inside. A period is not evaluable without a base, without the same one a year
        before, or where the baseline has too few periods or never varies.

    False alarms: 0.27 % of stable periods lie outside of 3 standard errors. Counts of few events
    are skewed: below about one event a period up to 2 % do.

    Raises:
        ColumnsError: A column is missing or of the wrong kind.
        DataError: Counts are impossible, or a series has a period twice.
        SpecError: A choice is not possible.

    Warns:
        ShortBaselineWarning: Some series cannot be judged; with counts.

    Source: Laney (2002), "Improved control charts for attributes", Quality Engineering 14; Roberts
    (1959), "Control chart tests based on geometric moving averages", Technometrics 1; Montgomery,
    Introduction to Statistical Quality Control, 9.2; the variance of the mean moving range: Cryer
    and Ryan (1990), "The estimation of sigma for an X chart", Journal of Quality Technology 22.

    Example:
        >>> weeks = pd.date_range("2024-01-07", periods=24, freq="7D")
        >>> table = pd.DataFrame({
        ...     "period_end": weeks, "numerator": [50, 54, 47, 52] * 5 + [51, 49, 53, 90],
        ...     "denominator": 1000,
        ... })
        >>> chart = control_chart(table, baseline_until="2024-05-19")
        >>> chart[["value", "center", "low", "high", "signal"]].tail(2).round(4)
            value  center     low    high  signal
        22  0.053  0.0508  0.0351  0.0664  inside
        23  0.090  0.0508  0.0351  0.0664   above
    """
    return charts(
        rates,
        (rule,),
        baseline_until,
        kind=kind,
        season=season,
        per=per,
        limit=limit,
        smoothing=smoothing,
        widen=widen,
        least_baseline=least_baseline,
        kpi=kpi,
        period=period,
        numerator=numerator,
        denominator=denominator,
    )


def charts(
    rates: Any,
    rules: tuple[str, ...],
    until: Any,
    *,
    kind: str,
    season: str | None,
    per: float,
    limit: float,
    smoothing: float,
    widen: bool,
    least_baseline: int,
    **roles: Any,
) -> pd.DataFrame:
    """Return the charts of several rules below each other, with one notice of all."""
    check_choices(kind, rules, season, per, limit, smoothing, widen, least_baseline)
    series = read_series(rates, share=kind == "share", **roles)
    last = day_of(until, "baseline_until")
    base = standardise(series, last, kind=kind, season=season, least=least_baseline)
    _notify(base, least_baseline)
    tables = []
    for rule in rules:
        points = smooth(base, smoothing, widen=widen) if rule == EWMA else plain(base, widen)
        reach = points.error * reaches(limit, base.periods, widen)[:, None]
        tables.append(_table(series, base, points.value, reach, kind=kind, rule=rule, per=per))
    return pd.concat(tables, ignore_index=True)


def _table(
    series: RateSeries,
    base: Standardised,
    value: Floats,
    reach: Floats,
    *,
    kind: str,
    rule: str,
    per: float,
) -> pd.DataFrame:
    most = 1.0 if kind == "share" else np.inf
    known = ~np.isnan(value) & ~np.isnan(reach)
    low, high = np.maximum(base.center - reach, 0.0), np.minimum(base.center + reach, most)
    slack = 1e-12 * np.where(known, np.abs(base.center) + reach, 0.0)
    signal = np.select(
        [~known, value > high + slack, value < low - slack],
        [NOT_EVALUABLE, ABOVE, BELOW],
        INSIDE,
    )
    rows, periods = value.shape
    there = (series.trials > 0).ravel() | _inside_span(series).ravel()
    columns: dict[str, Any] = {}
    for name, has, words in zip(
        (KPI, SEGMENT), series.kinds, (series.kpis, series.segments), strict=True
    ):
        if has:
            columns[name] = np.repeat(np.array(words, dtype=object), periods)
    columns |= {
        PERIOD_END: np.tile(series.dates, rows),
        "value": value.ravel() * per,
        "center": np.where(known, base.center, np.nan).ravel() * per,
        "low": np.where(known, low, np.nan).ravel() * per,
        "high": np.where(known, high, np.nan).ravel() * per,
        "spread": np.repeat(base.spread, periods),
        "signal": signal.ravel(),
        "rule": rule,
        "phase": np.tile(np.where(base.judged, JUDGED, BASELINE), rows),
    }
    table = pd.DataFrame(columns)
    return table[there].reset_index(drop=True)


def _inside_span(series: RateSeries) -> Array:
    """Return which periods lie between a series' first and last with a base."""
    has = series.trials > 0
    begun = np.maximum.accumulate(has, axis=1)
    goes_on = np.maximum.accumulate(has[:, ::-1], axis=1)[:, ::-1]
    inside: Array = begun & goes_on
    return inside


def _notify(base: Standardised, least: int) -> None:
    """Warn once of series that cannot be judged at all."""
    blind = int(np.isnan(base.spread).sum())
    if blind:
        warnings.warn(
            f"{blind:,} of {len(base.spread):,} series cannot be judged: fewer than {least:,} "
            "baseline periods with a base, or the baseline never varies. They are not_evaluable.\n"
            "Hint: take a later baseline_until, a longer log, weeks or larger segments.",
            ShortBaselineWarning,
            stacklevel=4,
        )


def check_choices(
    kind: str,
    rules: tuple[str, ...],
    season: str | None,
    per: float,
    limit: float,
    smoothing: float,
    widen: bool,
    least: int,
) -> None:
    """Refuse impossible choices.

    Raises:
        SpecError: With all of them.
    """
    wrong = [
        text
        for bad, text in [
            (not fits(kind, Literal["share", "count"]), "kind must be 'share' or 'count'"),
            (
                not rules or not all(fits(rule, Literal["limits", "ewma"]) for rule in rules),
                "rules are 'limits' and 'ewma'",
            ),
            (not fits(season, Literal["year"] | None), "season must be 'year' or None"),
            (not fits(per, float) or not per > 0, "per must be a number above 0"),
            (
                not fits(limit, float) or not 0 < limit <= 1e6,
                "limit must be a number above 0, at most a million",
            ),
            (not fits(widen, bool), "widen must be True or False"),
            (
                not fits(smoothing, float) or not 0 < smoothing <= 1,
                "smoothing must be above 0 and at most 1",
            ),
            (not fits(least, int) or least < 3, "least_baseline must be a whole number from 3 up"),
        ]
        if bad
    ]
    if wrong:
        raise SpecError(
            "A control chart cannot be made with these choices: " + "; ".join(wrong) + ".",
            hint="leave a choice out for the usual one.",
        )
