"""The picture of one customer shows the history table."""

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from layerwise.plots import plot_history
from layerwise.tracking import history

CHOICES: dict[str, Any] = {"customer_id": 1, "as_of": "1998-06-30", "amount": None}


def test_lines_are_the_table(ax: Axes, model: Any, orders: pd.DataFrame) -> None:
    """P(alive) and P(no purchase) of each day."""
    table = history(model, orders, horizon_days=30, **CHOICES)
    plot_history(model, orders, horizon_days=30, ax=ax, **CHOICES)
    for line, name in zip(ax.lines[:2], ["p_alive", "p_no_purchase_30d"], strict=True):
        assert np.array_equal(line.get_ydata(), table[name])
        assert np.array_equal(line.get_xdata(), table["date"])
    ax.figure.draw_without_rendering()


def test_orders_are_ticks(ax: Axes, model: Any, orders: pd.DataFrame) -> None:
    """One tick a day with orders, below the probabilities, on a line that says so."""
    plot_history(model, orders, ax=ax, **CHOICES)
    bought = orders.loc[orders["customer_id"] == 1, "ordered_at"].unique()
    assert np.array_equal(ax.lines[2].get_xdata(), bought)
    assert (ax.lines[2].get_ydata() < 0).all()
    assert ax.get_yticklabels()[0].get_text() == "orders"


def test_the_horizon_is_named_and_the_id_is_not(ax: Axes, model: Any, orders: pd.DataFrame) -> None:
    """The model's own horizon stands in the label; no text tells who it is."""
    ids = orders.assign(customer_id="k" + orders["customer_id"].astype(str))
    plot_history(model, ids, ax=ax, **CHOICES | {"customer_id": "k1"})
    texts = [text.get_text() for text in ax.texts]
    assert any("in 273 days" in text for text in texts)
    assert not any("k1" in text for text in [*texts, ax.get_title(), ax.get_xlabel()])
