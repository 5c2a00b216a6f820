"""The tables of a replayed ledger: customers, lots and refusals."""

import numpy as np
import pandas as pd

from layerwise.membership._events import Events, dates
from layerwise.membership._ledger import KINDS
from layerwise.membership._queue import REDEEM, REVERSE
from layerwise.membership._refusals import Refusals
from layerwise.membership._settle import Lots
from layerwise.membership.point_rules import PointRules
from layerwise.vectors import Array


def lot_table(
    events: Events, lots: Lots, rules: PointRules, columns: dict[str, str]
) -> pd.DataFrame:
    """Return a row a lot, with what became of its points."""
    day = events.day[lots.event].astype(np.int64)
    gone = day + rules.lifetime
    lapsed = gone <= events.last
    expires = dates(gone) if rules.expiry_days is not None else np.full(len(gone), "NaT", "M8[us]")
    table = {
        "lot": events.event_ids(lots.event),
        columns["customer"]: events.customer_ids(lots.event),
        "earned_on": dates(day),
        "expires_on": expires,
        "points": lots.points,
        "reversed": lots.reversed,
        "used": lots.points - lots.reversed - lots.left,
        "expired": np.where(lapsed, lots.left, 0),
        "remaining": np.where(lapsed, 0, lots.left),
    }
    return pd.DataFrame(table, copy=False)


def customer_table(
    events: Events, accepted: Array, lots: Lots, rules: PointRules, columns: dict[str, str]
) -> pd.DataFrame:
    """Return a row a customer, with sums of points."""
    n = len(events.ids)

    def total(customer: Array, points: Array) -> Array:
        # Sums stay below 2**53 (see _ledger), so that they are exact as floats.
        return np.bincount(customer, weights=points, minlength=n).astype(np.int64)

    def posted(kind: int) -> Array:
        rows = np.flatnonzero(events.kind == kind)
        return total(events.customer[rows], accepted[rows])

    owner, back, spent = events.customer[lots.event], posted(REVERSE), posted(REDEEM)
    gone = events.day[lots.event] + np.int64(rules.lifetime)
    earned, expired = total(owner, lots.points), total(owner, lots.left * (gone <= events.last))
    soon = (gone > events.last) & (gone <= events.last + rules.notify_days)
    soon &= rules.expiry_days is not None
    return pd.DataFrame({
        columns["customer"]: events.ids.array,
        "points_earned": earned,
        "points_redeemed": spent,
        "points_reversed": back,
        "points_expired": expired,
        "points_balance": earned - spent - back - expired,
        "points_lapsing": total(owner, lots.left * soon),
    })  # fmt: skip


def refused_table(events: Events, refusals: Refusals, columns: dict[str, str]) -> pd.DataFrame:
    """Return a row a refusal."""
    rows = np.flatnonzero(refusals.code)
    points = events.points[rows]
    return pd.DataFrame({
        columns["event"]: events.event_ids(rows),
        columns["customer"]: events.customer_ids(rows),
        columns["time"]: dates(events.day[rows]),
        columns["kind"]: np.array(KINDS, dtype=object)[events.kind[rows]],
        columns["points"]: points,
        "points_refused": points - refusals.accepted[rows],
        "reason": np.array(refusals.reasons, dtype=object)[refusals.code[rows]],
    })  # fmt: skip
