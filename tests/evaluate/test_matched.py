"""Without a holdout: alike are compared, and what is left is called weak."""

import numpy as np
import pandas as pd
import pytest

from layerwise.errors import ColumnsError, DataError, SpecError
from layerwise.evaluate import matched_difference

NAMES = {"treated": "mailed", "after": "after", "before": "before"}


def test_by_hand() -> None:
    """Two cells, weighted by their treated: (2 x (4 - 1) + 3 x (5 - 5)) / 5."""
    table = pd.DataFrame(
        {
            "mailed": [1, 1, 0, 0, 1, 1, 1, 0, 0, 1],
            "tier": list("aaaabbbbbc"),
            "before": 0,
            "after": [3, 5, 0, 2, 4, 5, 6, 5, 5, 9],
        }
    )
    found = matched_difference(table, match=["tier"], **NAMES)
    assert found.effect == pytest.approx(1.2)
    assert (found.treated, found.matched, found.compared) == (6, 5, 4)
    error = np.sqrt(0.4**2 * (2 / 2 + 2 / 2) + 0.6**2 * (1 / 3))
    assert found.high - found.effect == pytest.approx(1.959964 * error)
    assert found.evidence == "weak"


def test_choice_by_a_number_is_taken_out() -> None:
    """Treated by score: matched on it, 50 intervals cover an effect of 1 about as they say."""
    covered = 0
    for seed in range(50):
        rng = np.random.default_rng(seed)
        score = rng.normal(size=4000)
        mailed = rng.random(4000) < 1 / (1 + np.exp(-2 * score))
        before = np.round(score + rng.normal(size=4000))
        table = pd.DataFrame({"score": score, "mailed": mailed, "before": before})
        table["after"] = before + 0.5 * score + mailed + rng.normal(size=4000)
        found = matched_difference(table, match=["score"], bins=50, **NAMES)
        covered += found.low <= 1 <= found.high
        assert matched_difference(table, **NAMES).low > 1  # not matched on it: too high
    assert covered >= 43


def test_missing_and_unmatched() -> None:
    """Missing outcomes are left out; nobody alike leaves everything missing."""
    table = pd.DataFrame({"mailed": [True] * 4 + [False] * 4, "before": 1.0, "after": 2.0})
    table["tier"] = ["a"] * 4 + ["b"] * 4
    found = matched_difference(table, match=["tier"], **NAMES)
    assert np.isnan(found.effect)
    assert (found.treated, found.matched) == (4, 0)
    table.loc[0, "after"] = np.nan
    assert matched_difference(table, **NAMES).treated == 3


def test_what_cannot_be_used() -> None:
    """Nobody treated, treatment unknown, columns missing, no bins."""
    table = pd.DataFrame({"mailed": [1, 0], "before": 1.0, "after": 2.0})
    with pytest.raises(DataError):
        matched_difference(table.assign(mailed=0), **NAMES)
    with pytest.raises(DataError):
        matched_difference(table.assign(mailed=[1, None]), **NAMES)
    with pytest.raises(ColumnsError):
        matched_difference(table, match=["tier"], **NAMES)
    with pytest.raises(SpecError):
        matched_difference(table, bins=0, **NAMES)
