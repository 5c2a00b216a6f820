"""Which customers show signs of leaving, which signs, since when, and whom to call first."""

from collections.abc import Callable, Mapping
from typing import Any, Generic, Literal, TypeVar

import attrs
import numpy as np
import pandas as pd

from layerwise import arguments, frames, vectors
from layerwise import columns as c
from layerwise.brief import in_brief
from layerwise.churn import drops, incidents
from layerwise.churn.flagging import flagged, q_of, table_told
from layerwise.churn.inputs import Inputs, read_inputs
from layerwise.churn.levels import levels
from layerwise.churn.looked_for import why_left_out, without_history
from layerwise.churn.price_gap import price_gap
from layerwise.churn.signal import Signal
from layerwise.churn.signs import Sign, read_signs
from layerwise.churn.silence_signal import silence
from layerwise.churn.warning_output import (
    left_out_text,
    priorities,
    signal_rows,
    still_buying,
    top,
)
from layerwise.errors import DataError, FitError, SpecError
from layerwise.histories import HISTORY
from layerwise.layers.churn_status import ChurnStatus
from layerwise.models.bgnbd import BGNBD
from layerwise.models.model import FittedModel
from layerwise.orders.request import make_request, moment
from layerwise.saved import fits

FrameT = TypeVar("FrameT")
RULES: Mapping[str, Callable[[Sign, Inputs], Signal]] = {
    "silence": silence,
    "drop": drops.drop,
    "share_drop": drops.share_drop,
    "category_drop": drops.category_drop,
    "terms": incidents.terms,
    "new_words": incidents.new_words,
    "any": incidents.any_recent,
    "low_score": incidents.low_score,
    "no_open": incidents.no_open,
    "unresolved": incidents.unresolved,
    "late": incidents.late,
    "wait": incidents.wait,
    "price_gap": price_gap,
}
"""Kind of rule -> the function that judges it."""


@attrs.frozen(kw_only=True, eq=False)
class Warnings(Generic[FrameT]):
    """What `early_warning` found.

    Attributes:
        customers: The customer table with `risk_level` (not_evaluable < low < medium < high),
            `reasons` and `next_steps` (ids with semicolons between, missing without any),
            `priority` where a model, a value or a capacity is given, and `listed` where a capacity.
        signals: One row a signal and customer: `signal`, `level`, `value`, `baseline`, `ratio`,
            `p`, `q`, `since`, `flagged`, `not_evaluable`, `detail` (such as the category).
        table: The warning table with what became of each row: customers `judged`, `flagged` and
            `not_evaluable`, and in `left_out` why a signal was not looked for (empty if it was).
    """

    customers: FrameT
    signals: pd.DataFrame
    table: pd.DataFrame

    __repr__ = in_brief

    def __str__(self) -> str:
        counts = self.table[["id", "level", "judged", "flagged", "not_evaluable"]]
        used = counts[self.table["left_out"] == ""]
        blind = used.loc[used["judged"] == 0, "id"]
        why = "nobody could be judged (too few rows of each customer): "
        lines = [why + ", ".join(blind)] if len(blind) else []
        return "\n".join([used.to_string(index=False), *lines, *left_out_text(self.table)])


def early_warning(
    customers: FrameT,
    *,
    as_of: Any,
    orders: object = None,
    events: object = None,
    messages: object = None,
    tickets: object = None,
    feedback: object = None,
    deliveries: object = None,
    consent: object = None,
    prices: object = None,
    table: object = None,
    model: FittedModel | None = None,
    horizon_days: float = 90.0,
    value: str | None = None,
    capacity: int | None = None,
    rank_by: str = "priority",
    status: ChurnStatus | None = None,
    false_discovery: float | None = 0.10,
    rows: str = "all",
    customer: str = c.CUSTOMER,
    time_format: str | None = None,
    tz: str | None = None,
    quiet: bool = False,
    stacklevel: int = 2,
) -> Warnings[FrameT]:
    """Return the signs of leaving of each customer, a risk level with reasons, and a call list.

    Every log is optional. A log that is not given, or lacks a column, leaves its signals out (told
    in `Warnings.table`); a customer without data for a signal is `not_evaluable` there, never zero.
    Nothing dated after `as_of` is read.

    **Rules** (the warning table says which signal follows which, with which windows and limits):

    - silence: p = (first_to_last_days / age_days) ^ repeat_orders, the chance that whoever still
      buys as before is silent for so long; flagged below `p_limit`. Needs two orders.
    - drop: events per week, or their summed `column`, fell to `ratio_limit` of the baseline with
      the population's trend taken out, and p < `p_limit` in a binomial test that allows for
      bursts (see `drop_test`). Not evaluable: too few events for p < `p_limit` even with none
      left (11 over both of the usual windows, more where events come in bursts), or first seen too
      late.
    - share_drop: the same for events per event of another kind, such as carts per view.
    - category_drop: orders and views of one category both fell, the customer's rest did not.
    - terms, new_words: recent search terms that hold a given word; that were not searched before.
    - any: anything of these types lately. low_score: a low score or a complaint lately.
    - unresolved: failures and no success since. no_open: the last mails not opened, earlier ones
      were.
    - late: a late, damaged or lost one among the last deliveries due.
    - wait: a ticket waited, or waits, longer than `limit` days.
    - price_gap: paid above the lowest channel price of that day.

    **Risk level**: high with any high signal or two medium ones, medium with one medium one, low
    otherwise, not_evaluable where no signal can be judged.

    **False discovery**: of thousands of tests some are small by chance. A signal with a `p_limit`
    is flagged only if its Benjamini-Hochberg q-value, over all customers tested for it, is at most
    `false_discovery` too: then about that share of the flags of a signal is false.

    Args:
        customers: One row a customer as of `as_of`; with the histories of `summarize` for silence
            and the call list.
        as_of: The last day that counts, a date or ISO text.
        orders: customer_id, ordered_at; `category`, or `sku`, `amount` and `quantity`.
        events: customer_id, ts, event_type; `duration_s`, `category`, `search_term`.
        messages: customer_id, sent_at; `opened_at`.
        tickets: customer_id, opened_at; `first_response_at`, `resolved_at`.
        feedback: customer_id, ts; `score`, and `code` or `text`.
        deliveries: customer_id, promised_at, delivered_at; `damaged`, `lost`.
        consent: customer_id, withdrawn_at (missing where it holds).
        prices: sku, channel, valid_from, valid_to, price.
        table: The warning table: a frame or CSV path after `warning_table()`; None is that one.
        model: A fitted purchase model for P(no purchase); None fits BG/NBD to `customers` where a
            value or a capacity is given.
        horizon_days: Days ahead of P(no purchase) in the priority.
        value: Column of `customers` that says what a customer is worth, such as "spend_365d".
            `priority` is P(no purchase) × value, or P(no purchase) alone without it.
        capacity: How many customers can be called: those with the highest priority are `listed`,
            never one whose silence counts as churn already, ties by id.
        rank_by: "priority", or "level" for risk level first and priority within it. See in a
            `backtest` which serves you better.
        status: The rule by which silence counts as churn; None is `ChurnStatus()`.
        false_discovery: The share of false flags that is accepted; None leaves q out of the flags.
        rows: Rows of `Warnings.signals`: "all", "judged" or "flagged".
        customer: Column of customer ids, in every table.
        time_format: How text or numbers are dates in the logs, as in `summarize`.
        tz: The shop's time zone, as in `summarize`.
        quiet: Do not tell of rows later than `as_of` and of customers who are not in the table.
        stacklevel: As in `warnings.warn`.

    Raises:
        ColumnsError: A log lacks a column that it must have, or one is of the wrong kind.
        DataError: Ids, histories or times are impossible, or the customer table is of another date.
        SpecError: A choice is impossible, or a call list is wanted without histories.
        TableError: The warning table is not valid.

    Source: for false discovery Benjamini and Hochberg (1995), JRSS B 57.

    Example:
        >>> import layerwise as lw
        >>> from layerwise.churn import early_warning
        >>> events, truth = lw.datasets.simulate_events(500, seed=5)
        >>> found = early_warning(truth[["customer_id"]], events=events, as_of="2024-05-29")
        >>> dropped = found.customers["risk_level"].isin(["medium", "high"])
        >>> print(pd.crosstab(truth["dropped"], dropped.to_numpy()))
        col_0    False  True
        dropped
        False      454     1
        True        12     33
    """
    arguments.check_named({"customer=": customer}, {"value=": value})
    _check_choices(horizon_days, capacity, false_discovery, rows, rank_by)
    known, signs = read_signs(table)
    given = {
        "orders": orders,
        "events": events,
        "messages": messages,
        "tickets": tickets,
        "feedback": feedback,
        "deliveries": deliveries,
        "consent": consent,
    }
    used = {name for sign in signs for name in sign.input}
    if not fits(quiet, bool) or not fits(stacklevel, int) or not 0 < stacklevel <= 100:
        raise SpecError(
            "quiet must be true or false, and stacklevel a whole number as in warnings.warn.",
            hint="early_warning(customers, ..., quiet=True).",
        )
    inputs = read_inputs(
        customers,
        {name: log for name, log in given.items() if name in used},
        prices=prices if "prices" in used else None,
        as_of=as_of,
        customer=customer,
        model=model,
        quiet=quiet,
        stacklevel=stacklevel + 1,
        time_format=time_format,
        tz=tz,
    )
    _check_date(inputs)
    without = without_history(inputs)
    if model is not None and not callable(getattr(model, "p_no_purchase", None)):
        raise SpecError(
            f"{type(model).__name__} gives no P(no purchase).",
            hint="fit it first: BGNBD().fit(customers).",
        )
    ranked = model is not None or capacity is not None or value is not None
    inputs = _with_model(inputs, horizon_days, wanted=ranked and not without)
    missing = {sign.id: why_left_out(sign, inputs, without) for sign in signs}
    looked = [sign for sign in signs if not missing[sign.id]]
    found = {sign.id: RULES[sign.rule](sign, inputs) for sign in looked}
    q = {sign.id: q_of(sign, found[sign.id]) for sign in looked}
    flags = {s.id: flagged(s, found[s.id], q[s.id], false_discovery) for s in looked}
    priority = priorities(inputs, value, horizon_days)
    added = levels(looked, found, flags, known, inputs.n)
    if priority is not None:
        added["priority"] = priority
    if priority is None and (value is not None or capacity is not None):
        raise _no_list()
    if priority is not None and capacity is not None:
        added["listed"] = top(
            priority,
            capacity,
            inputs.roster.ids,
            among=still_buying(inputs, status or ChurnStatus()),
            first=added["risk_level"].codes if rank_by == "level" else None,
        )
    return Warnings(
        customers=vectors.attach(inputs.customers, added),
        signals=signal_rows(inputs, looked, found, flags, q, rows=rows, customer=customer),
        table=table_told(known, found, flags, missing),
    )


def _check_choices(h: Any, capacity: Any, false_discovery: Any, rows: Any, rank_by: Any) -> None:
    wrong = {
        "horizon_days must be above 0": fits(h, float) and h > 0,
        "capacity must be a whole number from 1 up": capacity is None
        or (fits(capacity, int) and capacity >= 1),
        "false_discovery must lie between 0 and 1": false_discovery is None
        or (fits(false_discovery, float) and 0 < false_discovery <= 1),
        "rank_by must be 'priority' or 'level'": fits(rank_by, Literal["priority", "level"]),
        "rows must be 'all', 'judged' or 'flagged'": fits(
            rows, Literal["all", "judged", "flagged"]
        ),
    }
    if lines := [text for text, holds in wrong.items() if not holds]:
        raise SpecError(
            f"early_warning: {'; '.join(lines)}.", hint="leave them out for the usual choices."
        )


def _check_date(inputs: Inputs) -> None:
    """Refuse a customer table that was made for another date, where it says so."""
    found = frames.column_names(inputs.customers)
    if c.LAST_ORDER not in found or c.SILENCE not in found:
        return
    dated = inputs.customers.select(c.LAST_ORDER, c.SILENCE).drop_nulls()
    if not len(dated):
        return
    last, days = dated.to_native()[c.LAST_ORDER], np.asarray(dated[c.SILENCE].to_numpy())
    spent = [
        moment(pd.Timestamp(last.max()), name=c.LAST_ORDER, request=make_request(), aware=True)
    ]
    if spent[0] + days.min() != inputs.today:
        raise DataError(
            "The customer table is as of another date than as_of: its last order and the least "
            "days of silence do not add up to it.",
            hint="make it with summarize(orders, as_of=...) of the same date.",
        )


def _with_model(inputs: Inputs, h: float, *, wanted: bool) -> Inputs:
    """Return the inputs with a purchase model, if one can be had."""
    if not wanted:
        return attrs.evolve(inputs, model=None)
    if inputs.model is not None:
        return inputs
    try:
        fitted = BGNBD(horizon_days=h).fit(inputs.customers.drop_nulls(list(HISTORY)).to_native())
    except FitError:
        return inputs
    return attrs.evolve(inputs, model=fitted)


def _no_list() -> SpecError:
    return SpecError(
        "A call list needs P(no purchase), and the customer table has no usable histories.",
        hint="make it with summarize(orders, as_of=...), or leave capacity and value out.",
    )
