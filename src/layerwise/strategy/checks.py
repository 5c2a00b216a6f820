"""What is wrong with a strategy table as a whole; every check returns its problems as lines."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from difflib import get_close_matches

from layerwise.errors import SpecError, TableError, problems
from layerwise.rules import NOT_EVALUABLE
from layerwise.strategy.labels import EVERY, closed_labels, is_quiet, labels
from layerwise.strategy.row import Strategy

Vocabulary = Mapping[str, Sequence[str]]


def vocabulary(own: Vocabulary | None = None) -> dict[str, tuple[str, ...]]:
    """Return the closed label list of each axis: the built-in ones, replaced or joined by `own`."""
    lists = own.values() if isinstance(own, Mapping) else () if own is None else [None]
    if any(not isinstance(names, Iterable) or isinstance(names, str) for names in lists):
        raise SpecError("labels must map each axis to a list.", hint='labels={"shop": ["north"]}.')
    given = {axis: tuple(names) for axis, names in (own or {}).items()}
    texts = sum(isinstance(x, str) for pair in given.items() for x in (pair[0], *pair[1]))
    if odd := len(given) + sum(map(len, given.values())) - texts:
        raise SpecError(
            f"labels must hold texts; {odd} of the axes and labels are not.",
            hint='labels={"shop": ["north"]}; the number 1 is the label "1".',
        )
    joined = {**closed_labels(), **given}
    return {axis: tuple(x for x in names if x != NOT_EVALUABLE) for axis, names in joined.items()}


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Return `` (did you mean 'x'?)`` for the known word nearest to it, or nothing."""
    near = get_close_matches(word.strip().lower(), list(known), n=1, cutoff=0.6)
    return f" (did you mean {near[0]!r}?)" if near else ""


def duplicate_ids(rows: Sequence[Strategy]) -> list[str]:
    """Return ids that stand in more than one row."""
    counts = Counter(row.id for row in rows)
    return [f"id {i!r} stands in {n} rows" for i, n in counts.items() if n > 1]


def hidden_rows(rows: Sequence[Strategy]) -> list[str]:
    """Return rows that can never add anything: another row does the same for their customers."""
    first: dict[tuple[str, ...], str] = {}
    found = []
    ranked = sorted(rows, key=lambda row: (row.priority, row.id))
    for row in ranked:
        first.setdefault((row.axis, row.segment, row.level, _said(row)), row.id)
    for row in ranked:
        others = [first.get((*label, row.level, _said(row)), row.id) for label in _wider(row)]
        other = next((i for i in others if i != row.id), None)
        if other is not None:
            found.append(f"{row.id!r} is unreachable: {other!r} does the same for its customers")
    return found


def price_conflicts(rows: Sequence[Strategy]) -> list[str]:
    """Return rows that give a customer two price incentives and do not say which comes first."""
    first: dict[tuple[tuple[str, str], int], str] = {}
    found = []
    priced = [row for row in rows if row.level == "customer" and row.gives_price_incentive]
    for row in priced:
        first.setdefault(((row.axis, row.segment), row.priority), row.id)
    for row in priced:
        others = [first.get((label, row.priority), row.id) for label in _wider(row)]
        other = next((i for i in others if i != row.id), None)
        if other is not None:
            found.append(
                f"{other!r} and {row.id!r} both give {row.axis} = {row.segment} a price incentive "
                f"at priority {row.priority}"
            )
    return found


def _wider(row: Strategy) -> tuple[tuple[str, str], ...]:
    """Return the labels whose rows every customer of this row gets as well."""
    return (row.axis, row.segment), (row.axis, EVERY), (EVERY, EVERY)


def _said(row: Strategy) -> str:
    return " ".join(row.action.casefold().split())


def unknown_labels(rows: Sequence[Strategy], known: Vocabulary) -> list[str]:
    """Return rows whose axis looks misspelt, or whose segment its axis cannot take."""
    found = []
    for row in rows:
        if row.segment == NOT_EVALUABLE:
            found.append(f"{row.id!r}: no strategy can be for {NOT_EVALUABLE!r}")
        elif row.axis in known:
            if row.segment not in (EVERY, *known[row.axis]):
                near = did_you_mean(row.segment, known[row.axis])
                found.append(f"{row.id!r}: axis {row.axis!r} has no label {row.segment!r}{near}")
        elif row.axis == EVERY and row.segment != EVERY:
            found.append(f"{row.id!r}: on axis {EVERY!r} the segment must be {EVERY!r}")
    return found


def misspelt_axes(rows: Sequence[Strategy], known: Iterable[str]) -> list[str]:
    """Return axes that are nearly, but not quite, a known one (others are the user's own)."""
    names = set(known)
    strange = sorted({row.axis for row in rows} - names)
    near = {
        axis: get_close_matches(axis.strip().lower(), names, n=1, cutoff=0.75) for axis in strange
    }
    return [
        f"unknown axis {a!r} (did you mean {n[0]!r}? If it is your own, give its labels in labels=)"
        for a, n in near.items()
        if n
    ]


def unknown_axes(rows: Sequence[Strategy], known: Iterable[str]) -> list[str]:
    """Return axes that are not in the list of all axes."""
    names = set(known) | {EVERY}
    return [
        f"unknown axis {axis!r}{did_you_mean(axis, names)}"
        for axis in sorted({row.axis for row in rows} - names)
    ]


def uncovered(rows: Sequence[Strategy], known: Vocabulary) -> list[tuple[str, str]]:
    """Return (axis, label) pairs of the axes in use for which no customer strategy exists.

    A label is covered by a row of its own, by a row for ``all`` labels of the axis, or by the rows
    of the label it implies.
    """
    have = {(row.axis, row.segment) for row in rows if row.level == "customer"}
    used = {axis for axis, _ in have}
    return [
        (axis, label)
        for axis, names in known.items()
        if axis in used
        for label in names
        if label != NOT_EVALUABLE
        and not is_quiet(axis, label)
        and not have & set(ways(axis, label))
    ]


def ways(axis: str, label: str) -> tuple[tuple[str, str], ...]:
    """Return the (axis, segment) pairs whose rows a customer with this label gets."""
    known = labels().get((axis, label))
    implied = (known.implies,) if known and known.implies else ()
    return ((axis, label), (axis, EVERY), *implied)


def structure(rows: Sequence[Strategy]) -> list[str]:
    """Return how the rows of a table contradict each other."""
    return [*duplicate_ids(rows), *hidden_rows(rows), *price_conflicts(rows)]


def refuse(found: Sequence[str]) -> None:
    """Raise one error that lists the problems, if there are any."""
    if found:
        raise TableError(
            problems(f"Problems of the strategy table: {len(found):,}.", found),
            hint="correct these rows; StrategyTable.default().to_csv(...) writes a valid example.",
        )
