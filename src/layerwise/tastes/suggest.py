"""Lists of categories that a customer may buy next, the untargeted list always among them."""

from collections.abc import Callable, Iterator
from typing import Any, TypeVar

import attrs
import numpy as np

from layerwise import arguments, frames, vectors
from layerwise.columns import CUSTOMER
from layerwise.errors import SpecError
from layerwise.tastes.affinity import SHRINK, check_shrink
from layerwise.tastes.occasions import Occasions, Shoppers, read_shoppers, whole_number
from layerwise.vectors import Array, Column, Labels

FrameT = TypeVar("FrameT")

BASELINE = {
    "own": "popular",
    "due": "popular",
    "popular": "",
    "together_new": "popular_new",
    "segment_new": "popular_new",
    "popular_new": "",
}
"""Each list of `suggest_categories` -> the untargeted list that it has to beat."""

_CELLS = 1 << 21  # cells of one block of customers by categories


def suggest_categories(
    customers: FrameT,
    orders: Any,
    *,
    as_of: Any,
    top: int = 5,
    segment: str | None = None,
    min_support: int = 20,
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
    """Return lists of categories that each customer may buy next, beside the untargeted lists.

    | list | holds | to beat |
    | --- | --- | --- |
    | own | the highest shrunken own share, (s_ic + m p_c) / (n_i + m) | popular |
    | due | silent for longer than the own mean gap; most often bought first | popular |
    | popular | most customers: the same for everybody | |
    | together_new | not bought yet; bought by who buys the same as this customer | popular_new |
    | segment_new | not bought yet; most customers in the own segment | popular_new |
    | popular_new | not bought yet; most customers | |

    `together_new` ranks by ln(share of customers of c) + the mean, over the categories that the
    customer bought, of the ln of their lift with c; the lift of two categories is (customers of
    both × customers) / (customers of one × customers of the other), taken as 1 where fewer than
    `min_support` customers bought both. (By lift alone the rarest categories would lead.)

    A category without two occasions has no own gap and is never due; `segment_new` is there with
    `segment=` only. Whether a list is better than the untargeted one, `score_suggestions` says on a
    later period. Leave lines of sensitive categories (health, family planning) out of `orders`
    unless customers agreed: a suggestion tells what was bought.

    Args:
        customers: One row per customer with `customer_id`, or with the column that `customer`
            names; an eager frame.
        orders: Order lines with a category, any frame.
        as_of: Lines after this date are not read.
        top: Length of the lists.
        segment: A label column of `customers`; None leaves `segment_new` out. Customers without a
            label are a segment.
        min_support: See above.
        shrink: m of the own share, see `category_affinity`.
        customer: Column of the orders with the customers' ids.
        time: Column with the time of the order.
        amount: Column with the line's amount, refunds negative; None counts lines instead.
        category: Column with the category.
        order: Column of order ids, as for `layerwise.add_baskets`.
        window_days: Only lines of so many days up to as_of.
        time_format: As for `layerwise.summarize`.
        tz: As for `layerwise.summarize`.

    Returns:
        The same kind of frame, a row a customer, list and rank: the id, `list`, `rank` (1 first),
        `category`. Lists are shorter where there are fewer candidates; customers without a purchase
        in the window get the popular ones in every list but `due`. Equal ranks go by customers of
        the category, then by its name.

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
        ...     "customer_id": [1, 1, 2, 2, 3], "category": ["tea", "tea", "milk", "tea", "milk"],
        ...     "ordered_at": pd.to_datetime(["2024-05-01", "2024-05-09", *["2024-05-17"] * 3]),
        ...     "amount": 2.0,
        ... })
        >>> people = pd.DataFrame({"customer_id": [1]})
        >>> found = suggest_categories(people, orders, as_of="2024-06-01", top=1)
        >>> found[["list", "category"]].to_string(index=False, header=False).split()
        ['own', 'tea', 'due', 'tea', 'popular', 'milk',
         'together_new', 'milk', 'popular_new', 'milk']
    """
    whole_number("top", top)
    whole_number("min_support", min_support)
    check_shrink(shrink)
    arguments.check_named({}, {"segment=": segment})
    shoppers = read_shoppers(
        customers, orders, doing="suggest_categories", as_of=as_of, customer=customer, time=time,
        amount=amount, category=category, order=order, window_days=window_days,
        time_format=time_format, tz=tz,
    )  # fmt: skip
    parts = None if segment is None else _segments(shoppers.frame, segment)
    ways = _ways(shoppers, parts, min_support, shrink)
    best = _best(shoppers, ways, top)
    result: FrameT = _tidy(shoppers, best)
    return result


@attrs.frozen(eq=False)
class _Block:
    """Some rows of the customer table by all categories.

    Attributes:
        rows: Which rows.
        count: Occasions.
        due: The same where the category is due, else 0.
    """

    rows: slice
    count: Array
    due: Array


_Way = Callable[[_Block], Array]


def _ways(
    shoppers: Shoppers, parts: Labels | None, min_support: int, shrink: float
) -> dict[str, _Way]:
    """Return for each list a function that scores a block; -inf is no candidate.

    Or one that says who is a candidate, in the order of most customers.
    """
    o = shoppers.occasions
    base = shrink * o.base
    log_share = np.round(1024 * np.log(o.buyers / o.active)).astype(np.float32)
    log_lift = _log_lift(o, min_support)
    ways: dict[str, _Way] = {
        "own": lambda b: b.count + base,
        "due": lambda b: np.where(b.due > 0, b.due, -np.inf),
        "popular": lambda b: np.ones(b.count.shape, dtype=bool),
        "together_new": lambda b: _new(b, log_share + _mean_of_bought(b, log_lift)),
    }
    if parts is not None:
        table = _by_segment(shoppers, parts)
        ways["segment_new"] = lambda b: _new(b, table[parts.codes[b.rows]])
    ways["popular_new"] = lambda b: b.count == 0
    return ways


def _due(o: Occasions) -> Array:
    """Return the occasions of each pair that is due, 0 for the rest."""
    gap = (o.last - o.first) / np.maximum(o.count - 1, 1)
    due: Array = np.where((o.count >= 2) & (o.today - o.last > gap), o.count, 0)
    return due


def _new(block: _Block, score: Array) -> Array:
    return np.where(block.count > 0, -np.inf, score)


def _mean_of_bought(block: _Block, log_lift: Array) -> Array:
    """Return the mean log lift with what was bought; whole numbers, so that sums are exact."""
    bought = (block.count > 0).astype(log_lift.dtype)
    kinds = np.maximum(bought.sum(axis=1, keepdims=True), 1)
    mean: Array = (bought @ log_lift) / kinds
    return mean.astype(np.float32, copy=False)


def _log_lift(o: Occasions, min_support: int) -> Array:
    """Return 1024 ln(lift) of each two categories, rounded; 0 with too few customers or itself."""
    size, both = len(o.names), _buyers_of_both(o)
    enough = both >= min_support
    np.fill_diagonal(enough, False)
    alone = np.outer(o.buyers, o.buyers) / o.active
    log = np.round(1024 * np.log(np.where(enough, both / alone, 1.0)))
    exact_in_float32 = size * np.abs(log).max(initial=0) < 2**24
    return log.astype(np.float32 if exact_in_float32 else np.float64)


def _buyers_of_both(o: Occasions) -> Array:
    """Return how many customers bought both of each two categories."""
    # Sparse, as most customers buy few of the categories: a tenth of the time of a full product.
    from scipy.sparse import csr_array

    ends = np.append(0, np.cumsum(np.bincount(o.customer, minlength=o.size))).astype(np.int32)
    ones = np.ones(len(o.customer), dtype=np.int32)
    shape = (o.size, len(o.names))
    bought = csr_array((ones, o.category.astype(np.int32), ends), shape=shape)
    both: Array = (bought.T @ bought).toarray()
    return both


def _segments(frame: Any, segment: str) -> Labels:
    title = "The customer table lacks the segment."
    arguments.require(frames.column_names(frame), {segment: "segment="}, title=title)
    found = vectors.read(frame, [segment])[segment]
    if not isinstance(found, Labels):
        raise SpecError(
            f"Column {segment} holds numbers; a segment is a label.",
            hint="name a column that layers added, such as value.",
        )
    return Labels(np.where(found.codes < 0, len(found.names), found.codes), found.names)


def _by_segment(shoppers: Shoppers, parts: Labels) -> Array:
    """Return the share of the customers of each segment who bought of each category."""
    o = shoppers.occasions
    part = np.full(o.size, -1)
    known = shoppers.code >= 0
    part[shoppers.code[known]] = parts.codes[known]
    size, n = len(o.names), len(parts.names) + 1
    where = part[o.customer]
    cells = np.bincount((where * size + o.category)[where >= 0], minlength=n * size)
    people = np.bincount(parts.codes, minlength=n)[:, None]
    share: Array = (cells.reshape(n, size) / np.maximum(people, 1)).astype(np.float32)
    return share


def _blocks(shoppers: Shoppers) -> Iterator[_Block]:
    """Return the rows of the customer table with their occasions, some at a time."""
    o = shoppers.occasions
    size = len(o.names)
    n = np.append(np.bincount(o.customer, minlength=o.size), 0)
    start = np.append(np.cumsum(n[:-1]) - n[:-1], 0)
    due = _due(o)
    step = max(_CELLS // size, 1)
    for begin in range(0, len(shoppers.code), step):
        code = shoppers.code[begin : begin + step]
        many = n[code]
        row = np.repeat(np.arange(len(code)), many)
        pair = np.repeat(start[code] - np.cumsum(many) + many, many) + np.arange(len(row))
        cells = [np.zeros((len(code), size), dtype=np.float32) for _ in range(2)]
        for cell, values in zip(cells, (o.count, due), strict=True):
            cell[row, o.category[pair]] = values[pair]
        yield _Block(slice(begin, begin + len(code)), *cells)


def _best(shoppers: Shoppers, ways: dict[str, _Way], top: int) -> dict[str, Array]:
    """Return for each list the categories of each customer, best first, -1 where there is none."""
    top = min(top, len(shoppers.occasions.names))
    best = {name: np.full((len(shoppers.code), top), -1, dtype=np.int32) for name in ways}
    for block in _blocks(shoppers):
        line = np.arange(len(block.count))
        for name, way in ways.items():
            score = way(block)
            none = False if score.dtype == bool else -np.inf
            for rank in range(top):
                place = score.argmax(axis=1)  # of equal scores the first: the most customers
                there = score[line, place] > none
                best[name][block.rows, rank] = np.where(there, place, -1)
                score[line, place] = none
    return best


def _tidy(shoppers: Shoppers, best: dict[str, Array]) -> Any:
    found = np.stack(list(best.values()), axis=1)
    lists, top = found.shape[1:]
    table = found.reshape(len(found), -1)
    place = np.flatnonzero(table >= 0)
    row = place // table.shape[1]
    place -= row * table.shape[1]
    columns: dict[str, Column] = {
        "list": Labels(np.repeat(np.arange(lists, dtype=np.int8), top)[place], tuple(best)),
        "rank": np.tile(np.arange(1, top + 1), lists)[place],
        "category": Labels(table[table >= 0], shoppers.occasions.names),
    }
    return shoppers.table(row, columns)
