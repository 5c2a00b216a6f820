"""Sums that the order of rows does not change."""

from math import fsum

import numpy as np

from layerwise.vectors import Array

_WHOLE = 2.0**53


def exact_sum(values: Array) -> float:
    """Return the sum, rounded once; of whole numbers (days, counts) at the speed of numpy.

    >>> exact_sum(np.array([0.1] * 10)), exact_sum(np.array([3.0, 4.0]))
    (1.0, 7.0)
    """
    whole = values.dtype.kind in "iu" or np.array_equal(np.rint(values), values)
    return float(values.sum()) if whole and np.abs(values).sum() < _WHOLE else fsum(values)
