"""The picture of a layer shows shares by label."""

import pandas as pd
import polars as pl
import pytest
from matplotlib.axes import Axes

from layerwise.errors import ColumnsError, DataError
from layerwise.plots import plot_layers


def labels() -> pd.DataFrame:
    kinds = pd.CategoricalDtype(["low", "mid", "high", "never"], ordered=True)
    return pd.DataFrame(
        {
            "value": pd.Series(["high", "low", "low", "mid", "low"], dtype=kinds),
            "spend_365d": [60.0, 5.0, 5.0, 30.0, None],
        }
    )


def ticks(ax: Axes) -> list[str]:
    return [text.get_text() for text in ax.get_yticklabels()]


def widths(ax: Axes, series: int) -> list[float]:
    return [round(bar.get_width(), 9) for bar in ax.containers[series]]


def test_bars_are_shares(ax: Axes) -> None:
    """Three labels in their order, the highest on top; unused ones left out, spend missing is 0."""
    plot_layers(labels(), "value", ax=ax)
    assert ticks(ax) == ["low", "mid", "high"]
    assert widths(ax, 0) == [0.6, 0.2, 0.2]
    assert widths(ax, 1) == [0.1, 0.3, 0.6]
    assert [text.get_text() for text in ax.texts] == ["60%", "20%", "20%", "10%", "30%", "60%"]


def test_the_legend_names_the_window(ax: Axes) -> None:
    """Spend is named with its days, or by its column; spend=None draws customers only."""
    plot_layers(labels(), "value", ax=ax)
    assert [t.get_text() for t in ax.get_legend().get_texts()][1] == "share of spend in 365 days"
    other = labels().rename(columns={"spend_365d": "spend_total"})
    plot_layers(other, "value", spend="spend_total", ax=ax)
    assert "share of spend_total" in [t.get_text() for t in ax.get_legend().get_texts()]
    ax.clear()
    plot_layers(labels(), "value", spend=None, ax=ax)
    assert len(ax.containers) == 1


def test_plain_text_goes_by_size_and_missing_below(ax: Axes) -> None:
    """Labels without order: the largest on top, missing ones a bar at the foot; Polars too."""
    table = pl.DataFrame({"kind": ["b", "a", "a", None], "spend_365d": [1.0, 1.0, 1.0, 1.0]})
    plot_layers(table, "kind", ax=ax)
    assert ticks(ax) == ["missing", "b", "a"]
    assert widths(ax, 0) == [0.25, 0.25, 0.5]


def test_scores_are_labels_too(ax: Axes) -> None:
    """Whole numbers are drawn in their order."""
    plot_layers(labels().assign(r=[3.0, 1.0, 1.0, 2.0, None]), "r", ax=ax)
    assert ticks(ax) == ["missing", "1", "2", "3"]


def test_chinese_labels(ax: Axes) -> None:
    """Known labels get their Chinese names."""
    plot_layers(labels(), "value", ax=ax, lang="zh")
    assert all(ord(text[0]) > 0x4E00 for text in ticks(ax))


def test_input_unchanged(ax: Axes) -> None:
    """The table stays as it was."""
    table, before = labels(), labels()
    plot_layers(table, "value", ax=ax)
    pd.testing.assert_frame_equal(table, before)


def test_what_is_refused(ax: Axes) -> None:
    """Missing columns, fractions, no rows, and spend that cannot be shared out."""
    with pytest.raises(ColumnsError, match="tier"):
        plot_layers(labels(), "tier", ax=ax)
    with pytest.raises(ColumnsError, match="fractions"):
        plot_layers(labels().assign(r=0.5), "r", ax=ax)
    with pytest.raises(DataError, match="no customer"):
        plot_layers(labels()[:0], "value", ax=ax)
    with pytest.raises(DataError, match="5 negative"):
        plot_layers(labels().assign(spend_365d=-1.0), "value", ax=ax)
    with pytest.raises(DataError, match="5 zero"):
        plot_layers(labels().assign(spend_365d=0.0), "value", ax=ax)
