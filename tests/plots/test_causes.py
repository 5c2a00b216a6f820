"""The forest plot shows every cause, judged or not, with its interval and share."""

from typing import Any

import numpy as np
import pytest
from matplotlib.axes import Axes

from layerwise.churn import Causes, joint_causes, rank_causes
from layerwise.errors import DataError, SpecError
from layerwise.plots import plot_causes
from tests.churn.shop import TRUE, WINDOW, shop

CHOICES: dict[str, Any] = {"outcome": "left", "strata": "tier"} | WINDOW


@pytest.fixture(scope="module")
def causes() -> Causes:
    table = shop(4_000).assign(price_static=True)
    return rank_causes(table, exposures=[*TRUE, "price_static"], **CHOICES)


def test_marks_stand_at_the_ratios(ax: Axes, causes: Causes) -> None:
    """Crude ones hollow, adjusted ones with intervals by effect, the largest share on top."""
    plot_causes(causes, ax=ax)
    table = causes.table.dropna(subset="relative_risk")
    crude = next(line for line in ax.lines if line.get_label() == "crude")
    assert crude.get_xdata().tolist() == table["crude_rr"].tolist()
    assert crude.get_ydata().tolist() == [3, 2, 1]
    bars = [segment[:, 0] for lines in ax.collections for segment in lines.get_segments()]
    expected = table[["rr_low", "rr_high"]].to_numpy()
    assert np.allclose(np.sort(bars, axis=0), np.sort(expected, axis=0))


def test_texts_name_causes_and_shares(ax: Axes, causes: Causes) -> None:
    """Names with the number exposed; the share with its interval, or that none can be told."""
    plot_causes(causes, ax=ax)
    names = [label.get_text() for label in ax.get_yticklabels()]
    assert names[-1] == "price static (4,000)"
    texts = [text.get_text() for text in ax.texts]
    first = causes.table.iloc[0]
    assert texts[0] == f"{first.paf:.0%} ({first.paf_low:.0%}, {first.paf_high:.0%})"
    assert texts[3:] == ["not evaluable", "share of leavers"]
    ax.figure.draw_without_rendering()


def test_in_chinese(ax: Axes, causes: Causes) -> None:
    """Names come from the cause table."""
    plot_causes(causes, ax=ax, lang="zh")
    assert ax.get_yticklabels()[0].get_text().startswith("配送不准时")
    assert "流失的相对风险" in ax.get_xlabel()


def test_joint_causes_have_no_crude_ones(ax: Axes) -> None:
    """Neither crude marks nor intervals of shares."""
    both = joint_causes(shop(4_000), exposures=list(TRUE), **CHOICES)
    plot_causes(both, ax=ax)
    assert [line for line in ax.lines if line.get_label() == "crude"] == []
    assert ax.texts[0].get_text() == f"{both.table['paf'][0]:.0%}"


def test_refused(ax: Axes) -> None:
    """No ranking, or nothing in it that can be judged."""
    with pytest.raises(SpecError, match="DataFrame, no ranking"):
        plot_causes(shop(10), ax=ax)  # type: ignore[arg-type]
    nothing = rank_causes(shop(400).assign(all=True), exposures=["all"], **CHOICES)
    with pytest.raises(DataError, match="No cause can be judged"):
        plot_causes(nothing, ax=ax)
