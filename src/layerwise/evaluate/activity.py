"""Who was active at the ends of periods, who came, left and came back in between."""

import attrs
import numpy as np

from layerwise.evaluate import periods
from layerwise.evaluate.periods import Period
from layerwise.orders.visits import Visits
from layerwise.vectors import Array, Floats


@attrs.frozen(eq=False)
class Cells:
    """The cells of segment by period that things are counted in.

    Attributes:
        bounds: The day before the first period, then the last day of each.
        code: The segment of each customer; -1 is none.
        names: The segments' names.
    """

    bounds: Array
    code: Array
    names: tuple[str, ...]

    @property
    def periods(self) -> int:
        """How many periods there are."""
        return len(self.bounds) - 1

    def period_of(self, days: Array) -> Array:
        """Return the period of each day; -1 before the first one, `periods` after the last."""
        place: Array = np.searchsorted(self.bounds, days, side="left") - 1
        return place

    def count(self, owner: Array, place: Array, weight: Array | None = None) -> Floats:
        """Return counts (or sums of weights): a row for all, then one a segment, by period.

        Places beyond the last period are kept apart: there is a column more than periods.
        """
        size = self.periods + 1
        every = np.bincount(place, weight, minlength=size)
        code = self.code[owner]
        inside = code >= 0
        part = np.bincount(
            code[inside] * size + place[inside],
            None if weight is None else weight[inside],
            minlength=len(self.names) * size,
        )
        table = np.vstack([every, part.reshape(len(self.names), size)])
        return np.asarray(table, dtype=np.float64)


@attrs.frozen(eq=False)
class Pairs:
    """The customers that bought in a period, a row a customer and period.

    Attributes:
        owner: The customer.
        period: The period.
        orders: Purchase days in it.
        before: The last purchase day before it; far in the past if there is none.
        last: The last purchase day in it.
        index: The pair of each purchase day, -1 outside all periods.
    """

    owner: Array
    period: Array
    orders: Array
    before: Array
    last: Array
    index: Array


@attrs.frozen(eq=False)
class Flows:
    """Counts of customers, a row for all and one a segment, by period.

    `active_end` = `active_start` + `new` + `returned` - `churned` - `lost_new`, where `lost_new`
    came and left within one period, which needs a window shorter than that.
    """

    active_start: Floats
    active_end: Floats
    new: Floats
    returned: Floats
    churned: Floats
    lost_new: Floats
    known_start: Floats
    known_end: Floats
    won_back: Floats


NEVER = -(2**40)


def boundaries(first: int, last: int, period: Period) -> Array:
    """Return the day before the first whole period within two days, and the last day of each."""
    numbers = periods.whole_periods(first, last, period)
    if not len(numbers):
        return np.zeros(0, dtype=np.int64)
    return periods.first_day(np.append(numbers, numbers[-1] + 1), period) - 1


def pairs(seen: Visits, cells: Cells) -> Pairs:
    """Return who bought in which period."""
    owner, place = seen.owners(), cells.period_of(seen.days)
    inside = (place >= 0) & (place < cells.periods)
    new = np.ones(len(owner), dtype=bool)
    new[1:] = (owner[1:] != owner[:-1]) | (place[1:] != place[:-1])
    begin = np.flatnonzero(new & inside)
    index = np.cumsum(new & inside) - 1
    index[~inside] = -1
    orders = np.bincount(index[inside], minlength=len(begin))
    before = seen.days[np.maximum(begin - 1, 0)]
    before = np.where(begin == seen.starts[owner[begin]], NEVER, before)
    return Pairs(owner[begin], place[begin], orders, before, seen.days[begin + orders - 1], index)


def flows(seen: Visits, cells: Cells, bought: Pairs, window_days: int) -> Flows:
    """Return the customers active, new, returned and churned; see `Flows`.

    A customer is active on a day if the last order is at most the window ago.
    """
    start, end = cells.bounds[bought.period], cells.bounds[bought.period + 1]
    first = bought.before == NEVER
    was_active = start - bought.before <= window_days
    is_active = end - bought.last <= window_days
    active, left_silent = _silent(seen, cells, window_days)
    left_after = was_active & ~is_active
    known = cells.count(*_first_seen(seen, cells)).cumsum(axis=1)

    def of(which: Array) -> Floats:
        return cells.count(bought.owner[which], bought.period[which])[:, :-1]

    return Flows(
        active_start=active[:, :-1],
        active_end=active[:, 1:],
        new=of(first),
        returned=of(~first & ~was_active & is_active),
        churned=left_silent + of(left_after),
        lost_new=of(first & ~is_active),
        known_start=known[:, :-1],
        known_end=known[:, 1:],
        won_back=of(~first & ~was_active),
    )


def _silent(seen: Visits, cells: Cells, window_days: int) -> tuple[Floats, Floats]:
    """Return who is active on each boundary, and who left without any order in the period."""
    owner, bounds = seen.owners(), cells.bounds
    following = seen.next_days(never=int(bounds[-1]) + 1)
    last_active = np.minimum(following - 1, seen.days + window_days)
    low = np.searchsorted(bounds, seen.days, side="left")
    high = np.searchsorted(bounds, last_active, side="right")
    some = high > low
    steps = cells.count(owner[some], low[some])
    falls = np.minimum(high[some], cells.periods + 1)
    whole = falls <= cells.periods
    steps -= cells.count(owner[some][whole], falls[whole])
    k = np.searchsorted(bounds, seen.days + window_days, side="right") - 1
    gone = (k >= low) & (k < cells.periods)
    gone &= following > bounds[np.minimum(k + 1, cells.periods)]
    return steps.cumsum(axis=1), cells.count(owner[gone], k[gone])[:, :-1]


def _first_seen(seen: Visits, cells: Cells) -> tuple[Array, Array]:
    """Return each customer known by the last boundary and the boundary they are first known on."""
    place = np.searchsorted(cells.bounds, seen.days[seen.starts], side="left")
    known = np.flatnonzero(place <= cells.periods)
    return known, place[known]
