"""The usual basket: the median by day or order."""

from typing import Any

import numpy as np
import pandas as pd

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
