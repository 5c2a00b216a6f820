"""Who moved from which label to which, from one date to the next."""

from collections.abc import Sequence
from functools import partial
from itertools import pairwise
from typing import Any

import attrs
import numpy as np
import pandas as pd

from layerwise import frames
from layerwise.brief import in_brief
from layerwise.columns import AS_OF, CUSTOMER, CUSTOMERS
from layerwise.errors import DataError, SpecError, problems
from layerwise.evaluate.in_engine import CountedHistory, count_history
from layerwise.evaluate.label_history import (
    LabelHistory,
    made_by,
    needed_columns,
    read_history,
    relabelled,
    require,
)
from layerwise.labeller import Labeller
from layerwise.rates import wilson, z_value
from layerwise.saved import fits
from layerwise.vectors import Array

ENTERED, LEFT = "entered", "left"


@attrs.frozen(kw_only=True, eq=False)
class Migration:
    """Moves between the labels of one column, from each date to the next.

    Args:
        label: The label column.
        names: Its labels in order.
        dates: The dates, ascending.
        frozen: Whether the labels were checked to be of one fit; None if no fit was given.
        moves: A row a pair of dates, a label before and a label after: `from_date`, `to_date`,
            `before` (a label or `entered`), `after` (a label or `left`), `customers`, `rate` (of
            the customers who were `before`; each `before` adds to 1), `low`, `high` (Wilson).
            Pairs that nobody made stand with 0 if the label before occurs; else they are left out.
        net: A row a pair of dates and a label: `start`, `moved_in`, `moved_out`, `entered`, `left`,
            `end`, `net_flow` (moved_in - moved_out). start + moved_in - moved_out + entered - left
            = end.
        stability: A row a pair of dates: `customers` (in both tables), `stayed` (label unchanged),
            `stability` (their share), `low`, `high` (Wilson).
    """

    label: str
    names: tuple[str, ...]
    dates: tuple[pd.Timestamp, ...]
    frozen: bool | None
    moves: pd.DataFrame
    net: pd.DataFrame
    stability: pd.DataFrame

    __repr__ = in_brief

    def matrix(self, period: int = 0, *, value: str = "rate") -> pd.DataFrame:
        """Return one pair of dates as a square table: labels before down, after across.

        Args:
            period: Which pair of dates; 0 is the first, -1 the last.
            value: Which column of `moves`: rate, customers, low or high.

        Raises:
            SpecError: There is no such pair or column.
        """
        wanted = ("rate", CUSTOMERS, "low", "high")
        named = isinstance(value, str) and value in wanted and fits(period, int)
        if not named or not -len(self.dates) < period < len(self.dates) - 1:
            raise SpecError(
                f"There is no matrix of value={value!r:.20} and period={period!r:.20}.",
                hint=f"value is one of {', '.join(wanted)}; period runs from 0 to "
                f"{len(self.dates) - 2}.",
            )
        rows = self.moves[self.moves["from_date"] == self.dates[:-1][period]]
        square = rows.set_index(["before", "after"])[value].unstack()  # noqa: PD010 - no means
        before = [name for name in (*self.names, ENTERED) if name in square.index]
        after = [name for name in (*self.names, LEFT) if name in square.columns]
        square = square.loc[before, after]
        if value == CUSTOMERS:  # nobody enters and leaves at once
            return square.fillna(0).astype("int64")
        return square.fillna(0.0) if value == "rate" else square

    def to_dict(self) -> dict[str, Any]:
        """Return everything as plain values, dates as ISO text."""
        tables = {"moves": self.moves, "net": self.net, "stability": self.stability}
        plain = {
            name: table.astype({"from_date": str, "to_date": str}).to_dict("records")
            for name, table in tables.items()
        }
        return {
            "label": self.label,
            "names": list(self.names),
            "dates": [str(date.date()) for date in self.dates],
            "frozen": self.frozen,
            **plain,
        }

    def __str__(self) -> str:
        lines = [f"{self.label}: {len(self.dates)} dates, {_told(self.frozen)}"]
        lines += [
            f"{row.from_date:%Y-%m-%d} to {row.to_date:%Y-%m-%d}: {row.stability:.1%} of "
            f"{row.customers:,} stayed ({row.low:.1%} to {row.high:.1%})"
            for row in self.stability.itertuples()
        ]
        return "\n".join(lines)


def measure_migration(
    snapshots: object,
    *,
    label: str,
    fitted: Labeller | None = None,
    customer: str = CUSTOMER,
    as_of: str = AS_OF,
    order: Sequence[str] | None = None,
    level: float = 0.95,
) -> Migration:
    """Return who moved from which label to which, from each date to the next.

    A move only means something if the rule stood still. Cuts that are learned anew at every date
    keep the sizes of the layers equal, so that nobody can rise without another who falls. Give
    `fitted=` and every row is labelled again by it; rows that come out otherwise were labelled by
    another fit, and are refused.

    Args:
        snapshots: Labels of two or more dates, one below the other: what `snapshots` returned,
            labelled by one fit. Any frame; a lazy one is counted by its engine, one query for the
            labels, one for the ids and one for each pair of dates.
        label: The label column; texts, or whole numbers such as scores. Each row has one.
        fitted: The fit that made the labels. The table must still hold the columns that it needs.
        customer: Column of the customer ids.
        as_of: Column of the dates.
        order: The labels from low to high; None takes the order that layerwise or the column
            knows, else the alphabet.
        level: Of the intervals.

    Returns:
        The moves with rates and Wilson intervals, the net flow of each label and the stability.
        Customers only in the later table come from `entered`, those only in the earlier go to
        `left`; from an order log nobody leaves a table of snapshots.

    Raises:
        ColumnsError: Columns are missing or of the wrong type.
        DataError: Ids, dates or labels are missing, a customer stands twice at a date, there is
            only one date, or labels are not those of `fitted`.
        EngineError: The dates of a lazy frame have a time zone.
        SpecError: `fitted` does not make the column, `order` lacks labels, a label is called
            entered or left, or `level` is not between 0 and 1.

    Source of the interval: Wilson (1927), JASA 22.

    Example:
        >>> import layerwise as lw
        >>> orders = lw.datasets.load_cdnow()
        >>> both = lw.snapshots(
        ...     orders, as_of=["1997-09-30", "1998-03-31"], amount=None, window_days=180
        ... )
        >>> spec = lw.Frequency(window_days=180, method="absolute", cuts=(1, 3))
        >>> fitted = spec.fit(both[both["as_of"] == "1997-09-30"])
        >>> moved = measure_migration(fitted.transform(both), label="frequency", fitted=fitted)
        >>> moved.matrix(value="customers")
        after   low  mid  high
        before
        low    1871   99    30
        mid     156   72    20
        high     37   20    52
        >>> print(moved)
        frequency: 2 dates, labels of one fit
        1997-09-30 to 1998-03-31: 84.6% of 2,357 stayed (83.1% to 86.0%)
    """
    z_value(level)
    also = () if fitted is None else made_by(fitted, label).needs
    columns = {"label": label, "customer": customer, "as_of": as_of}
    frame = frames.wrap(snapshots, what="the table of snapshots")
    if frames.is_lazy(frame):
        require(frame, needed_columns(**columns, also=also, doing="measure_migration"))
        counted = count_history(frame, **columns, order=order, fitted=fitted)
        names, dates, counts = counted.names, counted.dates, counted.moves
        others = None if fitted is None else _counted_others(counted)
    else:
        history = read_history(
            snapshots, **columns, order=order, also=also, doing="measure_migration"
        )
        names, dates = history.names, history.dates
        others = None if fitted is None else _others(fitted, history)
        counts = partial(_counts, history)
    _refuse_ends(names, label)
    if others is not None:
        _refuse_others(others, label)
    return _migration(label, names, dates, counts(), others is not None or None, level)


def _refuse_ends(names: tuple[str, ...], label: str) -> None:
    if clash := {ENTERED, LEFT} & set(names):
        raise SpecError(
            f"{label} has a label called {' and '.join(sorted(clash))}, which means something else "
            "here.",
            hint="rename it.",
        )


def _counts(history: LabelHistory) -> list[Array]:
    return [_count(a, b, len(history.names)) for a, b in pairwise(history.codes)]


def _migration(
    label: str,
    names: tuple[str, ...],
    days: Array,
    counts: list[Array],
    frozen: bool | None,
    level: float,
) -> Migration:
    dates = tuple(map(pd.Timestamp, days))
    periods = list(zip(pairwise(dates), counts, strict=True))
    return Migration(
        label=label,
        names=names,
        dates=dates,
        frozen=frozen,
        moves=_stack([_moves(c, names, level) for c in counts], periods),
        net=_stack([_net(c, names) for c in counts], periods),
        stability=_stack([_stability(c, level) for c in counts], periods),
    )


def check_frozen(
    snapshots: object,
    fitted: Labeller,
    *,
    label: str,
    customer: str = CUSTOMER,
    as_of: str = AS_OF,
) -> pd.DataFrame:
    """Return how many labels of each date are not those that a fit gives.

    Args:
        snapshots: As for `measure_migration`, with the columns that the fit needs.
        fitted: The fit that should have made them.
        label: The label column.
        customer: Column of the customer ids.
        as_of: Column of the dates.

    Returns:
        A row a date: `date`, `customers`, `other` (labels that differ), `share`.

    Raises:
        LayerwiseError: As `measure_migration` does, but that other labels are counted, not refused.

    Example:
        >>> import layerwise as lw
        >>> both = lw.snapshots(lw.datasets.load_cdnow(), as_of=["1997-06-30", "1998-06-30"],
        ...                     amount=None)
        >>> first, second = (both[both["as_of"] == day] for day in both["as_of"].unique())
        >>> frozen = lw.Frequency().fit(first)
        >>> refitted = lw.Frequency().fit(second)
        >>> labels = pd.concat([frozen.transform(first), refitted.transform(second)])
        >>> check_frozen(labels, frozen, label="frequency")["other"].gt(0).tolist()
        [False, True]
    """
    also = made_by(fitted, label).needs
    columns = {"label": label, "customer": customer, "as_of": as_of}
    frame = frames.wrap(snapshots, what="the table of snapshots")
    if frames.is_lazy(frame):
        require(frame, needed_columns(**columns, also=also, doing="check_frozen"))
        return _counted_others(count_history(frame, **columns, fitted=fitted))
    return _others(fitted, read_history(snapshots, **columns, also=also, doing="check_frozen"))


def _told(frozen: bool | None) -> str:
    return "labels of one fit" if frozen else "not checked to be of one fit (give fitted=)"


def _others(fitted: Labeller, history: LabelHistory) -> pd.DataFrame:
    other = relabelled(fitted, history) != history.codes[history.when, history.who]
    size = np.bincount(history.when, minlength=len(history.dates))
    wrong = np.bincount(history.when, other, len(history.dates)).astype(np.int64)
    return _table_of_others(history.dates, size, wrong)


def _counted_others(history: CountedHistory) -> pd.DataFrame:
    return _table_of_others(history.dates, history.sizes, history.others)


def _table_of_others(dates: Array, size: Array, wrong: Array) -> pd.DataFrame:
    table = {"date": dates, CUSTOMERS: size, "other": wrong, "share": wrong / size}
    return pd.DataFrame(table)


def _refuse_others(found: pd.DataFrame, label: str) -> None:
    if not found["other"].any():
        return
    rows = zip(found["date"], found["other"], found[CUSTOMERS], strict=True)
    lines = [f"{day:%Y-%m-%d}: {other:,} of {n:,} labels differ" for day, other, n in rows if other]
    raise DataError(
        problems(f"Labels of {label} were not made by this fit:", lines),
        hint="fit once, keep it (fitted.save), and transform the table of every date with it.",
    )


def _count(before: Array, after: Array, size: int) -> Array:
    """Return customers by label before (last: not there) and after (last: not there)."""
    n = size + 1
    cell = np.where(before < 0, size, before).astype(np.intp) * n
    cell += np.where(after < 0, size, after)
    counts: Array = np.bincount(cell, minlength=n * n).reshape(n, n)
    counts[size, size] = 0  # of other dates
    return counts


def _moves(counts: Array, names: tuple[str, ...], level: float) -> pd.DataFrame:
    size = len(names)
    before, after = (v.ravel() for v in np.indices(counts.shape))
    total = counts.sum(axis=1)[before]
    keep = (total > 0) & ((before < size) | (after < size))
    keep &= (after < size) | (counts[:, size].sum() > 0)  # without leavers no column of them
    before, after, total = before[keep], after[keep], total[keep]
    hits = counts[before, after]
    low, high = wilson(hits, total, level=level)
    return pd.DataFrame(
        {
            "before": np.array([*names, ENTERED], dtype=object)[before],
            "after": np.array([*names, LEFT], dtype=object)[after],
            CUSTOMERS: hits,
            "rate": hits / total,
            "low": low,
            "high": high,
        }
    )


def _net(counts: Array, names: tuple[str, ...]) -> pd.DataFrame:
    size = len(names)
    inside = counts[:size, :size]
    stayed = np.diag(inside)
    moved_in, moved_out = inside.sum(axis=0) - stayed, inside.sum(axis=1) - stayed
    return pd.DataFrame(
        {
            "label": np.array(names, dtype=object),
            "start": counts[:size].sum(axis=1),
            "moved_in": moved_in,
            "moved_out": moved_out,
            ENTERED: counts[size, :size],
            LEFT: counts[:size, size],
            "end": counts[:, :size].sum(axis=0),
            "net_flow": moved_in - moved_out,
        }
    )


def _stability(counts: Array, level: float) -> pd.DataFrame:
    inside = counts[:-1, :-1]
    both, stayed = inside.sum(), np.trace(inside)
    low, high = wilson(np.array([stayed]), np.array([both]), level=level)
    share = stayed / both if both else np.nan
    return pd.DataFrame(
        {CUSTOMERS: [both], "stayed": [stayed], "stability": [share], "low": low, "high": high}
    )


def _stack(tables: list[pd.DataFrame], periods: list[Any]) -> pd.DataFrame:
    for table, ((begin, end), _) in zip(tables, periods, strict=True):
        table.insert(0, "from_date", begin)
        table.insert(1, "to_date", end)
    return pd.concat(tables, ignore_index=True)
