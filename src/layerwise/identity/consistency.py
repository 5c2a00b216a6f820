"""Whether channels say the same: prices of an item, and promotions, on one day."""

from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd

from layerwise import arguments, frames, vectors
from layerwise.columns import CUSTOMER
from layerwise.errors import DataError, SpecError, problems
from layerwise.logs import read_log, read_roster
from layerwise.orders.amounts import MOST_MONEY
from layerwise.orders.dates import read_times
from layerwise.orders.request import make_request, moment
from layerwise.orders.table import column
from layerwise.privacy.normal import distinct_texts
from layerwise.vectors import Array

PRICE_GAP = "channel_price_gap"
PROMO_MISMATCH = "channel_promo_mismatch"
_OPEN = 2**31 - 1
_SHIFT = 2**20  # makes days before 1970 positive, so that a group and a day share one number
_VALID = ("valid_from", "valid_to")


def price_gaps(prices: object, *, limit: float = 0.05) -> pd.DataFrame:
    """Return how far the channels' prices of an item lie apart, one row an item and spell of days.

    In a spell of days no price changes. Columns: `sku`, `valid_from`, `valid_to` (missing: to this
    day), `channels` (how many have a price), `lowest`, `median`, `highest`, `gap` (highest less
    lowest, over the median; missing where fewer than two channels have a price) and `flag` (gap
    above `limit`; missing where the gap is).

    Args:
        prices: One row a price: `sku`, `channel`, `valid_from`, `valid_to` (its last day; missing
            is open) and `price` (above 0, one currency). A frame in memory.
        limit: The gap above which a row is flagged.

    Raises:
        ColumnsError: A column is missing or of the wrong kind.
        DataError: Prices are missing or not above 0, dates cannot be read or end before they begin,
            or a channel has two prices for an item on one day.
        SpecError: The limit is none.

    >>> prices = pd.DataFrame(
    ...     [("tea", "shop", "2024-01-01", None, 10.0), ("tea", "app", "2024-03-01", None, 9.0)],
    ...     columns=["sku", "channel", "valid_from", "valid_to", "price"],
    ... )
    >>> print(price_gaps(prices)[["valid_from", "channels", "gap", "flag"]].to_string())
      valid_from  channels       gap   flag
    0 2024-01-01         1       NaN   <NA>
    1 2024-03-01         2  0.105263   True
    """
    spells = _price_spells(prices, _limit(limit, "limit"))
    return spells.drop(columns="first")


def promotion_overlap(
    promotions: object, *, start: Any, end: Any, limit: float = 0.8
) -> pd.DataFrame:
    """Return how alike the promotions of each pair of channels are in a period.

    The Jaccard index of the sets of (item, promotion) that run on some day of the period:
    those of both over those of either. Columns: `channel`, `other`, `both`, `either`, `jaccard` and
    `flag` (below `limit`). A channel without promotions in the period has an empty set, if it
    stands in the table at all; two empty sets cannot be compared (missing).

    Args:
        promotions: One row a promotion in a channel: `channel`, `valid_from`, `valid_to` (its last
            day; missing is open), `promo_id`, and `sku` if promotions are of items.
        start: First day of the period.
        end: Its last day.
        limit: The index below which a pair is flagged.

    Raises:
        ColumnsError: A column is missing or of the wrong kind.
        DataError: Dates cannot be read or end before they begin.
        SpecError: The period or the limit is none.

    Source: Jaccard (1912), New Phytologist 11.

    >>> rows = [("shop", "p1"), ("shop", "p2"), ("app", "p1")]
    >>> table = pd.DataFrame(rows, columns=["channel", "promo_id"])
    >>> table = table.assign(valid_from="2024-01-01", valid_to="2024-01-31")
    >>> promotion_overlap(table, start="2024-01-10", end="2024-02-10").to_dict("records")
    [{'channel': 'app', 'other': 'shop', 'both': 1, 'either': 2, 'jaccard': 0.5, 'flag': True}]
    """
    first, last = _day(start, "start"), _day(end, "end")
    if last < first:
        raise SpecError("end is before start.", hint="end is the last day of the period.")
    bound = _limit(limit, "limit")
    table = _promotions(promotions)
    runs = table[(table["first"] <= last) & (table["last"] >= first)]
    rows = []
    for left, right in combinations(sorted(set(table["channel"])), 2):
        sets = [set(runs.loc[runs["channel"] == name, "item"]) for name in (left, right)]
        both, either = len(sets[0] & sets[1]), len(sets[0] | sets[1])
        rows.append((left, right, both, either, both / either if either else np.nan))
    found = pd.DataFrame(rows, columns=["channel", "other", "both", "either", "jaccard"])
    return found.assign(flag=_flag(found["jaccard"], found["jaccard"] < bound))


def channel_exposures(
    customers: Any,
    orders: object,
    *,
    as_of: Any,
    prices: object = None,
    promotions: object = None,
    price_limit: float = 0.05,
    promotion_limit: float = 0.8,
    customer: str = CUSTOMER,
    time: str = "ordered_at",
    sku: str = "sku",
    channel: str = "channel",
) -> Any:
    """Return the customers with who met channels that do not say the same, as 0 and 1.

    - `channel_price_gap`: 1 if the customer bought some item on a day when its price lay more than
      `price_limit` apart between channels (see `price_gaps`).
    - `channel_promo_mismatch`: 1 if the customer bought in a channel on a day when its promotions
      and those of some other channel had a Jaccard index below `promotion_limit`.

    Missing where none of the customer's orders could be compared. The columns are exposures for an
    analysis of causes; that a customer met a gap does not say that it was noticed.

    Args:
        customers: The customer table, a frame in memory.
        orders: The order lines.
        as_of: The last day that counts.
        prices: As in `price_gaps`; without, there is no first column.
        promotions: As in `promotion_overlap`; without, there is no second column.
        price_limit: See above.
        promotion_limit: See above.
        customer: The column of customers, in both tables.
        time: The orders' column of dates.
        sku: The orders' column of items.
        channel: The orders' column of channels.

    Raises:
        ColumnsError: A column is missing or of the wrong kind.
        DataError: A table cannot be used, as above.
        SpecError: Neither prices nor promotions are given, or a limit is none.

    Warns:
        RowsLeftOutWarning: With counts, if orders were left out.

    Example:
        >>> prices = pd.DataFrame({
        ...     "sku": "tea", "channel": ["shop", "app"], "price": [9.0, 6.0],
        ...     "valid_from": "2024-05-01", "valid_to": "2024-05-31",
        ... })
        >>> orders = pd.DataFrame({
        ...     "customer_id": [1], "sku": "tea", "channel": "shop", "ordered_at": "2024-05-01",
        ... })
        >>> people = pd.DataFrame({"customer_id": [1, 2]})
        >>> channel_exposures(people, orders, as_of="2024-06-30", prices=prices)
           customer_id  channel_price_gap
        0            1                1.0
        1            2                NaN
    """
    if prices is None and promotions is None:
        raise SpecError("There is nothing to compare.", hint="give prices=, promotions= or both.")
    arguments.check_named({"sku=": sku, "channel=": channel})
    roster = read_roster(customers, customer=customer)
    needs = [name for name, given in ((sku, prices), (channel, promotions)) if given is not None]
    log = read_log(
        orders, roster, what="the order log", as_of=as_of, customer=customer, time=time, needs=needs
    )
    native, made = log.frame.to_native(), {}
    if prices is not None:
        spells = _price_spells(prices, _limit(price_limit, "price_limit"))
        found = _at(spells, _taken(native, sku, log.place), log.day, "sku")
        made[PRICE_GAP] = _met(found, log.customer, len(roster))
    if promotions is not None:
        days = _mismatches(promotions, _limit(promotion_limit, "promotion_limit"))
        found = _at(days, _taken(native, channel, log.place), log.day, "channel")
        made[PROMO_MISMATCH] = _met(found, log.customer, len(roster))
    return vectors.attach(frames.eager(customers, doing="channel_exposures"), made)


def _taken(native: Any, name: str, place: Array) -> Array:
    codes, texts = distinct_texts(column(native, name), name=f"Column {name}")
    values = np.array([*texts, ""], dtype=object)
    taken: Array = values[codes[place]]
    return taken


def _met(flag: Array, who: Array, n: int) -> Array:
    """Return for each customer whether some order has the flag; NaN where none can be judged."""
    known = ~np.isnan(flag)
    judged = np.bincount(who[known], minlength=n)
    met = np.bincount(who[known], flag[known], minlength=n) > 0
    return np.where(judged > 0, met.astype(np.float64), np.nan)


def _at(spells: pd.DataFrame, names: Array, days: Array, by: str) -> Array:
    """Return the flag of the spell that holds each day under each name; NaN without one."""
    known = pd.Index(sorted(set(spells[by])))
    lefts = (
        (known.get_indexer(spells[by]).astype(np.int64) << 32) + spells["first"].to_numpy() + _SHIFT
    )
    flags = spells["flag"].astype("Float64").to_numpy(dtype=np.float64, na_value=np.nan)
    order = np.argsort(lefts)
    mine = known.get_indexer(pd.Index(names, dtype=object)).astype(np.int64)
    at = np.searchsorted(lefts[order], (mine << 32) + days + _SHIFT, side="right") - 1
    inside = (mine >= 0) & (at >= 0)
    inside[inside] = (lefts[order][at[inside]] >> 32) == mine[inside]
    found = np.full(len(names), np.nan)
    found[inside] = flags[order][at[inside]]
    return found


def _flag(values: pd.Series, true: pd.Series) -> pd.Series:
    return true.astype("boolean").mask(values.isna())


def _limit(value: Any, name: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < np.inf:
        raise SpecError(f"{name} must be a number, 0 or more.", hint=f"{name}=0.05 is 5 %.")
    return float(value)


def _day(value: Any, name: str) -> int:
    return moment(value, name=name, request=make_request(), aware=False)


def _validity(frame: Any, what: str) -> tuple[Array, Array]:
    """Return the first and last day of each row; open ends lie far away."""
    native, days, missing = frame.to_native(), [], 0
    for name in _VALID:
        series = column(native, name).reset_index(drop=True)
        if series.isna().all():
            days.append(np.full(len(series), np.nan))
            continue
        times = read_times(series, make_request(time=name, customer=f"not {name}"))
        day = times.number.astype(np.float64)
        if times.missing is not None:
            day[times.missing] = np.nan
        days.append(day)
    first, last = days[0], np.where(np.isnan(days[1]), _OPEN, days[1])
    missing, backwards = int(np.isnan(first).sum()), int((first > last).sum())
    wrong = {"rows without valid_from": missing, "rows that end before they begin": backwards}
    if any(wrong.values()):
        lines = [f"{text}: {n:,} of {len(first):,}" for text, n in wrong.items() if n]
        raise DataError(problems(f"{what} cannot be used:", lines), hint="correct the dates.")
    return first.astype(np.int64), last.astype(np.int64)


def _read(table: object, names: tuple[str, ...], what: str) -> tuple[Any, pd.DataFrame]:
    """Return the wrapped table, and its texts with the days from first to last."""
    frame = frames.eager(table, doing=what)
    needed = dict.fromkeys((*names, *_VALID), what)
    arguments.require(frames.column_names(frame), needed, title=f"{what} lacks columns:")
    first, last = _validity(frame, what)
    native, made = frame.to_native(), {"first": first, "last": last}
    for name in names:
        codes, texts = distinct_texts(column(native, name), name=f"Column {name}")
        if (codes < 0).any():
            raise DataError(
                f"{what}: {name} is missing in {int((codes < 0).sum()):,} of {len(codes):,} rows.",
                hint="fill it, or leave these rows out.",
            )
        made[name] = np.array([*texts, ""], dtype=object)[codes]
    return frame, pd.DataFrame(made)


def _spells(group: Array, first: Array, last: Array) -> tuple[Array, Array, Array, Array]:
    """Return rows and the spells that each covers, and each spell's group and first day.

    A group's spells begin where one of its rows begins or has just ended.
    """
    base = (group << 32) + _SHIFT
    ends = last < _OPEN
    edges = np.unique(np.concatenate([base + first, (base + last + 1)[ends]]))
    start = np.searchsorted(edges, base + first)
    stop = np.searchsorted(edges, np.where(ends, base + last + 1, (group + 1) << 32))
    length = stop - start
    rows = np.repeat(np.arange(len(group)), length)
    offset = np.arange(len(rows)) - np.repeat(np.cumsum(length) - length, length)
    return rows, start[rows] + offset, edges >> 32, (edges & (2**32 - 1)) - _SHIFT


def _price_spells(prices: object, limit: float) -> pd.DataFrame:
    frame, table = _read(prices, ("sku", "channel"), "The price table")
    arguments.require(
        frames.column_names(frame), {"price": "prices"}, title="The price table lacks:"
    )
    price = vectors.read(frame, ["price"], what="the price table")["price"]
    good = isinstance(price, np.ndarray) and (price > 0) & (price <= MOST_MONEY)
    if not isinstance(price, np.ndarray) or not np.all(good):
        bad = len(table) - int(np.sum(good))
        raise DataError(
            f"Prices must be numbers above 0, up to {MOST_MONEY:g}; {bad:,} of {len(table):,} are "
            "not.",
            hint="leave out what has no price.",
        )
    skus, names = pd.factorize(table["sku"], sort=True)
    first, last = table["first"].to_numpy(), table["last"].to_numpy()
    rows, spell, group, begin = _spells(skus.astype(np.int64), first, last)
    _one_price(spell, pd.factorize(table["channel"])[0][rows])
    order = np.lexsort([price[rows], spell])
    value, n = price[rows][order].astype(np.float64), np.bincount(spell, minlength=len(group))
    at, there = np.cumsum(n) - n, n > 0
    low, high = at[there], (at + n)[there] - 1
    found = pd.DataFrame({"sku": np.asarray(names, dtype=object)[group], "first": begin})
    ends = np.append(begin[1:] - 1, 0)[: len(begin)]
    open_ = np.append(group[1:] != group[:-1], True)[: len(begin)]
    found["valid_from"] = _dates(begin, np.zeros(len(begin), dtype=bool))
    found["valid_to"] = _dates(ends, open_)
    found["channels"] = n
    for name in ("lowest", "median", "highest"):
        found[name] = np.nan
    found.loc[there, "lowest"], found.loc[there, "highest"] = value[low], value[high]
    middle = (value[(low + high) // 2] + value[(low + high + 1) // 2]) / 2
    found.loc[there, "median"] = middle
    gap = (found["highest"] - found["lowest"]) / found["median"]
    found["gap"] = gap.where(found["channels"] > 1)
    found["flag"] = _flag(found["gap"], found["gap"] > limit)
    return found


def _one_price(spell: Array, channel: Array) -> None:
    pairs = np.unique(np.column_stack([spell, channel]), axis=0)
    if twice := len(spell) - len(pairs):
        raise DataError(
            f"A channel has two prices for one item on one day ({twice:,} times).",
            hint="end the old price the day before the new one begins.",
        )


def _dates(days: Array, missing: Array) -> Array:
    found = days.astype("M8[D]").astype("M8[s]")
    found[missing] = np.datetime64("NaT")
    return found


def _promotions(promotions: object) -> pd.DataFrame:
    frame = frames.eager(promotions, doing="The promotion table")
    sku = ("sku",) if "sku" in frames.column_names(frame) else ()
    _, table = _read(promotions, ("channel", "promo_id", *sku), "The promotion table")
    item = table.groupby(["promo_id", *sku], sort=True).ngroup()
    return table.assign(item=item)


def _mismatches(promotions: object, limit: float) -> pd.DataFrame:
    """Return a row a channel and spell of days: whether it differs from some other channel."""
    table = _promotions(promotions)
    codes, names = pd.factorize(table["channel"], sort=True)
    one = np.zeros(len(table), dtype=np.int64)
    first, last = table["first"].to_numpy(), table["last"].to_numpy()
    rows, spell, _, begin = _spells(one, first, last)
    runs = np.unique(np.column_stack([spell, table["item"].to_numpy()[rows], codes[rows]]), axis=0)
    k, n = len(names), len(begin)
    runs_in = np.zeros((k, n), dtype=np.int64)
    np.add.at(runs_in, (runs[:, 2], runs[:, 0]), 1)
    place = runs[:, 0] * (int(table["item"].max()) + 1 if len(table) else 1) + runs[:, 1]
    least = np.full((k, n), np.nan)
    for i, j in combinations(range(k), 2):
        common = runs[runs[:, 2] == i][:, 0][
            np.isin(place[runs[:, 2] == i], place[runs[:, 2] == j])
        ]
        both = np.bincount(common, minlength=n)
        either = runs_in[i] + runs_in[j] - both
        jaccard = np.divide(both, either, out=np.full(n, np.nan), where=either > 0)
        for c in (i, j):
            least[c] = np.fmin(least[c], jaccard)
    flag = pd.Series(least.reshape(-1))
    return pd.DataFrame(
        {
            "channel": np.repeat(np.asarray(names, dtype=object), n),
            "first": np.tile(begin, k),
            "flag": _flag(flag, flag < limit),
        }
    )
