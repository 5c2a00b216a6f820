"""Reading the columns of a points ledger: checked, as numbers, a row each."""

from typing import Any

import attrs
import numpy as np
import pandas as pd

from layerwise import frames, vectors
from layerwise.errors import ColumnsError, DataError, problems
from layerwise.membership._event_ids import EventIds, read_event_ids
from layerwise.membership._queue import REVERSE
from layerwise.orders.dates import read_times
from layerwise.orders.ids import Codes, read_ids
from layerwise.orders.request import make_request, moment
from layerwise.orders.table import column
from layerwise.vectors import Array, Labels

KINDS = ("earn", "reverse", "redeem")
WHAT = "the points ledger"
_MOST = 2**53


@attrs.frozen(eq=False)
class Ledger:
    """The rows of a ledger but those of expiries, as numbers.

    Attributes:
        event: Ids of the events and of the lots that reversals name.
        customer: Codes of the customers' ids.
        customers: The customers' ids themselves.
        day: Days since 1970-01-01.
        kind: Place in KINDS.
        points: Whole numbers above 0.
        reason: What an earning was for, as codes; None if nothing asks for it.
        reasons: The names of the codes.
        counts: Rows of the input by what became of them.
        last: The last day that counts, as as_of says.
    """

    event: EventIds
    customer: Codes
    customers: pd.Series
    day: Array
    kind: Array
    points: Array
    reason: Array | None
    reasons: tuple[str, ...]
    counts: dict[str, int]
    last: int


def read_ledger(
    frame: Any, as_of: Any, columns: dict[str, str], reason: str | None, **reading: Any
) -> Ledger:
    """Return the rows of a wrapped frame, checked.

    Raises:
        ColumnsError: A column is of the wrong kind.
        DataError: Ids, times, kinds or points cannot be used.
        SpecError: as_of is no date.
    """
    native = frame.to_native()
    request = make_request(customer=columns["customer"], time=columns["time"], **reading)
    kind, rows = _kinds(frame, columns["kind"])
    n = len(kind)
    if rows is not None:
        kind = kind[rows]
    back = np.flatnonzero(kind == REVERSE)
    has_lots = columns["lot"] in frames.column_names(frame)
    lots = column(native, columns["lot"]) if has_lots else pd.Series([None] * n)
    event = read_event_ids(
        _rows(column(native, columns["event"]), rows),
        _rows(lots, back if rows is None else rows[back]),
        back, columns["event"], columns["lot"],
    )  # fmt: skip
    customers = _rows(column(native, columns["customer"]), rows)
    customer = read_ids(customers, columns["customer"]) if len(kind) else _NO_CODES
    times = read_times(_rows(column(native, columns["time"]), rows), request)
    last = moment(as_of, name="as_of", request=request, aware=times.aware)
    points, wrong = _points(frame, columns["points"], rows)
    wrong |= {
        "rows without a time": _count(times.missing),
        "rows with a kind that is not earn, redeem, reverse or expire": int((kind < 0).sum()),
        f"rows without {columns['event']}": event.missing,
        f"rows without {columns['customer']}": _count(customer.missing),
        "reversals that name no lot": event.lots_missing,
    }
    _refuse(wrong, len(kind))
    counts = {"rows": n, "expire rows, which are worked out anew": n - len(kind)}
    codes, names = _reasons(frame, reason, rows)
    return Ledger(
        event, customer, customers, times.number, kind, points, codes, names, counts, last
    )


_NO_CODES = Codes(np.zeros(0, dtype=np.int32), 0, None, None)


def _count(missing: Array | None) -> int:
    return 0 if missing is None else int(missing.sum())


def _rows(series: pd.Series, rows: Array | None) -> pd.Series:
    """Return some rows of a column (None: all), numbered anew."""
    return (series if rows is None else series.take(rows)).reset_index(drop=True)


def _kinds(frame: Any, name: str) -> tuple[Array, Array | None]:
    """Return each row's place in KINDS (-1: none of them), and the rows that are no expiries.

    None stands for all rows.
    """
    found = vectors.read(frame, [name], what=WHAT)[name]
    if not isinstance(found, Labels):
        if len(found) and not np.isnan(found).all():
            raise ColumnsError(
                f"Column {name} holds numbers; earn, redeem, reverse or expire are needed.",
                hint='name the column: kind="...".',
            )
        found = Labels(np.full(len(found), -1), ())
    place = [KINDS.index(n) if n in KINDS else -1 for n in found.names]
    kind = np.array([*place, -1], dtype=np.int8)[found.codes]
    if "expire" not in found.names:
        return kind, None
    return kind, np.flatnonzero(found.codes != found.names.index("expire"))


def _points(frame: Any, name: str, rows: Array | None) -> tuple[Array, dict[str, int]]:
    found = vectors.read(frame, [name], what=WHAT)[name]
    if isinstance(found, Labels) and len(found.names):
        raise ColumnsError(f"Column {name} holds text, not points.", hint="points are numbers.")
    values = np.asarray(found.numbers() if isinstance(found, Labels) else found)
    if rows is not None:
        values = values[rows]
    bad = ~(values > 0)
    if values.dtype.kind == "f":
        bad |= ~np.isfinite(values) | (values != np.rint(values))
    whole = np.where(bad, 0, values) if bad.any() else values
    if whole.sum(dtype=np.float64) >= _MOST:
        raise DataError(
            f"{name} adds up to 2**53 or more over {len(values):,} rows.",
            hint="check the column for amounts that are far too large.",
        )
    text = f"rows whose {name} is not a whole number above 0"
    return whole.astype(np.int64, copy=False), {text: int(bad.sum())}


def _reasons(
    frame: Any, name: str | None, rows: Array | None
) -> tuple[Array | None, tuple[str, ...]]:
    if name is None:
        return None, ()
    found = vectors.read(frame, [name], what=WHAT)[name]
    if not isinstance(found, Labels):
        if len(found) and not np.isnan(found).all():
            raise ColumnsError(f"Column {name} holds numbers, not reasons.", hint="use text.")
        return np.full(len(found) if rows is None else len(rows), -1), ()
    codes = found.codes if rows is None else found.codes[rows]
    return codes, tuple(map(str, found.names))


def _refuse(wrong: dict[str, int], n: int) -> None:
    lines = [f"{text}: {count:,} of {n:,}" for text, count in wrong.items() if count]
    if lines:
        raise DataError(
            problems("The points ledger cannot be used:", lines),
            hint="a row needs event_id, customer_id, ts, kind and points (an order that earned "
            "none has no row, and kinds of other names are mapped to these); correct them at the "
            "source, as points are a promise.",
        )
