"""Portraits of customers: by hand, planted habits, what columns allow, refusals."""

from typing import Any

import numpy as np
import pandas as pd
import pytest

from layerwise.errors import ColumnsError, DataError, RowsLeftOutWarning, SpecError
from layerwise.portrait import customer_portraits
from tests.conftest import ENGINES

AS_OF = "2024-12-31"
ROLES: dict[str, Any] = {
    "as_of": AS_OF,
    "category": "category",
    "channel": "channel",
    "promoted": "discount",
    "quantity": "quantity",
}


def log(n: int = 4000, seed: int = 0) -> pd.DataFrame:
    """Return lines of 40 customers; the first 20 buy tea on Saturday evenings in the app."""
    rng = np.random.default_rng(seed)
    who = rng.integers(0, 40, n)
    first = who < 20
    day = pd.Timestamp("2024-01-06") + pd.to_timedelta(rng.integers(0, 50, n) * 7, unit="D")
    day = day + pd.to_timedelta(np.where(first, 0, rng.integers(0, 7, n)), unit="D")
    hour = np.where(first, rng.integers(18, 24, n), rng.integers(0, 24, n))
    tea = rng.random(n) < np.where(first, 0.8, 0.2)
    quantity = rng.integers(1, 4, n)
    price = np.where(tea, 5.0, 2.0) * np.where(first, 1.5, 1.0)
    return pd.DataFrame(
        {
            "customer_id": who,
            "ordered_at": day + pd.to_timedelta(hour, unit="h"),
            "category": np.where(tea, "tea", "milk"),
            "channel": np.where(first, "app", "shop"),
            "discount": np.where(rng.random(n) < np.where(first, 0.1, 0.6), 0.5, 0.0),
            "quantity": quantity,
            "amount": np.round(quantity * price, 2),
        }
    )


def portraits(orders: pd.DataFrame, **choices: Any) -> Any:
    """Return portraits of the 40 customers."""
    return customer_portraits(pd.DataFrame({"customer_id": range(40)}), orders, **ROLES | choices)


def test_planted_habits_come_back() -> None:
    """Tea, Saturdays, evenings, the app, few promotions, high prices."""
    table = portraits(log()).table
    first, others = table[:20], table[20:]
    assert (first["mix_tea"] > 0.7).all()
    assert (first["category_1"] == "tea").all()
    assert (first["weekday_saturday"] == 1).all()
    assert (first["daypart_evening"] == 1).all()
    assert (first["channel_app"] == 1).all()
    assert first["promoted_share"].mean() < 0.2 < 0.5 < others["promoted_share"].mean()
    assert first["price_index"].min() > others["price_index"].max()
    assert "premium" in set(first["price_tier"])
    assert "premium" not in set(others["price_tier"])


@pytest.mark.parametrize("prefix", ["mix_", "weekday_", "daypart_", "channel_"])
def test_shares_add_to_one(prefix: str) -> None:
    """Of everybody who bought."""
    shares = portraits(log()).table.filter(like=prefix)
    assert np.allclose(shares.sum(axis=1), 1)
    assert (shares >= 0).all(axis=None)


def test_shrinkage_by_hand() -> None:
    """(n share + 5 population) / (n + 5); with weight=0 the plain share."""
    orders = log()
    found, plain = portraits(orders), portraits(orders, weight=0.0)
    one = orders[orders["customer_id"] == 7]
    share = one.loc[one["category"] == "tea", "amount"].sum() / one["amount"].sum()
    n = one["ordered_at"].dt.normalize().nunique()
    tea = orders.loc[orders["category"] == "tea", "amount"].sum() / orders["amount"].sum()
    assert np.isclose(plain.table["mix_tea"][7], share)
    assert np.isclose(found.population["tea"], tea)
    assert np.isclose(found.table["mix_tea"][7], (n * share + 5 * tea) / (n + 5))


def test_refunds_are_netted() -> None:
    """A day refunded whole is no day, its category no purchase."""
    orders = pd.DataFrame(
        {
            "customer_id": 0,
            "ordered_at": pd.to_datetime(["2024-05-01", "2024-05-01", "2024-05-11"]),
            "category": ["tea", "tea", "milk"],
            "amount": [9.0, -9.0, 4.0],
        }
    )
    row = portraits(orders, channel=None, promoted=None, quantity=None).table.iloc[0]
    assert row["portrait_orders"] == 1
    assert row["basket_mean"] == 4
    assert row["category_1"] == "milk"
    assert pd.isna(row["category_2"])
    assert np.isnan(row["gap_days_mean"])


def test_only_what_the_columns_allow() -> None:
    """What is not made says what it needs."""
    orders = log()[["customer_id", "ordered_at"]].assign(
        ordered_at=lambda t: t["ordered_at"].dt.normalize()
    )
    found = customer_portraits(
        pd.DataFrame({"customer_id": range(40)}), orders, as_of=AS_OF, amount=None
    )
    assert {"basket_mean", "hour shares", "channel shares", "promoted_share", "price tier"} <= set(
        found.not_made
    )
    assert set(found.made) == {
        "portrait_orders",
        "gap_days_mean",
        *(n for n in found.table if n.startswith("weekday_")),
    }


def test_sensitive_categories_need_consent() -> None:
    """Milk is read of who said yes only."""
    table = pd.DataFrame({"customer_id": range(40), "yes": [True, None] * 20})
    found = customer_portraits(
        table, log(), as_of=AS_OF, category="category", sensitive=["milk"], consent="yes"
    )
    bought = found.table.filter(like="category_").eq("milk").any(axis=1)
    assert bought[::2].all()
    assert not bought[1::2].any()
    with pytest.raises(SpecError, match="sensitive"):
        customer_portraits(table, log(), as_of=AS_OF, category="category", sensitive=["beer"])


@pytest.mark.parametrize("name", ["pandas", "polars"])
def test_row_order_and_engine_do_not_matter(name: str) -> None:
    """Shuffled lines of another engine give the same portraits to the last digit."""
    orders = log(800)
    make = ENGINES[name].make
    found = customer_portraits(
        make(pd.DataFrame({"customer_id": range(40)})),
        make(orders.sample(frac=1, random_state=1)),
        **ROLES,
    )
    one, other = portraits(orders).table, ENGINES[name].pandas(found.table)
    assert list(one) == list(other)
    for column in one:
        a, b = one[column].astype(object), other[column].astype(object)
        assert ((a == b) | (a.isna() & b.isna())).all(), column


def test_frozen_population() -> None:
    """Everybody's shares of an earlier date stay; new categories are in other."""
    old = portraits(log()).population
    later = log(seed=5)
    later["category"] = later["category"].replace("milk", "oat milk")
    table = portraits(later, population=old).table
    assert "mix_oat_milk" not in table
    assert np.allclose(table.filter(like="mix_").sum(axis=1), 1)
    with pytest.raises(SpecError, match="population"):
        portraits(later, population={"tea": 0.7})


def test_lines_without_an_amount_are_counted() -> None:
    """Left out with a notice."""
    orders = log(500)
    orders.loc[:4, "amount"] = np.nan
    with pytest.warns(RowsLeftOutWarning, match="5 of 500 lines without an amount"):
        portraits(orders)


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"category": "none"}, ColumnsError),
        ({"top": 0}, SpecError),
        ({"weight": -1.0}, SpecError),
        ({"population": "tea"}, SpecError),
        ({"promoted": "channel"}, ColumnsError),
        ({"window_days": 0}, SpecError),
        ({"as_of": "2020-01-01"}, DataError),
        ({"as_of": "soon"}, SpecError),
    ],
)
def test_refusals(change: dict[str, Any], error: type[Exception]) -> None:
    """Each impossible choice has its error."""
    with pytest.raises(error):
        portraits(log(300), **change)


@pytest.mark.parametrize("unit", [1e-12, 1e200])
def test_the_unit_of_money_does_not_matter(unit: float) -> None:
    """Very small and very large amounts give the same shares."""
    orders = log(500)
    found = portraits(orders.assign(amount=orders["amount"] * unit)).table.filter(like="mix_")
    assert np.allclose(found, portraits(orders).table.filter(like="mix_"))


def test_repeated_customers_are_refused() -> None:
    """One row a customer."""
    with pytest.raises(DataError, match="stands before"):
        customer_portraits(pd.DataFrame({"customer_id": [1, 1]}), log(100), as_of=AS_OF)
