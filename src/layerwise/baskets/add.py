"""Columns for the needs layers from order lines with a category.

`add_baskets` is a side arrow of the picture: orders and customers in, customers with basket columns
out.
"""

import warnings
from collections.abc import Mapping
from typing import Any, TypeVar

import numpy as np

from layerwise import arguments, frames, vectors
from layerwise.baskets.lines import Choices, Lines, read_lines
from layerwise.baskets.shares import read_baskets
from layerwise.baskets.tags import CUSTOM, STAPLE, UNTAGGED, Tags, read_tags
from layerwise.columns import (
    BASKET_DISTANCE,
    BASKET_ORDERS,
    CUSTOM_ORDERS,
    CUSTOMER,
    SHARE_PREFIX,
    SPECIAL_KIND,
    SPECIAL_ORDERS,
    SPECIAL_SHARE,
)
from layerwise.errors import RowsLeftOutWarning, SpecError, problems
from layerwise.orders.table import column
from layerwise.vectors import Array, Column, Labels

FrameT = TypeVar("FrameT")


def add_baskets(
    customers: FrameT,
    orders: Any,
    *,
    as_of: Any,
    tags: Any = None,
    customer: str = CUSTOMER,
    time: str = "ordered_at",
    amount: str | None = "amount",
    category: str = "category",
    item: str | None = None,
    order: str | None = None,
    window_days: int = 365,
    top: int = 12,
    population: Mapping[str, float] | None = None,
    time_format: str | None = None,
    tz: str | None = None,
) -> FrameT:
    """Return the customer table with columns that say what each customer buys.

    Args:
        customers: One row per customer with `customer_id` (see `summarize`), or with the column
            that `customer` names; an eager frame.
        orders: Order lines with a category, any frame.
        as_of: Lines after this date are not read.
        tags: What your items are for: a mapping (or a table of two columns, `item` and `tag`) from
            item to "staple", "special:<kind>" (as in "special:gluten_free") or "custom".
        customer: Column of the orders with the customers' ids.
        time: Column with the time of the order.
        amount: Column with the line's amount, refunds negative; None counts lines instead.
        category: Column with the category of which shares are taken.
        item: Column that `tags` speak of; None means `category`.
        order: Column of order ids, as for `summarize`: all lines of one customer and order id are
            of the day of the earliest, so that a later refund nets against its order.
        window_days: Only lines of so many days up to as_of.
        top: Without tags, how many categories get a share column of their own.
        population: The shares of all customers, as `category_shares` gave them on an earlier date,
            so that columns and distances stay comparable; None takes those of these orders.
        time_format: How to read times that are numbers or unusual text, as for `summarize`.
        tz: The zone of the shop, as for `summarize`.

    Returns:
        The same kind of frame, rows and index as given; columns of the same name are replaced.

        | column | meaning |
        | --- | --- |
        | basket_orders | days with a purchase in the window; 0 without one |
        | basket_distance | Jensen-Shannon distance of own to everybody's shares, 0 to 1 |
        | special_share | with tags: share of spend on items tagged special |
        | special_kind | with tags: the special kind bought on most days |
        | special_orders | with tags: days with an item of that kind |
        | custom_orders | with tags: days with an item tagged custom |
        | share_... | without tags: shares of spend of the `top` categories and `share_other` |

        Shares are missing where nothing was bought. What was refunded is netted by customer and
        category (or by day, where days are counted); what is not above zero is no purchase. Of
        kinds bought on equally many days the first in the alphabet stands. Names of share columns
        are the categories in lower case with `_` for what no name may hold.

    Raises:
        ColumnsError: Columns are missing or of the wrong type.
        DataError: No line can be used, no customer or no tagged item is in the orders, or amounts
            are infinite.
        SpecError: A tag is unknown, an item has two tags, or another choice is not possible.
        EngineError: `customers` is lazy.

    Warns:
        RowsLeftOutWarning: Lines without customer, time, amount or category were left out, or lines
            have no tag (their spend counts, as no need).

    Example:
        >>> import pandas as pd
        >>> orders = pd.DataFrame({
        ...     "customer_id": [1, 1, 1, 2, 2],
        ...     "ordered_at": pd.to_datetime(["2024-05-01", "2024-05-09"] * 2 + ["2024-05-09"]),
        ...     "category": ["bread", "rice bread", "rice bread", "bread", "milk"],
        ...     "amount": [4.0, 6.0, 6.0, 3.0, 1.0],
        ... })
        >>> tags = {"bread": "staple", "milk": "staple", "rice bread": "special:gluten_free"}
        >>> customers = pd.DataFrame({"customer_id": [1, 2]})
        >>> found = add_baskets(customers, orders, as_of="2024-06-01", tags=tags)
        >>> found[["special_share", "special_kind", "special_orders"]]
           special_share special_kind  special_orders
        0           0.75  gluten_free               2
        1           0.00          NaN               0
        >>> found = add_baskets(customers, orders, as_of="2024-06-01")
        >>> found.filter(like="share_")
           share_rice_bread  share_bread  share_milk  share_other
        0              0.75         0.25        0.00          0.0
        1              0.00         0.75        0.25          0.0

    Source: Lin (1991), Divergence measures based on the Shannon entropy; the distance is the square
    root of the divergence in bits (Endres and Schindelin 2003).
    """
    _check_count("top", top)
    arguments.check_named({"customer=": customer})
    frame = frames.eager(customers, doing="add_baskets")
    title = "add_baskets needs columns that the customer table does not have."
    names = frames.column_names(frame)
    id_column = customer if customer in names and CUSTOMER not in names else CUSTOMER
    arguments.require(names, {id_column: "add_baskets"}, title=title)
    _check_count("window_days", window_days)
    choices = Choices(
        as_of=as_of,
        customer=customer,
        time=time,
        amount=amount,
        category=category,
        item=item,
        order=order,
        window_days=window_days,
        time_format=time_format,
        tz=tz,
    )
    known = None if tags is None else read_tags(tags, item or category)
    lines = read_lines(orders, choices, column(frame.to_native(), id_column))
    baskets = read_baskets(lines)
    everybody = baskets.population() if population is None else _checked(population)
    found: dict[str, Column] = {BASKET_ORDERS: baskets.occasions}
    found[BASKET_DISTANCE] = baskets.distance(everybody)
    found |= baskets.shares(list(everybody)[:top]) if known is None else _needs(lines, known)
    _notify(lines, known)
    result: FrameT = vectors.attach(frame, {n: _placed(c, lines.places) for n, c in found.items()})
    return result


def category_shares(
    orders: Any,
    *,
    as_of: Any,
    customer: str = CUSTOMER,
    time: str = "ordered_at",
    amount: str | None = "amount",
    category: str = "category",
    order: str | None = None,
    window_days: int = 365,
    time_format: str | None = None,
    tz: str | None = None,
) -> dict[str, float]:
    """Return the share of all spend of each category, largest first: `population` of `add_baskets`.

    Args:
        orders: Order lines with a category, any frame.
        as_of: Lines after this date are not read.
        customer: Column with the customers' ids.
        time: Column with the time of the order.
        amount: Column with the line's amount; None counts lines instead.
        category: Column with the category.
        order: Column of order ids, as for `add_baskets`.
        window_days: Only lines of so many days up to as_of.
        time_format: As for `summarize`.
        tz: As for `summarize`.

    Raises:
        ColumnsError: Columns are missing or of the wrong type.
        DataError: No line can be used.
        SpecError: Another choice is not possible.

    >>> import pandas as pd
    >>> orders = pd.DataFrame({"customer_id": [1, 2], "category": ["tea", "milk"],
    ...     "ordered_at": pd.to_datetime(["2024-05-01"] * 2), "amount": [1.0, 3.0]})
    >>> category_shares(orders, as_of="2024-06-01")
    {'milk': 0.75, 'tea': 0.25}
    """
    _check_count("window_days", window_days)
    choices = Choices(
        as_of=as_of,
        customer=customer,
        time=time,
        amount=amount,
        category=category,
        item=None,
        order=order,
        window_days=window_days,
        time_format=time_format,
        tz=tz,
    )
    return read_baskets(read_lines(orders, choices)).population()


def share_columns(customers: Any) -> tuple[str, ...]:
    """Return the columns of a customer table whose names begin with `share_`, in order.

    Raises:
        EngineError: It is no dataframe.

    >>> import pandas as pd
    >>> share_columns(pd.DataFrame(columns=["customer_id", "share_tea", "share_other"]))
    ('share_tea', 'share_other')
    """
    names = frames.column_names(frames.wrap(customers))
    return tuple(name for name in names if name.startswith(SHARE_PREFIX))


def _needs(lines: Lines, tags: Tags) -> dict[str, Column]:
    """Return the columns that tags give."""
    codes = tags.of(lines.item.values)[lines.item.codes]
    n, who = lines.customers, (lines.customer, lines.customers)
    (customer, tag), spend = lines.net(who, (codes - UNTAGGED, tags.count - UNTAGGED))
    special = tag + UNTAGGED > CUSTOM
    amount = np.bincount(customer[special], spend[special], n)
    total = np.bincount(customer, spend, n)
    days = _days_by_tag(lines, codes, tags.count)
    kinds = np.vstack([days[CUSTOM + 1 :], np.zeros((1, n), dtype=np.int64)])
    most = kinds.max(axis=0)
    return {
        SPECIAL_SHARE: amount / np.where(total > 0, total, np.nan),
        SPECIAL_KIND: Labels(np.where(most > 0, kinds.argmax(axis=0), -1), tags.kinds),
        SPECIAL_ORDERS: most,
        CUSTOM_ORDERS: days[CUSTOM],
    }


def _days_by_tag(lines: Lines, codes: Array, count: int) -> Array:
    """Return on how many days each customer bought what has each tag, a row a tag."""
    needed, who = codes > STAPLE, (lines.customer, lines.customers)
    (tag, buyer, _), _ = lines.net((codes, count), who, (lines.day, lines.days), where=needed)
    days = np.bincount(tag * lines.customers + buyer, minlength=count * lines.customers)
    table: Array = days.reshape(count, lines.customers)
    return table


def _placed(found: Column, places: Array) -> Column:
    """Return a column by code as one by row of the customer table; nobody's code is -1."""
    if isinstance(found, Labels):
        return Labels(np.append(found.codes, -1)[places], found.names)
    nothing = np.nan if found.dtype.kind == "f" else 0
    column: Array = np.append(found, nothing).astype(found.dtype, copy=False)[places]
    return column


def _check_count(name: str, number: Any) -> None:
    whole = isinstance(number, int | np.integer) and not isinstance(number, bool)
    if not whole or number < 1:
        raise SpecError(
            f"{name} must be a whole number from 1 up, got {number!r:.60}.",
            hint=f"{name}=12 is one such number.",
        )


def _checked(population: Mapping[str, float]) -> dict[str, float]:
    """Return frozen shares, largest first.

    Raises:
        SpecError: They are not shares that add to one.
    """
    given = dict(population) if isinstance(population, Mapping) else {}
    shares = [v for k, v in given.items() if isinstance(k, str) and isinstance(v, float | int)]
    good = len(shares) == len(given) and all(0 <= share <= 1 for share in shares)
    if not good or abs(sum(shares) - 1) > 1e-6:
        raise SpecError(
            "population must map each category (as text) to its share; shares add to 1.",
            hint="category_shares(orders, as_of=...) makes it.",
        )
    return dict(sorted(given.items(), key=lambda pair: (-pair[1], pair[0])))


def _notify(lines: Lines, tags: Tags | None) -> None:
    """Warn once about all lines that were left out or have no tag."""
    told = [f"{count:,} lines without {reason}" for reason, count in lines.left_out.items()]
    if tags is not None:
        bare = tags.of(lines.item.values)[lines.item.codes] == UNTAGGED
        if count := int(bare.sum()):
            items = len(np.unique(lines.item.codes[bare]))
            told.append(
                f"{count:,} lines of {items:,} items have no tag (their spend counts, for no need)"
            )
    if told:
        warnings.warn(
            problems("Some order lines say nothing about needs:", told)
            + "\nHint: give every line a customer, a date and a category, every item a tag.",
            RowsLeftOutWarning,
            stacklevel=3,
        )
