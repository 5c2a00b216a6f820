"""The return picture shows the curve and its window."""

import numpy as np
import pandas as pd
import pytest
from matplotlib.axes import Axes

from layerwise.errors import SpecError
from layerwise.plots import plot_return_curve
from layerwise.returns import ReturnCurve, fit_returns, return_curve


@pytest.fixture(scope="module")
def curve(orders: pd.DataFrame) -> ReturnCurve:
    return return_curve(orders, as_of="1998-06-30", amount=None)


def test_line_is_p_return(ax: Axes, curve: ReturnCurve) -> None:
    """One point a day, P(order within 90 days), missing where the data cannot tell."""
    plot_return_curve(curve, horizon_days=90, ax=ax)
    days, chance = ax.lines[0].get_data()
    expected = curve.p_return(days, horizon_days=90)
    assert np.array_equal(chance, expected, equal_nan=True)
    assert ax.get_ylabel() == "P(order within 90 days)"


def test_the_window_is_marked(ax: Axes, curve: ReturnCurve) -> None:
    """The mark stands at curve.window(), and its label says so."""
    plot_return_curve(curve, at_most=0.2, ax=ax)
    window = curve.window(at_most=0.2)
    assert ax.lines[1].get_xdata().tolist() == [window, window]
    assert ax.texts[0].get_text().startswith(f"window {window} days: at most\n20%")
    ax.figure.draw_without_rendering()


def test_no_window_no_mark(ax: Axes) -> None:
    """Where return stays likely, nothing is marked."""
    plot_return_curve(fit_returns(np.array([10, 20]), np.array([5])), horizon_days=30, ax=ax)
    assert not ax.texts


def test_odd_choices_are_refused(ax: Axes, curve: ReturnCurve) -> None:
    """The horizon is above 0 and the probability between 0 and 1."""
    with pytest.raises(SpecError, match="horizon_days"):
        plot_return_curve(curve, horizon_days=0, ax=ax)
    with pytest.raises(SpecError, match="at_most"):
        plot_return_curve(curve, at_most=1, ax=ax)
