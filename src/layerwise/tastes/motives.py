"""Behavioural indices of motives, refused where two halves of the orders do not agree."""

from collections.abc import Mapping
from typing import Any

import attrs
import numpy as np
import pandas as pd

from layerwise import arguments, frames, vectors
from layerwise.brief import in_brief
from layerwise.columns import CUSTOMER, CUSTOMERS
from layerwise.errors import ColumnsError, DataError, SpecError, problems
from layerwise.logs import Log, read_log, read_roster
from layerwise.rules.base import NOT_EVALUABLE
from layerwise.saved import fits
from layerwise.tastes.affinity import SHRINK, check_shrink
from layerwise.tastes.indicators import (
    is_promoted,
    is_top_seller,
    launched_within,
    read_tags,
    tagged_as,
)
from layerwise.tastes.motive_table import motive_table
from layerwise.tastes.occasions import LONGEST, tell_left_out, whole_number
from layerwise.vectors import Array, Column, Floats, Labels

HIGH, USUAL = "high", "usual"


@attrs.frozen(kw_only=True, eq=False)
class Motives:
    """Indices a customer, and how far each can be trusted.

    Args:
        customers: The customer table with, for each index, `<name>_index` (shrunken share less that
            of everybody; missing if the index is refused or the customer has no item),
            `<name>_percentile` (share of the judged customers below, ties half; missing if not
            judged) and `<name>_motive` ("high", "usual" or "not_evaluable").
        reliability: A row an index: `index`, `motive` and `term_zh` (of `motive_table`),
            `customers` (judged), `items`, `base_share`, `split_half` (correlation of the halves),
            `reliability` (Spearman-Brown), `verdict` ("measured" or "not_evaluable").
    """

    customers: Any
    reliability: pd.DataFrame

    __repr__ = in_brief


def measure_motives(
    customers: Any,
    orders: Any,
    *,
    as_of: Any,
    promoted: str | None = None,
    item: str | None = None,
    launches: Any = None,
    tags: Mapping[Any, str] | None = None,
    tagged: str = "category",
    customer: str = CUSTOMER,
    time: str = "ordered_at",
    amount: str | None = "amount",
    shrink: float = SHRINK,
    min_items: int = 5,
    high_from: float = 0.8,
    min_reliability: float = 0.5,
    launch_days: int = 60,
    window_days: int = 365,
    time_format: str | None = None,
    tz: str | None = None,
) -> Motives:
    """Return how much more than everybody each customer buys for the price, the new, the gift ….

    These are indices of behaviour, not measures of the mind. With s_i of the n_i items (order
    lines) of customer i, and the share p0 of all items, the index is (s_i + m p0) / (n_i + m) - p0.

    | index | an item counts if | needs |
    | --- | --- | --- |
    | price | it was promoted | `promoted=` |
    | conformity | it was a top-decile seller of that week, by customers | `item=` |
    | novelty | it was launched at most `launch_days` before | `item=`, `launches=` |
    | social | it is tagged gift | `tags=` |
    | emotional | it is tagged gift or festival | `tags=` |
    | functional | it is tagged staple | `tags=` |
    | knowledge | it is tagged learning | `tags=` |

    An index that is a trait shows in every other order as in the rest. So each customer's days with
    an order are numbered, the index is taken of the odd and of the even ones, and their correlation
    r over the judged customers gives the reliability 2 r / (1 + r). Below `min_reliability` the
    index is refused: its columns are missing and everybody is `not_evaluable`.

    Args:
        customers: One row per customer, each once; an eager frame.
        orders: Order lines, an eager frame; lines of others than these customers are left out.
        as_of: Lines after this date are not read.
        promoted: Column that says whether a line was on promotion: true, or a number above 0 such
            as a discount. Missing says nothing, and the line does not count.
        item: Column of items.
        launches: Item -> date of launch, a mapping; items without one do not count. "first_sale"
            takes the first day on which the log has the item; lines of the first `launch_days` days
            of the log then do not count, since any item is new to it.
        tags: What items or categories are for: "gift", "festival", "staple", "learning", several
            separated by semicolons. What has no tag counts as none of them.
        tagged: Column that `tags` speak of.
        customer: Column of the customer ids, in both tables.
        time: Column with the time of the order.
        amount: Column with the line's amount; only lines above 0 count. None counts all.
        shrink: m, items of everybody that each customer is given.
        min_items: Customers with fewer items are not judged.
        high_from: The percentile from which on a customer is "high".
        min_reliability: See above.
        launch_days: See above.
        window_days: Only lines of so many days up to as_of.
        time_format: As for `layerwise.summarize`.
        tz: As for `layerwise.summarize`.

    Raises:
        ColumnsError: Columns are missing or of the wrong type.
        DataError: Customers stand twice, or no line can be used.
        SpecError: Nothing is asked for, or a choice is not possible.
        EngineError: A frame is lazy.

    Warns:
        RowsLeftOutWarning: Lines without a customer or a time, after as_of, or of others.

    Source of the reliability: Spearman (1910) and Brown (1910), British Journal of Psychology 3.

    Example:
        >>> rng = np.random.default_rng(1)
        >>> who = rng.integers(0, 200, 6000)
        >>> orders = pd.DataFrame({
        ...     "customer_id": who, "amount": 1.0, "luck": rng.uniform(size=6000) < 0.3,
        ...     "promoted": rng.uniform(size=6000) < rng.beta(1, 3, 200)[who],
        ...     "ordered_at": pd.Timestamp("2024-01-01") + pd.to_timedelta(
        ...         rng.integers(0, 180, 6000), "D"),
        ... })
        >>> people = pd.DataFrame({"customer_id": range(200)})
        >>> for column in ["promoted", "luck"]:
        ...     found = measure_motives(people, orders, as_of="2024-06-30", promoted=column)
        ...     print(found.reliability.loc[0, "verdict"])
        measured
        not_evaluable
    """
    _check(min_items, launch_days, window_days, high_from, min_reliability)
    check_shrink(shrink)
    arguments.check_named(
        {"customer=": customer, "time=": time, "tagged=": tagged},
        {"promoted=": promoted, "item=": item, "amount=": amount},
    )
    known = None if tags is None else read_tags(tags)
    if promoted is None and item is None and known is None:
        raise SpecError(
            "There is nothing to measure.", hint="give promoted=, item= or tags=, see help()."
        )
    if launches is not None and item is None:
        raise SpecError("launches= speaks of items.", hint="name their column: item=.")
    frame = frames.eager(customers, doing="measure_motives")
    roster = read_roster(customers, customer=customer)
    wanted = (promoted, item, amount, None if known is None else tagged)
    log = read_log(
        orders,
        roster,
        what="the order log",
        as_of=as_of,
        customer=customer,
        time=time,
        needs=[name for name in wanted if name is not None],
        time_format=time_format,
        tz=tz,
    )
    log = _bought(log, amount)
    marks: dict[str, Floats] = {}
    if promoted is not None:
        marks["price"] = is_promoted(log, promoted)
    if item is not None:
        marks["conformity"] = is_top_seller(log, item)
        if launches is not None:
            marks["novelty"] = launched_within(log, item, launches, launch_days)
    if known is not None:
        marks |= tagged_as(log, tagged, known)
    inside = _inside(log, as_of, window_days)
    if not inside.any():
        raise DataError(
            f"No order line lies in the {window_days} days up to as_of.",
            hint="check as_of= and window_days=.",
        )
    who, half = log.customer[inside], _halves(log.customer[inside], log.day[inside])
    columns: dict[str, Column] = {}
    rows = []
    for name, mark in marks.items():
        sums = _sums(mark[inside], who, half, len(roster))
        row = _reliability(name, sums, shrink, min_items, min_reliability)
        rows.append(row)
        columns |= _columns(name, sums, shrink, min_items, high_from, row["verdict"] == "measured")
    table = _named(pd.DataFrame(rows))
    return Motives(customers=vectors.attach(frame, columns), reliability=table)


def _check(
    min_items: Any, launch_days: Any, window_days: Any, high_from: Any, min_reliability: Any
) -> None:
    whole_number("min_items", min_items)
    whole_number("launch_days", launch_days, 0, LONGEST)
    whole_number("window_days", window_days, high=LONGEST)
    wrong = [
        f"{name} must be a number from 0 to 1"
        for name, value in (("high_from", high_from), ("min_reliability", min_reliability))
        if not fits(value, float) or not 0 <= value <= 1
    ]
    if wrong:
        raise SpecError(problems("Choices are not possible:", wrong), hint="high_from=0.8, say.")


def _bought(log: Log, amount: str | None) -> Log:
    if amount is None:
        return log
    paid = log.column(amount)
    if isinstance(paid, Labels):
        raise ColumnsError(
            f"Column {amount} holds text, not amounts.",
            hint="convert it with astype(float), or give amount=None.",
        )
    if missing := int(np.isnan(paid).sum()):
        tell_left_out({"an amount": missing})
    return log.take(paid > 0)


def _inside(log: Log, as_of: Any, window_days: int) -> Array:
    last = np.datetime64(pd.Timestamp(as_of).tz_localize(None), "D").astype(np.int64)
    inside: Array = log.day > last - window_days
    return inside


def _halves(who: Array, day: Array) -> Array:
    """Return 0 or 1 by turns for the days with an order of each customer."""
    if not len(who):
        return who
    low, span = int(day.min()), int(day.max()) - int(day.min()) + 1
    visits, visit = np.unique(who.astype(np.int64) * span + (day - low), return_inverse=True)
    buyer = visits // span
    begins = np.append(True, np.diff(buyer) != 0)
    place = np.arange(len(visits))
    number = place - np.maximum.accumulate(np.where(begins, place, 0))
    half: Array = (number % 2)[visit]
    return half


@attrs.frozen(eq=False)
class _Sums:
    """Items that count, and all items, by half and customer."""

    hits: Floats
    items: Floats

    @property
    def base(self) -> float:
        """The share of all items."""
        total = self.items.sum()
        return float(self.hits.sum() / total) if total else np.nan

    def index(self, shrink: float, half: int | None = None) -> Floats:
        """Return the index of each customer, of one half or of all items."""
        s = self.hits.sum(axis=0) if half is None else self.hits[half]
        n = self.items.sum(axis=0) if half is None else self.items[half]
        with np.errstate(invalid="ignore", divide="ignore"):
            shrunken = (s + shrink * self.base) / (n + shrink) - self.base
        index: Floats = np.where(n > 0, shrunken, np.nan)
        return index


def _sums(mark: Floats, who: Array, half: Array, size: int) -> _Sums:
    known = ~np.isnan(mark)
    cell = (half * size + who)[known]
    hits = np.bincount(cell, mark[known], 2 * size).astype(np.float64, copy=False)
    items = np.bincount(cell, minlength=2 * size).astype(np.float64)
    return _Sums(hits.reshape(2, size), items.reshape(2, size))


def _reliability(
    name: str, sums: _Sums, shrink: float, min_items: int, least: float
) -> dict[str, Any]:
    judged = sums.items.sum(axis=0) >= min_items
    both = judged & (sums.items > 0).all(axis=0)
    odd, even = (sums.index(shrink, half)[both] for half in (0, 1))
    r = np.nan
    if len(odd) > 2 and min(np.ptp(odd), np.ptp(even)) > 0:
        r = float(np.corrcoef(odd, even)[0, 1])
    reliability = 2 * r / (1 + r) if r > -1 else np.nan
    return {
        "index": name,
        CUSTOMERS: int(judged.sum()),
        "items": int(sums.items.sum()),
        "base_share": sums.base,
        "split_half": r,
        "reliability": reliability,
        "verdict": "measured" if reliability >= least else NOT_EVALUABLE,
    }


def _columns(
    name: str, sums: _Sums, shrink: float, min_items: int, high_from: float, measured: bool
) -> dict[str, Column]:
    index = sums.index(shrink)
    judged = (sums.items.sum(axis=0) >= min_items) & measured
    if not measured:
        index = np.full(len(index), np.nan)
    percentile = np.full(len(index), np.nan)
    percentile[judged] = _percentile(np.round(index[judged], 12))
    label = np.where(judged, np.where(percentile >= high_from, 2, 1), 0)
    return {
        f"{name}_index": index,
        f"{name}_percentile": percentile,
        f"{name}_motive": Labels(label, (NOT_EVALUABLE, USUAL, HIGH), True),
    }


def _percentile(values: Floats) -> Floats:
    """Return the share of values below each, equal ones counting half."""
    order = np.sort(values)
    below, upto = (np.searchsorted(order, values, side=side) for side in ("left", "right"))
    share: Floats = (below + upto) / 2 / max(len(values), 1)
    return share


def _named(rows: pd.DataFrame) -> pd.DataFrame:
    known = motive_table().query("measured_as != ''").set_index("measured_as")
    rows.insert(1, "motive", rows["index"].map(known["id"]))
    rows.insert(2, "term_zh", rows["index"].map(known["term_zh"]))
    return rows
