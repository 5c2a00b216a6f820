"""Coupons: only where they pay, never beyond the budget, and tests first."""

from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import layerwise as lw
from layerwise.errors import DataError, LayerwiseError
from layerwise.strategy import (
    CouponPlan,
    allocate_coupons,
    coupon_gain,
)
from tests.conftest import ENGINES

CHOICES: dict[str, Any] = {"face_value": 5.0, "margin": 0.3}


def people(n: int, layers: tuple[str, ...] = ("a", "b"), seed: int = 3) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    rows = {"customer_id": np.arange(n), "layer": rng.choice(layers, n)}
    return pd.DataFrame(rows | {"spend_mean": rng.gamma(3, 20, n).round(2)})


def test_of(**layers: tuple[int, int, int, int, int]) -> pd.DataFrame:
    names = ["treated", "treated_buyers", "coupon_users", "control", "control_buyers"]
    table = pd.DataFrame(list(layers.values()), columns=names)
    return table.assign(layer=list(layers))


test_of.__test__ = False  # type: ignore[attr-defined]


def plan(table: Any, experiment: Any = None, **choices: Any) -> CouponPlan:
    return allocate_coupons(table, experiment=experiment, layer="layer", **CHOICES | choices)


@given(st.floats(0, 1), st.floats(0.01, 1), st.floats(1, 200), st.floats(0, 30), st.floats(0, 1))
def test_the_gain_is_positive_above_the_break_even(
    p0: float, p1: float, g: float, d: float, u: float
) -> None:
    """The sign of the gain is that of the uplift less p1 · d · u / g."""
    gain = float(coupon_gain(p1, p0, margin=g, face_value=d, use_share=u))
    spare = p1 - p0 - p1 * d * u / g
    assert abs(spare) < 1e-12 or (gain > 0) == (spare > 0)


def test_sleeping_buyers_get_none() -> None:
    """Who would buy anyway, with p0 = p1 or p0 > p1, gets no coupon, however large the basket."""
    found = plan(people(400), test_of(a=(500, 100, 80, 500, 100), b=(500, 90, 0, 500, 100)))
    assert set(found.customers["coupon"]) == {"none"}
    assert found.reasons.set_index("reason")["customers"][["no gain", "held out"]].sum() == 400


@pytest.mark.parametrize(("budget", "issued"), [(0.3, 3), (0.7, 7), (0.75, 7)])
def test_a_budget_is_counted_in_decimals(budget: float, issued: int) -> None:
    """Three coupons of 0.1 cost 0.3: they fit a budget of it, and the cost is not above it."""
    sure = test_of(a=(500, 500, 500, 500, 0))
    choices = {"face_value": 0.1, "holdout": 0.0, "budget": budget}
    found = plan(people(10, ("a",)).assign(spend_mean=100.0), sure, **choices)
    assert (found.customers["coupon"] == "issue").sum() == issued
    assert found.cost == issued / 10


def test_the_holdout_is_of_the_size_asked_for() -> None:
    """A tenth, or what is asked for, of a tested layer gets none whatever it would gain."""
    rates = test_of(a=(500, 200, 100, 500, 100))
    for share in (0.1, 0.3):
        found = plan(people(4000, ("a",)), rates, holdout=share)
        held = found.reasons.set_index("reason").loc["held out", "customers"]
        assert held / 4000 == pytest.approx(share, abs=4 * (share * (1 - share) / 4000) ** 0.5)


def test_simulated_uplift_is_found() -> None:
    """Layers whose true uplift is above the break-even get coupons, and these really gain."""
    rng = np.random.default_rng(8)
    truth = {"a": (0.30, 0.20), "b": (0.22, 0.20), "c": (0.2, 0.2)}  # break-even of u = 1: 5 to 6 %
    counts = {
        k: (n := 20_000, x := rng.binomial(n, p1), x, n, rng.binomial(n, p0))
        for k, (p1, p0) in truth.items()
    }
    table = people(3000, tuple(truth)).assign(spend_mean=60.0)
    found = plan(table, test_of(**counts), holdout=0.0).customers
    assert set(found.loc[found["coupon"] == "issue", "layer"]) == {"a"}
    assert (found["layer"] == "a").sum() == (found["coupon"] == "issue").sum()
    real = coupon_gain(0.30, 0.20, margin=18, face_value=5, use_share=1)
    assert found.loc[found["layer"] == "a", "expected_gain"].mean() == pytest.approx(real, rel=0.2)


@given(st.floats(0, 300), st.integers(0, 5))
def test_the_budget_is_never_exceeded(budget: float, seed: int) -> None:
    """Issued and tested together stay within, and no better coupon is left out for a worse one."""
    experiment = test_of(a=(500, 150, 90, 500, 100), b=(500, 120, 90, 500, 100))
    found = plan(people(500, ("a", "b", "c"), seed), experiment, budget=budget)
    assert found.cost <= budget + 1e-9
    table = found.customers.assign(ratio=lambda t: t["expected_gain"] / t["expected_cost"])
    out = table["coupon_reason"] == "budget used up"
    issued = table["coupon"] == "issue"
    if issued.any() and (out & table["ratio"].notna()).any():
        assert table.loc[issued, "ratio"].min() >= table.loc[out, "ratio"].max() - 1e-12


def test_before_a_test_only_a_test_cell() -> None:
    """Nothing is known to pay: a random share gets it, the same one again, and no gain is told."""
    found = plan(people(5000), test_share=0.2)
    share = (found.customers["coupon"] == "test").mean()
    assert 0.17 < share < 0.23
    assert not (found.customers["coupon"] == "issue").any()
    assert found.customers["expected_gain"].isna().all()
    again = plan(people(5000).sample(frac=1, random_state=1), test_share=0.2)
    assert again.customers.sort_index()["coupon"].tolist() == found.customers["coupon"].tolist()
    partly = plan(people(900), test_of(a=(500, 200, 90, 500, 100))).customers
    assert set(partly.loc[partly["layer"] == "b", "coupon"]) == {"test", "none"}


def test_thresholds_consent_and_open_coupons() -> None:
    """1.2 times 40 is 48, rounded to 50; consent is never assumed; one open coupon a person."""
    table = people(4).assign(
        layer="a", spend_mean=[40.0, 40.0, 40.0, np.nan], mail=[True, None, True, True],
        has=[False, False, True, None],
    )  # fmt: skip
    experiment = test_of(a=(500, 200, 90, 500, 100))
    choices: dict[str, Any] = {"consent": "mail", "open_coupon": "has", "holdout": 0.0}
    found = plan(table, experiment, **choices).customers
    assert found["coupon_threshold"].tolist()[0] == 50
    assert found["coupon_reason"].tolist() == [
        "gains", "no consent", "has an open coupon", "not evaluable",
    ]  # fmt: skip


def test_layers_show_how_sure_the_test_is() -> None:
    """Newcombe's interval of 56/70 against 48/80, as published: 0.0524 to 0.3339."""
    layers = plan(people(9), test_of(a=(70, 56, 50, 80, 48))).layers
    assert layers[["low", "high"]].iloc[0].tolist() == pytest.approx([0.0524, 0.3339], abs=5e-5)
    assert layers["use_share"][0] == pytest.approx(50 / 56)


@pytest.mark.parametrize("kind", ["pandas_arrow", "polars"])
def test_same_everywhere(kind: str) -> None:
    """Another frame gives its own kind back with the same coupons."""
    table = people(60).assign(mail=True)
    experiment = test_of(a=(500, 200, 90, 500, 100), b=(500, 100, 90, 500, 100))
    expected = plan(table, experiment, consent="mail").customers["coupon"].tolist()
    theirs = ENGINES[kind].make(experiment)
    found = plan(ENGINES[kind].make(table), theirs, consent="mail").customers
    assert type(found) is type(ENGINES[kind].make(table))
    assert ENGINES[kind].pandas(found)["coupon"].tolist() == expected


def test_on_real_orders() -> None:
    """A plan for CDNOW: everybody has a reason, and all reasons add up."""
    orders = lw.datasets.load_cdnow()
    customers = lw.summarize(orders[orders["amount"] > 0], as_of="1998-06-30")
    found = allocate_coupons(customers, **CHOICES, budget=100)
    assert found.reasons["customers"].sum() == len(customers)
    assert 0 < (found.customers["coupon"] == "test").sum() <= 20


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"treated": 0}, "without customers"),
        ({"treated_buyers": 600}, "more buyers"),
        ({"coupon_users": 300}, "more users"),
        ({"control": 1.5}, "not whole"),
        ({"control": np.nan}, "missing"),
        ({"layer": "a"}, "twice"),
        ({"treated": -1}, "negative"),
    ],
)
def test_refused_experiments(change: dict[str, Any], words: str) -> None:
    """Counts that cannot be are refused with how many rows."""
    experiment = test_of(a=(500, 200, 90, 500, 100), b=(500, 200, 90, 500, 100)).assign(**change)
    with pytest.raises(DataError, match=words):
        plan(people(9), experiment)


@pytest.mark.parametrize(
    "choices",
    [
        {"face_value": -1}, {"margin": 30}, {"budget": np.nan}, {"holdout": 1.0},
        {"test_share": "0.1"}, {"round_to": 0}, {"consent": "layer"}, {"layer": "none"},
        {"basket": "layer"}, {"experiment": {"a": 1}}, {"salt": ""}, {"layer": "spend_mean"},
    ],
)  # fmt: skip
def test_refused_choices(choices: dict[str, Any]) -> None:
    """Every impossible choice is an error of layerwise with a hint."""
    with pytest.raises(LayerwiseError, match="Hint: "):
        allocate_coupons(people(9), **{"layer": "layer"} | CHOICES | choices)


def test_the_id_column_is_named() -> None:
    """Another id column gives the same coupons."""
    table, tested = people(300), test_of(a=(1000, 200, 150, 1000, 100))
    found = plan(table.rename(columns={"customer_id": "client"}), tested, customer="client")
    expected = plan(table, tested).customers.rename(columns={"customer_id": "client"})
    pd.testing.assert_frame_equal(found.customers, expected)
    assert (expected["coupon"] == "issue").any()
