"""Points: a ledger replayed to balances, lots, refusals and what the shop owes."""

from collections.abc import Mapping
from typing import Any

import attrs
import numpy as np
import pandas as pd

from layerwise.errors import SpecError, problems
from layerwise.frames import Array
from layerwise.membership import _queue
from layerwise.membership._events import KINDS, Events, read_events
from layerwise.membership._queue import EARN, REDEEM, REVERSE, Stream
from layerwise.saved import fits

_NEVER = 2**31
_MOST_WORTH = 1e9


@attrs.frozen(kw_only=True)
class PointRules:
    """The rules of a points scheme. All defaults are assumptions: publish your own.

    Args:
        expiry_days: A lot earned on day d can be used to the end of day d + expiry_days - 1, and
            lapses on day d + expiry_days; None: never.
        daily_caps: Reason -> how many earnings for it count a day and customer, such as
            {"review": 3}; needs the column of reasons.
        value_per_point: Money that a point is worth; 0.01 means 100 points are one unit.
        notify_days: Points that lapse within so many days after as_of are to be told.

    Raises:
        SpecError: A rule is impossible; all are told at once.

    Example:
        >>> rules = PointRules(expiry_days=730, daily_caps={"review": 3})
        >>> rules.expiry_days, rules.value_per_point
        (730, 0.01)
    """

    expiry_days: int | None = 365
    daily_caps: Mapping[str, int] = attrs.field(factory=dict)
    value_per_point: float = 0.01
    notify_days: int = 30

    def __attrs_post_init__(self) -> None:
        caps = self.daily_caps
        good = {
            "expiry_days must be a whole number of days from 1 to 36,500, or None": self.expiry_days
            is None or (fits(self.expiry_days, int) and 1 <= self.expiry_days <= 36_500),
            "daily_caps must map reasons to whole numbers of 0 or more": isinstance(caps, Mapping)
            and all(isinstance(k, str) and fits(v, int) and v >= 0 for k, v in caps.items()),
            "value_per_point must be a number from 0 to 1e9": fits(self.value_per_point, float)
            and 0 <= self.value_per_point <= _MOST_WORTH,
            "notify_days must be a whole number of days, 0 or more": fits(self.notify_days, int)
            and 0 <= self.notify_days <= 36_500,
        }  # fmt: skip
        if wrong := [text for text, holds in good.items() if not holds]:
            raise SpecError(
                problems("PointRules cannot be used:", wrong),
                hint='PointRules(expiry_days=365, daily_caps={"review": 3}).',
            )

    @property
    def lifetime(self) -> int:
        """Days after which a lot lapses; far away if never."""
        return _NEVER if self.expiry_days is None else self.expiry_days


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
    _posted: "_Posted" = attrs.field(repr=False, alias="posted")

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


def replay_points(
    ledger: object,
    *,
    as_of: Any,
    rules: PointRules | None = None,
    event: str = "event_id",
    customer: str = "customer_id",
    time: str = "ts",
    kind: str = "kind",
    points: str = "points",
    lot: str = "lot",
    reason: str = "reason",
    time_format: str | None = None,
    tz: str | None = None,
) -> PointsLedger:
    """Return balances, lots and refusals of a points ledger at a date.

    The ledger is append-only: a row an event, in any order, and an event may come twice. The answer
    depends on the distinct events alone. Days are the unit: on a day, what lapses goes first, then
    earnings, reversals and redemptions, each by event id.

    - **earn** opens a lot of its `points`, named by its event id. Earnings beyond a daily cap are
      refused, as a whole.
    - **redeem** draws from the oldest lots. One that is not covered by the balance is refused, as a
      whole.
    - **reverse** takes back points of the earning that its `lot` names, after a return, never
      more than it earned. What was spent already is taken from other lots, oldest first, then from
      what is earned later: the balance may be negative, which is carried and not forgiven. It is
      refused if the lot is unknown, another customer's, refused itself, later, or has lapsed.
    - **expire** rows are worked out, so those in the ledger are left out and counted.

    Args:
        ledger: The rows, an eager frame.
        as_of: Last day that counts; later rows are not read (and counted).
        rules: The rules; None takes the defaults of `PointRules`.
        event: Its column of event ids.
        customer: Its column of customer ids; across channels, one id a person.
        time: Its column of dates or times.
        kind: Its column of earn, redeem, reverse or expire.
        points: Its column of points, whole numbers above 0.
        lot: Its column of lots, read for reversals only; may be absent without reversals.
        reason: Its column of what an earning is for, read if there are daily caps.
        time_format: As in `layerwise.summarize`.
        tz: As in `layerwise.summarize`.

    Raises:
        ColumnsError: A column is missing or of the wrong kind.
        DataError: Ids, times, kinds or points cannot be used, or rows with one event id differ; the
            counts are told.
        EngineError: The ledger is no dataframe in memory.
        SpecError: A choice is impossible.

    Example:
        >>> ledger = pd.DataFrame(
        ...     [["a", "ann", "2024-01-10", "earn", 100, None],
        ...      ["b", "ann", "2024-02-10", "earn", 50, None],
        ...      ["c", "ann", "2024-03-01", "redeem", 70, None],
        ...      ["d", "ann", "2024-03-05", "reverse", 50, "b"],
        ...      ["d", "ann", "2024-03-05", "reverse", 50, "b"],
        ...      ["e", "ann", "2024-03-09", "redeem", 70, None]],
        ...     columns=["event_id", "customer_id", "ts", "kind", "points", "lot"],
        ... )
        >>> found = replay_points(ledger, as_of="2024-12-31")
        >>> print(found)
        5 events of 1 customers to 2024-12-31: 30 points outstanding, worth 0.30
        repeats of an event: 1
        refused, more than the balance: 1
        >>> found.lots[["lot", "expires_on", "points", "reversed", "used", "remaining"]]
          lot expires_on  points  reversed  used  remaining
        0   a 2025-01-09     100         0    70         30
        1   b 2025-02-09      50        50     0          0
        >>> replay_points(ledger, as_of="2025-01-09").customers["points_balance"].tolist()
        [0]
    """
    rules = _rules(rules)
    columns = {
        "event": event, "customer": customer, "time": time,
        "kind": kind, "points": points, "lot": lot,
    }  # fmt: skip
    events = read_events(
        ledger,
        as_of=as_of,
        columns=columns,
        reason=reason if rules.daily_caps else None,
        time_format=time_format,
        tz=tz,
    )
    refusals = _Refusals(events)
    _cap(events, rules, refusals)
    _limit_reversals(events, rules, refusals)
    return _posted(events, refusals, rules, columns)


class _Refusals:
    """What is refused of each event, and why; the first reason stays."""

    reasons = (
        "", "beyond the daily cap", "no such lot", "lot of another customer",
        "lot refused itself", "before its lot", "lot has lapsed",
        "more than its lot earned", "more than the balance",
    )  # fmt: skip

    def __init__(self, events: Events) -> None:
        self.points = np.zeros(len(events.kind), dtype=np.int64)
        self.code = np.zeros(len(events.kind), dtype=np.int8)
        self._all = events.points

    def add(self, rows: Array, reason: str, points: Array | None = None) -> None:
        """Refuse events (by place, none refused before if points are given), or points of them."""
        fresh = rows[self.code[rows] == 0]
        self.code[fresh] = self.reasons.index(reason)
        self.points[fresh] = self._all[fresh] if points is None else points


def _rules(rules: Any) -> PointRules:
    if rules is not None and not isinstance(rules, PointRules):
        raise SpecError(
            f"rules must be PointRules, got {type(rules).__name__}.",
            hint="PointRules(expiry_days=365).",
        )
    return rules or PointRules()


def _cap(events: Events, rules: PointRules, refusals: _Refusals) -> None:
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


def _limit_reversals(events: Events, rules: PointRules, refusals: _Refusals) -> None:
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
    asked, earned = _queue.running_sum(events.points[rows], lot), events.points[lot]
    taken = np.minimum(asked, earned) - np.minimum(asked - events.points[rows], earned)
    over = events.points[rows] - taken
    refusals.add(rows[over > 0], "more than its lot earned", over[over > 0])


@attrs.frozen(eq=False)
class _Posted:
    """The accepted events, for the entries."""

    events: Events
    accepted: Array
    columns: dict[str, str]

    def entries(self, lots: pd.DataFrame) -> pd.DataFrame:
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
            names["event"]: _ids(e.event_ids, place),
            names["customer"]: e.ids.take(who).array,
            names["time"]: _days(day[order]),
            names["kind"]: words[kind],
            names["points"]: size,
            names["lot"]: _ids(e.event_ids, lot),
            "balance": _queue.running_sum(signed, who),
        })  # fmt: skip


def _posted(
    events: Events, refusals: _Refusals, rules: PointRules, columns: dict[str, str]
) -> PointsLedger:
    last = events.last
    accepted = events.points - refusals.points
    stream, rows, lot_rows = _stream(events, accepted, rules)
    settled = _queue.settle(stream)
    refusals.add(rows[(stream.kind == REDEEM) & ~settled.covered], "more than the balance")
    accepted = events.points - refusals.points
    lots = _lot_table(events, stream, rows, lot_rows, settled, rules, columns, last)
    customers = _customer_table(events, accepted, lots, rules, columns, last)
    refused = _refused_table(events, refusals, columns)
    counts = events.counts | {"events": len(events.kind)}
    return PointsLedger(
        customers=customers, lots=lots, refused=refused, counts=counts,
        as_of=pd.Timestamp(_days(np.array([last]))[0]), rules=rules,
        posted=_Posted(events, accepted, columns),
    )  # fmt: skip


def _stream(events: Events, accepted: Array, rules: PointRules) -> tuple[Stream, Array, Array]:
    """Return the accepted events as a stream, with their rows and those of the lots."""
    rows = np.flatnonzero(accepted > 0)
    lot_rows = np.flatnonzero((accepted > 0) & (events.kind == EARN))
    number = np.full(len(accepted), -1, dtype=np.int64)
    number[lot_rows] = np.arange(len(lot_rows))
    kind = events.kind[rows]
    named = np.where(kind == EARN, rows, events.lot[rows])
    lot = np.where(kind == REDEEM, -1, number[named])
    # Customers whose every event was refused have no rows here; the others keep their order.
    kept = events.customer[rows]
    who = np.cumsum(np.append(False, kept[1:] != kept[:-1]))[: len(rows)]
    lot_who = who[kind == EARN]
    key = _Key(events.day)
    lapsed = np.searchsorted(
        key(lot_who, events.day[lot_rows]),
        key(who, events.day[rows] - rules.lifetime),
        side="right",
    )
    stream = Stream(who, kind, accepted[rows], lot, lapsed, lot_who, accepted[lot_rows])
    return stream, rows, lot_rows


class _Key:
    """One number for customer and day; days before all or after all are put at the rim."""

    def __init__(self, days: Array) -> None:
        self._low = int(days.min()) - 1 if len(days) else 0
        self._wide = int(days.max()) - self._low + 2 if len(days) else 1

    def __call__(self, who: Array, day: Array) -> Array:
        inside: Array = np.clip(day - self._low, 0, self._wide - 1)
        return who * self._wide + inside


def _lot_table(
    events: Events, stream: Stream, rows: Array, lot_rows: Array, settled: _queue.Settled,
    rules: PointRules, columns: dict[str, str], last: int,
) -> pd.DataFrame:  # fmt: skip
    at = settled
    day = events.day[lot_rows]
    gone = day + rules.lifetime
    lapsed = gone <= last
    key = _Key(events.day)
    # The pointer as the lot lapses, or at the end: after the customer's last event before.
    until = np.searchsorted(
        key(stream.customer, events.day[rows]),
        key(stream.lot_customer, np.where(lapsed, gone, _NEVER)),
        side="left",
    )
    pointer = at.pointer[until - 1] if len(until) else at.start
    left = np.maximum(at.end - np.maximum(at.start, pointer), 0)
    expires = _days(gone) if rules.expiry_days is not None else np.full(len(gone), "NaT", "M8[us]")
    expired, remaining = np.where(lapsed, left, 0), np.where(lapsed, 0, left)
    taken = stream.lot_points - (at.end - at.start)
    return pd.DataFrame({
        "lot": events.event_ids.take(lot_rows).array,
        columns["customer"]: events.ids.take(events.customer[lot_rows]).array,
        "earned_on": _days(day),
        "expires_on": expires,
        "points": stream.lot_points,
        "reversed": taken,
        "used": stream.lot_points - taken - expired - remaining,
        "expired": expired,
        "remaining": remaining,
    })  # fmt: skip


def _customer_table(
    events: Events, accepted: Array, lots: pd.DataFrame, rules: PointRules,
    columns: dict[str, str], last: int,
) -> pd.DataFrame:  # fmt: skip
    n = len(events.ids)

    def total(rows: Array, points: Array) -> Array:
        # Sums stay below 2**53 (see _events), so that they are exact as floats.
        return np.bincount(rows, weights=points, minlength=n).astype(np.int64)

    earned, back, spent = (
        total(events.customer[events.kind == k], accepted[events.kind == k])
        for k in (EARN, REVERSE, REDEEM)
    )
    owner = events.customer[(events.kind == EARN) & (accepted > 0)]
    expired = total(owner, lots["expired"].to_numpy())
    soon = (
        lots["expires_on"].to_numpy().astype("M8[D]").astype(np.int64) <= last + rules.notify_days
    )
    soon &= rules.expiry_days is not None
    lapsing = total(owner, np.where(soon, lots["remaining"].to_numpy(), 0))
    return pd.DataFrame({
        columns["customer"]: events.ids.array,
        "points_earned": earned,
        "points_redeemed": spent,
        "points_reversed": back,
        "points_expired": expired,
        "points_balance": earned - spent - back - expired,
        "points_lapsing": lapsing,
    })  # fmt: skip


def _refused_table(events: Events, refusals: _Refusals, columns: dict[str, str]) -> pd.DataFrame:
    rows = np.flatnonzero(refusals.code)
    return pd.DataFrame({
        columns["event"]: events.event_ids.take(rows).array,
        columns["customer"]: events.ids.take(events.customer[rows]).array,
        columns["time"]: _days(events.day[rows]),
        columns["kind"]: np.array(KINDS, dtype=object)[events.kind[rows]],
        columns["points"]: events.points[rows],
        "points_refused": refusals.points[rows],
        "reason": np.array(refusals.reasons, dtype=object)[refusals.code[rows]],
    })  # fmt: skip


def _days(day: Array) -> Array:
    return day.astype("M8[D]").astype("M8[us]")


def _ids(ids: pd.Series, place: Array) -> Any:
    """Return ids by place, missing where the place is -1."""
    if ids.dtype.kind in "iu":
        ids = ids.astype("UInt64" if ids.dtype.kind == "u" else "Int64")
    elif not len(ids):
        return np.full(len(place), None, dtype=object)
    found = ids.take(np.maximum(place, 0)).reset_index(drop=True)
    return found.mask(pd.Series(place < 0)).array
