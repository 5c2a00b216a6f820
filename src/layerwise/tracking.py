"""A purchase model laid beside what happened, day after day: of all customers, and of one."""

from collections.abc import Callable, Hashable, Iterator
from typing import Any, Unpack

import narwhals.stable.v2 as nw
import numpy as np
import pandas as pd

from layerwise import arguments, frames
from layerwise import columns as c
from layerwise.errors import DataError, SpecError
from layerwise.models.histories import Histories
from layerwise.models.kinds import ByKind
from layerwise.models.model import FittedModel
from layerwise.orders.eager import occasion_days
from layerwise.orders.lazy import refuse
from layerwise.orders.request import OrderColumns, Request, make_request, moment
from layerwise.orders.table import column, lazy_table
from layerwise.vectors import Array, Floats

_BLOCK = 4096
"""Models go through more histories than this in parts of their own, and h must go along."""


def tracking(
    fitted: FittedModel | ByKind,
    orders: object,
    *,
    end: Any,
    split: Any = None,
    period_days: int = 7,
    customers: object = None,
    **columns: Unpack[OrderColumns],
) -> pd.DataFrame:
    """Return actual and expected repeat orders, period by period and cumulated.

    Periods of `period_days` days follow each other from the day of the first order of all; a last
    one that `end` cuts short is left out. A customer who came on day d is expected to have placed
    E(X(e + 1 - d)) repeat orders by the end of day e, where E(X(t)) is the model's
    `expected_orders_new(t)`: the day of the first order counts whole, so that 78 weeks from
    1997-01-01 are 546 days and end on 1998-06-30. Expected orders look at nothing but that day, not
    at the customer's later history.

    Source: Fader, Hardie and Lee (2005), "Counting Your Customers the Easy Way"; the same days as
    `bgnbd.ExpectedCumulativeTransactions` of BTYD (in R) and `expected_cumulative_transactions` of
    lifetimes.

    Args:
        fitted: A fitted model that speaks of new customers in days: BGNBD, MBGNBD, MBGCNBD,
            ParetoNBD, these with covariates or by group.
        orders: The order log, a frame in memory.
        end: Last day that counts.
        split: Last day of the calibration period: only customers whose first order came up to then
            are followed. None follows all, each from their first order.
        period_days: Length of a period in days.
        customers: For a model with covariates or by group, a table with a row for each customer who
            is followed: the ids, under the name that they have in the log or as `customer_id`, and
            the covariates or the group. Other models do not read it.
        columns: Which column is what, and the other choices, as in `layerwise.summarize`.

    Returns:
        A pandas table, one row a period; its columns are `layerwise.columns.TRACKING_MEANING`.

    Raises:
        SpecError: The model has no expected orders of new customers in days, or a choice is
            impossible.
        DataError: There is no whole period, nobody came up to the split, or `customers` lacks some
            who did.
        LayerwiseError: The log cannot be used, as `summarize` says.

    Example:
        >>> import layerwise as lw
        >>> model = lw.BGNBD().fit(lw.datasets.load_cdnow_summary())
        >>> table = tracking(model, lw.datasets.load_cdnow(), end="1998-06-30", amount=None)
        >>> table.set_index("period_end").tail(2).round(1)
                    actual  expected  cumulative_actual  cumulative_expected
        period_end
        1998-06-23      32      35.8               4311               4130.2
        1998-06-30      28      35.5               4339               4165.7
    """
    if not isinstance(fitted, ByKind):
        require_model(fitted)
    elif customers is None:
        raise SpecError(
            f"{type(fitted).__name__} needs customers=, the table that tells their kinds.",
            hint="tracking(fitted, orders, customers=customers, end=...).",
        )
    _check_period(period_days)
    request = make_request(**columns)
    if (table := lazy_table(orders, request)) is not None:
        raise refuse("tracking", table)
    counts, days, last, ids = occasion_days(orders, request, end)
    old = _followed(counts, days, _split(split, request))
    first, repeats = _split_off(counts, days, old)
    start = int(first.min())
    ends = start + period_days * np.arange(1, (last + 1 - start) // period_days + 1)
    if not len(ends):
        raise DataError(
            f"From the first order to end there is no whole period of {period_days} days.",
            hint="take a later end or a smaller period_days.",
        )
    actual = np.searchsorted(np.sort(repeats), ends, side="left")
    expected = np.zeros(len(ends))
    for model, some in _kinds(fitted, customers, ids, old, request):
        expected += _expected(model, first[some], ends)
    return pd.DataFrame(
        {
            c.PERIOD_END: (ends - 1).astype("M8[D]").astype("M8[us]"),
            c.ACTUAL: np.diff(actual, prepend=0),
            c.EXPECTED: np.diff(expected, prepend=0.0),
            c.CUMULATIVE_ACTUAL: actual,
            c.CUMULATIVE_EXPECTED: expected,
        }
    )


def history(
    fitted: FittedModel,
    orders: object,
    *,
    customer_id: Hashable,
    as_of: Any,
    horizon_days: float | None = None,
    **columns: Unpack[OrderColumns],
) -> pd.DataFrame:
    """Return what a model thought of one customer at the end of each day.

    Args:
        fitted: A fitted purchase model in days: BGNBD, MBGNBD, MBGCNBD, ParetoNBD.
        orders: The order log, a frame in memory.
        customer_id: Whose history; 7 and "7" are different ids.
        as_of: The last day.
        horizon_days: Days ahead of P(no purchase); None takes the model's.
        columns: Which column is what, and the other choices, as in `layerwise.summarize`.

    Returns:
        A pandas table, one row a day from the first order to `as_of`: `date`, `orders` (of that
        day, 0 or 1), the columns of a history up to that day, `p_alive`, and `p_no_purchase_…d`.

    Raises:
        SpecError: The model does not count in days, or `grain=` is not "day".
        DataError: The log has no order of this customer up to `as_of`.
        LayerwiseError: The log cannot be used, as `summarize` says.

    Example:
        >>> import layerwise as lw
        >>> model = lw.BGNBD(horizon_days=90).fit(lw.datasets.load_cdnow_summary())
        >>> days = history(
        ...     model, lw.datasets.load_cdnow(), customer_id=1, as_of="1998-06-30", amount=None
        ... )
        >>> ordered = days[days["orders"] > 0].set_index("date")
        >>> ordered[["repeat_orders", "p_alive", "p_no_purchase_90d"]].round(3)
                    repeat_orders  p_alive  p_no_purchase_90d
        date
        1997-01-01              0    1.000              0.718
        1997-01-18              1    0.754              0.449
        1997-08-02              2    0.812              0.589
        1997-12-12              3    0.848              0.575
    """
    require_model(fitted)
    request = make_request(**columns)
    if request.grain != "day":
        raise SpecError(
            f"history goes by days, so grain must be 'day', got {request.grain!r}.",
            hint="leave grain out, or give grain='day'.",
        )
    if (lazy := lazy_table(orders, request)) is not None:
        raise refuse("history", lazy)
    _, days, last, _ = occasion_days(_rows_of(orders, request, customer_id), request, as_of)
    table = _day_by_day(days, last)
    h = fitted.spec.horizon_days if horizon_days is None else horizon_days
    no_purchase = fitted.p_no_purchase(table, h)
    return table.assign(**{"p_alive": fitted.p_alive(table), c.p_no_purchase(h): no_purchase})


def require_model(fitted: object) -> None:
    """Refuse what is not a fitted purchase model that counts in days.

    Raises:
        SpecError: It is something else, such as a spec not fitted, BG/BB or Gamma-Gamma.
    """
    if not isinstance(fitted, FittedModel):
        raise SpecError(
            f"A fitted purchase model that counts in days is needed, not {type(fitted).__name__}.",
            hint="fit one first: BGNBD().fit(customers), MBGNBD, MBGCNBD or ParetoNBD; of a model "
            "with covariates or by group take one kind, fitted.at(web=1) or fitted.groups['web'].",
        )


def _check_period(period_days: object) -> None:
    whole = isinstance(period_days, (int, np.integer)) and not isinstance(period_days, bool)
    if not whole or period_days < 1:  # type: ignore[operator]
        raise SpecError(
            "period_days must be a whole number of days, 1 or more.",
            hint="period_days=7 counts by weeks.",
        )


def _split(split: Any, request: Request) -> int | None:
    if split is None:
        return None
    return moment(split, name="split", request=request, aware=True) // request.per_day


def _followed(counts: Array, days: Array, split: int | None) -> Array:
    """Return which customers to follow."""
    first = days[np.cumsum(counts) - counts]
    old = np.ones(len(first), dtype=bool) if split is None else first <= split
    if not old.any():
        raise DataError(
            "Nobody placed a first order up to the split.", hint="check split= and the dates."
        )
    return np.asarray(old)


def _split_off(counts: Array, days: Array, old: Array) -> tuple[Array, Array]:
    """Return the first days and the days of repeat orders of the customers to follow."""
    starts = np.cumsum(counts) - counts
    repeat = np.ones(len(days), dtype=bool)
    repeat[starts] = False
    return days[starts][old], days[repeat & np.repeat(old, counts)]


def _kinds(
    fitted: Any, customers: Any, ids: Callable[[], Any], old: Array, request: Request
) -> Iterator[tuple[FittedModel, Any]]:
    """Yield the model of each kind, and which of the customers to follow are of that kind."""
    if not isinstance(fitted, ByKind):
        yield fitted, slice(None)
        return
    frame = frames.eager(customers, doing="tracking")
    named = frames.column_names(frame)
    key = str(request.customer) if str(request.customer) in named else c.CUSTOMER
    arguments.require(named, {key: "tracking"}, title="customers= lacks the ids.")
    index = pd.Index(frame[key].to_list())
    if twice := int(index.duplicated().sum()):
        raise DataError(f"customers= has {twice:,} ids twice.", hint="give one row a customer.")
    rows = index.get_indexer(pd.Index(ids())[old])
    if lost := np.count_nonzero(rows < 0):
        raise DataError(
            f"customers= lacks {lost:,} of {len(rows):,} customers of the log.",
            hint="give the whole table, with ids of the type of the log's; split= follows fewer.",
        )
    models, kind = fitted.kinds_of(frame[rows.tolist()].to_native())
    for i, model in enumerate(models):
        yield model, kind == i


def _expected(fitted: FittedModel, first: Array, ends: Array) -> Floats:
    """Return the repeat orders expected by each end; equal exposures are computed once."""
    born, customers = np.unique(first, return_counts=True)
    exposure = np.maximum(ends[:, None] - born, 0)
    distinct, place = np.unique(exposure, return_inverse=True)
    each = _expected_new(fitted, distinct)
    return np.asarray(each[place].reshape(exposure.shape) @ customers, dtype=np.float64)


def _expected_new(fitted: FittedModel, days: Array) -> Floats:
    """Return `expected_orders_new` of many horizons at once: the mathematics takes arrays.

    A new customer is one with a history of length 0, who may be gone already (MBG/NBD).
    """
    process: Any = fitted.process
    parts = np.array_split(days.astype(np.float64), len(days) // _BLOCK + 1)
    return np.concatenate([_of_new(process, h, np.zeros(len(h))) for h in parts])


def _of_new(process: Any, h: Floats, none: Floats) -> Floats:
    new = Histories(none, none, none)
    if not hasattr(process, "orders_if_alive"):
        return np.asarray(process.expected_orders(new, h))
    return np.asarray(process.p_alive(new) * process.orders_if_alive(none, none, h))


def _rows_of(orders: Any, request: Request, customer_id: Hashable) -> Any:
    """Return the customer's rows of the log, in its own kind of frame."""
    same = column(orders, request.customer) == customer_id
    found = same.fillna(False).to_numpy(dtype=bool)
    if not found.any():
        raise _nothing(request)
    if isinstance(orders, pd.DataFrame):
        return orders[found]
    return nw.to_native(nw.from_native(orders, eager_only=True).filter(found.tolist()))


def _nothing(request: Request) -> DataError:
    return DataError(
        f"The order log has no order of this customer ({request.customer}).",
        hint="7 and '7' are different ids; check the type of the column.",
    )


def _day_by_day(days: Array, last: int) -> pd.DataFrame:
    """Return the history at the end of each day from the first order on."""
    now = np.arange(days[0], last + 1)
    seen = np.searchsorted(days, now, side="right")
    dates = np.array(now, dtype="M8[D]").astype("M8[us]")
    return pd.DataFrame(
        {
            c.DATE: dates,
            c.ORDERS: np.isin(now, days).astype(np.int64),
            c.REPEAT_ORDERS: seen - 1,
            c.FIRST_TO_LAST: days[seen - 1] - days[0],
            c.AGE: now - days[0],
        }
    )
