"""Order lines as arrays: who, on which day, which category, how much."""

from collections.abc import Hashable
from typing import Any

import attrs
import numpy as np
import pandas as pd

from layerwise import arguments, frames, odd_cells
from layerwise.errors import ColumnsError, DataError, problems
from layerwise.logs import keys
from layerwise.orders.amounts import Amounts, read_amounts, to_amounts
from layerwise.orders.counting import window_start
from layerwise.orders.dates import read_times
from layerwise.orders.ids import Codes, read_ids
from layerwise.orders.request import Request, make_request, moment
from layerwise.orders.table import column
from layerwise.vectors import Array


@attrs.frozen(kw_only=True)
class Choices:
    """The roles of the columns and the dates of one call."""

    as_of: Any
    customer: str
    time: str
    amount: str | None
    category: str
    item: str | None
    order: str | None
    window_days: int
    time_format: str | None
    tz: str | None

    def __attrs_post_init__(self) -> None:
        """Refuse roles that name no column."""
        needed = {"customer=": self.customer, "time=": self.time, "category=": self.category}
        optional = {"amount=": self.amount, "item=": self.item, "order=": self.order}
        arguments.check_named(needed, optional)

    @property
    def roles(self) -> dict[str, str]:
        """Role -> column, of the roles that were given."""
        roles = ("customer", "time", "amount", "category", "item", "order")
        return {role: name for role in roles if (name := getattr(self, role)) is not None}

    @property
    def request(self) -> Request:
        """The same choices as `summarize` has them."""
        return make_request(
            customer=self.customer,
            time=self.time,
            amount=self.amount,
            order=self.order,
            currency=None,
            grain="day",
            window_days=self.window_days,
            time_format=self.time_format,
            tz=self.tz,
            names="layerwise",
        )


@attrs.frozen(eq=False)
class Kinds:
    """A column of categories or items as codes into its sorted distinct values; -1 is missing."""

    codes: Array
    values: tuple[Any, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """The values as text."""
        return tuple(map(str, self.values))


@attrs.frozen(eq=False)
class Lines:
    """The usable order lines in the window.

    Attributes:
        customer: The customer's code.
        day: Days since the window began.
        amounts: Exact amounts; every line counts 1 without amount=.
        category: The category of each line.
        item: What tags speak of: the item, or the category again.
        customers: How many codes there are.
        places: For each row of the customer table its code, -1 without a line in the log.
        left_out: Reason -> lines that could not be used.
    """

    customer: Array
    day: Array
    amounts: Amounts
    category: Kinds
    item: Kinds
    customers: int
    places: Array
    left_out: dict[str, int]

    @property
    def days(self) -> int:
        """A number above every `day`."""
        return int(self.day.max()) + 1

    def net(self, *keys: tuple[Array, int], where: Any = None) -> tuple[tuple[Array, ...], Array]:
        """Return the distinct combinations of keys whose net amount is above zero, and that amount.

        Args:
            keys: Codes and how many there are; packed into one integer.
            where: Which lines.
        """
        packed = np.zeros(len(self.day), dtype=np.int64)
        for codes, size in keys:
            packed = packed * size + codes
        amounts = self.amounts
        if where is not None:
            packed, amounts = packed[where], amounts.take(where)
        groups, inverse = np.unique(packed, return_inverse=True)
        total = amounts.sum_by(inverse, len(groups))
        groups, total = groups[total > 0], total[total > 0]
        parts = []
        for _, size in reversed(keys):
            groups, part = np.divmod(groups, size)
            parts.append(part)
        return tuple(reversed(parts)), total


def read_lines(orders: Any, choices: Choices, ids: Any = None) -> Lines:
    """Return the usable lines of any frame; of a lazy one only the named columns are collected.

    Args:
        orders: The order log.
        choices: What its columns are.
        ids: The customer table's ids, a pandas Series.
    """
    request = choices.request
    frame = frames.wrap(orders, what="the order log")
    _require(frames.column_names(frame), choices)
    frame = frames.collect(frame, dict.fromkeys(choices.roles.values())).to_native()
    if not len(frame):
        raise DataError("The order log has no rows.", hint="check the filter or file it is from.")
    times = read_times(column(frame, choices.time), request)
    customers = read_ids(column(frame, choices.customer), choices.customer)
    values, no_amount = _amounts(frame, choices)
    order = None if choices.order is None else read_ids(column(frame, choices.order), choices.order)
    category = _kinds(column(frame, choices.category), choices.category)
    item = category if choices.item is None else _kinds(column(frame, choices.item), choices.item)
    keep, left_out = _usable(
        len(frame),
        {
            "a customer id": customers.missing,
            "an order id": None if order is None else order.missing,
            "a time": times.missing,
            "an amount": no_amount,
            "a category": category.codes < 0,
        },
    )
    last = moment(choices.as_of, name="as_of", request=request, aware=times.aware)
    first = window_start(last, choices.window_days, "day")
    keep &= times.number <= last
    day = times.number if order is None else _order_days(customers, order, times.number, keep)
    keep &= day >= first
    if not keep.any():
        raise DataError(
            f"No usable order line lies in the {choices.window_days} days up to as_of.",
            hint="check as_of, window_days and the column of categories.",
        )
    return Lines(
        customer=customers.code[keep],
        day=day[keep] - first,
        amounts=to_amounts(values[keep]),
        category=attrs.evolve(category, codes=category.codes[keep]),
        item=attrs.evolve(item, codes=item.codes[keep]),
        customers=customers.n,
        places=_places(customers, column(frame, choices.customer), ids),
        left_out=left_out,
    )


def _order_days(customers: Codes, order: Codes, day: Array, keep: Array) -> Array:
    """Return for each usable line the day of the earliest line of its order."""
    packed = customers.code.astype(np.int64) * order.n + order.code
    _, group = np.unique(packed[keep], return_inverse=True)
    earliest = np.full(len(group), np.iinfo(np.int64).max)
    np.minimum.at(earliest, group, day[keep])
    found: Array = np.array(day, dtype=np.int64)
    found[keep] = earliest[group]
    return found


def _require(found: list[str], choices: Choices) -> None:
    lacking = {role: name for role, name in choices.roles.items() if name not in found}
    if lacking:
        lines = [f"{name}   ({role}=)" for role, name in lacking.items()]
        shown = ", ".join(found[:30]) + (", ..." if len(found) > 30 else "")
        raise ColumnsError(
            f"{problems('The order log lacks columns:', lines)}\nFound: {shown or 'no columns'}.",
            hint='name the columns you have, e.g. category="department".',
        )


def _amounts(frame: Any, choices: Choices) -> tuple[Array, Array | None]:
    if choices.amount is None:
        return np.ones(len(frame)), None
    return read_amounts(column(frame, choices.amount), choices.amount)


def _kinds(series: pd.Series, name: Hashable) -> Kinds:
    """Return a column as codes into its distinct values, sorted by their text."""
    odd_cells.distinct(series, name)
    codes, found = pd.factorize(series)
    values = list(found)
    texts = list(map(str, values))
    if len(set(texts)) < len(texts):
        raise ColumnsError(
            f"{name} mixes numbers and texts that read the same.",
            hint="convert the column with astype(str) first.",
        )
    order = sorted(range(len(texts)), key=texts.__getitem__)
    rank = np.empty(len(order) + 1, dtype=np.int64)
    rank[order] = np.arange(len(order))
    rank[-1] = -1
    return Kinds(rank[codes], tuple(values[i] for i in order))


def _usable(n: int, missing: dict[str, Array | None]) -> tuple[Array, dict[str, int]]:
    """Count each line under the first thing it lacks."""
    keep = np.ones(n, dtype=bool)
    counts = {}
    for reason, mask in missing.items():
        if mask is not None and (count := int((keep & mask).sum())):
            counts[reason] = count
            keep &= ~mask
    return keep, counts


def _places(codes: Codes, series: pd.Series, ids: pd.Series | None) -> Array:
    """Return the code of each wanted id, -1 where the log does not have it."""
    if ids is None:
        return np.empty(0, dtype=np.int64)
    there = codes.code if codes.missing is None else codes.code[~codes.missing]
    used = np.flatnonzero(np.bincount(there, minlength=1))
    known = keys(series.take(codes.first_rows(used)))
    missing = read_ids(ids, "The column of ids of the customer table").missing
    found = known.get_indexer(keys(ids))
    if missing is not None:
        found[missing] = -1
    places: Array = np.append(used, -1)[found]
    if len(ids) and (places < 0).all():
        raise DataError(
            "None of the customers' ids stands in the order log.",
            hint="both must be of one type (7 is not '7'); check customer=.",
        )
    return places
