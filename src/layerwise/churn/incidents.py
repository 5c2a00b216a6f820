"""Signals that need no baseline: what happened lately, and what was not settled."""

from math import comb

import numpy as np

from layerwise.churn.inputs import Inputs, among
from layerwise.churn.signal import Signal, divided
from layerwise.churn.signs import Sign
from layerwise.errors import DataError
from layerwise.logs import Log
from layerwise.rules.base import numbers
from layerwise.vectors import Array, Floats


def any_recent(sign: Sign, inputs: Inputs) -> Signal:
    """Count rows of the recent window; whoever has no row in the log at all is not judged."""
    name = sign.input[0]
    everything = np.ones(len(inputs.logs[name]), dtype=bool)
    rows = inputs.of_type(name, sign.events) & inputs.window(name, sign.days("recent_days"))
    return _counted(inputs, name, rows, judged=inputs.count(name, everything) > 0)


def terms(sign: Sign, inputs: Inputs) -> Signal:
    """Count recent searches that hold one of the terms, whatever their case."""
    recent = inputs.of_type("events", sign.events) & inputs.window(
        "events", sign.days("recent_days")
    )
    holds = among(inputs.labels("events", sign.column), lambda text: _holds(text, sign.terms))
    return _counted(inputs, "events", recent & holds, judged=inputs.count("events", recent) > 0)


def new_words(sign: Sign, inputs: Inputs) -> Signal:
    """Measure the share of recent searches whose term was not searched in the baseline."""
    words = inputs.labels("events", sign.column)
    alike = {name: str(name).strip().casefold() for name in words.names}
    place = {text: i for i, text in enumerate(sorted(set(alike.values())))}
    codes = np.array([*(place[alike[name]] for name in words.names), -1])[words.codes]
    rows = inputs.of_type("events", sign.events) & (codes >= 0)
    days = sign.days("recent_days"), sign.days("baseline_days")
    recent = rows & inputs.window("events", days[0])
    base = rows & inputs.window("events", days[1], before=days[0])
    key = inputs.logs["events"].customer * (len(place) + 1) + codes
    new = recent.copy()
    new[recent] = ~np.isin(key[recent], key[base])
    k, n, before = (inputs.count("events", r) for r in (new, recent, base))
    least = max(sign.number("min_baseline"), 1.0)
    judged = (before >= least) & (n >= max(least * days[0] / days[1], 1.0))
    value = divided(k, n)
    since = inputs.earliest("events", new)
    return Signal(
        judged=judged, hit=judged & (value > sign.number("limit")), value=value, since=since
    )


def low_score(sign: Sign, inputs: Inputs) -> Signal:
    """Find the lowest recent score; a complaint in `code` or `text` counts whatever the score."""
    log = inputs.logs["feedback"]
    score = np.asarray(numbers(inputs.column("feedback", sign.column)), dtype=np.float64)
    recent = inputs.window("feedback", sign.days("recent_days"))
    bad, told = score <= sign.number("limit"), ~np.isnan(score)
    for name in (n for n in ("code", "text") if log.has(n)):
        labels = inputs.labels("feedback", name)
        told = told | (labels.codes >= 0)
        bad = bad | among(labels, lambda text: _holds(text, sign.terms))
    least = np.full(inputs.n, np.inf)
    np.minimum.at(
        least, log.customer[recent & told], np.where(np.isnan(score), np.inf, score)[recent & told]
    )
    return Signal(
        judged=inputs.count("feedback", recent & told) > 0,
        hit=inputs.count("feedback", recent & bad) > 0,
        value=np.where(np.isinf(least), np.nan, least),
        since=inputs.earliest("feedback", recent & bad),
    )


def unresolved(sign: Sign, inputs: Inputs) -> Signal:
    """Count recent failures after the last success; a success on the same day settles them."""
    log = inputs.logs["events"]
    failures, successes = (inputs.of_type("events", types) for types in (sign.events, sign.per))
    last = np.full(inputs.n, -np.inf)
    np.maximum.at(last, log.customer[successes], log.day[successes])
    open_ = failures & inputs.window("events", sign.days("recent_days"))
    open_ = open_ & (log.day > last[log.customer])
    count = inputs.count("events", open_)
    return Signal(
        judged=inputs.count("events", failures | successes) > 0,
        hit=count >= max(sign.number("limit"), 1),
        value=count,
        since=inputs.earliest("events", open_),
    )


def late(sign: Sign, inputs: Inputs) -> Signal:
    """Count late, damaged and lost ones among the last deliveries that were due."""
    log = inputs.logs["deliveries"]
    arrived = inputs.days("deliveries", "delivered_at")
    bad = (arrived > log.day) | (np.isnan(arrived) & (log.day < inputs.today))
    for name in (n for n in ("damaged", "lost") if log.has(n)):
        said = np.asarray(numbers(inputs.column("deliveries", name)), dtype=np.float64)
        bad |= (
            np.nan_to_num(said) > 0
            if name == "lost"
            else (np.nan_to_num(said) > 0) & ~np.isnan(arrived)
        )
    due = inputs.window("deliveries", sign.days("recent_days"))
    # Of two due on one day the good one counts as later, so that the rows' order does not matter.
    last = due & (_from_the_end(log, ~bad, due) < sign.number("last"))
    found = inputs.count("deliveries", last & bad)
    return Signal(
        judged=inputs.count("deliveries", last) > 0,
        hit=found > 0,
        value=found,
        since=inputs.earliest("deliveries", last & bad),
    )


def wait(sign: Sign, inputs: Inputs) -> Signal:
    """Measure the longest wait, in days, of tickets that are open or ended lately."""
    log = inputs.logs["tickets"]
    ended = inputs.days("tickets", sign.column)
    if backwards := int((ended < log.day).sum()):
        raise DataError(
            f"The ticket log has {backwards:,} of {len(log):,} tickets whose {sign.column} is "
            "before opened_at.",
            hint="correct them, or make that time missing.",
        )
    end = np.where(np.isnan(ended), inputs.today, ended)
    rows = end > inputs.today - sign.number("recent_days")
    waited = end - log.day
    longest = np.full(inputs.n, -np.inf)
    np.maximum.at(longest, log.customer[rows], waited[rows])
    over = rows & (waited > sign.number("limit"))
    begun = inputs.earliest("tickets", over, log.day + sign.number("limit"))
    return Signal(
        judged=inputs.count("tickets", rows) > 0,
        hit=longest > sign.number("limit"),
        value=np.where(np.isinf(longest), np.nan, longest),
        since=begun,
    )


def no_open(sign: Sign, inputs: Inputs) -> Signal:
    """Compare opens of the last sends with those of as many before; p is hypergeometric."""
    log, last = inputs.logs["messages"], sign.days("last")
    opened = ~np.isnan(inputs.days("messages", sign.column))
    place = _from_the_end(log, opened, np.ones(len(log), dtype=bool))
    now, before = place < last, (place >= last) & (place < 2 * last)
    k, b = (inputs.count("messages", rows & opened) for rows in (now, before))
    sends = inputs.count("messages", now | before)
    judged = (sends >= 2 * last) & (b >= max(sign.number("min_baseline"), 1))
    p = _hypergeometric(last)[k.astype(np.int64), b.astype(np.int64)]
    return Signal(
        judged=judged,
        hit=judged & (k == 0),
        value=k / last,
        baseline=b / last,
        ratio=divided(k, b),
        p=np.where(judged, p, np.nan),
        since=inputs.earliest("messages", now),
    )


def _hypergeometric(last: int) -> Floats:
    """Return P(at most k of the opens fall in the recent half | k recent ones and b before)."""
    ways = [[comb(last, i) * comb(last, m - i) for i in range(m + 1)] for m in range(2 * last + 1)]
    size = range(last + 1)
    return np.array(
        [[sum(ways[k + b][: k + 1]) / comb(2 * last, k + b) for b in size] for k in size]
    )


def _from_the_end(log: Log, later: Array, rows: Array) -> Array:
    """Return how many of a customer's rows come after each; `later` breaks ties of a day."""
    order = np.lexsort((~rows, later, log.day, log.customer))
    order = order[rows[order]]
    who = log.customer[order]
    ends = np.searchsorted(who, who, side="right")
    place = np.full(len(log), len(log))
    place[order] = ends - 1 - np.arange(len(order))
    return place


def _holds(text: object, wanted: tuple[str, ...]) -> bool:
    folded = str(text).casefold()
    return any(term.casefold() in folded for term in wanted)


def _counted(inputs: Inputs, log: str, rows: Array, *, judged: Array) -> Signal:
    count = inputs.count(log, rows)
    return Signal(judged=judged, hit=count > 0, value=count, since=inputs.earliest(log, rows))
