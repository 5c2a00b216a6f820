"""Layers that read other layers refuse words they do not know."""

from typing import Any

import pandas as pd
import pytest

from layerwise.errors import ColumnsError, DataError, FewerLayersWarning, SpecError
from layerwise.layers import RFM, Frequency, Layers, Loyalty, Tier
from layerwise.models import GammaGamma

TABLE = pd.DataFrame(
    {
        "value": ["high", "mid", "low", "low"],
        "frequency": ["high", "mid", "low", "low"],
        "loyalty": ["loyal", "potential_loyal", "churned", "not_evaluable"],
        "status": ["active", "lapsing", "churned", None],
        "repeat_orders": [12, 3, 1, 0],
        "first_to_last_days": [300, 90, 30, 0],
        "days_since_last": [10, 30, 300, 5],
        "age_days": [310, 120, 330, 5],
        "orders_365d": [13, 4, 2, 1],
        "spend_365d": [900.0, 90.0, 20.0, 5.0],
    }
)


@pytest.mark.parametrize(
    ("change", "kind", "words"),
    [
        (
            {"value": ["High", "mid", "low", "高"]},
            DataError,
            "value holds .* 2 of 4 rows",
        ),
        ({"loyalty": "Loyal"}, DataError, "loyalty holds other labels"),
        ({"frequency": [1, 2, 3, 4]}, ColumnsError, "frequency, which holds numbers"),
    ],
)
def test_tier_refuses_other_words(change: dict[str, Any], kind: type, words: str) -> None:
    """A misspelt label would make everybody general in silence."""
    assert Tier().fit(TABLE).transform(TABLE)["tier"].tolist()[0] == "high_value"
    with pytest.raises(kind, match=words):
        Tier().fit(TABLE.assign(**change))


def test_layers_refuse_other_words() -> None:
    """A layer of other words under the name that Tier reads is found when fitting."""
    often = Frequency(method="absolute")
    layers = Layers(value=RFM(), frequency=often, loyalty=Loyalty(), tier=Tier())
    with pytest.raises(DataError, match="value holds other labels than Tier knows"):
        layers.fit(TABLE)


def test_loyalty_refuses_other_words() -> None:
    """Statuses other than ours are refused; a missing one cannot be judged."""
    found = Loyalty(churn="status").fit(TABLE).transform(TABLE)["loyalty"].tolist()
    assert found == ["loyal", "loyal", "churned", "not_evaluable"]
    with pytest.raises(DataError, match="status holds other labels than Loyalty knows"):
        Loyalty(churn="status").fit(TABLE.assign(status="Churned"))


@pytest.mark.parametrize("churn", [RFM(), GammaGamma()])
def test_loyalty_needs_a_model_of_p_alive(churn: Any) -> None:
    """Only a model that gives P(alive) can say who has left."""
    with pytest.raises(SpecError, match=r"Loyalty\(churn=...\) is a"):
        Loyalty(churn=churn)


def test_nobody_left_means_nobody_is_potential() -> None:
    """Where earlier tiers take everybody, no later customer becomes potential by accident."""
    table = TABLE.assign(loyalty="loyal", expected_spend_90d=[9.0, 5.0, 2.0, 1.0])
    spec = Tier(expected_spend="expected_spend_90d", new_days=None)
    with pytest.warns(FewerLayersWarning, match="nobody is potential"):
        fitted = spec.fit(table)
    later = fitted.transform(table.assign(loyalty="potential_loyal", value="low"))
    assert set(later["tier"]) == {"general"}
    assert not later["is_potential"].any()
