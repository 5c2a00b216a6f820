"""From dated logs to who was exposed to what, in a window before the outcome."""

from collections.abc import Mapping
from typing import Any, cast

import attrs
import narwhals.stable.v2 as nw
import numpy as np
import pandas as pd
from narwhals.stable.v2.typing import IntoDataFrameT

from layerwise import frames, vectors
from layerwise.brief import in_brief
from layerwise.columns import CUSTOMER
from layerwise.errors import ColumnsError, SpecError, problems
from layerwise.logs import Log, read_log, read_roster
from layerwise.orders.request import make_request, moment
from layerwise.rules.base import if_several, numbers
from layerwise.saved import fits
from layerwise.vectors import Array, Labels


@attrs.frozen(kw_only=True, eq=False)
class Exposure:
    """What in a log counts as one exposure; without `column` and `after` every row does.

    Args:
        log: The log, an eager frame: deliveries, tickets, feedback, ...
        time: Its column of the day on which the customer knew, such as the delivery.
        column: A column of it to judge: numbers with `above` or `at_most`, texts with `one_of`.
        after: Instead of `column` another column of days: the row is judged by the days from it to
            `time`, such as from the promised day to the delivery.
        above: The row counts where its number is larger.
        at_most: The row counts where its number is not larger.
        one_of: The row counts where its text is one of these.
        times: So many rows of a customer make an exposure.
        seen_only: A customer without any row in the window is unknown instead of not exposed; for
            who ordered nothing cannot have been delivered late.

    Raises:
        SpecError: The choices do not fit together.

    Example:
        >>> deliveries = pd.DataFrame({
        ...     "customer_id": [1, 2], "promised_at": ["2024-05-01", "2024-05-03"],
        ...     "delivered_at": ["2024-05-06", "2024-05-03"],
        ... })
        >>> late = Exposure(log=deliveries, time="delivered_at", after="promised_at", above=2)
        >>> add_exposures(
        ...     pd.DataFrame({"customer_id": [1, 2, 3]}), {"late": late},
        ...     start="2024-05-01", end="2024-05-31",
        ... )
           customer_id   late
        0            1   True
        1            2  False
        2            3  False
    """

    log: Any
    time: str = "ts"
    column: str | None = None
    after: str | None = None
    above: float | None = None
    at_most: float | None = None
    one_of: tuple[str, ...] = attrs.field(default=(), converter=if_several)
    times: int = 1
    seen_only: bool = False

    __repr__ = in_brief

    def __attrs_post_init__(self) -> None:
        bounds = [v for v in (self.above, self.at_most) if v is not None]
        judged = [v for v in (self.column, self.after) if v is not None]
        names = (self.time, *judged)
        wrong = {
            "time, column and after must be names of columns": not fits(
                tuple(names), tuple[str, ...]
            ),
            "column and after exclude each other": len(judged) > 1,
            "above, at_most or one_of judge a column or the days after one": not judged
            and (bool(bounds) or not self._unlisted),
            "a column needs above, at_most or one_of": self.column is not None
            and not bounds
            and self._unlisted,
            "numbers and one_of exclude each other": bool(bounds) and not self._unlisted,
            "days are judged by above and at_most": self.after is not None and not self._unlisted,
            "above and at_most must be numbers": not all(fits(v, float) for v in bounds),
            "one_of must be a tuple of texts": not fits(self.one_of, tuple[str, ...]),
            "times must be a whole number from 1 up": not fits(self.times, int) or self.times < 1,
        }
        if any(wrong.values()):
            raise SpecError(
                problems("This exposure is not possible:", (w for w, bad in wrong.items() if bad)),
                hint='Exposure(log=deliveries, time="delivered_at", after="promised_at") counts '
                "late deliveries.",
            )

    @property
    def _unlisted(self) -> bool:
        return isinstance(self.one_of, tuple) and not self.one_of

    @property
    def needs(self) -> list[str]:
        """The columns of the log that are judged."""
        return [name for name in (self.column, self.after) if name is not None]


def add_exposures(
    customers: IntoDataFrameT,
    exposures: Mapping[str, Exposure],
    *,
    start: Any,
    end: Any,
    customer: str = CUSTOMER,
) -> IntoDataFrameT:
    """Return the customers with one column an exposure: whether it happened from start to end.

    The same kind of frame, rows and index kept: true and false, missing where it is not known.
    Rows of a log without a value to judge do not count; rows without a customer or a day, and of
    strangers, are left out with one notice a log; rows outside the window count for nothing.

    Let the window end before the outcome begins, and give its end to `rank_causes`. It has the same
    length for every customer, so take customers who were there at its start: newcomers had less
    time to be exposed.

    Args:
        customers: One row per customer, an eager frame.
        exposures: Name of the new column -> what counts. An id of `cause_table()` as the name
            brings its remedies along.
        start: First day of the window.
        end: Last day of the window.
        customer: The column of ids, in the customer table and in the logs.

    Raises:
        ColumnsError: A column is missing or of the wrong kind, or a new one stands already.
        DataError: Ids are missing or stand twice, or days cannot be read.
        SpecError: A choice is not possible.
        EngineError: A table is no dataframe in memory.

    Example:
        >>> import pandas as pd
        >>> customers = pd.DataFrame({"customer_id": [1, 2, 3]})
        >>> deliveries = pd.DataFrame({
        ...     "customer_id": [1, 2],
        ...     "promised_at": pd.to_datetime(["2024-05-03", "2024-05-03"]),
        ...     "delivered_at": pd.to_datetime(["2024-05-06", "2024-05-03"]),
        ... })
        >>> late = Exposure(
        ...     log=deliveries, time="delivered_at", after="promised_at", seen_only=True
        ... )
        >>> add_exposures(
        ...     customers, {"delivery_late": late}, start="2024-03-01", end="2024-05-31"
        ... )["delivery_late"].to_list()
        [True, False, <NA>]
    """
    first = _first(start, end)
    chosen = _check(exposures)
    frame = frames.eager(customers, doing="add_exposures")
    if twice := [name for name in chosen if name in frames.column_names(frame)]:
        raise ColumnsError(
            f"The customer table has already: {', '.join(twice)}.",
            hint="give the exposures other names, or drop these columns.",
        )
    roster = read_roster(customers, customer=customer)
    for name, spec in chosen.items():
        log = read_log(
            spec.log,
            roster,
            what=f"the log of {name}",
            as_of=end,
            customer=customer,
            time=spec.time,
            needs=spec.needs,
            ignore_future=True,
        )
        log = log.take(log.day >= first)
        frame = nw.from_native(_attach(frame, name, *_exposed(log, spec, len(roster))))
    return cast("IntoDataFrameT", frame.to_native())


def _first(start: Any, end: Any) -> int:
    request = make_request()
    first, last = (moment(v, name=n, request=request) for v, n in ((start, "start"), (end, "end")))
    if first > last:
        raise SpecError("The window ends before it starts.", hint="give start before end.")
    return first


def _check(exposures: Any) -> dict[str, Exposure]:
    good = isinstance(exposures, Mapping) and exposures
    if not good or not all(
        isinstance(n, str) and n and isinstance(e, Exposure) for n, e in exposures.items()
    ):
        raise SpecError(
            "exposures must map names of columns to Exposure(...).",
            hint='{"complaint": Exposure(log=tickets, time="opened_at")}.',
        )
    return dict(exposures)


def _exposed(log: Log, spec: Exposure, n: int) -> tuple[Array, Array]:
    """Return who was exposed and of whom it is known."""
    counts = np.bincount(log.customer[_counts(log, spec)], minlength=n)
    seen = np.bincount(log.customer, minlength=n) > 0
    return counts >= spec.times, seen | (not spec.seen_only)


def _counts(log: Log, spec: Exposure) -> Array:
    """Return which rows of the log count."""
    if spec.one_of:
        return _is_one_of(log, str(spec.column), spec.one_of)
    if not spec.needs:
        return np.ones(len(log), dtype=bool)
    if spec.after:
        values = log.day - log.days(spec.after)
        above = 0.0 if spec.above is None and spec.at_most is None else spec.above
    else:
        values, above = numbers(log.column(str(spec.column))), spec.above
    inside: Array = ~np.isnan(values)
    if above is not None:
        inside &= values > above
    if spec.at_most is not None:
        inside &= values <= spec.at_most
    return inside


def _is_one_of(log: Log, name: str, texts: tuple[str, ...]) -> Array:
    column = log.column(name)
    if not isinstance(column, Labels):
        if np.isnan(column).all():
            return np.zeros(len(log), dtype=bool)
        raise ColumnsError(
            f"Column {name} of {log.what} holds numbers, no texts.",
            hint="judge numbers with above= or at_most=.",
        )
    chosen = np.array([*(str(text) in texts for text in column.names), False])
    found: Array = chosen[column.codes]
    return found


def _attach(frame: Any, name: str, exposed: Array, known: Array) -> Any:
    """Return the frame with a column of true and false, missing where it is not known."""
    if known.all():
        return vectors.attach(frame, {name: exposed})
    values = exposed.astype(object)
    values[~known] = None
    if frame.implementation.is_pandas():
        flags: Any = pd.array(values, dtype="boolean")
        return frame.to_native().assign(**{name: flags})
    series = nw.new_series(name, values.tolist(), nw.Boolean, backend=frame.implementation)
    return frame.with_columns(series).to_native()
