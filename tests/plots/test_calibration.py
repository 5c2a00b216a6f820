"""The calibration picture shows the scorecard."""

from typing import Any

import attrs
import numpy as np
import pandas as pd
import pytest
from matplotlib.axes import Axes

from layerwise import score_churn
from layerwise.plots import plot_calibration
from layerwise.scorecard import Scorecard


@pytest.fixture(scope="module")
def card(model: Any, both: pd.DataFrame) -> Scorecard:
    return score_churn(model.transform(both), probability="p_no_purchase_273d")


def test_points_and_bars_are_the_table(ax: Axes, card: Scorecard) -> None:
    """Points at (predicted, actual), bars from low to high."""
    plot_calibration(card, ax=ax)
    points, _, (bars,) = ax.containers[0]
    assert np.allclose(points.get_xydata(), card.calibration[["predicted", "actual"]])
    ends = np.array([segment[:, 1] for segment in bars.get_segments()])
    assert np.allclose(ends, card.calibration[["low", "high"]])


def test_diagonal_and_base_rate(ax: Axes, card: Scorecard) -> None:
    """Lines for forecasts that come true and for the base rate, which its label tells."""
    plot_calibration(card, ax=ax)
    assert ax.lines[0].get_xydata().tolist() == [[0, 0], [1, 1]]
    assert ax.lines[1].get_ydata().tolist() == [card.silent_rate] * 2
    assert "base rate 71%" in [text.get_text() for text in ax.texts]


def test_histogram_counts_all_customers(ax: Axes, card: Scorecard) -> None:
    """The strip below has the scorecard's bars, a twentieth wide, and all customers."""
    plot_calibration(card, ax=ax)
    bars = ax.child_axes[0].patches
    assert tuple(bar.get_height() for bar in bars) == card.histogram
    assert [bar.get_width() for bar in bars] == pytest.approx([0.05] * 20)
    assert sum(card.histogram) == 2357
    ax.figure.draw_without_rendering()


def test_labels_make_way_for_points(ax: Axes, card: Scorecard) -> None:
    """With points at the lower left the words stand at the right; else they are where they were."""
    plot_calibration(card, ax=ax)
    assert ax.texts[0].get_position() == (0.05, pytest.approx(0.06))
    low = card.calibration.assign(predicted=0.1, low=0.05, actual=0.1, high=0.2)
    ax.clear()
    plot_calibration(attrs.evolve(card, calibration=low, silent_rate=0.12), ax=ax)
    assert ax.texts[0].get_position()[0] == 0.75
    assert ax.texts[1].get_position()[0] == 1
