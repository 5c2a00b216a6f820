"""The matrix shows what the model says of each history."""

from typing import Any

import numpy as np
import pandas as pd
import pytest
from matplotlib.axes import Axes

from layerwise.errors import SpecError
from layerwise.plots import plot_frequency_recency


@pytest.mark.parametrize("quantity", ["p_alive", "p_no_purchase", "expected_orders"])
def test_cells_are_the_model(ax: Axes, model: Any, quantity: Any) -> None:
    """The cell of 5 repeat orders in 200 of 400 days says what the model says of that history."""
    plot_frequency_recency(model, quantity, age_days=400, repeat_orders=8, horizon_days=90, ax=ax)
    cells = ax.collections[0].get_array()
    one = pd.DataFrame({"repeat_orders": [5], "first_to_last_days": [200], "age_days": [400]})
    choices = () if quantity == "p_alive" else (90,)
    assert cells.shape == (101, 9)
    assert cells[50, 5] == pytest.approx(getattr(model, quantity)(one, *choices)[0], rel=1e-12)
    ax.figure.draw_without_rendering()


def test_impossible_histories_stay_white(ax: Axes, model: Any) -> None:
    """Without repeat orders the last order is the first, with some it is later."""
    plot_frequency_recency(model, age_days=50, ax=ax)
    cells = ax.collections[0].get_array().filled(np.nan)
    assert np.isnan(cells[1:, 0]).all()
    assert np.isnan(cells[0, 1:]).all()
    assert not np.isnan(cells[1:, 1:]).any()
    assert cells[0, 0] == 1


def test_probabilities_have_the_whole_scale(ax: Axes, model: Any) -> None:
    """Two matrices of probabilities can be laid side by side; the bar names quantity and units."""
    plot_frequency_recency(model, "p_no_purchase", ax=ax, horizon_days=30)
    assert ax.collections[0].get_clim() == (0, 1)
    bar = ax.figure.axes[1]
    assert bar.get_ylabel() == "P(no purchase in 30 days) at an age of 365 days"


def test_what_is_refused(ax: Axes, model: Any) -> None:
    """Unknown quantities, no days, no orders, a spec that is not fitted."""
    wrong: list[dict[str, Any]] = [{"quantity": "p"}, {"age_days": 0}, {"repeat_orders": 0}]
    for choices in wrong:
        with pytest.raises(SpecError, match=next(iter(choices))):
            plot_frequency_recency(model, ax=ax, **choices)
    with pytest.raises(SpecError, match="fitted"):
        plot_frequency_recency(model.spec, ax=ax)
