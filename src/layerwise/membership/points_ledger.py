"""What a ledger of points comes to at a date: balances, lots, refusals and what the shop owes."""

from typing import Any

import attrs
import numpy as np
import pandas as pd

from layerwise.membership._events import Events, dates
from layerwise.membership._ledger import KINDS
from layerwise.membership._queue import EARN, running_sum
from layerwise.membership.point_rules import PointRules
from layerwise.vectors import Array


@attrs.frozen(kw_only=True, eq=False)
class PointsLedger:
    """What a ledger comes to at a date. All tables are ordered by customer, then day.

    Attributes:
        customers: A row a customer: `points_earned`, `points_redeemed`, `points_reversed`,
            `points_expired`, `points_balance` (the first less the other three; negative if points
            were taken back that had been spent), `points_lapsing` (within notify_days).
        lots: A row a lot (earning): `lot` (its event id), the customer, `earned_on`, `expires_on`
            (missing if never), `points`, of which `reversed` from the lot itself, `used` (redeemed,
            or taken for reversals of lots that were spent), `expired`, and `remaining`.
        refused: A row a refusal: the event, its `points`, of which `points_refused`, and `reason`.
        counts: Rows of the ledger by what became of them.
        as_of: Last day that counts.
        rules: The rules.
    """

    customers: pd.DataFrame = attrs.field(repr=False)
    lots: pd.DataFrame = attrs.field(repr=False)
    refused: pd.DataFrame = attrs.field(repr=False)
    counts: dict[str, int]
    as_of: pd.Timestamp
    rules: PointRules
    _posted: "Posted" = attrs.field(repr=False, alias="posted")

    @property
    def outstanding(self) -> int:
        """Points that customers can still spend; debts are not taken off."""
        return int(self.lots["remaining"].sum())

    def __str__(self) -> str:
        lines = [
            f"{self.counts['events']:,} events of {len(self.customers):,} customers to "
            f"{self.as_of:%Y-%m-%d}: {self.outstanding:,} points outstanding, worth "
            f"{self.outstanding * self.rules.value_per_point:,.2f}"
        ]
        told = {k: v for k, v in self.counts.items() if k not in ("rows", "events") and v}
        lines += [f"{text}: {count:,}" for text, count in told.items()]
        reasons = self.refused["reason"].value_counts().sort_index()
        lines += [f"refused, {text}: {count:,}" for text, count in reasons.items()]
        return "\n".join(lines)

    def entries(self) -> pd.DataFrame:
        """Return the ledger as posted, expiries included, with the balance after each row.

        A row a posting, by customer, day, kind (expire, earn, reverse, redeem) and id: `event_id`
        (missing for expiries), the customer, `ts` (the day), `kind`, `points` (above 0, as
        accepted), `lot` (missing for redemptions) and `balance`.
        """
        return self._posted.entries(self.lots)

    def liability(self) -> pd.DataFrame:
        """Return what the shop owes, a row a month in which points lapse.

        Columns: `expires_in` (the month's first day; missing for points that never lapse), `points`
        outstanding, their `value` in money if all are redeemed, and `customers` who hold them.

        Which share of points will be redeemed at all (the rest is called breakage) is a forecast,
        and not taken off.
        """
        held = self.lots[self.lots["remaining"] > 0]
        month = held["expires_on"].to_numpy().astype("M8[M]").astype("M8[us]")
        customer = held.columns[1]
        found = (
            pd.DataFrame({"expires_in": month, "points": held["remaining"].to_numpy(),
                          "customer": held[customer].to_numpy()})
            .groupby("expires_in", dropna=False, sort=True)
            .agg(points=("points", "sum"), customers=("customer", "nunique"))
            .reset_index()
        )  # fmt: skip
        found.insert(2, "value", found["points"] * self.rules.value_per_point)
        return found


@attrs.frozen(eq=False)
class Posted:
    """The accepted events, for the entries."""

    events: Events
    accepted: Array
    columns: dict[str, str]

    def entries(self, lots: pd.DataFrame) -> pd.DataFrame:
        """Return a row a posting, expiries included."""
        e, names = self.events, self.columns
        rows = np.flatnonzero(self.accepted > 0)
        lapsed = np.flatnonzero(lots["expired"].to_numpy() > 0)
        gone = lots["expires_on"].to_numpy()[lapsed].astype("M8[D]").astype(np.int64)
        place = np.concatenate([rows, np.full(len(lapsed), -1)])
        earned = np.flatnonzero((e.kind == EARN) & (self.accepted > 0))
        named = np.where(e.kind[rows] == EARN, rows, e.lot[rows])
        lot = np.concatenate([named, earned[lapsed]])
        who = np.concatenate([e.customer[rows], e.customer[earned[lapsed]]])
        day = np.concatenate([e.day[rows], gone])
        kind = np.concatenate([e.kind[rows] + 1, np.zeros(len(lapsed), np.int8)])
        size = np.concatenate([self.accepted[rows], lots["expired"].to_numpy()[lapsed]])
        order = np.lexsort((place, kind, day, who))
        place, lot, who, kind, size = (v[order] for v in (place, lot, who, kind, size))
        signed = np.where(kind == 1, size, -size)
        words = np.array(["expire", *KINDS], dtype=object)
        return pd.DataFrame({
            names["event"]: _ids(e, place),
            names["customer"]: e.ids.take(who).array,
            names["time"]: dates(day[order]),
            names["kind"]: words[kind],
            names["points"]: size,
            names["lot"]: _ids(e, lot),
            "balance": running_sum(signed, who),
        })  # fmt: skip


def _ids(events: Events, place: Array) -> Any:
    """Return event ids by place, missing where the place is -1."""
    if not len(events.kind):
        return np.full(len(place), None, dtype=object)
    ids = pd.Series(events.event_ids(np.maximum(place, 0)))
    if ids.dtype.kind in "iu":
        ids = ids.astype("UInt64" if ids.dtype.kind == "u" else "Int64")
    return ids.mask(pd.Series(place < 0)).array
