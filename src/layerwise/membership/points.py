"""Points: a ledger replayed to balances, lots, refusals and what the shop owes."""

from typing import Any

import numpy as np
import pandas as pd

from layerwise.errors import SpecError
from layerwise.membership._events import dates, read_events
from layerwise.membership._point_tables import customer_table, lot_table, refused_table
from layerwise.membership._refusals import Refusals, limit_earnings, limit_reversals
from layerwise.membership._settle import settle
from layerwise.membership.point_rules import PointRules
from layerwise.membership.points_ledger import PointsLedger, Posted


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
    refusals = Refusals(events)
    limit_earnings(events, rules, refusals)
    limit_reversals(events, rules, refusals)
    lots, uncovered = settle(events, refusals.accepted, rules.lifetime)
    refusals.add(uncovered, "more than the balance")
    return PointsLedger(
        customers=customer_table(events, refusals.accepted, lots, rules, columns),
        lots=lot_table(events, lots, rules, columns),
        refused=refused_table(events, refusals, columns),
        counts=events.counts | {"events": len(events.kind)},
        as_of=pd.Timestamp(dates(np.array([events.last]))[0]),
        rules=rules,
        posted=Posted(events, refusals.accepted, columns),
    )


def _rules(rules: Any) -> PointRules:
    if rules is not None and not isinstance(rules, PointRules):
        raise SpecError(
            f"rules must be PointRules, got {type(rules).__name__}.",
            hint="PointRules(expiry_days=365).",
        )
    return rules or PointRules()
