"""The logs that early warning reads: each read once, its columns once, nothing after as_of."""

import warnings
from collections.abc import Iterable, Mapping
from typing import Any

import attrs
import numpy as np

from layerwise import frames, vectors
from layerwise.columns import AGE
from layerwise.errors import LogEndsEarlyWarning
from layerwise.logs import Log, Roster, read_log, read_roster
from layerwise.models.model import FittedModel
from layerwise.orders.dates import read_times
from layerwise.orders.request import make_request, moment
from layerwise.orders.table import column
from layerwise.rules.base import numbers
from layerwise.vectors import Array, Column, Floats, Labels

KINDS: Mapping[str, tuple[str, str, tuple[str, ...]]] = {
    "orders": ("the order log", "ordered_at", ()),
    "events": ("the event log", "ts", ("event_type",)),
    "messages": ("the message log", "sent_at", ()),
    "tickets": ("the ticket log", "opened_at", ()),
    "feedback": ("the feedback log", "ts", ()),
    "deliveries": ("the delivery log", "promised_at", ("delivered_at",)),
    "consent": ("the consent log", "withdrawn_at", ()),
}
"""Log -> what messages call it, its column of times, and further columns it must have."""

# Logs in which days without any row are rare, and how many of them are let pass.
_FREQUENT, _PATIENCE = ("events", "messages"), 30


@attrs.frozen(eq=False, kw_only=True)
class Inputs:
    """Everything the rules read.

    Args:
        roster: The customers.
        customers: Their table, wrapped.
        today: as_of as a day number since 1970-01-01.
        logs: Name -> log, of those that were given.
        prices: The price list, wrapped, or None.
        model: The purchase model of the silence, or None.
        reading: `time_format` and `tz`, for further columns of dates.
    """

    roster: Roster
    customers: Any
    today: int
    logs: Mapping[str, Log]
    prices: Any
    model: FittedModel | None
    reading: Mapping[str, Any]
    _read: dict[tuple[str, ...], Any] = attrs.field(factory=dict, init=False)

    @property
    def n(self) -> int:
        """How many customers there are."""
        return len(self.roster)

    def column(self, log: str, name: str) -> Column:
        """Return a column of a log: numbers, or labels."""
        found: Column = self._once(("column", log, name), lambda: self.logs[log].column(name))
        return found

    def labels(self, log: str, name: str) -> Labels:
        """Return a column of a log as labels, numbers becoming text."""
        found = self.column(log, name)
        if isinstance(found, Labels):
            return found
        values, codes = np.unique(found, return_inverse=True)
        codes = np.where(np.isnan(found), -1, codes)
        return Labels(codes, tuple(f"{v:g}" for v in values), column=name)

    def days(self, log: str, name: str) -> Floats:
        """Return a column of dates as day numbers, missing and later than today as NaN."""

        def read() -> Floats:
            found = self.logs[log].days(name, **self.reading)
            return np.where(found <= self.today, found, np.nan)

        return np.asarray(self._once(("days", log, name), read))

    def of_type(self, log: str, types: Iterable[str]) -> Array:
        """Return which rows of a log are of one of the event types; all without any."""
        wanted = tuple(types)
        if not wanted:
            return np.ones(len(self.logs[log]), dtype=bool)
        return among(self.labels(log, "event_type"), lambda name: name in wanted)

    def window(self, log: str, days: int, before: int = 0) -> Array:
        """Return which rows fall in the `days` days that end `before` days before today."""
        day = self.logs[log].day
        end = self.today - before
        return (day > end - days) & (day <= end)

    def count(self, log: str, rows: Array, weights: Array | None = None) -> Floats:
        """Return the number, or the sum of weights, of the rows by customer."""
        who = self.logs[log].customer[rows]
        each = None if weights is None else weights[rows]
        return np.bincount(who, each, self.n).astype(np.float64)

    def earliest(self, log: str, rows: Array, day: Array | None = None) -> Floats:
        """Return the first day of the rows by customer, NaN without any."""
        source = self.logs[log]
        first = np.full(self.n, np.inf)
        np.minimum.at(first, source.customer[rows], (source.day if day is None else day)[rows])
        return np.where(np.isinf(first), np.nan, first)

    def first_seen(self, log: str) -> Floats:
        """Return the first day of each customer: of the first order, where known, or in the log."""

        def look() -> Floats:
            seen = self.earliest(log, np.ones(len(self.logs[log]), dtype=bool))
            if AGE in frames.column_names(self.customers):
                age = numbers(vectors.read(self.customers, [AGE])[AGE])
                seen = np.fmin(seen, self.today - age)
            return seen

        return np.asarray(self._once(("first", log), look))

    def _once(self, key: tuple[str, ...], make: Any) -> Any:
        if key not in self._read:
            self._read[key] = make()
        return self._read[key]


def among(labels: Labels, wanted: Any) -> Array:
    """Return which rows have a label for which `wanted(name)` holds; missing ones have not."""
    table = np.array([*(bool(wanted(name)) for name in labels.names), False])
    found: Array = table[labels.codes]
    return found


def read_inputs(
    customers: object,
    given: Mapping[str, object],
    *,
    prices: object,
    as_of: Any,
    customer: str,
    model: FittedModel | None,
    quiet: bool,
    stacklevel: int,
    **reading: Any,
) -> Inputs:
    """Read the customer table and every log that was given.

    Raises:
        LayerwiseError: As `read_roster` and `read_log` say.
    """
    roster = read_roster(customers, customer=customer)
    logs = {}
    for name, log in given.items():  # a comprehension is a frame of its own before Python 3.12
        if log is None:
            continue
        what, time, needs = KINDS[name]
        logs[name] = read_log(
            log,
            roster,
            what=what,
            time=time,
            needs=needs,
            as_of=as_of,
            customer=customer,
            ignore_future=quiet or name == "deliveries",
            ignore_unknown=quiet,
            stacklevel=stacklevel + 1,
            **reading,
        )
    today = moment(as_of, name="as_of", request=make_request(**reading), aware=True)
    for name in _FREQUENT:
        _warn_if_ended(logs.get(name), today, stacklevel=stacklevel + 1)
    return Inputs(
        roster=roster,
        customers=frames.wrap(customers),
        today=today,
        logs=logs,
        prices=None if prices is None else frames.eager(prices, doing="the price list"),
        model=model,
        reading=reading,
    )


def _warn_if_ended(log: Log | None, today: int, *, stacklevel: int) -> None:
    """Tell of a log that ends long before as_of: that nothing came since may not be observed."""
    if log is None or not len(log) or (early := today - int(log.day.max())) <= _PATIENCE:
        return
    warnings.warn(
        f"The last row of {log.what} lies {early:,} days before as_of: what came since is not "
        "observed, or nobody did anything.\nHint: take the date of the last row as as_of.",
        LogEndsEarlyWarning,
        stacklevel=stacklevel,
    )


def dates(frame: Any, name: str, **reading: Any) -> Floats:
    """Return a column of dates of a wrapped frame as day numbers, missing as NaN."""
    request = make_request(time=name, customer=f"not {name}", **reading)
    times = read_times(column(frame.to_native(), name), request)
    days = times.number.astype(np.float64)
    if times.missing is not None:
        days[times.missing] = np.nan
    return days
