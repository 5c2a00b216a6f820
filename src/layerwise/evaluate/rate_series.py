"""Tidy rows of KPIs (kpi, segment, period, numerator, denominator) as series by period."""

from typing import Any

import attrs
import numpy as np
import pandas as pd

from layerwise import arguments, frames, vectors
from layerwise.columns import PERIOD_END
from layerwise.errors import ColumnsError, DataError, SpecError, problems
from layerwise.orders.dates import read_times
from layerwise.orders.request import make_request, moment
from layerwise.orders.table import column
from layerwise.vectors import Array, Column, Floats, Labels

KPI, SEGMENT = "kpi", "segment"
NUMERATOR, DENOMINATOR = "numerator", "denominator"
OVERALL = "all"
"""The segment of a row that counts everybody; a row without a segment counts as one."""

_EXACT = 2.0**53
_TIDY = (
    "one row a period with a count and its base, such as orders that came late and all orders; "
    "name them: period=, numerator=, denominator=."
)
_YEAR_MONTHS, _WEEKS_OF_A_YEAR, _WEEK = 12, 52, 7


@attrs.frozen(eq=False)
class RateSeries:
    """Series of rates over common periods: row a series, column a period.

    Attributes:
        kpis: KPI of each series.
        segments: Its segment.
        days: Last day of each period, as numbers since 1970-01-01, ascending.
        hits: Numerators; 0 where a period is missing.
        trials: Denominators; 0 where a period is missing.
        kinds: Whether the table has the columns of KPIs and segments.
    """

    kpis: tuple[str, ...]
    segments: tuple[str, ...]
    days: Array
    hits: Floats
    trials: Floats
    kinds: tuple[bool, bool]

    @property
    def dates(self) -> Array:
        """The periods' last days as dates."""
        dates: Array = self.days.astype("M8[D]").astype("M8[us]")
        return dates

    def take(self, rows: Array) -> "RateSeries":
        """Return some of the series."""
        return attrs.evolve(
            self,
            kpis=tuple(np.array(self.kpis, dtype=object)[rows]),
            segments=tuple(np.array(self.segments, dtype=object)[rows]),
            hits=self.hits[rows],
            trials=self.trials[rows],
        )

    def year_before(self) -> Array:
        """Return for each period the place of the same one a year before, -1 without.

        Weeks (or any whole number of weeks) look back 52 weeks, days 52 weeks as well so that
        weekdays agree, months and quarters 12 months.

        Raises:
            DataError: Periods are neither days or weeks of one length nor months.
        """
        known = {int(day): place for place, day in enumerate(self.days)}
        if self._monthly():
            dates = pd.DatetimeIndex(self.dates)
            months = dates.year * _YEAR_MONTHS + dates.month
            by_month = {int(month): place for place, month in enumerate(months)}
            return np.array([by_month.get(int(m) - _YEAR_MONTHS, -1) for m in months])
        step = int(np.diff(self.days).min()) if len(self.days) > 1 else _WEEK
        if (np.diff(self.days) % step).any() or (_WEEKS_OF_A_YEAR * _WEEK) % step:
            raise DataError(
                "Periods are neither days, weeks nor months, so that none is the same a year "
                "before.",
                hint="count by week or month, or leave season out.",
            )
        return np.array([known.get(int(d) - _WEEKS_OF_A_YEAR * _WEEK, -1) for d in self.days])

    def _monthly(self) -> bool:
        dates = pd.DatetimeIndex(self.dates)
        gaps = np.diff(self.days)
        ends = bool(dates.is_month_end.all())
        same = len(set(dates.day)) == 1 and len(gaps) > 0 and bool((gaps >= 28).all())
        return len(dates) > 1 and (ends or same)


def read_series(
    rates: Any,
    *,
    share: bool,
    kpi: str | None = None,
    period: str = PERIOD_END,
    numerator: str = NUMERATOR,
    denominator: str = DENOMINATOR,
    what: str = "the table of rates",
) -> RateSeries:
    """Return the series of a tidy table; row order does not matter.

    Args:
        rates: An eager frame with one row a KPI, segment and period.
        share: Numerators may not be above denominators.
        kpi: Only rows of this KPI; None takes all.
        period: Column of the last day of the period.
        numerator: Column of what is counted.
        denominator: Column of what it is counted among.
        what: What messages call the table.

    Raises:
        ColumnsError: A column is missing or of the wrong kind.
        DataError: Counts are missing, negative or impossible, dates are missing, or a series has a
            period twice.
        SpecError: There is no such KPI.
    """
    frames.wrap(rates, what=what)
    frame = frames.eager(rates, doing=what)
    names = frames.column_names(frame)
    roles = {"period=": period, "numerator=": numerator, "denominator=": denominator}
    arguments.check_named(roles)
    if kpi is not None and not isinstance(kpi, str):
        raise SpecError(
            f"kpi= is a {type(kpi).__name__}; it names one KPI.", hint='kpi="churn_rate".'
        )
    needs = dict.fromkeys([period, numerator, denominator], "a rate by period")
    title = f"{what[0].upper()}{what[1:]} lacks columns:"
    arguments.require(names, needs, title=title, hint=_TIDY)
    has = KPI in names, SEGMENT in names
    n = len(frame)
    if not n:
        raise DataError("The table of rates has no rows.", hint="check the filter it came from.")
    kpis = _texts(frame, KPI, n) if has[0] else np.full(n, "", dtype=object)
    segments = _texts(frame, SEGMENT, n) if has[1] else np.full(n, OVERALL, dtype=object)
    counts = vectors.read(frame, [numerator, denominator], what=what)
    hits, trials = (_numbers(counts[name], name) for name in (numerator, denominator))
    days = read_days(column(frame.to_native(), period), period)
    if kpi is not None:
        chosen = _chosen(kpis, kpi, has[0])
        kpis, segments = kpis[chosen], segments[chosen]
        hits, trials, days = hits[chosen], trials[chosen], days[chosen]
    _check_counts(hits, trials, days, share)
    return _grid(kpis, segments, days, hits, trials, has)


def read_days(series: pd.Series, name: str) -> Floats:
    """Return dates as days since 1970-01-01, missing as NaN."""
    times = read_times(series, make_request(time=name, customer=f"not {name}"))
    days = times.number.astype(np.float64)
    if times.missing is not None:
        days[times.missing] = np.nan
    return days


def day_of(date: Any, name: str) -> int:
    """Return a date given as an argument as days since 1970-01-01."""
    return int(moment(date, name=name, request=make_request(), aware=True))


def _texts(frame: Any, name: str, n: int) -> Array:
    """Return a column of names as text, missing as `OVERALL`."""
    found: Column = vectors.read(frame, [name])[name]
    if isinstance(found, Labels):
        values = found.objects()
    elif np.isnan(found.astype(np.float64)).all():
        values = np.full(n, None, dtype=object)
    else:
        raise ColumnsError(
            f"Column {name} holds numbers; names are needed.",
            hint=f"convert it, e.g. table[{name!r}].astype(str).",
        )
    return np.array([OVERALL if v is None else str(v) for v in values], dtype=object)


def _numbers(found: Column, name: str) -> Floats:
    values = attrs.evolve(found, column=name).numbers() if isinstance(found, Labels) else found
    return np.asarray(values, dtype=np.float64)


def _chosen(kpis: Array, kpi: str, has: bool) -> Array:
    chosen: Array = kpis == kpi
    if not has or not chosen.any():
        found = f"{len(set(kpis)):,} others" if has else f"no column {KPI}"
        raise SpecError(
            f"The table of rates has no KPI {kpi!r:.60}, but {found}.",
            hint=f"table[{KPI!r}].unique() lists them; leave kpi= out to take all.",
        )
    return chosen


def _check_counts(hits: Floats, trials: Floats, days: Floats, share: bool) -> None:
    """Refuse counts that no rate can be made of; all problems at once."""
    wrong = {
        "without a period": np.isnan(days),
        "without a numerator or denominator": np.isnan(hits) | np.isnan(trials),
        "with a negative numerator or denominator": (hits < 0) | (trials < 0),
        "with a numerator or denominator above 2^53": (hits > _EXACT) | (trials > _EXACT),
        "with a numerator above 0 and a denominator of 0": (hits > 0) & (trials == 0),
    }
    if share:
        wrong["with a numerator above the denominator"] = (trials > 0) & (hits > trials)
    lines = [f"{int(where.sum()):,} rows {text}" for text, where in wrong.items() if where.any()]
    if lines:
        raise DataError(
            problems(f"Rates cannot be made of {len(hits):,} rows:", lines),
            hint="give counts; kind='count' is for events that may be more than their base. "
            "Of kpis(), take one by kpi=, and the periods that can be judged: "
            "rates.dropna(subset=['numerator', 'denominator']).",
        )


def _grid(
    kpis: Array, segments: Array, days: Floats, hits: Floats, trials: Floats, has: tuple[bool, bool]
) -> RateSeries:
    pairs = sorted(set(zip(kpis, segments, strict=True)))
    place = {pair: i for i, pair in enumerate(pairs)}
    row = np.array([place[pair] for pair in zip(kpis, segments, strict=True)])
    periods, at = np.unique(days.astype(np.int64), return_inverse=True)
    cell = row * len(periods) + at
    again = len(cell) - len(np.unique(cell))
    if again:
        raise DataError(
            f"{again:,} of {len(cell):,} rows repeat a KPI, segment and period.",
            hint="add up or drop rows so that each KPI, segment and period stands once.",
        )
    shape = len(pairs), len(periods)
    grids = [np.zeros(shape[0] * shape[1]) for _ in range(2)]
    for grid, values in zip(grids, (hits, trials), strict=True):
        grid[cell] = values
    hit, trial = (grid.reshape(shape) for grid in grids)
    names = tuple(zip(*pairs, strict=True))
    return RateSeries(names[0], names[1], periods, hit, trial, has)
