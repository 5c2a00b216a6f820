"""The picture of moves has a block a label and date, and a band a move."""

import pandas as pd
import pytest
from matplotlib.axes import Axes
from matplotlib.collections import PolyCollection

from layerwise.errors import SpecError
from layerwise.evaluate import Migration, measure_migration
from layerwise.plots import plot_migration
from layerwise.plots.canvas import EXPECTED, MARK


@pytest.fixture
def moved() -> Migration:
    first, second, third = "2024-01-31", "2024-02-29", "2024-03-31"
    rows = [
        (1, first, "low"), (1, second, "low"), (1, third, "low"),
        (2, first, "low"), (2, second, "high"), (2, third, "low"),
        (3, first, "high"), (3, second, "high"),
        (4, second, "not_evaluable"), (4, third, "high"),
    ]  # fmt: skip
    return measure_migration(
        pd.DataFrame(rows, columns=["customer_id", "as_of", "value"]), label="value"
    )


def heights(ax: Axes) -> list[float]:
    return [round(bar.get_height(), 9) for group in ax.containers for bar in group]


def test_blocks_are_customers(ax: Axes, moved: Migration) -> None:
    """At each date the labels, and who enters or leaves there: 3 and 1, 4 and 1, 3."""
    plot_migration(moved, ax=ax)
    assert heights(ax) == [2, 1, 1, 1, 1, 2, 2, 1, 1]
    assert [text.get_text() for text in ax.get_xticklabels()] == [
        "2024-01-31", "2024-02-29", "2024-03-31",
    ]  # fmt: skip
    texts = [text.get_text() for text in ax.texts]
    assert texts[:2] == ["low 67%", "high 33%"]
    assert {"entered", "left"} <= set(texts)


def test_bands_are_moves(ax: Axes, moved: Migration) -> None:
    """A band a move that somebody made: one up, one down, the rest grey."""
    from matplotlib.colors import to_hex

    plot_migration(moved, ax=ax)
    colors = [
        to_hex(band.get_facecolor()[0]).upper()
        for band in ax.collections
        if isinstance(band, PolyCollection)
    ]
    assert len(colors) == (moved.moves["customers"] > 0).sum()
    assert (colors.count(EXPECTED), colors.count(MARK)) == (1, 1)
    ax.clear()
    plot_migration(moved, ax=ax, ordered=False)
    assert ax.get_legend() is None


def test_chinese(ax: Axes, moved: Migration) -> None:
    """Labels and words are Chinese."""
    plot_migration(moved, ax=ax, lang="zh")
    texts = {text.get_text() for text in ax.get_legend().get_texts()}
    assert texts == {"上升", "下降", "未变"}
    assert "新进入" in [text.get_text() for text in ax.texts]


def test_what_is_refused(ax: Axes) -> None:
    """What is no migration."""
    with pytest.raises(SpecError, match="DataFrame"):
        plot_migration(pd.DataFrame(), ax=ax)  # type: ignore[arg-type]
