"""Repeat orders over time, actual and expected."""

from typing import TYPE_CHECKING, Any, Unpack

import pandas as pd

from layerwise import columns as c
from layerwise.models.model import FittedModel
from layerwise.orders.request import OrderColumns
from layerwise.plots.canvas import (
    ACTUAL,
    EXPECTED,
    canvas,
    dates,
    end_labels,
    parting,
    thousands,
)
from layerwise.plots.words import Lang, word
from layerwise.tracking import tracking

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def plot_tracking(
    fitted: FittedModel,
    orders: object,
    *,
    end: Any,
    split: Any = None,
    period_days: int = 7,
    cumulative: bool = True,
    ax: "Axes | None" = None,
    lang: Lang = "en",
    **columns: Unpack[OrderColumns],
) -> "Axes":
    """Draw repeat orders over the weeks: what came, and what the model expects.

    The numbers are those of `layerwise.tracking.tracking`.

    Args:
        fitted: A fitted model that speaks of new customers in days: BGNBD,
            MBGNBD, MBGCNBD, ParetoNBD.
        orders: The order log, a frame in memory.
        end: Last day that counts.
        split: Last day of the calibration period, marked by a line; only customers whose first
            order came up to then are followed. None follows all.
        period_days: Length of a period in days.
        cumulative: Orders since the start; False for the orders of each period.
        ax: Where to draw; None makes a new figure.
        lang: "en" or "zh", the language of the texts.
        columns: Which column is what, and the other choices, as in `layerwise.summarize`.

    Raises:
        LayerwiseError: As `tracking` does.
        MissingExtraError: matplotlib is not installed.

    Example:
        >>> import layerwise as lw
        >>> from matplotlib.figure import Figure
        >>> model = lw.BGNBD().fit(lw.datasets.load_cdnow_summary())
        >>> ax = plot_tracking(
        ...     model, lw.datasets.load_cdnow(), split="1997-09-30", end="1998-06-30", amount=None,
        ...     ax=Figure().subplots(),
        ... )
        >>> [text.get_text() for text in ax.texts]
        ['expected 4,166', 'actual 4,339', 'calibration', 'holdout']
    """
    table = tracking(
        fitted, orders, end=end, split=split, period_days=period_days, **columns
    ).set_index(c.PERIOD_END)
    ax = canvas(ax)
    shown = (c.CUMULATIVE_ACTUAL, c.CUMULATIVE_EXPECTED) if cumulative else (c.ACTUAL, c.EXPECTED)
    lines = [
        ("actual", table[shown[0]], ACTUAL, "-"),
        ("expected", table[shown[1]], EXPECTED, "--"),
    ]
    for name, values, color, style in lines:
        ax.plot(values.index, values, style, color=color, label=word(name, lang))
    _name(ax, lines, cumulative, lang)
    ax.set_ylim(bottom=0)
    if split is not None:
        day = pd.Timestamp(split).tz_localize(None).normalize()
        parting(ax, day, word("calibration", lang), word("holdout", lang))
    text = "cumulative repeat orders" if cumulative else "repeat orders in period"
    ax.set(xlabel=word("period end", lang), ylabel=word(text, lang, days=period_days))
    thousands(ax.yaxis)
    dates(ax)
    return ax


def _name(ax: "Axes", lines: list[Any], cumulative: bool, lang: str) -> None:
    """Name the lines: at their ends with totals, or in a legend where they cross all the time."""
    if not cumulative:
        ax.legend(frameon=False)
        return
    ends = [
        (
            values.index[-1],
            float(values.iloc[-1]),
            f"{word(name, lang)} {values.iloc[-1]:,.0f}",
            color,
        )
        for name, values, color, _ in lines
    ]
    end_labels(ax, ends)
