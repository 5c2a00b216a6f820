"""Membership levels: what a customer has been promised, by spend and order days of a year."""

import warnings
from typing import Any, Literal, TypeVar, cast

import attrs
import numpy as np
import pandas as pd

from layerwise import arguments, frames, vectors
from layerwise import columns as c
from layerwise.errors import DataError, RowsLeftOutWarning, SpecError, problems
from layerwise.logs import Roster, read_roster
from layerwise.membership.level_table import Ladder, amounts, ladder
from layerwise.orders.dates import read_times
from layerwise.orders.request import make_request, moment
from layerwise.orders.table import column
from layerwise.rules import NOT_EVALUABLE
from layerwise.saved import fits
from layerwise.vectors import Array, Floats, Labels

FrameT = TypeVar("FrameT")
Combine = Literal["min", "max"] | tuple[tuple[int, ...], ...]

YEAR = 365
_CHANGES = (NOT_EVALUABLE, "new", "upgraded", "kept", "renewed", "in grace", "downgraded")


@attrs.frozen(eq=False)
class _State:
    """Level, since when, and day of the next review; level -1 where there is none yet."""

    level: Array
    since: Array
    review: Array


def membership_levels(
    customers: FrameT,
    *,
    as_of: Any,
    previous: object | None = None,
    table: object = None,
    combine: Combine = "min",
    spend: str = "spend_365d",
    order_days: str = "orders_365d",
    grace_days: int = 30,
    customer: str = c.CUSTOMER,
    lang: Literal["en", "zh"] = "en",
) -> FrameT:
    """Return the customer table with the membership level of each.

    The level that a customer has earned is the lower (`combine="min"`) of the levels by spend and
    by order days of the last 365 days; a threshold is reached at its own value. The level held
    follows from it and from the level before:

    - nobody's level falls before a review, 365 days after the last change or review;
    - a higher earned level is given at once;
    - at the review a level that is still earned is renewed; one that is not is kept for
      `grace_days` more, then falls by one step, however little was earned. So a level falls at most
      once a year.

    A level is a promise that customers see. It is not the tier or the value layer, which are
    internal and move: never make one of the other.

    Columns added (and replaced, if there): `level` (0 for none), `level_id`, `level_since`,
    `level_review` (day of the next review), `level_change` (what this run did: new, upgraded, kept,
    renewed, in grace, downgraded, not_evaluable), `gap_spend` and `gap_days` (what lacks to the
    next level, in money and in days with an order; missing at the top), `benefits` and
    `level_version`. With "min" both gaps must be closed; with "max" or a table each says what it
    takes by that way alone, missing if it cannot.
    Where spend or days are missing, the level before is kept as it is.

    Running it again with its own result as `previous` and the same `as_of` gives the same levels,
    dates and gaps.

    Args:
        customers: One row a customer, an eager frame; `summarize` gives both columns.
        as_of: The day of this run.
        previous: The last result, with `level`, `level_since` and `level_review`; None: the first
            run.
        table: Level table (frame or CSV path); None takes `level_table()`.
        combine: "min", "max", or a table of levels: a row for each level by spend from 0 up, a
            column for each level by days from 0 up, never falling to the right or downwards.
        spend: Column of trailing net spend, in the currency of the thresholds.
        order_days: Column of trailing days with an order.
        grace_days: Days after the review in which a level can still be earned.
        customer: Column of customer ids, in `previous` too.
        lang: "en" or "zh": the language of benefits.

    Raises:
        ColumnsError: Columns are missing or of the wrong type.
        DataError: Ids or order days are impossible, or `previous` is from a later day or names
            levels that the table does not have.
        SpecError: A choice is impossible.
        TableError: The level table cannot be used.

    Warns:
        RowsLeftOutWarning: Customers of `previous` who are not in the customer table.

    Example:
        >>> customers = pd.DataFrame({
        ...     "customer_id": ["ann", "bob"], "spend_365d": [700.0, 90.0], "orders_365d": [14, 7],
        ... })
        >>> now = membership_levels(customers, as_of="2024-12-31")
        >>> now[["customer_id", "level_id", "level_review", "gap_spend", "gap_days"]]
          customer_id level_id level_review  gap_spend  gap_days
        0         ann     gold   2025-12-31      800.0      10.0
        1         bob   member   2025-12-31      110.0       0.0
        >>> poorer = customers.assign(spend_365d=0.0)
        >>> later = membership_levels(poorer, as_of="2026-01-30", previous=now)
        >>> later[["level_id", "level_change"]].to_numpy().tolist()
        [['silver', 'downgraded'], ['member', 'renewed']]
    """
    _check_choices(grace_days, lang)
    steps = ladder(table, lang)
    grid = _grid(combine, len(steps.ids))
    request = make_request()
    today = moment(as_of, name="as_of", request=request)
    frame = frames.eager(customers, doing="membership_levels")
    roster = read_roster(customers, customer=customer)
    money, days = amounts(frame, spend), amounts(frame, order_days)
    if impossible := int((days < 0).sum()):
        raise DataError(
            f"{order_days} is negative in {impossible:,} of {len(days):,} rows.",
            hint="it counts days with an order.",
        )
    before = _previous(previous, customer, roster, today, len(steps.ids))
    by_money, by_days = steps.reached(money, steps.spend), steps.reached(days, steps.days)
    judged = (by_money >= 0) & (by_days >= 0)
    earned = np.where(judged, grid[np.maximum(by_money, 0), np.maximum(by_days, 0)], -1)
    state, change = _next(before, earned, today, grace_days)
    gaps = _gaps(steps, grid, state.level, (money, days), (by_money, by_days), combine == "min")
    return cast("FrameT", vectors.attach(frame, _columns(steps, state, change, gaps)))


def _next(before: _State, earned: Array, today: int, grace: int) -> tuple[_State, Array]:
    """Return the state after this run, and what changed, as places in _CHANGES."""
    had, due = before.level >= 0, before.review <= today
    unknown = earned < 0
    fresh = ~had & ~unknown
    up = had & (earned > before.level)
    enough = had & (earned == before.level)
    short = had & ~unknown & (earned < before.level)
    down = short & (before.review + grace <= today)
    change = np.select(
        [unknown, fresh, up, enough & due, down, short & due],
        [0, 1, 2, 4, 6, 5],
        default=3,
    )
    level = np.where(fresh | up, earned, before.level - down)
    since = np.where(fresh | up | down, today, before.since)
    review = np.where(fresh | up | down | (enough & due), today + YEAR, before.review)
    return _State(level, since, review), change


def _gaps(
    steps: Ladder, grid: Array, level: Array, values: tuple[Floats, Floats],
    reached: tuple[Array, Array], both: bool,
) -> list[Floats]:  # fmt: skip
    """Return what lacks to the next level, in money and in days."""
    target = level + 1
    known = (level >= 0) & (target < len(steps.ids)) & (reached[0] >= 0) & (reached[1] >= 0)
    goal = np.minimum(target, len(steps.ids) - 1)
    found = []
    for axis, edges in enumerate((steps.spend, steps.days)):
        if both:
            edge = edges[goal]
        else:
            rows = grid if axis else grid.T
            edge = _edges(rows, edges)[reached[1 - axis], goal]
        gap = np.maximum(edge - values[axis], 0.0)
        found.append(np.where(known & np.isfinite(edge), gap, np.nan))
    return found


def _edges(rows: Array, edges: Floats) -> Floats:
    """Return by other level and goal the value from which the goal is reached; NaN: never."""
    goals = np.arange(len(edges))
    enough = rows[:, None, :] >= goals[None, :, None]
    first = enough.argmax(axis=2)
    return np.where(enough.any(axis=2), np.maximum(edges[first], 0.0), np.nan)


def _columns(steps: Ladder, state: _State, change: Array, gaps: list[Floats]) -> dict[str, Any]:
    level = state.level
    none = level < 0

    def dates(days: Array) -> Array:
        found = days.astype("M8[D]").astype("M8[us]")
        found[none] = np.datetime64("NaT")
        return found

    names = tuple(range(len(steps.ids)))
    return {
        c.LEVEL: Labels(level, names),
        c.LEVEL_ID: Labels(level, steps.ids),
        c.LEVEL_SINCE: dates(state.since),
        c.LEVEL_REVIEW: dates(state.review),
        c.LEVEL_CHANGE: Labels(change, _CHANGES),
        c.GAP_SPEND: gaps[0],
        c.GAP_DAYS: gaps[1],
        c.BENEFITS: _shared(level, steps.benefits),
        c.LEVEL_VERSION: Labels(np.zeros(len(level), dtype=np.int64), (steps.version,)),
    }


def _shared(level: Array, texts: tuple[str, ...]) -> Labels:
    """Return texts by level, which several levels may share."""
    names = tuple(dict.fromkeys(texts))
    place = np.array([*(names.index(text) for text in texts), -1])
    return Labels(place[level], names)


def _previous(previous: Any, customer: str, roster: Roster, today: int, n: int) -> _State:
    """Return the state before, a row a customer of the roster."""
    nobody = np.full(len(roster), -1, dtype=np.int64)
    if previous is None:
        return _State(nobody, np.zeros_like(nobody), np.zeros_like(nobody))
    theirs = read_roster(previous, customer=customer, what="the previous level table")
    frame = frames.eager(previous, doing="the previous level table")
    needed = dict.fromkeys((c.LEVEL, c.LEVEL_SINCE, c.LEVEL_REVIEW), "previous")
    arguments.require(
        frames.column_names(frame), needed, title="The previous level table lacks columns:"
    )
    level = amounts(frame, c.LEVEL)
    since, review = (_day(frame, name) for name in (c.LEVEL_SINCE, c.LEVEL_REVIEW))
    known = ~np.isnan(level)
    wrong = {
        "level that the level table does not have": known
        & ((level != np.rint(level)) | (level < 0) | (level >= n)),
        "level without its dates": known & (np.isnan(since) | np.isnan(review)),
        "dates after as_of, so it is from a later run": (since > today) | (review > today + YEAR),
    }
    lines = [f"{text}: {int(w.sum()):,} of {len(w):,} rows" for text, w in wrong.items() if w.any()]
    if lines:
        raise DataError(
            problems("The previous level table cannot be used:", lines),
            hint="give what membership_levels returned at an earlier date; levels of another table "
            "must be translated first.",
        )
    place = theirs.index.get_indexer(roster.index)
    _tell_lost(len(theirs) - int((place >= 0).sum()), len(theirs))
    held = [np.append(np.where(known, v, -1), -1)[place] for v in (level, since, review)]
    return _State(*(v.astype(np.int64) for v in held))


def _day(frame: Any, name: str) -> Floats:
    series: pd.Series = column(frame.to_native(), name)
    if not len(series) or series.isna().all():
        return np.full(len(series), np.nan)
    try:
        times = read_times(series, make_request(time=name, customer=f"not {name}"))
    except DataError as wrong:
        raise DataError(
            str(wrong).partition("\nHint:")[0],
            hint=f'make dates of it: pd.to_datetime(previous["{name}"], format="%d/%m/%Y").',
        ) from None
    days = times.number.astype(np.float64)
    if times.missing is not None:
        days[times.missing] = np.nan
    return days


def _tell_lost(lost: int, n: int) -> None:
    if lost:
        warnings.warn(
            f"{lost:,} of {n:,} customers with a level before are not in the customer table.\n"
            "Hint: keep them in, with spend and days of 0, as their levels are promised.",
            RowsLeftOutWarning,
            stacklevel=4,
        )


def _grid(combine: Any, n: int) -> Array:
    """Return the level by level of spend (rows) and of days (columns)."""
    place = np.arange(n)
    if isinstance(combine, str) and combine in ("min", "max"):
        pick = np.minimum if combine == "min" else np.maximum
        found: Array = pick(place[:, None], place[None, :])
        return found
    rows = tuple(map(tuple, combine)) if isinstance(combine, (list, tuple)) and all(
        isinstance(row, (list, tuple)) for row in combine) else ()  # fmt: skip
    square = len(rows) == n and all(fits(r, tuple[int, ...]) and len(r) == n for r in rows)
    grid = np.array(rows if square else [[0]], dtype=np.int64)
    rising = (np.diff(grid, axis=0) >= 0).all() and (np.diff(grid, axis=1) >= 0).all()
    if not square or not rising or grid.min() < 0 or grid.max() >= n:
        raise SpecError(
            f'combine must be "min", "max" or {n} rows of {n} levels from 0 to {n - 1} that never '
            "fall to the right or downwards.",
            hint="rows are levels by spend from 0 up, columns levels by order days from 0 up.",
        )
    return grid


def _check_choices(grace_days: Any, lang: Any) -> None:
    wrong = []
    if not fits(grace_days, int) or not 0 <= grace_days <= YEAR:
        wrong.append("grace_days must be a whole number of days from 0 to 365")
    if not isinstance(lang, str) or lang not in ("en", "zh"):
        wrong.append("lang must be 'en' or 'zh'")
    if wrong:
        raise SpecError(
            problems("membership_levels cannot be used so:", wrong), hint="grace_days=30."
        )
