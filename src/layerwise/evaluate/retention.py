"""How long customers stay: the retention curve of an order log, by segment."""

import datetime as dt
import warnings
from collections.abc import Sequence
from typing import Any, Unpack

import attrs
import numpy as np
import pandas as pd

from layerwise.brief import in_brief
from layerwise.columns import CENTURY
from layerwise.errors import DataError, LookAheadWarning, RowsLeftOutWarning, SpecError
from layerwise.evaluate.segments import ALL, Segments, read_segments
from layerwise.evaluate.survival import Interval, LogRank, kaplan_meier, log_rank
from layerwise.orders.eager import day, visits
from layerwise.orders.lazy import refuse
from layerwise.orders.request import LogColumns, make_log_request, moment
from layerwise.orders.silence import holdout_patience
from layerwise.orders.table import lazy_table
from layerwise.orders.visits import Visits
from layerwise.rates import z_value
from layerwise.saved import fits
from layerwise.vectors import Array

FIRST_ORDER = "first_order"


@attrs.frozen(kw_only=True, eq=False)
class Retention:
    """How long customers stay.

    Args:
        curve: One row a segment and day on which somebody churned, with a row at day 0 and at the
            last day: `segment`, `days` since the start, `retained` (the share still buying), `low`
            and `high`, `at_risk` (customers followed up to that day who had not churned before),
            `events` (who churned on it). The segment "all" comes first.
        window_days: Silence longer than this is churn.
        judged_until: The last day on which a gap can begin and be judged, as_of - window_days.
        customers: How many were followed.
        test: The log-rank test between the segments; None without segments.
    """

    curve: pd.DataFrame
    window_days: int
    judged_until: dt.date
    customers: int
    test: LogRank | None

    __repr__ = in_brief

    def at(self, days: Sequence[int]) -> pd.DataFrame:
        """Return the curve at given days: `segment`, `days`, `retained`, `low`, `high`.

        Missing beyond the last day on which anybody was followed, unless all had churned before.

        Raises:
            SpecError: The days are not whole numbers from 0 up.
        """
        wanted = _days(days)
        parts = [self._one(name, part, wanted) for name, part in self._segments()]
        return pd.concat(parts, ignore_index=True)

    def median(self) -> pd.Series:
        """Return by segment the first day on which at most half are retained; missing if none is.

        It is 0 where half of the customers never bought again within the window.
        """
        half = {n: part["days"][part["retained"] <= 0.5].min() for n, part in self._segments()}
        return pd.Series(half, name="median_days", dtype=np.float64).rename_axis("segment")

    def _segments(self) -> list[tuple[str, pd.DataFrame]]:
        return [
            (name, self.curve[self.curve["segment"] == name])
            for name in dict.fromkeys(self.curve["segment"])
        ]

    def _one(self, name: str, part: pd.DataFrame, wanted: Array) -> pd.DataFrame:
        place = np.searchsorted(part["days"], wanted, side="right") - 1
        found = part[["retained", "low", "high"]].iloc[place].reset_index(drop=True)
        found.loc[(wanted > part["days"].iloc[-1]) & (found["retained"] > 0).to_numpy()] = np.nan
        found.insert(0, "segment", name)
        found.insert(1, "days", wanted)
        return found


def retention_curve(
    orders: object,
    *,
    as_of: Any,
    window_days: int,
    segments: object = None,
    by: str | None = None,
    start: Any = None,
    interval: Interval = "greenwood",
    level: float = 0.95,
    **columns: Unpack[LogColumns],
) -> Retention:
    """Return the share of customers still buying, by days since their first order.

    A customer churns at the start of the first gap between orders longer than `window_days`, and
    stays churned: who comes back later is a customer won back. A gap can be judged only
    `window_days` after it began, so the analysis ends at c = as_of - window_days: a gap that begins
    by then is an event, everybody else is censored at c. Customers first seen after c cannot be
    judged and are left out, with a notice. The usual shortcut (the last order, if silent for long)
    makes retention look far better than it is, because gaps that ended are forgotten.

    Segments must be known when the clock starts: a label of today's spend is high because the
    customer stayed. So label customers at a date and give it as `start`. What is known at the first
    order (its channel, the city) goes with `start="first_order"`.

    Args:
        orders: The order log, a frame in memory.
        as_of: The last day that counts.
        window_days: Silence of more days than this is churn; `return_curve(...).window()` finds it.
        segments: A table with one row a customer.
        by: Its column of labels. Customers without a label are in no segment but in "all".
        start: "first_order", and None, start each customer's clock at the first order; with
            segments, None is warned of, because labels made later look ahead. A date follows who
            was active on it (silent for at most `window_days`) from then on; who does not buy again
            within the window has churned on day 0.
        interval: "greenwood" or "log-log"; see `layerwise.evaluate.kaplan_meier`.
        level: Of the interval.
        columns: Which column is what, as in `layerwise.summarize`.

    Raises:
        SpecError: A choice is not possible.
        DataError: Nobody can be judged, or nobody was active at `start`.
        LayerwiseError: The log cannot be used, as `summarize` says.

    Warns:
        LookAheadWarning: Segments without a `start`.
        RowsLeftOutWarning: Customers came too late to be judged, or have no label.

    Source: Kaplan and Meier (1958); labels at a date are the landmark analysis of Anderson, Cain
    and Gelber (1983), Journal of Clinical Oncology 1.

    Example:
        >>> import layerwise as lw
        >>> orders = lw.datasets.load_cdnow()
        >>> kept = retention_curve(orders, as_of="1998-06-30", window_days=153, amount=None)
        >>> kept.at([0, 90, 180, 360]).round(3)
          segment  days  retained    low   high
        0     all     0     0.356  0.337  0.375
        1     all    90     0.182  0.167  0.198
        2     all   180     0.097  0.085  0.109
        3     all   360     0.046  0.037  0.055
    """
    _check_choices(window_days, interval)
    z_value(level)
    request = make_log_request(**columns)
    if (lazy := lazy_table(orders, request)) is not None:
        raise refuse("retention_curve", lazy)
    seen = visits(orders, request, as_of, patience=holdout_patience(window_days))
    until = seen.last - window_days
    if start is None or (isinstance(start, str) and start == FIRST_ORDER):
        who, days, churned = _from_first(seen, until, window_days)
        _tell_late(who, until)
    else:
        begin = moment(start, name="start", request=request, aware=seen.rows.aware)
        who, days, churned = _from_date(seen, begin, until, window_days)
    labels = read_segments(segments, by, seen.ids[who], customer=request.customer)
    if labels is not None and start is None:
        _tell_look_ahead(by)
    curve = _curves(days, churned, labels, interval, level)
    return Retention(
        curve=curve,
        window_days=int(window_days),
        judged_until=day(until),
        customers=len(days),
        test=None if labels is None else log_rank(days, churned, labels.code, labels.names),
    )


def _check_choices(window_days: Any, interval: Any) -> None:
    if not fits(window_days, int) or not 1 <= window_days <= CENTURY:
        raise SpecError(
            f"window_days must be a whole number of days from 1 to {CENTURY:,}, "
            f"got {window_days!r:.40}.",
            hint="return_curve(orders, as_of=...).window() finds a window in the data.",
        )
    if not fits(interval, Interval):
        raise SpecError(
            f"interval must be 'greenwood' or 'log-log', got {interval!r:.40}.",
            hint="leave it out for Greenwood's interval.",
        )


def _days(days: Any) -> Array:
    wanted = np.asarray(days)
    if wanted.ndim != 1 or not len(wanted) or wanted.dtype.kind not in "iu" or wanted.min() < 0:
        raise SpecError(
            "days must be a list of whole numbers from 0 up.", hint="curve.at([30, 60, 120])."
        )
    return wanted.astype(np.int64)


def _first_long_gap(seen: Visits, window_days: int, *, after: int | None = None) -> Array:
    """Return where each customer's first gap longer than the window begins; as_of + 1 for none.

    A gap still open at as_of lasts to the next day at least. With `after`, gaps that ended by that
    day do not count.
    """
    following = seen.next_days(never=seen.last + 1)
    long = following - seen.days > window_days
    if after is not None:
        long &= following > after
    places = np.flatnonzero(long)[::-1]
    first = np.full(len(seen), seen.last + 1, dtype=np.int64)
    first[seen.owners()[places]] = seen.days[places]  # the earliest is written last
    return first


def _from_first(seen: Visits, until: int, window_days: int) -> tuple[Array, Array, Array]:
    """Return who is followed (a mask), for how many days, and whether they churned."""
    began = seen.days[seen.starts]
    left = _first_long_gap(seen, window_days)
    who = began <= until
    if not who.any():
        raise DataError(
            f"All {len(seen):,} customers came less than {window_days:,} days before as_of, so "
            "that no silence can be judged.",
            hint="take a shorter window_days or a longer log.",
        )
    churned = left <= until
    return who, (np.minimum(left, until) - began)[who], churned[who]


def _from_date(
    seen: Visits, begin: int, until: int, window_days: int
) -> tuple[Array, Array, Array]:
    """The same for who was active on a date, from that date on."""
    if begin > until:
        raise SpecError(
            f"start is later than {day(until)}, the last day that can be judged (as_of - "
            "window_days).",
            hint="take an earlier start, a later as_of or a shorter window_days.",
        )
    before = np.add.reduceat((seen.days <= begin).astype(np.int64), seen.starts)
    known = before > 0
    last = seen.days[np.where(known, seen.starts + before - 1, 0)]
    who = known & (begin - last <= window_days)
    if not who.any():
        raise DataError(
            "No customer was active at start.",
            hint="take a later start: it must lie within the order log.",
        )
    left = _first_long_gap(seen, window_days, after=begin)
    churned = left <= until
    return who, (np.clip(left, begin, until) - begin)[who], churned[who]


def _tell_late(who: Array, until: int) -> None:
    late = int((~who).sum())
    if late:
        warnings.warn(
            f"{late:,} of {len(who):,} customers left out: first seen after {day(until)}, the last "
            "day that can be judged (as_of - window_days).\n"
            "Hint: this is as it must be; a shorter window_days judges more of them.",
            RowsLeftOutWarning,
            stacklevel=3,
        )


def _tell_look_ahead(by: str | None) -> None:
    warnings.warn(
        f"The segments of {by} have no date, and clocks start at each first order: labels made "
        "from later orders are high because the customer stayed.\n"
        "Hint: label customers at a date and give it as start=; if the labels were known at the "
        'first order, start="first_order".',
        LookAheadWarning,
        stacklevel=3,
    )


def _curves(
    days: Array,
    churned: Array,
    labels: Segments | None,
    interval: Interval,
    level: float,
) -> pd.DataFrame:
    parts = [(ALL, np.ones(len(days), dtype=bool))]
    if labels is not None:
        parts += [(name, labels.code == i) for i, name in enumerate(labels.names)]
    tables = []
    for name, inside in parts:
        if inside.any():
            table = kaplan_meier(days[inside], churned[inside], interval=interval, level=level)
            table.insert(0, "segment", name)
            tables.append(table)
    return pd.concat(tables, ignore_index=True)
