"""Prices and promotions across channels, against day by day counting."""

from typing import Any

import numpy as np
import pandas as pd
import pytest

from layerwise.errors import ColumnsError, DataError, SpecError
from layerwise.identity import channel_exposures, price_gaps, promotion_overlap
from tests.conftest import Engine

START = pd.Timestamp("2024-01-01")


def prices(*rows: tuple[Any, ...]) -> pd.DataFrame:
    """Return a table of prices."""
    return pd.DataFrame(list(rows), columns=["sku", "channel", "valid_from", "valid_to", "price"])


def random_prices(seed: int) -> pd.DataFrame:
    """Return prices of 6 items in 4 channels over 90 days, with holes."""
    rng, rows = np.random.default_rng(seed), []
    for sku in "abcdef":
        for channel in ("app", "shop", "web", "kiosk"):
            day = int(rng.integers(0, 30))
            while day < 90:
                length = int(rng.integers(1, 25))
                span = [
                    pd.Timestamp("2024-01-01") + pd.Timedelta(days=d)
                    for d in (day, day + length - 1)
                ]
                rows.append((sku, channel, *span, float(rng.integers(90, 111))))
                day += length + int(rng.choice([0, 3]))
    return prices(*rows)


def by_hand(table: pd.DataFrame, sku: str, day: pd.Timestamp) -> float:
    """Return the gap of one item on one day."""
    on = table[(table["sku"] == sku) & (table["valid_from"] <= day) & (table["valid_to"] >= day)][
        "price"
    ]
    return float((on.max() - on.min()) / on.median()) if len(on) > 1 else float("nan")


def test_gaps_agree_with_day_by_day() -> None:
    """On every day of every item, the spell that holds the day has the gap of the definition."""
    table = random_prices(3)
    gaps = price_gaps(table.sample(frac=1, random_state=1))
    pd.testing.assert_frame_equal(gaps, price_gaps(table))
    for sku in "abcdef":
        own = gaps[gaps["sku"] == sku]
        for day in pd.date_range("2024-01-01", "2024-03-20"):
            spell = own[
                (own["valid_from"] <= day) & (own["valid_to"].isna() | (own["valid_to"] >= day))
            ]
            found = spell["gap"].iloc[0] if len(spell) else np.nan
            np.testing.assert_allclose(found, by_hand(table, sku, day), rtol=1e-12)


def test_days_before_1970() -> None:
    """A spell may lie anywhere in the calendar."""
    table = prices(("x", "a", "1969-12-01", "1970-01-05", 9.0), ("w", "a", "1960-01-01", None, 1.0))
    found = price_gaps(table)
    assert found["sku"].tolist() == ["w", "x", "x"]
    assert found["valid_from"].dt.year.tolist() == [1960, 1969, 1970]
    assert found["channels"].tolist() == [1, 1, 0]


def test_the_limit_is_not_flagged() -> None:
    """A gap of exactly the limit is the lower band; one channel cannot be judged."""
    table = prices(("x", "a", "2024-01-01", None, 100.0), ("x", "b", "2024-01-01", None, 104.0))
    gap = float(price_gaps(table)["gap"].iloc[0])
    assert gap == pytest.approx(4 / 102)
    assert price_gaps(table, limit=gap)["flag"].tolist() == [False]
    assert price_gaps(table, limit=gap - 1e-9)["flag"].tolist() == [True]
    assert price_gaps(table.iloc[:1])["flag"].isna().all()


def test_price_refusals() -> None:
    """Two prices at once, prices that are none, dates that run backwards, missing columns."""
    good = ("x", "a", "2024-01-01", "2024-02-01", 5.0)
    for bad in [("x", "a", "2024-02-01", None, 6.0), ("x", "b", "2024-02-01", None, 0.0),
                ("x", "b", "2024-02-01", "2024-01-01", 6.0), ("x", "b", None, None, 6.0),
                (None, "b", "2024-02-01", None, 6.0),
                ("x", "b", "2024-02-01", None, None)]:  # fmt: skip
        with pytest.raises(DataError):
            price_gaps(prices(good, bad))
    with pytest.raises(ColumnsError, match="price"):
        price_gaps(prices(good).drop(columns="price"))
    with pytest.raises(SpecError):
        price_gaps(prices(good), limit=-1)
    assert len(price_gaps(prices(good).iloc[:0])) == 0


def promotions(*rows: tuple[Any, ...]) -> pd.DataFrame:
    """Return a table of promotions."""
    return pd.DataFrame(list(rows), columns=["channel", "promo_id", "valid_from", "valid_to"])


PROMOTIONS = promotions(
    ("app", "p", "2024-01-01", "2024-01-31"), ("shop", "p", "2024-01-01", "2024-01-31"),
    ("app", "q", "2024-02-01", "2024-02-10"), ("shop", "r", "2024-02-05", "2024-02-20"),
)  # fmt: skip


def test_overlap_of_promotions() -> None:
    """Sets of what runs in the period; nothing on either side cannot be compared."""
    whole = promotion_overlap(PROMOTIONS, start="2024-01-01", end="2024-12-31")
    assert whole[["both", "either"]].values.tolist() == [[1, 3]]
    january = promotion_overlap(PROMOTIONS, start="2024-01-31", end="2024-01-31")
    assert january[["jaccard", "flag"]].values.tolist() == [[1.0, False]]
    assert promotion_overlap(PROMOTIONS, start="2025-01-01", end="2025-01-31")["flag"].isna().all()
    with pytest.raises(SpecError):
        promotion_overlap(PROMOTIONS, start="2024-02-01", end="2024-01-01")


def test_promotions_are_of_items() -> None:
    """With items, the same promotion of another item is another."""
    table = PROMOTIONS.iloc[:2].assign(sku=["tea", "rice"])
    assert promotion_overlap(table, start="2024-01-01", end="2024-12-31")["both"].tolist() == [0]


def test_exposures(engine: Engine) -> None:
    """Who bought where channels differ has 1, where they agree 0, else missing."""
    if engine.lazy:
        return
    customers = pd.DataFrame({"customer_id": [1, 2, 3, 4]})
    orders = pd.DataFrame(
        [(1, "2024-01-05", "x", "app"), (1, "2024-02-05", "x", "app"),
         (2, "2024-01-31", "x", "shop"),
         (3, "2024-03-01", "y", "shop"), (3, "2023-12-31", "x", "app")],
        columns=["customer_id", "ordered_at", "sku", "channel"],
    )  # fmt: skip
    table = prices(
        ("x", "app", "2024-01-01", None, 10.0), ("x", "shop", "2024-01-01", "2024-01-31", 10.0),
        ("x", "shop", "2024-02-01", None, 12.0),
    )  # fmt: skip
    found = channel_exposures(
        engine.make(customers), engine.make(orders), as_of="2024-12-31",
        prices=engine.make(table), promotions=engine.make(PROMOTIONS),
    )  # fmt: skip
    read = engine.pandas(found)
    names = ["channel_price_gap", "channel_promo_mismatch"]
    assert read[names].astype(float).fillna(-1).values.tolist() == [
        [1, 1],
        [0, 0],
        [-1, -1],
        [-1, -1],
    ]


def test_exposures_agree_with_day_by_day() -> None:
    """For random prices and orders the flags are those of the definition."""
    table, rng = random_prices(9), np.random.default_rng(1)
    orders = pd.DataFrame({
        "customer_id": rng.integers(0, 80, 120), "sku": rng.choice(list("abcdefz"), 120),
        "ordered_at": pd.Timestamp("2024-01-01") + pd.to_timedelta(rng.integers(0, 80, 120), "D"),
    })  # fmt: skip
    customers = pd.DataFrame({"customer_id": range(80)})
    found = channel_exposures(customers, orders, as_of="2024-12-31", prices=table, price_limit=0.1)
    gaps = [by_hand(table, s, d) for s, d in zip(orders["sku"], orders["ordered_at"], strict=True)]
    flags = pd.Series(np.where(np.isnan(gaps), np.nan, np.array(gaps) > 0.1))
    expected = flags.groupby(orders["customer_id"]).max().reindex(range(80))
    assert 0.2 < expected.mean() < 0.98
    np.testing.assert_array_equal(found["channel_price_gap"], expected)


def test_exposures_need_something_to_compare() -> None:
    """Without prices and promotions there is nothing to say."""
    with pytest.raises(SpecError, match="nothing to compare"):
        channel_exposures(pd.DataFrame({"customer_id": [1]}), pd.DataFrame(), as_of="2024-01-01")
