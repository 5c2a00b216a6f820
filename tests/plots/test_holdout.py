"""The holdout picture shows group means."""

from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest
from matplotlib.axes import Axes

from layerwise.errors import ColumnsError, DataError, SpecError
from layerwise.plots import plot_holdout


def test_points_are_the_group_means(ax: Axes, model: Any, both: pd.DataFrame) -> None:
    """Actual and expected means by repeat orders, as pandas groups them."""
    before = both.copy()
    plot_holdout(both, model, last_group=5, ax=ax)
    labelled = model.transform(both)
    groups = labelled.groupby(labelled["repeat_orders"].clip(upper=5))
    for line, column in zip(ax.lines, ["holdout_orders", "expected_orders_273d"], strict=True):
        assert np.allclose(line.get_ydata(), groups[column].mean(), rtol=1e-12)
        assert line.get_xdata().tolist() == [0, 1, 2, 3, 4, 5]
    pd.testing.assert_frame_equal(both, before)


def test_groups_show_their_size(ax: Axes, model: Any, both: pd.DataFrame) -> None:
    """Ticks name the group and how many customers it has; the last one is open."""
    plot_holdout(both, model, ax=ax)
    ticks = [text.get_text() for text in ax.get_xticklabels()]
    assert (ticks[0], ticks[-1]) == ("0\n1,411", "7+\n64")
    assert ax.get_ylabel() == "orders per customer in 273 days"
    ax.figure.draw_without_rendering()


def test_a_column_does_as_well(ax: Axes, model: Any, both: pd.DataFrame) -> None:
    """A column of expected orders, in a Polars frame, gives the same lines."""
    plot_holdout(both, model, ax=ax)
    plot_holdout(pl.from_pandas(model.transform(both)), "expected_orders_273d", ax=ax)
    assert np.allclose(ax.lines[1].get_ydata(), ax.lines[3].get_ydata(), rtol=1e-12)


def test_empty_groups_have_no_point(ax: Axes, both: pd.DataFrame) -> None:
    """Where nobody is, nothing is drawn."""
    few = both[both["repeat_orders"].isin([0, 3])].assign(guess=1.0)
    plot_holdout(few, "guess", ax=ax)
    assert ax.lines[0].get_xdata().tolist() == [0, 3]


def test_what_is_refused(ax: Axes, model: Any, both: pd.DataFrame) -> None:
    """Missing columns and values, no rows, mixed holdouts, odd groups, a spec not fitted."""
    with pytest.raises(ColumnsError, match="guess"):
        plot_holdout(both, "guess", ax=ax)
    with pytest.raises(DataError, match="2,357 missing"):
        plot_holdout(both.assign(guess=np.nan), "guess", ax=ax)
    with pytest.raises(DataError, match="no rows"):
        plot_holdout(both[:0], model, ax=ax)
    with pytest.raises(DataError, match="holdout_days"):
        plot_holdout(both.assign(holdout_days=range(len(both))), model, ax=ax)
    with pytest.raises(SpecError, match="last_group"):
        plot_holdout(both, model, last_group=0, ax=ax)
    with pytest.raises(SpecError, match="fitted"):
        plot_holdout(both, model.spec, ax=ax)
