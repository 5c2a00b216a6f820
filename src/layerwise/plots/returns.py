"""How likely a silent customer is to come back."""

from typing import TYPE_CHECKING, Any

import numpy as np

from layerwise.errors import FitError
from layerwise.plots.canvas import EXPECTED, MARK, QUIET, canvas, percent
from layerwise.plots.words import Lang, word
from layerwise.returns import ReturnCurve

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def plot_return_curve(
    curve: ReturnCurve,
    *,
    horizon_days: float = 60.0,
    at_most: float = 0.10,
    ax: "Axes | None" = None,
    lang: Lang = "en",
) -> "Axes":
    """Draw P(order within `horizon_days`) by days of silence, and mark the window.

    The window is `curve.window(horizon_days=..., at_most=...)`: the least silence after which a
    return is that unlikely. Where the data show none, none is marked. The curve ends where the
    data cannot tell.

    Args:
        curve: What `return_curve` returned.
        horizon_days: Days in which the next order is to come.
        at_most: The probability that marks the window.
        ax: Where to draw; None makes a new figure.
        lang: "en" or "zh", the language of the texts.

    Raises:
        SpecError: `horizon_days` is not above 0, or `at_most` not between 0 and 1.
        MissingExtraError: matplotlib is not installed.

    Example:
        >>> import layerwise as lw
        >>> from matplotlib.figure import Figure
        >>> curve = lw.return_curve(lw.datasets.load_cdnow(), as_of="1998-06-30", amount=None)
        >>> ax = plot_return_curve(curve, ax=Figure().subplots())
        >>> print(ax.texts[0].get_text())
        window 153 days: at most
        10% return within 60 days
    """
    window = _window(curve, horizon_days, at_most)
    days = np.arange(0, int(curve.last_day) + 1)
    chance = curve.p_return(days, horizon_days=horizon_days)
    ax = canvas(ax)
    ax.plot(days, chance, color=EXPECTED)
    if window is not None:
        text = word("window", lang, window=window, at_most=at_most, h=horizon_days)
        height = float(chance[window])
        ax.plot([window, window], [0, height], color=MARK, linewidth=1)
        ax.plot(window, height, "o", color=MARK, markersize=5)
        late = window > 0.6 * curve.last_day
        side: Any = {"ha": "right" if late else "left", "textcoords": "offset points"}
        paper = {"facecolor": "white", "edgecolor": "none", "pad": 1, "alpha": 0.8}
        ax.annotate(
            text, (window, height), (-8, 36) if late else (8, 14), color=MARK, bbox=paper, **side
        )
    ax.axhline(at_most, color=QUIET, linewidth=0.8, linestyle=":")
    ax.set(xlabel=word("silence", lang), ylabel=word("return", lang, h=horizon_days))
    ax.set_xlim(left=0)
    ax.set_ylim(bottom=0)
    percent(ax.yaxis)
    return ax


def _window(curve: ReturnCurve, horizon_days: float, at_most: float) -> int | None:
    try:
        return curve.window(horizon_days=horizon_days, at_most=at_most)
    except FitError:
        return None
