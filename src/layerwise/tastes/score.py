"""How many suggestions came true, beside the untargeted list."""

from typing import Any

import numpy as np
import pandas as pd

from layerwise import arguments, frames, vectors
from layerwise.baskets.lines import Choices, Lines, read_lines
from layerwise.columns import CUSTOMER, CUSTOMERS
from layerwise.errors import DataError, SpecError
from layerwise.orders.request import make_request, moment
from layerwise.orders.table import column
from layerwise.rates import wilson, z_value
from layerwise.tastes.occasions import tell_left_out
from layerwise.tastes.suggest import BASELINE
from layerwise.vectors import Array, Labels


def score_suggestions(
    suggestions: object,
    orders: Any,
    *,
    after: Any,
    until: Any,
    level: float = 0.95,
    customer: str = CUSTOMER,
    time: str = "ordered_at",
    amount: str | None = "amount",
    category: str = "category",
    time_format: str | None = None,
    tz: str | None = None,
) -> pd.DataFrame:
    """Return how many customers bought of what each list suggested, beside its baseline.

    Judged are the customers who bought anything at all in the period: whether they come is another
    question. Make the suggestions `as_of=after`, so that they do not know the period.

    Args:
        suggestions: What `suggest_categories` returned.
        orders: The order lines; those of the period are read.
        after: Last day before the period.
        until: Last day of the period.
        level: Of the intervals.
        customer: Column of the orders with the customers' ids.
        time: Column with the time of the order.
        amount: Column with the line's amount, refunds negative; None counts lines instead.
        category: Column with the category.
        time_format: As for `layerwise.summarize`.
        tz: As for `layerwise.summarize`.

    Returns:
        A row a list: `list`, `customers` (judged, with a suggestion), `hit_rate` (who bought at
        least one of the list), `low`, `high` (Wilson), `share_bought` (of the suggestions),
        `baseline`, and over the customers who have both lists `difference` (of the hit rates),
        `difference_low`, `difference_high` (of the mean of the paired differences, by the normal
        distribution). A list that is a baseline has no difference.

    Raises:
        ColumnsError: Columns are missing or of the wrong type.
        DataError: No line of the period can be used, or nobody with a suggestion bought.
        SpecError: `until` is not after `after`, or a choice is not possible.
        EngineError: The suggestions are lazy.

    Warns:
        RowsLeftOutWarning: Lines without customer, time, amount or category were left out.

    Example:
        >>> from layerwise.tastes import suggest_categories
        >>> orders = pd.DataFrame({
        ...     "customer_id": [1, 2] * 3, "category": ["tea", "milk"] * 3, "amount": 2.0,
        ...     "ordered_at": pd.to_datetime(["2024-05-02", "2024-05-09", "2024-06-02"]).repeat(2),
        ... })
        >>> people = pd.DataFrame({"customer_id": [1, 2]})
        >>> found = suggest_categories(people, orders, as_of="2024-05-31", top=1)
        >>> told = score_suggestions(found, orders, after="2024-05-31", until="2024-06-30")
        >>> told.set_index("list").loc[["own", "popular"], ["customers", "hit_rate", "difference"]]
                 customers  hit_rate  difference
        list
        own              2       1.0         0.5
        popular          2       0.5         NaN
    """
    z = z_value(level)
    names = {"customer=": customer, "time=": time, "category=": category}
    arguments.check_named(names, {"amount=": amount})
    frame = frames.eager(suggestions, doing="score_suggestions")
    found = frames.column_names(frame)
    id_column = customer if customer in found and CUSTOMER not in found else CUSTOMER
    needed = dict.fromkeys((id_column, "list", "category"), "score_suggestions")
    arguments.require(found, needed, title="The suggestions lack columns.")
    named = vectors.read(frame, ["list", "category"])
    lists, suggested = _labels(named["list"], "list"), _labels(named["category"], "category")
    choices = Choices(
        as_of=until,
        customer=customer,
        time=time,
        amount=amount,
        category=category,
        item=None,
        order=None,
        window_days=_days(after, until, time_format, tz),
        time_format=time_format,
        tz=tz,
    )
    lines = read_lines(orders, choices, column(frame.to_native(), id_column))
    tell_left_out(lines.left_out, stacklevel=3)
    hit, came = _hits(lines, suggested)
    if not came.any():
        raise DataError(
            "No customer with a suggestion bought anything in the period.",
            hint="check after=, until= and that ids are of one type.",
        )
    wins = {
        str(name): _by_customer(lines.places, hit, came & (lists.codes == i), lines.customers)
        for i, name in enumerate(lists.names)
    }
    rows = [_row(name, wins, z, level) for name in sorted(wins, key=_place)]
    return pd.DataFrame(rows)


def _days(after: Any, until: Any, time_format: str | None, tz: str | None) -> int:
    request = make_request(time_format=time_format, tz=tz)
    first, last = (
        moment(value, name=name, request=request, aware=False)
        for name, value in (("after", after), ("until", until))
    )
    if last <= first:
        raise SpecError("until must be after `after`.", hint='after="2024-05-31", until=...')
    return int(last - first)


def _labels(found: Any, name: str) -> Labels:
    if isinstance(found, Labels) and not (found.codes < 0).any():
        return found
    raise DataError(
        f"Column {name} of the suggestions has missing values or numbers.",
        hint="suggest_categories(customers, orders, as_of=...) makes it.",
    )


def _hits(lines: Lines, suggested: Labels) -> tuple[Array, Array]:
    """Return which suggestions were bought, and which are of a customer who bought anything."""
    size = len(lines.category.values)
    (who, kind), _ = lines.net((lines.customer, lines.customers), (lines.category.codes, size))
    came = np.zeros(lines.customers + 1, dtype=bool)
    if not len(who):  # nothing but refunds
        return np.zeros(len(suggested), dtype=bool), came[lines.places]
    came[who] = True
    place = {name: i for i, name in enumerate(lines.category.names)}
    wanted = np.array([place.get(str(n), -1) for n in suggested.names])[suggested.codes]
    known = (wanted >= 0) & (lines.places >= 0)
    packed = who * size + kind  # sorted, as net returns them
    asked = lines.places * size + wanted
    at = np.minimum(np.searchsorted(packed, asked), len(packed) - 1)
    return known & (packed[at] == asked), came[lines.places]


def _by_customer(places: Array, hit: Array, rows: Array, size: int) -> tuple[Array, Array]:
    """Return the suggestions and the hits of each customer."""
    return (
        np.bincount(places[rows], minlength=size),
        np.bincount(places[rows], hit[rows], size).astype(np.int64),
    )


def _place(name: str) -> tuple[int, str]:
    known = list(BASELINE)
    return (known.index(name) if name in known else len(known), name)


def _row(name: str, wins: dict[str, tuple[Array, Array]], z: float, level: float) -> dict[str, Any]:
    made, hits = wins[name]
    judged, won = made > 0, hits > 0
    n = int(judged.sum())
    low, high = wilson(np.array([won.sum()]), np.array([n]), level=level)
    row = {
        "list": name,
        CUSTOMERS: n,
        "hit_rate": won.sum() / n if n else np.nan,
        "low": low[0],
        "high": high[0],
        "share_bought": hits.sum() / made.sum() if n else np.nan,
        "baseline": BASELINE.get(name, "popular") or None,
        "difference": np.nan,
        "difference_low": np.nan,
        "difference_high": np.nan,
    }
    if row["baseline"] in wins:
        other_made, other_hits = wins[row["baseline"]]
        both = judged & (other_made > 0)
        gap = won[both].astype(np.float64) - (other_hits[both] > 0)
        if len(gap) > 1:
            half = z * gap.std(ddof=1) / np.sqrt(len(gap))
            mean = gap.mean()
            row |= {
                "difference": mean,
                "difference_low": mean - half,
                "difference_high": mean + half,
            }
    return row
