"""The value of a point of retention."""

import math
from typing import Any

import pytest

from layerwise.churn import clv_sensitivity
from layerwise.errors import SpecError


def test_it_is_the_sum_of_the_series() -> None:
    """Lifetime value is the sum of m (r / (1 + d))^t over all periods from the next on."""
    found = clv_sensitivity(40, retention=0.7, discount=0.12)["clv"]
    for r, clv in zip((0.69, 0.70, 0.71), found, strict=True):
        assert clv == pytest.approx(sum(40 * (r / 1.12) ** t for t in range(1, 400)))


def test_published_multiples() -> None:
    """Gupta and Lehmann (2003), table 1: r = 90 %, d = 10 % gives 4.5 margins; 60 %, 16 %: 1.07."""
    for r, d, multiple in ((0.9, 0.10, 4.50), (0.6, 0.16, 1.07)):
        assert clv_sensitivity(1, retention=r, discount=d)["clv"][1] == pytest.approx(
            multiple, abs=0.005
        )


def test_what_has_no_value_is_missing() -> None:
    """Above 1, below 0, and where nothing is discounted and nobody leaves."""
    above = clv_sensitivity(1, retention=1, discount=0.1)
    assert math.isnan(above["clv"][2])
    assert math.isnan(clv_sensitivity(1, retention=0, discount=0.1)["clv"][0])
    assert math.isnan(clv_sensitivity(1, retention=1, discount=0)["clv"][1])


@pytest.mark.parametrize(
    "change",
    [{"retention": 1.2}, {"retention": "0.8"}, {"discount": -0.1}, {"step": math.nan}],
)
def test_refused(change: dict[str, Any]) -> None:
    """Numbers out of range are named."""
    with pytest.raises(SpecError, match=next(iter(change))):
        clv_sensitivity(100, **{"retention": 0.8, "discount": 0.1} | change)
    with pytest.raises(SpecError, match="margin_per_customer"):
        clv_sensitivity(math.inf, retention=0.8, discount=0.1)
