"""Which columns of a label table a plan looks at: axis -> column, flags, and what is left aside."""

import warnings
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from layerwise.arguments import is_several
from layerwise.errors import ColumnsError, ColumnsLeftOutWarning, SpecError
from layerwise.odd_cells import check_cells
from layerwise.strategy import match
from layerwise.strategy.checks import did_you_mean
from layerwise.strategy.labels import EVERY
from layerwise.strategy.labels import axes as known_axes
from layerwise.strategy.labels import labels as known_labels

Frame = Any  # a wrapped eager frame of any engine
AxesArgument = Iterable[str] | Mapping[str, str] | None


def resolve(
    frame: Frame, axes: AxesArgument, possible: set[str], reserved: set[str | None]
) -> dict[str, str]:
    """Return axis -> column, in an order that no input decides.

    A list of axes restricts to these; a mapping renames, and the other axes stay.

    Args:
        frame: The label table.
        axes: What the user said.
        possible: Axes on which the table has customer strategies.
        reserved: Columns that hold no labels.

    Raises:
        SpecError: `axes` is no list or mapping of names, or the table has no such axis.
        ColumnsError: A column is not there, or none is named like an axis.
    """
    wanted = _wanted(frame, axes, possible, reserved)
    strange = [a for a in wanted if a not in possible]
    if strange:
        near = did_you_mean(str(strange[0]), possible)
        raise SpecError(
            f"The table has no customer strategies on axis {', '.join(map(repr, strange))}{near}.",
            hint=f"its axes: {', '.join(sorted(possible))}.",
        )
    for column in wanted.values():
        column_of(frame, column, "axes")
    if not wanted and EVERY not in possible:
        raise ColumnsError(
            "The label table has no column that is an axis of the strategy table.\n"
            f"  Axes: {', '.join(sorted(possible))}.\n  Found: {_shown(frame)}.",
            hint='name the columns, for example axes={"tier": "my_tier"}.',
        )
    built_in = [a for a in known_axes() if a in wanted]
    return {a: wanted[a] for a in (*built_in, *sorted(set(wanted) - set(built_in)))}


def _wanted(
    frame: Frame, axes: AxesArgument, possible: set[str], reserved: set[str | None]
) -> dict[str, str]:
    given = {} if axes is None else _named(axes)
    if axes is not None and not isinstance(axes, Mapping):
        return given
    taken = {*reserved, *given.values()}  # a renamed column is no longer the axis of its own name
    return {a: a for a in frame.columns if a in possible and a not in taken} | given


def _named(axes: Iterable[str] | Mapping[str, str]) -> dict[str, str]:
    if not isinstance(axes, Mapping) and not is_several(axes):
        raise SpecError("axes must be a list or a mapping.", hint='axes=["tier", "value"].')
    pairs = list(axes.items()) if isinstance(axes, Mapping) else [(a, a) for a in axes]
    if not all(isinstance(name, str) for pair in pairs for name in pair):
        raise SpecError("axes must be names.", hint='axes=["tier", "value"].')
    return dict(pairs)


def column_of(frame: Frame, name: str, role: str) -> Any:
    """Return a column of the wrapped frame; errors say what it was needed as."""
    if not isinstance(name, str):
        raise SpecError(
            f"{role} must be the name of one column, not a {type(name).__name__}.",
            hint=f"the columns: {_shown(frame)}.",
        )
    if name not in frame.columns:
        raise ColumnsError(
            f"The table has no column {name!r}, needed as {role}"
            f"{did_you_mean(str(name), frame.columns)}.\n  Found: {_shown(frame)}.",
            hint="name the column that you have (customer= for ids); what is in the index becomes "
            "a column by reset_index().",
        )
    check_cells(frame[name].to_native(), f"Column {name!r}")
    return frame[name]


def flags(index: match.Index, used: Mapping[str, str], names: Sequence[str]) -> list[match.Because]:
    """Return the boolean columns that add labels to an axis in use, as reasons."""
    flagged = [(x.axis, x.label, x.flag) for x in known_labels().values() if x.flag]
    return [
        index.because(axis, label, flag, flag=True)
        for axis, label, flag in flagged
        if axis in used and flag in names
    ]


def unused_flags(
    axes: AxesArgument, possible: set[str], used: Mapping[str, str], names: Sequence[str]
) -> dict[str, list[str]]:
    """Return axis -> flag columns that nobody looks at, because the axis has no column.

    Whoever gave a list of axes left the others out on purpose.
    """
    if axes is not None and not isinstance(axes, Mapping):
        return {}
    found: dict[str, list[str]] = {}
    for x in known_labels().values():
        if x.flag in names and x.flag and x.axis in possible and x.axis not in used:
            found.setdefault(x.axis, []).append(x.flag)
    return found


def warn_unused(unused: Mapping[str, Sequence[str]]) -> None:
    """Warn of flag columns that nobody looks at, with the way to name the axis's column."""
    for axis, columns in unused.items():
        warnings.warn(
            f"Not used: {', '.join(columns)}, because no column is called {axis!r}.\n"
            f'Hint: axes={{"{axis}": "its name"}} gives its other name; a list, axes=[...], '
            "leaves it out.",
            ColumnsLeftOutWarning,
            stacklevel=3,
        )


def _shown(frame: Frame) -> str:
    return ", ".join(frame.columns[:20]) or "no columns"
