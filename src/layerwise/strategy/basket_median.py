"""What a customer's usual basket is worth."""

import warnings
from typing import Any

import numpy as np
import pandas as pd

from layerwise import arguments, frames, vectors
from layerwise.columns import CUSTOMER
from layerwise.errors import RowsLeftOutWarning, problems
from layerwise.logs import Log, read_log, read_roster
from layerwise.orders.amounts import read_amounts, to_amounts
from layerwise.orders.ids import read_ids
from layerwise.orders.table import column
from layerwise.vectors import Array, Floats


def add_basket_median(
    customers: Any,
    orders: object,
    *,
    as_of: Any,
    customer: str = CUSTOMER,
    time: str = "ordered_at",
    amount: str = "amount",
    order: str | None = None,
) -> Any:
    """Return the customer table with `basket_median`, each one's median basket.

    A basket is what was spent on a day, or in an order if `order` names its column; baskets of 0 or
    less are none. Missing for customers without one. Half of an even number is the mean of both.

    Args:
        customers: One row a customer, an eager frame.
        orders: The order log, an eager frame.
        as_of: Last day that counts.
        customer: The log's column of customer ids, and the table's where it has it; the table's is
            `customer_id` otherwise, as `layerwise.summarize` makes it.
        time: Its column of dates.
        amount: Its column of amounts, summed by basket.
        order: Its column of order ids; None: a day is a basket.

    Raises:
        ColumnsError: Columns are missing or of the wrong type.
        DataError: Dates or ids cannot be used.

    Warns:
        RowsLeftOutWarning: Rows without customer, date, amount or order, or of other customers.

    Example:
        >>> orders = pd.DataFrame({
        ...     "customer_id": [1, 1, 1], "amount": [5.0, 7.0, 30.0],
        ...     "ordered_at": ["2024-05-01", "2024-05-02", "2024-05-03"],
        ... })
        >>> people = pd.DataFrame({"customer_id": [1, 2]})
        >>> add_basket_median(people, orders, as_of="2024-06-30")
           customer_id  basket_median
        0            1            7.0
        1            2            NaN
    """
    frame = frames.eager(customers, doing="add_basket_median")
    arguments.check_named({"customer=": customer, "amount=": amount}, {"order=": order})
    needs = (amount,) if order is None else (amount, order)
    theirs = customer if customer in frames.column_names(frame) else CUSTOMER
    log = read_log(
        orders, read_roster(customers, customer=theirs), what="the order log", as_of=as_of,
        customer=customer, time=time, needs=needs, ignore_future=True,
    )  # fmt: skip
    who, totals = _baskets(log, amount, order)
    medians = pd.Series(totals).groupby(who).median()
    middle = np.full(len(frame), np.nan)
    middle[medians.index.to_numpy()] = medians.to_numpy()
    return vectors.attach(frame, {"basket_median": middle})


def _baskets(log: Log, amount: str, order: str | None) -> tuple[Array, Floats]:
    """Return whose each basket above 0 is, and its total, which no order of the rows changes."""
    native = log.frame.to_native()
    values, missing = read_amounts(column(native, amount), amount)
    ids = None if order is None else read_ids(column(native, order), order)
    lacking = {"amount": missing, "order id": None if ids is None else ids.missing}
    keep = np.ones(len(log), dtype=bool)
    lines = []
    for what, where in lacking.items():
        if where is not None and (count := int((keep & where[log.place]).sum())):
            lines.append(f"{count:,} rows without an {what}")
            keep &= ~where[log.place]
    if lines:
        warnings.warn(
            problems(f"Rows of the order log left out, of {len(log):,}:", lines)
            + "\nHint: fill them, or leave them out knowingly.",
            RowsLeftOutWarning,
            stacklevel=3,
        )
    used = log.take(keep)
    basket = used.day.astype(np.int64) if ids is None else ids.code[used.place].astype(np.int64)
    pairs, place = np.unique(np.column_stack([used.customer, basket]), axis=0, return_inverse=True)
    amounts = to_amounts(values[used.place])
    totals = amounts.sum_by(place.reshape(-1), len(pairs)) / (amounts.scale or 1)
    return pairs[totals > 0, 0], totals[totals > 0]
