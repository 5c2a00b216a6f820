"""How many customers a label has, and how much of the spend."""

from typing import TYPE_CHECKING

import numpy as np

from layerwise import arguments, frames, vectors
from layerwise.columns import spend_in
from layerwise.errors import DataError
from layerwise.plots.canvas import ACTUAL, EXPECTED, canvas
from layerwise.plots.words import Lang, label_name, word
from layerwise.rules.base import numbers
from layerwise.segments import as_labels
from layerwise.vectors import Array

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_GREY = "#9e9e9e"


def plot_layers(
    labels: object,
    layer: str,
    *,
    spend: str | None = spend_in(365),
    ax: "Axes | None" = None,
    lang: Lang = "en",
) -> "Axes":
    """Draw the share of customers, and of spend, that each label of a layer has.

    Labels with an order stand in it, the highest on top; others by their share of customers.
    Labels that nobody has are left out, missing ones are a bar of their own. Missing spend counts
    as none.

    Args:
        labels: The labelled customers, an eager frame.
        layer: The label column.
        spend: The column of spend; None draws customers only.
        ax: Where to draw; None makes a new figure.
        lang: "en" or "zh", the language of the texts and of the labels that layerwise knows.

    Raises:
        ColumnsError: A column is missing, or the layer holds numbers with fractions.
        DataError: There is no customer, or spend is negative or all zero.
        MissingExtraError: matplotlib is not installed.

    Example:
        >>> import layerwise as lw
        >>> from matplotlib.figure import Figure
        >>> orders = lw.datasets.load_cdnow()
        >>> customers = lw.summarize(orders[orders["amount"] > 0], as_of="1998-06-30")
        >>> labels = lw.Value().fit(customers).transform(customers)
        >>> ax = plot_layers(labels, "value", ax=Figure().subplots())
        >>> [text.get_text() for text in ax.get_yticklabels()]
        ['low', 'mid', 'high']
    """
    names, code, values = _read(labels, layer, spend)
    size = np.bincount(code, minlength=len(names)) / len(code)
    shares = [(word("share of customers", lang), size, _GREY)]
    if values is not None:
        part = np.bincount(code, weights=values, minlength=len(names)) / values.sum()
        shares.append((_share_of(spend, lang), part, EXPECTED))
    ax = canvas(ax, (6.4, 1.0 + 0.65 * len(names)))
    height = 0.8 / len(shares)
    for i, (name, share, color) in enumerate(shares):
        places = np.arange(len(names)) + height * ((len(shares) - 1) / 2 - i)
        bars = ax.barh(places, share, 0.94 * height, color=color, label=name)
        ax.bar_label(bars, [f"{value:.0%}" for value in share], padding=3, color=ACTUAL)
    texts = [word(n, lang) if n == "missing" else label_name(layer, n, lang) for n in names]
    ax.set_yticks(range(len(names)), texts)
    ax.tick_params(axis="y", length=0)
    ax.set_xlim(0, 1.12 * max(share.max() for _, share, _ in shares))
    ax.xaxis.set_visible(False)
    ax.spines["bottom"].set_visible(False)
    ax.legend(frameon=False, loc="lower left", bbox_to_anchor=(0, 1), ncols=2, borderpad=0)
    return ax


def _share_of(spend: str | None, lang: str) -> str:
    """Return "share of spend in 365 days" for spend_365d, and the like."""
    days = str(spend).removeprefix("spend_").removesuffix("d")
    if days.isdigit() and spend == spend_in(int(days)):
        return word("share of spend", lang, days=days)
    return word("share of", lang, column=spend)


def _read(labels: object, layer: str, spend: str | None) -> tuple[list[str], Array, Array | None]:
    """Return the labels from low to high, each row's place among them, and its spend."""
    frame = frames.eager(labels, doing="plot_layers")
    needed = [layer] if spend is None else [layer, spend]
    title = "The table of labels lacks columns."
    arguments.require(frames.column_names(frame), dict.fromkeys(needed, "plot_layers"), title=title)
    found = vectors.read(frame, needed)
    if not len(frame):
        raise DataError(
            "There is no customer to draw.", hint="check the filter that made the table."
        )
    names, code = _labels(found[layer], layer)
    if spend is None:
        return names, code, None
    values = np.nan_to_num(numbers(found[spend]))
    if (values < 0).any() or not values.sum() > 0:
        raise DataError(
            f"{spend} cannot be shared out: {int((values < 0).sum()):,} negative, "
            f"{int((values == 0).sum()):,} zero of {len(values):,}.",
            hint="give another spend column, or spend=None.",
        )
    return names, code, values


def _labels(found: vectors.Column, layer: str) -> tuple[list[str], Array]:
    column = as_labels(found, layer)
    known, code = [str(name) for name in column.names], column.codes.astype(np.int64)
    counts = np.bincount(code[code >= 0], minlength=len(known))
    order = np.arange(len(known)) if column.ordered else np.argsort(counts, kind="stable")
    order = order[counts[order] > 0]
    missing = code < 0
    first = ["missing"] if missing.any() else []
    place = np.empty(len(known) + 1, dtype=np.int64)
    place[order] = np.arange(len(order)) + len(first)
    place[-1] = 0
    return first + [known[i] for i in order], place[code]
