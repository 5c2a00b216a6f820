"""The lazy path: one aggregate query to check the log, then expressions."""

import datetime as dt
from collections.abc import Iterable
from typing import Any

import attrs
import narwhals.stable.v2 as nw
import numpy as np
import pandas as pd

from layerwise import columns as c
from layerwise import frames
from layerwise.errors import EngineError
from layerwise.orders import expressions as ex
from layerwise.orders.eager import check_dates, day
from layerwise.orders.facts import Facts, clock, collect_row, gather, is_aware
from layerwise.orders.holdout import check_split, with_held
from layerwise.orders.left_out import OrderCheck, notify
from layerwise.orders.output import in_days
from layerwise.orders.reasons import prepare
from layerwise.orders.request import Request, moment
from layerwise.orders.silence import holdout_patience, usual_patience, warn_if_ended

Lazy = nw.LazyFrame[Any]


def summary(table: Lazy, request: Request, as_of: Any) -> Lazy:
    """Return the customer table as a lazy frame."""
    if request.gaps:
        raise refuse("gaps=True", table)
    cut, rows, facts = _look(table, request, as_of, "as_of")
    found = _check(table, rows, facts, request, full=False)
    _tell(found, cut, request)
    return ex.customers(ex.occasions(rows, facts, request), facts, request, cut)


def check(table: Lazy, request: Request, as_of: Any) -> OrderCheck:
    """Return the counts of what `summary` would use and leave out."""
    _, rows, facts = _look(table, request, as_of, "as_of")
    found = _check(table, rows, facts, request, full=True)
    names = [str(name) for name in request.roles.values()]
    kinds = table.group_by(names).agg(nw.len().alias("layerwise_rows"))
    distinct = collect_row(kinds.select(nw.len().alias("n")))["n"]
    return attrs.evolve(found, duplicate_rows=found.rows - int(distinct))


def holdout(table: Lazy, request: Request, split: Any, end: Any) -> Lazy:
    """Return the customer table as of the split, with what each bought up to the end."""
    if request.gaps:
        raise refuse("gaps=True", table)
    cut, rows, facts = _look(table, request, split, "split")
    last = moment(end, name="end", request=request, aware=is_aware(table, request))
    check_split(cut, last)
    _, later, held_facts = _look(table, request, end, "end")
    found = _check(table, rows, facts, request, full=False)
    if held_facts.lowest <= 0:
        held_row = collect_row(ex.audit(later, held_facts, request, after=cut))
        found = _with_held(found, _typed(held_row, held_facts.scale or 1), request)
    held_rows = found.after_as_of - held_facts.counts.get("after_as_of", 0)
    carried = 0
    if request.order is not None:
        found_rows = collect_row(ex.carried(later, held_facts, request, cut))["n"]
        carried = 0 if pd.isna(found_rows) else int(found_rows)  # a sum of nothing
    notify(with_held(found, held_rows, carried), date="split", ignore_future=True)
    if held_facts.later is None:
        per_day = request.per_day
        until, patience = day(last // per_day), holdout_patience((last - cut) / per_day)
        log_end = day(held_facts.last // per_day)
        warn_if_ended(log_end, until, patience=patience, date="end")
    customers = ex.customers(ex.occasions(rows, facts, request), facts, request, cut)
    held = ex.held_out(ex.occasions(later, held_facts, request, after=cut), held_facts, request)
    days = in_days(np.array([last - cut]), "hour" if request.hourly else "day")[0].item()
    return ex.join_holdout(customers, held, days, request)


def stack(table: Lazy, request: Request, dates: Iterable[Any]) -> Lazy:
    """Return the customer tables of several dates, one below the other, as_of first.

    Each date is a query of its own; dates before the first purchase are left out.
    """
    if request.gaps:
        raise refuse("gaps=True", table)
    wanted = list(dates) if isinstance(dates, Iterable) and not isinstance(dates, str) else [dates]
    aware = is_aware(table, request)
    cuts = check_dates([moment(d, name="as_of", request=request, aware=aware) for d in wanted])
    views = {cut: _look(table, request, d, "as_of") for cut, d in zip(cuts, wanted, strict=True)}
    found = {
        cut: _check(table, rows, facts, request, full=False)
        for cut, (_, rows, facts) in views.items()
    }
    _tell(found[max(cuts)], max(cuts), request, ignore_future=True)
    tables = [
        _dated(ex.customers(ex.occasions(rows, facts, request), facts, request, cut), request, cut)
        for cut, (_, rows, facts) in views.items()
        if found[cut].customers
    ]
    return nw.concat(tables)


def _dated(customers: Lazy, request: Request, cut: int) -> Lazy:
    """Add the date, of the type that first_order has on this engine."""
    date = day(cut // request.per_day)
    dtype = customers.collect_schema()[c.FIRST_ORDER]
    value = nw.lit(date) if dtype == nw.Date else nw.lit(dt.datetime(*date.timetuple()[:3]))
    return customers.select(value.cast(dtype).alias(c.AS_OF), nw.all())


def refuse(what: str, table: Lazy) -> EngineError:
    """Return the error for what only frames in memory can do."""
    return EngineError(
        f"{what} needs the rows in memory, and this {frames.engine_name(table)} frame is lazy.",
        hint=f"Collect it first: {frames.how_to_collect(table)}.",
    )


def _tell(check: OrderCheck, cut: int, request: Request, *, ignore_future: bool = False) -> None:
    """Tell what was left out, and if the log ends long before as_of."""
    notify(check, ignore_future=ignore_future, stacklevel=5)
    if not check.after_as_of:
        until, patience = day(cut // request.per_day), usual_patience(check, request)
        warn_if_ended(check.last_row, until, patience=patience, date="as_of", stacklevel=5)


def _look(table: Lazy, request: Request, date: Any, name: str) -> tuple[int, Lazy, Facts]:
    cut = moment(date, name=name, request=request, aware=is_aware(table, request))
    rows = prepare(table, request, cut)
    amount = None if request.amount is None else table.collect_schema()[str(request.amount)]
    return cut, rows, gather(rows, request, amount)


def _check(table: Lazy, rows: Lazy, facts: Facts, request: Request, *, full: bool) -> OrderCheck:
    """Count; refunds and customers need the log grouped, so only where there can be refunds."""
    per_day = request.per_day
    used = facts.counts["rows"] - facts.left_out
    first, last = (day(m // per_day) if used else None for m in (facts.first, facts.last))
    audited: dict[str, Any] = {"first_order": first, "last_order": last}
    audited["customers"] = min(used, 1)
    if used and (full or facts.lowest <= 0):
        audited = _typed(collect_row(ex.audit(rows, facts, request)), facts.scale or 1)
    counts: dict[str, Any] = facts.counts | audited
    return OrderCheck(
        **counts,
        clock=clock(table, request),
        netted_by=request.netted_by,
        used=used - audited.get("refunded_rows", 0),
        last_row=last,
        first_later=None if facts.later is None else day(facts.later // per_day),
    )


def _with_held(found: OrderCheck, held: dict[str, Any], request: Request) -> OrderCheck:
    """Return the check with what the holdout period leaves out too.

    With `order=` its refunds were counted before: an order belongs where its earliest line is.
    """
    counted = () if request.order is not None else _REFUNDS
    more = {name: getattr(found, name) + held[name] for name in (*counted, "spend")}
    lost = held["refunded_rows"] if counted else 0
    return attrs.evolve(found, used=found.used - lost, **more)


_REFUNDS = ("refunded_rows", "refunded_orders", "refund_rows", "refund_total")


def _typed(row: dict[str, Any], scale: int) -> dict[str, Any]:
    """Return an engine's counts as integers, its money in whole units and its days as dates."""
    days = {name: row.pop(name) for name in ("first_order", "last_order")}
    dates = {name: None if pd.isna(d) else pd.Timestamp(d).date() for name, d in days.items()}
    known = {name: 0 if pd.isna(value) else value for name, value in row.items()}  # sums of nothing
    money = {name: float(known.pop(name)) / scale for name in ("refund_total", "spend")}
    return {name: int(value) for name, value in known.items()} | money | dates
