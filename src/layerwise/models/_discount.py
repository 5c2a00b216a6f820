"""Discounting: ∫ e^(−δt) dE(t) over 0 < t < h, where E(t) is expected of each customer by t."""

from collections.abc import Callable
from functools import cache

import numpy as np
from numpy.typing import NDArray

from layerwise.models._special import Array

Orders = Callable[[NDArray[np.intp], Array], Array]
"""(rows, days ahead) -> what is expected of these rows by then; a row stands in it many times."""

_BLOCK = 8192
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
    out = np.zeros(len(bend))
    if h == 0.0:
        return out
    for start in range(0, len(bend), _BLOCK):
        part = slice(start, start + _BLOCK)
        row, days, weight = _nodes(bend[part], h, rate, waves)
        weight *= orders(row + start, days)
        out[part] = np.bincount(row, weight, len(bend[part]))
    return out


def discounted_at_once(
    orders: Callable[[float], Array], bend: Array, h: float, rate: float
) -> Array:
    """Return the same where E cannot be asked of single rows: all share the first bend's nodes.

    Args:
        orders: Days ahead -> E of every row.
        bend: As above; missing ones are not looked at.
        h: Days ahead.
        rate: δ a day, above 0.
    """
    first = float(np.nanmin(bend, initial=np.inf))
    h = min(h, _NOTHING / rate)
    if h == 0.0 or not np.isfinite(first):
        return np.zeros(len(bend)) * bend
    _, days, weight = _nodes(np.array([1.0 / (1.0 / first + rate)]), h, rate, 1)
    return np.asarray(sum(w * orders(t) for t, w in zip(days.tolist(), weight, strict=True)))


def _nodes(bend: Array, h: float, rate: float, waves: int) -> tuple[NDArray[np.intp], Array, Array]:
    """Return rows, days and weights of all nodes; h has weight e^(−δh).

    A row's rule follows from its own range, whatever the other rows are.
    """
    length = np.log1p(h / bend)
    rules = np.searchsorted([most for most, _ in _RULES], length)
    end = np.full(len(bend), h)
    row, days, weight = [np.arange(len(bend))], [end], [np.exp(-rate * end)]
    for rule in np.unique(rules):
        some = np.flatnonzero(rules == rule)
        y, w = _gauss_rule(_RULES[rule][1] * waves)
        since = bend[some] * np.expm1(length[some] * y[:, None])
        each = (rate * length[some] * w[:, None]) * (bend[some] + since)
        row.append(np.tile(some, len(y)))
        days.append(since.ravel())
        weight.append((each * np.exp(-rate * since)).ravel())
    return np.concatenate(row), np.concatenate(days), np.concatenate(weight)


@cache
def _gauss_rule(nodes: int) -> tuple[Array, Array]:
    """Return points and weights of Gauss's rule on 0 to 1."""
    points, weights = np.polynomial.legendre.leggauss(nodes)
    return (points + 1.0) / 2.0, weights / 2.0
