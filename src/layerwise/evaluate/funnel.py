"""How many customers reach each step on the way to an order, and where they are lost."""

from collections.abc import Sequence
from typing import Any

import attrs
import numpy as np
import pandas as pd

from layerwise import arguments, frames, vectors
from layerwise.brief import in_brief
from layerwise.columns import CUSTOMER, CUSTOMERS
from layerwise.errors import ColumnsError, DataError, SpecError
from layerwise.evaluate.label_history import label_column
from layerwise.logs import Log, Roster, read_log, read_roster
from layerwise.orders.ids import read_ids
from layerwise.orders.table import column
from layerwise.rates import wilson, z_value
from layerwise.saved import fits
from layerwise.vectors import Array, Labels

ALL = "all"
_HOUR_US = 3_600_000_000


@attrs.frozen(kw_only=True, eq=False)
class Funnel:
    """Customers at each step, by segment.

    Args:
        steps: The steps in order.
        table: A row a segment and step, the first segment `all`: `segment`, `step`, `customers`
            (who reached the step after all before it), `previous` (who reached the one before),
            `rate` (customers / previous), `low`, `high` (Wilson), `of_first` (share of the
            customers at the first step), `excess_loss` (customers lost at this step beyond the rate
            of `all`; below zero means fewer). The first step has no rate.
        weakest: A row a segment: `segment`, `step` (the one with the largest excess loss),
            `excess_loss`, `clear` (the interval lies below the rate of `all`). The step is missing
            where no step loses more than in `all`; `all` itself has no row.
    """

    steps: tuple[str, ...]
    table: pd.DataFrame
    weakest: pd.DataFrame

    __repr__ = in_brief

    def counts(self) -> pd.DataFrame:
        """Return the customers, a row a segment and a column a step."""
        names = self.table["segment"].drop_duplicates()
        square = self.table[CUSTOMERS].to_numpy().reshape(len(names), len(self.steps))
        return pd.DataFrame(square, index=pd.Index(names, name="segment"), columns=self.steps)

    def to_dict(self) -> dict[str, Any]:
        """Return everything as plain values."""
        tables = {"table": self.table, "weakest": self.weakest}
        plain = {n: t.astype(object).where(t.notna(), None) for n, t in tables.items()}
        return {
            "steps": list(self.steps),
            **{name: table.to_dict("records") for name, table in plain.items()},
        }


def measure_funnel(
    events: object,
    *,
    steps: Sequence[str],
    as_of: Any,
    customers: object = None,
    segment: str | None = None,
    customer: str = CUSTOMER,
    time: str = "ts",
    step: str = "event_type",
    session: str | None = None,
    window_hours: float = 24,
    level: float = 0.95,
    time_format: str | None = None,
    tz: str | None = None,
) -> Funnel:
    """Return how many customers reach each step after all steps before it, by segment.

    A customer reaches a step with an event of that kind later than one of the step before, later
    than one of the step before that and so on, all of one session, or without `session=` within
    `window_hours` of the first of them. Other events between do not matter. Each customer counts
    once a step, however often it is done. Events at the same moment are taken in the order of the
    steps.

    Args:
        events: A row an event, an eager frame.
        steps: The kinds of event in order, two or more, such as ("view", "cart", "order").
        as_of: Last day that counts.
        customers: One row per customer, with the segments; None takes whoever has events.
        segment: The label column of `customers` to split by, such as a layer.
        customer: Column of the customer ids, in both tables.
        time: Column of the times of the events.
        step: Column of the kind of event; other kinds than the steps are not looked at.
        session: Column of session ids; a missing one belongs to no session and is not looked at.
        window_hours: Without sessions, how long the way may take.
        level: Of the intervals.
        time_format: As in `layerwise.summarize`.
        tz: As in `layerwise.summarize`.

    Raises:
        ColumnsError: Columns are missing or of the wrong type.
        DataError: No event is of the first step, ids of customers are missing or stand twice, or a
            segment is called "all".
        SpecError: Steps are fewer than two or stand twice, or another choice is not possible.
        EngineError: A frame is lazy.

    Warns:
        RowsLeftOutWarning: Events without a customer or time, after as_of, or of customers whom the
            customer table does not have.

    Source of the interval: Wilson (1927), JASA 22.

    Example:
        >>> events = pd.DataFrame({
        ...     "customer_id": [1, 1, 1, 2, 2, 3],
        ...     "ts": pd.to_datetime(["2024-05-01 10:00", "2024-05-01 10:05", "2024-05-01 10:09",
        ...                           "2024-05-01 11:00", "2024-05-02 11:01", "2024-05-03 09:00"]),
        ...     "event_type": ["view", "cart", "order", "view", "cart", "view"],
        ... })
        >>> found = measure_funnel(events, steps=("view", "cart", "order"), as_of="2024-05-31")
        >>> found.counts()
                 view  cart  order
        segment
        all         3     1      1
    """
    z_value(level)
    names = _steps(steps)
    arguments.check_named(
        {"customer=": customer, "time=": time, "step=": step},
        {"session=": session, "segment=": segment},
    )
    _check(window_hours, segment, customers)
    roster = (
        _visitors(events, customer)
        if customers is None
        else read_roster(customers, customer=customer)
    )
    reading = {"time_format": time_format, "tz": tz}
    log = read_log(
        events,
        roster,
        what="the event log",
        as_of=as_of,
        customer=customer,
        time=time,
        needs=(step,) if session is None else (step, session),
        **reading,  # type: ignore[arg-type]
    )
    kind = _kinds(log, step, names)
    log, kind = log.take(kind >= 0), kind[kind >= 0]
    clock = log.clock(time, **reading).astype(np.int64)
    group, within = log.customer, round(window_hours * _HOUR_US)
    if session is not None:
        log, kind, clock, group = _sessions(log, kind, clock, session)
        within = np.iinfo(np.int64).max // 4
    reached = _reached(log.customer, group, clock, kind, len(names), within, len(roster))
    if not reached.any():
        raise DataError(
            f"No event can be used that is a {names[0]}, the first step.",
            hint=f"check steps=, step= and as_of=; the kinds stand in {step}.",
        )
    parts = _segments(customers, segment)
    counts = np.array([_at_least(reached, None, len(names))] + [
        _at_least(reached, parts.codes == i, len(names)) for i in range(len(parts.names))
    ])  # fmt: skip
    table = _table([ALL, *map(str, parts.names)], names, counts, level)
    return Funnel(steps=names, table=table, weakest=_weakest(table))


def _steps(steps: Any) -> tuple[str, ...]:
    names = () if isinstance(steps, str) or not isinstance(steps, Sequence) else tuple(steps)
    texts = all(isinstance(name, str) for name in names)
    if len(names) < 2 or not texts or len(set(names)) < len(names):
        raise SpecError(
            "steps must be two or more different kinds of event, in order.",
            hint='steps=("view", "cart", "order").',
        )
    return names


def _check(window_hours: Any, segment: Any, customers: object) -> None:
    if not fits(window_hours, float) or not 0 < window_hours <= 24 * 3660:
        raise SpecError(
            f"window_hours must be a number above 0, got {window_hours!r:.30}.",
            hint="window_hours=24 lets the way take a day.",
        )
    if segment is not None and customers is None:
        raise SpecError(
            "segment= names a column of the customer table, which was not given.",
            hint="give customers=, the labelled customer table.",
        )


def _visitors(events: object, customer: str) -> Roster:
    """Return whoever has events, once each."""
    frame = frames.eager(events, doing="measure_funnel")
    title = "The event log lacks columns:"
    arguments.require(frames.column_names(frame), {customer: "customer="}, title=title)
    series = column(frame.to_native(), customer).reset_index(drop=True)
    codes = read_ids(series, customer)
    known = codes.code if codes.missing is None else codes.code[~codes.missing]
    first = codes.first_rows(np.unique(known))
    return read_roster(pd.DataFrame({customer: series.take(first)}), customer=customer)


def _kinds(log: Log, step: str, names: tuple[str, ...]) -> Array:
    """Return for each event the place of its step, -1 for other kinds."""
    found = log.column(step)
    if not isinstance(found, Labels):
        if len(found) and not np.isnan(found).all():
            raise ColumnsError(
                f"Column {step} holds numbers; kinds of event are text.",
                hint="convert it with astype(str) and name the steps so.",
            )
        return np.full(len(log), -1)
    place = {name: i for i, name in enumerate(names)}
    kinds: Array = np.array([*(place.get(str(n), -1) for n in found.names), -1])[found.codes]
    return kinds


def _sessions(log: Log, kind: Array, clock: Array, session: str) -> tuple[Log, Array, Array, Array]:
    """Return the events that have a session, and a number for each customer's session."""
    series = column(log.frame.to_native(), session).reset_index(drop=True).take(log.place)
    codes = read_ids(series.reset_index(drop=True), session)
    if codes.missing is not None:
        keep = ~codes.missing
        log, kind, clock = log.take(keep), kind[keep], clock[keep]
        code = codes.code[keep]
    else:
        code = codes.code
    group = log.customer.astype(np.int64) * max(codes.n, 1) + code
    return log, kind, clock, group


def _reached(
    customer: Array, group: Array, clock: Array, kind: Array, steps: int, within: int, size: int
) -> Array:
    """Return the number of steps that each customer reached.

    From each first step on, the next event of the next step in the same group is taken: if any way
    ends in time, the one that takes the earliest events does.
    """
    order = np.lexsort((kind, clock, group))
    customer, group, clock, kind = (v[order] for v in (customer, group, clock, kind))
    places = [np.flatnonzero(kind == i) for i in range(steps)]
    start = at = places[0]
    reached = np.zeros(size, dtype=np.int16)
    reached[customer[start]] = 1
    for i in range(1, steps):
        if not len(places[i]):
            break
        after = np.searchsorted(places[i], at, side="right")
        there = after < len(places[i])
        start, at = start[there], places[i][after[there]]
        good = (group[at] == group[start]) & (clock[at] - clock[start] <= within)
        start, at = start[good], at[good]
        reached[customer[start]] = i + 1
    return reached


def _segments(customers: object, segment: str | None) -> Labels:
    if segment is None:
        return Labels(np.zeros(0, dtype=np.int64), ())
    frame = frames.eager(customers, doing="measure_funnel")
    title = "The customer table lacks columns:"
    arguments.require(frames.column_names(frame), {segment: "segment="}, title=title)
    found = label_column(vectors.read(frame, [segment])[segment], segment)
    if ALL in found.names:
        raise DataError(
            f'A segment of {segment} is called "{ALL}", as all customers together are here.',
            hint="rename it.",
        )
    if (found.codes < 0).any():
        if "missing" in found.names:
            raise DataError(
                f'{segment} has a segment called "missing", and customers without one.',
                hint="rename it, or give those customers a label.",
            )
        n = len(found.names)
        codes = np.where(found.codes < 0, n, found.codes)
        found = Labels(codes, (*map(str, found.names), "missing"), True, segment)
    used = np.bincount(found.codes, minlength=len(found.names)) > 0
    place = np.cumsum(used) - 1
    order = [i for i in range(len(found.names)) if used[i]]
    if not found.ordered:
        order.sort(key=lambda i: str(found.names[i]))
        place[order] = np.arange(len(order))
    names = tuple(str(found.names[i]) for i in order)
    return Labels(place[found.codes], names, True, segment)


def _at_least(reached: Array, where: Array | None, steps: int) -> Array:
    """Return how many reached each step or a later one."""
    chosen = reached if where is None else reached[where]
    ended = np.bincount(chosen, minlength=steps + 1)
    counts: Array = ended[::-1].cumsum()[::-1][1:]
    return counts


def _table(
    segments: list[str], steps: tuple[str, ...], counts: Array, level: float
) -> pd.DataFrame:
    before = np.hstack([np.zeros((len(segments), 1), dtype=np.int64), counts[:, :-1]])
    with np.errstate(invalid="ignore", divide="ignore"):
        rate = np.where(before > 0, counts / before, np.nan)
        of_first = np.where(counts[:, :1] > 0, counts / counts[:, :1], np.nan)
    low, high = wilson(counts, before, level=level)
    excess = before * rate[:1] - counts
    excess[:, 0] = np.nan
    columns: dict[str, Any] = {
        "segment": np.repeat(np.array(segments, dtype=object), len(steps)),
        "step": np.tile(np.array(steps, dtype=object), len(segments)),
        CUSTOMERS: counts.ravel(),
        "previous": pd.array(before.ravel(), dtype="Int64"),
        "rate": rate.ravel(),
        "low": low.ravel(),
        "high": high.ravel(),
        "of_first": of_first.ravel(),
        "excess_loss": excess.ravel(),
    }
    table = pd.DataFrame(columns)
    table.loc[:: len(steps), "previous"] = pd.NA
    return table


def _weakest(table: pd.DataFrame) -> pd.DataFrame:
    """Return for each segment the step with the largest excess loss, the earliest of equal ones."""
    everybody = table.loc[table["segment"] == ALL].set_index("step")["rate"]
    rows = table[(table["segment"] != ALL) & table["previous"].notna()]
    rows = rows.assign(clear=rows["high"] < everybody.reindex(rows["step"]).to_numpy())
    worst = rows.sort_values("excess_loss", ascending=False, kind="stable", na_position="last")
    worst = worst.drop_duplicates("segment").sort_index().reset_index(drop=True)
    none = ~(worst["excess_loss"] > _TINY)
    worst["step"] = worst["step"].where(~none, None)
    worst["clear"] &= ~none
    return worst[["segment", "step", "excess_loss", "clear"]]


_TINY = 1e-9
"""Excess losses below this are rounding."""
