"""How many customers, against the formula, statsmodels and simulation."""

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import norm

from layerwise.errors import SpecError
from layerwise.evaluate import (
    sample_size,
    sample_size_mean,
    smallest_effect,
    smallest_effect_mean,
)


def test_the_stated_number() -> None:
    """10 % against 12 % at 5 % and 80 % takes 3,839 an arm, in either direction."""
    assert sample_size(0.10, 0.12) == sample_size(0.12, 0.10) == 3839


def test_power_comes_out() -> None:
    """Of 20,000 experiments of that size, 80 % find the difference, also with a small holdout."""
    rng = np.random.default_rng(5)
    for ratio in (1, 9):
        n = sample_size(0.10, 0.13, ratio=ratio)
        p0, p1 = (rng.binomial(k, p, 20_000) / k for k, p in ((n, 0.10), (n * ratio, 0.13)))
        se = np.sqrt(p0 * (1 - p0) / n + p1 * (1 - p1) / n / ratio)
        assert (
            abs((np.abs(p1 - p0) / se > 1.96).mean() - 0.8) < 0.02
        )  # the normal distribution is not exact


def test_means_by_hand() -> None:
    """2 (z + z)^2 sd^2 / d^2, and against the normal power of that size."""
    n = sample_size_mean(2.0, 30.0, power=0.9, alpha=0.01)
    z = norm.ppf(0.995) + norm.ppf(0.9)
    assert n == math.ceil(2 * z**2 * 900 / 4)
    assert sample_size_mean(2.0, 30.0, power=0.5) == math.ceil(2 * 1.959964**2 * 225)
    assert sample_size_mean(2.0, 30.0, power=0.3) < sample_size_mean(2.0, 30.0, power=0.5)


@given(st.floats(0.01, 0.9), st.integers(50, 10**6), st.floats(0.2, 20), st.booleans())
def test_smallest_effect_inverts(base: float, n: int, ratio: float, down: bool) -> None:
    """The smallest effect needs n customers, and a tenth less of it more."""
    effect = smallest_effect(base, n, ratio=ratio, down=down)
    if math.isnan(effect):
        return
    assert (effect < 0) is down
    assert sample_size(base, base + effect * (1 - 1e-12), ratio=ratio) in (n, n + 1)
    assert sample_size(base, base + 0.9 * effect, ratio=ratio) > n


def test_smallest_mean_inverts() -> None:
    """The same for means."""
    assert sample_size_mean(smallest_effect_mean(30.0, 777, ratio=3.0), 30.0, ratio=3.0) == 777


def test_too_few_for_any_effect() -> None:
    """One customer can tell nothing: missing, not a share above 1."""
    assert math.isnan(smallest_effect(0.5, 1))


@pytest.mark.parametrize(
    "wrong",
    [
        {"base": 0}, {"base": 10}, {"target": 1}, {"target": 0.1}, {"alpha": 0}, {"power": 1},
        {"power": 0.01}, {"ratio": 0}, {"base": float("nan")}, {"base": "0.1"}, {"alpha": None},
    ],
)  # fmt: skip
def test_impossible_plans(wrong: dict[str, Any]) -> None:
    """Shares and chances are between 0 and 1, and differ."""
    with pytest.raises(SpecError):
        sample_size(**({"base": 0.1, "target": 0.12} | wrong))


def test_impossible_numbers() -> None:
    """Sizes are whole numbers, spreads above 0."""
    for n in (0, 2.5, True, None):
        with pytest.raises(SpecError):
            smallest_effect(0.1, n)  # type: ignore[arg-type]
    with pytest.raises(SpecError):
        sample_size_mean(0, 1.0)
    with pytest.raises(SpecError):
        smallest_effect_mean(-1.0, 10)
