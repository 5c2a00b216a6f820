"""What order lines show of motives: 1, 0, or NaN where a line does not tell."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from layerwise.errors import ColumnsError, DataError, SpecError, problems
from layerwise.frames import Array, Floats, Labels
from layerwise.logs import Log
from layerwise.orders.ids import Codes, read_ids
from layerwise.orders.table import column

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
    pairs = np.unique(sold[known] * (int(log.customer.max(initial=0)) + 1) + log.customer[known])
    cells, buyers = np.unique(pairs // (int(log.customer.max(initial=0)) + 1), return_counts=True)
    order = np.lexsort((-buyers, cells // items.n))
    weeks, count = (cells // items.n)[order], buyers[order]
    begins = np.flatnonzero(np.append(True, np.diff(weeks) != 0)) if len(weeks) else weeks
    sizes = np.diff(np.append(begins, len(weeks)))
    ties = np.flatnonzero(np.append((np.diff(weeks) != 0) | (np.diff(count) != 0), True))
    last = ties[np.searchsorted(ties, np.arange(len(weeks)))] if len(weeks) else weeks
    reach = last - np.repeat(begins, sizes) + 1
    top = np.empty(len(cells), dtype=bool)
    top[order] = reach <= TOP * np.repeat(sizes, sizes)
    mark = np.full(len(log), np.nan)
    mark[known] = top[np.searchsorted(cells, sold[known])]
    return mark


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
