"""When portraits are out of date."""

from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy.spatial.distance import jensenshannon

from layerwise.errors import ColumnsError, DataError, SpecError
from layerwise.portrait import stale_portraits
from layerwise.portrait.stale import mix_distance

DATES = {"old_as_of": "2024-05-01", "as_of": "2024-05-20"}


def mixes(tea: list[float], ids: list[int] | None = None) -> pd.DataFrame:
    """Return portraits of two categories."""
    ids = list(range(len(tea))) if ids is None else ids
    return pd.DataFrame({"customer_id": ids, "mix_tea": tea, "mix_milk": 1 - np.array(tea)})


def test_distance_as_scipy() -> None:
    """The same as scipy's, in bits."""
    rng = np.random.default_rng(0)
    p, q = rng.dirichlet([0.3] * 6, 50), rng.dirichlet([0.3] * 6, 50)
    assert np.allclose(
        mix_distance(p, q), [jensenshannon(a, b, 2) for a, b in zip(p, q, strict=True)]
    )


def test_far_or_old_is_stale() -> None:
    """Another mix, or more than 30 days."""
    old, new = mixes([0.9, 0.5]), mixes([0.1, 0.6])
    assert stale_portraits(old, new, **DATES)["portrait"].tolist() == ["stale", "fresh"]
    late = stale_portraits(old, new, old_as_of="2024-05-01", as_of="2024-06-01")
    assert late["portrait"].tolist() == ["stale", "stale"]
    assert late["reason"].tolist()[1] == "31 days old, more than 30"
    assert "distance" in late["reason"][0]


def test_customers_are_matched_by_id() -> None:
    """Another order changes nothing; who is not there any more cannot be judged."""
    found = stale_portraits(mixes([0.9, 0.5, 0.5]), mixes([0.5, 0.9], [1, 0]), **DATES)
    assert found["distance"][:2].tolist() == [0, 0]
    assert found["portrait"].tolist() == ["fresh", "fresh", "not_evaluable"]


def test_a_category_that_one_lacks_is_zero() -> None:
    """All of it in a new category is as far as can be."""
    new = pd.DataFrame({"customer_id": [0], "mix_tea": [0.0], "mix_beer": [1.0]})
    assert stale_portraits(mixes([1.0]), new, **DATES)["distance"][0] == 1


@pytest.mark.parametrize(
    ("old", "new", "choice", "error"),
    [
        (mixes([0.5]), mixes([0.5]), {"as_of": "2024-01-01"}, SpecError),
        (mixes([0.5]), mixes([0.5]), {"max_age_days": -1}, SpecError),
        (mixes([0.5]), pd.DataFrame({"customer_id": [1]}), {}, ColumnsError),
        (mixes([0.5, 0.5], [1, 1]), mixes([0.5]), {}, DataError),
        (mixes([1.5]), mixes([0.5]), {}, DataError),
    ],
)
def test_refusals(old: Any, new: Any, choice: dict[str, Any], error: type[Exception]) -> None:
    """Each impossible input has its error."""
    with pytest.raises(error):
        stale_portraits(old, new, **DATES | choice)
