"""Cohorts as a map of heat: who came when, and how many of them buy month after month."""

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from layerwise.errors import DataError, SpecError
from layerwise.evaluate.cohorts import Cohorts
from layerwise.plots.canvas import SMALL, canvas, percent
from layerwise.plots.words import Lang, word
from layerwise.vectors import Floats

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_MOST_TEXT = 18
"""With more columns than this the cells hold no numbers: they would not fit."""


def plot_cohorts(cohorts: Cohorts, *, ax: "Axes | None" = None, lang: Lang = "en") -> "Axes":
    """Draw the share of each cohort that bought, period by period, as a map of heat.

    One row a cohort, named by its period and its number of customers, the oldest on top; one column
    a period since. Period 0, in which everybody bought, is left out of a calendar's table, so that
    the colours show the rest. Cells that are not over stay white.

    Args:
        cohorts: What `cohort_table` returned.
        ax: Where to draw; None makes a new figure. The colour bar takes room beside it.
        lang: "en" or "zh", the language of the texts.

    Raises:
        DataError: No cell is over.
        SpecError: It is no table of cohorts, or the language is unknown.
        MissingExtraError: matplotlib is not installed.

    Example:
        >>> import layerwise as lw
        >>> from layerwise.evaluate import cohort_table
        >>> from matplotlib.figure import Figure
        >>> cohorts = cohort_table(lw.datasets.load_cdnow(), as_of="1998-06-30", amount=None)
        >>> ax = plot_cohorts(cohorts, ax=Figure().subplots())
        >>> [text.get_text() for text in ax.get_yticklabels()]
        ['1997-01 (781)', '1997-02 (857)', '1997-03 (719)']
    """
    if not isinstance(cohorts, Cohorts):
        raise SpecError(
            f"cohorts is a {type(cohorts).__name__}.", hint="give what cohort_table(...) returned."
        )
    wide = cohorts.wide()
    wide = wide.drop(columns=0)
    wide = wide.loc[wide.notna().any(axis=1), wide.notna().any(axis=0)]
    if wide.empty:
        raise DataError(
            "No period after the first order is over for any cohort.",
            hint="take a later as_of or a shorter period.",
        )
    values = wide.to_numpy()
    ax = canvas(ax, (6.4, 1.4 + 0.3 * len(wide)))
    top = float(np.nanmax(values)) or 1.0
    mesh = ax.imshow(values, cmap="cividis", aspect="auto", vmin=0, vmax=top)
    bar: Any = ax.figure.colorbar(mesh, ax=ax, label=word("bought share", lang))
    bar.outline.set_visible(False)
    percent(bar.ax.yaxis)
    if values.shape[1] <= _MOST_TEXT:
        _write(ax, values, top)
    sizes = cohorts.table.groupby("cohort")["customers"].first()
    names = [f"{_named(c, cohorts.period)} ({sizes[c]:,})" for c in wide.index]
    ax.set_yticks(range(len(wide)), names)
    step = 1 + values.shape[1] // 18
    ax.set_xticks(range(0, values.shape[1], step), [str(k) for k in wide.columns[::step]])
    ax.tick_params(length=0)
    ax.spines[:].set_visible(False)
    ax.set_xlabel(word(f"{cohorts.period}s since", lang))
    return ax


def _write(ax: "Axes", values: Floats, top: float) -> None:
    for (i, k), share in np.ndenumerate(values):
        if not np.isnan(share):
            color = "black" if share > 0.55 * top else "white"
            ax.text(k, i, f"{100 * share:.0f}", ha="center", va="center", color=color, size=SMALL)


def _named(cohort: Any, period: str) -> str:
    """Return 2024-01, 2024-Q1, or the Monday of a week."""
    stamp = pd.Timestamp(cohort)
    if period == "quarter":
        return f"{stamp.year}-Q{stamp.quarter}"
    return f"{stamp:%Y-%m}" if period == "month" else f"{stamp:%Y-%m-%d}"
