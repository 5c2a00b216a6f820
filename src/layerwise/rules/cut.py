"""Numbers to ordered labels."""

from collections.abc import Mapping
from math import floor
from typing import Any

import attrs
import narwhals.stable.v2 as nw
import numpy as np

from layerwise.errors import SpecError
from layerwise.rules.base import (
    LARGEST_FLOAT,
    NOT_EVALUABLE,
    Rule,
    as_numbers,
    as_tuple,
    is_missing,
    numbers,
    show,
)
from layerwise.saved import saved
from layerwise.vectors import Array, Columns, Labels


@saved
@attrs.frozen(kw_only=True)
class Cut(Rule):
    """Numbers to ordered labels: `edges` split the line, a value on an edge is in the lower band.

    Args:
        output: Name of the label column.
        column: The column that is cut.
        edges: Ascending; equal edges leave the band between them empty.
        labels: One more than edges, in the order of the numbers. Whole numbers make a score.
        missing: The label of missing values; None leaves them missing (scores).
        descending: The order from worst to best is the reverse of the order of the numbers.

    >>> rule = Cut(output="value", column="spend", edges=(50, 200), labels=("low", "mid", "high"))
    >>> rule.evaluate({"spend": np.array([50.0, 50.01, 1e6])}).objects().tolist()
    ['low', 'mid', 'high']
    """

    column: str
    edges: tuple[float, ...] = attrs.field(converter=as_numbers)
    labels: tuple[str, ...] | tuple[int, ...] = attrs.field(converter=as_tuple)
    missing: str | None = NOT_EVALUABLE
    descending: bool = False

    def __attrs_post_init__(self) -> None:
        if len(self.labels) != len(self.edges) + 1 or len(set(self.labels)) != len(self.labels):
            raise SpecError(
                f"{self.output}: {len(self.edges)} edges need {len(self.edges) + 1} different "
                f"labels, got {len(self.labels)}.",
                hint="edges=(50, 200) go with labels=('low', 'mid', 'high').",
            )
        if not all(np.isfinite(self.edges)) or list(self.edges) != sorted(self.edges):
            raise SpecError(
                f"{self.output}: edges must be finite and ascending.",
                hint="sort them; the outer bands are open.",
            )

    @property
    def inputs(self) -> tuple[str, ...]:
        """The one column that is cut."""
        return (self.column,)

    @property
    def possible(self) -> tuple[str, ...]:
        """The labels from worst to best; none for a score."""
        return tuple(name for name in self._names if isinstance(name, str))

    @property
    def _names(self) -> tuple[Any, ...]:
        ranked = self.labels[::-1] if self.descending else self.labels
        return ranked if self.missing is None else (self.missing, *ranked)

    def evaluate(self, columns: Columns) -> Labels:
        """Return the labels: the band is the number of edges below the value."""
        values = numbers(columns[self.column])
        first = 0 if self.missing is None else 1
        kind = np.int8 if len(self._names) < 127 else np.int16
        band: Array = np.full(len(values), first + len(self.edges) * self.descending, dtype=kind)
        move = np.subtract if self.descending else np.add
        for edge in _comparable(values, self.edges):
            # As bytes: adding booleans would cast first.
            move(band, (values > edge).view(np.int8), out=band)
        if values.dtype.kind == "f":
            band[np.isnan(values)] = first - 1
        return Labels(band, self._names, ordered=True)

    def expression(self) -> Any:
        """Return nested when/then, from the highest band down."""
        value = nw.col(self.column)
        labels: list[Any] = [nw.lit(label) for label in self.labels]
        result: Any = nw.when(value <= LARGEST_FLOAT).then(labels[-1])
        if self.missing is not None:
            result = result.otherwise(nw.lit(self.missing))
        for edge, label in zip(self.edges[::-1], labels[-2::-1], strict=True):
            result = nw.when(value <= edge).then(label).otherwise(result)
        return result

    def reason(self, row: Mapping[str, Any]) -> str:
        """Name the value and the edges on both sides of it."""
        value = row[self.column]
        if is_missing(value):
            return f"{self.column} is missing"
        below = [edge for edge in self.edges if value > edge]
        above = [edge for edge in self.edges if value <= edge]
        parts = [f"above {show(below[-1])}"] if below else []
        parts += [f"at most {show(above[0])}"] if above else []
        return f"{self.column} = {show(value)}, {' and '.join(parts) or 'the only band'}"


def _comparable(values: Array, edges: tuple[float, ...]) -> tuple[float, ...]:
    """Return edges that split the values alike without numpy casting whole numbers to floats."""
    if values.dtype.kind != "i":
        return edges
    return tuple(floor(e) if abs(e) < 2**53 else e for e in edges)
