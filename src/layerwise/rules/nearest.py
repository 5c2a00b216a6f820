"""Labels by the largest of several columns, or by the nearest of several centres."""

from collections.abc import Iterable
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
    compact,
    numbers,
)
from layerwise.saved import saved
from layerwise.vectors import Columns, Labels


@saved
@attrs.frozen(kw_only=True)
class Largest(Rule):
    """The label of the largest of several number columns, if it reaches a least value.

    Args:
        output: Name of the label column.
        columns: The columns compared; of equal values the first column's label wins.
        labels: One label a column.
        at_least: What the largest value must reach.
        otherwise: The label below `at_least`.
        missing: The label where any of the columns is missing.

    >>> names = {"columns": ("share_tea", "share_beer"), "labels": ("tea", "beer")}
    >>> rule = Largest(output="taste", at_least=0.6, otherwise="mixed", **names)
    >>> shares = {"share_tea": np.array([0.9, 0.5]), "share_beer": np.array([0.1, 0.5])}
    >>> rule.evaluate(shares).objects().tolist()
    ['tea', 'mixed']
    """

    columns: tuple[str, ...] = attrs.field(converter=as_tuple)
    labels: tuple[str, ...] = attrs.field(converter=as_tuple)
    at_least: float = 0.0
    otherwise: str
    missing: str = NOT_EVALUABLE

    def __attrs_post_init__(self) -> None:
        if not self.columns or len(self.labels) != len(self.columns):
            raise SpecError(
                f"{self.output}: {len(self.columns)} columns need as many labels, at least one, "
                f"got {len(self.labels)}.",
                hint="give one label for each column, in the same order.",
            )
        if not np.isfinite(self.at_least):
            raise SpecError(
                f"{self.output}: at_least must be a finite number.",
                hint="at_least=0 takes every positive number.",
            )

    @property
    def inputs(self) -> tuple[str, ...]:
        """The compared columns."""
        return self.columns

    @property
    def possible(self) -> tuple[str, ...]:
        """The labels, in no order."""
        return (self.missing, self.otherwise, *self.labels)

    def evaluate(self, columns: Columns) -> Labels:
        """Return the labels."""
        values = np.stack([numbers(columns[name]) for name in self.columns])
        unknown = np.isnan(values).any(axis=0)
        best = np.where(np.isnan(values), -np.inf, values).argmax(axis=0)
        reached = np.take_along_axis(values, best[None], axis=0)[0] >= self.at_least
        codes = np.where(unknown, 0, np.where(reached, best + 2, 1))
        return compact(codes, self.possible)

    def expression(self) -> Any:
        """Return nested when/then over the pairwise comparisons."""
        result = nw.lit(self.otherwise)
        for i in reversed(range(len(self.columns))):
            value = nw.col(self.columns[i])
            wins = value >= self.at_least
            for j, other in enumerate(self.columns):
                if j != i:
                    wins = wins & (value > nw.col(other) if j < i else value >= nw.col(other))
            result = nw.when(wins).then(nw.lit(self.labels[i])).otherwise(result)
        for name in self.columns:
            result = nw.when(nw.col(name).is_null()).then(nw.lit(self.missing)).otherwise(result)
        return result


def _points(points: Iterable[Iterable[float]]) -> tuple[tuple[float, ...], ...]:
    return tuple(as_numbers(point) for point in points)


@saved
@attrs.frozen(kw_only=True)
class Nearest(Rule):
    """The label of the nearest centre, by Euclidean distance; of equal distances the first wins.

    Args:
        output: Name of the label column.
        columns: The coordinates.
        centers: One point a label, in the order of `columns`.
        labels: One label a centre.
        root: Take square roots of the coordinates first (Hellinger distance of shares).
        missing: The label where a coordinate is missing.

    >>> near = {"columns": ("orders",), "centers": ((1,), (9,)), "labels": ("few", "many")}
    >>> rule = Nearest(output="size", **near)
    >>> rule.evaluate({"orders": np.array([2.0, 7.0, np.nan])}).objects().tolist()
    ['few', 'many', 'not_evaluable']
    """

    columns: tuple[str, ...] = attrs.field(converter=as_tuple)
    centers: tuple[tuple[float, ...], ...] = attrs.field(converter=_points)
    labels: tuple[str, ...] = attrs.field(converter=as_tuple)
    root: bool = False
    missing: str = NOT_EVALUABLE

    def __attrs_post_init__(self) -> None:
        if not self.columns or not self.centers or len(self.labels) != len(self.centers):
            raise SpecError(
                f"{self.output}: {len(self.centers)} centres need as many labels, at least one, "
                f"got {len(self.labels)}.",
                hint="give one label for each centre, in the same order.",
            )
        if any(len(c) != len(self.columns) or not np.isfinite(c).all() for c in self.centers):
            raise SpecError(
                f"{self.output}: each centre needs a finite number for each column.",
                hint="leave out columns that a centre does not know.",
            )

    @property
    def inputs(self) -> tuple[str, ...]:
        """The coordinates."""
        return self.columns

    @property
    def possible(self) -> tuple[str, ...]:
        """The labels, in no order."""
        return (self.missing, *self.labels)

    def evaluate(self, columns: Columns) -> Labels:
        """Return the labels."""
        points = np.stack([numbers(columns[name]) for name in self.columns])
        with np.errstate(invalid="ignore"):
            points = np.sqrt(points) if self.root else points
        far = [((points - np.array(c)[:, None]) ** 2).sum(axis=0) for c in self.centers]
        unknown = np.isnan(points).any(axis=0)
        best = np.argmin(np.where(unknown, 0.0, np.stack(far)), axis=0)
        return compact(np.where(unknown, 0, best + 1), self.possible)

    def expression(self) -> Any:
        """Return nested when/then over the squared distances."""
        far = [self._distance(center) for center in self.centers]
        result = nw.lit(self.labels[-1])
        for i in reversed(range(len(far) - 1)):
            wins = far[i] <= far[i + 1]
            for other in far[i + 2 :]:
                wins = wins & (far[i] <= other)
            result = nw.when(wins).then(nw.lit(self.labels[i])).otherwise(result)
        known = far[0] <= LARGEST_FLOAT
        return nw.when(known).then(result).otherwise(nw.lit(self.missing))

    def _distance(self, center: tuple[float, ...]) -> Any:
        steps = []
        for name, place in zip(self.columns, center, strict=True):
            value = nw.col(name)
            if self.root:  # some databases raise at the root of a negative number
                value = nw.when(value >= 0).then(value).sqrt()
            steps.append((value - place) * (value - place))
        return sum(steps[1:], start=steps[0])
