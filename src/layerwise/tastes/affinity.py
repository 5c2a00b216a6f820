"""What customers buy more often than others do."""

from typing import Any, TypeVar

import numpy as np

from layerwise.columns import CUSTOMER
from layerwise.errors import SpecError
from layerwise.saved import fits
from layerwise.tastes.occasions import read_shoppers, whole_number
from layerwise.vectors import Array, Labels

FrameT = TypeVar("FrameT")
SHRINK = 5.0


def category_affinity(
    customers: FrameT,
    orders: Any,
    *,
    as_of: Any,
    top: int = 5,
    shrink: float = SHRINK,
    customer: str = CUSTOMER,
    time: str = "ordered_at",
    amount: str | None = "amount",
    category: str = "category",
    order: str | None = None,
    window_days: int = 365,
    time_format: str | None = None,
    tz: str | None = None,
) -> FrameT:
    """Return the categories that each customer buys most above what everybody does.

    Affinity is the shrunken own share over the base share: with s_ic of n_i occasions of customer i
    in category c and the base share p_c of all occasions, ((s_ic + m p_c) / (n_i + m)) / p_c. An
    occasion is a day with a purchase in the category. 1 is like everybody; with few occasions it
    stays near 1.

    High affinity says what sets a customer apart, not what is bought next: rare categories win it.
    For that see `suggest_categories`.

    Args:
        customers: One row per customer with `customer_id`, or with the column that `customer`
            names; an eager frame.
        orders: Order lines with a category, any frame.
        as_of: Lines after this date are not read.
        top: How many categories a customer, of those bought.
        shrink: m: the occasions of everybody that each customer is given.
        customer: Column of the orders with the customers' ids.
        time: Column with the time of the order.
        amount: Column with the line's amount, refunds negative; None counts lines instead.
        category: Column with the category.
        order: Column of order ids, as for `layerwise.add_baskets`.
        window_days: Only lines of so many days up to as_of.
        time_format: As for `layerwise.summarize`.
        tz: As for `layerwise.summarize`.

    Returns:
        The same kind of frame, a row a customer and category: the id, `rank` (1 is the highest
        affinity; equal ones by customers of the category), `category`, `occasions`, `own_share`
        (not shrunken), `base_share`, `affinity`. Customers without a purchase in the window have no
        row.

    Raises:
        ColumnsError: Columns are missing or of the wrong type.
        DataError: No line can be used, or no customer is in the orders.
        SpecError: A choice is not possible.
        EngineError: `customers` is lazy.

    Warns:
        RowsLeftOutWarning: Lines without customer, time, amount or category were left out.

    Example:
        >>> import pandas as pd
        >>> orders = pd.DataFrame({
        ...     "customer_id": [1, 1, 1, 2, 2, 2],
        ...     "category": ["tea", "tea", "milk", "milk", "milk", "milk"],
        ...     "ordered_at": pd.to_datetime(["2024-05-01", "2024-05-09", "2024-05-17"] * 2),
        ...     "amount": 2.0,
        ... })
        >>> people = pd.DataFrame({"customer_id": [1, 2]})
        >>> found = category_affinity(people, orders, as_of="2024-06-01", top=1)
        >>> found[["customer_id", "category", "occasions", "affinity"]]
           customer_id category  occasions  affinity
        0            1      tea          2    1.3750
        1            2     milk          3    1.1875

    Source of the shrinkage: the mean of a Dirichlet posterior with prior weight m.
    """
    whole_number("top", top)
    check_shrink(shrink)
    shoppers = read_shoppers(
        customers, orders, doing="category_affinity", as_of=as_of, customer=customer, time=time,
        amount=amount, category=category, order=order, window_days=window_days,
        time_format=time_format, tz=tz,
    )  # fmt: skip
    o = shoppers.occasions
    total = np.bincount(o.customer, o.count, o.size)
    base = o.base[o.category]
    affinity = (o.count + shrink * base) / (total[o.customer] + shrink) / base
    affinity = np.round(affinity, 12)  # equal ones stay equal whatever the order of the sums
    order_ = np.lexsort((o.category, -affinity, o.customer))
    rank = _rank_within(o.customer[order_])
    best = order_[rank < top]
    rows, pairs = _rows_of(shoppers.code, o.customer[best], o.size)
    chosen, rank = best[pairs], rank[rank < top][pairs]
    result: FrameT = shoppers.table(
        rows,
        {
            "rank": rank + 1,
            "category": Labels(o.category[chosen], o.names),
            "occasions": o.count[chosen],
            "own_share": o.count[chosen] / total[o.customer[chosen]],
            "base_share": base[chosen],
            "affinity": affinity[chosen],
        },
    )
    return result


def check_shrink(shrink: Any) -> None:
    """Check the weight of everybody's shares.

    Raises:
        SpecError: It is no number from 0 up.
    """
    if not fits(shrink, float) or shrink < 0:
        raise SpecError(
            f"shrink must be a number from 0 up, got {shrink!r:.40}.",
            hint="shrink=5 gives each customer five occasions of everybody's.",
        )


def _rank_within(sorted_groups: Array) -> Array:
    """Return 0, 1, … within each run of equal numbers."""
    place = np.arange(len(sorted_groups))
    begins = np.append(True, np.diff(sorted_groups) != 0)
    rank: Array = place - np.maximum.accumulate(np.where(begins, place, 0))
    return rank


def _rows_of(code: Array, customer: Array, size: int) -> tuple[Array, Array]:
    """Return for each row of the customer table that has pairs its pairs, in the table's order.

    Pairs are sorted by customer.
    """
    count = np.append(np.bincount(customer, minlength=size), 0)
    start = np.append(np.cumsum(count[:-1]) - count[:-1], 0)
    n = count[code]
    rows = np.repeat(np.arange(len(code)), n)
    within = np.arange(len(rows)) - np.repeat(np.cumsum(n) - n, n)
    return rows, np.repeat(start[code], n) + within
