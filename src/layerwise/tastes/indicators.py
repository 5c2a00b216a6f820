"""What order lines show of motives: 1, 0, or NaN where a line does not tell."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from layerwise.errors import ColumnsError, DataError, SpecError, problems
from layerwise.logs import Log
from layerwise.orders.ids import Codes, read_ids
from layerwise.orders.table import column
from layerwise.vectors import Array, Floats, Labels

TAGS = ("gift", "festival", "staple", "learning")
MEANING = {
    "social": {"gift"},
    "emotional": {"gift", "festival"},
    "functional": {"staple"},
    "knowledge": {"learning"},
}
FIRST_SALE = "first_sale"
TOP = 0.1


def is_promoted(log: Log, name: str) -> Floats:
    """Return whether each line was promoted.

    Raises:
        ColumnsError: The column holds text.
    """
    found = log.column(name)
    if isinstance(found, Labels):
        raise ColumnsError(
            f"Column {name} holds text; true and false or a discount are needed.",
            hint="make it a truth value, e.g. orders[promoted] == 'yes'.",
        )
    return np.where(np.isnan(found), np.nan, found > 0)


def is_top_seller(log: Log, name: str) -> Floats:
    """Return whether each line's item was among the tenth with the most customers of its week.

    Weeks begin on Monday. An item belongs to the tenth if it and all with as many customers or more
    are at most a tenth of the items sold in the week, so that equal items share their fate.
    """
    items, known = _items(log, name)
    week = (log.day.astype(np.int64) + 3) // 7
    week -= week.min(initial=0)
    sold = week * items.n + items.code
    people = int(log.customer.max(initial=0)) + 1
    pairs = _distinct(sold[known] * people + log.customer[known]) // people
    begins = np.flatnonzero(_changes(pairs))
    cells, buyers = pairs[begins], np.diff(np.append(begins, len(pairs)))
    top = _first_tenth(cells // items.n, buyers)
    mark = np.full(len(log), np.nan)
    mark[known] = _found(cells, top, sold[known])
    return mark


def _distinct(values: Array) -> Array:
    """Return the distinct values, sorted; sorting whole numbers is faster than hashing them."""
    ordered = np.sort(values)
    return ordered[_changes(ordered)]


def _changes(ordered: Array) -> Array:
    """Return where a sorted array holds another value than before; the first is one."""
    other = np.ones(len(ordered), dtype=bool)
    other[1:] = ordered[1:] != ordered[:-1]
    return other


def _first_tenth(week: Array, buyers: Array) -> Array:
    """Return which items of each week are in its first tenth by customers; weeks are sorted."""
    if not len(week):
        return np.zeros(0, dtype=bool)
    order = np.lexsort((-buyers, week))
    week, count = week[order], buyers[order]
    begins = np.flatnonzero(_changes(week))
    sizes = np.diff(np.append(begins, len(week)))
    new = _changes(week) | _changes(count)
    ends = np.append(np.flatnonzero(new)[1:], len(week))
    reach = np.repeat(ends, np.diff(np.append(np.flatnonzero(new), len(week))))
    top = np.empty(len(week), dtype=bool)
    top[order] = reach - np.repeat(begins, sizes) <= TOP * np.repeat(sizes, sizes)
    return top


def _found(cells: Array, values: Array, wanted: Array) -> Array:
    """Return the value of each wanted cell; cells are sorted and hold all of them."""
    if len(cells) and int(cells[-1]) < 4 * len(wanted) + (1 << 20):
        table = np.zeros(int(cells[-1]) + 1, dtype=values.dtype)
        table[cells] = values
        direct: Array = table[wanted]
        return direct
    searched: Array = values[np.searchsorted(cells, wanted)]
    return searched


def launched_within(log: Log, name: str, launches: Any, days: int) -> Floats:
    """Return whether each line's item was launched at most so many days before.

    Raises:
        SpecError: `launches` is no mapping of items to dates.
        DataError: No item of the log has a launch.
    """
    items, known = _items(log, name)
    if isinstance(launches, str) and launches == FIRST_SALE:
        first = np.full(items.n, np.iinfo(np.int64).max)
        np.minimum.at(first, items.code[known], log.day[known])
        launch = first.astype(np.float64)[items.code]
        known &= log.day >= int(log.day.min(initial=0)) + days
    else:
        launch = _launch_days(log, name, launches)
    age = log.day - launch
    known &= age >= 0
    return np.where(known, age <= days, np.nan)


def _launch_days(log: Log, name: str, launches: Any) -> Floats:
    if not isinstance(launches, Mapping):
        raise SpecError(
            f"launches must map items to dates, or be {FIRST_SALE!r}; got "
            f"{type(launches).__name__}.",
            hint='launches={"sku-1": "2024-03-01"} or launches="first_sale".',
        )
    try:
        dates = pd.to_datetime(pd.Series(list(launches.values()), dtype=object)).to_numpy("M8[D]")
    except (ValueError, TypeError):
        raise SpecError("Dates of launch cannot be read.", hint='write "2024-03-01".') from None
    number = np.where(np.isnat(dates), np.nan, dates.astype(np.int64).astype(np.float64))
    series = column(log.frame.to_native(), name).reset_index(drop=True).take(log.place)
    found = series.map(dict(zip(launches, number, strict=True))).to_numpy(dtype=np.float64)
    if len(found) and np.isnan(found).all():
        raise DataError(
            f"No item of the order log is among the {len(launches):,} launches.",
            hint="both must be of one type and spelling (7 is not '7').",
        )
    return np.asarray(found)


def read_tags(tags: Any) -> dict[Any, frozenset[str]]:
    """Return the tags of each item or category.

    Raises:
        SpecError: It is no mapping, or holds unknown tags.
    """
    if not isinstance(tags, Mapping) or not tags:
        raise SpecError(
            "tags must map items or categories to tags.", hint='tags={"ROSES": "gift", ...}.'
        )
    found = {
        key: frozenset(part.strip() for part in str(value).split(";") if part.strip())
        for key, value in tags.items()
    }
    unknown = sorted(set().union(*found.values()) - set(TAGS))
    if unknown:
        raise SpecError(
            problems("Tags are not known:", [repr(tag)[:40] for tag in unknown]),
            hint=f"tags are {', '.join(TAGS)}.",
        )
    return found


def tagged_as(log: Log, name: str, tags: Mapping[Any, frozenset[str]]) -> dict[str, Floats]:
    """Return for each index whose tags occur whether each line has one of them.

    Raises:
        DataError: No line of the log has a tag.
    """
    series = column(log.frame.to_native(), name).reset_index(drop=True).take(log.place)
    codes, values = pd.factorize(series)
    own = [tags.get(value, frozenset()) for value in values]
    if not any(own):
        raise DataError(
            f"None of the {len(tags):,} tagged values stands in {name}.",
            hint="both must be of one type and spelling; check tagged=.",
        )
    used = set().union(*own)
    marks = {}
    for index, wanted in MEANING.items():
        if wanted & used:
            table = np.array([*(float(bool(tag & wanted)) for tag in own), np.nan])
            marks[index] = table[codes]
    return marks


def _items(log: Log, name: str) -> tuple[Codes, Array]:
    series = column(log.frame.to_native(), name).reset_index(drop=True).take(log.place)
    codes = read_ids(series.reset_index(drop=True), name)
    known = np.ones(len(log), dtype=bool) if codes.missing is None else ~codes.missing
    return codes, known
