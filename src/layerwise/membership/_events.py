"""Reading the rows of a points ledger: each event once, in one order, whatever the rows' order."""

from typing import Any

import attrs
import numpy as np
import pandas as pd

from layerwise import frames
from layerwise.errors import ColumnsError, DataError, problems
from layerwise.frames import Array, Labels
from layerwise.logs import keys
from layerwise.membership._queue import EARN, REDEEM, REVERSE
from layerwise.orders.dates import read_times
from layerwise.orders.ids import Codes, read_ids
from layerwise.orders.request import make_request, moment
from layerwise.orders.table import column

KINDS = ("earn", "reverse", "redeem")
WHAT = "the points ledger"
_MOST = 2**53


@attrs.frozen(eq=False)
class Events:
    """Each event once, in the order of customer, day, kind (as in KINDS) and event id.

    Attributes:
        customer: Place of the customer in `ids`.
        day: Days since 1970-01-01.
        kind: Place in KINDS.
        points: Whole numbers above 0.
        lot: Place of the earning that a reversal names; -1 unknown, or no reversal.
        event_ids: Ids of the events.
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
    event_ids: pd.Series
    ids: pd.Series
    reason: Array | None
    reasons: tuple[str, ...]
    counts: dict[str, int]
    last: int


@attrs.frozen(eq=False)
class _Ids:
    """A column of ids and its codes; of lots, only the rows of reversals."""

    series: pd.Series
    codes: Codes

    @property
    def missing(self) -> Array:
        found = self.codes.missing
        return np.zeros(len(self.series), dtype=bool) if found is None else found


@attrs.frozen(eq=False)
class _Raw:
    """The columns as numbers, a row each; ids stay where they are, as texts are slow to move.

    Attributes:
        place: Row in the columns of ids.
        event: Code of the event's id.
        customer: Code of the customer's id.
        lot: Code of the lot that a reversal names; -1 for other rows.
    """

    place: Array
    event: Array
    customer: Array
    day: Array
    kind: Array
    points: Array
    lot: Array
    reason: Array | None

    def take(self, rows: Array) -> "_Raw":
        fields: Any = attrs.asdict(self, recurse=False)
        taken: Any = {n: None if v is None else v[rows] for n, v in fields.items()}
        return _Raw(**taken)


@attrs.frozen(eq=False)
class _Table:
    """The ledger as it was read: ids, rows up to as_of, and what was left out."""

    event: _Ids
    customer: _Ids
    lot: _Ids
    raw: _Raw
    reasons: tuple[str, ...]
    counts: dict[str, int]
    last: int


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
    frames.check_named({f"{role}=": name for role, name in columns.items()}, {"reason=": reason})
    needed = {name: f"{role}=" for role, name in columns.items() if role != "lot"}
    needed |= {reason: "reason="} if reason is not None else {}
    title = "The points ledger lacks columns:"
    hint = 'one row an event; name your columns, such as time="booked_at", event="booking_id".'
    frames.require(frames.column_names(frame), needed, title=title, hint=hint)
    table = _read(frame, as_of, columns, reason, **reading)
    raw = _each_once(table.raw, table.counts)
    who, ids = _ranked(table.customer.series, table.customer.codes, raw.customer)
    raw = attrs.evolve(raw, customer=who)
    raw = raw.take(_order(raw, table.event.series, columns["event"]))
    event_ids = table.event.series.take(raw.place).reset_index(drop=True)
    return Events(
        raw.customer, raw.day, raw.kind, raw.points, _lots(raw, table), event_ids, ids, raw.reason,
        table.reasons, table.counts,
        table.last,
    )  # fmt: skip


def _read(
    frame: Any, as_of: Any, columns: dict[str, str], reason: str | None, **reading: Any
) -> _Table:
    """Return the rows that count, checked; expiry rows and later ones are left out."""
    native = frame.to_native()
    request = make_request(customer=columns["customer"], time=columns["time"], **reading)
    kind, lapse = _kinds(frame, columns["kind"])
    rows = np.flatnonzero(~lapse)
    kind = kind[rows]
    event, customer = (
        _ids(_rows(column(native, columns[role]), rows), columns[role])
        for role in ("event", "customer")
    )
    back = np.flatnonzero(kind == REVERSE)
    has_lots = columns["lot"] in frames.column_names(frame)
    lots = column(native, columns["lot"]) if has_lots else pd.Series([None] * len(lapse))
    lot = _ids(_rows(lots, rows[back]), columns["lot"])
    lot_code = np.full(len(kind), -1, dtype=np.int64)
    lot_code[back] = lot.codes.code
    times = read_times(_rows(column(native, columns["time"]), rows), request)
    last = moment(as_of, name="as_of", request=request, aware=times.aware)
    undated = 0 if times.missing is None else int(times.missing.sum())
    points, wrong = _points(frame, columns["points"], rows)
    wrong |= {
        "rows without a time": undated,
        "rows with a kind that is not earn, redeem, reverse or expire": int((kind < 0).sum()),
        f"rows without {columns['event']}": int(event.missing.sum()),
        f"rows without {columns['customer']}": int(customer.missing.sum()),
        "reversals that name no lot": int(lot.missing.sum()),
    }
    _refuse(wrong, len(kind))
    keep = np.flatnonzero(times.number <= last)
    counts = {
        "rows": len(lapse),
        "expire rows, which are worked out anew": int(lapse.sum()),
        "rows after as_of": len(kind) - len(keep),
    }
    codes, names = _reasons(frame, reason, rows)
    raw = _Raw(
        np.arange(len(kind)), event.codes.code, customer.codes.code, times.number.astype(np.int64),
        kind, points, lot_code, codes,
    )  # fmt: skip
    return _Table(event, customer, lot, raw.take(keep), names, counts, last)


def _ids(series: pd.Series, name: str) -> _Ids:
    if not len(series):
        return _Ids(series, Codes(np.zeros(0, dtype=np.int64), 0, None, None))
    return _Ids(series, read_ids(series, name))


def _rows(series: pd.Series, rows: Array) -> pd.Series:
    if len(rows) < len(series) or (np.diff(rows) < 0).any():
        series = series.take(rows)
    return series.reset_index(drop=True)


def _kinds(frame: Any, name: str) -> tuple[Array, Array]:
    """Return each row's place in KINDS (-1: none of them), and which rows are expiries."""
    found = frames.read(frame, [name], what=WHAT)[name]
    if not isinstance(found, Labels):
        if len(found) and not np.isnan(found).all():
            raise ColumnsError(
                f"Column {name} holds numbers; earn, redeem, reverse or expire are needed.",
                hint='name the column: kind="...".',
            )
        found = Labels(np.full(len(found), -1), ())
    place = [KINDS.index(n) if n in KINDS else -1 for n in found.names]
    kind = np.array([*place, -1], dtype=np.int8)[found.codes]
    lapse: Array = np.array([*(n == "expire" for n in found.names), False])[found.codes]
    return kind, lapse


def _points(frame: Any, name: str, rows: Array) -> tuple[Array, dict[str, int]]:
    found = frames.read(frame, [name], what=WHAT)[name]
    if isinstance(found, Labels) and len(found.names):
        raise ColumnsError(f"Column {name} holds text, not points.", hint="points are numbers.")
    values = np.asarray(found.numbers() if isinstance(found, Labels) else found)[rows]
    if values.dtype.kind == "f":
        bad = ~np.isfinite(values) | (values != np.rint(values)) | ~(values > 0)
    else:
        bad = ~(values > 0)
    whole = np.where(bad, 0, values)
    with np.errstate(over="ignore"):
        total = np.abs(whole.astype(np.float64)).sum()
    if total >= _MOST:
        raise DataError(
            f"{name} adds up to 2**53 or more over {len(values):,} rows.",
            hint="check the column for amounts that are far too large.",
        )
    text = f"rows whose {name} is not a whole number above 0"
    return whole.astype(np.int64), {text: int(bad.sum())}


def _reasons(frame: Any, name: str | None, rows: Array) -> tuple[Array | None, tuple[str, ...]]:
    if name is None:
        return None, ()
    found = frames.read(frame, [name], what=WHAT)[name]
    if not isinstance(found, Labels):
        if len(found) and not np.isnan(found).all():
            raise ColumnsError(f"Column {name} holds numbers, not reasons.", hint="use text.")
        return np.full(len(rows), -1), ()
    return found.codes[rows], tuple(map(str, found.names))


def _refuse(wrong: dict[str, int], n: int) -> None:
    lines = [f"{text}: {count:,} of {n:,}" for text, count in wrong.items() if count]
    if lines:
        raise DataError(
            problems("The points ledger cannot be used:", lines),
            hint="a row needs event_id, customer_id, ts, kind and points; correct them at the "
            "source, as points are a promise.",
        )


def _each_once(raw: _Raw, counts: dict[str, int]) -> _Raw:
    """Leave out repeats of an event.

    Raises:
        DataError: Rows with one id say different things.
    """
    n = len(raw.event)
    first = np.zeros(int(raw.event.max()) + 1 if n else 0, dtype=np.int64)
    first[raw.event[::-1]] = np.arange(n)[::-1]
    first_of = first[raw.event]
    again = first_of != np.arange(n)
    counts["repeats of an event"] = int(again.sum())
    if not again.any():
        return raw
    here, there = np.flatnonzero(again), first_of[again]
    differ = np.zeros(len(here), dtype=bool)
    for values in (raw.customer, raw.day, raw.kind, raw.points, raw.lot, raw.reason):
        differ |= False if values is None else values[here] != values[there]
    if differ.any():
        raise DataError(
            "Rows with one event id say different things: "
            f"{len(np.unique(raw.event[here[differ]])):,} ids, "
            f"in {int(differ.sum()):,} rows that differ from another of that id.",
            hint="an event keeps its customer, day, kind, points and lot; give a correction an id "
            "of its own.",
        )
    return raw.take(np.flatnonzero(~again))


def _lots(raw: _Raw, table: _Table) -> Array:
    """Return the place of the earning that each reversal names; -1 for other rows and unknown."""
    back, earn = np.flatnonzero(raw.kind == REVERSE), np.flatnonzero(raw.kind == EARN)
    lot = np.full(len(raw.kind), -1, dtype=np.int64)
    if len(back) and len(earn):
        # Few lots are named, so these are hashed and the many events looked up among them.
        codes = table.lot.codes
        used = np.flatnonzero(np.bincount(codes.code, minlength=codes.n))
        named = keys(table.lot.series.take(codes.first_rows(used)))
        found = named.get_indexer(keys(table.event.series))[raw.place[earn]]
        place = np.full(codes.n, -1, dtype=np.int64)
        place[used[found[found >= 0]]] = earn[found >= 0]
        lot[back] = place[raw.lot[back]]
    return lot


def _ranked(series: pd.Series, codes: Codes, code: Array) -> tuple[Array, pd.Series]:
    """Return the place of each row's id among the distinct ones, and these, ascending."""
    if not len(code):
        return np.zeros(0, np.int64), series.iloc[:0]
    used = np.flatnonzero(np.bincount(code, minlength=codes.n))
    ids = series.take(codes.first_rows(used)).reset_index(drop=True)
    if codes.low is not None:
        order = np.arange(len(used))
    elif codes.rank is not None:
        order = np.argsort(codes.rank[used])
    else:
        order = _text_order(ids)
    place = np.zeros(codes.n, dtype=np.int64)
    place[used[order]] = np.arange(len(used))
    return place[code], ids.take(order).reset_index(drop=True)


def _text_order(ids: pd.Series) -> Array:
    try:
        return ids.astype(object).sort_values().index.to_numpy()
    except TypeError:  # ids of several types
        texts = [(type(v).__name__, str(v)) for v in ids]
        return np.array(sorted(range(len(texts)), key=texts.__getitem__), dtype=np.int64)


def _order(raw: _Raw, ids: pd.Series, name: str) -> Array:
    """Return the order by customer, day, kind and event id; ids are compared only in ties."""
    if not len(raw.customer):
        return np.zeros(0, np.int64)
    days = raw.day - raw.day.min()
    key = (raw.customer * (int(days.max()) + 1) + days) * (REDEEM + 1) + raw.kind
    order = np.argsort(key, kind="stable")
    sorted_key = key[order]
    same = sorted_key[1:] == sorted_key[:-1]
    tied = np.flatnonzero(np.append(same, False) | np.append(False, same))
    if len(tied):
        rows = order[tied]
        texts = _ids(_rows(ids, raw.place[rows]), name)
        rank, _ = _ranked(texts.series, texts.codes, texts.codes.code)
        order[tied] = rows[np.lexsort((rank, key[rows]))]
    return order
