"""The numpy path: frames whose rows are in memory."""

import datetime as dt
from collections.abc import Callable, Iterable
from typing import Any

import attrs
import narwhals.stable.v2 as nw
import numpy as np
import pandas as pd

from layerwise import columns as c
from layerwise.arguments import several
from layerwise.errors import DataError, SpecError
from layerwise.orders.amounts import exact_sum, of_rows
from layerwise.orders.counting import Counts, count, occasions
from layerwise.orders.doubtful_ids import shared_ids, similar_ids
from layerwise.orders.left_out import OrderCheck, notify
from layerwise.orders.netting import Purchases, bucket, purchases
from layerwise.orders.output import in_days, tabulate, to_frame
from layerwise.orders.progress import steps, track
from layerwise.orders.request import UNIX_DAY, Request, moment
from layerwise.orders.rows import Rows, read_rows
from layerwise.orders.silence import usual_patience, warn_if_ended
from layerwise.orders.table import column
from layerwise.orders.visits import Visits

Table = dict[str, np.ndarray]


@attrs.frozen(eq=False)
class View:
    """The log as seen on one date.

    Attributes:
        cut: The last moment that counts.
        rows: All usable rows, also those after the cut.
        seen: How many of them are not after the cut.
        bought: The purchases that are counted.
        counts: The customers' counts.
    """

    cut: int
    rows: Rows
    seen: int
    bought: Purchases
    counts: Counts


def summary(frame: Any, request: Request, as_of: Any) -> Any:
    """Return the customer table, with one notice of what was left out."""
    done = steps(request.progress, "summarize", 3)
    rows, counted = read_rows(frame, request)
    done()
    view = _look(rows, request, as_of)
    done()
    _notify(check_view(view, counted, request), view.cut, request)
    ids, counts, scale, cut = rows.ids, view.counts, rows.scale, view.cut
    # The table needs the room of the rows.
    del rows, view
    table = to_frame(frame, request, counts, ids, tabulate(counts, scale, request, cut))
    done()
    return table


def gap_days(frame: Any, request: Request, as_of: Any) -> tuple[np.ndarray, np.ndarray]:
    """Return the gaps that ended in an order, and each customer's silence at as_of, in days."""
    _, view, found = _open(frame, request, as_of)
    _notify(found, view.cut, request)
    _, orders, moments = occasions(view.bought.rows, request.grain)
    number = bucket(moments, request.grain).astype(np.int64)
    last = np.cumsum(orders) - 1
    closed = np.delete(np.diff(number), last[:-1])
    now = bucket(np.array([view.cut]), request.grain)
    return in_days(closed, request.grain), in_days(now - number[last], request.grain)


@attrs.frozen(eq=False)
class Past:
    """The occasions of each customer of a log, by customer and ascending in time.

    Attributes:
        ids: The customers' ids, as found.
        orders: Occasions of each, 1 or more.
        days: Days of all occasions since 1970-01-01 (fractions by hours).
        spend: Net amounts of the occasions; None without amounts.
        now: as_of in the same count.
    """

    ids: pd.Series
    orders: np.ndarray
    days: np.ndarray
    spend: np.ndarray | None
    now: float


def past_occasions(frame: Any, request: Request, as_of: Any) -> Past:
    """Return who bought when, and for how much, up to as_of."""
    rows, view, found = _open(frame, request, as_of)
    _notify(found, view.cut, request)
    bought = view.bought.rows
    code, orders, moments = occasions(bought, request.grain)
    number = bucket(moments, request.grain).astype(np.int64)
    now = bucket(np.array([view.cut]), request.grain)
    return Past(
        ids=_ids_of(frame, request, rows, code),
        orders=orders,
        days=in_days(number, request.grain),
        spend=_spend_each(bought, request.grain, np.repeat(code, orders), number),
        now=float(in_days(now, request.grain)[0]),
    )


def _spend_each(rows: Rows, grain: str, code: np.ndarray, number: np.ndarray) -> np.ndarray | None:
    """Return the net amount of each occasion; code and number are sorted together."""
    if rows.amounts is None or not len(number):
        return None
    low = int(number.min())
    span = int(number.max()) - low + 1
    key = code.astype(np.int64) * span + (number - low)
    theirs = rows.code.astype(np.int64) * span + (bucket(rows.moment, grain) - low)
    total = rows.amounts.sum_by(np.searchsorted(key, theirs), len(key))
    return np.asarray(total / rows.scale)


def occasion_days(
    frame: Any, request: Request, end: Any
) -> tuple[np.ndarray, np.ndarray, int, Callable[[], list[Any]]]:
    """Return each customer's number of occasions, the days of all of these, and the last day.

    The fourth, when called, gives the customers' ids in the same order. Days are numbers since
    1970-01-01, by customer and ascending; a week is its Monday.
    """
    rows, view, found = _open(frame, request, end, name="end")
    if len(rows.code) and not view.seen:
        raise DataError(
            "All orders came after the last day that is asked for.", hint="take a later day."
        )
    notify(found, ignore_future=True)
    code, orders, moments = occasions(view.bought.rows, request.grain)
    if request.grain == "week":
        moments = bucket(moments, "week").astype(np.int64) * 7 - (UNIX_DAY - 1)
    per_day = request.per_day
    days = moments.astype(np.int64) // per_day
    return orders, days, view.cut // per_day, lambda: _ids_of(frame, request, rows, code).tolist()


def visits(frame: Any, request: Request, as_of: Any, *, patience: float) -> Visits:
    """Return every purchase day of every customer up to as_of, with a notice of what is left out.

    Args:
        frame: The log, in memory.
        request: The choices, by days.
        as_of: The last day that counts.
        patience: Days the log may stop before as_of without a warning.
    """
    rows, view, found = _open(frame, request, as_of)
    notify(found)
    if not found.after_as_of:
        warn_if_ended(found.last_row, day(view.cut), patience=patience, date="as_of")
    customers, orders, days = occasions(view.bought.rows, request.grain)
    return Visits(
        ids=_ids_of(frame, request, rows, customers),
        counts=orders,
        days=days.astype(np.int64),
        last=view.cut,
        codes=customers,
        rows=view.bought.rows,
    )


def check(frame: Any, request: Request, as_of: Any) -> OrderCheck:
    """Return the counts of what `summary` would use and leave out."""
    rows, counted = read_rows(frame, request)
    view = _look(rows, request, as_of)
    found = check_view(view, counted, request)
    named = pd.DataFrame({role: column(frame, name) for role, name in request.roles.items()})
    codes = view.counts.code
    shared = codes[shared_ids(view.counts.orders)]
    return attrs.evolve(
        found,
        duplicate_rows=int(named.duplicated().sum()),
        similar_ids=similar_ids(_ids_of(frame, request, rows, codes)),
        shared_ids=len(shared),
        shared_rows=int(np.isin(view.bought.rows.code, shared).sum()),
    )


def stack(frame: Any, request: Request, dates: Iterable[Any]) -> Any:
    """Return the customer tables of several dates, one below the other, as_of first."""
    wanted = list(several(dates))
    rows, counted = read_rows(frame, request)
    check_dates([moment(d, name="as_of", request=request, aware=rows.aware) for d in wanted])
    views = [_look(rows, request, date) for date in track(wanted, request.progress, "snapshots")]
    latest = max(views, key=lambda view: view.cut)
    _notify(check_view(latest, counted, request), latest.cut, request, ignore_future=True)
    tables = [_dated(frame, request, view) for view in views if len(view.counts.code)]
    return pd.concat(tables, ignore_index=True) if _is_pandas(frame) else nw.concat(tables)


def _dated(frame: Any, request: Request, view: View) -> Any:
    table = to_frame(frame, request, view.counts, view.rows.ids, _table(view, request))
    date = np.datetime64(day(view.cut // request.per_day))
    if _is_pandas(frame):
        table.insert(0, c.AS_OF, date.astype("M8[us]"))
        return table
    dates = np.repeat(date, len(table))
    stamp = nw.new_series(c.AS_OF, dates, backend=nw.get_native_namespace(frame))
    return table.with_columns(stamp).select(c.AS_OF, *table.columns)


def _is_pandas(frame: Any) -> bool:
    return isinstance(frame, pd.DataFrame)


def check_dates(cuts: list[int]) -> list[int]:
    """Refuse dates of snapshots that are none, or that stand twice."""
    if not cuts or len(set(cuts)) < len(cuts):
        raise SpecError(
            "snapshots needs one or more dates, each once.",
            hint="snapshots(orders, as_of=['2024-01-31', '2024-02-29']).",
        )
    return cuts


def _open(
    frame: Any, request: Request, as_of: Any, name: str = "as_of"
) -> tuple[Rows, View, OrderCheck]:
    """Return the rows of a log, the log as seen on a date, and what is left out."""
    rows, counted = read_rows(frame, request)
    view = _look(rows, request, as_of, name)
    return rows, view, check_view(view, counted, request)


def _ids_of(frame: Any, request: Request, rows: Rows, codes: np.ndarray) -> pd.Series:
    """Return the ids of some codes, as found."""
    series = column(frame, request.customer).take(rows.ids.first_rows(codes))
    return series.reset_index(drop=True)


def _look(rows: Rows, request: Request, as_of: Any, name: str = "as_of") -> View:
    cut = moment(as_of, name=name, request=request, aware=rows.aware)
    past = rows.until(cut)
    bought = purchases(past, request.grain)
    return View(cut, rows, len(past.code), bought, count(bought.rows, request, cut))


def _table(view: View, request: Request) -> Table:
    return tabulate(view.counts, view.rows.scale, request, view.cut)


def check_view(view: View, counted: dict[str, int], request: Request) -> OrderCheck:
    """Return what the rows and purchases of a view leave out."""
    rows = view.rows
    later = len(rows.code) - view.seen
    lost = view.bought.refunded_rows
    customers = len(view.counts.code)
    before = len(pd.unique(of_rows(rows.code, rows.moment <= view.cut))) if lost else customers
    per_day = request.per_day
    ends = (view.counts.first_moment, view.counts.last_moment) if customers else None
    last, first = _around(rows.moment, view.cut)
    sold = view.bought.rows.amounts
    return OrderCheck(
        **counted,
        clock=rows.clock,
        used=view.seen - lost,
        customers=customers,
        first_order=None if ends is None else day(int(ends[0].min()) // per_day),
        last_order=None if ends is None else day(int(ends[1].max()) // per_day),
        last_row=day(last // per_day) if view.seen else None,
        after_as_of=later,
        first_later=day(first // per_day) if later else None,
        refunded_rows=lost,
        refunded_orders=view.bought.refunded_orders,
        refund_rows=view.bought.refund_rows,
        refund_total=view.bought.refund_total / rows.scale,
        spend=0.0 if sold is None else exact_sum(sold.value, sold.scale) / rows.scale,
        netted_by=request.netted_by,
        customers_without_purchase=before - customers,
    )


def _around(moment: np.ndarray, cut: int) -> tuple[int, int]:
    """Return the last moment up to a cut and the first after it, where there are such."""
    if not len(moment):
        return 0, 0
    # Without a sign, what lies on the other side of the cut is farthest away.
    before = (cut - moment).astype(np.uint32).min()
    after = (moment - (cut + 1)).astype(np.uint32).min()
    return cut - int(before), cut + 1 + int(after)


def _notify(check: OrderCheck, cut: int, request: Request, *, ignore_future: bool = False) -> None:
    """Tell what was left out, and if the log ends long before as_of."""
    notify(check, ignore_future=ignore_future, stacklevel=5)
    if not check.after_as_of:
        until, patience = day(cut // request.per_day), usual_patience(check, request)
        warn_if_ended(check.last_row, until, patience=patience, date="as_of", stacklevel=5)


def day(number: int) -> dt.date:
    """Return the date of a day number."""
    return dt.date.fromordinal(number + UNIX_DAY)
