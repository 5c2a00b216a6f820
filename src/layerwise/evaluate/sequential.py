"""Looking before the end without fooling oneself: boundaries that spend alpha look by look."""

import math
from collections.abc import Callable, Iterable
from typing import Literal

import numpy as np
import pandas as pd

from layerwise.errors import SpecError
from layerwise.rates import z_value
from layerwise.saved import fits
from layerwise.vectors import Array, Floats

_NODES = 12
_PANELS = 300
_MOST = 100
_FAR = 9.0
_LEAST = 1e-18
_HALVINGS = 60

Spending = Literal["obrien_fleming", "pocock"]


def alpha_spending(
    looks: int | Iterable[float], *, alpha: float = 0.05, spending: Spending = "obrien_fleming"
) -> pd.DataFrame:
    """Return at which z one may stop, a row per look at the running experiment.

    Who tests at 5 % each time when looking five times finds something in 14 % of experiments where
    nothing is. These boundaries keep all looks together at `alpha`. Columns: `look`, `information`
    (share of the planned customers), `alpha_spent` (up to this look), `z` (stop if |z| is above),
    `p` (the same as a two-sided p-value; the p of `analyse` must be below) and `level` (for
    `analyse(level=...)`, whose interval then leaves out 0 exactly where one may stop). A boundary
    that no data reach is infinite.

    Args:
        looks: A number of equally spaced looks, or the share of the planned customers at each,
            rising, up to 1. Plan them before the start.
        alpha: Chance of a false alarm over all looks, two-sided and symmetric.
        spending: "obrien_fleming" spends little early and leaves the last look nearly at `alpha`;
            "pocock" spends about evenly. Of each side's a = alpha / 2, up to information t:
            2 - 2 Phi(z_{1-a/2} / sqrt(t)), or a log(1 + (e - 1) t).

    Raises:
        SpecError: The looks do not rise within 0 and 1, or a choice is impossible.

    Source: Lan and DeMets (1983), Biometrika 70; boundaries by the recursive integration of
    Armitage, McPherson and Rowe (1969), JRSS A 132.

    >>> alpha_spending(5)["z"].round(3).tolist()
    [4.877, 3.357, 2.68, 2.29, 2.031]
    """
    t = _looks(looks)
    if not fits(alpha, float) or not 0 < alpha < 1:
        raise SpecError("alpha must be a number between 0 and 1.", hint="alpha=0.05 is usual.")
    spent = 2 * _spend(spending, t, alpha / 2)
    z = _boundaries(t, np.diff(spent, prepend=0.0))
    p = np.array([math.erfc(v / math.sqrt(2)) for v in z])
    looked = np.arange(1, len(t) + 1)
    return pd.DataFrame(
        {"look": looked, "information": t, "alpha_spent": spent, "z": z, "p": p, "level": 1 - p}
    )


def _looks(looks: object) -> Floats:
    hint = "looks=5, or looks=[0.25, 0.5, 1]."
    if fits(looks, int) and 1 <= looks <= _MOST:  # type: ignore[operator]
        n = int(looks)  # type: ignore[call-overload]
        return np.asarray(np.arange(1, n + 1) / n, dtype=np.float64)
    try:
        t = np.array(list(looks), dtype=np.float64)  # type: ignore[call-overload]
    except (TypeError, ValueError):
        t = np.zeros(0)
    if not len(t) or t.ndim != 1 or not (np.diff(t, prepend=0.0) > 0).all() or not t[-1] <= 1:
        raise SpecError(
            f"looks must be a whole number from 1 to {_MOST} or rising shares up to 1.", hint=hint
        )
    return t


def _spend(spending: object, t: Floats, a: float) -> Floats:
    if not isinstance(spending, str):
        spending = ""  # an array is equal to no text
    if spending == "obrien_fleming":
        z = z_value(1 - a)
        return np.array([math.erfc(z / math.sqrt(2 * share)) for share in t])
    if spending == "pocock":
        return a * np.log1p((math.e - 1) * t)
    raise SpecError(
        "spending must be 'obrien_fleming' or 'pocock'.", hint="'obrien_fleming' is the default."
    )


def _boundaries(t: Floats, share: Floats) -> Floats:
    """Return the z of each look at which `share` more of the paths have left on either side."""
    from scipy.special import ndtr

    step = np.sqrt(np.diff(t, prepend=0.0))
    place, mass = np.zeros(1), np.ones(1)  # where the paths are that have not left, and how many
    found = []
    for now, sd, later, leaves in zip(t, step, [*step[1:], 1.0], share, strict=True):

        def left(z: float, end: float = math.sqrt(now), s: float = sd, at: Array = place) -> float:
            out = ndtr((at - z * end) / s) + ndtr((-z * end - at) / s)
            return float(mass @ out)  # noqa: B023 - used in this round only

        z = _solve(left, leaves)
        found.append(z)
        reach = min(z, _FAR) * math.sqrt(now)
        new, weight = _grid(reach, min(sd, later))
        density = np.exp(-0.5 * ((new[:, None] - place) / sd) ** 2) / (sd * math.sqrt(2 * math.pi))
        place, mass = new, weight * (density @ mass)
    return np.array(found)


def _grid(reach: float, sd: float) -> tuple[Floats, Floats]:
    """Return Gauss-Legendre nodes and weights in panels of at most 2 sd from -reach to reach.

    Raises:
        SpecError: A step is so short beside the way so far that it would take too many.
    """
    panels = max(4, math.ceil(reach / sd))
    if panels > _PANELS:
        raise SpecError("Two looks are too close to each other.", hint="leave one of them out.")
    nodes, weights = np.polynomial.legendre.leggauss(_NODES)
    half = reach / panels
    middle = half * (2 * np.arange(panels) + 1) - reach
    return (middle[:, None] + half * nodes).ravel(), np.tile(half * weights, panels)


def _solve(left: Callable[[float], float], leaves: float) -> float:
    """Return the z at which as many leave; infinite if as good as none."""
    if leaves < _LEAST or left(_FAR) > leaves:
        return math.inf
    low, high = 0.0, _FAR
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        low, high = (middle, high) if left(middle) > leaves else (low, middle)
    return high
