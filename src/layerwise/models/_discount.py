"""Discounting: ∫ e^(−δt) dE(t) over 0 < t < h, where E(t) is expected of each customer by t."""

from collections.abc import Callable, Iterator
from functools import cache

import numpy as np
from numpy.typing import NDArray

from layerwise.models._special import Array

Orders = Callable[[NDArray[np.intp], Array], Array]
"""(rows, days ahead as nodes × rows) -> what is expected by then, of the same shape."""

_CELLS = 1 << 17
_NOTHING = 45.0
_RULES = ((1.0, 10), (2.0, 14), (4.0, 22), (8.0, 40), (16.0, 72), (32.0, 128), (np.inf, 256))
"""Longest range of ln(1 + t/bend), and the nodes that are exact to 1e-12 there."""


def discounted(orders: Orders, bend: Array, h: float, rate: float, *, waves: int = 1) -> Array:
    """Return the integral for each row, by parts: e^(−δh) E(h) + δ ∫ e^(−δt) E(t) dt.

    All terms are positive. Gauss's rule in ln(1 + t/bend) puts nodes where E bends; beyond
    t = 45/δ nothing is left.

    Args:
        orders: E.
        bend: The days in which E bends first, one a row.
        h: Days ahead.
        rate: δ a day, above 0.
        waves: How many waves E has: orders that come regularly make steps.
    """
    h = min(h, _NOTHING / rate)
    bend = 1.0 / (1.0 / bend + rate)
    length = np.log1p(h / bend)
    out = np.empty(len(bend))
    for rows, (y, weights) in _parts(length, waves):
        tau = length[rows] * y[:, None]
        since = bend[rows] * np.expm1(tau)
        parts = (rate * length[rows] * weights[:, None]) * (bend[rows] + since)
        parts *= np.exp(-rate * since)
        days = np.concatenate((since, np.full((1, len(rows)), h)))
        expected = orders(rows, days)
        parts *= expected[:-1]
        out[rows] = parts.sum(axis=0) + np.exp(-rate * h) * expected[-1]
    return out


def _parts(length: Array, waves: int) -> Iterator[tuple[NDArray[np.intp], tuple[Array, Array]]]:
    """Yield blocks of rows with the rule that their range needs, whatever the other rows."""
    needed = np.searchsorted([most for most, _ in _RULES], length)
    for rule, (_, nodes) in enumerate(_RULES):
        rows = np.flatnonzero(needed == rule)
        step = max(1, _CELLS // (nodes * waves))
        for start in range(0, len(rows), step):
            yield rows[start : start + step], _gauss_rule(nodes * waves)


@cache
def _gauss_rule(nodes: int) -> tuple[Array, Array]:
    """Return points and weights of Gauss's rule on 0 to 1."""
    points, weights = np.polynomial.legendre.leggauss(nodes)
    return (points + 1.0) / 2.0, weights / 2.0
