"""The purchases of the customers of a table in the days before a date, as arrays."""

import warnings
from typing import Any

import attrs
import numpy as np
import pandas as pd

from layerwise import frames, odd_cells
from layerwise.columns import CENTURY
from layerwise.errors import ColumnsError, DataError, RowsLeftOutWarning, SpecError, problems
from layerwise.logs import Log, Roster, read_log
from layerwise.orders.amounts import Amounts, read_amounts, to_amounts
from layerwise.orders.dates import read_times
from layerwise.orders.request import make_request
from layerwise.orders.table import column
from layerwise.saved import fits
from layerwise.vectors import Array, Floats


@attrs.frozen(eq=False)
class Codes:
    """A column as places in its distinct values, sorted by their text; -1 is missing."""

    codes: Array
    names: tuple[str, ...]


@attrs.frozen(eq=False)
class Purchases:
    """The usable lines.

    Attributes:
        customer: Place of the customer in the table.
        customers: How many there are.
        day: Days since the first day of the window.
        days: Length of the window.
        amounts: Exact amounts, refunds negative; 1 a line where there are none.
        log: The log they come from, the same lines.
    """

    customer: Array
    customers: int
    day: Array
    days: int
    amounts: Amounts
    log: Log

    @property
    def bought(self) -> Array:
        """Which lines are no refunds."""
        bought: Array = self.amounts.value > 0
        return bought

    def codes(self, name: str) -> Codes:
        """Return a column of names as codes; every distinct value is read once."""
        series = column(self.log.frame.to_native(), name)
        odd_cells.distinct(series, name)
        found, values = pd.factorize(series)
        texts = np.array([str(v) for v in values], dtype=object)
        if len(set(texts)) < len(texts):
            raise ColumnsError(
                f"{name} mixes numbers and texts that read the same.",
                hint="convert the column with astype(str) first.",
            )
        names, place = np.unique(texts, return_inverse=True) if len(texts) else (texts, found[:0])
        table = np.append(place, -1)
        return Codes(table[found[self.log.place]], tuple(map(str, names)))

    def numbers(self, name: str) -> Floats:
        """Return a column of numbers, missing as NaN."""
        series = column(self.log.frame.to_native(), name)
        if pd.api.types.is_bool_dtype(series.dtype) and series.dtype != object:
            return series.to_numpy(dtype=np.float64, na_value=np.nan)[self.log.place]
        values, _ = read_amounts(series, name)
        return np.asarray(values, dtype=np.float64)[self.log.place]

    def hours(self, request: dict[str, Any]) -> Array:
        """Return the hour of each line, 0 to 23."""
        reading = make_request(grain="hour", **request)
        times = read_times(column(self.log.frame.to_native(), reading.time), reading)
        hours: Array = times.number[self.log.place] % 24
        return hours


def read_purchases(
    orders: Any,
    roster: Roster,
    *,
    as_of: Any,
    amount: str | None,
    window_days: int,
    needs: list[str],
    without: str,
    reading: dict[str, Any],
) -> Purchases:
    """Return the lines of the window, with a notice of those that lack an amount."""
    if not fits(window_days, int) or not 1 <= window_days <= CENTURY:
        raise SpecError(
            f"window_days must be a whole number from 1 to {CENTURY:,}, got {window_days!r:.40}.",
            hint="window_days=365 looks back a year.",
        )
    wanted = [*needs, *([amount] if amount is not None else [])]
    log = read_log(
        orders,
        roster,
        what="the order log",
        as_of=as_of,
        needs=wanted,
        ignore_future=True,
        stacklevel=4,
        **reading,
    )
    last = last_day(as_of, reading)
    log = log.take(np.flatnonzero(log.day > last - window_days))
    values = np.ones(len(log))
    if amount is not None:
        given, _ = read_amounts(column(log.frame.to_native(), amount), amount)
        values = np.asarray(given, dtype=np.float64)[log.place]
        lacking = np.isnan(values)
        if lacking.any():
            _tell(int(lacking.sum()), len(values), without)
            log, values = log.take(np.flatnonzero(~lacking)), values[~lacking]
    if not len(log):
        raise DataError(
            f"No order line of these customers lies in the {window_days:,} days up to as_of.",
            hint="check as_of and window_days.",
        )
    day = log.day - (last - window_days + 1)
    return Purchases(log.customer, len(roster), day, window_days, to_amounts(values), log)


def last_day(as_of: Any, reading: dict[str, Any]) -> int:
    """Return the last day that counts."""
    from layerwise.orders.request import moment

    request = make_request(**reading)
    return int(moment(as_of, name="as_of", request=request, aware=True))


def _tell(lacking: int, of: int, without: str) -> None:
    warnings.warn(
        problems("Order lines left out:", [f"{lacking:,} of {of:,} lines without {without}"])
        + "\nHint: give every line an amount, or amount=None to count lines.",
        RowsLeftOutWarning,
        stacklevel=4,
    )


def distinct(*keys: tuple[Array, int]) -> tuple[Array, ...]:
    """Return the distinct combinations of codes, each given with how many there are."""
    packed = np.zeros(len(keys[0][0]), dtype=np.int64)
    for codes, size in keys:
        packed = packed * size + codes
    groups = np.unique(packed)
    return _unpacked(groups, keys)


def netted(amounts: Amounts, *keys: tuple[Array, int]) -> tuple[tuple[Array, ...], Floats]:
    """Return the combinations whose net amount is above zero, and that amount."""
    packed = np.zeros(len(keys[0][0]), dtype=np.int64)
    for codes, size in keys:
        packed = packed * size + codes
    groups, inverse = np.unique(packed, return_inverse=True)
    total = amounts.sum_by(inverse, len(groups))
    keep = total > 0
    scale = amounts.scale or 1
    return _unpacked(groups[keep], keys), np.asarray(total[keep] / scale, dtype=np.float64)


def _unpacked(groups: Array, keys: tuple[tuple[Array, int], ...]) -> tuple[Array, ...]:
    parts = []
    for _, size in reversed(keys):
        groups, part = np.divmod(groups, size)
        parts.append(part)
    return tuple(reversed(parts))


def eager_table(customers: Any) -> Any:
    """Return the customer table as narwhals sees it, in memory."""
    return frames.eager(customers, doing="customer_portraits")
