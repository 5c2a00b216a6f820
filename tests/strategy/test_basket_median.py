"""The usual basket: the median by day or order."""

from typing import Any

import numpy as np
import pandas as pd
import pytest

from layerwise.errors import RowsLeftOutWarning
from layerwise.strategy import add_basket_median


def test_the_median_basket() -> None:
    """Lines of a day are one basket, orders if asked for; refunds are none."""
    orders = pd.DataFrame({
        "customer_id": [1, 1, 1, 1, 2], "order_id": ["x", "y", "z", "z", "w"],
        "ordered_at": pd.to_datetime(["2024-01-01"] * 2 + ["2024-01-05"] * 2 + ["2024-01-01"]),
        "amount": [10.0, 30.0, 5.0, 15.0, -4.0],
    })  # fmt: skip
    who = pd.DataFrame({"customer_id": [1, 2]})
    choices: dict[str, Any] = {"as_of": "2024-12-31"}
    by_day = add_basket_median(who, orders, **choices)["basket_median"]
    assert by_day[0] == 30
    assert np.isnan(by_day[1])
    assert add_basket_median(who, orders, order="order_id", **choices)["basket_median"][0] == 20
    early = add_basket_median(who, orders, as_of="2024-01-02")["basket_median"]
    assert early[0] == 40


def test_baskets_are_those_of_their_orders() -> None:
    """Neighbouring order ids above 2**63 are two orders; the order of the rows changes nothing."""
    ids = np.array([2**63 + 5, 2**63 + 6, 2**63 + 6, 2**63 + 7], dtype=np.uint64)
    orders = pd.DataFrame({"customer_id": 1, "ordered_at": "2024-05-01", "order_id": ids})
    orders = orders.assign(amount=[0.1, 0.2, 0.3, 9.0])
    people = pd.DataFrame({"customer_id": [1]})
    for rows in (orders, orders.iloc[::-1]):
        found = add_basket_median(people, rows, as_of="2024-06-30", order="order_id")
        assert found["basket_median"].tolist() == [0.5]


def test_baskets_without_an_order_or_an_amount_are_counted() -> None:
    """What has no order id is no basket of its own, and no amount is not 0."""
    orders = pd.DataFrame({
        "customer_id": 1, "ordered_at": "2024-05-01", "order_id": ["a", None, "b"],
        "amount": [4.0, 50.0, None],
    })  # fmt: skip
    with pytest.warns(RowsLeftOutWarning, match=r"1 rows without an amount(.|\n)*an order id"):
        found = add_basket_median(
            pd.DataFrame({"customer_id": [1]}), orders, as_of="2024-06-30", order="order_id"
        )
    assert found["basket_median"].tolist() == [4.0]


def test_the_id_column_is_named():
    """In the log alone, as after summarize, or in both tables."""
    orders = pd.DataFrame(
        {"client": [1, 1, 2], "ordered_at": ["2024-05-01", "2024-05-02", "2024-05-03"]}
    ).assign(amount=[5.0, 7.0, 30.0])
    for name in ("customer_id", "client"):
        people = pd.DataFrame({name: [2, 1]})
        found = add_basket_median(people, orders, as_of="2024-06-30", customer="client")
        assert found["basket_median"].tolist() == [30.0, 6.0]
        assert list(found.columns) == [name, "basket_median"]
