"""Columns of labels as codes in an order that does not depend on the rows."""

import numpy as np

from layerwise.errors import ColumnsError
from layerwise.vectors import Array, Column, Labels

_EXACT = 2.0**53


def as_labels(column: Column, name: str) -> Labels:
    """Return a column as labels; whole numbers, such as scores, are labels in their own order.

    >>> found = as_labels(np.array([3.0, np.nan, 1.0, 3.0]), "score")
    >>> found.codes.tolist(), found.names
    ([1, -1, 0, 1], (1, 3))

    Raises:
        ColumnsError: The numbers are no labels.
    """
    if isinstance(column, Labels):
        return column
    known = ~np.isnan(column)
    values = column[known]
    if ((values != np.floor(values)) | (np.abs(values) > _EXACT)).any():
        raise ColumnsError(
            f"{name} holds numbers with fractions or above 2^53, not labels.",
            hint="cut it into layers first, or name a column of labels.",
        )
    distinct, code = np.unique(values.astype(np.int64), return_inverse=True)
    codes = np.full(len(column), -1, dtype=np.int64)
    codes[known] = code
    return Labels(codes, tuple(distinct.tolist()), ordered=True, column=name)


def in_order(labels: Labels) -> tuple[Array, tuple[str, ...]]:
    """Return codes and names in the order of the labels, if they have one, else sorted.

    Names that nobody has are left out; -1 is missing.

    >>> codes, names = in_order(Labels(np.array([2, 0, -1]), ("mid", "odd", "low")))
    >>> codes.tolist(), names
    ([0, 1, -1], ('low', 'mid'))
    """
    names = [str(name) for name in labels.names]
    used = np.flatnonzero(np.bincount(labels.codes[labels.codes >= 0], minlength=len(names)))
    order = used if labels.ordered else sorted(used.tolist(), key=names.__getitem__)
    place = np.full(len(names) + 1, -1, dtype=np.int64)
    place[order] = np.arange(len(order))
    return place[labels.codes], tuple(names[i] for i in order)
