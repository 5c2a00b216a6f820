"""The frozen bins of a reference table: numbers by tenths, labels by name."""

from collections.abc import Mapping
from typing import Any

import attrs
import numpy as np

from layerwise import arguments, frames, vectors
from layerwise.brief import in_brief
from layerwise.columns import CUSTOMER
from layerwise.errors import ColumnsError, DataError, SpecError
from layerwise.rules.base import as_numbers
from layerwise.saved import fits, saved
from layerwise.vectors import Array, Column, Floats, Labels

MOST_LABELS = 50
RARE = 5

BANDS, VALUES, LABELS = "bands", "values", "labels"


@saved
@attrs.frozen(kw_only=True)
class ColumnBins:
    """The bins of one column and how many rows of the reference fell into each.

    Attributes:
        kind: "bands" of numbers, single "values" of few distinct numbers, or "labels".
        edges: Upper edges of bands (the last band is open), or the values; an edge belongs to the
            lower band.
        labels: The labels.
        counts: Rows by bin; the last two are everything else (values or labels that the reference
            has rarely or never) and missing.
    """

    kind: str
    edges: tuple[float, ...] = attrs.field(converter=as_numbers, default=())
    labels: tuple[str, ...] = ()
    counts: tuple[int, ...]

    def count(self, column: Column) -> Array:
        """Return how many rows of a column fall into each of the same bins."""
        return _count(self._codes(column), len(self.counts))

    def _codes(self, column: Column) -> Array:
        last = len(self.counts) - 1
        if self.kind == LABELS:
            return _label_codes(column, self.labels, last)
        values = _numbers(column)
        codes = np.searchsorted(self.edges, values, side="left")
        if self.kind == VALUES and not self.edges:
            codes = np.full(len(values), last - 1)
        elif self.kind == VALUES:
            near = np.minimum(codes, len(self.edges) - 1)
            codes = np.where(np.array(self.edges)[near] == values, near, last - 1)
        return np.where(np.isnan(values), last, codes)


@saved
@attrs.frozen(kw_only=True)
class DriftReference:
    """The bins of a table as it was, to compare later tables with.

    Attributes:
        columns: The columns' names.
        bins: Their bins, in the same order.
        rows: How many rows the table had.
    """

    columns: tuple[str, ...]
    bins: tuple[ColumnBins, ...]
    rows: int

    __repr__ = in_brief


def drift_reference(
    customers: Any, *, columns: Any = None, bins: int = 10, what: str = "the reference"
) -> DriftReference:
    """Return the frozen bins of a table, which hold no rows.

    Numbers are cut at the tenths of the table, between distinct values, so that ties make fewer
    bins; columns of at most `bins` distinct numbers have a bin for each. Labels have a bin each, if
    they are on 5 rows or more. What else comes up later falls into one bin, missing values into
    another.

    Args:
        customers: A table with a row a customer, an eager frame.
        columns: Which columns; None takes all of numbers or labels but `customer_id`.
        bins: How many bins numbers are cut into.
        what: What messages call the table.

    Raises:
        ColumnsError: A column is missing or neither numbers nor labels.
        DataError: The table has no rows, or a column infinite numbers.
        SpecError: `bins` is not a whole number from 2 up.

    Example:
        >>> import pandas as pd
        >>> table = pd.DataFrame({"orders": range(100), "tier": ["gold", "tin"] * 50})
        >>> reference = drift_reference(table, bins=4)
        >>> reference.bins[0].edges, reference.bins[0].counts
        ((24.0, 49.0, 74.0), (25, 25, 25, 25, 0, 0))
        >>> reference.bins[1].labels, reference.bins[1].counts
        (('gold', 'tin'), (50, 50, 0, 0))
    """
    if not fits(bins, int) or bins < 2:
        raise SpecError(
            f"bins must be a whole number from 2 up, got {bins!r:.40}.",
            hint="bins=10 cuts at the tenths.",
        )
    read = read_columns(customers, columns, what)
    return DriftReference(
        columns=tuple(read),
        bins=tuple(_bins(column, bins) for column in read.values()),
        rows=len(next(iter(read.values()))),
    )


def read_columns(table: Any, columns: Any, what: str) -> dict[str, Column]:
    """Return the columns to compare, which must be there.

    Raises:
        ColumnsError: A column is missing or cannot be compared.
        DataError: The table has no rows.
    """
    frames.wrap(table, what=what)
    frame = frames.eager(table, doing=what)
    names = frames.column_names(frame)
    chosen = None if columns is None else chosen_names(columns)
    if chosen is not None:
        arguments.require(names, dict.fromkeys(chosen, "drift"), title=f"{what} lacks columns:")
    if not len(frame):
        raise DataError(f"{what} has no rows.", hint="check the filter it came from.")
    found = chosen or [name for name in names if name != CUSTOMER and _readable(frame, name)]
    if not found:
        raise ColumnsError(
            f"{what} has no columns of numbers or labels to compare.", hint="name them: columns=."
        )
    return dict(vectors.read(frame, found, what=what))


def chosen_names(columns: Any) -> list[str]:
    """Return the names of the columns asked for.

    Raises:
        SpecError: They are none.
    """
    chosen = arguments.several(columns)
    if not chosen or not all(isinstance(name, str) for name in chosen):
        raise SpecError("columns must name columns.", hint="None takes all.")
    return list(dict.fromkeys(chosen))


def _readable(frame: Any, name: str) -> bool:
    try:
        vectors.read(frame.head(1), [name])
    except ColumnsError:
        return False
    except DataError:
        return True
    return True


def _bins(column: Column, bins: int) -> ColumnBins:
    if isinstance(column, Labels) and not _numeric(column):
        return _label_bins(column)
    values = _numbers(column)
    known = np.sort(values[~np.isnan(values)])
    distinct = known[np.flatnonzero(np.diff(known, prepend=-np.inf))] if len(known) else known
    if len(distinct) <= bins:
        made = ColumnBins(kind=VALUES, edges=distinct, counts=(0,) * (len(distinct) + 2))
    else:
        places = -(-len(known) * np.arange(1, bins) // bins) - 1
        edges = np.unique(known[places])
        made = ColumnBins(kind=BANDS, edges=edges, counts=(0,) * (len(edges) + 3))
    return attrs.evolve(made, counts=tuple(made.count(values).tolist()))


def _label_bins(column: Labels) -> ColumnBins:
    known = np.bincount(column.codes[column.codes >= 0], minlength=len(column.names))
    often = sorted(str(n) for n, k in zip(column.names, known, strict=True) if k >= RARE)
    made = ColumnBins(kind=LABELS, labels=tuple(often), counts=(0,) * (len(often) + 2))
    return attrs.evolve(made, counts=tuple(made.count(column).tolist()))


def _label_codes(column: Column, labels: tuple[str, ...], last: int) -> Array:
    """Return the bin of each row; numbers where labels were are unknown labels."""
    if not isinstance(column, Labels):
        return np.where(np.isnan(column.astype(np.float64)), last, last - 1)
    place: Mapping[str, int] = {label: i for i, label in enumerate(labels)}
    table = np.array([*(place.get(str(n), last - 1) for n in column.names), last])
    codes: Array = table[column.codes]
    return codes


def _numeric(column: Labels) -> bool:
    return bool(column.names) and not isinstance(column.names[0], str)


def _numbers(column: Column) -> Floats:
    values = column.numbers() if isinstance(column, Labels) else column
    return np.asarray(values, dtype=np.float64)


def _count(codes: Array, n: int) -> Array:
    counts: Array = np.bincount(codes, minlength=n)
    return counts
