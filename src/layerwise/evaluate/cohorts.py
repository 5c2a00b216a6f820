"""Cohorts: who came together, and how many of them buy month after month."""

import datetime as dt
from typing import Any, Literal, Unpack

import attrs
import numpy as np
import pandas as pd

from layerwise.brief import in_brief
from layerwise.errors import SpecError
from layerwise.evaluate import periods
from layerwise.evaluate.periods import Period
from layerwise.orders.eager import day, visits
from layerwise.orders.lazy import refuse
from layerwise.orders.request import LogColumns, make_log_request
from layerwise.orders.silence import holdout_patience
from layerwise.orders.table import lazy_table
from layerwise.orders.visits import Visits
from layerwise.rates import wilson
from layerwise.saved import fits
from layerwise.vectors import Array

Since = Literal["calendar", "first_order"]
_LENGTH = {"week": 7, "month": 30, "quarter": 91}


@attrs.frozen(kw_only=True, eq=False)
class Cohorts:
    """Who came together, and how many of them buy period after period.

    Args:
        table: One row a cohort and period: `cohort` (first day of the period of the first order),
            `period` (0 is that of the first order), `customers` (in the cohort), `buyers`, `share`,
            `low` and `high` (Wilson interval). `buyers`, `share` and interval are missing where the
            period is not over for all of the cohort.
        period: "week", "month" or "quarter".
        since: "calendar" or "first_order".
        as_of: The last day that counts.
    """

    table: pd.DataFrame
    period: Period
    since: Since
    as_of: dt.date

    __repr__ = in_brief

    def wide(self, value: str = "share") -> pd.DataFrame:
        """Return one row a cohort and one column a period, of `share`, `buyers` or another column.

        Raises:
            SpecError: The table has no such column of numbers.
        """
        known = [str(name) for name in self.table if name not in ("cohort", "period")]
        if value not in known:
            raise SpecError(
                f"value must be one of {', '.join(known)}, got {value!r:.40}.",
                hint="wide() shows the shares.",
            )
        return self.table.set_index(["cohort", "period"])[value].unstack()  # noqa: PD010


def cohort_table(
    orders: object,
    *,
    as_of: Any,
    period: Period = "month",
    since: Since = "calendar",
    level: float = 0.95,
    **columns: Unpack[LogColumns],
) -> Cohorts:
    """Return how many customers of each cohort bought in each period since their first order.

    A cohort is everybody whose first order fell into one calendar week (from Monday), month or
    quarter. Cells of periods that are not over stay empty: half a month always looks like a fall.
    Cohorts nobody came in have no rows. The log's first cohorts hold old customers too, if the log
    begins later than the shop.

    Args:
        orders: The order log, a frame in memory.
        as_of: The last day that counts.
        period: The length of cohorts and periods.
        since: "calendar" counts calendar periods after that of the first order, which is 0 and in
            which everybody bought. "first_order" counts each customer's own periods from the day of
            the first order, so that all have the same time: own month 1 of 31 January begins on the
            last of February, month 2 on 31 March; a cell is empty until the last customer who could
            belong to the cohort has finished the period.
        level: Of the Wilson interval.
        columns: Which column is what, as in `layerwise.summarize`.

    Raises:
        SpecError: A choice is not possible.
        LayerwiseError: The log cannot be used, as `summarize` says.

    Example:
        >>> import layerwise as lw
        >>> orders = lw.datasets.load_cdnow()
        >>> orders = orders[orders["ordered_at"] <= "1997-06-15"]
        >>> cohorts = cohort_table(orders, as_of="1997-06-15", amount=None)
        >>> cohorts.wide().round(3)
        period        0      1      2      3      4   5
        cohort
        1997-01-01  1.0  0.159  0.122  0.090  0.083 NaN
        1997-02-01  1.0  0.156  0.128  0.088    NaN NaN
        1997-03-01  1.0  0.121  0.117    NaN    NaN NaN
    """
    periods.check_period(period)
    if not fits(since, Since):
        raise SpecError(
            f"since must be 'calendar' or 'first_order', got {since!r:.40}.",
            hint="since='calendar' is the usual table.",
        )
    request = make_log_request(**columns)
    if (lazy := lazy_table(orders, request)) is not None:
        raise refuse("cohort_table", lazy)
    seen = visits(orders, request, as_of, patience=holdout_patience(_LENGTH[period]))
    cohort, begun, customers, buyers = _count(seen, period, since)
    table = _tidy(cohort, begun, customers, buyers, seen.last, period, since, level)
    return Cohorts(table=table, period=period, since=since, as_of=day(seen.last))


def _count(seen: Visits, period: Period, since: Since) -> tuple[Array, int, Array, Array]:
    """Return the cohorts, how many periods began, their customers, and their buyers by period."""
    first = seen.days[seen.starts]
    of_customer = periods.number(first, period)
    cohort, place = np.unique(of_customer, return_inverse=True)
    owner = seen.owners()
    if since == "calendar":
        k = periods.number(seen.days, period) - of_customer[owner]
        begun = int(periods.number(np.array([seen.last]), period)[0] - cohort[0]) + 1
    else:
        k = periods.own_period(first[owner], seen.days, period)
        earliest = periods.first_day(cohort[:1], period)
        begun = int(periods.own_period(earliest, np.array([seen.last]), period)[0]) + 1
    # A customer's days ascend, so equal periods stand together: each is counted once.
    new = np.ones(len(k), dtype=bool)
    new[1:] = (k[1:] != k[:-1]) | (owner[1:] != owner[:-1])
    cell = place[owner[new]] * begun + k[new]
    buyers = np.bincount(cell, minlength=len(cohort) * begun).reshape(len(cohort), begun)
    return cohort, begun, np.bincount(place), buyers


def _tidy(
    cohort: Array,
    begun: int,
    customers: Array,
    buyers: Array,
    last: int,
    period: Period,
    since: Since,
    level: float,
) -> pd.DataFrame:
    row, k = (part.ravel() for part in np.indices((len(cohort), begun)))
    if since == "calendar":
        starts = periods.first_day(cohort[row] + k, period)
        ends = periods.first_day(cohort[row] + k + 1, period) - 1
    else:
        starts = periods.own_start(periods.first_day(cohort, period)[row], k, period)
        newest = periods.first_day(cohort + 1, period)[row] - 1
        ends = periods.own_start(newest, k + 1, period) - 1
    hits = np.where(ends <= last, buyers.ravel(), np.nan)
    low, high = wilson(hits, customers[row], level=level)
    table = {
        "cohort": periods.stamps(periods.first_day(cohort, period)[row]),
        "period": k,
        "customers": customers[row],
        "buyers": hits,
        "share": hits / customers[row],
        "low": low,
        "high": high,
    }
    return pd.DataFrame(table)[starts <= last].reset_index(drop=True)
