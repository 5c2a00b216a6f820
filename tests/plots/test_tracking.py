"""The tracking picture shows the tracking table."""

from typing import Any

import numpy as np
import pandas as pd
import pytest
from matplotlib.axes import Axes

from layerwise.errors import SpecError
from layerwise.plots import plot_tracking
from layerwise.tracking import tracking

CHOICES: dict[str, Any] = {"split": "1997-09-30", "end": "1998-06-30", "amount": None}


@pytest.mark.parametrize("cumulative", [True, False])
def test_lines_are_the_table(ax: Axes, model: Any, orders: pd.DataFrame, cumulative: bool) -> None:
    """Two lines, actual and expected, over the last days of the weeks."""
    table = tracking(model, orders, **CHOICES)
    plot_tracking(model, orders, cumulative=cumulative, ax=ax, **CHOICES)
    prefix = "cumulative_" if cumulative else ""
    for line, name in zip(ax.lines[:2], ["actual", "expected"], strict=True):
        assert line.get_label() == name
        assert np.array_equal(line.get_ydata(), table[prefix + name])
        assert np.array_equal(line.get_xdata(), table["period_end"])
    ax.figure.draw_without_rendering()


def test_the_split_is_marked(ax: Axes, model: Any, orders: pd.DataFrame) -> None:
    """A vertical line stands at the last day of the calibration period; without, none."""
    plot_tracking(model, orders, ax=ax, **CHOICES)
    assert ax.lines[2].get_xdata()[0] == pd.Timestamp("1997-09-30")
    ax.clear()
    plot_tracking(model, orders, ax=ax, **CHOICES | {"split": None})
    assert len(ax.lines) == 2


def test_units_are_on_the_axes(ax: Axes, model: Any, orders: pd.DataFrame) -> None:
    """The length of a period stands on the axis, and counts begin at 0."""
    plot_tracking(model, orders, period_days=14, cumulative=False, ax=ax, **CHOICES)
    assert ax.get_ylabel() == "repeat orders in 14 days"
    assert ax.get_ylim()[0] == 0


def test_a_spec_is_not_a_model(ax: Axes, model: Any, orders: pd.DataFrame) -> None:
    """What is not fitted is refused before anything is drawn."""
    with pytest.raises(SpecError, match="BGNBD"):
        plot_tracking(model.spec, orders, ax=ax, **CHOICES)
    assert not ax.has_data()
