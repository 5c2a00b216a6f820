"""The gates before any analysis: consent, needed columns, retention, erasure."""

import warnings
from collections.abc import Iterable, Mapping
from numbers import Real
from typing import Any

import attrs
import numpy as np
import pandas as pd

from layerwise import arguments, frames
from layerwise.columns import CUSTOMER
from layerwise.errors import DataError, RowsLeftOutWarning, SpecError, problems
from layerwise.logs import UNKNOWN, Roster, keys, places
from layerwise.orders.dates import read_times
from layerwise.orders.ids import read_ids
from layerwise.orders.request import make_request, moment
from layerwise.orders.table import column
from layerwise.privacy.normal import as_series
from layerwise.privacy.pseudonyms import check_purpose
from layerwise.vectors import Array, take_rows


@attrs.frozen(eq=False)
class Gated:
    """What passed a gate.

    Attributes:
        table: The rows that passed, in the table's own kind and order.
        counts: How many rows came, passed ("kept") and did not, by reason.
    """

    table: Any = attrs.field(repr=False)
    counts: Mapping[str, int]


def consent(
    rows: Any,
    consents: object,
    *,
    as_of: Any,
    purpose: str,
    customer: str = CUSTOMER,
    time_format: str | None = None,
    tz: str | None = None,
) -> Gated:
    """Return the rows of customers who have consented to the purpose, as of a day.

    Who is not named has not consented. A customer has, if some consent to exactly this purpose was
    granted by `as_of`, was not withdrawn by then, and no consent to it was withdrawn on the day it
    was granted or later. So a new consent counts after a withdrawal, and an older one that stands
    beside a withdrawn one does not. A consent without a day of granting is none; what is dated
    after `as_of` is not read.

    Args:
        rows: A frame in memory with a column of customers.
        consents: One row a consent: the customer, `purpose`, `granted_at`, and `withdrawn_at`
            (missing where it stands).
        as_of: The day that counts, a date or ISO text.
        purpose: The purpose of the run, as the consents call it.
        customer: The column of customers, in both tables.
        time_format: As in `layerwise.summarize`.
        tz: As in `layerwise.summarize`.

    Raises:
        ColumnsError: A column is missing or of the wrong kind.
        DataError: Dates cannot be read, or the ids of the tables are of different types.
        SpecError: The purpose is blank or the day is none.

    Warns:
        RowsLeftOutWarning: With counts, if rows did not pass.

    >>> consents = pd.DataFrame(
    ...     {
    ...         "customer_id": [1, 2],
    ...         "purpose": ["churn", "churn"],
    ...         "granted_at": ["2024-01-05", "2024-01-05"],
    ...         "withdrawn_at": [None, "2024-03-01"],
    ...     }
    ... )
    >>> orders = pd.DataFrame({"customer_id": [1, 2, 3], "amount": [5.0, 6.0, 7.0]})
    >>> with warnings.catch_warnings():  # the rows left out are told
    ...     warnings.simplefilter("ignore", RowsLeftOutWarning)
    ...     passed = consent(orders, consents, as_of="2024-06-30", purpose="churn")
    >>> passed.table["customer_id"].tolist(), passed.counts["not consented"]
    ([1], 1)
    """
    frame = eager(rows, "the table")
    reading = {"as_of": as_of, "time_format": time_format, "tz": tz}
    reasons = no_consent(frame, consents, purpose=purpose, customer=customer, reading=reading)
    return passed(frame, reasons, "the consent gate")


def no_consent(
    frame: Any, consents: object, *, purpose: str, customer: str, reading: Mapping[str, Any]
) -> dict[str, Array]:
    """Return why rows of a wrapped frame do not pass `consent`: reason -> which.

    Raises:
        LayerwiseError: As `consent` does.
    """
    check_purpose(purpose)
    ids, codes = customers_of(frame, customer, "The table")
    state = _consented(consents, ids, purpose=purpose, customer=customer, reading=reading)
    of_row = np.append(state, _NOBODY)[codes]
    return {
        "without a customer": of_row == _NOBODY,
        "withdrawn": of_row == _WITHDRAWN,
        "not consented": of_row == _NEVER,
    }


_NEVER, _WITHDRAWN, _GIVEN, _NOBODY = range(4)


def _consented(
    consents: object,
    ids: Roster,
    *,
    purpose: str,
    customer: str,
    reading: Mapping[str, Any],
) -> Array:
    """Return the state of each customer of the roster."""
    table = eager(consents, "the consent table")
    needed = (customer, "purpose", "granted_at", "withdrawn_at")
    arguments.require(
        frames.column_names(table),
        dict.fromkeys(needed, "consent"),
        title="The consent table lacks columns:",
        hint=(
            'one row a consent: consents.rename(columns={"your_column": "granted_at"}); '
            "withdrawn_at is empty where the consent stands."
        ),
    )
    native = table.to_native()
    who = _known_places(column(native, customer), customer, ids, "The consent table")
    mine = (who >= 0) & _is_purpose(column(native, "purpose"), purpose)
    who = who[mine]
    days = [
        _days(column(native, name), name, **reading)[mine]
        for name in ("granted_at", "withdrawn_at")
    ]
    granted, withdrawn = days
    last = np.full(len(ids), -np.inf)
    np.maximum.at(last, who, withdrawn)
    stands = np.isinf(withdrawn) & (granted > last[who])
    state = np.where(np.isinf(last), _NEVER, _WITHDRAWN)
    state[who[stands]] = _GIVEN
    return state


def _is_purpose(series: pd.Series, purpose: str) -> Array:
    cells = series.tolist()
    return np.array([isinstance(cell, str) and cell == purpose for cell in cells], dtype=bool)


def _days(
    series: pd.Series, name: str, as_of: Any, time_format: str | None, tz: str | None
) -> Array:
    """Return days up to as_of; -inf where there is none, or a later one."""
    request = make_request(time=name, customer=f"not {name}", time_format=time_format, tz=tz)
    if not len(series) or series.isna().all():
        moment(as_of, name="as_of", request=request, aware=False)
        return np.full(len(series), -np.inf)
    times = read_times(series.reset_index(drop=True), request)
    last = moment(as_of, name="as_of", request=request, aware=times.aware)
    days = times.number.astype(np.float64)
    if times.missing is not None:
        days[times.missing] = -np.inf
    days[days > last] = -np.inf
    return days


def minimise(table: Any, needs: Iterable[Any], *, also: Iterable[str] = ()) -> Any:
    """Return the table, in its own kind, with only the columns that are needed.

    Columns keep the order of the table. What is not needed is left out by request, so nothing is
    told about it.

    Args:
        table: A frame.
        needs: Names of columns, or specs and fitted objects that name their own in `needs`.
        also: Further names.

    Raises:
        ColumnsError: With all needed columns that are missing.
        SpecError: Something is neither a name nor says what it needs.

    >>> orders = pd.DataFrame({"customer_id": [1], "amount": [5.0], "phone": ["..."]})
    >>> minimise(orders, ["customer_id", "amount"]).columns.tolist()
    ['customer_id', 'amount']
    """
    wanted = _wanted(needs, also)
    frame = frames.wrap(table, what="the table")
    names = frames.column_names(frame)
    arguments.require(names, wanted, title="The table lacks needed columns:")
    kept = [name for name in names if name in wanted]
    native = frame.to_native()
    return native[kept] if isinstance(native, pd.DataFrame) else frame.select(kept).to_native()


def _wanted(needs: Iterable[Any], also: Iterable[str]) -> dict[str, str]:
    wanted: dict[str, str] = {}
    for need in [*arguments.several(needs), *arguments.several(also)]:
        if isinstance(need, str):
            wanted[need] = "needs="
        elif hasattr(need, "needs"):
            found = need.needs("layer") if callable(need.needs) else need.needs
            wanted |= dict.fromkeys(found, type(need).__name__)
        else:
            raise SpecError(
                f"A {type(need).__name__} neither names a column nor says what it needs.",
                hint='needs=["customer_id", "amount"], or a layer such as RFM().',
            )
    return wanted


def retain(
    table: Any,
    *,
    as_of: Any,
    retention_days: float,
    time: str,
    time_format: str | None = None,
    tz: str | None = None,
) -> Gated:
    """Return the rows that are not older than may be kept.

    A row stays if it is at most `retention_days` days before `as_of`. Rows dated later stay, too;
    what is not dated cannot be known to be young enough, so it goes.

    Args:
        table: A frame in memory.
        as_of: The day that counts.
        retention_days: How long rows may be kept, in days, 0 or more.
        time: The column of dates.
        time_format: As in `layerwise.summarize`.
        tz: As in `layerwise.summarize`.

    Raises:
        ColumnsError: The column is missing or holds no dates.
        DataError: Dates cannot be read.
        SpecError: The number of days is none.

    Warns:
        RowsLeftOutWarning: With counts, if rows went.

    >>> orders = pd.DataFrame({"ordered_at": ["2022-01-01", "2024-01-01"]})
    >>> with warnings.catch_warnings():  # the rows left out are told
    ...     warnings.simplefilter("ignore", RowsLeftOutWarning)
    ...     kept = retain(orders, as_of="2024-06-30", retention_days=730, time="ordered_at")
    >>> dict(kept.counts)
    {'rows': 2, 'without a date': 0, 'older than 730 days': 1, 'kept': 1}
    """
    frame = eager(table, "the table")
    reading = {"as_of": as_of, "time_format": time_format, "tz": tz}
    reasons = too_old(frame, retention_days=retention_days, time=time, reading=reading)
    return passed(frame, reasons, "the retention gate")


def too_old(
    frame: Any, *, retention_days: Any, time: str, reading: Mapping[str, Any]
) -> dict[str, Array]:
    """Return why rows of a wrapped frame do not pass `retain`: reason -> which.

    Raises:
        LayerwiseError: As `retain` does.
    """
    real = isinstance(retention_days, Real) and not isinstance(retention_days, bool | np.bool_)
    if not real or not 0 <= retention_days < np.inf:
        raise SpecError(
            "retention_days must be a number of days, 0 or more.",
            hint="retention_days=730 keeps two years.",
        )
    arguments.check_named({"time=": time})
    arguments.require(frames.column_names(frame), {time: "time="}, title="The table lacks columns:")
    series = column(frame.to_native(), time)
    choices = {name: value for name, value in reading.items() if name != "as_of"}
    request = make_request(time=time, customer=f"not {time}", **choices)
    if not len(series):
        return {}
    times = read_times(series.reset_index(drop=True), request)
    last = moment(reading["as_of"], name="as_of", request=request, aware=times.aware)
    none = np.zeros(len(series), dtype=bool) if times.missing is None else times.missing
    old = ~none & (times.number < last - retention_days)
    return {"without a date": none, f"older than {retention_days:g} days": old}


def erase(table: Any, ids: object, *, customer: str = CUSTOMER) -> Gated:
    """Return the rows that are not of customers who asked to be erased.

    Give the same list for every table that has customers; ids that a table does not have are no
    error. Rows without a customer stay.

    Args:
        table: A frame in memory.
        ids: A column or list of customers to erase, of the type of the table's ids.
        customer: The table's column of customers.

    Raises:
        ColumnsError: The column is missing or holds no ids.
        DataError: The ids are text and the table's numbers, or the other way round.

    Warns:
        RowsLeftOutWarning: With counts, if rows went.

    >>> orders = pd.DataFrame({"customer_id": ["a", "b", "a"]})
    >>> with warnings.catch_warnings():  # the rows left out are told
    ...     warnings.simplefilter("ignore", RowsLeftOutWarning)
    ...     kept = erase(orders, ["a", "c"])
    >>> dict(kept.counts)
    {'rows': 3, 'to be erased': 2, 'kept': 1}
    """
    frame = eager(table, "the table")
    return passed(frame, to_erase(frame, ids, customer=customer), "the erase gate")


def to_erase(frame: Any, ids: object, *, customer: str) -> dict[str, Array]:
    """Return which rows of a wrapped frame do not pass `erase`: reason -> which.

    Raises:
        LayerwiseError: As `erase` does.
    """
    roster, codes = customers_of(frame, customer, "The table")
    place = _known_places(as_series(ids), "ids", roster, "The erase list")
    gone = np.zeros(len(roster) + 1, dtype=bool)
    gone[place[place >= 0]] = True
    return {"to be erased": gone[codes]}


def eager(native: object, what: str) -> Any:
    """Return a frame in memory, wrapped; `what` is what messages call it."""
    frames.wrap(native, what=what)
    return frames.eager(native, doing=what[0].upper() + what[1:])


def customers_of(frame: Any, name: str, what: str) -> tuple[Roster, Array]:
    """Return the distinct customers of a table, and each row's place among them; -1 is none."""
    arguments.check_named({"customer=": name})
    arguments.require(
        frames.column_names(frame), {name: "customer="}, title=f"{what} lacks columns:"
    )
    series = column(frame.to_native(), name).reset_index(drop=True)
    read = read_ids(series, name)
    known = read.code if read.missing is None else read.code[~read.missing]
    used = np.flatnonzero(np.bincount(known, minlength=read.n)) if len(known) else known[:0]
    place = np.full(max(read.n, 1), -1, dtype=np.int64)
    place[used] = np.arange(len(used))
    codes: Array = place[read.code]
    if read.missing is not None:
        codes[read.missing] = -1
    ids = series.take(read.first_rows(used) if len(used) else []).reset_index(drop=True)
    return Roster(ids, keys(ids)), codes


def _known_places(series: pd.Series, name: str, roster: Roster, what: str) -> Array:
    """Return the place of each id in the roster; refuse ids of another type than the roster's.

    One id of another type is enough: the text "7" would let customer 7 pass unseen.
    """
    place = places(series, name, roster)
    strangers = _kinds(series.reset_index(drop=True)[place == UNKNOWN])
    ours = _kinds(roster.ids)
    if ours and (wrong := strangers - ours):
        raise DataError(
            f"{what} has ids of another type than the table: {' and '.join(sorted(wrong))} there, "
            f"{' and '.join(sorted(ours))} here.",
            hint="make both one type, e.g. with astype(str).",
        )
    return place


def _kinds(ids: pd.Series) -> set[str]:
    if not isinstance(ids.dtype, pd.CategoricalDtype) and ids.dtype.kind in "iuf":
        return {"numbers"} if len(ids) else set()
    return {"text" if isinstance(value, str) else "numbers" for value in ids.tolist()}


def _unmet(counts: Mapping[str, int]) -> bool:
    return not counts["kept"] and bool(counts.get("not consented"))


def passed(frame: Any, reasons: Mapping[str, Array], what: str) -> Gated:
    """Count each row under the first reason that applies to it, tell, and return the rest."""
    n = len(frame)
    keep, counts = np.ones(n, dtype=bool), {"rows": n}
    for reason, where in reasons.items():
        counts[reason] = int((keep & where).sum())
        keep &= ~where
    counts["kept"] = int(keep.sum())
    lines = [f"{counts[reason]:,} rows {reason}" for reason in reasons if counts[reason]]
    if lines:
        warnings.warn(
            problems(f"Rows left out by {what}, of {n:,}:", lines)
            + "\nHint: this is what the gate is for; check the counts"
            + (", and purpose=: it is read letter by letter." if _unmet(counts) else "."),
            RowsLeftOutWarning,
            stacklevel=3,
        )
    return Gated(take_rows(frame, np.flatnonzero(keep)), counts)
