"""Why a rate changed: other people in it, or the same people doing otherwise."""

from typing import Any, Literal

import attrs
import numpy as np
import pandas as pd

from layerwise.brief import in_brief
from layerwise.columns import PERIOD_END
from layerwise.errors import DataError, SpecError
from layerwise.evaluate.rate_series import (
    DENOMINATOR,
    NUMERATOR,
    OVERALL,
    SEGMENT,
    RateSeries,
    day_of,
    read_series,
)
from layerwise.saved import fits
from layerwise.vectors import Array, Floats

BOTH, NEW, GONE = "both", "new", "gone"


@attrs.frozen(kw_only=True, eq=False)
class Decomposition:
    """The change of a rate between two periods, in parts that add up to it.

    Attributes:
        before: The rate of everybody in the first period.
        after: The rate in the second.
        mix: What changed because segments became larger or smaller.
        within: What changed because rates within segments did.
        segments: A row a segment, the largest effect first.
    """

    before: float
    after: float
    mix: float
    within: float
    segments: pd.DataFrame

    __repr__ = in_brief

    @property
    def change(self) -> float:
        """The whole change, after - before."""
        return self.after - self.before


def decompose_change(
    rates: Any,
    *,
    before: Any,
    after: Any,
    kpi: str | None = None,
    kind: str = "share",
    period: str = PERIOD_END,
    numerator: str = NUMERATOR,
    denominator: str = DENOMINATOR,
) -> Decomposition:
    """Return how much of a rate's change is segment mix and how much lies within segments.

    With w a segment's share of the denominators and p its rate, in the periods 0 and 1:

        mix    = (w1 - w0) x ((p0 + p1) / 2 - P)
        within = (w0 + w1) / 2 x (p1 - p0)

    P is the mean of the two total rates. Taking it off changes no total, because the w1 - w0 add to
    zero, but it gives every segment the sign that it deserves: a segment that grows and has a low
    rate pulls the total down. Mix and within of all segments add up to the change exactly.

    A segment that is only in one period has no rate in the other: its whole effect is mix.

    Args:
        rates: A tidy table with `segment`, `period_end`, `numerator`, `denominator`; an eager
            frame. The segments must not overlap; rows of the segment "all", and without a segment,
            are left out.
        before: Last day of the first period.
        after: Last day of the second.
        kpi: Which KPI, if the table holds several.
        kind: "share", or "count" where numerators may be above denominators.
        period: Column of each period's last day.
        numerator: Column of what is counted.
        denominator: Column of what it is counted among.

    Returns:
        A `Decomposition`; its `segments` hold segment, weight_before, weight_after, rate_before,
        rate_after, mix, within, effect (mix + within), and status (both, new, gone), sorted by the
        absolute effect, then by name. Rates that do not exist are missing.

    Raises:
        ColumnsError: A column is missing or of the wrong kind.
        DataError: Counts are impossible, or a period has no base.
        SpecError: The table holds several KPIs and none is named, or the periods are the same.

    Source: Kitagawa (1955), "Components of a difference between two rates", JASA 50.

    Example:
        >>> table = pd.DataFrame({
        ...     "segment": ["new", "old"] * 2,
        ...     "period_end": ["2024-01-31"] * 2 + ["2024-02-29"] * 2,
        ...     "numerator": [40, 30, 100, 20], "denominator": [100, 300, 250, 200],
        ... })
        >>> parts = decompose_change(table, before="2024-01-31", after="2024-02-29")
        >>> [round(v, 4) for v in (parts.change, parts.mix, parts.within)]
        [0.0917, 0.0917, 0.0]
        >>> parts.segments[["segment", "mix", "within"]].round(4)
          segment     mix  within
        0     new  0.0547     0.0
        1     old  0.0369     0.0
    """
    if not fits(kind, Literal["share", "count"]):
        raise SpecError("kind must be 'share' or 'count'.", hint="leave it out for shares.")
    series = read_series(
        rates,
        share=kind == "share",
        kpi=kpi,
        period=period,
        numerator=numerator,
        denominator=denominator,
    )
    series = _segments(series)
    hits, trials = (grid[:, _two(series, before, after)] for grid in (series.hits, series.trials))
    used = trials.sum(axis=1) > 0
    return _parts(np.array(series.segments, dtype=object)[used], hits[used], trials[used])


def _segments(series: RateSeries) -> RateSeries:
    """Return the series of segments, of one KPI."""
    if not series.kinds[1]:
        raise DataError(
            f"There is no column {SEGMENT} to split the change by.",
            hint="make the rates by segment, or rename the column.",
        )
    if len(set(series.kpis)) > 1:
        raise SpecError(
            f"The table holds {len(set(series.kpis)):,} KPIs.", hint="choose one with kpi=."
        )
    parts = np.array([name != OVERALL for name in series.segments])
    if not parts.any():
        raise DataError(
            "The table has the segment 'all' only.", hint="make the rates by segment too."
        )
    return series.take(parts)


def _two(series: RateSeries, before: Any, after: Any) -> list[int]:
    """Return the places of the two periods, which must be there with a base."""
    days = [day_of(before, "before"), day_of(after, "after")]
    if days[0] == days[1]:
        raise SpecError("before and after are the same period.", hint="name two periods.")
    lacking = [
        name
        for name, day in zip(("before", "after"), days, strict=True)
        if not (series.trials[:, series.days == day] > 0).any()
    ]
    if lacking:
        raise DataError(
            f"No segment has a base in the period of {' and '.join(lacking)}=.",
            hint="give the last day of a period as the table has it.",
        )
    return [int(np.flatnonzero(series.days == day)[0]) for day in days]


def _parts(names: Array, hits: Floats, trials: Floats) -> Decomposition:
    total = hits.sum(axis=0) / trials.sum(axis=0)
    weight = trials / trials.sum(axis=0)
    with np.errstate(invalid="ignore", divide="ignore"):
        rate = np.where(trials > 0, hits / np.where(trials > 0, trials, 1.0), np.nan)
    # A segment of one period keeps its rate, so that all of it is mix.
    p0, p1 = np.where(np.isnan(rate), rate[:, ::-1], rate).T
    mix = (weight[:, 1] - weight[:, 0]) * ((p0 + p1) / 2 - total.mean())
    within = weight.mean(axis=1) * (p1 - p0)
    status = np.select([trials[:, 0] == 0, trials[:, 1] == 0], [NEW, GONE], BOTH)
    table = pd.DataFrame(
        {
            SEGMENT: names,
            "weight_before": weight[:, 0],
            "weight_after": weight[:, 1],
            "rate_before": rate[:, 0],
            "rate_after": rate[:, 1],
            "mix": mix,
            "within": within,
            "effect": mix + within,
            "status": status,
        }
    )
    size = -table["effect"].abs().round(12)
    order = np.lexsort((names.astype(str), size))
    return Decomposition(
        before=float(total[0]),
        after=float(total[1]),
        mix=float(mix.sum()),
        within=float(within.sum()),
        segments=table.iloc[order].reset_index(drop=True),
    )
