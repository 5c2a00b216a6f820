"""Predicted against actual: is a churn probability of 80 % silent in 80 of 100 cases?"""

from typing import TYPE_CHECKING

import numpy as np

from layerwise.plots.canvas import ACTUAL, EXPECTED, MARK, QUIET, SMALL, canvas, percent
from layerwise.plots.words import Lang, word
from layerwise.scorecard import Scorecard

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_FLOOR = -0.24
"""Where the strip of the histogram begins, in shares of the axis of 0 to 1."""

_LABEL = 0.24
"""How far a label reaches from the left, in shares of the axis; with points there it moves."""


def plot_calibration(
    scorecard: Scorecard, *, ax: "Axes | None" = None, lang: Lang = "en"
) -> "Axes":
    """Draw the share that bought nothing against the predicted probability, band by band.

    Points with bars are the rows of `scorecard.calibration` and their Wilson 95 % intervals. On the
    diagonal, forecasts come true; the dashed line is the base rate, what one knows without any
    model. The small histogram below shows how many customers have which probability
    (`scorecard.histogram`).

    Args:
        scorecard: What `score_churn` returned.
        ax: Where to draw; None makes a new figure.
        lang: "en" or "zh", the language of the texts.

    Raises:
        MissingExtraError: matplotlib is not installed.

    Example:
        >>> import pandas as pd
        >>> from layerwise import score_churn
        >>> from matplotlib.figure import Figure
        >>> table = pd.DataFrame({
        ...     "p": [0.9, 0.8, 0.3, 0.2], "days_since_last": 9, "holdout_orders": [0, 0, 2, 1]
        ... })
        >>> card = score_churn(table, probability="p", bands=2)
        >>> ax = plot_calibration(card, ax=Figure().subplots())
        >>> ax.get_xlabel(), ax.get_ylabel()
        ('predicted P(no purchase)', 'share that bought nothing')
    """
    ax = canvas(ax, (6.4, 5.0))
    table, rate = scorecard.calibration, scorecard.silent_rate
    ax.plot([0, 1], [0, 1], color=QUIET, linewidth=1, label=word("as predicted", lang))
    diagonal = {"rotation": 45, "transform_rotates_text": True, "rotation_mode": "anchor"}
    at = 0.05 if table["predicted"].min() > _LABEL else 0.75
    ax.text(at, at + 0.01, word("as predicted", lang), color=QUIET, **diagonal)  # type: ignore[arg-type]
    ax.plot([0, 1], [rate, rate], "--", color=MARK, linewidth=1)
    near = (table["predicted"] < _LABEL) & ((table["actual"] - rate).abs() < 0.1)
    x, side = (1, "right") if near.any() else (0, "left")
    ax.text(x, rate, word("base rate", lang, rate=rate), color=MARK, va="bottom", ha=side)
    bars = [table["actual"] - table["low"], table["high"] - table["actual"]]
    ax.errorbar(
        table["predicted"], table["actual"], bars, fmt="o", markersize=5, color=EXPECTED, capsize=2
    )
    _spread(ax, scorecard.histogram, word("customers", lang))
    ticks = [0, 0.2, 0.4, 0.6, 0.8, 1]
    ax.set(xlim=(-0.01, 1.01), ylim=(_FLOOR, 1.02), xticks=ticks, yticks=ticks)
    ax.spines["left"].set_bounds(0, 1)
    ax.set(xlabel=word("predicted", lang), ylabel=word("silent", lang))
    percent(ax.xaxis)
    percent(ax.yaxis)
    return ax


def _spread(ax: "Axes", counts: tuple[int, ...], name: str) -> None:
    """Draw the histogram in a strip below zero, on axes of its own."""
    strip = ax.inset_axes((0, _FLOOR, 1, -_FLOOR - 0.06), transform=ax.transData)
    edges = np.linspace(0, 1, len(counts) + 1)
    strip.bar(edges[:-1], counts, np.diff(edges), align="edge", color="#b8b8b8", edgecolor="white")
    strip.set(xlim=(0, 1), ylim=(0, 1.15 * max(counts)))
    strip.axis("off")
    fullest = int(np.argmax(counts))
    middle = (edges[fullest] + edges[fullest + 1]) / 2
    strip.text(middle, max(counts), f"{max(counts):,}", ha="center", va="bottom", size=SMALL)
    strip.text(-0.02, 0.0, name, color=ACTUAL, size=SMALL, ha="right", va="bottom")
