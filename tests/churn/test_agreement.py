"""Cohen's kappa as scikit-learn has it, and the coder against people."""

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import cohen_kappa_score

from layerwise.churn import coder_agreement, kappa
from layerwise.errors import DataError


@given(st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from("abc")), min_size=1))
def test_kappa_is_scikit_learns(pairs: list[tuple[str, str]]) -> None:
    """Wherever chance leaves something to agree on."""
    first, second = zip(*pairs, strict=True)
    if len({*first, *second}) == 1:
        assert math.isnan(kappa(first, second))
    else:
        assert kappa(first, second) == pytest.approx(cohen_kappa_score(first, second), abs=1e-12)


def test_cohens_own_table() -> None:
    """Cohen (1960), table 1: kappa of 0.492 from proportions .44, .05 and so on of 200."""
    cells = [[88, 14, 18], [10, 40, 10], [2, 6, 12]]
    pairs = [(i, j) for i in range(3) for j in range(3) for _ in range(cells[i][j])]
    assert kappa(*zip(*pairs, strict=True)) == pytest.approx(0.492, abs=0.0005)


def test_what_cannot_be_compared() -> None:
    """Two lengths, missing labels, no list."""
    for first in (["a"], ["a", None], 7):
        with pytest.raises(DataError, match=r"coding(.|\n)*Hint"):
            kappa(first, ["a", "b"])
    assert math.isnan(kappa([], []))


def test_the_coder_against_people() -> None:
    """By cause, over rows that both coded; pairs that only one names count as disagreement."""
    said = pd.DataFrame(
        {
            "text": ["太贵", "太贵", "hello", "快递慢", None, "太贵"],
            "hand": ["price_high", "unknown", "price_high", "delivery_slow", "price_high", None],
        }
    )
    found = coder_agreement(said, hand="hand")
    assert found.texts == 4
    by = found.by_cause.set_index("cause")
    assert by.loc["price_high"].tolist() == [2, 2, 1, 0.0]
    assert by.loc["delivery_slow", "kappa"] == 1.0
    assert found.kappa == pytest.approx(
        cohen_kappa_score([1, 0, 1, 0, 0, 0, 0, 1], [1, 1, 0, 0, 0, 0, 0, 1])
    )


def test_only_enough_good_texts_end_the_trial() -> None:
    """200 texts with full agreement, not 199."""
    said = pd.DataFrame({"text": ["太贵", "快递慢"] * 100})
    said["hand"] = np.tile(["price_high", "delivery_slow"], 100)
    assert not coder_agreement(said, hand="hand").experimental
    assert coder_agreement(said.head(199), hand="hand").experimental


def test_nothing_to_compare() -> None:
    """Without one text that both coded there is no kappa."""
    with pytest.raises(DataError, match="none was coded by both"):
        coder_agreement(pd.DataFrame({"text": ["a"], "hand": [None]}), hand="hand")
