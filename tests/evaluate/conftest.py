"""A shop whose truth is known."""

from typing import Any

import numpy as np
import pandas as pd
import pytest


def shop(n: int, *, effect: float = 0.0, seed: int = 1) -> pd.DataFrame:
    """Return customers with arm and outcomes; `effect` adds to the share that buys and to spend."""
    rng = np.random.default_rng(seed)
    offer = rng.random(n) < 0.5
    before = rng.gamma(2.0, 10.0, n)
    orders = 1 + rng.poisson(2.0, n)
    return pd.DataFrame(
        {
            "customer_id": np.arange(n),
            "tier": np.array(["high", "mid", "low"])[rng.integers(0, 3, n)],
            "orders": orders,
            "before": before,
            **outcomes(before, orders, offer, effect, seed + 1),
        }
    )


def outcomes(
    before: Any, orders: Any, offer: Any, effect: float, seed: int
) -> dict[str, np.ndarray]:
    """Return arm and outcomes: the share grows by the effect, spend by 20 times, price by 5."""
    rng, n = np.random.default_rng(seed), len(offer)
    return {
        "arm": np.where(offer, "offer", "control"),
        "bought": rng.random(n) < 0.10 + effect * offer,
        "spend": np.asarray(0.8 * before + rng.normal(0, 8, n) + 20 * effect * offer),
        "sales": np.asarray(orders * (5 + rng.normal(0, 1, n) + 5 * effect * offer)),
    }


def worlds(runs: int, n: int, *, effect: float = 0.0, seed: int = 1) -> pd.DataFrame:
    """Return several shops one below the other, half of each with the offer."""
    table = shop(runs * n, effect=effect, seed=seed)
    world = np.arange(runs * n) // n
    order = np.lexsort((table["before"].sample(frac=1, random_state=seed), world))
    half = np.empty(runs * n, dtype=bool)
    half[order] = np.arange(runs * n) % 2 == 0
    again = outcomes(table["before"], table["orders"], half, effect, seed + 1)
    return table.assign(world=world, **again)


@pytest.fixture
def table() -> pd.DataFrame:
    """4,000 customers with an effect."""
    return shop(4000, effect=0.05)
