"""Which events of a ledger are refused: beyond a cap, or taking back what is not there."""

import numpy as np

from layerwise.membership._events import Events
from layerwise.membership._queue import EARN, REVERSE, running_sum
from layerwise.membership.point_rules import PointRules
from layerwise.vectors import Array


class Refusals:
    """What is accepted of each event, and why the rest is refused; the first reason stays."""

    reasons = (
        "", "beyond the daily cap", "no such lot", "lot of another customer",
        "lot refused itself", "before its lot", "lot has lapsed",
        "more than its lot earned", "more than the balance",
    )  # fmt: skip

    def __init__(self, events: Events) -> None:
        self.accepted = events.points.copy()
        self.code = np.zeros(len(events.kind), dtype=np.int8)

    def add(self, rows: Array, reason: str, points: Array | None = None) -> None:
        """Refuse events (by place, none refused before if points are given), or points of them."""
        fresh = rows[self.code[rows] == 0]
        self.code[fresh] = self.reasons.index(reason)
        self.accepted[fresh] -= self.accepted[fresh] if points is None else points


def limit_earnings(events: Events, rules: PointRules, refusals: Refusals) -> None:
    """Refuse earnings beyond the daily cap of their reason."""
    for name, cap in rules.daily_caps.items():
        if events.reason is None or name not in events.reasons:
            continue
        rows = np.flatnonzero((events.kind == EARN) & (events.reason == events.reasons.index(name)))
        who, day = events.customer[rows], events.day[rows]
        new = np.append(True, (who[1:] != who[:-1]) | (day[1:] != day[:-1]))[: len(rows)]
        place = np.arange(len(rows))
        within = place - np.maximum.accumulate(np.where(new, place, 0))
        refusals.add(rows[within >= cap], "beyond the daily cap")


def limit_reversals(events: Events, rules: PointRules, refusals: Refusals) -> None:
    """Refuse reversals without a lot that can be taken from, and more than it earned."""
    rows = np.flatnonzero(events.kind == REVERSE)
    lot = events.lot[rows]
    refusals.add(rows[lot < 0], "no such lot")
    rows, lot = rows[lot >= 0], lot[lot >= 0]
    age = events.day[rows] - events.day[lot]
    for reason, wrong in {
        "lot of another customer": events.customer[rows] != events.customer[lot],
        "lot refused itself": refusals.code[lot] > 0,
        "before its lot": age < 0,
        "lot has lapsed": age >= rules.lifetime,
    }.items():
        refusals.add(rows[wrong], reason)
    order = np.argsort(lot, kind="stable")
    rows, lot = rows[order], lot[order]
    good = refusals.code[rows] == 0
    rows, lot = rows[good], lot[good]
    asked, earned = running_sum(events.points[rows], lot), events.points[lot]
    taken = np.minimum(asked, earned) - np.minimum(asked - events.points[rows], earned)
    over = events.points[rows] - taken
    refusals.add(rows[over > 0], "more than its lot earned", over[over > 0])
