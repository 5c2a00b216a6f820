"""Boundaries are the published ones and keep the false alarms of all looks at alpha."""

from typing import Any

import numpy as np
import pytest

from layerwise.errors import SpecError
from layerwise.evaluate import alpha_spending

# Reboussin, DeMets, Kim and Lan (2000), Controlled Clinical Trials 21, as the program ld98 and the
# R package ldbounds print them: five equal looks, two-sided 5 %.
OBRIEN_FLEMING = [4.8769, 3.3569, 2.6803, 2.2898, 2.0310]
POCOCK = [2.4380, 2.4268, 2.4101, 2.3966, 2.3859]


def test_published_boundaries() -> None:
    """Five equal looks at 5 %, either spending."""
    found = alpha_spending(5)["z"]
    assert np.abs(found - OBRIEN_FLEMING).max() < 2e-4
    assert np.abs(alpha_spending(5, spending="pocock")["z"] - POCOCK).max() < 2e-4


def test_one_look_is_no_correction() -> None:
    """At the end alone the boundary is 1.96 and the level 95 %."""
    row = alpha_spending(1).iloc[0]
    assert row["z"] == pytest.approx(1.959964, abs=1e-6)
    assert row["level"] == pytest.approx(0.95)


def test_false_alarms_of_peeking() -> None:
    """Of 40,000 null experiments with five looks 5 % stop, where 1.96 each time stops 14 %."""
    rng = np.random.default_rng(3)
    t = np.arange(1, 6) / 5
    z = np.abs(np.cumsum(rng.normal(size=(40_000, 5)), axis=1) / np.sqrt(5 * t))
    for spending in ("obrien_fleming", "pocock"):
        crossed = (z > alpha_spending(5, spending=spending)["z"].to_numpy()).any(axis=1)  # type: ignore[arg-type]
        assert abs(crossed.mean() - 0.05) < 0.004
    assert abs((z > 1.96).any(axis=1).mean() - 0.142) < 0.006


def test_looks_that_add_little_change_little() -> None:
    """A look just after another spends next to nothing, and the last boundary stays."""
    two, three = alpha_spending([0.5, 1]), alpha_spending([0.5, 0.501, 1])
    assert three["z"].iloc[2] == pytest.approx(two["z"].iloc[1], abs=1e-3)


def test_a_look_too_early_has_no_boundary() -> None:
    """After one customer in a thousand nothing may stop it, and the rest is as without."""
    found = alpha_spending([0.001, 1])
    assert np.isinf(found["z"].iloc[0])
    assert found["z"].iloc[1] == pytest.approx(1.96, abs=1e-3)


@pytest.mark.parametrize("looks", [0, -1, 1.5, [], [0.5, 0.5], [0.5, 1.1], ["a"], None, [np.nan]])
def test_impossible_looks(looks: Any) -> None:
    """Looks must rise within 0 and 1."""
    with pytest.raises(SpecError):
        alpha_spending(looks)


def test_impossible_choices() -> None:
    """Alpha is a share, the spending one of two, and looks are apart."""
    with pytest.raises(SpecError):
        alpha_spending(3, alpha=5)
    with pytest.raises(SpecError):
        alpha_spending(3, spending="even")  # type: ignore[arg-type]
    with pytest.raises(SpecError):
        alpha_spending([0.5, 0.5 + 1e-9])
