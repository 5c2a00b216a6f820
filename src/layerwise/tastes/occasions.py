"""How often, and when first and last, each customer bought of each category."""

import warnings
from typing import Any

import attrs
import narwhals.stable.v2 as nw
import numpy as np
import pandas as pd

from layerwise import arguments, frames, vectors
from layerwise.baskets.lines import Choices, Lines, read_lines
from layerwise.columns import CUSTOMER
from layerwise.errors import DataError, RowsLeftOutWarning, SpecError, problems
from layerwise.logs import refuse_repeats
from layerwise.orders.table import column
from layerwise.saved import fits
from layerwise.vectors import Array, Columns, Floats

LONGEST = 3_660_000
"""Days that a window has at most: all that calendars know."""


@attrs.frozen(eq=False)
class Occasions:
    """Days on which customers of the log bought of a category, a row a customer and category.

    Attributes:
        customer: The customer's code in the log.
        category: The category, 0 for the one with the most customers.
        count: Days with a purchase.
        first: Day of the first, counted since the window began.
        last: Day of the last.
        names: The categories; by customers, equal ones by name.
        buyers: Customers of each category.
        size: Codes of customers.
        active: Customers with a purchase.
        today: Day of as_of.
    """

    customer: Array
    category: Array
    count: Array
    first: Array
    last: Array
    names: tuple[str, ...]
    buyers: Array
    size: int
    active: int
    today: int

    @property
    def base(self) -> Floats:
        """The share of all occasions of each category."""
        total = np.bincount(self.category, self.count, len(self.names))
        share: Floats = total / total.sum()
        return share


@attrs.frozen(eq=False)
class Shoppers:
    """The customers of a table and their codes in the log, -1 without a line in the window."""

    frame: Any
    id_column: str
    code: Array
    occasions: Occasions

    def table(self, rows: Array, columns: Columns) -> Any:
        """Return ids of some rows and further columns, in the kind of frame that came in."""
        ids = self.frame.select(nw.col(self.id_column))[rows]
        native = ids.to_native()
        if isinstance(native, pd.DataFrame):
            ids = nw.from_native(native.reset_index(drop=True), eager_only=True)
        return vectors.attach(ids, columns)


def read_shoppers(customers: Any, orders: Any, *, doing: str, **choices: Any) -> Shoppers:
    """Return the customers of a table with what they bought, and tell of lines left out.

    Raises:
        LayerwiseError: As `layerwise.add_baskets` does.
    """
    frame = frames.eager(customers, doing=doing)
    found = frames.column_names(frame)
    names = {f"{n}=": choices[n] for n in ("customer", "time", "category")}
    arguments.check_named(names, {f"{n}=": choices[n] for n in ("amount", "order")})
    customer = choices["customer"]
    id_column = customer if customer in found and CUSTOMER not in found else CUSTOMER
    arguments.require(
        found, {id_column: doing}, title=f"{doing} needs columns that the customer table lacks."
    )
    whole_number("window_days", choices["window_days"], high=LONGEST)
    refuse_repeats(frame, customer=id_column)
    ids = column(frame.to_native(), id_column)
    lines = read_lines(orders, Choices(item=None, **choices), ids)
    tell_left_out(lines.left_out)
    return Shoppers(frame, id_column, lines.places, read_occasions(lines, choices["window_days"]))


def read_occasions(lines: Lines, window_days: int) -> Occasions:
    """Return the occasions of order lines; what was refunded on its day is none.

    Raises:
        DataError: Nothing was bought.
    """
    (who, kind, day), _ = lines.net(
        (lines.customer, lines.customers),
        (lines.category.codes, len(lines.category.values)),
        (lines.day, lines.days),
    )
    if not len(who):
        raise DataError(
            "No customer has net spend above zero in any category.",
            hint="check the sign of the amounts, or count lines with amount=None.",
        )
    begins = np.flatnonzero(np.append(True, (np.diff(who) != 0) | (np.diff(kind) != 0)))
    ends = np.append(begins[1:], len(who)) - 1
    customer, category = who[begins], kind[begins]
    size = len(lines.category.values)
    buyers = np.bincount(category, minlength=size)
    order = np.argsort(-buyers, kind="stable")[: np.count_nonzero(buyers)]
    rank = np.full(size, -1)
    rank[order] = np.arange(len(order))
    return Occasions(
        customer=customer,
        category=rank[category],
        count=ends - begins + 1,
        first=day[begins],
        last=day[ends],
        names=tuple(lines.category.names[i] for i in order),
        buyers=buyers[order],
        size=lines.customers,
        active=int(np.count_nonzero(np.bincount(customer))),
        today=window_days - 1,
    )


def whole_number(name: str, number: Any, low: int = 1, high: int = 2**53) -> None:
    """Check that a choice is a whole number.

    Raises:
        SpecError: It is not, or not from `low` to `high`.
    """
    if not fits(number, int) or not low <= number <= high:
        raise SpecError(
            f"{name} must be a whole number from {low} to {high}, got {number!r:.40}.",
            hint=f"{name}={max(low, 5)} is one such number.",
        )


def tell_left_out(left_out: dict[str, int], stacklevel: int = 4) -> None:
    """Warn once about lines that could not be used."""
    if left_out:
        told = [f"{count:,} lines without {reason}" for reason, count in left_out.items()]
        warnings.warn(
            problems("Some order lines say nothing about what customers buy:", told)
            + "\nHint: give every line a customer, a date, an amount and a category.",
            RowsLeftOutWarning,
            stacklevel=stacklevel,
        )
