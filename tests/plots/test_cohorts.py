"""The heat map shows the cohort table."""

from typing import Any

import numpy as np
import pandas as pd
import pytest
from matplotlib.axes import Axes

from layerwise.errors import DataError
from layerwise.evaluate import cohort_table
from layerwise.plots import plot_cohorts

CHOICES: dict[str, Any] = {"as_of": "1998-06-30", "amount": None}


def test_cells_are_the_table(ax: Axes, orders: pd.DataFrame) -> None:
    """Colours and numbers are the shares from period 1 on; unfinished cells stay empty."""
    cohorts = cohort_table(orders, **CHOICES)
    plot_cohorts(cohorts, ax=ax)
    wide = cohorts.wide().drop(columns=0).to_numpy()
    shown = np.ma.filled(ax.images[0].get_array().astype(float), np.nan)
    assert np.array_equal(shown, wide[:, : shown.shape[1]], equal_nan=True)
    assert len(ax.texts) == np.isfinite(wide).sum()
    assert ax.get_xlabel() == "months since the first order"
    ax.figure.draw_without_rendering()


@pytest.mark.parametrize(
    ("period", "name"), [("week", "1996-12-30 (100)"), ("quarter", "1997-Q1 (2,357)")]
)
def test_cohorts_are_named_by_their_period(
    ax: Axes, orders: pd.DataFrame, period: Any, name: str
) -> None:
    """Weeks by their Monday, quarters by number; many columns hold no numbers."""
    plot_cohorts(cohort_table(orders, period=period, **CHOICES), ax=ax, lang="zh")
    assert ax.get_yticklabels()[0].get_text() == name
    assert bool(ax.texts) == (period == "quarter")


def test_nothing_to_show_is_refused(ax: Axes, orders: pd.DataFrame) -> None:
    """In the first month no later period is over."""
    early = orders[orders["ordered_at"] <= "1997-01-20"]
    with pytest.raises(DataError, match="No period"):
        plot_cohorts(cohort_table(early, as_of="1997-01-20", amount=None), ax=ax)
    assert not ax.has_data()
