"""How much more often exposed customers leave, cause by cause."""

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from layerwise.churn import Causes, JointCauses
from layerwise.errors import DataError, SpecError
from layerwise.plots.canvas import ACTUAL, EXPECTED, MARK, QUIET, SMALL, canvas
from layerwise.plots.words import Lang, word

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_COLORS = {"risk": MARK, "protective": EXPECTED, "unclear": QUIET}


def plot_causes(
    causes: Causes | JointCauses,
    *,
    ax: "Axes | None" = None,
    lang: Lang = "en",
) -> "Axes":
    """Draw the relative risk of each cause with its interval, the largest share of leavers on top.

    A forest plot on a logarithmic axis. Filled marks are adjusted relative risks, coloured where
    the interval leaves 1; hollow ones are crude, where the ranking has them. At the right the
    attributable fraction with its interval. Causes that cannot be judged are listed below without
    marks.

    Args:
        causes: What `rank_causes` or `joint_causes` returned.
        ax: Where to draw; None makes a new figure.
        lang: "en" or "zh", the language of the texts; Chinese names come from the cause table.

    Raises:
        SpecError: It is no ranking, or the language is unknown.
        DataError: No cause can be judged.
        MissingExtraError: matplotlib is not installed.

    Example:
        >>> import pandas as pd
        >>> from matplotlib.figure import Figure
        >>> from layerwise.churn import rank_causes
        >>> customers = pd.DataFrame({
        ...     "delivery_late": [True] * 100 + [False] * 300,
        ...     "left": [True] * 50 + [False] * 50 + [True] * 75 + [False] * 225,
        ... })
        >>> found = rank_causes(
        ...     customers, outcome="left", exposures=["delivery_late"],
        ...     exposure_end="2024-05-31", outcome_start="2024-06-01",
        ... )
        >>> ax = plot_causes(found, ax=Figure().subplots())
        >>> [text.get_text() for text in ax.get_yticklabels()]
        ['delivery late (100)']
    """
    table = _judged(causes)
    places = np.arange(len(table))[::-1]
    ax = canvas(ax, (6.4, 1.3 + 0.42 * len(table)))
    ax.axvline(1, color=QUIET, linewidth=0.8)
    seen = table["effect"].isin(list(_COLORS)).to_numpy()
    shown, at = table[seen], places[seen]
    if "crude_rr" in table:
        label = word("crude", lang)
        ax.plot(shown["crude_rr"], at, "o", mfc="white", mec=QUIET, markersize=4.5, label=label)
    for effect, color in _COLORS.items():
        here = (shown["effect"] == effect).to_numpy()
        _marks(ax, shown[here], at[here], color)
    ax.plot([], [], "o", color=ACTUAL, markersize=5, label=word("adjusted", lang))
    ax.set_xscale("log")
    ax.set_yticks(places, [_name(row, lang) for row in table.to_dict("records")])
    ax.tick_params(axis="y", length=0)
    ax.set_ylim(-0.7, len(table) - 0.3)
    ax.spines["left"].set_visible(False)
    ax.set_xlabel(word("relative risk", lang))
    _ticks(ax)
    _fractions(ax, table, places, lang)
    ax.legend(
        frameon=False, loc="lower left", bbox_to_anchor=(0, 1), ncols=2, borderpad=0, fontsize=SMALL
    )
    return ax


def _judged(causes: Any) -> pd.DataFrame:
    if not isinstance(causes, Causes | JointCauses):
        raise SpecError(
            f"causes is a {type(causes).__name__}, no ranking of causes.",
            hint="give what rank_causes(...) or joint_causes(...) returned.",
        )
    if (causes.table["effect"] == "not_evaluable").all():
        raise DataError(
            "No cause can be judged, so there is nothing to draw.",
            hint="the column reason of the table says why.",
        )
    return causes.table


def _marks(ax: Any, rows: pd.DataFrame, at: Any, color: str) -> None:
    ax.hlines(at, rows["rr_low"], rows["rr_high"], color=color, linewidth=1.6)
    ax.plot(rows["relative_risk"], at, "o", color=color, markersize=5)


def _name(row: dict[Any, Any], lang: str) -> str:
    text = str(row["term_zh"]) if lang == "zh" else str(row["exposure"]).replace("_", " ")
    return f"{text} ({row['exposed']:,})"


def _ticks(ax: Any) -> None:
    """Label the logarithmic axis with plain numbers that are few."""
    from matplotlib.ticker import FixedLocator, NullFormatter, NullLocator

    low, high = ax.get_xlim()
    steps = [v for v in (0.1, 0.2, 0.5, 0.7, 1, 1.5, 2, 3, 5, 10, 20, 50) if low <= v <= high]
    ax.xaxis.set_major_locator(FixedLocator(steps))
    ax.xaxis.set_major_formatter(lambda value, _: f"{value:g}")
    ax.xaxis.set_minor_locator(NullLocator())
    ax.xaxis.set_minor_formatter(NullFormatter())


def _fractions(ax: Any, table: pd.DataFrame, places: Any, lang: str) -> None:
    """Write the share of leavers that each cause explains at the right."""
    beside: Any = {"xycoords": ("axes fraction", "data"), "annotation_clip": False}
    for row, y in zip(table.to_dict("records"), places, strict=True):
        if row["effect"] == "not_evaluable":
            text = word("not evaluable", lang)
        elif "paf_low" in row:
            text = f"{row['paf']:.0%} ({row['paf_low']:.0%}, {row['paf_high']:.0%})"
        else:
            text = f"{row['paf']:.0%}"
        ax.annotate(text, (1.03, y), va="center", fontsize=SMALL, color=ACTUAL, **beside)
    head: Any = {"xycoords": "axes fraction", "annotation_clip": False, "fontsize": SMALL}
    ax.annotate(word("share of leavers", lang), (1.03, 1.01), va="bottom", color=QUIET, **head)
