"""Points as a queue: what is drawn, lapses or is taken back, for all customers at once.

Lots lapse in the order in which they were earned, so the points of a customer lie on a line, oldest
first, and one pointer says how far they are used up. A redemption moves it by its points, a lapse
moves it to the end of the lapsed lots. With Rₙ the points redeemed before event n and Xₙ the end of
the lots lapsed by then, the pointer stands at Rₙ + max over j ≤ n of (Xⱼ − Rⱼ): a running maximum,
as in Lindley's recursion for waiting times, so no loop over rows is needed.

A reversal takes points out of its own lot: from the line, if the pointer has not come to the lot
(the lot is whole), else by moving the pointer, which may pass the end of the line: a debt. Whether
a lot is whole and whether a redemption is covered depends on what came before, so the first answer
that does not hold of each customer is changed until all hold.
"""

from collections import deque

import attrs
import numpy as np

from layerwise.errors import DataError
from layerwise.vectors import Array

EARN, REVERSE, REDEEM = range(3)
_PASSES = 40
_ROOM = 2**62


@attrs.frozen(eq=False)
class Stream:
    """Events in the order of customer, day, kind and id, and the lots that they earn.

    Attributes:
        customer: Customer of each event, from 0 without gaps.
        kind: EARN, REVERSE or REDEEM.
        points: Points of each event, above 0.
        lot: Lot of each event: the one earned, or taken back from; -1 for redemptions.
        lapsed: How many lots, from the first of all customers on, lie before the first that has
            not lapsed at the event.
        lot_customer: Customer of each lot.
        lot_points: Points earned with each lot.
    """

    customer: Array
    kind: Array
    points: Array
    lot: Array
    lapsed: Array
    lot_customer: Array
    lot_points: Array

    def take(self, customers: Array) -> tuple["Stream", Array]:
        """Return the stream of some customers (a mask), and the places of its events in this."""
        rows = np.flatnonzero(customers[self.customer])
        lots = customers[self.lot_customer]
        before = np.concatenate([[0], np.cumsum(lots)])
        number = np.cumsum(customers) - 1
        lot = self.lot[rows]
        part = Stream(
            number[self.customer[rows]],
            self.kind[rows],
            self.points[rows],
            np.where(lot < 0, -1, before[lot]),
            before[self.lapsed[rows]],
            number[self.lot_customer[lots]],
            self.lot_points[lots],
        )
        return part, rows


@attrs.frozen(eq=False)
class Pointer:
    """Where the pointer stands, in points from the start of each customer's line.

    Attributes:
        before: Before each event.
        after: After it.
        held: Balance before each event, for an earning after it.
        start: Start of each lot on the line.
        end: End of each lot, after what was taken out of it.
    """

    before: Array
    after: Array
    held: Array
    start: Array
    end: Array


def answers(stream: Stream) -> tuple[Array, Array]:
    """Return which redemptions are covered, and which reversals find their lot whole."""
    covered = stream.kind == REDEEM
    whole = np.zeros(len(covered), dtype=bool)
    part, rows = stream, np.arange(len(covered))
    for _ in range(_PASSES):
        bad, who, flip = _wrong(part, covered[rows], whole[rows])
        if not len(bad):
            return covered, whole
        first = bad[np.append(True, who[1:] != who[:-1])]
        covered[rows[first]] ^= ~flip[first]
        whole[rows[first]] ^= flip[first]
        again = np.zeros(int(part.customer[-1]) + 1, dtype=bool)
        again[who] = True
        part, inside = part.take(again)
        rows = rows[inside]
    _one_by_one(part, rows, covered, whole)
    return covered, whole


def _wrong(part: Stream, covered: Array, whole: Array) -> tuple[Array, Array, Array]:
    """Return the events whose answer does not hold, their customers, and which are reversals."""
    at = point(part, covered, whole)
    redeem, reverse = np.flatnonzero(part.kind == REDEEM), np.flatnonzero(part.kind == REVERSE)
    wrong = np.zeros(len(covered), dtype=bool)
    wrong[redeem] = (part.points[redeem] <= at.held[redeem]) != covered[redeem]
    wrong[reverse] = (at.before[reverse] <= at.start[part.lot[reverse]]) != whole[reverse]
    bad = np.flatnonzero(wrong)
    return bad, part.customer[bad], part.kind == REVERSE


def point(stream: Stream, covered: Array, whole: Array) -> Pointer:
    """Return where the pointer stands at every event, given the answers so far."""
    who, kind = stream.customer, stream.kind
    taken = np.where(whole, stream.points, 0)
    size = stream.lot_points.copy()
    np.subtract.at(size, stream.lot[whole], stream.points[whole])
    line = np.concatenate([[0], np.cumsum(size)])
    n = int(who[-1]) + 1 if len(who) else 0
    base = line[np.searchsorted(stream.lot_customer, np.arange(n))]
    lapsed = np.maximum(line[stream.lapsed] - base[who], 0)
    moved = np.where(covered | ((kind == REVERSE) & ~whole), stream.points, 0)
    used = running_sum(moved, who)
    before = used - moved + _running_max(lapsed - (used - moved), who)
    earned = running_sum(np.where(kind == EARN, stream.points, 0), who)
    held = earned - running_sum(taken, who) - before
    lots = base[stream.lot_customer]
    return Pointer(before, before + moved, held, line[:-1] - lots, line[1:] - lots)


def running_sum(values: Array, who: Array) -> Array:
    """Return the running sum within each customer."""
    total = np.cumsum(values)
    if not len(total):
        return total
    first = np.flatnonzero(np.concatenate([[True], who[1:] != who[:-1]]))
    size = np.diff(np.append(first, len(who)))
    summed: Array = total - np.repeat(total[first] - values[first], size)
    return summed


def _running_max(values: Array, who: Array) -> Array:
    """Return the largest value so far within each customer."""
    if not len(values):
        return values
    step = int(values.max()) - int(values.min()) + 1
    if step * (int(who[-1]) + 1) >= _ROOM:
        raise DataError(
            f"Points reach {step:,} for one of {int(who[-1]) + 1:,} customers, more than whole "
            "numbers of 64 bits can hold for all of them.",
            hint="check the points column for amounts that are far too large.",
        )
    shift = who * step
    largest: Array = np.maximum.accumulate(values + shift) - shift
    return largest


def _one_by_one(stream: Stream, rows: Array, covered: Array, whole: Array) -> None:
    """Answer event by event, for the few customers with more refusals than there are passes."""
    left = stream.lot_points.tolist()
    intact = [True] * len(left)
    queue: deque[int] = deque()
    customer, debt, held = -1, 0, 0
    columns = (stream.customer, stream.kind, stream.points, stream.lot, stream.lapsed, rows)
    for who, kind, points, lot, lapsed, row in zip(*(c.tolist() for c in columns), strict=True):
        if who != customer:
            queue, customer, debt, held = deque(), who, 0, 0
        while queue and queue[0] < lapsed:
            held -= left[queue.popleft()]
        if kind == EARN:
            paid = min(debt, points)
            debt, left[lot], intact[lot] = debt - paid, points - paid, not paid
            held += points - paid
            queue.append(lot)
            continue
        if kind == REVERSE:
            whole[row] = intact[lot]
            if intact[lot]:
                left[lot], held = left[lot] - points, held - points
                continue
        else:
            covered[row] = not debt and points <= held
            if not covered[row]:
                continue
        debt += max(points - held, 0)
        held -= min(points, held)
        while points and queue:
            part = min(points, left[queue[0]])
            left[queue[0]] -= part
            intact[queue[0]] = intact[queue[0]] and not part
            points -= part
            if not left[queue[0]] and points:
                queue.popleft()
