"""The customer flow: who was there, who came, returned and left, so that it adds up."""

from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd

from layerwise import arguments, frames, vectors
from layerwise import columns as c
from layerwise.errors import ColumnsError, DataError, problems
from layerwise.layers.churn_status import STATUSES
from layerwise.orders.dates import read_times
from layerwise.orders.ids import read_ids
from layerwise.orders.request import make_request
from layerwise.orders.table import column
from layerwise.vectors import Array, Labels

CHURNED = "churned"
FLOWS = ("start", "new", "returned", "churned", "removed", "end")
_ACTIVE, _GONE = 1, 2


def customer_flow(
    snapshots: object, *, status: str = "churn", customer: str = c.CUSTOMER, as_of: str = c.AS_OF
) -> pd.DataFrame:
    """Return how the number of active customers came about, from each date to the next.

    start + new + returned − churned − removed = end, exactly. Active is whoever is not churned,
    those too new to be judged included. `new` are all who were not in the table before; who came
    and was churned by the next date counts in `new` and in `churned`. `removed` are active
    customers who are not in the next table at all, e.g. erased on request; from an order log there
    are none.

    Args:
        snapshots: Statuses of two or more dates, one below the other: what `snapshots` returned,
            labelled by one fitted `ChurnStatus`, so that the rule is the same at every date.
        status: Column of the churn status, with the labels of `ChurnStatus`.
        customer: Column of the customer ids.
        as_of: Column of the dates.

    Returns:
        A pandas table, a row a period: `from`, `to` and the six counts.

    Raises:
        ColumnsError: Columns are missing or of the wrong type.
        DataError: Ids, dates or statuses are missing, a status is unknown, a customer stands twice
            at a date, or there is only one date.
        EngineError: The table is no dataframe in memory.

    Example:
        >>> import layerwise as lw
        >>> orders = lw.datasets.load_cdnow()
        >>> months = lw.snapshots(
        ...     orders, as_of=["1997-09-30", "1997-12-31", "1998-03-31"], amount=None
        ... )
        >>> status = lw.ChurnStatus().fit(months[months["as_of"] == "1997-09-30"])
        >>> flow = customer_flow(status.transform(months))
        >>> flow.drop(columns=["from", "removed"])
                  to  start  new  returned  churned  end
        0 1997-12-31    585    0       153      131  607
        1 1998-03-31    607    0       139      106  640
    """
    frame = frames.eager(snapshots, doing="customer_flow")
    arguments.check_named({"as_of=": as_of, "customer=": customer, "status=": status})
    names = dict.fromkeys((as_of, customer, status), "customer_flow")
    hint = "snapshots(orders, as_of=[...]) makes the table of several dates; then add the labels."
    title = "The snapshots lack columns."
    arguments.require(frames.column_names(frame), names, title=title, hint=hint)
    who = people(frame, customer)
    when, dates = days_of(frame, as_of)
    state = np.zeros((len(dates), int(who.max()) + 1), dtype=np.int8)
    state[when, who] = np.where(churned_rows(frame, status), _GONE, _ACTIVE)
    if again := len(who) - int(np.count_nonzero(state)):
        raise DataError(
            f"{again:,} of {len(who):,} rows are of a customer who stands before at that date.",
            hint="snapshots(orders, as_of=[...]) makes one row a customer and date.",
        )
    ends = {"from": dates[:-1], "to": dates[1:]}
    rows = [_count(before, after) for before, after in pairwise(state)]
    return pd.DataFrame(ends).join(pd.DataFrame(rows, columns=list(FLOWS)))


def check_flow(flow: object) -> pd.DataFrame:
    """Return a flow that adds up.

    Raises:
        ColumnsError: It is not what `customer_flow` returns.
        DataError: It has no rows, or counts are impossible or do not balance.
    """
    if not isinstance(flow, pd.DataFrame) or not set(FLOWS) <= set(flow.columns):
        raise ColumnsError(
            f"A flow has the columns {', '.join(FLOWS)}.", hint="customer_flow(snapshots) makes it."
        )
    counts = np.column_stack([_whole(flow[name]) for name in FLOWS])
    start, new, returned, churned, removed, end = counts.T
    wrong = {
        "counts missing, negative or not whole": np.isnan(counts).any(axis=1),
        "flows that do not add up": start + new + returned - churned - removed != end,
        "starts that are not the end before": np.append(False, start[1:] != end[:-1]),
    }
    lines = [
        f"{text}: {int(w.sum()):,} of {len(flow):,} rows" for text, w in wrong.items() if w.any()
    ]
    if lines or not len(flow):
        raise DataError(
            problems("The flow does not balance:", lines or ["there are no rows"]),
            hint="start + new + returned - churned - removed = end; see customer_flow.",
        )
    return flow.assign(**dict(zip(FLOWS, counts.T.astype(np.int64), strict=True)))


def _whole(column: Any) -> Array:
    """Return counts, NaN where a value is none."""
    if pd.api.types.is_complex_dtype(column.dtype):
        return np.full(len(column), np.nan)
    values = pd.to_numeric(column.astype(object), errors="coerce").to_numpy(dtype=np.float64)
    known = np.isfinite(values) & (values >= 0)
    whole: Array = known & (np.floor(np.where(known, values, 0)) == np.where(known, values, 0))
    return np.where(whole, values, np.nan)


def churned_rows(frame: Any, status: str) -> Array:
    """Return which rows of a wrapped eager frame are churned.

    Raises:
        ColumnsError: There is no such column, or it holds no labels.
        DataError: Statuses are missing, or are none of `ChurnStatus`.
    """
    arguments.check_named({"status=": status})
    title = "The table lacks a churn status."
    arguments.require(frames.column_names(frame), {status: "status="}, title=title)
    labels = vectors.read(frame, [status])[status]
    if not isinstance(labels, Labels):
        if len(labels) and not np.isnan(labels).all():
            raise ColumnsError(
                f"Column {status} holds numbers; the labels of ChurnStatus are needed.",
                hint="ChurnStatus().fit(customers).transform(customers) adds them.",
            )
        labels = Labels(np.full(len(labels), -1), ())
    unknown = [name not in STATUSES for name in labels.names]
    bad = np.append(unknown, True)[labels.codes].astype(bool)
    if bad.any():
        raise DataError(
            f"{status} is missing or no churn status in {int(bad.sum()):,} of {len(bad):,} rows.",
            hint=f"the labels are {', '.join(STATUSES)}.",
        )
    gone: Array = np.array([name == CHURNED for name in labels.names], dtype=bool)[labels.codes]
    return gone


def people(frame: Any, customer: str) -> Array:
    """Return a code for each row's customer, equal where the ids are.

    Raises:
        DataError: Ids are missing.
    """
    series = column(frame.to_native(), customer)
    codes = read_ids(series, customer)
    if codes.missing is not None:
        refuse_nameless(int(codes.missing.sum()), len(series))
    return codes.code


def refuse_nameless(missing: int, n: int) -> None:
    """Refuse rows without a customer.

    Raises:
        DataError: With the count, if there are any.
    """
    if missing:
        raise DataError(
            f"{missing:,} of {n:,} rows have no customer id.",
            hint="leave them out; they cannot be followed.",
        )


def days_of(frame: Any, as_of: str) -> tuple[Array, Array]:
    """Return the place of each row's date, and the dates.

    Raises:
        ColumnsError: The column holds no dates.
        DataError: Dates are missing, or there is only one.
    """
    series = column(frame.to_native(), as_of)
    try:
        times = read_times(series, make_request(time=as_of, customer=f"not {as_of}"))
    except TypeError:  # lists and the like, which cannot be compared
        raise ColumnsError(
            f"Column {as_of} holds no dates.", hint="snapshots(orders, as_of=[...]) adds it."
        ) from None
    if times.missing is not None:
        refuse_undated(int(times.missing.sum()), len(series), as_of)
    days, place = np.unique(times.number, return_inverse=True)
    if len(days) < 2:
        raise DataError(
            f"A flow goes from one date to another; {as_of} holds {len(days)}.",
            hint="snapshots(orders, as_of=[...]) with two dates or more.",
        )
    return place, days.astype("M8[D]").astype("M8[us]")


def refuse_undated(missing: int, n: int, as_of: str) -> None:
    """Refuse rows without a date.

    Raises:
        DataError: With the count, if there are any.
    """
    if missing:
        raise DataError(
            f"{missing:,} of {n:,} rows have no date in {as_of}.",
            hint="every row of the snapshots says of which date it is.",
        )


def _count(before: Array, after: Array) -> tuple[int, ...]:
    changes = np.bincount(3 * before.astype(np.intp) + after, minlength=9).reshape(3, 3)
    start, end = changes[_ACTIVE].sum(), changes[:, _ACTIVE].sum()
    new = changes[0, _ACTIVE] + changes[0, _GONE]
    churned = changes[0, _GONE] + changes[_ACTIVE, _GONE]
    found = (start, new, changes[_GONE, _ACTIVE], churned, changes[_ACTIVE, 0], end)
    return tuple(map(int, found))
