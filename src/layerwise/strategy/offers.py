"""What coupons and win-back lists share: reading their columns, and choosing the best."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from layerwise import arguments, frames, vectors
from layerwise.errors import ColumnsError, DataError, SpecError, problems
from layerwise.orders.amounts import MOST_MONEY
from layerwise.orders.table import column
from layerwise.rules.base import numbers
from layerwise.saved import fits
from layerwise.strategy.holdout import draws
from layerwise.truths import is_true
from layerwise.vectors import Array, Floats, Labels


def read_numbers(frame: Any, name: str, what: str, *, most: float = MOST_MONEY) -> Floats:
    """Return a column of a wrapped eager frame from 0 to `most`, missing as NaN.

    Raises:
        ColumnsError: It is not there, or holds text.
        DataError: Numbers are outside.
    """
    arguments.check_named({what: name})
    arguments.require(frames.column_names(frame), {name: what}, title="A column is missing:")
    found = vectors.read(frame, [name])[name]
    if isinstance(found, Labels) and any(isinstance(n, str) for n in found.names):
        raise ColumnsError(f"Column {name} holds text, not numbers.", hint="make it numbers.")
    values = numbers(found).astype(np.float64)
    outside = int(((values < 0) | (values > most)).sum())
    if outside:
        none = int((values > most).sum()) == 0 and most == MOST_MONEY
        limit = "negative" if none else f"outside 0 to {most:g}"
        raise DataError(
            f"{name} is {limit} in {outside:,} of {len(values):,} rows.",
            hint="correct them or make them missing.",
        )
    return values


def read_labels(frame: Any, name: str, what: str) -> Array:
    """Return a column of labels as texts, missing as "".

    Raises:
        ColumnsError: It is not there.
    """
    arguments.check_named({what: name})
    arguments.require(frames.column_names(frame), {name: what}, title="A column is missing:")
    found = vectors.read(frame, [name])[name]
    if isinstance(found, Labels):
        texts: Array = np.array([*map(str, found.names), ""], dtype=object)[found.codes]
        return texts
    if len(found) and not np.isnan(found).all():
        raise ColumnsError(f"Column {name} holds numbers, not labels.", hint="make it text.")
    return np.full(len(found), "", dtype=object)


def read_flag(frame: Any, name: str | None, what: str, *, default: bool = False) -> Array:
    """Return where a column says true; missing is false, so that consent is never assumed.

    Raises:
        ColumnsError: It is not there, or holds anything but true and false, 1 and 0.
    """
    if name is None:
        return np.full(len(frame), default)
    arguments.check_named({what: name})
    arguments.require(frames.column_names(frame), {name: what}, title="A column is missing:")
    return is_true(column(frame.to_native(), name), name)


def check_numbers(what: str, given: Mapping[str, tuple[Any, float, float]], hint: str) -> None:
    """Refuse choices that are no numbers in their range: name -> (value, lowest, highest).

    Raises:
        SpecError: With all of them.
    """
    wrong = []
    for name, (value, low, high) in given.items():
        if not (fits(value, float) and low <= value <= high):
            wrong.append(f"{name} must be a number from {low:g} to {high:g}")
    if wrong:
        raise SpecError(problems(f"{what} cannot be used so:", wrong), hint=hint)


def best_first(worth: Floats, among: Array, ids: Any, *, salt: str) -> Array:
    """Return the places of some customers (a mask), the most worth first.

    Equals go by a draw from their id, so that neither the order of rows nor that of ids decides.
    """
    places = np.flatnonzero(among)
    lot = draws(np.asarray(ids, dtype=object)[places].tolist(), "ties", salt=salt)
    order = np.lexsort((lot, -worth[places]))
    ordered: Array = places[order]
    return ordered
