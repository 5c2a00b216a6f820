"""Who gets what: customers' labels matched with a strategy table, for a million at a time.

Labels are few, so customers fall into some hundred combinations. What a combination gets is decided
once (`match`), then handed to its customers by integer codes.
"""

import warnings
from collections.abc import Iterable, Mapping, Sequence

import attrs
import narwhals.stable.v2 as nw
import numpy as np
from narwhals.stable.v2.typing import IntoDataFrameT
from numpy.typing import NDArray

from layerwise import columns as c
from layerwise.errors import (
    ColumnsError,
    DataError,
    EngineError,
    RowsLeftOutWarning,
    SpecError,
    TableError,
    problems,
)
from layerwise.strategy import cells, holdout, match
from layerwise.strategy.checks import did_you_mean, ways
from layerwise.strategy.labels import axes as known_axes
from layerwise.strategy.labels import labels as known_labels
from layerwise.strategy.row import Strategy

Frame = nw.DataFrame  # type: ignore[type-arg]
AxesArgument = Iterable[str] | Mapping[str, str] | None


@attrs.frozen(kw_only=True)
class PlanCounts:
    """How many customers a plan reaches, and why it does not reach the others.

    Args:
        customers: Rows of the label table.
        planned: Customers with at least one strategy.
        no_consent: Customers without consent (missing counts as none).
        no_strategy: Customers with consent whose labels match no strategy.
        combinations: Distinct combinations of labels.
        rows: Rows of the plan.
        stopped: Matches dropped because the customer has left or cannot return.
        price_conflicts: Matches dropped because a better price incentive was given.
        over_cap: Matches dropped by the cap.
    """

    customers: int
    planned: int
    no_consent: int
    no_strategy: int
    combinations: int
    rows: int
    stopped: int
    price_conflicts: int
    over_cap: int


@attrs.frozen(kw_only=True)
class Decided:
    """The combinations of one label table, and what each gets."""

    cell: NDArray[np.int64]
    choices: tuple[match.Choice, ...]
    consent: NDArray[np.bool_] | None

    def counts(self) -> PlanCounts:
        """Return the counts over customers."""
        sizes = np.bincount(self.cell, minlength=len(self.choices))
        given = np.array([len(x.chosen) for x in self.choices], dtype=np.int64)
        none = self._without_strategy(given)
        return PlanCounts(
            customers=len(self.cell),
            planned=int(sizes[given > 0].sum()),
            no_consent=0 if self.consent is None else int((~self.consent).sum()),
            no_strategy=none,
            combinations=len(self.choices),
            rows=int(sizes @ given),
            stopped=self._total(sizes, "stopped"),
            price_conflicts=self._total(sizes, "price_conflicts"),
            over_cap=self._total(sizes, "over_cap"),
        )

    def _without_strategy(self, given: NDArray[np.int64]) -> int:
        empty = (given == 0)[self.cell] if len(self.cell) else np.zeros(0, dtype=bool)
        return int((empty if self.consent is None else empty & self.consent).sum())

    def _total(self, sizes: NDArray[np.intp], name: str) -> int:
        return sum(int(n) * getattr(x, name) for n, x in zip(sizes, self.choices, strict=True))


def eager(labels: IntoDataFrameT) -> "nw.DataFrame[IntoDataFrameT]":
    """Return the label table behind narwhals, refused if lazy or not a table."""
    try:
        frame = nw.from_native(labels, eager_only=True)
        names = frame.columns
    except TypeError as error:
        raise EngineError(
            f"A plan needs a table in memory, not {type(labels).__name__}.",
            hint="collect it first: .collect() of a lazy frame, .df() of a DuckDB relation.",
        ) from error
    except nw.exceptions.NarwhalsError as error:
        raise ColumnsError("The label table has a column twice.", hint="rename one.") from error
    if not all(isinstance(name, str) for name in names) or len(set(names)) < len(names):
        raise ColumnsError("Column names of the label table must be single texts, each once.")
    return frame


def decide(
    rows: Sequence[Strategy],
    frame: Frame,
    *,
    customer: str,
    axes: AxesArgument,
    cap: int,
    consent: str | None,
    one_price_incentive: bool,
) -> Decided:
    """Return what each combination of labels gets."""
    _check_cap(cap)
    by_label = match.index(rows)
    used = _resolve(frame, axes, [axis for axis, _ in by_label], reserved={customer, consent})
    coded = {axis: cells.code_labels(frame[column]) for axis, column in used.items()}
    _refuse_uncovered(by_label, coded, used)
    flags = {k: cells.code_flags(frame[k[2]]) for k in _flags(used, frame.columns)}
    agreed = None if consent is None else cells.code_flags(_column(frame, consent, "consent"))
    extra = [*flags.values(), *([] if agreed is None else [agreed])]
    arrays = [*(x.codes for x in coded.values()), *(x.astype(np.int64) for x in extra)]
    sizes = [*(len(x.names) + 1 for x in coded.values()), *(2 for _ in extra)]
    cell, table = cells.combine(arrays, sizes, len(frame))
    choices = tuple(
        match.decide(
            by_label,
            _because(codes, coded, used, list(flags)),
            consent=agreed is None or bool(codes[-1]),
            cap=cap,
            one_price=bool(one_price_incentive),
        )
        for codes in table.tolist()
    )
    return Decided(cell=cell, choices=choices, consent=agreed)


def to_frame(
    frame: "nw.DataFrame[IntoDataFrameT]",
    decided: Decided,
    *,
    customer: str,
    share: float,
    salt: str,
    lang: str,
) -> IntoDataFrameT:
    """Return the plan: one row per customer and strategy, as the same kind of frame."""
    _check_share(share)
    ids = _ids(frame, customer)
    who, entry, entries = _expand(decided)
    held = _held_out(ids, who, entry, entries, share, salt)
    kind = frame.implementation
    parts = [
        frame.select(customer)[who],
        _small(entries, lang, frame)[entry],
        nw.new_series(c.HOLDOUT, held, nw.Boolean, backend=kind).to_frame(),
    ]
    parts = [nw.maybe_reset_index(part) for part in parts]
    return nw.concat(parts, how="horizontal").to_native()


def warn_left_out(counts: PlanCounts) -> None:
    """Warn with counts if customers get no strategy."""
    missed = counts.customers - counts.planned
    if missed:
        warnings.warn(
            f"{missed:,} of {counts.customers:,} customers get no strategy: "
            f"{counts.no_consent:,} have not consented, {counts.no_strategy:,} have no label that "
            "has one.",
            RowsLeftOutWarning,
            stacklevel=3,
        )


def plan_summary(plan: IntoDataFrameT) -> IntoDataFrameT:
    """Return how many customers each strategy of a plan has, the most first.

    Args:
        plan: What `StrategyTable.plan` returned.

    Returns:
        The same kind of frame with strategy_id, owner, customers (all who have it in their plan),
        holdout (those of them left out by chance); equal counts go by id.

    Raises:
        ColumnsError: The frame is not a plan.
    """
    frame = eager(plan)
    for name in (c.STRATEGY, c.OWNER, c.HOLDOUT):
        _column(frame, name, "plan_summary")
    keys = [nw.col(name).cast(nw.String) for name in (c.STRATEGY, c.OWNER)]
    held = nw.col(c.HOLDOUT).cast(nw.Int64)
    groups = frame.select(*keys, held).group_by(c.STRATEGY, c.OWNER)
    counts = groups.agg(nw.len().alias(c.CUSTOMERS), nw.col(c.HOLDOUT).sum())
    counts = counts.sort(c.CUSTOMERS, c.STRATEGY, descending=[True, False])
    order = counts.select(c.STRATEGY, c.OWNER, c.CUSTOMERS, c.HOLDOUT)
    return nw.maybe_reset_index(order).to_native()


def _resolve(
    frame: Frame, axes: AxesArgument, have: Iterable[str], reserved: set[str | None]
) -> dict[str, str]:
    """Return axis -> column, in an order that no input decides."""
    possible = set(have)
    if axes is None:
        wanted = {a: a for a in frame.columns if a in possible and a not in reserved}
    elif isinstance(axes, str):
        raise SpecError("axes is one text.", hint=f"give a list: axes=[{axes!r}].")
    else:
        wanted = dict(axes) if isinstance(axes, Mapping) else {a: a for a in axes}
    strange = [a for a in wanted if a not in possible]
    if strange:
        near = did_you_mean(str(strange[0]), possible)
        raise SpecError(
            f"The table has no customer strategies on axis {', '.join(map(repr, strange))}{near}.",
            hint=f"its axes: {', '.join(sorted(possible))}.",
        )
    for column in wanted.values():
        _column(frame, column, "axes")
    if not wanted and match.EVERY not in possible:
        raise ColumnsError(
            "The label table has no column that is an axis of the strategy table.\n"
            f"  Axes: {', '.join(sorted(possible))}.\n  Found: {', '.join(frame.columns[:20])}.",
            hint='name the columns, for example axes={"tier": "my_tier"}.',
        )
    built_in = [a for a in known_axes() if a in wanted]
    return {a: wanted[a] for a in (*built_in, *sorted(set(wanted) - set(built_in)))}


def _column(frame: Frame, name: str, role: str) -> "nw.Series":  # type: ignore[type-arg]
    if name not in frame.columns:
        raise ColumnsError(
            f"The table has no column {name!r}, needed as {role}"
            f"{did_you_mean(str(name), frame.columns)}.\n  Found: {', '.join(frame.columns[:20])}."
        )
    return frame[name]


def _refuse_uncovered(
    by_label: match.Index, coded: Mapping[str, cells.Coded], used: Mapping[str, str]
) -> None:
    found = []
    for axis, column in coded.items():
        bare = [not any(by_label.get(k) for k in ways(axis, name)) for name in column.names]
        if any(bare):
            n = int(np.array([False, *bare])[column.codes].sum())
            known = [segment for a, segment in by_label if a == axis]
            near = {did_you_mean(x, known) for x, b in zip(column.names, bare, strict=True) if b}
            found.append(
                f"{used[axis]}: {sum(bare)} of {len(bare)} labels have no strategy on axis "
                f"{axis!r}, {n:,} customers{''.join(sorted(near))}"
            )
    if found:
        raise TableError(
            problems("The label table holds labels that no strategy is for:", found),
            hint='add rows for them (segment "all" takes every label), or leave the axis out with '
            "axes=[...]; table.validate(labels) names them.",
        )


def _flags(used: Mapping[str, str], names: Sequence[str]) -> list[tuple[str, str, str]]:
    """Return (axis, label, column) of boolean columns that add labels to an axis in use."""
    flagged = [(x.axis, x.label, x.flag) for x in known_labels().values() if x.flag]
    return [x for x in flagged if x[0] in used and x[2] in names]


def _because(
    codes: Sequence[int],
    coded: Mapping[str, cells.Coded],
    used: Mapping[str, str],
    flags: Sequence[tuple[str, str, str]],
) -> list[match.Because]:
    found = [
        match.Because(axis, column.names[code - 1], used[axis], column.names[code - 1])
        for code, (axis, column) in zip(codes, coded.items(), strict=False)
        if code
    ]
    rest = codes[len(coded) : len(coded) + len(flags)]
    found.extend(
        match.Because(a, x, name, "true")
        for on, (a, x, name) in zip(rest, flags, strict=True)
        if on
    )
    return found


def _ids(frame: Frame, customer: str) -> list[bytes]:
    column = _column(frame, customer, "customer")
    missing = column.null_count()
    if missing:
        raise DataError(
            f"{missing:,} of {len(column):,} rows have no {customer}.",
            hint="drop them or name them.",
        )
    texts = holdout.canonical_ids(column.to_list())
    twice = len(texts) - len(set(texts))
    if twice:
        raise DataError(
            f"{customer} repeats in {twice:,} of {len(texts):,} rows.",
            hint="a plan needs one row per customer.",
        )
    return texts


Entry = tuple[Strategy, int, "match.Because | None"]


def _expand(decided: Decided) -> tuple[NDArray[np.int64], NDArray[np.int64], list[Entry]]:
    """Return, per row of the plan, the customer's place and the entry's place; and the entries."""
    given = np.array([len(x.chosen) for x in decided.choices], dtype=np.int64)
    entries = [(row, k, why) for x in decided.choices for k, (row, why) in enumerate(x.chosen, 1)]
    start = np.cumsum(given) - given
    n_rows = given[decided.cell] if len(given) else np.zeros(0, dtype=np.int64)
    who = np.repeat(np.arange(len(n_rows)), n_rows)
    within = np.arange(len(who)) - np.repeat(np.cumsum(n_rows) - n_rows, n_rows)
    return who, start[decided.cell[who]] + within if len(who) else who, entries


def _held_out(
    ids: list[bytes],
    who: NDArray[np.int64],
    entry: NDArray[np.int64],
    entries: Sequence[Entry],
    share: float,
    salt: str,
) -> NDArray[np.bool_]:
    base = holdout.bases(ids if share and len(who) else [], salt)
    if not len(base):
        return np.zeros(len(who), dtype=bool)
    keys = np.array([holdout.strategy_key(row.id) for row, _, _ in entries], dtype=np.uint64)
    duty = np.array([row.theme == match.DUTY for row, _, _ in entries], dtype=bool)
    held: NDArray[np.bool_] = holdout.uniform(base[who], keys[entry]) < share
    return held & ~duty[entry]


def _small(entries: Sequence[Entry], lang: str, frame: Frame) -> Frame:
    """Return the few distinct rows of the plan, which the big frame only points at."""
    zh = lang == "zh"
    rows = [row for row, _, _ in entries]
    data: dict[str, list[object]] = {
        c.STRATEGY: [row.id for row in rows],
        c.PRIORITY: [k for _, k, _ in entries],
        c.REASON: [match.explain(why, lang) for _, _, why in entries],
        c.CHANNEL: [row.channel for row in rows],
        c.INCENTIVE: [row.incentive for row in rows],
        c.OWNER: [row.owner for row in rows],
        c.KPI: [row.kpi for row in rows],
        c.SOURCE: [row.source for row in rows],
        c.OBJECTIVE: [(row.objective_zh if zh else "") or row.objective for row in rows],
        c.ACTION: [(row.action_zh if zh else "") or row.action for row in rows],
    }
    schema = {name: nw.Int64() if name == c.PRIORITY else nw.String() for name in data}
    small = nw.from_dict(data, schema, backend=frame.implementation)
    if not frame.implementation.is_pandas():
        return small
    return small.with_columns(nw.col(n).cast(nw.Categorical) for n in data if n != c.PRIORITY)


def _check_cap(cap: int) -> None:
    if isinstance(cap, bool) or not isinstance(cap, int | np.integer) or cap < 1:
        raise SpecError("cap must be a whole number from 1.", hint="cap=3 is the default.")


def _check_share(share: float) -> None:
    number = isinstance(share, int | float | np.number) and not isinstance(share, bool)
    if not number or not 0 <= share < 1:
        raise SpecError("holdout must be a share from 0 to below 1.", hint="0.1 is the default.")
