"""The picture of a control chart shows the chart."""

from typing import Any

import numpy as np
import pandas as pd
import pytest
from matplotlib.axes import Axes
from matplotlib.colors import to_hex

from layerwise.errors import ColumnsError, SpecError
from layerwise.evaluate import control_chart, monitor
from layerwise.plots import plot_control_chart
from layerwise.plots.canvas import MARK

ENDS = pd.date_range("2024-01-07", periods=30, freq="7D")


def rates() -> pd.DataFrame:
    """Return two segments; one falls in the last week."""
    hits = np.array([50, 54, 47, 52, 49] * 6)
    table = pd.DataFrame({"period_end": ENDS, "numerator": hits, "denominator": 1000})
    low = table.assign(segment="b", numerator=np.append(hits[:-1], 5))
    return pd.concat([table.assign(segment="a"), low], ignore_index=True)


def test_lines_and_marks_are_the_chart(ax: Axes) -> None:
    """The rate, its center, and a mark on each alert with its value."""
    chart = control_chart(rates(), baseline_until=ENDS[24])
    plot_control_chart(chart, segment="b", ax=ax)
    rows = chart[chart["segment"] == "b"]
    assert np.array_equal(ax.lines[0].get_ydata(), rows["center"])
    assert np.array_equal(ax.lines[1].get_ydata(), rows["value"])
    marks = next(line for line in ax.lines if to_hex(line.get_color()) == to_hex(MARK))
    assert list(marks.get_ydata()) == [0.005]
    assert [text.get_text() for text in ax.texts] == ["baseline", "judged", "0.5%"]
    ax.figure.draw_without_rendering()


def test_counts_and_chinese(ax: Axes) -> None:
    """Per thousand, no percent; Chinese words."""
    table = rates().query("segment == 'a'")
    chart = control_chart(table, baseline_until=ENDS[24], kind="count", per=1000)
    plot_control_chart(chart, shares=False, name="投诉", lang="zh", ax=ax)
    assert ax.get_ylabel() == "投诉"
    assert [text.get_text() for text in ax.texts] == ["基准期", "监控期"]


def test_one_series_of_one_rule(ax: Axes) -> None:
    """Of several series or rules one is chosen; none is an error too."""
    charts = monitor(rates(), baseline_until=ENDS[24]).charts
    plot_control_chart(charts, segment="b", rule="ewma", ax=ax)
    assert ax.get_ylabel().endswith("(EWMA)")
    for choice in ({}, {"segment": "c"}, {"segment": "a", "rule": "cusum"}):
        wrong: Any = choice
        with pytest.raises(SpecError, match="such series"):
            plot_control_chart(charts, ax=ax, **wrong)


def test_another_table_is_refused(ax: Axes) -> None:
    """Rates are no chart yet."""
    with pytest.raises(ColumnsError, match="no control chart"):
        plot_control_chart(rates(), ax=ax)


def test_what_monitor_returns_is_drawn(ax: Axes) -> None:
    """The result itself does as well as its charts."""
    found = monitor(rates(), baseline_until=ENDS[-6])
    plot_control_chart(found, segment="b", ax=ax)
    assert len(ax.get_lines()) > 0
