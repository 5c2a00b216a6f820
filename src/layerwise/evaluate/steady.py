"""Labels that do not flicker: a change counts when it lasts, or when it is clear."""

from collections.abc import Sequence
from typing import Any, TypeVar

import numpy as np

from layerwise import frames, vectors
from layerwise.columns import AS_OF, CUSTOMER
from layerwise.errors import SpecError
from layerwise.evaluate.label_history import (
    ABSENT,
    LabelHistory,
    made_by,
    read_history,
)
from layerwise.labeller import Labeller
from layerwise.rules.base import numbers
from layerwise.rules.cut import Cut
from layerwise.saved import fits
from layerwise.vectors import Array, Labels

FrameT = TypeVar("FrameT")


def steady_labels(
    snapshots: FrameT,
    *,
    label: str,
    agree: int = 2,
    fitted: Labeller | None = None,
    margin: float = 0.05,
    customer: str = CUSTOMER,
    as_of: str = AS_OF,
    order: Sequence[str] | None = None,
) -> FrameT:
    """Return the snapshots with a column `<label>_steady`, in which small wavering is left out.

    A customer keeps the label of the first date until another one is found at `agree` dates in a
    row, or, with `fitted=`, until the number behind the label is past the cut by `margin`: for a
    cut at 100 above 105 or at most 95. Past one cut clearly and the next one barely, the label
    between is taken.

    Args:
        snapshots: Labels of two or more dates, one below the other, an eager frame.
        label: The label column.
        agree: So many refreshes in a row must find the same new label; 1 takes every change.
        fitted: The fit that made the labels by cutting one column, to be past its cuts counts too;
            None lets only lasting changes count.
        margin: How far past the cut is clear, as a share of the cut.
        customer: Column of the customer ids.
        as_of: Column of the dates.
        order: The labels from low to high, as for `measure_migration`.

    Returns:
        The same kind of frame, rows as given. A date at which the customer is not in the table
        interrupts a row of agreeing refreshes; the label is kept.

    Raises:
        ColumnsError: Columns are missing or of the wrong type.
        DataError: Ids, dates or labels are missing, a customer stands twice at a date, there is
            only one date.
        EngineError: The frame is lazy.
        SpecError: `agree` or `margin` is not possible, or `fitted` does not cut numbers into this
            column.

    Example:
        >>> import pandas as pd
        >>> table = pd.DataFrame({
        ...     "customer_id": [1, 1, 1, 1], "value": ["mid", "high", "mid", "mid"],
        ...     "as_of": ["2024-01-31", "2024-02-29", "2024-03-31", "2024-04-30"],
        ... })
        >>> steady_labels(table, label="value")["value_steady"].tolist()
        ['mid', 'mid', 'mid', 'mid']
    """
    _check(agree, margin)
    frame = frames.eager(snapshots, doing="steady_labels")
    cut = None if fitted is None else _cut(fitted, label)
    also = () if fitted is None else fitted.needs
    history = read_history(
        snapshots,
        label=label,
        customer=customer,
        as_of=as_of,
        order=order if cut is None else _names(cut),
        also=also,
        doing="steady_labels",
    )
    clear = None if cut is None else _clear(cut, history, margin)
    held = _hold(history.codes, agree, clear)
    found = Labels(held[history.when, history.who], history.names, True, label)
    result: FrameT = vectors.attach(frame, {f"{label}_steady": found})
    return result


def _check(agree: Any, margin: Any) -> None:
    whole = fits(agree, int) and agree >= 1
    if not whole or not fits(margin, float) or not 0 <= margin < 1:
        raise SpecError(
            f"agree must be a whole number from 1 up, margin from 0 to below 1; got "
            f"{agree!r:.20} and {margin!r:.20}.",
            hint="agree=2, margin=0.05 is the usual choice.",
        )


def _cut(fitted: Labeller, label: str) -> Cut:
    rules = [rule for rule in made_by(fitted, label).rules if rule.output == label]
    if len(rules) != 1 or not isinstance(rules[0], Cut) or rules[0].column not in fitted.needs:
        raise SpecError(
            f"{label} is not cut from one column of the table, so there is no cut to be past.",
            hint="leave fitted= out: a change then counts when refreshes agree.",
        )
    return rules[0]


def _names(cut: Cut) -> tuple[str, ...]:
    """Return the labels of a cut in the order of its numbers, and the label of missing ones."""
    names = tuple(map(str, cut.labels))
    return names if cut.missing is None else (*names, cut.missing)


def _clear(cut: Cut, history: LabelHistory, margin: float) -> tuple[Array, Array]:
    """Return by date and customer the lowest and highest label that the number clearly allows.

    Where there is no number, both are beyond all labels, which says nothing.
    """
    edges = np.asarray(cut.edges, dtype=np.float64)
    value = numbers(vectors.read(history.frame, [cut.column])[cut.column])
    reach = margin * np.abs(edges)
    low = np.full(history.codes.shape, ABSENT, dtype=np.int16)
    high = np.full(history.codes.shape, len(history.names), dtype=np.int16)
    known = ~np.isnan(value)
    place = history.when[known], history.who[known]
    low[place] = np.searchsorted(edges + reach, value[known], side="left")
    high[place] = np.searchsorted(edges - reach, value[known], side="left")
    return low, high


def _hold(codes: Array, agree: int, clear: tuple[Array, Array] | None) -> Array:
    """Return the label held by each customer at each date."""
    held = codes.copy()
    run = np.ones(codes.shape[1], dtype=np.int64)
    for date in range(1, len(codes)):
        now, before = codes[date], held[date - 1]
        run = np.where(now == codes[date - 1], run + 1, 1)
        new = np.where((now == ABSENT) | ((run < agree) & (before != ABSENT)), before, now)
        if clear is not None:
            evaluable = (clear[0][date] != ABSENT) & (before != ABSENT) & (run < agree)
            new = np.where(evaluable, np.clip(before, clear[0][date], clear[1][date]), new)
        held[date] = new
    return held
