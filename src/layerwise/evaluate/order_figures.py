"""The key figures that an order log alone can tell."""

import attrs
import numpy as np

from layerwise.evaluate.activity import NEVER, Cells, Flows, Pairs
from layerwise.evaluate.figures import Choices, Figure, averaged, counted, shared, turned
from layerwise.orders.visits import Visits
from layerwise.vectors import Array, Floats

FLOWS = (
    "active_start",
    "customer_count",
    "new_customers",
    "returned_customers",
    "churned_customers",
)
WINDOWED = (
    *FLOWS,
    "churn_rate",
    "retention_rate",
    "reactivation_rate",
    "repurchase_rate",
    "purchase_frequency",
)
"""Figures that must look a window back, so that the first periods of a log cannot tell them."""


@attrs.frozen(kw_only=True, eq=False)
class Sight:
    """What the figures are made from."""

    seen: Visits
    cells: Cells
    bought: Pairs
    flows: Flows
    window_days: int
    how: Choices
    note: str

    @property
    def lengths(self) -> Array:
        """Days of each period."""
        return np.diff(self.cells.bounds)


def order_figure(kpi: str, sight: Sight) -> Figure:
    """Return one of the figures of `WINDOWED`, or revenue or average_order_value."""
    f, how, note = sight.flows, sight.how, sight.note
    numbers = {
        "active_start": f.active_start,
        "customer_count": f.active_end,
        "new_customers": f.new,
        "returned_customers": f.returned,
        "churned_customers": f.churned + f.lost_new,
    }
    if kpi in numbers:
        return counted(kpi, numbers[kpi], note)
    if kpi == "churn_rate":
        return shared(kpi, f.churned, f.active_start, how, note)
    if kpi == "retention_rate":
        return turned(kpi, order_figure("churn_rate", sight))
    if kpi == "reactivation_rate":
        return shared(kpi, f.won_back, f.known_start - f.active_start, how, note)
    if kpi == "repurchase_rate":
        return _repurchase(sight)
    return _frequency(sight) if kpi == "purchase_frequency" else _money(kpi, sight)


def _repurchase(sight: Sight) -> Figure:
    """Of customers whose first window ended in the period: who bought on a second day in it."""
    seen, cells = sight.seen, sight.cells
    first = seen.days[seen.starts]
    place = cells.period_of(first + sight.window_days)
    inside = np.flatnonzero((place >= 0) & (place < cells.periods))
    following = seen.next_days(never=-NEVER)[seen.starts]
    again = inside[(following - first <= sight.window_days)[inside]]
    hits = cells.count(again, place[again])[:, :-1]
    trials = cells.count(inside, place[inside])[:, :-1]
    return shared("repurchase_rate", hits, trials, sight.how, sight.note)


def _frequency(sight: Sight) -> Figure:
    """Order days in 30 days of who was active at the start; who did not buy counts with 0."""
    cells, bought = sight.cells, sight.bought
    was = cells.bounds[bought.period] - bought.before <= sight.window_days
    owner, period = bought.owner[was], bought.period[was]
    x = bought.orders[was] * 30 / sight.lengths[period]
    zeros = sight.flows.active_start - cells.count(owner, period)[:, :-1]
    ones = np.ones(len(owner))
    return averaged(
        "purchase_frequency",
        cells,
        owner,
        period,
        x,
        ones,
        sight.how,
        zeros=zeros,
        note=sight.note,
    )


def _money(kpi: str, sight: Sight) -> Figure:
    bought, cells = sight.bought, sight.cells
    spend = _spend(sight)
    if kpi == "revenue":
        return counted(kpi, cells.count(bought.owner, bought.period, spend)[:, :-1])
    orders = bought.orders.astype(np.float64)
    return averaged(kpi, cells, bought.owner, bought.period, spend, orders, sight.how)


def _spend(sight: Sight) -> Floats:
    """Return the net amount of each customer and period that bought, in currency."""
    seen, cells, bought = sight.seen, sight.cells, sight.bought
    amounts = seen.rows.amounts
    assert amounts is not None  # noqa: S101 - narrows the type; the caller checked
    place = cells.period_of(seen.rows.moment)
    inside = np.flatnonzero((place >= 0) & (place < cells.periods))
    key = seen.row_owners()[inside] * cells.periods + place[inside]
    pair = _places(key, bought.owner * cells.periods + bought.period, len(seen) * cells.periods)
    return amounts.take(inside).sum_by(pair, len(bought.owner)) / seen.rows.scale


def _places(key: Array, known: Array, size: int) -> Array:
    """Return the place of each key among the known ones, which ascend."""
    if size > 4 * len(key) + 1024:
        place: Array = np.searchsorted(known, key)
        return place
    table = np.zeros(size, dtype=np.int32 if len(known) < 2**31 else np.int64)
    table[known] = np.arange(len(known))
    return table[key]
