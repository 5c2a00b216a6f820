"""Is the experiment what it was planned to be? Sizes of the arms, and balance before the draw."""

from collections.abc import Iterable, Mapping

import numpy as np
import pandas as pd

from layerwise.errors import SpecError
from layerwise.evaluate.sums import sums_by
from layerwise.vectors import Array, Floats

MISMATCH = 0.001
"""p below which arms are not of the planned sizes: something went wrong, not chance."""

_LARGE = 0.1


def sample_ratio_p(counts: Iterable[float], shares: Iterable[float]) -> float:
    """Return the p-value of arms as unequal to their planned shares as these.

    Chi-square with one degree of freedom less than arms (Pearson 1900). Missing without customers.
    Below 0.001 something is wrong, with the draw, the delivery or the counting, and no effect
    should be read: who is missing from an arm is seldom missing by chance.

    Args:
        counts: Customers found in each arm.
        shares: The planned shares, in the same order; they add up to 1.

    Raises:
        SpecError: Counts and shares are not of one length, or not possible.

    Source: Fabijan et al. (2019), KDD '19, "Diagnosing Sample Ratio Mismatch".

    >>> round(sample_ratio_p([5100, 4900], [0.5, 0.5]), 4)
    0.0455
    """
    from scipy.special import chdtrc

    found, planned = _floats(counts), _floats(shares)
    ok = len(found) == len(planned) >= 2 and (found >= 0).all() and (planned > 0).all()
    if not ok or not np.isfinite(found.sum()) or not abs(planned.sum() - 1) < 1e-9:
        raise SpecError(
            "counts and shares must be of the same arms, two or more; shares add up to 1.",
            hint="sample_ratio_p([510, 490], [0.5, 0.5]).",
        )
    if not found.sum():
        return float("nan")
    expected = planned * found.sum()
    with np.errstate(over="ignore"):  # next to nobody was to be there: p is 0
        return float(chdtrc(len(found) - 1, ((found - expected) ** 2 / expected).sum()))


def _floats(values: object) -> Floats:
    """Return a row of numbers, empty if they are none."""
    try:
        found = np.array(list(values), dtype=np.float64)  # type: ignore[call-overload]
    except (TypeError, ValueError, OverflowError):
        return np.zeros(0)
    return found if found.ndim == 1 else np.zeros(0)


def balance_table(
    covariates: Mapping[str, Floats], arm: Array, names: tuple[str, ...], control: int
) -> pd.DataFrame:
    """Return how far each other arm is from the control in each covariate, a row each.

    The standardised difference is (m1 - m0) / sqrt((s1^2 + s0^2) / 2). It is `unbalanced` above 0.1
    (Austin 2009, Statistics in Medicine 28) if chance gives as much in fewer than 1 of 1,000 cases:
    in small arms 0.1 means nothing.

    Args:
        covariates: Name -> number of each customer before the draw, missing as NaN.
        arm: The arm of each customer as a place among the names.
        names: The arms.
        control: Place of the control.
    """
    rows = []
    for name, values in covariates.items():
        known = ~np.isnan(values)
        sums = sums_by(arm[known], (len(names),), [values[known]])
        mean, variance, n = sums.mean()[:, 0], sums.covariance()[:, 0, 0], sums.n
        with np.errstate(divide="ignore", invalid="ignore"):
            gap = (mean - mean[control]) / np.sqrt((variance + variance[control]) / 2)
            error = np.sqrt(1 / n + 1 / n[control])
        rows += [
            (name, names[i], mean[control], mean[i], _finite(gap[i]), _unbalanced(gap[i], error[i]))
            for i in range(len(names))
            if i != control
        ]
    columns = ["covariate", "arm", "control_mean", "arm_mean", "difference", "unbalanced"]
    return pd.DataFrame(rows, columns=columns)


def _finite(value: float) -> float:
    return float(value) if np.isfinite(value) else float("nan")


def _unbalanced(gap: float, error: float) -> bool:
    return bool(abs(gap) > max(_LARGE, 3.29 * error))
