"""Whom to contact: by costs, by capacity, beside none, all, and the longest silence."""

from functools import cache
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import layerwise as lw
from layerwise.churn import ContactPlan, choose_contacts, risk_table
from layerwise.errors import ColumnsError, DataError, SpecError
from tests.conftest import ENGINES

COSTS: dict[str, Any] = {"contact_cost": 2.0, "margin": 0.3, "save_rate": 0.1}


def table(p: Any, value: Any) -> pd.DataFrame:
    rows = {"customer_id": np.arange(len(p)), "days_since_last": np.arange(len(p))}
    return pd.DataFrame(rows | {"p_no_purchase_90d": p, "spend_if_buying_90d": value})


def choose(risks: Any, **choices: Any) -> ContactPlan:
    return choose_contacts(risks, horizon_days=90, **choices)


def gains(plan: ContactPlan) -> dict[str, float]:
    found: dict[str, float] = plan.alternatives.set_index("choice")["expected_gain"].to_dict()
    return found


def test_by_hand() -> None:
    """With an offer of 1: 0.9·0.1·(0.3·100 − 1) − 0.1 − 2, and 0.5·0.1·(0.3·900 − 1) − 0.5 − 2."""
    plan = choose(table([0.9, 0.5], [100.0, 900.0]), **COSTS, offer_cost=1.0)
    assert plan.customers["expected_gain"].tolist() == pytest.approx([0.51, 10.95])
    assert gains(plan)["contact all"] == pytest.approx(11.46)
    cost = plan.alternatives.set_index("choice")["expected_cost"]
    assert cost["contact all"] == pytest.approx(2 * 2 + (0.1 + 0.09) + (0.5 + 0.05))


def test_the_threshold_is_the_break_even() -> None:
    """Without an offer: contact above c / (s m) at risk; exactly at it is not above."""
    value = np.array([2 / 0.1 / 0.25, 81.0, 79.0])
    plan = choose(table(np.ones(3), value), contact_cost=2, margin=0.25, save_rate=0.1)
    assert plan.customers["contact"].tolist() == [False, True, False]
    assert plan.threshold == 81.0


probability = st.floats(0, 1).map(lambda v: round(v, 2))
rows = st.lists(st.tuples(probability, st.integers(0, 900)), min_size=1, max_size=40)


@given(rows, st.integers(0, 45), st.integers(0, 99))
def test_chosen_beats_every_choice_as_large(
    pairs: list[tuple[float, int]], capacity: int, seed: int
) -> None:
    """No other list within the capacity is expected to gain more, and no order of rows matters."""
    p, value = map(np.array, zip(*pairs, strict=True))
    plan = choose(table(p, value.astype(float)), **COSTS, capacity=capacity)
    gain = plan.customers["expected_gain"].to_numpy()
    best = np.sort(gain[gain > 0])[::-1][:capacity].sum()
    assert gains(plan)["chosen"] == pytest.approx(best)
    assert gains(plan)["chosen"] >= max(gains(plan)["contact none"], 0)
    assert plan.contacted == min(capacity, (gain > 0).sum())
    shuffled = table(p, value.astype(float)).sample(frac=1, random_state=seed)
    again = choose(shuffled, **COSTS, capacity=capacity).customers.sort_index()
    assert again["contact"].tolist() == plan.customers["contact"].tolist()


def test_capacity_without_costs() -> None:
    """The most at risk are chosen, and what is unknown is missing, not zero."""
    plan = choose(table([0.9, 0.5, 0.5], [10.0, 100.0, np.nan]), capacity=1)
    assert plan.customers["contact"].tolist() == [False, True, False]
    assert "expected_gain" not in plan.customers
    money = ["expected_saved", "expected_cost", "expected_gain"]
    assert plan.alternatives[money].isna().all(axis=None)
    assert plan.not_evaluable == 1
    assert str(plan).splitlines()[1] == "1 more cannot be judged"
    assert "expected_gain" not in str(plan)


def test_longest_silence_shares_ties() -> None:
    """As many as chosen; equally silent customers at the edge count by their share."""
    risks = table([0.5, 0.5, 0.5], [100.0, 200.0, 300.0]).assign(days_since_last=[9, 9, 9])
    found = choose(risks, capacity=1).alternatives.set_index("choice")
    assert found.loc["longest silence", "value_at_risk"] == pytest.approx(100)
    assert found.loc["longest silence", "contacted"] == 1


@cache
def world() -> tuple[pd.DataFrame, pd.Series, pd.Series]:
    """Risks at a date in a simulated shop, who was silent after it, and what each would buy."""
    orders, hidden = lw.datasets.simulate_orders(20_000, seed=5, truth=True)
    both = lw.calibration_holdout(orders, split="2024-06-30", end="2024-12-27")
    model, spend = lw.BGNBD(horizon_days=180).fit(both), lw.GammaGamma().fit(both)
    risks = risk_table(both, model=model, spend=spend)
    truth = hidden.set_index("customer_id").loc[both["customer_id"]].reset_index()
    mean, leaving = truth["orders_per_day"] * 180, truth["dropout"]
    orders_if_any = np.expm1(-mean * leaving) / leaving / np.expm1(-mean)
    value = orders_if_any * truth["mean_spend"]
    return risks, both["holdout_orders"] == 0, value


@pytest.mark.parametrize("contact_cost", [0.3, 0.6, 1.2])
def test_the_threshold_beats_none_and_all(contact_cost: float) -> None:
    """In a shop whose truth is known, the chosen list really gains most, and about as foretold."""
    risks, silent, value = world()
    costs = COSTS | {"contact_cost": contact_cost}
    plan = choose_contacts(risks, horizon_days=180, **costs)
    real = silent * 0.1 * 0.3 * value - contact_cost
    chosen, everyone = real[plan.customers["contact"]].sum(), real.sum()
    longest = real[risks["days_since_last"].nlargest(plan.contacted).index].sum()
    assert chosen > max(0, everyone, longest)
    assert 0 < plan.contacted < len(risks)
    assert chosen == pytest.approx(gains(plan)["chosen"], rel=0.35)


def test_polars_and_the_input_is_kept() -> None:
    """A Polars table comes back as one, and the given table is not changed."""
    risks = table([0.9, 0.5], [100.0, 900.0])
    before = risks.copy()
    expected = choose(risks, **COSTS).customers
    found = choose(ENGINES["polars"].make(risks), **COSTS).customers.to_pandas()
    pd.testing.assert_frame_equal(found, expected)
    pd.testing.assert_frame_equal(risks, before)


@pytest.mark.parametrize(
    ("choices", "words"),
    [
        ({}, "neither costs nor a capacity"),
        ({"margin": 0.3, "capacity": 3}, "contact_cost and save_rate missing"),
        (COSTS | {"margin": 30}, "margin must be a number from 0 to 1"),
        (COSTS | {"save_rate": np.nan}, "save_rate"),
        (COSTS | {"contact_cost": "2"}, "contact_cost must be a number from 0 to"),
        (COSTS | {"offer_cost": -1}, "offer_cost"),
        ({"capacity": 2.5}, "capacity must be a whole number"),
        ({"capacity": -1}, "capacity"),
    ],
)
def test_refused_choices(choices: dict[str, Any], words: str) -> None:
    """Half the costs, or none and no capacity, do not say where to stop."""
    with pytest.raises(SpecError, match=rf"{words}(.|\n)*Hint: "):
        choose(table([0.9], [100.0]), **choices)


def test_refused_tables() -> None:
    """Impossible risks, no rows, another horizon."""
    with pytest.raises(DataError, match=r"0 to 1: 1 of 2(.|\n)*0 to 1e\+12: 2 of 2"):
        choose(table([0.9, 1.1], [-1.0, -2.0]), **COSTS)
    with pytest.raises(DataError, match="no rows"):
        choose(table([], []), **COSTS)
    with pytest.raises(ColumnsError, match="p_no_purchase_30d"):
        choose_contacts(table([0.9], [1.0]), horizon_days=30, capacity=1)


def test_another_horizon_is_named() -> None:
    """A table of another horizon is answered with the choice that made it."""
    with pytest.raises(ColumnsError, match=r"p_no_purchase_30d(.|\n)*horizon_days=30"):
        choose_contacts(table([0.5], [10.0]), horizon_days=30, capacity=1)
