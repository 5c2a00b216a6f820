"""From an order log to one row per customer.

`summarize` is the first arrow of the picture: orders in, customers out. `calibration_holdout` cuts
the log in two to judge a model, `snapshots` looks at several dates, `check_orders` counts what
would be left out.
"""

from collections.abc import Hashable, Iterable, Sequence
from typing import Any, TypeVar, Unpack, cast

import narwhals.stable.v2 as nw
import pandas as pd

from layerwise import columns as c
from layerwise import frames
from layerwise.orders import eager, lazy
from layerwise.orders.holdout import holdout
from layerwise.orders.left_out import OrderCheck
from layerwise.orders.request import OrderColumns, Request, make_request
from layerwise.orders.table import lazy_table

__all__ = ["OrderCheck", "calibration_holdout", "check_orders", "snapshots", "summarize"]

FrameT = TypeVar("FrameT")


def summarize(
    orders: FrameT,
    *,
    as_of: Any,
    customer: Hashable = "customer_id",
    time: Hashable = "ordered_at",
    amount: Hashable | None = "amount",
    order: Hashable | None = None,
    currency: Hashable | None = None,
    grain: str = "day",
    window_days: int | Sequence[int] = 365,
    time_format: str | None = None,
    tz: str | None = None,
    gaps: bool = False,
    names: str = "layerwise",
    progress: bool | None = None,
) -> FrameT:
    """Return one row per customer: when, how often and for how much they bought up to a date.

    The columns, their units and meanings are `layerwise.columns.MEANING`, in that order. A purchase
    occasion is all of a customer's orders of one day (hour or week, by `grain`), dated by its
    earliest line.

    **What is an order.** With `order=`, lines of one customer and order id are added, whenever they
    came, and dated by the earliest: a later refund with the same id nets against its order.
    Without, the lines of one customer in one bucket are added. An order whose net amount is not
    above zero is not a purchase. Equal rows are all used, since two equal lines of one order are
    common (`check_orders` counts them).

    **What is left out**, with one `RowsLeftOutWarning` that counts the rows by reason: rows without
    customer id, order id, time or amount, rows after `as_of`, orders with nothing left, and the
    customers who have no other. A window of W days holds the occasions less than W days before
    `as_of`, so `orders_365d >= 1` means `days_since_last < 365`.

    **A log that ends early.** If the last row lies before `as_of` by more than the longest window,
    one `LogEndsEarlyWarning` says so: nobody can be seen to buy after it. With 1,000 rows or more
    two weeks are enough, if they are also a hundred times the mean time between two rows.

    **Exactness.** Amounts with at most six decimals are added as whole minor units, so totals do
    not depend on the order of the rows or the engine. Other amounts are added exactly on a fine
    grid in frames in memory, and as the engine adds floats in lazy ones.

    **Row order.** Frames in memory come back sorted by id: numbers by value, text by code point.
    Lazy frames come back in no order. The result does not depend on the order of the input.

    Args:
        orders: The order log, a row an order or an order line: a pandas, Polars (eager or lazy) or
            PyArrow frame, a DuckDB relation, or another frame that narwhals knows. A lazy frame is
            queried once to check it (twice where amounts of zero or less occur) and then stays
            lazy.
        as_of: The last day that counts, all of it: date, timestamp or ISO text. With grain="hour" a
            timestamp counts up to its hour.
        customer: Column of customer ids. Ids are compared as they stand: "007" is not "7". Empty
            texts and texts of white space only are no ids; blanks beside other characters stay.
            Whole floats, what pandas makes of whole numbers beside missing ones, come back as
            64-bit integers; other floats, and those of 2**53 or more, are refused.
        time: Column of dates or times. ISO text is parsed in frames in memory. Times with a zone
            count on the calendar of `tz`, or of their own zone; times without are local already.
            If their own zone is UTC or a bare offset, one `TimeZoneWarning` says so.
        amount: Column of amounts, refunds negative; None to count orders only.
        order: Column of order ids, if rows are order lines.
        currency: Column of currencies, to make sure that there is one only.
        grain: What counts as one occasion: "hour", "day" or "week" (from Monday). Results are in
            days in any case: 7 x weeks, hours / 24.
        window_days: Windows of the last columns, one length or several.
        time_format: How text or numbers are dates: a strptime pattern, "epoch_s", "epoch_ms",
            "yyyymmdd" or "excel". Not needed for ISO text.
        tz: The shop's zone, such as "Europe/Berlin". Needed for times with differing UTC offsets,
            wanted for times in UTC (as "epoch_s" and "epoch_ms" are): an evening's order may be on
            another day there.
        gaps: Add `gap_cv`, the variation of the gaps between occasions, and `gap_log_mean`, the
            mean log of their days, which `layerwise.models.MBGCNBD` learns from (frames in memory
            only).
        names: "lifetimes" for the column names of that package.
        progress: Show a bar over the steps (needs tqdm).

    Returns:
        A frame of the same kind, one row per customer with at least one purchase.
        `spend_repeat_mean` and `gap_log_mean` are missing with one occasion, `gap_cv` below three.

    Raises:
        ColumnsError: A column is lacking, twice there, or of a type that cannot be what it should.
        DataError: No row is usable, dates cannot be read or are ambiguous, amounts are infinite,
            ids cannot be told apart, or currencies are mixed.
        SpecError: A choice is impossible.
        EngineError: A lazy engine cannot do what was asked.

    Example:
        >>> import pandas as pd
        >>> orders = pd.DataFrame({
        ...     "customer_id": ["ann", "ann", "bob", "ann"],
        ...     "ordered_at": ["2024-01-05", "2024-01-05", "2024-02-01", "2024-03-05"],
        ...     "amount": [10.0, 2.5, 8.0, 20.0],
        ... })
        >>> customers = summarize(orders, as_of="2024-03-31")
        >>> customers[["customer_id", "orders", "first_to_last_days", "days_since_last"]]
          customer_id  orders  first_to_last_days  days_since_last
        0         ann       2                  60               26
        1         bob       1                   0               59
        >>> customers[["spend_total", "spend_mean", "spend_repeat_mean", "spend_365d"]]
           spend_total  spend_mean  spend_repeat_mean  spend_365d
        0         32.5       16.25               20.0        32.5
        1          8.0        8.00                NaN         8.0
    """
    request = make_request(
        customer=customer,
        time=time,
        amount=amount,
        order=order,
        currency=currency,
        grain=grain,
        window_days=window_days,
        time_format=time_format,
        tz=tz,
        gaps=gaps,
        names=names,
        progress=progress,
    )
    table = lazy_table(orders, request)
    if table is None:
        return _renamed(eager.summary(orders, request, as_of), request, orders)
    return _renamed(lazy.summary(table, request, as_of), request, orders)


def check_orders(
    orders: Any,
    *,
    as_of: Any,
    **columns: Unpack[OrderColumns],
) -> OrderCheck:
    """Return how many rows `summarize` would use and leave out, and why, without a warning.

    The arguments are those of `summarize`, and so are the errors, but that a log without a usable
    row is counted here, not refused.

    Raises:
        LayerwiseError: As `summarize` says.

    Example:
        >>> import pandas as pd
        >>> orders = pd.DataFrame({
        ...     "customer_id": ["ann", None, "bob", "bob"],
        ...     "ordered_at": ["2024-01-05", "2024-01-05", "2024-02-01", "2024-02-01"],
        ...     "amount": [10.0, 2.5, 8.0, -8.0],
        ... })
        >>> print(check_orders(orders, as_of="2024-03-31"))
        1 of 4 rows used: 1 customers, 2024-01-05 to 2024-01-05
          left out: 1 rows without a customer id
          left out: 2 rows in 1 orders whose net amount is not above zero (refunds, free orders)
          left out: 1 customers have no purchase left
    """
    request = make_request(**columns)
    table = lazy_table(orders, request)
    if table is None:
        return eager.check(orders, request, as_of)
    return lazy.check(table, request, as_of)


def calibration_holdout(
    orders: FrameT,
    *,
    split: Any,
    end: Any,
    **columns: Unpack[OrderColumns],
) -> FrameT:
    """Return the summary as of a split, with what each customer bought from then to the end.

    Fit a model on the summary and compare its forecast with `holdout_orders`. Three columns follow
    those of `summarize`: `holdout_orders`, the occasions after `split` up to and with `end`;
    `holdout_spend`, their net amount (only with amounts); `holdout_days`, the same for all. Both
    are zero for who bought nothing. Customers first seen after `split` are not in the table, and
    rows after `end` are not read: that is what a split means, so neither is warned of. With
    `order=`, an order belongs to the period of its earliest line, with its lines of that period:
    what comes after the split to an order begun before it, such as a refund, counts in neither
    period, and the notice says how many rows that is. A log that ends before `end` by more than a
    tenth of the holdout, and more than a week, gives a `LogEndsEarlyWarning`: who is silent then
    was not observed.

    Args:
        orders: The order log, as in `summarize`.
        split: Last day of the calibration period.
        end: Last day of the holdout period.
        columns: Which column is what, and the other choices, as in `summarize`.

    Raises:
        LayerwiseError: As `summarize` does; `SpecError` also if `end` is not after `split`.

    Example:
        >>> import pandas as pd
        >>> orders = pd.DataFrame({
        ...     "customer_id": ["ann", "ann", "bob", "cid"],
        ...     "ordered_at": ["2024-01-05", "2024-03-05", "2024-01-07", "2024-03-09"],
        ...     "amount": [10.0, 20.0, 8.0, 5.0],
        ... })
        >>> both = calibration_holdout(orders, split="2024-01-31", end="2024-03-12")
        >>> both[["customer_id", "orders", "holdout_orders", "holdout_spend", "holdout_days"]]
          customer_id  orders  holdout_orders  holdout_spend  holdout_days
        0         ann       1               1           20.0            41
        1         bob       1               0            0.0            41
    """
    request = make_request(**columns)
    table = lazy_table(orders, request)
    if table is None:
        return _renamed(holdout(orders, request, split, end), request, orders)
    return _renamed(lazy.holdout(table, request, split, end), request, orders)


def snapshots(
    orders: FrameT,
    *,
    as_of: Iterable[Any],
    **columns: Unpack[OrderColumns],
) -> FrameT:
    """Return the summaries of several dates, one below the other, with `as_of` as first column.

    The log is read once; a lazy one is queried for each date. Dates keep the order in which they
    are given (lazy frames have none); a date before the first order adds no rows. Rows after a date
    are no news and give no warning.

    Args:
        orders: The order log, as in `summarize`.
        as_of: The dates, each as in `summarize`, none twice.
        columns: Which column is what, and the other choices, as in `summarize`.

    Raises:
        LayerwiseError: As `summarize` does.

    Example:
        >>> import pandas as pd
        >>> orders = pd.DataFrame({
        ...     "customer_id": ["ann", "ann", "bob"],
        ...     "ordered_at": ["2024-01-05", "2024-02-05", "2024-01-07"],
        ...     "amount": [10.0, 20.0, 8.0],
        ... })
        >>> months = snapshots(orders, as_of=["2024-01-31", "2024-02-29"])
        >>> months[["as_of", "customer_id", "orders", "spend_total"]]
               as_of customer_id  orders  spend_total
        0 2024-01-31         ann       1         10.0
        1 2024-01-31         bob       1          8.0
        2 2024-02-29         ann       2         30.0
        3 2024-02-29         bob       1          8.0
    """
    request = make_request(**columns)
    table = lazy_table(orders, request)
    if table is None:
        return _renamed(eager.stack(orders, request, as_of), request, orders)
    return _renamed(lazy.stack(table, request, as_of), request, orders)


def _renamed(table: Any, request: Request, like: FrameT) -> FrameT:
    """Apply names= and return the native frame, of the type of `like`."""
    new: dict[str, str] = {}
    if request.names == "lifetimes":  # Polars' lazy frames refuse to rename what is not there
        there = frames.column_names(nw.from_native(table))
        new = {name: other for name, other in c.LIFETIMES.items() if name in there}
    if isinstance(like, pd.DataFrame):
        return cast("FrameT", table.rename(columns=new) if new else table)
    return cast("FrameT", nw.to_native(table.rename(new) if new else table))
