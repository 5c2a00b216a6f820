"""The retention picture shows the curves of the segments."""

from typing import Any

import numpy as np
import pandas as pd
import pytest
from matplotlib.axes import Axes

from layerwise.errors import DataError
from layerwise.evaluate import retention_curve
from layerwise.plots import plot_retention

CHOICES: dict[str, Any] = {"as_of": "1998-06-30", "window_days": 153, "amount": None}


def labels(orders: pd.DataFrame, n: int) -> pd.DataFrame:
    """Customers in n segments, by turns."""
    ids = orders["customer_id"].unique()
    return pd.DataFrame({"customer_id": ids, "value": [f"v{i % n}" for i in ids]})


def test_everybody_is_one_line(ax: Axes, orders: pd.DataFrame) -> None:
    """Without segments the curve of all, with its interval and the rule."""
    kept = retention_curve(orders, **CHOICES)
    plot_retention(kept, ax=ax)
    assert np.array_equal(ax.lines[0].get_ydata(), kept.curve["retained"])
    assert len(ax.collections) == 1
    assert [t.get_text() for t in ax.texts] == ["all", "churned: silent for more than 153 days"]
    ax.figure.draw_without_rendering()


def test_segments_alone_up_to_a_day(ax: Axes, orders: pd.DataFrame) -> None:
    """A line a segment that ends on the day asked for, names apart."""
    kept = retention_curve(
        orders, segments=labels(orders, 3), by="value", start="first_order", **CHOICES
    )
    plot_retention(kept, days=100, ax=ax)
    assert [line.get_label() for line in ax.lines] == ["v0", "v1", "v2"]
    assert {line.get_xdata()[-1] for line in ax.lines} == {100}
    heights = sorted(note.xy[1] for note in ax.texts[:3])
    assert np.diff(heights).min() > 0.06


def test_too_many_segments_are_refused(ax: Axes, orders: pd.DataFrame) -> None:
    """Seven lines cannot be told apart."""
    kept = retention_curve(
        orders, segments=labels(orders, 7), by="value", start="first_order", **CHOICES
    )
    with pytest.raises(DataError, match="7 segments"):
        plot_retention(kept, ax=ax)
    assert not ax.has_data()


def test_chinese(ax: Axes, orders: pd.DataFrame) -> None:
    """Axes and the rule in Chinese."""
    plot_retention(retention_curve(orders, **CHOICES), ax=ax, lang="zh")
    assert ax.get_ylabel() == "仍在购买的用户占比"
