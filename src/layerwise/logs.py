"""Any dated log (events, messages, tickets, feedback, deliveries) as arrays beside the customers.

The ids of the customer table are the roster; a row of a log points at a place in it.
"""

import warnings
from collections.abc import Iterable
from typing import Any

import attrs
import narwhals.stable.v2 as nw
import numpy as np
import pandas as pd

from layerwise import arguments, frames, vectors
from layerwise.columns import CUSTOMER
from layerwise.errors import DataError, RowsLeftOutWarning, problems
from layerwise.orders.dates import read_clock, read_times
from layerwise.orders.facts import collect_row
from layerwise.orders.ids import read_ids
from layerwise.orders.reasons import absent, check_id_type
from layerwise.orders.request import make_request, moment
from layerwise.orders.table import column
from layerwise.vectors import Array, Column, Labels


@attrs.frozen(eq=False)
class Roster:
    """The customers of a table, each once, in the table's order.

    Attributes:
        ids: Their ids, as found.
        index: The same to look ids up in.
    """

    ids: pd.Series
    index: pd.Index

    def __len__(self) -> int:
        return len(self.ids)


@attrs.frozen(eq=False)
class Log:
    """The rows of a log that can be used, in the log's order.

    Attributes:
        customer: Place of the row's customer in the roster.
        day: Day of the row, as a number since 1970-01-01; int32.
        place: Place of the row in the log as it was given.
        frame: The log, wrapped.
        what: What messages call the log.
    """

    customer: Array
    day: Array
    place: Array
    frame: Any
    what: str

    def __len__(self) -> int:
        return len(self.day)

    def column(self, name: str) -> Column:
        """Return a column of the usable rows: numbers with NaN for missing, or `Labels`.

        Raises:
            ColumnsError: It is neither numbers nor text.
        """
        found = vectors.read(self.frame, [name], what=self.what)[name]
        if isinstance(found, Labels):
            return attrs.evolve(found, codes=found.codes[self.place])
        return found[self.place]

    def days(self, name: str, **reading: Any) -> Array:
        """Return another column of dates as days since 1970-01-01, missing as NaN.

        Args:
            name: The column.
            reading: `time_format` and `tz`, as for the log.
        """
        request = make_request(time=name, customer=f"not {name}", **reading)
        times = read_times(column(self.frame.to_native(), name), request)
        days = times.number.astype(np.float64)
        if times.missing is not None:
            days[times.missing] = np.nan
        return days[self.place]

    def clock(self, name: str, **reading: Any) -> Array:
        """Return a column of times as local microseconds since 1970-01-01, NaT where missing.

        Args:
            name: The column; the one of the log's own times orders events within a day.
            reading: `time_format` and `tz`, as for the log.
        """
        request = make_request(time=name, customer=f"not {name}", **reading)
        times: Array = read_clock(column(self.frame.to_native(), name), request)[self.place]
        return times

    def has(self, name: str) -> bool:
        """Say whether the log has a column."""
        return name in frames.column_names(self.frame)

    def take(self, rows: Array) -> "Log":
        """Return some of the rows, by a mask or by places."""
        return attrs.evolve(
            self, customer=self.customer[rows], day=self.day[rows], place=self.place[rows]
        )


def read_roster(
    customers: object, *, customer: str = CUSTOMER, what: str = "the customer table"
) -> Roster:
    """Return the customers of an eager table.

    Raises:
        ColumnsError: There is no such column, or it holds no ids.
        DataError: Ids are missing or stand twice.
        EngineError: The table is no dataframe in memory.
    """
    frame = _eager(customers, what)
    arguments.check_named({"customer=": customer})
    arguments.require(
        frames.column_names(frame), {customer: "customer="}, title=f"{_upper(what)} lacks columns:"
    )
    series = column(frame.to_native(), customer).reset_index(drop=True)
    codes = read_ids(series, customer)
    missing = 0 if codes.missing is None else int(codes.missing.sum())
    known = codes.code if codes.missing is None else codes.code[~codes.missing]
    again = len(known) - int(np.count_nonzero(np.bincount(known, minlength=1)))
    wrong = {"rows without an id": missing, "rows with an id that stands before": again}
    if any(wrong.values()):
        lines = [f"{text}: {n:,} of {len(series):,}" for text, n in wrong.items() if n]
        raise DataError(
            problems(f"{_upper(what)} does not have one row a customer.", lines),
            hint="summarize(orders, as_of=...) makes one row a customer.",
        )
    return Roster(series, keys(series))


def refuse_repeats(frame: Any, *, customer: str = CUSTOMER) -> None:
    """Refuse a wrapped frame in which a customer stands twice, if it has customers at all.

    Who is there twice would count twice.

    Raises:
        ColumnsError: The column holds no ids.
        DataError: With the number of rows.
    """
    if customer not in frames.column_names(frame):
        return
    again, n = (_repeats_in_engine if frames.is_lazy(frame) else _repeats)(frame, customer)
    if again:
        raise DataError(
            f"{again:,} of {n:,} rows have an id in {customer} that stands before.",
            hint="one row a customer: drop_duplicates, or the snapshot of one day.",
        )


def _repeats(frame: Any, customer: str) -> tuple[int, int]:
    """Return how many rows are of a customer who stands before, and how many there are."""
    codes = read_ids(column(frame.to_native(), customer), customer)
    known = codes.code if codes.missing is None else codes.code[~codes.missing]
    return len(known) - int(np.count_nonzero(np.bincount(known, minlength=1))), len(frame)


def _repeats_in_engine(frame: Any, customer: str) -> tuple[int, int]:
    """Return the same of a lazy frame, counted by its engine."""
    dtype = frame.collect_schema()[customer]
    check_id_type(customer, dtype)
    known = frame.filter(~absent(customer, dtype))
    counts = known.group_by(customer).agg(nw.len().alias("rows"))
    found = collect_row(counts.select(nw.len().alias("ids"), nw.col("rows").sum()))
    n = collect_row(frame.select(nw.len().alias("n")))["n"]
    return (int(found["rows"]) - int(found["ids"]) if found["ids"] else 0), int(n)


def read_log(
    log: object,
    roster: Roster,
    *,
    what: str,
    as_of: Any,
    customer: str = CUSTOMER,
    time: str = "ts",
    needs: Iterable[str] = (),
    ignore_future: bool = False,
    ignore_unknown: bool = False,
    time_format: str | None = None,
    tz: str | None = None,
    stacklevel: int = 3,
) -> Log:
    """Return the rows of a dated log that are of customers of the roster and not after `as_of`.

    Rows without a customer or a time, later than `as_of` and of customers whom the roster does not
    have are left out, with one notice that counts them. A log without rows is allowed: that nothing
    happened is a fact.

    Args:
        log: A frame in memory.
        roster: The customers; see `read_roster`.
        what: What messages call the log, such as "the event log".
        as_of: Last day that counts, a date or ISO text.
        customer: Its column of customer ids.
        time: Its column of dates or times.
        needs: Further columns that must be there.
        ignore_future: Rows after as_of are expected and not told.
        ignore_unknown: Rows of customers whom the roster does not have are expected and not told.
        time_format: As in `layerwise.summarize`.
        tz: As in `layerwise.summarize`.
        stacklevel: As in `warnings.warn`; 3 points at who called the caller.

    Raises:
        ColumnsError: A column is missing or of the wrong kind; all missing ones are named.
        DataError: Times cannot be read, or no row belongs to a customer of the roster (unless
            that is expected).
        EngineError: The log is no dataframe in memory.
        SpecError: A choice is not possible.
    """
    frame = _eager(log, what)
    arguments.check_named({"customer=": customer, "time=": time})
    roles = {customer: "customer=", time: "time="} | dict.fromkeys(needs, what)
    title = f"{_upper(what)} lacks columns:"
    found = frames.column_names(frame)
    lacking = [name for name in roles if name not in found]
    hint = _RENAME.format(name=lacking[-1]) if lacking else None
    arguments.require(found, roles, title=title, hint=hint)
    request = make_request(customer=customer, time=time, time_format=time_format, tz=tz)
    native = frame.to_native()
    if not len(frame):
        none = np.zeros(0, dtype=np.int64)
        return Log(none, none.astype(np.int32), none, frame, what)
    times = read_times(column(native, time), request)
    place = places(column(native, customer), customer, roster)
    last = moment(as_of, name="as_of", request=request, aware=times.aware)
    reasons = {
        "without a customer id": place == NO_ID,
        "without a time": np.zeros(len(place), bool) if times.missing is None else times.missing,
        _FUTURE: times.number > last,
        _STRANGE: place == UNKNOWN,
    }
    if not ignore_unknown and not (place >= 0).any() and (place == UNKNOWN).any():
        raise _strangers(column(native, customer), roster, what)
    untold = {_FUTURE: ignore_future, _STRANGE: ignore_unknown}
    keep = _usable(reasons, what, untold=untold, stacklevel=stacklevel + 1)
    rows = np.flatnonzero(keep)
    return Log(place[rows], times.number[rows], rows, frame, what)


UNKNOWN, NO_ID = -1, -2
"""What `places` gives for an id that the roster does not have, and for a missing id."""
_RENAME = (
    "rename the columns of the log to these, as in log.rename(columns={{"
    '"your_column": "{name}"}}); or name yours where the call asks, such as time="your_column".'
)
_FUTURE = "dated after as_of"
_STRANGE = "of customers whom the customer table does not have"


def places(series: pd.Series, name: str, roster: Roster) -> Array:
    """Return the place of each row's id in the roster; each distinct id is looked up once.

    It is -1 where the roster does not have the customer and -2 where there is no id.
    """
    series = series.reset_index(drop=True)
    codes = read_ids(series, name)
    known = codes.code if codes.missing is None else codes.code[~codes.missing]
    used = np.flatnonzero(np.bincount(known, minlength=codes.n)) if len(known) else known[:0]
    table = np.full(max(codes.n, 1), UNKNOWN, dtype=np.int64)
    table[used] = roster.index.get_indexer(keys(series.take(codes.first_rows(used))))
    place: Array = table[codes.code]
    if codes.missing is not None:
        place[codes.missing] = NO_ID
    return place


def _eager(native: object, what: str) -> Any:
    frames.wrap(native, what=what)
    return frames.eager(native, doing=what)


def _upper(what: str) -> str:
    return what[0].upper() + what[1:]


def keys(series: pd.Series) -> pd.Index:
    """Return ids such that 7, 7.0 and a categorical 7 are one key, and the text "7" another."""
    if isinstance(series.dtype, pd.CategoricalDtype) or series.dtype == object:
        series = pd.Series(series.to_list(), dtype=object)
        # Numbers only: pandas 3 cannot make its own texts of every text.
        if pd.api.types.infer_dtype(series) in ("integer", "floating", "mixed-integer-float"):
            series = series.infer_objects()
    if series.dtype.kind in "iuf" and not series.isna().any():
        values = series.to_numpy()
        if values.dtype != np.uint64 and values.dtype.kind != "O":
            return pd.Index(values.astype(np.int64))
    objects: Any = series.astype(object).to_numpy()
    index: pd.Index = pd.Index(objects, dtype="object")
    return index


def _usable(
    reasons: dict[str, Array], what: str, *, untold: dict[str, bool], stacklevel: int
) -> Array:
    """Count each row under the first reason that applies to it, tell, and return the rest."""
    n = len(next(iter(reasons.values())))
    keep, lines = np.ones(n, dtype=bool), []
    for text, where in reasons.items():
        count = int((keep & where).sum())
        keep &= ~where
        if count and not untold.get(text, False):
            lines.append(f"{count:,} rows {text}")
    if lines:
        warnings.warn(
            problems(f"Rows of {what} left out, of {n:,}:", lines)
            + "\nHint: they are not needed if this is expected; else check ids and dates.",
            RowsLeftOutWarning,
            stacklevel=stacklevel,
        )
    return keep


def _strangers(series: pd.Series, roster: Roster, what: str) -> DataError:
    theirs, ours = _kind(series), _kind(roster.ids)
    kinds = f" Ids are {theirs} there and {ours} here." if theirs != ours else ""
    return DataError(
        f"No row of {what} is of a customer of the customer table.{kinds}",
        hint="make the ids of both tables one type, e.g. with astype(str), and check that both are "
        "of one shop.",
    )


def _kind(series: pd.Series) -> str:
    return "whole numbers" if series.dtype.kind in "iuf" else "text"
