"""The key figures that need a log of events, messages, tickets or feedback."""

from typing import Any

import numpy as np

from layerwise.errors import DataError
from layerwise.evaluate.figures import Figure, averaged, by_customer, scaled, shared
from layerwise.evaluate.order_figures import Sight
from layerwise.logs import Log
from layerwise.rules.base import numbers
from layerwise.vectors import Array, Floats, Labels

TIMES = {"events": "ts", "messages": "sent_at", "tickets": "opened_at", "feedback": "ts"}
"""Log -> its column of times."""

COLUMNS = {
    "active_rate": (),
    "browse_duration": ("duration_s",),
    "referral_rate": ("event_type",),
    "login_success_rate": ("event_type",),
    "open_rate": ("delivered_at", "opened_at"),
    "click_through_rate": ("delivered_at", "clicked_at"),
    "satisfaction": ("score",),
    "feedback_volume": (),
    "complaint_rate": ("topic",),
}
"""Figure -> the columns of its log that it needs beside customer and time."""

_IDLE_SECONDS = 1800
_ADVOCATES = ("share", "review", "referral")


def log_figure(kpi: str, log: Log, sight: Sight) -> Figure:
    """Return one of the figures of `COLUMNS`."""
    place = sight.cells.period_of(log.day)
    inside = np.flatnonzero((place >= 0) & (place < sight.cells.periods))
    part, period = log.take(inside), place[inside]
    made: Figure = _MAKERS[kpi](kpi, part, period, sight)
    return made


def _distinct(owner: Array, period: Array, sight: Sight) -> tuple[Array, Array]:
    who, when = by_customer(owner, period, n=len(sight.seen))[:2]
    return who, when


def _active(kpi: str, log: Log, period: Array, sight: Sight) -> Figure:
    """Customers with an event, of those whose first order came up to the period's end."""
    who, when = _distinct(log.customer, period, sight)
    known = sight.seen.days[sight.seen.starts][who] <= sight.cells.bounds[when + 1]
    hits = sight.cells.count(who[known], when[known])[:, :-1]
    return shared(kpi, hits, sight.flows.known_end, sight.how)


def _browsing(kpi: str, log: Log, period: Array, sight: Sight) -> Figure:
    seconds = numbers(log.column("duration_s"))
    if negative := int((seconds < 0).sum()):
        raise DataError(
            f"duration_s of the event log is negative: {negative:,} of {len(seconds):,}.",
            hint="it is the seconds a customer spent.",
        )
    timed = ~np.isnan(seconds)
    # Whole milliseconds add up to the same sum in every order.
    capped = np.round(np.minimum(seconds[timed], _IDLE_SECONDS) * 1000)
    who, when, total = by_customer(log.customer[timed], period[timed], capped, n=len(sight.seen))
    x = total / 1000 * 7 / sight.lengths[when]
    return averaged(kpi, sight.cells, who, when, x, np.ones(len(x)), sight.how)


def _referring(kpi: str, log: Log, period: Array, sight: Sight) -> Figure:
    spoke = np.isin(_words(log.column("event_type")), _ADVOCATES)
    who, when = _distinct(log.customer[spoke], period[spoke], sight)
    active = _active_at(who, sight.cells.bounds[when + 1], sight)
    hits = sight.cells.count(who[active], when[active])[:, :-1]
    return shared(kpi, hits, sight.flows.active_end, sight.how, sight.note)


def _active_at(who: Array, day: Array, sight: Sight) -> Array:
    """Return whether customers are silent for at most the window on a day."""
    seen = sight.seen
    low, span = int(seen.days.min()), int(seen.last - seen.days.min()) + 2
    key = seen.owners() * span + seen.days - low
    place = np.searchsorted(key, who * span + np.maximum(day - low, -1), side="right") - 1
    mine = place >= seen.starts[who]
    active: Array = mine & (day - seen.days[place] <= sight.window_days)
    return active


def _logins(kpi: str, log: Log, period: Array, sight: Sight) -> Figure:
    word = _words(log.column("event_type"))
    good, tried = word == "login_ok", np.isin(word, ("login_ok", "login_failed"))
    return _counted_rows(kpi, log, period, good, tried, sight)


def _messages(kpi: str, log: Log, period: Array, sight: Sight) -> Figure:
    column = "opened_at" if kpi == "open_rate" else "clicked_at"
    delivered, acted = (_by_now(log, name, sight) for name in ("delivered_at", column))
    return _counted_rows(kpi, log, period, delivered & acted, delivered, sight)


def _by_now(log: Log, name: str, sight: Sight) -> Array:
    """Return where a date is there and not after as_of, beyond which nothing is known."""
    done: Array = log.days(name) <= sight.seen.last
    return done


def _satisfaction(kpi: str, log: Log, period: Array, sight: Sight) -> Figure:
    score = numbers(log.column("score"))
    given = ~np.isnan(score)
    if wrong := int(((score[given] < 1) | (score[given] > 5)).sum()):
        raise DataError(
            f"score of the feedback log is outside 1 to 5: {wrong:,} of {len(score):,}.",
            hint="satisfaction counts scores of 4 and 5 on a scale of 1 to 5; rescale others.",
        )
    return _counted_rows(kpi, log, period, given & (score >= 4), given, sight)


def _volume(kpi: str, log: Log, period: Array, sight: Sight) -> Figure:
    items = sight.cells.count(log.customer, period)[:, :-1]
    return scaled(kpi, 1000 * items, sight.flows.active_end)


def _complaints(kpi: str, log: Log, period: Array, sight: Sight) -> Figure:
    complaint = _words(log.column("topic")) == "complaint"
    owner, bought = log.customer[complaint], sight.bought
    who, when, x, y = by_customer(
        np.concatenate([owner, bought.owner]),
        np.concatenate([period[complaint], bought.period]),
        np.concatenate([np.full(len(owner), 1000.0), np.zeros(len(bought.owner))]),
        np.concatenate([np.zeros(len(owner)), bought.orders]),
        n=len(sight.seen),
    )
    return averaged(kpi, sight.cells, who, when, x, y, sight.how)


def _counted_rows(
    kpi: str, log: Log, period: Array, hits: Array, trials: Array, sight: Sight
) -> Figure:
    def of(which: Array) -> Floats:
        return sight.cells.count(log.customer[which], period[which])[:, :-1]

    return shared(kpi, of(hits), of(trials), sight.how)


def _words(column: Any) -> Array:
    """Return a column of texts as objects; an empty or all-missing one has none."""
    if isinstance(column, Labels):
        return column.objects()
    return np.full(len(column), None, dtype=object)


_MAKERS: dict[str, Any] = {
    "active_rate": _active,
    "browse_duration": _browsing,
    "referral_rate": _referring,
    "login_success_rate": _logins,
    "open_rate": _messages,
    "click_through_rate": _messages,
    "satisfaction": _satisfaction,
    "feedback_volume": _volume,
    "complaint_rate": _complaints,
}
