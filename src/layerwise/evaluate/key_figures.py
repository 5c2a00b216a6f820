"""The key figures of a shop by week or month and segment, as tidy rows."""

from collections.abc import Iterable
from typing import Any, Unpack

import numpy as np
import pandas as pd

from layerwise.arguments import several
from layerwise.columns import CENTURY, CUSTOMER, PERIOD_END
from layerwise.errors import DataError, SpecError
from layerwise.evaluate import periods
from layerwise.evaluate.activity import Cells, boundaries, flows, pairs
from layerwise.evaluate.figures import Choices, Figure
from layerwise.evaluate.log_figures import COLUMNS, TIMES, log_figure
from layerwise.evaluate.order_figures import WINDOWED, Sight, order_figure
from layerwise.evaluate.periods import Period
from layerwise.evaluate.segments import ALL, read_segments
from layerwise.knowledge import Schema, packaged
from layerwise.logs import Log, Roster, read_log, read_roster
from layerwise.orders.eager import visits
from layerwise.orders.lazy import refuse
from layerwise.orders.request import LogColumns, Request, make_log_request, moment
from layerwise.orders.silence import holdout_patience
from layerwise.orders.table import lazy_table
from layerwise.orders.visits import Visits
from layerwise.rates import z_value
from layerwise.saved import fits
from layerwise.vectors import Array

SCHEMA = Schema(
    what="the table of key figures",
    file="kpis.csv",
    filled=("name", "term_zh", "numerator", "definition_zh", "window", "grain", "unit", "needs"),
    optional=("denominator", "edge_case", "basis", "source"),
    choices={
        "interval": ("wilson", "bootstrap", "kaplan-meier", "none"),
        "good_direction": ("up", "down", "context"),
        "computed_from": ("", "orders", *TIMES),
    },
)
TIDY = ("kpi", PERIOD_END, "segment", "value", "numerator", "denominator", "low", "high", "note")
_LENGTH = {"week": 7, "month": 28, "quarter": 90}


def kpi_table() -> pd.DataFrame:
    """Return what each key figure is, one row a figure, in English and Chinese.

    Columns: `id`, `name`, `term_zh`, `numerator`, `denominator`, `definition_zh`, `window`, `grain`
    (separated by semicolons), `unit`, `interval`, `good_direction`, `computed_from` (what `kpis`
    makes it from; empty if it does not), `needs`, `edge_case`, `basis` and `source`.

    >>> table = kpi_table().set_index("id")
    >>> table.loc["churn_rate", ["numerator", "denominator", "interval"]].tolist()
    ['customers active at the start, not at the end', 'customers active at the start', 'wilson']
    """
    return packaged(SCHEMA)


def kpis(
    orders: object,
    *,
    as_of: Any,
    window_days: int,
    period: Period = "month",
    segments: object = None,
    by: str | None = None,
    events: object = None,
    messages: object = None,
    tickets: object = None,
    feedback: object = None,
    only: Iterable[str] | None = None,
    log_start: Any = None,
    level: float = 0.95,
    draws: int = 400,
    seed: int = 0,
    **columns: Unpack[LogColumns],
) -> pd.DataFrame:
    """Return the key figures of every whole week, month or quarter, in all and by segment.

    A customer is active on a day if the last order is at most `window_days` days ago, and churned
    if not. This one rule gives all flows, and retention is one minus churn by construction:
    customer_count = active_start + new_customers + returned_customers - churned_customers, exactly,
    in every segment. What each figure counts is in `kpi_table()`.

    Periods that the log's begin or as_of cuts are left out. The first periods, before which the log
    holds no whole window, have rows with missing values: who is silent there cannot be known. A
    figure that was asked for (by name, or by giving its log) and lacks its input or a column of it
    has one row with a missing `period_end`, and `note` says what it needs. Missing is never 0.

    Segments are as the table has them, the same in all periods: labels of today tell who they are,
    not what they were. Customers without a label are in "all" only.

    Args:
        orders: The order log, a frame in memory.
        as_of: The last day that counts.
        window_days: Silence of more days than this is churn; `return_curve(...).window()` finds it.
        period: "week" (from Monday), "month" or "quarter".
        segments: A table with one row a customer.
        by: Its column of labels.
        events: A log with `customer_id` and `ts`, and `event_type` and `duration_s` where there.
        messages: A log with `customer_id`, `sent_at`, `delivered_at`, `opened_at`, `clicked_at`.
        tickets: A log with `customer_id`, `opened_at` and `topic`.
        feedback: A log with `customer_id` and `ts`, and `score` (1 to 5) where there. Rows of
            customers without an order are left out of these logs, with a notice.
        only: Ids of the figures wanted; None for all that the given logs are for. What the others
            need is in `kpi_table()`.
        log_start: First day of the time that the order log covers; None for the day of the first
            order.
        level: Of the intervals: Wilson for shares, the bootstrap over customers for means and
            ratios (from 2,000 customers on its normal limit), none for counts and sums.
        draws: Of the bootstrap.
        seed: Equal seeds give equal intervals.
        columns: Which column is what, as in `layerwise.summarize`.

    Returns:
        A pandas table, one row a figure, period and segment ("all" is everybody): `kpi`,
        `period_end` (its last day), `segment`, `value`, `numerator`, `denominator`, `low`, `high`,
        `note`.

    Raises:
        SpecError: A choice is not possible, or a figure is not known.
        DataError: There is no whole period, or a log holds impossible values.
        LayerwiseError: A log cannot be used, as `summarize` says.

    Example:
        >>> import layerwise as lw
        >>> orders = lw.datasets.load_cdnow()
        >>> table = kpis(
        ...     orders, as_of="1998-06-30", window_days=153, period="quarter", amount=None,
        ...     only=["active_start", "churn_rate", "revenue"],
        ... )
        >>> table.loc[table["period_end"] == "1998-03-31", ["kpi", "value", "low", "high"]].round(3)
                     kpi    value    low   high
        4   active_start  541.000    NaN    NaN
        10    churn_rate    0.262  0.227  0.301
        >>> table.loc[table["period_end"].isna(), ["kpi", "note"]].values.tolist()
        [['revenue', 'needs amounts']]
    """
    logs = {"events": events, "messages": messages, "tickets": tickets, "feedback": feedback}
    wanted = _wanted(
        only, given=["orders", *(name for name, log in logs.items() if log is not None)]
    )
    periods.check_period(period)
    _check_choices(window_days, draws, seed)
    z_value(level)
    request = make_log_request(**columns)
    if (lazy := lazy_table(orders, request)) is not None:
        raise refuse("kpis", lazy)
    seen = visits(orders, request, as_of, patience=holdout_patience(_LENGTH[period]))
    labels = read_segments(segments, by, seen.ids, customer=request.customer)
    begin = _begin(seen, log_start, request)
    none = np.full(len(seen), -1, dtype=np.int64)
    code, names = (none, ()) if labels is None else (labels.code, labels.names)
    cells = Cells(_bounds(begin, seen.last, period), code, names)
    sight = _sight(seen, cells, int(window_days), Choices(level=level, draws=draws, seed=seed))
    return _rows(wanted, sight, _read(logs, seen, as_of), begin)


def _wanted(only: Any, *, given: list[str]) -> pd.DataFrame:
    """Return the rows of the table of figures that were asked for, by name or by giving logs."""
    table = kpi_table()
    if only is None:
        return table[table["computed_from"].isin(given)]
    ids = several(only)
    unknown = sorted({str(name) for name in ids} - set(table["id"]))
    if unknown or not ids:
        raise SpecError(
            f"No such key figures: {', '.join(unknown) or 'none was asked for'}.",
            hint="kpi_table()['id'] lists them.",
        )
    return table[table["id"].isin(ids)]


def _check_choices(window_days: Any, draws: Any, seed: Any) -> None:
    ranges = {
        "window_days": (window_days, 1, CENTURY),
        "draws": (draws, 2, 100_000),
        "seed": (seed, 0, 2**63),
    }
    wrong = [
        f"{name} must be a whole number from {least} to {most}, got {value!r:.40}"
        for name, (value, least, most) in ranges.items()
        if not fits(value, int) or not least <= value <= most
    ]
    if wrong:
        raise SpecError(
            f"{'; '.join(wrong)}.",
            hint="return_curve(orders, as_of=...).window() finds window_days in the data.",
        )


def _begin(seen: Visits, log_start: Any, request: Request) -> int:
    first = int(seen.days.min())
    if log_start is None:
        return first
    begin = moment(log_start, name="log_start", request=request, aware=seen.rows.aware)
    if begin > first:
        raise SpecError(
            "log_start is after the first order of the log.",
            hint="leave it out, or give the first day of the time that the log covers.",
        )
    return begin


def _bounds(begin: int, last: int, period: Period) -> Array:
    bounds = boundaries(begin, last, period)
    if not len(bounds):
        raise DataError(
            f"There is no whole {period} between the first order and as_of.",
            hint="take a longer log, a shorter period, or log_start= if the log covers days before "
            "the first order.",
        )
    return bounds


def _sight(seen: Visits, cells: Cells, window_days: int, how: Choices) -> Sight:
    bought = pairs(seen, cells)
    return Sight(
        seen=seen,
        cells=cells,
        bought=bought,
        flows=flows(seen, cells, bought, window_days),
        window_days=window_days,
        how=how,
        note=f"needs {window_days} days of orders before the period",
    )


def _read(logs: dict[str, Any], seen: Visits, as_of: Any) -> dict[str, Log]:
    given = {name: log for name, log in logs.items() if log is not None}
    if not given:
        return {}
    roster: Roster = read_roster(pd.DataFrame({CUSTOMER: seen.ids}), what="the order log")
    return {
        name: read_log(
            log,
            roster,
            what=f"the log {name}=",
            as_of=as_of,
            time=TIMES[name],
            ignore_future=True,
            stacklevel=4,
        )
        for name, log in given.items()
    }


def _rows(wanted: pd.DataFrame, sight: Sight, logs: dict[str, Log], begin: int) -> pd.DataFrame:
    judged = sight.cells.bounds[:-1] - sight.window_days >= begin
    every = np.ones(sight.cells.periods, dtype=bool)
    made, lacking = [], []
    for row in wanted.to_dict("records"):
        kpi, source = row["id"], row["computed_from"]
        if not _computable(kpi, source, sight, logs):
            lacking.append(_lack(kpi, row["needs"]))
            continue
        figure = _figure(kpi, source, sight, logs)
        windowed = kpi in WINDOWED or kpi in ("referral_rate", "feedback_volume")
        made.append(figure.rows(sight.cells, judged if windowed else every))
    table = pd.concat([*made, *lacking], ignore_index=True)
    return table[list(TIDY)]


def _figure(kpi: str, source: str, sight: Sight, logs: dict[str, Log]) -> Figure:
    return order_figure(kpi, sight) if source == "orders" else log_figure(kpi, logs[source], sight)


def _computable(kpi: str, source: str, sight: Sight, logs: dict[str, Log]) -> bool:
    if source == "orders":
        return kpi not in ("revenue", "average_order_value") or sight.seen.rows.amounts is not None
    return source in logs and all(logs[source].has(name) for name in COLUMNS[kpi])


def _lack(kpi: str, needs: str) -> pd.DataFrame:
    numbers = dict.fromkeys(("value", "numerator", "denominator", "low", "high"), np.nan)
    when = np.array(["NaT"], dtype="M8[us]")
    return pd.DataFrame(
        {"kpi": kpi, PERIOD_END: when, "segment": ALL, **numbers, "note": f"needs {needs}"},
        index=[0],
    )
