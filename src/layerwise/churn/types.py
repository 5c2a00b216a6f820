"""In what way customers leave: who began it, whether they may return, and what says so."""

from collections.abc import Mapping
from typing import Any, Unpack

import attrs
import numpy as np
import pandas as pd

from layerwise import arguments, expressions, frames, vectors
from layerwise.brief import in_brief
from layerwise.churn import evidence
from layerwise.churn.return_chance import (
    PastGaps,
    by_label,
    by_order_number,
    chances,
    check_silence,
    fit_curves,
    from_orders,
    of_customers,
    past_gaps,
)
from layerwise.churn.terms import feedback_terms
from layerwise.churn.type_rules import State, decide
from layerwise.churn.type_table import OTHERWISE, type_table
from layerwise.columns import SILENCE
from layerwise.errors import ColumnsError, DataError, SpecError, problems
from layerwise.histories import check_histories
from layerwise.logs import Roster, read_roster
from layerwise.orders.eager import past_occasions
from layerwise.orders.lazy import refuse
from layerwise.orders.request import OrderColumns, Request, make_request
from layerwise.orders.table import lazy_table
from layerwise.returns import ReturnCurve
from layerwise.rules.base import numbers
from layerwise.saved import fits
from layerwise.vectors import Column, Floats, Labels

ORDER_NUMBER = "order_number"
_COMPLAINT = ("complaint", "投诉")


@attrs.frozen(kw_only=True, eq=False)
class ChurnTypes:
    """In what way each customer left.

    Args:
        customers: The customer table as it was given, with the columns that `churn_types` names.
        rules: One row a type of the type table, by precedence: `id`, `type`, `term_zh`, of how
            many customers its rule `holds`, for how many it `decided`, and what it `lacks`: the
            evidence that no table gave, separated by semicolons, by which it could not be judged.
        curve: P(return) of all gaps; None without orders.
        curves: The same by what `by=` says, where 100 gaps ended.
        by: As it was given.
        horizon_days: How far `p_return` looks ahead.
        without_p_return: How many churned customers have no `p_return`.
    """

    customers: Any
    rules: pd.DataFrame
    curve: ReturnCurve | None
    curves: Mapping[str, ReturnCurve]
    by: str | None
    horizon_days: float
    without_p_return: int

    __repr__ = in_brief

    def to_frame(self) -> Any:
        """Return the customer table with its new columns."""
        return self.customers


def churn_types(
    customers: object,
    *,
    as_of: Any,
    status: str = "churn",
    orders: object = None,
    events: object = None,
    tickets: object = None,
    feedback: object = None,
    returns: ReturnCurve | ChurnTypes | None = None,
    by: str | None = ORDER_NUMBER,
    horizon_days: float = 365.0,
    likely_return: float = 0.3,
    lookback_days: float = 60.0,
    text: str = "text",
    code: str = "code",
    complaint_topics: tuple[str, ...] = _COMPLAINT,
    table: object = None,
    terms: object = None,
    **columns: Unpack[OrderColumns],
) -> ChurnTypes:
    """Return for each churned customer who began the parting, and whether a return is likely.

    Two questions, not one: the *initiator* (customer, circumstance, unknown) and whether it is
    *reversible* (yes, maybe, no, unknown). The rules that tell stand in a table that one can edit;
    see `type_table`. They are rules of thumb: no motive is observed in an order log, and without
    other evidence most customers are unclassified, rightly.

    Args:
        customers: One row a customer, an eager frame, with `days_since_last` and the status.
        as_of: The date of the customer table; nothing later is read.
        status: The column that `ChurnStatus` made (active, lapsing, churned, not_evaluable), or a
            column of true (churned) and false.
        orders: The order log, for past gaps, shrinking baskets and the curve of returns.
        events: `customer_id`, `ts`, `event_type` (login_ok, login_failed, reset_started,
            reset_done; others are not read).
        tickets: `customer_id`, `opened_at`, and, if there are, `resolved_at`, `topic`, `csat`.
        feedback: `customer_id`, `ts`, and, if there are, `score`, the text and the code of an exit
            survey; see `code_feedback`, whose term coder is experimental.
        returns: A curve to take instead of those of `orders`, or an earlier result of this function
            whose curves and `by` are taken: learned once, then kept.
        by: What gaps get a curve of their own for, where 100 of them ended: "order_number" (the
            gap after the 1st, 2nd, ... 6th and later order, which is known when the gap begins),
            None (one curve), or a column of labels that were there before the gaps, such as a
            region. Layers that are made of the orders (frequency, value) are no such labels: who
            is in the high one has, by the choice, ended their gaps.
        horizon_days: p_return is P(an order within so many days). A short one would call everybody
            lost whom the churn status calls churned.
        likely_return: From this p_return on, or after a past gap at least as long as this silence
            that ended, a customer is reversible.
        lookback_days: Tickets, feedback and events count from so long before the last order on.
        text: The column of texts of the feedback.
        code: The column of codes of the feedback, ids of the term table.
        complaint_topics: The topics of tickets that are complaints.
        table: Your own type table.
        terms: Your own term table, see `feedback_terms`.
        columns: How to read the order log, as in `summarize`; `customer=` and `tz=` hold for all
            tables.

    Output columns:
        churn_type: active, passive, reversible or unclassified for churned customers, by the first
            rule in order of precedence; partial for those who still buy but dropped a category;
            not_churned for the rest and for who moved to another channel; not_evaluable as the
            status says; missing where the status is.
        churn_rule: id of the row of the type table that decided.
        initiator, reversible: As above; missing for who has not churned.
        p_return: P(an order within the horizon | silence), of churned customers; missing where
            the curve does not reach so far, and for who cannot return.
        evidence: ids of all rules that hold, by precedence, separated by semicolons.
        response_strategies: ids of strategies that answer this type.

    A rule whose evidence is missing does not hold; `rules` of the result says which could not be
    judged. Some evidence is weak: of CDNOW's customers with six orders or more 8 % have baskets
    half as large as before, which the packaged table takes for hardship. Edit what you do not
    believe.

    Raises:
        SpecError: A choice is not possible.
        ColumnsError: A column is missing, of the wrong type, or given twice; a rule reads a column
            that is neither evidence nor in the customer table.
        DataError: Ids, dates or a status cannot be used; the table is not of this log and date.
        TableError: The type or term table cannot be used.
        FitError: Nobody in the log bought twice.

    Warns:
        RowsLeftOutWarning: Rows of the logs that cannot be used, counted.

    Source of the curve: Kaplan and Meier (1958), JASA 53.

    Example:
        >>> import pandas as pd
        >>> customers = pd.DataFrame({
        ...     "customer_id": [1, 2, 3, 4],
        ...     "days_since_last": [200, 300, 250, 3],
        ...     "churn": ["churned", "churned", "churned", "active"],
        ...     "closed_at": [None, "2024-02-01", None, None],
        ... })
        >>> events = pd.DataFrame({
        ...     "customer_id": [1, 1], "ts": ["2024-03-01", "2024-03-02"],
        ...     "event_type": ["login_failed", "login_failed"],
        ... })
        >>> found = churn_types(customers, as_of="2024-03-31", events=events)
        >>> print(found.customers[["churn_type", "initiator", "reversible", "churn_rule"]])
             churn_type     initiator reversible      churn_rule
        0       passive  circumstance        yes  passive_access
        1        active      customer      maybe          active
        2  unclassified       unknown    unknown    unclassified
        3   not_churned           NaN        NaN             NaN
    """
    arguments.check_named({"status=": status, "text=": text, "code=": code}, {"by=": by})
    topics = tuple(complaint_topics) if isinstance(complaint_topics, list) else complaint_topics
    _check(horizon_days, likely_return, lookback_days, returns, by, orders, topics)
    by = returns.by if isinstance(returns, ChurnTypes) else by
    types, request = type_table(table), make_request(**columns)
    frame, roster, silence, state = _read(customers, status, request)
    needed = _needed(types)
    logs = {"events": events, "tickets": tickets, "feedback": feedback}
    reader = evidence.LogReader(roster, request, as_of, silence, lookback_days)
    gathered = evidence.flags(frame, needed, as_of, request.tz)
    gathered |= reader.read(logs, needed, text, code, terms, topics)
    gaps = None
    if orders is not None:
        _refuse_lazy(orders, request)
        past = past_occasions(orders, request, as_of)  # here, so that its notice tells the caller
        gaps = past_gaps(past, roster, request.customer)
        check_silence(gaps, silence)
        gathered |= from_orders(gaps, len(roster))
    curve, curves, p = _returns(gaps, returns, frame, by, silence, horizon_days)
    if curve is not None:
        gathered["p_return"] = p
    gathered |= _from_table(frame, needed, gathered, terms)
    gathered[SILENCE] = silence
    decided = decide(types, gathered, state, p, float(likely_return))
    return ChurnTypes(
        customers=vectors.attach(frame, decided.columns),
        rules=decided.rules,
        curve=curve,
        curves=curves,
        by=by,
        horizon_days=float(horizon_days),
        without_p_return=decided.without_p_return,
    )


def _check(
    horizon_days: Any,
    likely: Any,
    lookback: Any,
    returns: Any,
    by: Any,
    orders: object,
    topics: Any,
) -> None:
    wrong = {
        "horizon_days must be a number of days above 0": fits(horizon_days, float)
        and 0 < horizon_days < np.inf,
        "likely_return must lie between 0 and 1": fits(likely, float) and 0 < likely <= 1,
        "lookback_days must be a number of days, 0 or more": fits(lookback, float)
        and 0 <= lookback < np.inf,
        "returns must be a ReturnCurve, or what churn_types returned": returns is None
        or isinstance(returns, ReturnCurve | ChurnTypes),
        "an earlier result has curves only if it had orders, and needs them again": not isinstance(
            returns, ChurnTypes
        )
        or (returns.curve is not None and orders is not None),
        "by= needs orders=": by in (None, ORDER_NUMBER) or orders is not None,
        "complaint_topics must be a tuple of texts": fits(topics, tuple[str, ...]),
    }
    if lines := [text for text, good in wrong.items() if not good]:
        raise SpecError(
            problems("churn_types cannot be asked so:", lines),
            hint="churn_types(customers, as_of=..., orders=orders) has the usual numbers.",
        )


def _read(customers: object, status: str, request: Request) -> tuple[Any, Roster, Floats, State]:
    roster = read_roster(customers, customer=str(request.customer))
    frame = frames.eager(customers, doing="churn_types")
    needs = {SILENCE: "churn_types", status: "status="}
    arguments.require(frames.column_names(frame), needs, title="The customer table lacks columns:")
    found = vectors.read(frame, [SILENCE, status])
    check_histories({SILENCE: found[SILENCE]})
    silence = numbers(found[SILENCE]).astype(np.float64)
    return frame, roster, silence, _state(found[status], status)


def _state(column: Column, status: str) -> State:
    known = ("churned", "active", "lapsing", "not_evaluable")
    if isinstance(column, Labels):
        code = np.array([*(known.index(n) if n in known else 9 for n in column.names), -1])
        state = code[column.codes]
    else:
        state = np.where(np.isnan(column), -1, np.where(column == 1, 0, 1))
        state[(column != 0) & (column != 1) & ~np.isnan(column)] = 9
    if odd := int((state == 9).sum()):
        raise DataError(
            f"{status} of {odd:,} of {len(state):,} customers is no churn status.",
            hint=f"it is one of {', '.join(known)}, or true and false; "
            "ChurnStatus().fit(customers).transform(customers) makes it.",
        )
    return State(state == 0, (state == 1) | (state == 2), state == 3)


def _needed(types: pd.DataFrame) -> set[str]:
    rules = [rule for rule in types["rule"] if rule != OTHERWISE]
    return {name for rule in rules for name in expressions.names(rule)} - {"likely_return"}


def _refuse_lazy(orders: object, request: Request) -> None:
    if (lazy := lazy_table(orders, request)) is not None:
        raise refuse("churn_types", lazy)


def _returns(
    gaps: PastGaps | None,
    given: ReturnCurve | ChurnTypes | None,
    frame: Any,
    by: str | None,
    silence: Floats,
    horizon_days: float,
) -> tuple[ReturnCurve | None, Mapping[str, ReturnCurve], Floats]:
    """Return the curve of all gaps, those of strata, and each customer's chance."""
    if isinstance(given, ReturnCurve):
        return given, {}, given.p_return(silence, horizon_days=horizon_days)
    if gaps is None:
        return None, {}, np.full(len(silence), np.nan)
    strata = _strata(gaps, frame, by, 0 if given is None else len(given.curves))
    whole, curves = fit_curves(gaps, strata) if given is None else (given.curve, given.curves)
    assert whole is not None  # noqa: S101 - narrows the type; _check saw to it
    stratum = None if strata is None else of_customers(gaps, strata[1], len(silence))
    return whole, curves, chances(silence, stratum, whole, curves, horizon_days)


def _strata(gaps: PastGaps, frame: Any, by: str | None, top: int) -> tuple[Labels, Labels] | None:
    if by is None:
        return None
    if by == ORDER_NUMBER:
        return by_order_number(gaps, top)
    arguments.require(frames.column_names(frame), {by: "by="}, title="The customer table lacks:")
    found = vectors.read(frame, [by])[by]
    if isinstance(found, Labels):
        return by_label(gaps, found)
    raise ColumnsError(f"{by} holds numbers, not labels.", hint="by= names a column of labels.")


def _from_table(
    frame: Any, needed: set[str], gathered: Mapping[str, Column], terms: object
) -> dict[str, Column]:
    """Return what rules read besides, from the customer table; unknown evidence as missing."""
    there = [name for name in frames.column_names(frame) if name in needed]
    flags = [name for name in there if name in evidence.FLAGS]
    twice = [name for name in there if name in gathered and name not in flags]
    causes = {*feedback_terms(terms)["id"], *feedback_terms()["id"]}
    known = {*evidence.EVIDENCE, *(f"{evidence.SAYS}{cause}" for cause in causes)}
    strange = sorted(needed - set(there) - set(gathered) - known)
    lines = [f"{name}: in the customer table and made from a log" for name in sorted(twice)]
    lines += [f"{name}: neither evidence nor in the customer table" for name in strange]
    if lines:
        raise ColumnsError(
            problems("The rules of the type table read columns that are not clear:", lines),
            hint="layerwise.churn.EVIDENCE lists the evidence; leave one out where there are two.",
        )
    extra = [name for name in there if name not in gathered and name != SILENCE]
    return dict(vectors.read(frame, extra)) if extra else {}
