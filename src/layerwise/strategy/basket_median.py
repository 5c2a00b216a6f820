"""What a customer's usual basket is worth."""

from typing import Any

import numpy as np
import pandas as pd

from layerwise import frames
from layerwise.errors import ColumnsError
from layerwise.frames import Labels
from layerwise.logs import read_log, read_roster


def add_basket_median(
    customers: Any,
    orders: object,
    *,
    as_of: Any,
    customer: str = "customer_id",
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
        customer: The log's column of customer ids.
        time: Its column of dates.
        amount: Its column of amounts, summed by basket.
        order: Its column of order ids; None: a day is a basket.

    Raises:
        ColumnsError: Columns are missing or of the wrong type.
        DataError: Dates or ids cannot be used.

    Warns:
        RowsLeftOutWarning: Rows without customer, date, or of other customers.

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
    frames.check_named({"amount=": amount}, {"order=": order})
    needs = (amount,) if order is None else (amount, order)
    log = read_log(
        orders, read_roster(customers), what="the order log", as_of=as_of, customer=customer,
        time=time, needs=needs, ignore_future=True,
    )  # fmt: skip
    values = log.column(amount)
    if isinstance(values, Labels):
        raise ColumnsError(f"Column {amount} holds text, not amounts.", hint="make it numbers.")
    keys = {"who": log.customer, "basket": log.day}
    if order is not None:
        found = log.column(order)
        keys["basket"] = found.codes if isinstance(found, Labels) else found
    lines = pd.DataFrame(keys | {"amount": values})
    baskets = lines.groupby(["who", "basket"], sort=False)["amount"].sum()
    medians = baskets[baskets > 0].groupby("who").median()
    middle = np.full(len(frame), np.nan)
    middle[medians.index.to_numpy()] = medians.to_numpy()
    return frames.attach(frame, {"basket_median": middle})
