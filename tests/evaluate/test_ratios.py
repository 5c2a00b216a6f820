"""Intervals of means and ratios cover, agree with their limit and do not see the order of rows."""

import numpy as np
import pytest

from layerwise.evaluate import ratios
from layerwise.evaluate.ratios import ratio_interval


def sample(n: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    y = 1.0 + rng.poisson(2, n)
    return y * rng.gamma(2, 15, n), y


def test_the_interval_covers() -> None:
    """About 95 % of 300 bootstrap intervals hold the true ratio, 30."""
    found = [ratio_interval(*sample(150, seed), draws=300) for seed in range(300)]
    share = np.mean([low <= 30 <= high for low, high in found])
    assert 0.91 < share < 0.975


def test_the_bootstrap_comes_to_the_linearised_interval() -> None:
    """Below and above the border both ways agree within the noise of the draws."""
    x, y = sample(2_000, 1)
    low, high = ratio_interval(x, y, draws=2_000)
    limit = ratios._linearised(x, y, 0, 2_000, 0.95)
    assert (low, high) == pytest.approx(limit, rel=0.006)
    assert high - low == pytest.approx(limit[1] - limit[0], rel=0.08)


@pytest.mark.parametrize("n", [50, 2_500])
def test_zeros_are_customers_too(n: int) -> None:
    """Zeros told by number give what zeros in the arrays give."""
    x = np.concatenate([np.arange(1.0, n), np.zeros(30)])
    whole = ratio_interval(x, np.ones(len(x)))
    assert ratio_interval(x[:-30], np.ones(n - 1), zeros=30) == pytest.approx(whole, rel=0.05)
    assert whole[0] < x.mean() < whole[1]


def test_order_and_seed() -> None:
    """Shuffling changes nothing; another seed does."""
    x, y = sample(300, 2)
    mixed = np.random.default_rng(0).permutation(300)
    assert ratio_interval(x[mixed], y[mixed]) == ratio_interval(x, y)
    assert ratio_interval(x, y, seed=1) != ratio_interval(x, y)


def test_too_few_customers_have_no_interval() -> None:
    """One customer, none, or nothing to divide by."""
    for x, y in [([1.0], [1.0]), ([], []), ([0.0, 0.0], [0.0, 0.0])]:
        assert np.isnan(ratio_interval(np.array(x), np.array(y))).all()
