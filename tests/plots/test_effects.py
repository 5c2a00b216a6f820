"""The forest shows the effect on all and on every layer, judged or not."""

import numpy as np
import pytest
from matplotlib.axes import Axes

from layerwise.errors import DataError, SpecError
from layerwise.evaluate import Experiment, Mean, Ratio, analyse
from layerwise.plots import plot_effects
from tests.evaluate.conftest import shop

HALVES = {"control": 0.5, "offer": 0.5}


@pytest.fixture(scope="module")
def found() -> Experiment:
    table = shop(4000, effect=0.05)
    table.loc[:9, "tier"] = None
    return analyse(table, metrics=["bought", Mean("spend")], arms=HALVES, by="tier")


def test_marks_and_intervals_are_the_table(ax: Axes, found: Experiment) -> None:
    """Effects on all on top, then layers in order, with their intervals."""
    plot_effects(found, ax=ax)
    layers = found.layers
    assert layers is not None
    expected = [found.effects["effect"].iloc[0], *layers["effect"].iloc[:3]]
    marks = [line.get_xdata()[0] for line in ax.lines[2:]]
    assert np.allclose(marks, expected)
    bars = [segment[:, 0] for lines in ax.collections for segment in lines.get_segments()]
    assert np.allclose(bars[0], found.effects[["low", "high"]].iloc[0])
    names = [text.get_text() for text in ax.get_yticklabels()]
    assert [name.split(" ")[0] for name in names] == ["all", "high", "low", "mid", "missing"]
    assert "not evaluable" in [text.get_text() for text in ax.texts]


def test_means_are_no_percent(ax: Axes, found: Experiment) -> None:
    """Of the second metric the axis and texts are numbers; in Chinese the words are."""
    plot_effects(found, metric="spend", ax=ax, lang="zh")
    assert ax.get_xlabel() == "offer 对 spend 的效果"
    assert not any("pp" in text.get_text() for text in ax.texts)


def test_without_layers_it_is_one_line(ax: Axes) -> None:
    """All customers alone."""
    plot_effects(analyse(shop(500), metrics=["bought"], arms=HALVES), ax=ax)
    assert [text.get_text() for text in ax.get_yticklabels()] == ["all (500)"]


def test_what_cannot_be_drawn(ax: Axes, found: Experiment) -> None:
    """No experiment, no such metric, no effect."""
    with pytest.raises(SpecError):
        plot_effects(found.effects, ax=ax)  # type: ignore[arg-type]
    with pytest.raises(SpecError):
        plot_effects(found, metric="visits", ax=ax)
    table = shop(500).assign(orders=0)
    with pytest.raises(DataError):
        plot_effects(analyse(table, metrics=[Ratio("sales", "orders")], arms=HALVES), ax=ax)


@pytest.mark.parametrize("value", [3, ["bought"], (), np.array([1, 2]), 2**70], ids=repr)
def test_metrics_and_arms_are_names(ax: Axes, found: Experiment, value: object) -> None:
    """What is no text is refused before it is compared with a column."""
    for chosen in ("metric", "arm"):
        with pytest.raises(SpecError, match="are names"):
            plot_effects(found, ax=ax, **{chosen: value})  # type: ignore[arg-type]
