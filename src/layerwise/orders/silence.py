"""Whether the log reaches the last day that counts; where it does not, silence is not observed."""

import datetime as dt
import warnings

from layerwise.errors import LogEndsEarlyWarning
from layerwise.orders.left_out import OrderCheck
from layerwise.orders.request import Request

_FEWEST_DAYS = 7
_TWO_WEEKS = 14
_MANY = 100
_ENOUGH = 1000
_SHARE = 0.1


def holdout_patience(days: float) -> float:
    """Return how many days before the end of a holdout the log may stop without a warning.

    >>> holdout_patience(30), holdout_patience(180)
    (7, 18.0)
    """
    return max(_FEWEST_DAYS, _SHARE * days)


def usual_patience(check: OrderCheck, request: Request) -> float:
    """Return how many days before as_of the log may stop: two weeks, or longer if rows are few.

    A hundred times the mean time between two rows is silence that a log which goes on hardly ever
    shows, also where an order has ten lines. The longest window is the limit, and what counts where
    the rows are too few to tell how often they come.
    """
    longest = max(request.windows, default=365)
    if check.used < _ENOUGH or check.first_order is None or check.last_row is None:
        return longest
    days = (check.last_row - check.first_order).days + 1
    return min(longest, max(_TWO_WEEKS, _MANY * days / check.used))


def warn_if_ended(
    last_row: dt.date | None, until: dt.date, *, patience: float, date: str, stacklevel: int = 4
) -> None:
    """Warn if the log stops more than `patience` days before the last day that counts.

    Args:
        last_row: Day of the last row of the whole log; None if it goes on after `until`.
        until: The last day that counts.
        patience: Days that may pass without an order.
        date: Name of the argument that gave `until`.
        stacklevel: As in `warnings.warn`; 4 points at who called `summarize`.
    """
    days = 0 if last_row is None else (until - last_row).days
    if days <= patience:
        return
    warnings.warn(
        f"The order log ends on {last_row}, {days:,} days before {date}={until}: that nobody "
        "bought since is not observed, yet counts as silence of every customer.\n"
        f"Hint: Give {date}= the day up to which the log is complete, perhaps {last_row}.",
        LogEndsEarlyWarning,
        stacklevel=stacklevel,
    )
