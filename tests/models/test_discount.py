"""Discounted orders: mpmath on a hard grid, scipy, laws, large tables against single rows."""

import json
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from scipy.integrate import quad

from layerwise.models import BGNBD, MBGCNBD, MBGNBD, GammaGamma, ParetoNBD, residual_value

from .conftest import simulated, table

SPECS = {"bgnbd": BGNBD(), "mbgnbd": MBGNBD(), "pareto_nbd": ParetoNBD()}
DROPOUT = {"r": 0.55, "alpha": 60.0, "a": 0.8, "b": 2.4}
TYPICAL = {
    "bgnbd": BGNBD().with_parameters(**DROPOUT),
    "mbgnbd": MBGNBD().with_parameters(**DROPOUT),
    "pareto_nbd": ParetoNBD().with_parameters(r=0.55, alpha=3.0, s=0.6, beta=800.0),
}


def reference(model):
    found = Path(__file__).parent / f"reference_{model}_discounted.json"
    return json.loads(found.read_text())


@pytest.mark.parametrize("model", list(SPECS))
@pytest.mark.parametrize("crowd", [1, 60])
def test_discounted_orders_equal_mpmath(model, crowd):
    """1e-10 on a hard grid at 25 digits, for one customer and amid others of nearly that age."""
    for row in reference(model):
        fitted = SPECS[model].with_parameters(**row["parameters"])
        others = [(row["x"], row["t_x"], row["T"] + i / crowd) for i in range(crowd)]
        discount = row["annual_discount"]
        found = fitted.discounted_orders(table(*others), row["h"], annual_discount=discount)[0]
        assert found == pytest.approx(row["discounted_orders"], rel=1e-10, abs=1e-290), row


@pytest.mark.parametrize("k", [1, 3, 20])
@pytest.mark.parametrize("row", [(0, 0, 30), (2, 40, 60), (40, 300, 310)])
def test_regular_buyers_equal_quadrature(k, row):
    """Their expected orders rise in steps: by parts with scipy's adaptive rule, step by step."""
    fitted, one = MBGCNBD(k=k).with_parameters(r=1.5, alpha=20.0, a=0.8, b=3.0), table(row)
    rate = np.log1p(0.3) / 365.25

    def part(t: float) -> float:
        return rate * np.exp(-rate * t) * fitted.expected_orders(one, t)[0]

    days = np.linspace(0.0, 120.0, 13)
    by_quad = sum(quad(part, *ends, epsabs=1e-13)[0] for ends in pairwise(days))
    right = by_quad + np.exp(-rate * 120.0) * fitted.expected_orders(one, 120.0)[0]
    found = fitted.discounted_orders(one, 120.0, annual_discount=0.3)[0]
    assert found == pytest.approx(right, rel=1e-10)


def test_regular_buyers_of_one_step_are_those_of_mbgnbd():
    """With k = 1 they are the same; a missing history is missing."""
    customers = simulated(200, seed=1).astype(float)
    customers.loc[3, "age_days"] = np.nan
    one = MBGCNBD(k=1).with_parameters(**DROPOUT).discounted_orders(customers, 365)
    plain = TYPICAL["mbgnbd"].discounted_orders(customers, 365)
    assert one == pytest.approx(plain, rel=1e-9, nan_ok=True)
    assert np.flatnonzero(np.isnan(plain)).tolist() == [3]


HISTORY = st.tuples(st.integers(0, 5000), st.integers(1, 10_000), st.integers(0, 10_000)).map(
    lambda h: (h[0], h[1] if h[0] else 0, h[1] + h[2])
)
POSITIVE = st.floats(1e-6, 1e6)


@given(
    st.sampled_from(list(SPECS)),
    HISTORY,
    st.floats(0, 1e300),
    st.tuples(*[POSITIVE] * 4),
    st.floats(1e-12, 1e12),
)
@example("bgnbd", (0, 0, 1), 5e-324, (1.0, 1.0, 1.0, 1.0), 1.0)
@example("bgnbd", (0, 0, 1), 2e-311, (1.0, 1.0, 1.0, 1.0), 1.0)  # 1/h is not a number
@example("mbgnbd", (0, 0, 1), 1e300, (1e-6, 1e-6, 1e6, 1e-6), 1e-12)
def test_a_discount_takes_less_than_the_last_day_would(model, history, h, values, discount):
    """Between expected orders discounted wholly to the last day, and not at all."""
    names = TYPICAL[model].parameter_names
    fitted = SPECS[model].with_parameters(**dict(zip(names, values, strict=True)))
    found = fitted.discounted_orders(table(history), h, annual_discount=discount)[0]
    assert 0.0 <= found < np.inf
    if h <= 1e4:
        most = fitted.expected_orders(table(history), h)[0]
        least = most * np.exp(-np.log1p(discount) / 365.25 * h)
        assert least * (1 - 1e-7) <= found <= most * (1 + 1e-7)


@pytest.mark.parametrize("model", list(SPECS))
def test_many_customers_get_what_each_gets_alone(model):
    """Whole days, other times and shuffled rows, 30,000 of them, agree with a few alone."""
    fitted, days = TYPICAL[model], simulated(30_000, seed=5)
    for shift in (0.0, 0.25):
        customers = days.assign(age_days=days["age_days"] + shift)
        found = fitted.discounted_orders(customers, 365)
        some = customers.iloc[::1000]
        alone = [fitted.discounted_orders(some.iloc[[i]], 365)[0] for i in range(len(some))]
        assert found[::1000] == pytest.approx(alone, rel=1e-11)
        turned = fitted.discounted_orders(customers.iloc[::-1], 365)
        assert turned[::-1] == pytest.approx(found, rel=1e-13)


@pytest.mark.parametrize("model", list(SPECS))
def test_no_time_is_worth_nothing(model):
    """No days, no orders; no rows, no numbers."""
    some = table((0, 0, 0), (2, 30, 60))
    assert TYPICAL[model].discounted_orders(some, 0).tolist() == [0.0, 0.0]
    assert len(TYPICAL[model].discounted_orders(some.head(0).astype(float), 365)) == 0


def test_value_is_discounted_orders_times_spend():
    """The product of both parts, row by row."""
    customers = simulated(50, seed=2).assign(spend_repeat_mean=20.0)
    spend = GammaGamma().with_parameters(p=6.0, q=4.0, v=15.0)
    found = residual_value(TYPICAL["bgnbd"], spend, customers, horizon_days=200, margin=0.5)
    orders = TYPICAL["bgnbd"].discounted_orders(customers, 200)
    assert found == pytest.approx(orders * spend.expected_spend(customers) * 0.5)
