"""The events of a points ledger: each once, in one order, whatever the rows' order."""

from typing import Any

import attrs
import numpy as np
import pandas as pd

from layerwise import arguments, frames
from layerwise.errors import DataError
from layerwise.membership._ledger import WHAT, Ledger, read_ledger
from layerwise.membership._queue import EARN, REVERSE
from layerwise.orders.ids import Codes, read_ids, small
from layerwise.vectors import Array

_BITS = 63
_KIND_BITS = 2


@attrs.frozen(eq=False)
class Events:
    """Each event once, in the order of customer, day, kind (as in KINDS) and event id.

    Attributes:
        customer: Place of the customer in `ids`.
        day: Days since 1970-01-01.
        kind: Place in KINDS.
        points: Whole numbers above 0.
        lot: Place of the earning that a reversal names; -1 unknown, or no reversal.
        ids: The customers' ids, ascending.
        reason: What an earning was for, as codes; None if nothing asks for it.
        reasons: The names of the codes.
        counts: Rows of the input by what became of them.
        last: The last day that counts, as as_of says.
    """

    customer: Array
    day: Array
    kind: Array
    points: Array
    lot: Array
    ids: pd.Series
    reason: Array | None
    reasons: tuple[str, ...]
    counts: dict[str, int]
    last: int
    _row: Array
    _event_ids: pd.Series

    def event_ids(self, places: Array) -> Any:
        """Return the ids of some events, as an array; they are moved only here, being slow."""
        return self._event_ids.array.take(self._row[places])

    def customer_ids(self, places: Array) -> Any:
        """Return the ids of the customers of some events, as an array."""
        return self.ids.array.take(self.customer[places])


def read_events(
    ledger: object, *, as_of: Any, columns: dict[str, str], reason: str | None, **reading: Any
) -> Events:
    """Return the events up to as_of.

    Raises:
        ColumnsError: A column is missing or of the wrong kind.
        DataError: Ids, times, kinds or points cannot be used, or two events have one id.
        EngineError: The ledger is no dataframe in memory.
        SpecError: as_of is no date.
    """
    frames.wrap(ledger, what=WHAT)
    frame = frames.eager(ledger, doing=WHAT)
    arguments.check_named({f"{role}=": name for role, name in columns.items()}, {"reason=": reason})
    needed = {name: f"{role}=" for role, name in columns.items() if role != "lot"}
    needed |= {reason: "reason="} if reason is not None else {}
    title = "The points ledger lacks columns:"
    hint = 'one row an event; name your columns, such as time="booked_at", event="booking_id".'
    arguments.require(frames.column_names(frame), needed, title=title, hint=hint)
    return _in_order(read_ledger(frame, as_of, columns, reason, **reading), columns["event"])


def _in_order(table: Ledger, name: str) -> Events:
    """Return each event up to as_of once, in order."""
    inside = np.flatnonzero(table.day <= table.last)
    first, repeats = _each_once(table, inside)
    counts = table.counts | {
        "rows after as_of": len(table.day) - len(inside),
        "repeats of an event": repeats,
    }
    del inside
    who, ids = _ranked(table.customers, table.customer, table.customer.code[first])
    order = _order(table, first, who, name)
    row = first[order].astype(small(len(table.day)), copy=False)
    del first
    kind = table.kind[row]
    return Events(
        customer=who[order], day=table.day[row], kind=kind, points=table.points[row],
        lot=_lots(table, row, kind), ids=ids,
        reason=None if table.reason is None else table.reason[row],
        reasons=table.reasons, counts=counts, last=table.last, row=row,
        # The ledger is the user's, who may change it before asking for more.
        event_ids=table.event.ids.copy(),
    )  # fmt: skip


def _each_once(table: Ledger, rows: Array) -> tuple[Array, int]:
    """Return the rows that are the first of their event, and how many are not.

    Raises:
        DataError: Rows with one id say different things.
    """
    code = table.event.code[rows]
    first = np.zeros(table.event.n, dtype=small(len(table.day)))
    first[code[::-1]] = rows[::-1]
    first_of = first[code]
    again = first_of != rows
    here, there = rows[again], first_of[again]
    if not len(here):
        return rows, 0
    differ = np.zeros(len(here), dtype=bool)
    for values in (table.customer.code, table.day, table.kind, table.points, table.event.lot,
                   table.reason):  # fmt: skip
        differ |= False if values is None else values[here] != values[there]
    if differ.any():
        raise DataError(
            "Rows with one event id say different things: "
            f"{len(np.unique(table.event.code[here[differ]])):,} ids, "
            f"in {int(differ.sum()):,} rows that differ from another of that id.",
            hint="an event keeps its customer, day, kind, points and lot; give a correction an id "
            "of its own.",
        )
    return rows[~again], len(here)


def _lots(table: Ledger, row: Array, kind: Array) -> Array:
    """Return the place of the earning that each reversal names; -1 for other rows and unknown."""
    back, earn = np.flatnonzero(kind == REVERSE), np.flatnonzero(kind == EARN)
    lot = np.full(len(kind), -1, dtype=small(len(kind)))
    if len(back):
        place = np.full(table.event.n, -1, dtype=lot.dtype)
        place[table.event.code[row[earn]]] = earn
        lot[back] = place[table.event.lot[row[back]]]
    return lot


def _ranked(series: pd.Series, codes: Codes, code: Array) -> tuple[Array, pd.Series]:
    """Return the place of each row's id among the distinct ones, and these, ascending."""
    if not len(code):
        return np.zeros(0, np.int32), series.iloc[:0]
    used = np.flatnonzero(np.bincount(code, minlength=codes.n))
    ids = series.take(codes.first_rows(used)).reset_index(drop=True)
    keys = codes.sort_keys(used)
    order = _text_order(ids) if keys is None else np.argsort(keys, kind="stable")
    place = np.zeros(codes.n, dtype=small(len(used)))
    place[used[order]] = np.arange(len(used))
    return place[code], ids.take(order).reset_index(drop=True)


def _text_order(ids: pd.Series) -> Array:
    try:
        return ids.astype(object).sort_values().index.to_numpy()
    except TypeError:  # ids of several types
        texts = [(type(v).__name__, str(v)) for v in ids]
        return np.array(sorted(range(len(texts)), key=texts.__getitem__), dtype=np.int64)


def _order(table: Ledger, rows: Array, who: Array, name: str) -> Array:
    """Return the order by customer, day, kind and event id; ids are compared only in ties."""
    n = len(rows)
    if not n:
        return np.zeros(0, np.int64)
    key = _key(table.day[rows], table.kind[rows], who)
    bits = n.bit_length()
    if int(key.max()).bit_length() + bits <= _BITS:
        # One sort of key and place in one number is several times as fast as an argsort.
        key = (key << bits) | np.arange(n)
        key.sort()
        order = key & ((1 << bits) - 1)
        key >>= bits
    else:
        order = np.argsort(key, kind="stable")
        key = key[order]
    same = key[1:] == key[:-1]
    tied = np.flatnonzero(np.append(same, False) | np.append(False, same))
    if len(tied):
        places = order[tied]
        rank = _id_order(table, rows[places], name)
        order[tied] = places[np.lexsort((rank, key[tied]))]
    return order


def _key(day: Array, kind: Array, who: Array) -> Array:
    """Return customer, day and kind as one number."""
    low = int(day.min())
    key = who.astype(np.int64)
    key <<= (int(day.max()) - low).bit_length()
    key |= day.astype(np.int64) - low
    key <<= _KIND_BITS
    key |= kind
    return key


def _id_order(table: Ledger, rows: Array, name: str) -> Array:
    """Return numbers that sort as the event ids of some rows do."""
    keys = table.event.codes.sort_keys(table.event.code[rows])
    if keys is not None:
        return keys
    texts = table.event.ids.take(rows).reset_index(drop=True)
    codes = read_ids(texts, name)
    rank, _ = _ranked(texts, codes, codes.code)
    return rank


def dates(day: Array) -> Array:
    """Return days since 1970-01-01 as times."""
    return day.astype("M8[D]").astype("M8[us]")
