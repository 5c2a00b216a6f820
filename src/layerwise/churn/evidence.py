"""What is known of a customer that may say in what way they left, one column a kind of evidence."""

from collections.abc import Collection, Mapping
from typing import Any

import attrs
import numpy as np
import pandas as pd

from layerwise.churn.terms import causes_named, feedback_terms
from layerwise.errors import ColumnsError, DataError
from layerwise.frames import column_names
from layerwise.logs import Log, Roster, read_log
from layerwise.orders.dates import read_times
from layerwise.orders.request import Request, make_request, moment
from layerwise.orders.table import column
from layerwise.truths import truths
from layerwise.vectors import Array, Column, Floats, Labels

SAYS = "says_"
FLAGS = {
    "closed": "the account was closed",
    "unsubscribed": "the customer opted out of messages",
    "deceased": "the customer has died",
    "bankrupt": "the customer is bankrupt",
    "payment_refused": "payment was refused for good",
    "contact_bounced": "messages do not arrive",
    "active_elsewhere": "bought in another channel within the window",
    "hard_times": "a hard economic spell where the customer lives",
    "out_of_area": "seen out of the usual area, or on holiday",
}
EVIDENCE = {
    **{name: f"1 if {text} (customer table)" for name, text in FLAGS.items()},
    "quality_returns": "goods sent back for their quality (customer table)",
    "dropped_categories": "categories once bought regularly and no more (customer table)",
    "complaints": "tickets with a topic of complaint_topics (tickets)",
    "open_tickets": "tickets not resolved at as_of (tickets)",
    "slowest_ticket_days": "most days from opening to resolution, or to as_of (tickets)",
    "worst_csat": "least satisfaction given to a ticket (tickets)",
    "worst_score": "least score given as feedback (feedback)",
    f"{SAYS}...": "entries that name this cause, such as says_price_high (feedback)",
    "failed_logins": "failed log-ins on days after the last successful one (events)",
    "unfinished_resets": "password resets begun after the last one done or log-in (events)",
    "longest_gap_days": "longest gap between orders that ended (orders)",
    "basket_ratio": "mean spend of the last 3 orders / of all before, of 6 or more (orders)",
    "p_return": "P(an order within the horizon | silence) (orders)",
    "days_since_last": "silence at as_of (customer table)",
}
"""Column that a rule of the type table may read -> meaning (and where it comes from).

Entries of tickets, feedback and events count from `lookback_days` before the last order to as_of.
A customer table may bring any of these columns itself, flags also as dates (`closed_at`)."""


def flags(frame: Any, needed: Collection[str], as_of: Any, tz: str | None) -> dict[str, Column]:
    """Return the flags that the customer table has, 1 and 0, missing as NaN.

    A flag may be a column of true and false, or of dates, which count up to `as_of`; a missing date
    is a 0, because what has not happened has no date.
    """
    there, result = column_names(frame), dict[str, Column]()
    for name in (n for n in FLAGS if n in needed):
        found = [each for each in (name, f"{name}_at") if each in there]
        if len(found) > 1:
            raise ColumnsError(
                f"The customer table has both {found[0]} and {found[1]}.", hint="leave one out."
            )
        if found:
            result[name] = _flag(column(frame.to_native(), found[0]), found[0], as_of, tz)
    return result


def _flag(series: pd.Series, name: str, as_of: Any, tz: str | None) -> Floats:
    if series.isna().all():
        return np.full(len(series), 0.0 if name.endswith("_at") else np.nan)
    kinds = pd.api.types
    if kinds.is_bool_dtype(series.dtype) or kinds.is_numeric_dtype(series.dtype):
        return _truth(series, name)
    if series.dtype == object and kinds.infer_dtype(series, skipna=True) in ("boolean", "integer"):
        return _truth(series, name)
    request = make_request(time=name, customer=f"not {name}", tz=tz)
    times = read_times(series, request)
    past = times.number <= moment(as_of, name="as_of", request=request, aware=times.aware)
    return np.where(past & ~_missing(times.missing, len(past)), 1.0, 0.0)


def _missing(mask: Array | None, n: int) -> Array:
    return np.zeros(n, dtype=bool) if mask is None else mask


def _truth(series: pd.Series, name: str) -> Floats:
    values, odd = truths(series)
    if odd:
        raise DataError(
            f"{name} of the customer table must be true or false: {odd:,} of {len(values):,} rows "
            "are neither.",
            hint="make it a column of true and false, or of dates.",
        )
    return values


@attrs.frozen(eq=False)
class LogReader:
    """How all logs of one call are read."""

    roster: Roster
    request: Request
    as_of: Any
    silence: Floats
    lookback: float

    def read(
        self,
        logs: Mapping[str, object],
        needed: set[str],
        text: str,
        code: str,
        terms: object,
        topics: tuple[str, ...],
    ) -> dict[str, Column]:
        """Return the evidence of all logs that were given."""
        n, found = len(self.roster), dict[str, Column]()
        if logs["tickets"] is not None:
            log = self._log(logs["tickets"], "the ticket log", "opened_at")
            found |= from_tickets(log, n, self._now(), topics)
        if logs["feedback"] is not None:
            log = self._log(logs["feedback"], "the feedback", "ts")
            found |= from_feedback(log, n, needed, text, code, terms)
        if logs["events"] is not None:
            log = self._log(logs["events"], "the event log", "ts", ("event_type",))
            found |= from_events(log, n)
        return found

    def _log(self, table: object, what: str, time: str, needs: tuple[str, ...] = ()) -> Log:
        log = read_log(
            table,
            self.roster,
            what=what,
            as_of=self.as_of,
            customer=str(self.request.customer),
            time=time,
            needs=needs,
            tz=self.request.tz,
            stacklevel=5,
        )
        first = np.nan_to_num(self._now() - self.silence - self.lookback, nan=-np.inf)
        return log.take(np.flatnonzero(log.day >= first[log.customer]))

    def _now(self) -> int:
        plain = make_request(tz=self.request.tz)
        return moment(self.as_of, name="as_of", request=plain, aware=True)


def from_tickets(log: Log, n: int, now: int, topics: Collection[str]) -> dict[str, Column]:
    """Return the evidence of a log of tickets."""
    done = log.days("resolved_at") if log.has("resolved_at") else np.full(len(log), np.nan)
    still = ~(done <= now)
    days = np.maximum(np.where(still, now, done) - log.day, 0.0)
    result: dict[str, Column] = {
        "open_tickets": counted(log.customer[still], n),
        "slowest_ticket_days": _extreme(log.customer, days, n, np.fmax),
    }
    if not log.has("resolved_at"):
        result = {}
    if log.has("topic"):
        topic = log.column("topic")
        result["complaints"] = counted(log.customer[_among(topic, topics)], n)
    if log.has("csat"):
        result["worst_csat"] = _extreme(log.customer, _numbers(log.column("csat")), n, np.fmin)
    return result


def from_feedback(
    log: Log, n: int, needed: Collection[str], text: str, code: str, terms: object
) -> dict[str, Column]:
    """Return the evidence of a log of feedback: the least score, and how many name each cause."""
    result: dict[str, Column] = {}
    if log.has("score"):
        result["worst_score"] = _extreme(log.customer, _numbers(log.column("score")), n, np.fmin)
    texts = log.column(text) if log.has(text) else None
    codes = log.column(code) if log.has(code) else None
    if (texts is None and codes is None) or not any(name.startswith(SAYS) for name in needed):
        return result
    table = feedback_terms(terms)
    named = causes_named(texts, codes, table, stacklevel=5)
    for i, cause in enumerate(table["id"]):
        if f"{SAYS}{cause}" in needed:
            rows = named.row[named.cause == i]
            result[f"{SAYS}{cause}"] = counted(log.customer[rows], n)
    return result


def from_events(log: Log, n: int) -> dict[str, Column]:
    """Return the evidence of a log of events: log-ins that fail, and resets that are not done.

    A log-in or reset that succeeds ends what happened before and on its day: days are compared.
    """
    kind = log.column("event_type")
    login = _last_day(log, _among(kind, ("login_ok",)), n)
    reset = np.maximum(login, _last_day(log, _among(kind, ("reset_done",)), n))
    failed = _among(kind, ("login_failed",)) & (log.day > reset[log.customer])
    begun = _among(kind, ("reset_started",)) & (log.day > reset[log.customer])
    return {
        "failed_logins": counted(log.customer[failed], n),
        "unfinished_resets": counted(log.customer[begun], n),
    }


def counted(customer: Array, n: int) -> Floats:
    """Return how many rows each customer has."""
    return np.bincount(customer, minlength=n).astype(np.float64)


def _last_day(log: Log, rows: Array, n: int) -> Array:
    last = np.full(n, np.iinfo(np.int32).min, dtype=np.int64)
    np.maximum.at(last, log.customer[rows], log.day[rows])
    return last


def _among(labels: Column, words: Collection[str]) -> Array:
    """Return which rows have one of some labels; none where nothing is known."""
    if not isinstance(labels, Labels):
        if not np.isnan(labels).all():
            raise ColumnsError(
                "Topics and event types must be text.", hint="convert them with astype(str)."
            )
        return np.zeros(len(labels), dtype=bool)
    wanted = [i for i, name in enumerate(labels.names) if name in words]
    return np.isin(labels.codes, wanted)


def _numbers(values: Column) -> Array:
    return values.numbers() if isinstance(values, Labels) else values.astype(np.float64)


def _extreme(customer: Array, values: Array, n: int, least: Any) -> Floats:
    """Return the least or most value of each customer, missing without any."""
    result = np.full(n, np.nan)
    least.at(result, customer, values)
    return result
