"""What the rows of a group add up to: all that means, variances and covariances need."""

from collections.abc import Sequence
from typing import Any

import attrs
import numpy as np

from layerwise.errors import DataError
from layerwise.vectors import Array, Floats

LARGEST = 1e140
"""Numbers above it have squares, and sums of squares, beyond what a float holds."""

_ROUNDING = 1e-13
"""What is left of a mean of zeros after the centre was taken off and added again."""


@attrs.frozen(eq=False)
class Sums:
    """Counts and sums about a common centre, by group.

    Attributes:
        n: Rows, of any shape: arms by layers, say.
        first: Sums of each column less its centre; one axis more than n.
        second: Sums of products of two columns less their centres; two axes more.
        centre: What was taken off each column, so that squares of large numbers do not cancel.
    """

    n: Floats
    first: Floats
    second: Floats
    centre: Floats

    def mean(self) -> Floats:
        """Return the means, missing for empty groups."""
        mean = self.centre + self.first / _or_missing(self.n, 0)[..., None]
        return np.where(np.abs(mean) < _ROUNDING * np.abs(self.centre), 0.0, mean)

    def covariance(self) -> Floats:
        """Return the sample covariances, missing below two rows."""
        n = _or_missing(self.n, 0)[..., None, None]
        about = self.first[..., :, None] * self.first[..., None, :] / n
        return (self.second - about) / _or_missing(self.n - 1, 0)[..., None, None]

    def add(self, other: "Sums") -> "Sums":
        """Return the sums of both groups' rows together."""
        return attrs.evolve(
            self,
            n=self.n + other.n,
            first=self.first + other.first,
            second=self.second + other.second,
        )

    def __getitem__(self, place: Any) -> "Sums":
        """Return some of the groups."""
        return attrs.evolve(
            self,
            n=self.n[place],
            first=self.first[place],
            second=self.second[place],
        )


def sums_by(group: Array, shape: tuple[int, ...], columns: Sequence[Floats]) -> Sums:
    """Return the sums of columns without missing values over groups numbered row by row.

    Raises:
        DataError: Numbers are too large.
    """
    size, k = int(np.prod(shape)), len(columns)
    if huge := sum(int((np.abs(c) > LARGEST).sum()) for c in columns):
        raise DataError(
            f"{huge:,} numbers are too large to be squared and summed.",
            hint="correct them, or take a larger unit.",
        )
    centre = np.array([float(c.mean()) if len(c) else 0.0 for c in columns])
    off = [c - m for c, m in zip(columns, centre, strict=True)]
    first, second = np.empty((size, k)), np.empty((size, k, k))
    for i in range(k):
        first[:, i] = np.bincount(group, off[i], minlength=size)
        for j in range(i + 1):
            both = np.bincount(group, off[i] * off[j], minlength=size)
            second[:, i, j] = second[:, j, i] = both
    n = np.bincount(group, minlength=size).astype(np.float64)
    return Sums(n.reshape(shape), first.reshape(*shape, k), second.reshape(*shape, k, k), centre)


def _or_missing(n: Floats, least: float) -> Floats:
    return np.where(n > least, n, np.nan)
