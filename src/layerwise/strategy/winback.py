"""Win-back: which churned customers to write to, at which step, and when to stop."""

from typing import Any

import attrs
import numpy as np
import pandas as pd

from layerwise import arguments, frames
from layerwise import columns as c
from layerwise.brief import in_brief
from layerwise.churn.flow import churned_rows
from layerwise.errors import SpecError, problems
from layerwise.logs import Log, Roster, read_log, read_roster
from layerwise.orders.amounts import MOST_MONEY
from layerwise.orders.dates import read_times
from layerwise.orders.request import make_request, moment
from layerwise.orders.table import column
from layerwise.returns import ReturnCurve
from layerwise.saved import fits
from layerwise.strategy.holdout import draws
from layerwise.strategy.offers import (
    best_first,
    check_numbers,
    read_flag,
    read_labels,
    read_numbers,
)
from layerwise.vectors import Array, Floats

MESSAGE, OFFER = "message", "message with exclusive offer"
_RULES = (
    "listed", "held out", "not churned", "passive and final", "no consent",
    "attempts used up", "contacted lately", "not evaluable", "score not above 0",
    "beyond capacity",
)  # fmt: skip
_LISTED, _HELD, _STAYS, _FINAL, _CONSENT, _ATTEMPTS, _LATELY, _UNKNOWN, _SCORE, _BEYOND = range(10)
_OPPOSITE = "p_no_purchase"
_MOST = 10**12  # of attempts, days and messages
_HINT = (
    "winback_list(status, as_of=..., value='spend_mean', p_return=curve, uplift=(0.02, 0.05), "
    "margin=0.3, offer_cost=5, contact_cost=0.1, consent='consent')."
)


@attrs.frozen(kw_only=True, eq=False)
class WinbackList:
    """Whom to write to, and who was left out by which rule.

    Attributes:
        customers: A row a customer to write to or held out, best score first: the id, `step` (1, 2
            or 3), `action` (message, or message with exclusive offer), `score`, `p_return` (without
            contact), `p_won` (with it), `value`, `holdout` (true: do not write, count their
            returns) and `reason`.
        left_out: A row a rule: `rule` and `customers`, each counted once, under the first rule that
            applies; with "listed" and "held out" they add up to all.
        as_of: The day of the list.
    """

    customers: pd.DataFrame = attrs.field(repr=False)
    left_out: pd.DataFrame
    as_of: pd.Timestamp

    __repr__ = in_brief

    def __str__(self) -> str:
        write = self.customers[~self.customers["holdout"]]
        first = (
            f"write to {len(write):,} of {int(self.left_out['customers'].sum()):,} customers; "
            f"expected gain {write['score'].sum():,.2f}; {len(self.customers) - len(write):,} held "
            "out"
        )
        told = self.left_out[self.left_out["customers"] > 0]
        return "\n".join([first, told.to_string(index=False)])


def winback_list(
    customers: object,
    *,
    as_of: Any,
    value: str,
    p_return: ReturnCurve | str,
    uplift: tuple[float, float],
    margin: float,
    consent: str,
    contact_cost: float = 0.0,
    offer_cost: float = 0.0,
    horizon_days: float = 60.0,
    messages: object | None = None,
    churn_type: str | None = None,
    status: str = "churn",
    max_attempts: int = 3,
    wait_days: int = 14,
    holdout: float = 0.1,
    capacity: int | None = None,
    customer: str = c.CUSTOMER,
    time: str = "sent_at",
    salt: str = "layerwise",
    time_format: str | None = None,
    tz: str | None = None,
) -> WinbackList:
    """Return whom to try to win back: who is worth more with a message than without, best first.

        score = p1 · (V · m − o) − p0 · V · m − c

    with p0 the probability to return without a message, p1 = p0 + uplift (at most 1) with one, V
    the spend expected on return, m the margin, o the cost of the offer and c that of the contact.
    Some return anyway: p0 is what keeps them from being counted as won.

    The first attempt is a message without an offer (o = 0), the following ones a message with an
    exclusive offer, and after `max_attempts` it stops. Attempts are messages after the last order;
    between two lie `wait_days` at least. A customer who is listed only scores above zero.

    A stable random `holdout` of those with a score is kept uncontacted, whatever the capacity: only
    they tell what the messages change. The uplift is an assumption until they have been counted.

    Args:
        customers: One row a customer, an eager frame with the churn status; with `days_since_last`
            for a curve, and `last_order` for messages.
        as_of: The day of the list.
        value: Column of the spend expected on return; V.
        p_return: A `return_curve`, asked for a return within `horizon_days`, or the column of p0:
            1 − `p_no_purchase_60d` of a model, which is refused itself as the opposite.
        uplift: What a message adds to p0, without and with the offer.
        margin: Contribution margin, the share of spend that is earned.
        consent: Column, true where marketing is consented to; missing is no.
        contact_cost: Cost of one message.
        offer_cost: Cost of the offer, of who returns with it.
        horizon_days: Days in which a return counts.
        messages: Log of win-back messages, a row a message with customer and date; None: nobody
            has been written to.
        churn_type: Column of churn types; those of passive_final are left alone. None: not known.
        status: Column of the churn status, with the labels of `ChurnStatus`.
        max_attempts: See above.
        wait_days: See above.
        holdout: See above.
        capacity: At most so many messages; None: no limit.
        customer: Column of customer ids, in both tables and in the list.
        time: Column of the date of a message.
        salt: Text that sets the draws of this campaign apart.
        time_format: How the dates of messages are written; as in `layerwise.summarize`.
        tz: As in `layerwise.summarize`.

    Raises:
        ColumnsError: Columns are missing or of the wrong type.
        DataError: Ids, statuses, dates, values or probabilities are impossible.
        SpecError: A choice is impossible.

    Warns:
        RowsLeftOutWarning: Messages without customer or date, or of other customers.

    Example:
        >>> people = pd.DataFrame({
        ...     "customer_id": ["ann", "bob", "cid"], "churn": ["churned", "churned", "active"],
        ...     "value": [80.0, 10.0, 90.0], "p0": [0.1, 0.1, 0.6], "mail": [True, True, True],
        ... })
        >>> found = winback_list(
        ...     people, as_of="2024-12-31", value="value", p_return="p0", uplift=(0.02, 0.05),
        ...     margin=0.3, contact_cost=0.1, consent="mail", holdout=0,
        ... )
        >>> print(found)
        write to 1 of 3 customers; expected gain 0.38; 0 held out
                     rule  customers
                   listed          1
              not churned          1
        score not above 0          1
        >>> found.customers["reason"].tolist()
        ['attempt 1 of 3: 0.12 return with it, 0.1 without']
    """
    _check(
        uplift, margin, contact_cost, offer_cost, max_attempts, wait_days, holdout, capacity,
    )  # fmt: skip
    arguments.check_named({"value=": value, "consent=": consent}, {"churn_type=": churn_type})
    frame = frames.eager(customers, doing="winback_list")
    roster = read_roster(customers, customer=customer)
    today = moment(as_of, name="as_of", request=make_request())
    log = _messages(frame, roster, messages, as_of, customer, time, time_format, tz)
    tries, last = _attempts(frame, len(roster), log)
    worth = read_numbers(frame, value, "value=")
    p0 = _p_return(frame, p_return, horizon_days)
    step = np.minimum(tries, max_attempts - 1) + 1
    p1 = np.minimum(p0 + np.where(step == 1, uplift[0], uplift[1]), 1.0)
    offer = np.where(step == 1, 0.0, offer_cost)
    score = p1 * (worth * margin - offer) - p0 * worth * margin - contact_cost
    ids = roster.ids.to_numpy(dtype=object)
    held = draws(ids.tolist(), "winback", salt=salt) < holdout
    final = np.zeros(len(ids), bool) if churn_type is None else (
        read_labels(frame, churn_type, "churn_type=") == "passive_final")  # fmt: skip
    rule = np.select(
        [
            ~churned_rows(frame, status),
            final,
            ~read_flag(frame, consent, "consent="),
            tries >= max_attempts,
            (tries > 0) & (today - last < wait_days),
            np.isnan(score),
            ~(score > 0),
            held,
        ],
        [_STAYS, _FINAL, _CONSENT, _ATTEMPTS, _LATELY, _UNKNOWN, _SCORE, _HELD],
        default=_LISTED,
    )
    order = best_first(score, rule == _LISTED, ids, salt=salt)
    if capacity is not None:
        rule[order[capacity:]] = _BEYOND
    chosen = best_first(score, rule <= _HELD, ids, salt=salt)
    table = _table(roster.ids, chosen, step, score, p0, p1, worth, rule, max_attempts)
    table = table.rename(columns={c.CUSTOMER: customer})
    count = np.bincount(rule, minlength=len(_RULES))
    left_out = pd.DataFrame({"rule": list(_RULES), "customers": count})
    day = np.datetime64(int(today), "D").astype("M8[us]")
    return WinbackList(customers=table, left_out=left_out, as_of=pd.Timestamp(day))


def _table(
    ids: pd.Series, chosen: Array, step: Array, score: Floats, p0: Floats, p1: Floats,
    worth: Floats, rule: Array, most: int,
) -> pd.DataFrame:  # fmt: skip
    parts = zip(step[chosen].tolist(), p1[chosen].tolist(), p0[chosen].tolist(), strict=True)
    return pd.DataFrame({
        c.CUSTOMER: ids.take(chosen).array,
        "step": step[chosen],
        "action": np.where(step[chosen] == 1, MESSAGE, OFFER),
        "score": score[chosen],
        "p_return": p0[chosen],
        "p_won": p1[chosen],
        "value": worth[chosen],
        "holdout": rule[chosen] == _HELD,
        "reason": [
            f"attempt {i} of {most}: {won:.3g} return with it, {anyway:.3g} without"
            for i, won, anyway in parts
        ],
    })  # fmt: skip


def _p_return(frame: Any, given: Any, horizon: Any) -> Floats:
    if isinstance(given, ReturnCurve):
        silence = read_numbers(frame, c.SILENCE, "p_return=")
        return given.p_return(silence, horizon_days=horizon)
    if not isinstance(given, str):
        raise SpecError(
            f"p_return must be a ReturnCurve or the name of a column, got {type(given).__name__}.",
            hint="return_curve(orders, as_of=...).",
        )
    if given.startswith(_OPPOSITE):
        raise SpecError(
            f"p_return={given!r:.60} is the probability of no purchase, the opposite.",
            hint=f"customers.assign(p_return=1 - customers[{given!r:.60}]), then "
            "p_return='p_return'.",
        )
    return read_numbers(frame, given, "p_return=", most=1.0)


def _messages(
    frame: Any, roster: Roster, messages: Any, as_of: Any, customer: str, time: str,
    time_format: str | None, tz: str | None,
) -> Log | None:  # fmt: skip
    """Return the messages of customers of the table; None without a log."""
    if messages is None:
        return None
    arguments.require(
        frames.column_names(frame), {c.LAST_ORDER: "messages="}, title="A column is missing:"
    )
    return read_log(
        messages, roster, what="the message log", as_of=as_of, customer=customer, time=time,
        ignore_future=True, time_format=time_format, tz=tz, stacklevel=4,
    )  # fmt: skip


def _attempts(frame: Any, n: int, log: Log | None) -> tuple[Array, Array]:
    """Return how often each customer was written to since the last order, and the last day."""
    tries, last = np.zeros(n, dtype=np.int64), np.full(n, np.iinfo(np.int32).min, dtype=np.int64)
    if log is None or not len(log):
        return tries, last
    request = make_request(time=c.LAST_ORDER, customer="not it")
    ordered = read_times(column(frame.to_native(), c.LAST_ORDER), request).number
    since = log.day > ordered[log.customer]
    who, day = log.customer[since], log.day[since]
    # A second message of a day is the same attempt on another channel.
    pairs = np.unique(np.stack([who, day.astype(np.int64)]), axis=1)
    tries = np.bincount(pairs[0], minlength=n)
    np.maximum.at(last, pairs[0], pairs[1])
    return tries, last


def _check(
    uplift: Any, margin: Any, contact: Any, offer: Any, most: Any, wait: Any, holdout: Any,
    capacity: Any,
) -> None:  # fmt: skip
    if not fits(uplift, tuple[float, float]) or not all(-1 <= u <= 1 for u in uplift):
        raise SpecError(
            "uplift must be two numbers from -1 to 1, without and with the offer.", hint=_HINT
        )
    given: dict[str, tuple[Any, float, float]] = {
        "margin": (margin, 0, 1),
        "contact_cost": (contact, 0, MOST_MONEY),
        "offer_cost": (offer, 0, MOST_MONEY),
        "holdout": (holdout, 0, float(np.nextafter(1.0, 0.0))),
    }
    check_numbers("winback_list", given, _HINT)
    whole = {"max_attempts": (most, 1), "wait_days": (wait, 0)}
    whole |= {} if capacity is None else {"capacity": (capacity, 0)}
    wrong = [
        f"{name} must be a whole number from {low} to {_MOST:,}"
        for name, (v, low) in whole.items()
        if not (fits(v, int) and low <= v <= _MOST)
    ]
    if wrong:
        raise SpecError(problems("winback_list cannot be used so:", wrong), hint=_HINT)
