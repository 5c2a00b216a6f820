"""Who gets what: customers' labels matched with a strategy table, for a million at a time.

Labels are few, so customers fall into some hundred combinations. What a combination gets is decided
once (`match`), then handed to its customers by integer codes.
"""

import warnings
from collections.abc import Collection, Mapping, Sequence

import attrs
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from layerwise import arguments
from layerwise.errors import (
    ColumnsLeftOutWarning,
    RowsLeftOutWarning,
    SpecError,
    TableError,
    problems,
)
from layerwise.strategy import cells, match
from layerwise.strategy.checks import did_you_mean
from layerwise.strategy.labels import EVERY
from layerwise.strategy.labels import labels as known_labels
from layerwise.strategy.links import read_links
from layerwise.strategy.resolve import AxesArgument, Frame, column_of, resolve, unused_flags
from layerwise.strategy.resolve import flags as flags_of
from layerwise.strategy.row import Strategy

ConsentArgument = str | Mapping[str, str] | None

_NAMED = 12  # labels in one line of a message


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
        unreached: Matches dropped because no channel is left that the customer agreed to.
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
    unreached: int
    price_conflicts: int
    over_cap: int


@attrs.frozen(kw_only=True)
class Decided:
    """The combinations of one label table, and what each gets.

    `weights` says for how many customers each row of the table stands; None is one.
    """

    cell: NDArray[np.int64]
    choices: tuple[match.Choice, ...]
    consent: NDArray[np.bool_] | None
    unused: Mapping[str, Sequence[str]]
    weights: NDArray[np.int64] | None = None

    def counts(self) -> PlanCounts:
        """Return the counts over customers."""
        sizes = np.bincount(self.cell, self.weights, len(self.choices)).astype(np.int64)
        given = np.array([len(x.chosen) for x in self.choices], dtype=np.int64)
        none = self._without_strategy(given)
        return PlanCounts(
            customers=self._customers(np.ones(len(self.cell), dtype=bool)),
            planned=int(sizes[given > 0].sum()),
            no_consent=0 if self.consent is None else self._customers(~self.consent),
            no_strategy=none,
            combinations=len(self.choices),
            rows=int(sizes @ given),
            stopped=self._total(sizes, "stopped"),
            unreached=self._total(sizes, "unreached"),
            price_conflicts=self._total(sizes, "price_conflicts"),
            over_cap=self._total(sizes, "over_cap"),
        )

    def _without_strategy(self, given: NDArray[np.int64]) -> int:
        empty = (given == 0)[self.cell] if len(self.cell) else np.zeros(0, dtype=bool)
        return self._customers(empty if self.consent is None else empty & self.consent)

    def _customers(self, rows: NDArray[np.bool_]) -> int:
        return int(rows.sum() if self.weights is None else self.weights[rows].sum())

    def _total(self, sizes: NDArray[np.int64], name: str) -> int:
        return sum(int(n) * getattr(x, name) for n, x in zip(sizes, self.choices, strict=True))


@attrs.frozen(eq=False)
class Look:
    """What a plan looks at: the strategies, and which columns say what.

    `used` maps axes to columns, `asked` channels to columns of consent, `flags` reasons to columns.
    """

    index: match.Index
    used: Mapping[str, str]
    asked: Mapping[str, str]
    flags: Mapping[match.Because, str]
    unused: Mapping[str, Sequence[str]]

    @property
    def truths(self) -> tuple[str, ...]:
        """The columns of truth values."""
        return tuple(dict.fromkeys((*self.flags.values(), *self.asked.values())))


def look(
    rows: Sequence[Strategy],
    frame: Frame,
    *,
    customer: str,
    axes: AxesArgument,
    consent: ConsentArgument,
    links: pd.DataFrame | None = None,
) -> Look:
    """Return what a plan looks at in a label table; only its names are read."""
    index = match.index(rows, read_links(links, rows))
    possible = index.axes
    column_of(frame, customer, "customer")
    asked = consent_columns(consent, frame)
    used = resolve(frame, axes, possible, {customer, *asked.values()})
    return Look(
        index=index,
        used=used,
        asked=asked,
        flags={b: b.column for b in flags_of(index, used, frame.columns)},
        unused=unused_flags(axes, possible, used, frame.columns),
    )


def decide(
    seen: Look,
    frame: Frame,
    *,
    cap: int,
    quiet: Collection[str],
    one_price_incentive: bool,
    allow_gaps: bool,
    weights: NDArray[np.int64] | None = None,
) -> Decided:
    """Return what each combination of labels gets.

    Args:
        seen: What `look` found.
        frame: The label table, or its different rows with `weights`: how many customers each has.
        cap: As in `StrategyTable.plan`.
        quiet: The same.
        one_price_incentive: The same.
        allow_gaps: The same.
        weights: How many customers each row stands for; None is one.
    """
    check_cap(cap)
    check_choice("allow_gaps", allow_gaps)
    check_choice("one_price_incentive", one_price_incentive)
    index, used, silent = seen.index, seen.used, _channels(quiet)
    coded = {axis: cells.code_labels(frame, column) for axis, column in used.items()}
    if not allow_gaps:
        _refuse_uncovered(index, coded, used, weights)
    flags = {b: cells.code_flags(frame[column]) for b, column in seen.flags.items()}
    agreed = {name: cells.code_flags(frame[column]) for name, column in seen.asked.items()}
    extra = [*flags.values(), *agreed.values()]
    arrays = [*(x.codes for x in coded.values()), *(x.astype(np.int64) for x in extra)]
    sizes = [*(len(x.names) + 1 for x in coded.values()), *(2 for _ in extra)]
    cell, table = cells.combine(arrays, sizes, len(frame) if weights is None else len(weights))
    reasons = [
        *([(), *_reasons(index, a, used[a], col)] for a, col in coded.items()),
        *([(), (flag,)] for flag in flags),
    ]
    choices = tuple(
        match.decide(
            index,
            [b for code, known in zip(codes, reasons, strict=False) for b in known[code]],
            may=match.Channels(_agreed(list(agreed), codes[len(reasons) :]), silent),
            cap=cap,
            one_price=bool(one_price_incentive),
        )
        for codes in table.tolist()
    )
    some = np.logical_or.reduce([*agreed.values()]) if agreed else None
    return Decided(cell=cell, choices=choices, consent=some, unused=seen.unused, weights=weights)


def consent_columns(consent: ConsentArgument, frame: Frame) -> dict[str, str]:
    """Return channel -> column of consent; one column for all channels has the channel `all`.

    Raises:
        SpecError: `consent` is neither a column nor a mapping of channels to columns.
        ColumnsError: A column is not there.
    """
    if consent is None:
        return {}
    asked = dict(consent) if isinstance(consent, Mapping) else {EVERY: consent}
    if not asked or not all(isinstance(x, str) for x in asked):
        raise SpecError(
            "consent must be a column, or map channels to columns.",
            hint='consent={"email": "email_ok", "sms": "sms_ok"}.',
        )
    for column in asked.values():
        column_of(frame, column, "consent")
    return asked


def warn_unknown_channels(consent: ConsentArgument, rows: Sequence[Strategy]) -> None:
    """Warn of consents to channels that no strategy goes by, such as a misspelt one."""
    named = consent if isinstance(consent, Mapping) else {}
    known = sorted({name for row in rows for name in row.channels})
    strange = [name for name in named if name not in known and name != EVERY]
    if not strange or not known:
        return
    said = [f"{name!r}{did_you_mean(name, known)}" for name in strange]
    warnings.warn(
        f"{len(strange):,} of {len(named):,} channels of consent occur in no row of the strategy "
        f"table: {_few(said)}.\n"
        f"Hint: name channels as the table does: {_few(known)}.",
        ColumnsLeftOutWarning,
        stacklevel=3,
    )


def _agreed(channels: Sequence[str], codes: Sequence[int]) -> frozenset[str] | None:
    """Return the channels a customer agreed to; None is all of them."""
    given = frozenset(name for name, code in zip(channels, codes, strict=True) if code)
    return None if not channels or EVERY in given else given


def _channels(quiet: Collection[str]) -> frozenset[str]:
    if not arguments.is_several(quiet):
        raise SpecError("quiet must be a list of channels.", hint='quiet=["phone"].')
    if not all(isinstance(name, str) for name in quiet):
        raise SpecError("quiet must hold names of channels.", hint='quiet=["phone"].')
    return frozenset(quiet)


def _reasons(
    index: match.Index, axis: str, column: str, coded: cells.Coded
) -> list[tuple[match.Because, ...]]:
    """Return the labels of each cell of a column as reasons; a label is made a reason once."""
    labels = dict.fromkeys(label for labels in coded.parts for label in labels)
    made = {label: index.because(axis, label, column) for label in labels}
    return [tuple(made[label] for label in labels) for labels in coded.parts]


def warn_left_out(counts: PlanCounts) -> None:
    """Warn with counts if customers get no strategy."""
    missed = counts.customers - counts.planned
    if missed:
        warnings.warn(
            f"{missed:,} of {counts.customers:,} customers get no strategy: "
            f"{counts.no_consent:,} have not consented, {counts.no_strategy:,} have no label that "
            "has one.\nHint: a strategy for their labels in the table plans for them too.",
            RowsLeftOutWarning,
            stacklevel=3,
        )


def _refuse_uncovered(
    index: match.Index,
    coded: Mapping[str, cells.Coded],
    used: Mapping[str, str],
    weights: NDArray[np.int64] | None,
) -> None:
    found = [
        f"{used[axis]}: {said}"
        for axis, column in coded.items()
        if (said := _uncovered(index, axis, column, weights))
    ]
    if found:
        raise TableError(
            problems("The label table holds labels that no strategy is for:", found),
            hint='add rows for them (segment "all" takes every label), leave the axis out with '
            "axes=[...], or let them have none with allow_gaps=True.",
        )


def _uncovered(
    index: match.Index, axis: str, column: cells.Coded, weights: NDArray[np.int64] | None
) -> str:
    """Return what the labels without strategy are like, or nothing.

    A column named by mistake may hold names of people, so only labels of our own lists are shown.
    """
    labels = sorted({label for labels in column.parts for label in labels})
    without = [label for label in labels if not index.covers(axis, label)]
    if not without:
        return ""
    bare = [not {*without}.isdisjoint(labels) for labels in column.parts]
    rows = np.array([False, *bare])[column.codes]
    n = int(rows.sum() if weights is None else weights[rows].sum())
    known = index.segments(axis)
    ours = [name for name in without if (axis, name) in known_labels()]
    named = f" ({', '.join(ours[:_NAMED])})" if ours else ""
    near = "".join(sorted({did_you_mean(name, known) for name in without if name not in ours}))
    others = f"; the table knows {_few(known)}" if known else ""
    return (
        f"{len(without)} of {len(labels)} labels have no strategy on axis {axis!r}{named}, "
        f"{n:,} customers{near}{others}"
    )


def _few(names: Sequence[str]) -> str:
    more = f", and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return ", ".join(names[:_NAMED]) + more


def check_choice(name: str, value: object) -> None:
    """Refuse what is neither True nor False: "no" would count as yes."""
    if not isinstance(value, bool | np.bool_):
        raise SpecError(f"{name} must be True or False.", hint=f"{name}=True, without quotes.")


def check_cap(cap: int) -> None:
    """Refuse a cap that is not a whole number from 1."""
    if isinstance(cap, bool) or not isinstance(cap, int | np.integer) or cap < 1:
        raise SpecError("cap must be a whole number from 1.", hint="cap=3 is the default.")
