"""Silence against one's own habit: by hand, and calibrated on buyers who are known to stay."""

import numpy as np
import pandas as pd
import pytest

import layerwise as lw
from tests.churn.cases import found


def history(*cells: tuple[int, int, int]) -> pd.DataFrame:
    """Return customers with (repeat orders, days from first to last, age)."""
    names = ["repeat_orders", "first_to_last_days", "age_days"]
    return pd.DataFrame(cells, columns=names).assign(customer_id=range(len(cells)))


def test_by_hand() -> None:
    """Four repeat orders in 50 of 100 days: p = 0.5^4; too long from 50·(0.1^(-1/4) - 1) days."""
    customers = history((4, 50, 100), (4, 95, 100), (0, 0, 100))
    table = found(customers, "purchase_frequency_drop")
    assert table["p"].iloc[:2].tolist() == pytest.approx([0.0625, 0.95**4])
    assert table["flagged"].tolist() == [True, False, False]
    assert table["not_evaluable"].tolist() == [False, False, True]
    limit = 50 * (0.1**-0.25 - 1)
    assert table["baseline"][0] == pytest.approx(limit)
    assert (50 / (50 + limit)) ** 4 == pytest.approx(0.1)


@pytest.mark.parametrize(("r", "alpha"), [(0.243, 30.9), (2.0, 60.0), (1.0, 40.0)])
def test_calibrated_on_buyers_alive(r: float, alpha: float) -> None:
    """Of simulated BG/NBD buyers who have not left, about a tenth have p < 0.1, not more."""
    world = lw.datasets.World(days=730, rate_shape=r, rate_scale_days=alpha)
    orders, truth = lw.datasets.simulate_orders(12_000, seed=3, world=world, truth=True)
    customers = lw.summarize(orders, as_of="2024-12-30").merge(truth, on="customer_id")
    p = found(customers, "purchase_frequency_drop", as_of="2024-12-30")["p"].to_numpy()
    alive = customers["left_at"].isna().to_numpy() & ~np.isnan(p)
    n = alive.sum()
    assert abs((p[alive] < 0.1).mean() - 0.1) < 3 * np.sqrt(0.09 / n) + 0.01
    gone = customers["left_at"].notna().to_numpy() & ~np.isnan(p)
    assert (p[gone] < 0.1).mean() > 0.5


def test_the_gap_of_bgnbd_is_not_calibrated_at_a_date() -> None:
    """Why p is not the model's P(gap > silence): in a shop of steady buyers it is 0.1 too often."""
    world = lw.datasets.World(days=730, rate_shape=2.0, rate_scale_days=60.0)
    orders, truth = lw.datasets.simulate_orders(12_000, seed=3, world=world, truth=True)
    table = lw.summarize(orders, as_of="2024-12-30").merge(truth, on="customer_id")
    table = table[table["left_at"].isna()]
    past = (60 + table["first_to_last_days"]) / (60 + table["age_days"])
    assert (past ** (2 + table["repeat_orders"]) < 0.1).mean() > 0.15
