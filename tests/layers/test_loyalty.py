"""Loyalty: behavioural, with the churn rule inside or from an earlier layer."""

from typing import Any

import numpy as np
import pandas as pd
import pytest

from layerwise.errors import FitError, SpecError
from layerwise.layers import ChurnStatus, Layers, Loyalty
from tests.conftest import Engine

#   loyal, too few repeats, too silent, gone, new, too young
TABLE = pd.DataFrame(
    {
        "customer_id": [1, 2, 3, 4, 5, 6],
        "repeat_orders": [9, 2, 6, 4, 0, 5],
        "first_to_last_days": [180.0, 60.0, 120.0, 120.0, 0.0, 50.0],
        "days_since_last": [10.0, 40.0, 45.0, 300.0, 5.0, 9.0],
        "age_days": [190.0, 100.0, 165.0, 420.0, 5.0, 59.0],
        "gap_cv": [0.2, np.nan, 0.8, 0.5, np.nan, 0.1],
    }
)
WANTED = ["loyal", "potential_loyal", "potential_loyal", "churned", "potential_loyal"]


def labels(spec: Loyalty, table: pd.DataFrame = TABLE) -> list[Any]:
    return spec.fit(table).transform(table)["loyalty"].tolist()


def test_by_hand() -> None:
    """Loyal are those with repeats, age and recent orders; nobody new is."""
    assert labels(Loyalty()) == [*WANTED, "potential_loyal"]
    assert labels(Loyalty(min_age_days=50))[5] == "loyal"


def test_own_rule_and_earlier_layer_agree() -> None:
    """A churn layer before gives the same as the same rule inside."""
    layers = Layers(churn=ChurnStatus(), loyalty=Loyalty(churn="churn"))
    found = layers.fit(TABLE).transform(TABLE)
    assert found["loyalty"].tolist() == labels(Loyalty())


def test_steps_stay_hidden() -> None:
    """Steps on the way are no output columns, but explain tells them."""
    fitted = Loyalty().fit(TABLE)
    assert fitted.outputs == ("loyalty",)
    told = fitted.explain(TABLE, ids=[4])
    told = told.set_index("layer")
    assert told.loc["loyalty_status", "label"] == told.loc["loyalty", "label"] == "churned"
    limit = told.loc["loyalty_status_limit_days", "reason"]
    assert limit.startswith("minimum(maximum(3 * loyalty_status_expected_gap_days, 30), 365)")
    assert not told["reason"].str.contains(r"\b_").any()


def test_index_is_the_mean_percentile_rank() -> None:
    """A rank is the share with at most as much; missing parts drop out and weights rescale."""
    spec = Loyalty(index={"regularity": 1, "repeat_orders": 3})
    found = spec.fit(TABLE).transform(TABLE)["loyalty_index"]
    assert found.between(0, 1).all()
    assert found[4] == pytest.approx(0.17)  # no gap_cv: only the rank of 0 repeats, 1 of 6
    assert found[0] == pytest.approx((1 * 0.75 + 3 * 1.0) / 4)  # 3 of 4, and the most repeats


def test_an_index_of_nothing_known_names_the_columns() -> None:
    """Those of the customer table, not our steps on the way; regularity takes three orders."""
    nothing = TABLE.assign(gap_cv=np.nan, advocacy=np.nan)
    hint = "gap_cv takes three orders of a customer"
    with pytest.raises(FitError, match=f"(?s)^gap_cv is missing for every.*Hint: {hint}"):
        Loyalty(index=["regularity"]).fit(nothing)
    with pytest.raises(FitError, match=r"^advocacy is missing for every customer"):
        Loyalty(index=["advocacy"]).fit(nothing)


def test_index_can_make_loyal() -> None:
    """Whoever reaches the index cut is loyal, unless churned."""
    spec = Loyalty(index=["regularity"], index_cut=0.9)
    assert labels(spec)[5] == "loyal"
    assert labels(spec)[3] == "churned"


def test_missing_is_not_evaluable() -> None:
    """A customer with missing days gets no guess."""
    table = TABLE.assign(age_days=[np.nan, *TABLE["age_days"][1:]])
    assert labels(Loyalty(), table)[0] == "not_evaluable"


def test_same_on_every_engine(engine: Engine) -> None:
    """Every engine gives the labels and the index of pandas."""
    fitted = Loyalty(index=["repeat_rate", "regularity"]).fit(TABLE)
    found = engine.pandas(fitted.transform(engine.make(TABLE)))
    wanted = fitted.transform(TABLE)
    assert found["loyalty"].tolist() == wanted["loyalty"].tolist()
    assert np.allclose(found["loyalty_index"].astype(float), wanted["loyalty_index"], 1e-12)


@pytest.mark.parametrize(
    "choices",
    [
        {"churn": 3},
        {"min_repeats": "3"},
        {"min_repeats": 0},
        {"index_cut": 0.5},
        {"index": {"gap_cv": -1}},
    ],
)
def test_refused(choices: dict[str, Any]) -> None:
    """A choice out of range is an error when the spec is made."""
    with pytest.raises(SpecError, match="Loyalty"):
        Loyalty(**choices)


def test_limits_are_loyal() -> None:
    """Exactly 3 repeats, 90 days and 1.5 gaps of 20 days are loyal; one step off is not."""
    customers = pd.DataFrame(
        {
            "repeat_orders": [3, 2, 3, 3],
            "first_to_last_days": [60.0, 60.0, 60.0, 60.0],
            "days_since_last": [30.0, 30.0, 29.9, 30.1],
            "age_days": [90.0, 90.0, 89.9, 90.1],
        }
    )
    fitted = Loyalty().fit(customers.iloc[[0]])
    assert fitted.transform(customers)["loyalty"].tolist() == ["loyal"] + ["potential_loyal"] * 3
