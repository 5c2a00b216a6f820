"""Two periods of a log in memory, before a split and after it, counted at once."""

from typing import Any

import attrs
import numpy as np

from layerwise import columns as c
from layerwise.errors import SpecError
from layerwise.orders.counting import count
from layerwise.orders.eager import View, check_view, day
from layerwise.orders.left_out import OrderCheck, notify
from layerwise.orders.netting import Purchases, earliest, order_numbers, purchases
from layerwise.orders.output import in_days, tabulate, to_frame
from layerwise.orders.request import Request, moment
from layerwise.orders.rows import Rows, read_rows
from layerwise.orders.silence import holdout_patience, warn_if_ended


def holdout(frame: Any, request: Request, split: Any, end: Any) -> Any:
    """Return the customer table as of the split, with what each bought up to the end."""
    rows, counted = read_rows(frame, request)
    last = moment(end, name="end", request=request, aware=rows.aware)
    cut = moment(split, name="split", request=request, aware=rows.aware)
    check_split(cut, last)
    known = rows.until(last)
    bought = _of_both(known, request, cut)
    counts = count(bought.rows, request, cut, later=True)
    seen, until_end = (int(np.count_nonzero(rows.moment <= each)) for each in (cut, last))
    found = check_view(View(cut, rows, seen, bought, counts), counted, request)
    found = with_held(found, until_end - seen, carried_rows(known, cut))
    notify(found, date="split", ignore_future=True)
    per_day = request.per_day
    patience = holdout_patience((last - cut) / per_day)
    log_end = day(int(rows.moment.max()) // per_day)
    warn_if_ended(log_end, day(last // per_day), patience=patience, date="end")
    table = tabulate(counts, rows.scale, request, cut)
    table[c.HOLDOUT_ORDERS] = counts.later[0]
    if rows.amounts is not None:
        table[c.HOLDOUT_SPEND] = counts.later[1] / rows.scale
    days = in_days(np.array([last - cut]), "hour" if request.hourly else "day")
    table[c.HOLDOUT_DAYS] = np.repeat(days, len(counts.code))
    return to_frame(frame, request, counts, rows.ids, table)


def with_held(found: OrderCheck, held: int, carried: int) -> OrderCheck:
    """Return the check with the rows of the holdout among those that are used, but those carried.

    Where nobody bought up to the split, they stay rows after it, which is what is wrong then.
    """
    if not found.customers:
        return found
    return attrs.evolve(
        found,
        used=found.used + held - carried,
        after_as_of=found.after_as_of - held,
        carried_rows=carried,
    )


def check_split(split: int, end: int) -> None:
    """Refuse a holdout period that is empty."""
    if end <= split:
        raise SpecError("end is not after split.", hint="The holdout is (split, end].")


def _of_both(rows: Rows, request: Request, split: int) -> Purchases:
    """Return the purchases up to the split as it sees them, and those after it.

    An order belongs where its earliest line is, with its lines of that period.
    """
    nets = rows.amounts is not None and rows.amounts.lowest <= 0
    if rows.order is None and not (nets and request.grain == "week"):
        return purchases(rows, request.grain)  # nothing nets across the split
    past = purchases(rows.until(split), request.grain)
    if rows.order is None:
        later = purchases(rows.take(rows.moment > split), request.grain)
    else:
        bought = purchases(rows, request.grain).rows
        later = Purchases(bought.take(bought.moment > split))
    return _joined(past, later)


def _joined(past: Purchases, later: Purchases) -> Purchases:
    """Return the rows and the counts of both."""
    names = [field.name for field in attrs.fields(Purchases) if field.name != "rows"]
    counts = {name: getattr(past, name) + getattr(later, name) for name in names}
    both = past.rows, later.rows
    amounts = past.rows.amounts
    if amounts is not None:
        value = np.concatenate([each.amounts.value for each in both if each.amounts is not None])
        amounts = attrs.evolve(amounts, value=value)
    rows = attrs.evolve(
        past.rows,
        code=np.concatenate([each.code for each in both]),
        moment=np.concatenate([each.moment for each in both]),
        amounts=amounts,
        order=None,
    )
    return Purchases(rows, **counts)


def carried_rows(rows: Rows, split: int) -> int:
    """Return how many rows after the split belong to orders that began before it."""
    if rows.order is None:
        return 0
    order, customer = order_numbers(rows)
    began = earliest(order, rows.moment, len(customer))
    return int(np.count_nonzero((rows.moment > split) & (began[order] <= split)))
