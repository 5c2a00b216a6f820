"""Columns of labels as codes in an order that does not depend on the rows."""

from typing import Any

import attrs
import narwhals.stable.v2 as nw
import numpy as np

from layerwise import frames
from layerwise.errors import DataError
from layerwise.frames import Array, Labels

MISSING = "(missing)"
MOST = 1_000
"""Distinct values a column of segments may have."""


@attrs.frozen(eq=False)
class Segments:
    """A way to divide the customers.

    Attributes:
        name: The column, or columns.
        codes: The place of each customer's segment in `names`.
        names: The segments, none empty; missing labels are the last one.
    """

    name: str
    codes: Array
    names: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.names)

    def take(self, rows: Array) -> "Segments":
        """Return the segments of some customers, without those that have none left."""
        return _used(self.name, self.codes[rows], self.names)


def read_segments(frame: Any, name: str) -> Segments:
    """Return a column of labels, or of few whole numbers, as segments.

    Raises:
        ColumnsError: The column is neither numbers nor text.
        DataError: It holds fractions or more than a thousand distinct values.
    """
    column = frames.read(frame, [name])[name]
    if isinstance(column, Labels):
        places, texts = _of_labels(column)
    else:
        places, texts = _of_numbers(name, column, frame[name].dtype == nw.Boolean)
    distinct = len(np.unique(places[places >= 0]))
    if distinct > MOST:
        raise DataError(
            f"Column {name} holds {distinct:,} distinct values, too many for segments.",
            hint=f"at most {MOST:,} are compared; group them first.",
        )
    missing = MISSING
    while missing in texts:
        missing = f"({missing})"
    return _used(name, np.where(places < 0, len(texts), places), (*texts, missing))


def _of_labels(column: Labels) -> tuple[Array, tuple[str, ...]]:
    names: Any = column.names
    order = range(len(names)) if column.ordered else np.argsort(np.asarray(names, dtype=object))
    place = np.full(len(names) + 1, -1, dtype=np.int64)
    place[list(order)] = np.arange(len(names))
    return place[column.codes], tuple(str(names[i]) for i in order)


def _of_numbers(name: str, values: Array, boolean: bool) -> tuple[Array, tuple[str, ...]]:
    known = ~np.isnan(values)
    found, inverse = np.unique(values[known], return_inverse=True)
    if (found != np.floor(found)).any():
        raise DataError(
            f"Column {name} holds numbers with fractions, no labels.",
            hint="cut it into layers first, e.g. with layerwise.Value or pandas.cut.",
        )
    places = np.full(len(values), -1, dtype=np.int64)
    places[known] = inverse
    return places, tuple(str(bool(v)) if boolean else f"{v:.0f}" for v in found)


def _used(name: str, codes: Array, names: tuple[str, ...]) -> Segments:
    used = np.bincount(codes, minlength=len(names)) > 0
    place = np.cumsum(used) - 1
    return Segments(name, place[codes], tuple(n for n, u in zip(names, used, strict=True) if u))


def cross(first: Segments, second: Segments) -> Segments:
    """Return the combinations of two ways to divide that customers have."""
    code = first.codes * len(second) + second.codes
    found, codes = np.unique(code, return_inverse=True)
    names = tuple(
        f"{first.names[i // len(second)]} & {second.names[i % len(second)]}" for i in found.tolist()
    )
    return Segments(f"{first.name} & {second.name}", codes, names)
