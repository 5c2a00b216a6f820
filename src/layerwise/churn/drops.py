"""Drops against the customer's own baseline: of events, of a share of them, of a category."""

import numpy as np

from layerwise.churn.drop_test import DropTest, drop_test
from layerwise.churn.inputs import Inputs
from layerwise.churn.signal import Signal, divided
from layerwise.churn.signs import Sign
from layerwise.errors import DataError
from layerwise.rules.base import numbers
from layerwise.vectors import Array, Floats, Labels

_WEEK = 7.0


def drop(sign: Sign, inputs: Inputs) -> Signal:
    """Judge the fall of events per week, or of a sum over them such as their duration."""
    recent, base = _windows(sign, inputs)
    rows = inputs.of_type("events", sign.events)
    weights = _weights(sign, inputs) if sign.column else None
    if weights is not None:
        rows = rows & (weights > 0)
    k, b = (inputs.count("events", rows & w, weights) for w in (recent, base))
    seen = _seen(sign, inputs)
    size: Array | float = 1.0
    events = b
    if weights is not None:
        squares = inputs.count("events", rows & (recent | base), weights**2)
        size = np.where(k + b > 0, divided(squares, k + b), 1.0)
        events = inputs.count("events", rows & base)
    days = sign.number("recent_days"), sign.number("baseline_days")
    test = drop_test(k, b, *days, size=size, include=seen, p_limit=sign.number("p_limit"))
    judged = seen & test.enough & (b > 0) & (events >= sign.number("min_baseline"))
    return _signal(sign, inputs, test, judged, k * _WEEK / days[0], b * _WEEK / days[1])


def share_drop(sign: Sign, inputs: Inputs) -> Signal:
    """Judge the fall of events of one kind per event of another, such as carts per view."""
    recent, base = _windows(sign, inputs)
    rows, against = (inputs.of_type("events", types) for types in (sign.events, sign.per))
    k, b = (inputs.count("events", rows & w) for w in (recent, base))
    views, views_before = (inputs.count("events", against & w) for w in (recent, base))
    seen = _seen(sign, inputs) & (views > 0) & (views_before >= max(sign.number("min_baseline"), 1))
    test = drop_test(k, b, views, views_before, include=seen, p_limit=sign.number("p_limit"))
    judged = seen & test.enough & (b > 0)
    return _signal(sign, inputs, test, judged, divided(k, views), divided(b, views_before))


def category_drop(sign: Sign, inputs: Inputs) -> Signal:
    """Judge the fall of one category's orders and views beside the rest of the customer's own.

    One row a customer and category of both windows. Orders and views must both fall to the ratio
    limit, and the rest must not. The p-value is of orders and views together, with the rest of the
    customer's activity as exposure, times the customer's categories (Bonferroni); the category with
    the least is told.
    """
    pairs = _Pairs(sign, inputs)
    ratio = np.fmax(pairs.fall(pairs.views, pairs.rest), pairs.fall(pairs.orders, pairs.rest))
    k, b = pairs.views[0] + pairs.orders[0], pairs.views[1] + pairs.orders[1]
    limit = sign.number("ratio_limit")
    known = (pairs.views[1] > 0) & (pairs.orders[1] > 0) & (pairs.rest[1] > 0) & (pairs.rest[0] > 0)
    test = drop_test(
        k,
        b,
        pairs.rest[0],
        pairs.rest[1],
        include=known,
        p_limit=sign.number("p_limit"),
        trend=pairs.trend(k, b, known),
    )
    known &= test.enough & _seen(sign, inputs)[pairs.customer]
    holds = pairs.fall(pairs.rest, None) > limit
    categories = np.bincount(pairs.customer[known], minlength=inputs.n)
    p = np.minimum(test.p * np.maximum(categories[pairs.customer], 1), 1.0)
    hit = known & (ratio <= limit) & holds
    return pairs.worst(known, hit, k, b, ratio, p)


class _Pairs:
    """Orders and views of both windows by customer and category."""

    def __init__(self, sign: Sign, inputs: Inputs) -> None:
        self.inputs = inputs
        self.days: tuple[float, float] = sign.number("recent_days"), sign.number("baseline_days")
        codes, names = self._categories(sign.column)
        self.names, wide = names, max(len(names), 1)
        rows = {
            "events": inputs.of_type("events", sign.events),
            "orders": _once_a_day(inputs, codes),
        }
        keys = {}
        for log, of_log in rows.items():
            for i, window in enumerate(_windows(sign, inputs, log)):
                used = of_log & window & (codes[log] >= 0)
                keys[log, i] = inputs.logs[log].customer[used] * wide + codes[log][used]
        found, place = np.unique(np.concatenate([*keys.values()]), return_inverse=True)
        parts = np.split(place.ravel(), np.cumsum([len(v) for v in keys.values()])[:-1])
        counts = [np.bincount(part, minlength=len(found)).astype(np.float64) for part in parts]
        self.views, self.orders = tuple(counts[:2]), tuple(counts[2:])
        self.customer, self.category = found // wide, found % wide
        self.rest = tuple(self._rest(counts[i] + counts[i + 2]) for i in (0, 1))

    def _categories(self, name: str) -> tuple[dict[str, Array], tuple[str, ...]]:
        """Return the codes of both logs in one list of names, sorted."""
        found = {log: self.inputs.labels(log, name) for log in ("events", "orders")}
        names = tuple(sorted({str(n) for labels in found.values() for n in labels.names}))
        place = {n: i for i, n in enumerate(names)}
        tables = {k: np.array([*(place[str(n)] for n in v.names), -1]) for k, v in found.items()}
        return {k: tables[k][v.codes] for k, v in found.items()}, names

    def _rest(self, each: Floats) -> Floats:
        whole = np.bincount(self.customer, each, self.inputs.n)
        return np.asarray(whole[self.customer] - each)

    def trend(self, k: Floats, b: Floats, known: Array) -> Floats:
        """Return each category's trend beside the rest, over all customers."""
        wide = max(len(self.names), 1)
        sums = [
            np.bincount(self.category[known], v[known], wide).astype(np.float64)
            for v in (k, self.rest[1], b, self.rest[0])
        ]
        trend: Floats = divided(sums[0] * sums[1], sums[2] * sums[3])[self.category]
        return trend

    def fall(self, part: tuple[Floats, ...], rest: tuple[Floats, ...] | None) -> Floats:
        """Return the ratio of weekly rates with the trend of all customers taken out."""
        wide = max(len(self.names), 1)
        where = self.category if rest is not None else np.zeros(len(self.category), dtype=np.int64)
        recent, base = (np.bincount(where, v, wide).astype(np.float64) for v in part)
        fell: Floats = divided(divided(part[0], part[1]), divided(recent, base)[where])
        return fell

    def worst(
        self, known: Array, hit: Array, k: Floats, b: Floats, ratio: Floats, p: Floats
    ) -> Signal:
        """Return one category a customer: a hit before another, then the least p, then the name."""
        n = self.inputs.n
        order = np.lexsort((self.category, p, ~hit, ~known, self.customer))
        first = order[np.unique(self.customer[order], return_index=True)[1]]
        who = self.customer[first]

        def spread(values: Array) -> Floats:
            out = np.full(n, np.nan)
            out[who] = np.where(known[first], values[first], np.nan)
            return out

        judged, holds = np.zeros(n, dtype=bool), np.zeros(n, dtype=bool)
        judged[who], holds[who] = known[first], hit[first]
        codes = np.full(n, -1)
        codes[who] = np.where(known[first], self.category[first], -1)
        return Signal(
            judged=judged,
            hit=holds,
            value=spread(k * _WEEK / self.days[0]),
            baseline=spread(b * _WEEK / self.days[1]),
            ratio=spread(ratio),
            p=spread(p),
            since=np.full(n, self.inputs.today - self.days[0] + 1),
            detail=Labels(codes, self.names),
        )


def _once_a_day(inputs: Inputs, codes: dict[str, Array]) -> Array:
    """Return one row of the order log for each customer, category and day."""
    log, category = inputs.logs["orders"], codes["orders"]
    keep = np.zeros(len(log), dtype=bool)
    order = np.lexsort((category, log.day, log.customer))
    new = np.ones(len(order), dtype=bool)
    for values in (log.customer, log.day, category):
        same = values[order][1:] == values[order][:-1]
        new[1:] = ~same if values is log.customer else new[1:] | ~same
    keep[order[new]] = True
    return keep


def _windows(sign: Sign, inputs: Inputs, log: str = "events") -> tuple[Array, Array]:
    recent, base = sign.days("recent_days"), sign.days("baseline_days")
    return inputs.window(log, recent), inputs.window(log, base, before=recent)


def _weights(sign: Sign, inputs: Inputs) -> Floats:
    found = np.asarray(numbers(inputs.column("events", sign.column)), dtype=np.float64)
    if negative := int((found < 0).sum()):
        raise DataError(
            f"{sign.column} of the event log is negative in {negative:,} of {len(found):,} rows.",
            hint="correct it, or make it missing.",
        )
    return np.nan_to_num(found)


def _seen(sign: Sign, inputs: Inputs) -> Array:
    """Return who was there for as long before the recent window as the window is."""
    since = inputs.today - 2 * sign.number("recent_days") + 1
    return np.asarray(inputs.first_seen("events") <= since)


def _signal(
    sign: Sign, inputs: Inputs, test: DropTest, judged: Array, value: Floats, baseline: Floats
) -> Signal:
    begin = inputs.today - sign.number("recent_days") + 1
    return Signal(
        judged=judged,
        hit=judged & (test.ratio <= sign.number("ratio_limit")),
        value=value,
        baseline=baseline,
        ratio=test.ratio,
        p=test.p,
        since=np.full(inputs.n, begin),
    )
