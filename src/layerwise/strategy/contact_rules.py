"""How often a customer may be written to: contacts a week and days between, given a history."""

import warnings
from collections.abc import Collection
from typing import Any

import numpy as np
import pandas as pd
from narwhals.stable.v2.typing import IntoDataFrame, IntoDataFrameT
from numpy.typing import NDArray

from layerwise import arguments, frames
from layerwise import columns as c
from layerwise.errors import DataError, RowsLeftOutWarning, SpecError
from layerwise.logs import Log, read_log, read_roster
from layerwise.orders.request import make_request, moment
from layerwise.strategy import status as st

WEEK = 7
_MOST = 10**6
NO_CONTACT = ("web_app", "mini_program", "store", "marketplace")
"""Channels where the customer comes to the shop, so that nobody is disturbed."""

Ints = NDArray[np.int64]
_ROLE = "contact_rules"


def contact_rules(
    plan: IntoDataFrameT,
    contacts: IntoDataFrame | None = None,
    *,
    as_of: Any,
    per_week: int = 2,
    min_gap_days: int = 0,
    no_contact: Collection[str] = NO_CONTACT,
    customer: str = c.CUSTOMER,
    time: str = "sent_at",
    time_format: str | None = None,
    tz: str | None = None,
) -> IntoDataFrameT:
    """Return the plan with a column `status`: which rows may be sent now, and why not the others.

    A customer's rows go by rank, at most `per_week` less the contacts of the last seven days up to
    as_of. Duties (theme `compliance`) and rows that only go by channels of `no_contact` are free
    and take no place. A row that is held out keeps its place, so that chance alone sets it apart.

    Args:
        plan: What `StrategyTable.plan` returned.
        contacts: One row a contact that was made, with the customer and the date; None is no
            history. Contacts of other customers do not count and are not told.
        as_of: The day the plan goes out; later contacts are left out and counted.
        per_week: Most contacts in seven days.
        min_gap_days: Days from one contact to the next. From 1 on, one row a customer goes now.
        no_contact: Channels that disturb nobody.
        customer: Column of the customer's id, in both tables.
        time: Column of the date of a contact.
        time_format: How the dates of contacts are written; as in `layerwise.summarize`.
        tz: As in `layerwise.summarize`.

    Returns:
        The same kind of frame, same rows, with `status`: send, held_out, contact_cap (wait for
        next week), min_gap (too soon after the last one). A status that is there stays, where it
        is none of the first two.

    Raises:
        ColumnsError: The frame is no plan, or the history lacks a column.
        DataError: Ids or dates of the history cannot be used.
        SpecError: A choice is not possible.
        EngineError: A frame is not in memory.

    Warns:
        RowsLeftOutWarning: Contacts without a customer or date, or after as_of, counted; or no
            contact at all is of a customer of the plan.

    Example:
        >>> from layerwise.strategy import StrategyTable
        >>> customers = pd.DataFrame({"customer_id": [1, 2], "tier": ["high_value"] * 2})
        >>> plan = StrategyTable.default().plan(customers, holdout=0)
        >>> sent = pd.DataFrame({"customer_id": [2], "sent_at": ["2024-03-09"]})
        >>> ruled = contact_rules(plan, sent, as_of="2024-03-11")
        >>> print(ruled[["customer_id", "rank", "status"]].to_string(index=False))
         customer_id  rank      status
                   1     1        send
                   1     2        send
                   1     3 contact_cap
                   2     1        send
                   2     2 contact_cap
                   2     3 contact_cap
    """
    _check(per_week, min_gap_days, no_contact)
    frame = st.plan_frame(plan, _ROLE)
    status = st.read_status(frame, _ROLE)
    who, ids = st.customers(frame, customer, _ROLE)
    today = moment(as_of, name="as_of", request=make_request(), aware=False)
    log = _contacts(contacts, ids, as_of, customer, time, time_format, tz)
    recent, last = _history(log, len(ids), today)
    room = np.maximum(per_week - recent, 0)
    soon = today - last < min_gap_days
    if min_gap_days:
        room = np.minimum(room, np.where(soon, 0, 1))
    counts = _disturbs(frame, no_contact) & (status <= st.WORDS.index(st.HELD_OUT))
    turn = _turn(who, st.ranks(frame, _ROLE), counts)
    within = turn < (per_week - recent)[who]  # of the cap; if still late, then by the gap
    put_off = np.where(within, st.WORDS.index(st.MIN_GAP), st.WORDS.index(st.CONTACT_CAP))
    late = counts & (turn >= room[who])
    ruled: IntoDataFrameT = st.with_status(frame, np.where(late, put_off, status))
    return ruled


def _contacts(
    contacts: Any, ids: pd.Series, as_of: Any, customer: str, time: str,
    time_format: str | None, tz: str | None,
) -> Log | None:  # fmt: skip
    """Return the contacts of customers of the plan; None without a history."""
    if contacts is None or not len(ids):
        return None
    log = read_log(
        contacts,
        read_roster(ids.to_frame(), customer=customer, what="the plan"),
        what="the contact history",
        as_of=as_of,
        customer=customer,
        time=time,
        ignore_unknown=True,
        time_format=time_format,
        tz=tz,
        stacklevel=4,
    )
    if not len(log):
        theirs = frames.eager(contacts, doing=_ROLE)[customer]
        _refuse_other_kind(theirs, ids)
        _tell_strangers(theirs, ids)
    return log


def _history(log: Log | None, n: int, today: int) -> tuple[Ints, Ints]:
    """Return, per customer, the contacts of the last week and the day of the last of all."""
    recent, last = np.zeros(n, np.int64), np.full(n, -(2**40), np.int64)
    if log is None:
        return recent, last
    week = log.customer[log.day > today - WEEK]
    np.maximum.at(last, log.customer, log.day)
    return np.bincount(week, minlength=n).astype(np.int64), last


def _refuse_other_kind(theirs: Any, ids: pd.Series) -> None:
    """Refuse ids that are numbers here and texts there: all contacts would seem strangers'."""
    numbers = pd.api.types.is_numeric_dtype(ids)
    if theirs.null_count() < len(theirs) and theirs.dtype.is_numeric() != numbers:
        raise DataError(
            "No contact is of a customer of the plan: ids are numbers in one table and text in the "
            "other.",
            hint="make the ids of both tables one type, e.g. with astype(str).",
        )


def _tell_strangers(theirs: Any, ids: pd.Series) -> None:
    """Warn if no contact at all is of a customer of the plan: ids may be written in two ways."""
    written = theirs.drop_nulls().to_list()
    if written and not pd.Index(written).isin(ids).any():
        warnings.warn(
            f"None of {len(written):,} contacts is of a customer of the plan, so nobody counts as "
            "written to.\nHint: write ids alike in both tables; case and leading zeros matter.",
            RowsLeftOutWarning,
            stacklevel=4,
        )


def _disturbs(frame: Any, no_contact: Collection[str]) -> NDArray[np.bool_]:
    """Return which rows are contacts: no duty, and not only by channels that disturb nobody."""
    channel = st.texts(frame, c.CHANNEL, _ROLE)
    free = [bool(x) and {*x.split(";")} <= {*no_contact} for x in channel.categories]
    silent = np.array([*free, False], dtype=bool)[channel.codes]
    disturbs: NDArray[np.bool_] = ~silent & ~st.duties(frame, _ROLE)
    return disturbs


def _turn(who: Ints, rank: Ints, counts: NDArray[np.bool_]) -> Ints:
    """Return how many contacts of the same customer come before each row, by rank."""
    order = np.lexsort((rank, who))
    before: Ints = np.cumsum(counts[order]) - counts[order]
    mine = who[order]
    first = np.r_[True, mine[1:] != mine[:-1]][: len(mine)]
    start = np.maximum.accumulate(np.where(first, before, 0)) if len(mine) else before
    turn = np.empty(len(who), dtype=np.int64)
    turn[order] = before - start
    return turn


def _check(per_week: Any, min_gap_days: Any, no_contact: Any) -> None:
    for name, value in (("per_week", per_week), ("min_gap_days", min_gap_days)):
        whole = isinstance(value, int | np.integer) and not isinstance(value, bool)
        if not whole or not 0 <= value <= _MOST:
            raise SpecError(
                f"{name} must be a whole number from 0 to {_MOST:,}.", hint="per_week=2."
            )
    listed = arguments.is_several(no_contact)
    if not listed or not all(isinstance(channel, str) for channel in no_contact):
        raise SpecError("no_contact must be a list of channels.", hint='no_contact=["store"].')
