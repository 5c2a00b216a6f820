"""Simulated logs are those of the worlds that they say."""

import numpy as np
import pandas as pd
import pytest

from layerwise.datasets import World, simulate_orders
from layerwise.errors import SpecError


def test_equal_seeds_give_equal_logs():
    """The log depends on the seed and nothing else."""
    first, again = (simulate_orders(300, seed=1) for _ in range(2))
    pd.testing.assert_frame_equal(first, again)
    assert not simulate_orders(300, seed=2).equals(first)


def test_the_simulated_world_is_what_it_says():
    """Means of rates, drop-outs, spend and first days are those of their distributions."""
    orders, hidden = simulate_orders(100_000, seed=5, truth=True)
    w = World()
    assert hidden["orders_per_day"].mean() == pytest.approx(
        w.rate_shape / w.rate_scale_days, rel=0.03
    )
    assert hidden["dropout"].mean() == pytest.approx(
        w.dropout_a / (w.dropout_a + w.dropout_b), rel=0.01
    )
    mean = w.spend_shape * w.spend_mix_scale / (w.spend_mix_shape - 1)
    assert hidden["mean_spend"].mean() == pytest.approx(mean, rel=0.02)
    first = orders.groupby("customer_id")["ordered_at"].min()
    assert len(first) == 100_000
    assert (first - pd.Timestamp(w.start)).dt.days.mean() == pytest.approx(182, abs=2)


def test_nobody_orders_after_leaving():
    """The last order of who left is the day of leaving; others have none after it."""
    orders, hidden = simulate_orders(5000, seed=6, truth=True)
    last = orders.groupby("customer_id")["ordered_at"].max()
    gone = hidden["left_at"].notna()
    assert 0 < gone.mean() < 1
    assert (last[gone.to_numpy()].to_numpy() == hidden.loc[gone, "left_at"].to_numpy()).all()


def test_amounts_are_whole_cents_within_the_log():
    """Cents add up exactly, and no order lies outside the dates."""
    orders = simulate_orders(2000, seed=8, world=World(start="2020-02-28", days=30, entry_days=10))
    cents = orders["amount"] * 100
    assert np.allclose(cents, cents.round(), atol=1e-6)
    assert orders["ordered_at"].between("2020-02-28", "2020-03-29 23:59:59.999999").all()


def test_impossible_worlds_are_refused():
    """Sizes and parameters are above zero; entries lie within the log."""
    with pytest.raises(SpecError, match="rate_shape"):
        World(rate_shape=0)
    with pytest.raises(SpecError, match="entry_days"):
        World(days=10, entry_days=11)
    with pytest.raises(SpecError, match="n_customers"):
        simulate_orders(0, seed=1)
