"""How long customers stay, segment by segment."""

from typing import TYPE_CHECKING, Any

import pandas as pd

from layerwise.errors import DataError
from layerwise.evaluate.retention import Retention
from layerwise.evaluate.segments import ALL
from layerwise.plots.canvas import ACTUAL, EXPECTED, MARK, QUIET, SMALL, canvas, percent
from layerwise.plots.words import Lang, label_name, word

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_COLORS = (EXPECTED, MARK, "#009E73", "#CC79A7", "#56B4E9", "#E69F00")
_STYLES = ("-", "--", "-.", ":")


def plot_retention(
    retention: Retention,
    *,
    layer: str = "",
    days: int | None = None,
    ax: "Axes | None" = None,
    lang: Lang = "en",
) -> "Axes":
    """Draw the share of customers still buying, by days, each segment with its interval.

    Without segments the curve of all is drawn; with them, those alone. The steps fall where
    customers churned; the names stand at the ends.

    Args:
        retention: What `retention_curve` returned.
        layer: The name of the layer, so that known labels appear in Chinese with lang="zh".
        days: The last day shown; None for all.
        ax: Where to draw; None makes a new figure.
        lang: "en" or "zh", the language of the texts.

    Raises:
        DataError: There are more than six segments.
        MissingExtraError: matplotlib is not installed.

    Example:
        >>> import layerwise as lw
        >>> from layerwise.evaluate import retention_curve
        >>> from matplotlib.figure import Figure
        >>> kept = retention_curve(
        ...     lw.datasets.load_cdnow(), as_of="1998-06-30", window_days=153, amount=None
        ... )
        >>> ax = plot_retention(kept, ax=Figure().subplots())
        >>> ax.get_xlabel(), ax.get_ylabel()
        ('days since the start', 'share still buying')
    """
    shown = _shown(retention.curve, days)
    ax = canvas(ax)
    right = max(float(part["days"].iloc[-1]) for _, part in shown)
    ends = []
    for i, (name, part) in enumerate(shown):
        color = ACTUAL if name == ALL else _COLORS[i]
        text = word("everybody", lang) if name == ALL else label_name(layer, name, lang)
        step: Any = {"where": "post", "color": color, "label": text}
        ax.step(part["days"], part["retained"], linestyle=_STYLES[i % 4], **step)
        ax.fill_between(
            part["days"], part["low"], part["high"], step="post", color=color, alpha=0.15, lw=0
        )
        ends.append((float(part["retained"].iloc[-1]), text, color))
    _name(ax, right, ends)
    ax.set(xlabel=word("days since start", lang), ylabel=word("retained", lang))
    ax.set_xlim(0, right)
    ax.set_ylim(0, 1)
    percent(ax.yaxis)
    text = word("churn rule", lang, days=retention.window_days)
    ax.text(1, 1.02, text, transform=ax.transAxes, ha="right", va="bottom", color=QUIET, size=SMALL)
    return ax


def _shown(curve: pd.DataFrame, days: int | None) -> list[tuple[str, pd.DataFrame]]:
    names = list(dict.fromkeys(curve["segment"]))
    names = [name for name in names if name != ALL] or names
    if len(names) > len(_COLORS):
        raise DataError(
            f"{len(names)} segments are too many lines for one picture.",
            hint=f"draw at most {len(_COLORS)}, e.g. of a column with fewer labels.",
        )
    parts = [(name, curve[curve["segment"] == name]) for name in names]
    return [(n, part if days is None else _until(part, days)) for n, part in parts]


def _until(part: pd.DataFrame, days: int) -> pd.DataFrame:
    """Cut a curve off at a day, on which it stands as high as before."""
    inside = part[part["days"] <= days]
    if part["days"].iloc[-1] <= days:
        return inside
    return pd.concat([inside, inside.iloc[[-1]].assign(days=days)])


def _name(ax: "Axes", right: float, ends: list[tuple[float, str, str]]) -> None:
    """Write names beside the axis at the ends of the lines, moved apart where they would touch."""
    least, below = 0.065, -1.0
    for height, text, color in sorted(ends):
        place = max(height, below + least)
        below = place
        note = ax.annotate(
            text, (right, place), (6, 0), textcoords="offset points", color=color, va="center"
        )
        note.set_annotation_clip(False)
