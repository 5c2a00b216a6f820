"""Label columns of several dates as arrays: who had which label when."""

from collections.abc import Iterable, Sequence
from typing import Any

import attrs
import numpy as np

from layerwise import arguments, frames, vectors
from layerwise.churn.flow import days_of, people
from layerwise.columns import AS_OF, CUSTOMER
from layerwise.errors import ColumnsError, DataError, SpecError
from layerwise.histories import check_histories
from layerwise.labeller import Labeller, evaluate
from layerwise.strategy.labels import labels as known_labels
from layerwise.vectors import Array, Column, Labels

ABSENT = -1
_EXACT = 2**53
MOST = 1_000
"""Labels of one column at most; a table of moves has the square of it."""


@attrs.frozen(eq=False)
class LabelHistory:
    """The labels of all customers at all dates.

    Attributes:
        label: The label column.
        names: Its labels in order.
        dates: The dates, ascending.
        codes: A row a date, a column a customer: the place of the label in `names`, -1 where the
            customer is not in the table of that date.
        when: For each row of the table its date.
        who: For each row of the table its customer.
        frame: The table, wrapped, in memory.
    """

    label: str
    names: tuple[str, ...]
    dates: Array
    codes: Array
    when: Array
    who: Array
    frame: Any


def read_history(
    snapshots: Any,
    *,
    label: str,
    customer: str = CUSTOMER,
    as_of: str = AS_OF,
    order: Sequence[str] | None = None,
    also: Iterable[str] = (),
    doing: str,
) -> LabelHistory:
    """Return the labels of a table of snapshots; of a lazy one only the needed columns are read.

    Raises:
        ColumnsError: Columns are missing or of the wrong type.
        DataError: Ids, dates or labels are missing, a customer stands twice at a date, or there is
            only one date.
        SpecError: `order` does not name every label once.
    """
    needed = needed_columns(label, customer, as_of, also, doing)
    frame = frames.wrap(snapshots, what="the table of snapshots")
    require(frame, needed)
    frame = frames.collect(frame, needed)
    column = label_column(vectors.read(frame, [label])[label], label)
    refuse_unlabelled(int((column.codes < 0).sum()), len(column), label)
    names = names_of(column, label, order)
    who = people(frame, customer)
    when, dates = days_of(frame, as_of)
    codes = np.full((len(dates), int(who.max()) + 1), ABSENT, dtype=np.int16)
    place = {name: i for i, name in enumerate(names)}
    codes[when, who] = np.array([place.get(str(n), ABSENT) for n in column.names])[column.codes]
    refuse_again(len(who) - int(np.count_nonzero(codes >= 0)), len(who))
    return LabelHistory(label, names, dates, codes, when, who, frame)


def needed_columns(
    label: str, customer: str, as_of: str, also: Iterable[str], doing: str
) -> dict[str, str]:
    """Return the columns that a table of snapshots must have, with what needs them.

    Raises:
        SpecError: An argument is no name of a column.
    """
    arguments.check_named({"label=": label, "customer=": customer, "as_of=": as_of})
    return dict.fromkeys((customer, as_of, label, *also), doing)


def require(frame: Any, needed: dict[str, str]) -> None:
    """Check that a wrapped table of snapshots has its columns.

    Raises:
        ColumnsError: With all that are missing.
    """
    hint = "snapshots(orders, as_of=[...]) makes the table of several dates; then add the labels."
    title = "The snapshots lack columns."
    arguments.require(frames.column_names(frame), needed, title=title, hint=hint)


def refuse_unlabelled(missing: int, n: int, label: str) -> None:
    """Refuse rows without a label.

    Raises:
        DataError: With the count, if there are any.
    """
    if missing:
        raise DataError(
            f"{missing:,} of {n:,} rows have no label in {label}.",
            hint="give them a label of their own, such as not_evaluable, or leave them out.",
        )


def refuse_again(again: int, n: int) -> None:
    """Refuse customers who stand twice at a date.

    Raises:
        DataError: With the count, if there are any.
    """
    if again:
        raise DataError(
            f"{again:,} of {n:,} rows are of a customer who stands before at that date.",
            hint="snapshots(orders, as_of=[...]) makes one row a customer and date.",
        )


def names_of(column: Labels, label: str, order: Sequence[str] | None) -> tuple[str, ...]:
    """Return the labels that occur, in order.

    Raises:
        DataError: There are too many.
        SpecError: `order` does not name every label once.
    """
    names = _ordered(column, label, order)
    if len(names) > MOST:
        raise DataError(
            f"{label} has {len(names):,} different labels, more than {MOST:,}.",
            hint="name a column of layers, not of ids or amounts.",
        )
    return names


def label_column(column: Column, label: str) -> Labels:
    """Return a column of texts, or of whole numbers such as scores, as labels.

    Raises:
        ColumnsError: It holds numbers with fractions.
    """
    if isinstance(column, Labels):
        return column
    known = ~np.isnan(column)
    if (column[known] != np.floor(column[known])).any():
        raise ColumnsError(
            f"{label} holds numbers with fractions, not labels.",
            hint="name a column that layers added, such as value.",
        )
    if (np.abs(column[known]) > _EXACT).any():
        raise ColumnsError(
            f"{label} holds numbers above 2^53, too large to tell apart.",
            hint="name a column that layers added, such as value.",
        )
    names, codes = np.unique(column[known].astype(np.int64), return_inverse=True)
    full = np.full(len(column), -1)
    full[known] = codes
    return Labels(full, tuple(int(n) for n in names), ordered=True, column=label)


def relabelled(fitted: Labeller, history: LabelHistory) -> Array:
    """Return for each row of the table the label a fit gives it now, as a place in the names.

    Labels that the table does not have are -1.

    Raises:
        ColumnsError: The table lacks what the fit needs.
    """
    given = vectors.read(history.frame, fitted.needs)
    check_histories(given)
    made = label_column(evaluate(fitted.rules, given)[history.label], history.label)
    place = {name: i for i, name in enumerate(history.names)}
    codes: Array = np.array([*(place.get(str(n), -1) for n in made.names), -1])[made.codes]
    return codes


def made_by(fitted: object, label: str) -> Labeller:
    """Return a fit that makes the label column.

    Raises:
        SpecError: It is no fit, or makes other columns.
    """
    if not isinstance(fitted, Labeller) or label not in fitted.outputs:
        made = ", ".join(fitted.outputs) if isinstance(fitted, Labeller) else "it is no fit"
        raise SpecError(
            f"fitted= does not make the column {label}: {made}.",
            hint="give what spec.fit(customers) returned, the one that labelled these tables.",
        )
    return fitted


def _ordered(column: Labels, label: str, order: Sequence[str] | None) -> tuple[str, ...]:
    """Return the labels that occur, in the order given, known or read, else by name."""
    used = np.bincount(column.codes, minlength=len(column.names)) > 0
    found = [str(name) for name, there in zip(column.names, used, strict=True) if there]
    if order is not None:
        return _as_given(found, order, label)
    known = ["not_evaluable", *(name for axis, name in known_labels() if axis == label)]
    if len(known) > 1 and set(found) <= set(known):
        return tuple(name for name in known if name in found)
    return tuple(found if column.ordered else sorted(found))


def _as_given(found: list[str], order: Sequence[str], label: str) -> tuple[str, ...]:
    given = tuple(map(str, order)) if arguments.is_several(order) else ()
    lacking = [name for name in found if name not in given]
    if lacking or len(set(given)) < len(given):
        raise SpecError(
            f"order= must name every label of {label} once; {len(lacking)} are not named.",
            hint="order=('low', 'mid', 'high') is one such order.",
        )
    return given
