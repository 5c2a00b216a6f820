"""What each customer buys, when, where and at what price, as far as the log has it."""

from collections.abc import Iterable, Mapping
from typing import Any

import attrs
import numpy as np

from layerwise import arguments, frames, vectors
from layerwise.baskets.shares import column_names
from layerwise.brief import in_brief
from layerwise.columns import CUSTOMER, SHARE_PREFIX
from layerwise.errors import DataError, SpecError
from layerwise.logs import read_roster
from layerwise.portrait.lines import (
    Purchases,
    distinct,
    eager_table,
    netted,
    read_purchases,
)
from layerwise.portrait.mix import allowed_kinds, category_mix
from layerwise.portrait.prices import price_level
from layerwise.portrait.traits import sensitive_names
from layerwise.saved import fits
from layerwise.vectors import Array, Column, Floats

WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
DAYPARTS = ("night", "morning", "afternoon", "evening")
MOST_CHANNELS = 50

_MONDAY = 4
"""1970-01-05 was one: days since 1970-01-01 that are 4 mod 7."""


@attrs.frozen(kw_only=True, eq=False)
class Portraits:
    """Portraits of customers, and what could not be drawn.

    Attributes:
        table: The customer table with the columns added, of its own kind.
        made: The columns added.
        not_made: Feature -> what it needs.
        population: Category -> its share of all spend, largest first; to freeze as `population=`.
    """

    table: Any
    made: tuple[str, ...]
    not_made: dict[str, str]
    population: dict[str, float]

    __repr__ = in_brief


def customer_portraits(
    customers: Any,
    orders: Any,
    *,
    as_of: Any,
    customer: str = CUSTOMER,
    time: str = "ordered_at",
    amount: str | None = "amount",
    category: str | None = None,
    channel: str | None = None,
    promoted: str | None = None,
    quantity: str | None = None,
    window_days: int = 365,
    top: int = 12,
    weight: float = 5.0,
    population: Mapping[str, float] | None = None,
    sensitive: Iterable[str] = (),
    consent: str | None = None,
    time_format: str | None = None,
    tz: str | None = None,
) -> Portraits:
    """Return the customer table with a portrait of each customer from the order lines.

    Only what the named columns allow is drawn; `not_made` says what else needs. Shares are missing
    for who bought nothing in the window. Refunds are netted by customer and day, or category.

    | column | needs | meaning |
    | --- | --- | --- |
    | portrait_orders | | days with a purchase in the window; n |
    | basket_mean | amount | mean net amount of such a day |
    | gap_days_mean | | mean days between them, missing below two |
    | weekday_monday ... | | share of these days by day of the week |
    | daypart_night ... | hours | share of hours bought in: 0-6, 6-12, 12-18, 18-24 o'clock |
    | mix_... | category | shrunken share of spend of the `top` categories and `mix_other` |
    | category_1, 2, 3 | category | the categories most is spent on; missing with fewer |
    | channel_... | channel | share of days (by channel) in each channel |
    | promoted_share | promoted | share of spend on promoted lines |
    | price_index | quantity, category | price a piece / median of its category; geometric mean |
    | price_tier | quantity, category | budget below 0.9, premium above 1.1, else middle |

    The price tier is not_evaluable with fewer than 5 priced lines. Few purchases say little, so
    shares of categories are drawn to everybody's: mix = (n share + weight x population) / (n +
    weight). They add up to 1.

    Args:
        customers: One row a customer, an eager frame.
        orders: Order lines, a frame in memory.
        as_of: Lines after this date are not read.
        customer: Column of ids in the orders; of the customers too, if they have it and no
            `customer_id`.
        time: Column with the time of the order.
        amount: Column with the line's amount, refunds negative; None counts lines.
        category: Column with the category.
        channel: Column with the channel.
        promoted: Column that says whether a line was promoted: yes and no, or the discount.
        quantity: Column with the number of pieces.
        window_days: Only lines of so many days up to as_of.
        top: How many categories get a column.
        weight: Everybody's shares count like so many days of purchases.
        population: Frozen shares of an earlier `Portraits`; None takes those of these lines.
        sensitive: Categories, such as pharmacy, that say sensitive things; lines of these are read
            of customers with `consent` only. Tags of health are never inferred.
        consent: Column of yes and no in the customer table; missing is no.
        time_format: As in `layerwise.summarize`.
        tz: As in `layerwise.summarize`.

    Raises:
        ColumnsError: Columns are missing or of the wrong kind.
        DataError: No line can be used, ids are missing or repeated, or numbers are infinite.
        SpecError: A choice is not possible.

    Warns:
        RowsLeftOutWarning: Lines without an id, a time or an amount, or of other customers.

    Example:
        >>> import pandas as pd
        >>> orders = pd.DataFrame({
        ...     "customer_id": [1, 1, 1, 2], "category": ["tea", "tea", "milk", "milk"],
        ...     "ordered_at": pd.to_datetime(["2024-05-06", "2024-05-13", "2024-05-13",
        ...                                   "2024-05-12"]),
        ...     "amount": [4.0, 3.0, 1.0, 2.0],
        ... })
        >>> portraits = customer_portraits(
        ...     pd.DataFrame({"customer_id": [1, 2, 3]}), orders, as_of="2024-06-01",
        ...     category="category",
        ... )
        >>> portraits.table[["portrait_orders", "basket_mean", "mix_tea", "category_1"]].round(3)
           portrait_orders  basket_mean  mix_tea category_1
        0                2          4.0    0.750        tea
        1                1          2.0    0.583       milk
        2                0          NaN      NaN        NaN
        >>> portraits.not_made["channel shares"]
        'channel='
    """
    _check(top, weight)
    sensitive = sensitive_names(sensitive)
    columns = {"amount=": amount, "category=": category, "channel=": channel}
    columns |= {"promoted=": promoted, "quantity=": quantity, "consent=": consent}
    arguments.check_named({"customer=": customer, "time=": time}, columns)
    frame = eager_table(customers)
    names = frames.column_names(frame)
    id_column = customer if customer in names and CUSTOMER not in names else CUSTOMER
    roster = read_roster(customers, customer=id_column)
    reading = {"customer": customer, "time": time, "time_format": time_format, "tz": tz}
    lines = read_purchases(
        orders,
        roster,
        as_of=as_of,
        amount=amount,
        window_days=window_days,
        needs=[n for n in (category, channel, promoted, quantity) if n is not None],
        without="an amount",
        reading=reading,
    )
    (who, day), spend = netted(
        lines.amounts, (lines.customer, lines.customers), (lines.day, lines.days)
    )
    found, not_made = _rhythm(lines, who, day, spend, amount is not None)
    n = np.bincount(who, minlength=lines.customers)
    found |= _dayparts(lines, reading, not_made)
    everybody: dict[str, float] = {}
    kinds = None if category is None else lines.codes(category)
    if kinds is None:
        not_made |= {"category shares and top categories": "category="}
    else:
        kinds = allowed_kinds(lines, kinds, sensitive, consent, frame, not_made)
        mix, everybody = category_mix(lines, kinds, n, top, weight, population)
        found |= mix
    found |= _channels(lines, channel, not_made)
    found |= _promoted(lines, promoted, not_made)
    found |= price_level(lines, kinds, quantity, amount, not_made)
    not_made |= {"tags": "your own rule table; health is never inferred"}
    return Portraits(
        table=vectors.attach(frame, found),
        made=tuple(found),
        not_made=not_made,
        population=everybody,
    )


def _check(top: Any, weight: Any) -> None:
    if not fits(top, int) or top < 1 or not fits(weight, float) or not 0 <= weight <= 1e9:
        raise SpecError(
            "top must be a whole number from 1 up, and weight a number from 0 to a billion.",
            hint="leave them out for 12 and 5.",
        )


def _rhythm(
    lines: Purchases, who: Array, day: Array, spend: Floats, money: bool
) -> tuple[dict[str, Column], dict[str, str]]:
    """Return what the days of purchases tell; they come sorted by customer and day."""
    n = np.bincount(who, minlength=lines.customers)
    some = np.where(n > 0, n, np.nan)
    found: dict[str, Column] = {"portrait_orders": n}
    not_made = {}
    if money:
        total = np.bincount(who, spend, lines.customers)
        found["basket_mean"] = total / some
    else:
        not_made["basket_mean"] = "amount="
    start = np.cumsum(n) - n
    first, last = np.zeros(lines.customers), np.zeros(lines.customers)
    has = n > 0
    first[has], last[has] = day[start[has]], day[(start + n - 1)[has]]
    found["gap_days_mean"] = (last - first) / np.where(n > 1, n - 1, np.nan)
    begin = int(lines.log.day[0] - lines.day[0])
    weekday = (day + begin - _MONDAY) % 7
    found |= _portions("weekday_", WEEKDAYS, who, weekday, lines.customers)
    return found, not_made


def _portions(
    prefix: str, names: tuple[str, ...], who: Array, code: Array, customers: int
) -> dict[str, Column]:
    """Return a share column a name, missing where a customer has none of them."""
    width = len(names)
    cells = np.bincount(code * customers + who, minlength=width * customers)
    table = cells.reshape(width, customers)
    total = table.sum(axis=0)
    shares = table / np.where(total > 0, total, np.nan)
    return {prefix + name: row for name, row in zip(names, shares, strict=True)}


def _dayparts(
    lines: Purchases, reading: dict[str, Any], not_made: dict[str, str]
) -> dict[str, Column]:
    hours = lines.hours(reading)
    if not hours.any():
        not_made["hour shares"] = "times with hours"
        return {}
    who, day, hour = distinct(
        (lines.customer[lines.bought], lines.customers),
        (lines.day[lines.bought], lines.days),
        (hours[lines.bought], 24),
    )
    del day
    return _portions("daypart_", DAYPARTS, who, hour // 6, lines.customers)


def _channels(lines: Purchases, channel: str | None, not_made: dict[str, str]) -> dict[str, Column]:
    if channel is None:
        not_made["channel shares"] = "channel="
        return {}
    kinds = lines.codes(channel)
    if len(kinds.names) > MOST_CHANNELS:
        raise DataError(
            f"{channel} holds {len(kinds.names):,} different values, more than {MOST_CHANNELS}.",
            hint="channel= names a column of few channels, such as app and shop.",
        )
    has = (kinds.codes >= 0) & lines.bought
    who, _, code = distinct(
        (lines.customer[has], lines.customers),
        (lines.day[has], lines.days),
        (kinds.codes[has], max(len(kinds.names), 1)),
    )
    names = tuple(n.removeprefix(SHARE_PREFIX) for n in column_names(kinds.names))
    return _portions("channel_", names, who, code, lines.customers)


def _promoted(
    lines: Purchases, promoted: str | None, not_made: dict[str, str]
) -> dict[str, Column]:
    if promoted is None:
        not_made["promoted_share"] = "promoted="
        return {}
    flag = lines.numbers(promoted)
    known = lines.bought & ~np.isnan(flag)
    total = lines.amounts.sum_by(lines.customer, lines.customers, known)
    part = lines.amounts.sum_by(lines.customer, lines.customers, known & (flag > 0))
    return {"promoted_share": part / np.where(total > 0, total, np.nan)}
