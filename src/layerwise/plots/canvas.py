"""Where pictures are drawn, and the few things all of them do alike."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from layerwise.errors import MissingExtraError, SpecError

if TYPE_CHECKING:
    from matplotlib.axes import Axes

ACTUAL = "#333333"
EXPECTED = "#0072B2"
MARK = "#D55E00"
QUIET = "#757575"
"""Colours of Okabe and Ito (2008), which all eyes tell apart, and greys that read on white."""

SMALL = 9
SIZE = (6.4, 3.6)
"""Inches: 640 pixels wide at 100 dots an inch."""


def canvas(ax: Any, size: tuple[float, float] = SIZE) -> "Axes":
    """Return the axes to draw on, their frame open at the top and on the right.

    Without `ax` it is a new figure of pyplot, which notebooks and `plt.show()` display. With `ax`
    pyplot is not even imported.

    Raises:
        MissingExtraError: matplotlib is not installed.
        SpecError: `ax` is not one Axes.
    """
    if ax is None:
        ax = _pyplot().subplots(figsize=size, layout="constrained")[1]
    elif not hasattr(ax, "spines"):
        raise SpecError(
            f"ax must be one matplotlib Axes, not {type(ax).__name__}.",
            hint="of several, give one: ax=axes[0].",
        )
    ax.spines[["top", "right"]].set_visible(False)
    axes: Axes = ax
    return axes


def _pyplot() -> Any:
    try:
        import matplotlib.pyplot as plt
    except ImportError as error:
        raise MissingExtraError(
            "Plots need matplotlib.", hint='pip install "layerwise[plot]"'
        ) from error
    return plt


def percent(axis: Any) -> None:
    """Show an axis of shares in whole percent."""
    from matplotlib.ticker import PercentFormatter

    axis.set_major_formatter(PercentFormatter(1, decimals=0))


def thousands(axis: Any) -> None:
    """Show an axis of counts with commas."""
    axis.set_major_formatter(lambda value, _: f"{value:,.10g}")


def dates(ax: "Axes") -> None:
    """Show an axis of dates with few and short ticks."""
    from matplotlib import dates as mdates

    untyped: Any = mdates
    locator = untyped.AutoDateLocator(minticks=3, maxticks=8)
    ax.xaxis.set_major_locator(locator)
    ax.xaxis.set_major_formatter(untyped.ConciseDateFormatter(locator))


def whole(axis: Any) -> None:
    """Put ticks at whole numbers only."""
    from matplotlib.ticker import MaxNLocator

    axis.set_major_locator(MaxNLocator("auto", integer=True))


def end_labels(ax: "Axes", ends: Iterable[tuple[Any, float, str, str]]) -> None:
    """Write (x, y, text, colour) at the right of two lines; the higher one stands above."""
    lower, upper = sorted(ends, key=lambda end: end[1])
    for (x, y, text, color), side in [(lower, "top"), (upper, "bottom")]:
        note = ax.annotate(text, (x, y), (6, 0), textcoords="offset points", color=color, va=side)
        note.set_annotation_clip(False)


def parting(ax: "Axes", day: Any, before: str, after: str) -> None:
    """Draw a line at a day, and on either side of it what lies there."""
    ax.axvline(day, color=QUIET, linewidth=1)
    for name, shift, side in [(before, -5, "right"), (after, 5, "left")]:
        ax.annotate(
            name,
            (day, 1),
            (shift, 0),
            xycoords=("data", "axes fraction"),
            textcoords="offset points",
            color=QUIET,
            ha=side,
            va="top",
        )
