"""How long tickets wait for an answer and for a solution, those still open counted as open."""

import warnings
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from layerwise import arguments, frames, vectors
from layerwise.errors import ColumnsError, DataError, RowsLeftOutWarning, SpecError, problems
from layerwise.orders.table import column
from layerwise.rates import wilson
from layerwise.returns import fit_returns
from layerwise.saved import fits
from layerwise.vectors import Array, Floats, Labels

COLUMNS = {"response": "first_response_at", "resolution": "resolved_at"}
LIMITS = {"response": 24.0, "resolution": 72.0}
_ROUNDING = 1e-9


def service_times(
    tickets: object,
    *,
    as_of: Any,
    opened: str = "opened_at",
    ends: Mapping[str, str] | None = None,
    limits_hours: Mapping[str, float] | None = None,
    by: str | None = None,
    level: float = 0.95,
) -> pd.DataFrame:
    """Return how long tickets wait for an answer and a solution, by segment, in hours.

    A ticket that is still open has waited at least until now; to leave it out, as the mean of
    closed tickets does, makes the worst cases disappear. Their waiting counts as censored.

    Args:
        tickets: One row a ticket, an eager frame. Times are dates and times, or ISO texts.
        as_of: The moment until which was observed; a date stands for its end. Without a time zone
            it is UTC where the tickets' times have one.
        opened: The column of when a ticket was opened.
        ends: What is waited for -> its column; by default the `response` in `first_response_at` and
            the `resolution` in `resolved_at`. An end that is missing or after `as_of` is not yet
            there.
        limits_hours: What is waited for -> the longest wait that is still good; by default 24 hours
            for the response and 72 for the resolution.
        by: A column of segments.
        level: Of the intervals.

    Returns:
        One row an end (and segment): `tickets`, how many `ended`, `median_hours`, the Kaplan-Meier
        median (missing if fewer than half would have ended), `limit_hours`, `judged`, the tickets
        opened at least so long before `as_of` (only these can be judged, and all of these can),
        `over_limit`, how many of them waited longer, ended or not, and their `share_over` with its
        Wilson interval `low` to `high`. A wait of exactly the limit is within it.

    Raises:
        SpecError: A limit is no number of hours above 0, or as_of no moment.
        ColumnsError: A column is missing, or holds no times.
        DataError: No ticket can be used, a time cannot be read, or only some have a time zone.

    Warns:
        RowsLeftOutWarning: Tickets without an opening time, opened after `as_of`, or with an end
            before it, counted.

    Sources: Kaplan and Meier (1958), JASA 53; Wilson (1927), JASA 22.

    Example:
        >>> tickets = pd.DataFrame({
        ...     "opened_at": ["2024-03-01 08:00", "2024-03-01 09:00", "2024-03-02 08:00"],
        ...     "first_response_at": ["2024-03-01 10:00", "2024-03-01 12:00", None],
        ... })
        >>> waits = service_times(
        ...     tickets, as_of="2024-03-05", ends={"response": "first_response_at"}
        ... )
        >>> waits[["ended", "median_hours", "over_limit", "share_over"]].round(2).values.tolist()
        [[2.0, 3.0, 1.0, 0.33]]
    """
    waits, limits = _choices(ends, limits_hours)
    roles = {f"ends[{what!r:.20}]": name for what, name in waits.items()}
    arguments.check_named({"opened=": opened} | roles, {"by=": by})
    frames.wrap(tickets, what="the ticket log")
    frame = frames.eager(tickets, doing="service_times")
    needs = {opened: "opened=", **dict.fromkeys(waits.values(), "ends=")}
    needs |= {} if by is None else {by: "by="}
    title = "The ticket log lacks columns:"
    hint = 'name yours: opened="created", ends={"resolution": "closed"}; give the waits you have.'
    arguments.require(frames.column_names(frame), needs, title=title, hint=hint)
    hours, aware = _read(frame, [opened, *waits.values()])
    now = _now(as_of, aware)
    rows = _usable(hours, opened, list(waits.values()), now)
    names, code = _segments(frame, by, rows)
    start = hours[opened][rows]
    table = [
        _row(what, start[of], hours[name][rows][of], now, limits[what], level)
        | ({} if by is None else {by: segment})
        for i, segment in enumerate(names)
        for what, name in waits.items()
        if (of := code == i).any()
    ]
    found = pd.DataFrame(table)
    return found if by is None else found[[by, *(n for n in found if n != by)]]


def _choices(ends: Any, limits: Any) -> tuple[dict[str, str], dict[str, float]]:
    for name, given in {"ends": ends, "limits_hours": limits}.items():
        if given is not None and not isinstance(given, Mapping):
            raise SpecError(
                f"{name} is a {type(given).__name__}.", hint=f'{name}={{"response": ...}}.'
            )
    waits, most = dict(ends or COLUMNS), LIMITS | dict(limits or {})
    wrong = [f"there is no limit for {what}" for what in waits if what not in most]
    wrong += [
        f"the limit for {what} must be a number of hours above 0"
        for what in waits
        if what in most and not (fits(most[what], float) and 0 < most[what] < np.inf)
    ]
    if wrong:
        raise SpecError(
            problems("service_times cannot be asked so:", wrong),
            hint='limits_hours={"response": 24, "resolution": 72}.',
        )
    return waits, {what: float(most[what]) for what in waits}


def _hours(frame: Any, name: str) -> tuple[Floats, bool | None]:
    """Return times as hours since 1970-01-01, missing as NaN, and whether they have a zone.

    Those with a zone are in UTC, others as they stand; without any time nobody knows.
    """
    series = column(frame.to_native(), name).reset_index(drop=True)
    if series.isna().all():
        return np.full(len(series), np.nan), None
    if pd.api.types.is_numeric_dtype(series.dtype):
        raise ColumnsError(
            f"{name} of the ticket log holds {series.dtype}, not times.",
            hint="convert it, e.g. with pd.to_datetime(..., unit='s').",
        )
    try:
        times = series if _typed(series) else _parsed(series)
        aware = times.dt.tz is not None
        times = times.dt.tz_convert("UTC").dt.tz_localize(None) if aware else times
        stamps = np.asarray(times.astype("datetime64[us]").to_numpy())
    except (ValueError, TypeError, AttributeError, OverflowError):
        raise DataError(
            f"{name} of the ticket log holds texts that are no ISO times, or mixes time zones.",
            hint="convert it, e.g. with pd.to_datetime(..., format=..., utc=True).",
        ) from None
    result: Floats = stamps.astype(np.int64) / 3.6e9
    result[np.isnat(stamps)] = np.nan
    return result, aware


def _typed(series: pd.Series) -> bool:
    return series.dtype.kind == "M" or "timestamp" in str(series.dtype)


def _parsed(series: pd.Series) -> pd.Series:
    texts = series.astype(object).where(series.notna(), None)
    zoned = texts.dropna().astype(str).str.contains(r"(?:Z|[+-]\d\d:?\d\d)$", regex=True)
    if zoned.any() and not zoned.all():
        raise ValueError
    return pd.to_datetime(texts, format="ISO8601", utc=bool(zoned.any()))


def _now(as_of: Any, aware: bool) -> float:
    """Return the moment in hours; a date stands for its end, a moment without a zone for UTC."""
    stamp: Any
    try:
        stamp = pd.Timestamp(as_of)
    except (ValueError, TypeError, OverflowError):
        stamp = None
    if isinstance(as_of, bool | int | float) or pd.isna(stamp):
        raise SpecError(
            "as_of is not one moment.", hint='give a date, a time or ISO text: as_of="2024-03-31".'
        )
    if stamp.tzinfo is not None and not aware:
        raise SpecError(
            "as_of has a time zone and the ticket log has none.", hint="give as_of as local time."
        )
    whole = isinstance(as_of, str) and len(as_of.strip()) <= len("2024-03-31")
    dated = type(as_of).__name__ == "date"
    return float(stamp.timestamp()) / 3600 + (24.0 if whole or dated else 0.0)


def _read(frame: Any, names: list[str]) -> tuple[dict[str, Floats], bool]:
    """Return the columns of times, all with a time zone or all without."""
    found = {name: _hours(frame, name) for name in names}
    zones = {name: aware for name, (_, aware) in found.items() if aware is not None}
    if len(set(zones.values())) > 1:
        lines = [f"{name}: {'with' if aware else 'without'} one" for name, aware in zones.items()]
        raise DataError(
            problems("Only some times of the ticket log have a time zone:", lines),
            hint="give all of them one, e.g. with .dt.tz_localize('Europe/Berlin').",
        )
    return {name: hours for name, (hours, _) in found.items()}, any(zones.values())


def _usable(hours: Mapping[str, Floats], opened: str, ends: list[str], now: float) -> Array:
    start = hours[opened]
    before = np.logical_or.reduce([hours[name] < start for name in ends])
    reasons = {
        "without an opening time": np.isnan(start),
        "opened after as_of": start > now,
        "with an end before their opening": before,
    }
    keep, lines = np.ones(len(start), dtype=bool), []
    for text, where in reasons.items():
        if count := int((keep & where).sum()):
            lines.append(f"{count:,} tickets {text}")
        keep &= ~where
    if not keep.any():
        raise DataError(
            problems("No ticket can be used:", lines or ["there are no rows"]),
            hint="check the columns of times and as_of.",
        )
    if lines:
        warnings.warn(
            problems(f"Tickets left out, of {len(start):,}:", lines)
            + "\nHint: check the times of these tickets, or give a later as_of.",
            RowsLeftOutWarning,
            stacklevel=3,
        )
    return np.flatnonzero(keep)


def _segments(frame: Any, by: str | None, rows: Array) -> tuple[list[Any], Array]:
    if by is None:
        return [None], np.zeros(len(rows), dtype=np.int64)
    found = vectors.read(frame, [by], what="the ticket log")[by]
    if not isinstance(found, Labels):
        if not np.isnan(found).all():
            raise ColumnsError(f"{by} holds numbers, not labels.", hint="convert it to text.")
        return [None], np.zeros(len(rows), dtype=np.int64)
    names = sorted(found.names)
    place = np.array([*(names.index(name) for name in found.names), len(names)])
    return [*names, None], place[found.codes[rows]]


def _row(
    what: str, start: Floats, end: Floats, now: float, limit: float, level: float
) -> dict[str, Any]:
    ended = end <= now
    waited = np.where(ended, end, now) - start
    old = now - start >= limit - _ROUNDING
    over = old & (waited > limit + _ROUNDING)
    judged, late = int(old.sum()), int(over.sum())
    low, high = wilson(np.array([late]), np.array([judged]), level=level)
    return {
        "wait": what,
        "tickets": len(start),
        "ended": int(ended.sum()),
        "median_hours": median_wait(waited[ended], waited[~ended]),
        "limit_hours": limit,
        "judged": judged,
        "over_limit": late,
        "share_over": late / judged if judged else np.nan,
        "low": float(low[0]),
        "high": float(high[0]),
    }


def median_wait(ended: Floats, still: Floats) -> float:
    """Return the Kaplan-Meier median: the least wait by which half have ended; NaN if never."""
    if not len(ended):
        return float("nan")
    curve = fit_returns(ended, still)
    half = np.flatnonzero(np.array(curve.survival) <= 0.5 + _ROUNDING)
    return float(curve.days[half[0]]) if len(half) else float("nan")
