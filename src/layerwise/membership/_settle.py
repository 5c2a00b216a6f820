"""What becomes of every event and lot, worked out in blocks of customers that fit the caches."""

from itertools import pairwise

import attrs
import numpy as np

from layerwise.membership._events import Events
from layerwise.membership._queue import EARN, REDEEM, REVERSE, Stream, answers, point
from layerwise.vectors import Array

_BLOCK = 50_000
_FAR = 2**40


@attrs.frozen(eq=False)
class Lots:
    """The lots, in the order of their earnings.

    Attributes:
        event: Place of the earning among the events.
        points: Points earned.
        reversed: Points taken back from the lot itself.
        left: Points left as it lapses, or at the last day.
    """

    event: Array
    points: Array
    reversed: Array
    left: Array


@attrs.frozen(eq=False)
class _Block:
    """The accepted events of some customers: as a stream, with their places and days."""

    stream: Stream
    places: Array
    lot_places: Array
    day: Array
    lot_day: Array


def settle(events: Events, accepted: Array, lifetime: int) -> tuple[Lots, Array]:
    """Return what becomes of the lots, and the redemptions that the balance does not cover.

    Args:
        events: All events.
        accepted: Points of each event that nothing has refused so far.
        lifetime: Days after which a lot lapses.
    """
    lots, refused = [_no_lots()], [np.zeros(0, dtype=np.int64)]
    for rows in _blocks(events.customer):
        block = _block(events, accepted, rows, lifetime)
        stream = block.stream
        covered, whole = answers(stream)
        at = point(stream, covered, whole)
        pointer = at.after[_until(block, lifetime, events.last) - 1] if len(at.start) else at.start
        left = np.maximum(at.end - np.maximum(at.start, pointer), 0)
        taken = stream.lot_points - (at.end - at.start)
        lots.append(Lots(block.lot_places, stream.lot_points, taken, left))
        refused.append(block.places[(stream.kind == REDEEM) & ~covered])
    return _joined(lots), np.concatenate(refused)


def _no_lots() -> Lots:
    return Lots(*(np.zeros(0, dtype=np.int64) for _ in range(4)))


def _joined(parts: list[Lots]) -> Lots:
    return Lots(*(np.concatenate(v) for v in zip(*(attrs.astuple(p) for p in parts), strict=True)))


def _blocks(customer: Array) -> list[slice]:
    """Return ranges of events, of whole customers, with about as many events each."""
    edges = np.unique(np.searchsorted(customer, customer[_BLOCK::_BLOCK]))
    ends = [0, *edges.tolist(), len(customer)]
    return [slice(a, b) for a, b in pairwise(ends) if a < b]


def _block(events: Events, accepted: Array, rows: slice, lifetime: int) -> _Block:
    """Return the accepted events of some customers."""
    inside = np.flatnonzero(accepted[rows] > 0)
    places = inside + rows.start
    kind, day = events.kind[places], events.day[places].astype(np.int64)
    earns = kind == EARN
    # Customers whose every event was refused have no rows here; the others keep their order.
    kept = events.customer[places]
    who = np.cumsum(np.append(False, kept[1:] != kept[:-1]))[: len(places)]
    number = np.full(rows.stop - rows.start, -1, dtype=np.int64)
    number[inside[earns]] = np.arange(np.count_nonzero(earns))
    lot = number[np.where(kind == REVERSE, events.lot[places] - rows.start, inside)]
    points, key = accepted[places], _Key(day)
    lot_who, lot_day = who[earns], day[earns]
    lapsed = np.searchsorted(key(lot_who, lot_day), key(who, day - lifetime), side="right")
    stream = Stream(who, kind, points, lot, lapsed, lot_who, points[earns])
    return _Block(stream, places, places[earns], day, lot_day)


def _until(block: _Block, lifetime: int, last: int) -> Array:
    """Return the place after each lot's customer's last event before it lapses, or at all."""
    key, gone = _Key(block.day), block.lot_day + lifetime
    ends = key(block.stream.lot_customer, np.where(gone <= last, gone, _FAR))
    return np.searchsorted(key(block.stream.customer, block.day), ends, side="left")


class _Key:
    """One number for customer and day; days before all or after all are put at the rim."""

    def __init__(self, days: Array) -> None:
        self._low = int(days.min()) - 1 if len(days) else 0
        self._wide = int(days.max()) - self._low + 2 if len(days) else 1

    def __call__(self, who: Array, day: Array) -> Array:
        inside: Array = np.clip(day - self._low, 0, self._wide - 1)
        return who * self._wide + inside
