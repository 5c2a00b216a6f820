"""Tier: one label by precedence, and booleans that overlap."""

from itertools import product
from typing import Any

import pandas as pd
import pytest

from layerwise.errors import SpecError
from layerwise.layers import Tier
from layerwise.layers.tier import ORDER
from tests.conftest import Engine

LEVELS = ("low", "mid", "high", "not_evaluable")
LOYALTY = ("churned", "potential_loyal", "loyal", "not_evaluable")
GRID = pd.DataFrame(
    [
        {"value": v, "frequency": f, "loyalty": y, "age_days": age, "repeat_orders": x}
        for v, f, y, (age, x) in product(LEVELS, LEVELS, LOYALTY, [(10, 0), (400, 3)])
    ]
).assign(customer_id=lambda frame: range(len(frame)))


def expected(row: Any) -> str:
    """The precedence of the definition, as plain code."""
    if row.loyalty == "churned":
        return "churned"
    if row.age_days < 30 and row.repeat_orders == 0:
        return "new"
    if row.value == "high" and row.frequency == "high":
        return "high_value"
    if row.loyalty == "loyal":
        return "loyal"
    if row.frequency in ("mid", "high") and row.value in ("low", "mid"):
        return "potential"
    return "general"


def test_precedence_on_every_combination() -> None:
    """Every combination of labels has the tier that the order of precedence says."""
    found = Tier().fit(GRID).transform(GRID)
    assert found["tier"].tolist() == [expected(row) for row in GRID.itertuples()]
    assert found["tier"].cat.categories.tolist() == list(ORDER)


def test_booleans_overlap() -> None:
    """A loyal customer of high value is both, though the tier names one."""
    found = Tier().fit(GRID).transform(GRID)
    both = found[found["is_high_value"] & found["is_loyal"]]
    assert set(both["tier"]) == {"new", "high_value"}
    assert (found["is_churned"] == (GRID["loyalty"] == "churned")).all()


def test_new_can_be_switched_off() -> None:
    """Without a new tier, age and repeat orders are not needed."""
    table = GRID.drop(columns=["age_days", "repeat_orders"])
    assert "new" not in Tier(new_days=None).fit(table).transform(table)["tier"].tolist()


def test_high_value_by_value_alone() -> None:
    """The variant asks for value only."""
    found = Tier(high_value="value", new_days=None).fit(GRID).transform(GRID)
    rest = found[GRID["loyalty"] != "churned"]
    assert (rest["tier"] == "high_value").equals(rest["value"] == "high")


def test_potential_by_expected_spend() -> None:
    """Potential are the best 30 % by expected spend of those whom no earlier tier took."""
    table = pd.DataFrame(
        {
            "value": ["high"] + ["low"] * 10,
            "frequency": ["high"] + ["low"] * 10,
            "loyalty": "potential_loyal",
            "expected_spend_180d": [1000.0, *range(10, 110, 10)],
        }
    )
    spec = Tier(new_days=None, expected_spend="expected_spend_180d")
    fitted = spec.fit(table)
    assert fitted.facts["potential_spend"] == 75
    assert fitted.transform(table)["tier"].tolist() == (
        ["high_value"] + ["general"] * 7 + ["potential"] * 3
    )


def test_same_on_every_engine(engine: Engine) -> None:
    """Every engine gives the tiers and booleans of pandas."""
    fitted = Tier().fit(GRID)
    found = engine.pandas(fitted.transform(engine.make(GRID)))
    wanted = fitted.transform(GRID)
    for column in fitted.outputs:
        assert found[column].tolist() == wanted[column].tolist()


@pytest.mark.parametrize(
    "choices",
    [{"high_value": "spend"}, {"new_days": "30"}, {"new_days": 0}, {"potential_cut": 1.0}],
)
def test_refused(choices: dict[str, Any]) -> None:
    """A choice out of range is an error when the spec is made."""
    with pytest.raises(SpecError, match="Tier"):
        Tier(**choices)
