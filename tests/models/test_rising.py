"""Sums of ln Γ(z + m) − ln Γ(z) over customers, two ways."""

import numpy as np
import pytest

from layerwise.models._rising import rising_totals
from layerwise.models._special import LONGEST_SUM, rising_sums
from layerwise.models.histories import Distinct, grouped


def _rows(x: list[int]) -> Distinct:
    ones = np.ones(len(x))
    return grouped(np.array(x, dtype=float), ones, ones * 2, ones)


@pytest.mark.parametrize(("k", "first"), [(1, 0), (1, 1), (3, 0)])
@pytest.mark.parametrize("z", [1e-6, 0.4, 7.0, 1e5])
def test_totals_are_the_sums_over_customers(z: float, k: int, first: int) -> None:
    """Counting who reaches each step gives what adding up customer by customer gives."""
    x = [0, 0, 1, 3, 3, 17, 200]
    parts = rising_sums(z, np.array(sorted(x), dtype=float) * k + first)
    expected = [part.sum() for part in parts]
    np.testing.assert_allclose(rising_totals(z, _rows(x), k, first), expected, rtol=1e-13)


def test_totals_of_very_many_orders_use_gamma_functions() -> None:
    """Beyond the longest sum the two ways meet at a moderate z."""
    short, long = _rows([5, LONGEST_SUM]), _rows([5, LONGEST_SUM + 1])
    steps = rising_totals(3.0, short)
    gamma = rising_totals(3.0, long)
    assert gamma[0] - steps[0] == pytest.approx(np.log(3.0 + LONGEST_SUM), rel=1e-6)
    np.testing.assert_allclose(gamma[1:], steps[1:], rtol=1e-5)
