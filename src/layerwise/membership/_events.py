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
from layerwise.orders.ids import read_ids
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


@attrs.frozen(eq=False)
class _Raw:
    """The columns as arrays, a row each, before repeats are left out."""

    ids: pd.Series
    names: pd.Series
    lots: pd.Series
    customer: Array
    day: Array
    kind: Array
    points: Array
    reason: Array | None

    def take(self, rows: Array) -> "_Raw":
        if len(rows) == len(self.kind) and (rows[1:] > rows[:-1]).all():
            return self
        return _Raw(*(_take(v, rows) for v in attrs.astuple(self, recurse=False)))


def read_events(
    ledger: object, *, as_of: Any, columns: dict[str, str], reason: str | None, tz: str | None
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
    needed = {name: f"{role}=" for role, name in columns.items() if role != "lot"}
    needed |= {reason: "reason="} if reason is not None else {}
    frames.require(frames.column_names(frame), needed, title="The points ledger lacks columns:")
    raw, counts, reasons = _columns(frame, as_of, columns, reason, tz)
    raw = _each_once(raw, counts)
    customer, ids = _ranked(raw.names, columns["customer"])
    rows = _order(customer, raw, columns["event"])
    raw = raw.take(rows)
    return Events(
        customer[rows], raw.day, raw.kind, raw.points, _lots(raw), raw.ids, ids, raw.reason,
        reasons, counts,
    )  # fmt: skip


def _columns(
    frame: Any, as_of: Any, columns: dict[str, str], reason: str | None, tz: str | None
) -> tuple[_Raw, dict[str, int], tuple[str, ...]]:
    """Return the rows that count, checked; expiry rows and later ones are left out."""
    native = frame.to_native()
    request = make_request(customer=columns["customer"], time=columns["time"], tz=tz)
    kind, lapse = _kinds(frame, columns["kind"])
    rows = np.flatnonzero(~lapse)
    read = {role: _rows(column(native, name), rows) for role, name in columns.items()
            if role in ("event", "customer", "time") or
            (role == "lot" and name in frames.column_names(frame))}  # fmt: skip
    kind = kind[rows]
    times = read_times(read["time"], request)
    last = moment(as_of, name="as_of", request=request, aware=times.aware)
    undated = np.zeros(len(kind), bool) if times.missing is None else times.missing
    points, wrong = _points(frame, columns["points"], rows)
    wrong |= {
        "rows without a time": int(undated.sum()),
        "rows with a kind that is not earn, redeem, reverse or expire": int((kind < 0).sum()),
    }
    lots = read.get("lot", pd.Series(np.full(len(kind), None, dtype=object)))
    for role, rows_of in {"event": read["event"], "customer": read["customer"]}.items():
        missing = read_ids(rows_of, columns[role]).missing if len(rows_of) else None
        wrong[f"rows without {columns[role]}"] = 0 if missing is None else int(missing.sum())
    nameless = read_ids(lots, columns["lot"]).missing if (kind == REVERSE).any() else None
    if nameless is not None:
        wrong["reversals that name no lot"] = int((nameless & (kind == REVERSE)).sum())
    _refuse(wrong, len(kind))
    keep = np.flatnonzero(times.number <= last)
    counts = {
        "rows": len(lapse),
        "expire rows, which are worked out anew": int(lapse.sum()),
        "rows after as_of": len(kind) - len(keep),
    }
    codes, names = _reasons(frame, reason, rows)
    raw = _Raw(
        read["event"], read["customer"], lots, np.zeros(len(kind), np.int8),
        times.number.astype(np.int64), kind, points, codes,
    )  # fmt: skip
    return raw.take(keep), counts, names


def _rows(series: pd.Series, rows: Array) -> pd.Series:
    return series.reset_index(drop=True).take(rows).reset_index(drop=True)


def _take(value: Any, rows: Array) -> Any:
    if isinstance(value, pd.Series):
        return value.take(rows).reset_index(drop=True)
    return None if value is None else value[rows]


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
    if np.abs(whole.astype(np.float64)).sum() >= _MOST:
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
    counts["repeats of an event"] = 0
    if not len(raw.ids):
        return raw
    codes = read_ids(raw.ids, "event_id")
    code = codes.code
    first = codes.first_rows(np.arange(codes.n))
    first_of = first[code]
    again = first_of != np.arange(len(code))
    if not again.any():
        return raw
    here, there = np.flatnonzero(again), first_of[again]
    who, lot = read_ids(raw.names, "customer_id").code, _lot_codes(raw)
    differ = np.zeros(len(here), dtype=bool)
    for values in (who, raw.day, raw.kind, raw.points, lot, raw.reason):
        differ |= False if values is None else values[here] != values[there]
    if differ.any():
        raise DataError(
            "Rows with one event id say different things: "
            f"{len(np.unique(code[here[differ]])):,} ids, "
            f"in {int(differ.sum()):,} rows that differ from another of that id.",
            hint="an event keeps its customer, day, kind, points and lot; give a correction an id "
            "of its own.",
        )
    counts["repeats of an event"] = len(here)
    return raw.take(np.flatnonzero(~again))


def _lot_codes(raw: _Raw) -> Array:
    """Return a code of the lot that reversals name; -1 for other rows."""
    code = np.full(len(raw.kind), -1, dtype=np.int64)
    rows = np.flatnonzero(raw.kind == REVERSE)
    if len(rows):
        code[rows] = read_ids(_rows(raw.lots, rows), "lot").code
    return code


def _lots(raw: _Raw) -> Array:
    """Return the place of the earning that each reversal names; -1 for other rows and unknown."""
    lot = np.full(len(raw.kind), -1, dtype=np.int64)
    rows, earn = np.flatnonzero(raw.kind == REVERSE), np.flatnonzero(raw.kind == EARN)
    if len(rows) and len(earn):
        named = keys(_rows(raw.lots, rows))
        # Few lots are named, so these are hashed and the many earnings looked up among them.
        distinct = named.unique()
        found = distinct.get_indexer(keys(_rows(raw.ids, earn)))
        place = np.full(len(distinct) + 1, -1, dtype=np.int64)
        place[found[found >= 0]] = earn[found >= 0]
        lot[rows] = place[distinct.get_indexer(named)]
    return lot


def _ranked(series: pd.Series, name: str) -> tuple[Array, pd.Series]:
    """Return each row's place among the distinct ids, and these, ascending."""
    codes = read_ids(series, name)
    if not len(series):
        return np.zeros(0, np.int64), series
    used = np.flatnonzero(np.bincount(codes.code, minlength=codes.n))
    ids = series.take(codes.first_rows(used)).reset_index(drop=True)
    if codes.low is not None:
        order = np.arange(len(used))
    elif codes.rank is not None:
        order = np.argsort(codes.rank[used])
    else:
        order = _text_order(ids)
    place = np.zeros(codes.n, dtype=np.int64)
    place[used[order]] = np.arange(len(used))
    return place[codes.code], ids.take(order).reset_index(drop=True)


def _text_order(ids: pd.Series) -> Array:
    try:
        return ids.astype(object).sort_values().index.to_numpy()
    except TypeError:  # ids of several types
        texts = [(type(v).__name__, str(v)) for v in ids]
        return np.array(sorted(range(len(texts)), key=texts.__getitem__), dtype=np.int64)


def _order(customer: Array, raw: _Raw, name: str) -> Array:
    """Return the order by customer, day, kind and event id; ids are compared only in ties."""
    if not len(customer):
        return np.zeros(0, np.int64)
    days = raw.day - raw.day.min()
    key = (customer * (int(days.max()) + 1) + days) * (REDEEM + 1) + raw.kind
    order = np.argsort(key, kind="stable")
    sorted_key = key[order]
    same = sorted_key[1:] == sorted_key[:-1]
    tied = np.flatnonzero(np.append(same, False) | np.append(False, same))
    if len(tied):
        rows = order[tied]
        rank, _ = _ranked(_rows(raw.ids, rows), name)
        order[tied] = rows[np.lexsort((rank, key[rows]))]
    return order
