"""Expensive functions of (x, T): computed on distinct pairs, or interpolated in ln(1 + T/alpha)."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from layerwise.models._special import Array

Function = Callable[[Array, Array], Array]
"""(x, T in days) -> a number, vectorised."""

_BLOCK = 8192
_LARGEST_TABLE = 1 << 23
_FEW = 20_000
PANEL = 0.625
_NODES = 12


def on_distinct(function: Function, x: NDArray[Any], T: NDArray[Any], alpha: float) -> Array:
    """Return `function(x, T)` for each row, evaluated on far fewer points than rows.

    Whole days are looked up in a table over (x, T). Other times, and many pairs of days, are
    interpolated by a polynomial on panels of ln(1 + T/alpha) whose ends are the same for every
    table, so that an answer does not depend on the other rows. Rows with missing values get NaN.
    """
    if x.dtype.kind == "f" or T.dtype.kind == "f":
        known = ~(np.isnan(x) | np.isnan(T))
        if not known.all():
            out = np.full(len(x), np.nan)
            out[known] = on_distinct(function, x[known], T[known], alpha)
            return out
    if not len(x):
        return np.zeros(0)
    if _whole(T) and (float(x.max()) + 1.0) * (float(T.max()) + 1.0) <= _LARGEST_TABLE:
        return _looked_up(function, x, T, alpha)
    if len(x) <= _FEW or float(x.max()) > 1e5:
        return function(x.astype(np.float64), T.astype(np.float64))
    return _on_panels(function, x, T, alpha)


def _whole(T: NDArray[Any]) -> bool:
    return T.dtype.kind != "f" or bool((np.floor(T) == T).all())


def _looked_up(function: Function, x: NDArray[Any], T: NDArray[Any], alpha: float) -> Array:
    width = int(T.max()) + 1
    cell = x.astype(np.int32)
    cell *= np.int32(width)
    cell += T.astype(np.int32)
    used = np.zeros((int(x.max()) + 1) * width, dtype=bool)
    used[cell] = True
    cells = np.flatnonzero(used)
    table: Array = np.empty(len(used))
    table[cells] = _on_panels(function, cells // width, cells % width, alpha)
    values: Array = table[cell]
    return values


def _on_panels(function: Function, x: NDArray[Any], T: NDArray[Any], alpha: float) -> Array:
    position = np.empty(len(x))
    for start in range(0, len(x), _BLOCK):
        part = slice(start, start + _BLOCK)
        position[part] = np.log1p(T[part] / alpha) / PANEL

    def at(x: NDArray[Any], position: Array) -> Array:
        return function(x.astype(np.float64), alpha * np.expm1(PANEL * position))

    return interpolated(at, x, position)


def interpolated(
    function: Callable[[NDArray[np.intp], Array], Array], x: NDArray[Any], position: Array
) -> Array:
    """Return `function(x, position)` for whole x and position from 0 on.

    By polynomials between whole positions, one set for each x, unless that would take as many
    evaluations as there are rows.
    """
    panels = int(position.max()) + 1
    cell = x.astype(np.int64) * panels + position.astype(np.int64)
    used = np.zeros((int(x.max()) + 1) * panels, dtype=bool)
    used[cell] = True
    cells = np.flatnonzero(used)
    if len(cells) * _NODES >= len(x):
        return function(x.astype(np.intp), position)
    row = np.cumsum(used, dtype=np.int32) - np.int32(1)
    table = _coefficients(function, cells // panels, cells % panels)
    out = np.empty(len(x))
    for start in range(0, len(x), _BLOCK):
        part = slice(start, start + _BLOCK)
        out[part] = _horner(table, row[cell[part]], position[part])
    return out


def _coefficients(
    function: Callable[[NDArray[np.intp], Array], Array], x: NDArray[np.intp], panel: NDArray[Any]
) -> Array:
    """Return power coefficients by degree and (x, panel) of interpolants at Chebyshev points."""
    points = np.cos(np.pi * (np.arange(_NODES) + 0.5) / _NODES)
    at = panel[:, None] + 0.5 + 0.5 * points
    # node by node, so that neighbours are alike and series end together
    values = function(np.tile(x, _NODES), at.T.ravel()).reshape(_NODES, -1)
    to_powers = np.linalg.inv(np.vander(points, increasing=True))
    # einsum, not matmul: a threaded BLAS would cost more than it saves on these shapes
    powers: Array = np.einsum("kp,pi->ki", to_powers, values)
    return powers


def _horner(table: Array, row: NDArray[Any], position: Array) -> Array:
    s = 2.0 * (position - np.floor(position)) - 1.0
    value: Array = table[-1][row]
    for coefficients in table[-2::-1]:
        value *= s
        value += coefficients[row]
    return value
