"""Ways to divide the customers, alone and crossed."""

from typing import Any

import attrs
import narwhals.stable.v2 as nw
import numpy as np

from layerwise import vectors
from layerwise.errors import DataError
from layerwise.segments import as_labels, in_order
from layerwise.vectors import Array

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
        ColumnsError: The column is neither whole numbers nor text.
        DataError: It holds more than a thousand distinct values.
    """
    codes, names = in_order(as_labels(vectors.read(frame, [name])[name], name))
    if len(names) > MOST:
        raise DataError(
            f"Column {name} holds {len(names):,} distinct values, too many for segments.",
            hint=f"at most {MOST:,} are compared; group them first.",
        )
    if frame[name].dtype == nw.Boolean:
        names = tuple(str(bool(int(label))) for label in names)
    missing = MISSING
    while missing in names:
        missing = f"({missing})"
    return _used(name, np.where(codes < 0, len(names), codes), (*names, missing))


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
