"""Who moved between labels, as bands from date to date (an alluvial diagram)."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import attrs
import numpy as np
import pandas as pd

from layerwise.columns import CUSTOMERS
from layerwise.errors import DataError, SpecError
from layerwise.evaluate.migration import ENTERED, LEFT, Migration
from layerwise.plots.canvas import ACTUAL, EXPECTED, MARK, QUIET, SMALL, canvas
from layerwise.plots.words import Lang, label_name, word
from layerwise.rules.base import NOT_EVALUABLE
from layerwise.vectors import Array

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_WIDTH, _GAP, _NAMED = 0.06, 0.04, 0.025
_STAYED = "#c4c4c4"
_BAR = "#5a5a5a"


@attrs.frozen
class _Band:
    """Customers on their way from a block of one date to a block of the next."""

    x: int
    before: str
    after: str
    size: float


def plot_migration(
    migration: Migration,
    *,
    ordered: bool = True,
    ax: "Axes | None" = None,
    lang: Lang = "en",
) -> "Axes":
    """Draw the customers of each label at each date, and the bands of those who moved between them.

    The highest label stands on top. Bands to a higher label are blue, to a lower one orange, the
    rest grey; so are those from and to `not_evaluable`, which is no rank. Customers who enter or
    leave begin and end in a block below. Heights are customers; the share of a label at its date
    stands beside it if it is 2.5 % or more.

    Args:
        migration: What `layerwise.evaluate.measure_migration` returned.
        ordered: Whether the labels are a ranking; False draws all bands grey.
        ax: Where to draw; None makes a new figure.
        lang: "en" or "zh", the language of the texts and of the labels that layerwise knows.

    Raises:
        DataError: The migration has no customer.
        MissingExtraError: matplotlib is not installed.
        SpecError: It is no migration.

    Example:
        >>> import layerwise as lw
        >>> from layerwise.evaluate import measure_migration
        >>> from matplotlib.figure import Figure
        >>> both = lw.snapshots(
        ...     lw.datasets.load_cdnow(), as_of=["1997-06-30", "1997-12-31"], amount=None
        ... )
        >>> labels = lw.Frequency().fit(both).transform(both)
        >>> moved = measure_migration(labels, label="frequency")
        >>> ax = plot_migration(moved, ax=Figure().subplots())
        >>> [text.get_text() for text in ax.get_xticklabels()]
        ['1997-06-30', '1997-12-31']
    """
    if not isinstance(migration, Migration):
        raise SpecError(
            f"A migration is needed, not a {type(migration).__name__}.",
            hint="evaluate.measure_migration(snapshots, label=...) makes it.",
        )
    if not isinstance(ordered, bool):
        raise SpecError("ordered must be True or False.", hint="False draws all bands grey.")
    bands = _bands(migration)
    total = max((sum(b.size for b in bands if b.x == x) for x in {b.x for b in bands}), default=0)
    if not total:
        raise DataError("Nobody is in the migration.", hint="check the table of snapshots.")
    ax = canvas(ax, (6.4, 4.0))
    blocks = _blocks(migration, bands, _GAP * total)
    _draw_bands(ax, migration, bands, blocks, ordered)
    _draw_blocks(ax, migration, blocks, lang)
    _legend(ax, {_color(migration, b, ordered) for b in bands}, lang)
    ax.set_xticks(range(len(migration.dates)), [f"{d:%Y-%m-%d}" for d in migration.dates])
    ax.set_xlim(-0.42, len(migration.dates) - 1 + 0.42)
    ax.tick_params(axis="x", length=0)
    ax.yaxis.set_visible(False)
    ax.spines[["left", "bottom"]].set_visible(False)
    return ax


def _bands(migration: Migration) -> list[_Band]:
    moves: pd.DataFrame = migration.moves[migration.moves[CUSTOMERS] > 0]
    place = {date: x for x, date in enumerate(migration.dates)}
    columns = (moves[name] for name in ("from_date", "before", "after", CUSTOMERS))
    return [_Band(place[day], b, a, float(n)) for day, b, a, n in zip(*columns, strict=True)]


def _blocks(
    migration: Migration, bands: Iterable[_Band], gap: float
) -> dict[tuple[int, str], tuple[float, float]]:
    """Return the bottom and height of each label's block at each date, by date and label."""
    height: dict[tuple[int, str], list[float]] = {}
    for band in bands:
        height.setdefault((band.x, band.before), [0, 0])[0] += band.size
        height.setdefault((band.x + 1, band.after), [0, 0])[1] += band.size
    found = {}
    for x in range(len(migration.dates)):
        bottom = 0.0
        for name in migration.names:
            size = max(height.get((x, name), [0, 0]))
            found[x, name] = (bottom, size)
            bottom += size + (gap if size else 0)
        for name in (ENTERED, LEFT):
            size = max(height.get((x, name), [0, 0]))
            found[x, name] = (-gap - size, size)
    return found


def _draw_bands(
    ax: "Axes",
    migration: Migration,
    bands: Iterable[_Band],
    blocks: dict[tuple[int, str], tuple[float, float]],
    ordered: bool,
) -> None:
    start = {key: bottom for key, (bottom, _) in blocks.items()}
    end = dict(start)
    rank = _rank(migration)
    for band in sorted(bands, key=lambda b: (b.x, rank[b.before], rank[b.after])):
        low, high = start[band.x, band.before], end[band.x + 1, band.after]
        start[band.x, band.before] += band.size
        end[band.x + 1, band.after] += band.size
        x, rise = _curve(band.x + _WIDTH / 2, band.x + 1 - _WIDTH / 2)
        y = low + (high - low) * rise
        color = _color(migration, band, ordered)
        ax.fill_between(x, y, y + band.size, color=color, alpha=0.55, linewidth=0)


def _curve(begin: float, end: float) -> tuple[Array, Array]:
    """Return x, and how far a band has risen there: level at both ends."""
    share = np.linspace(0, 1, 40)
    return begin + (end - begin) * share, (1 - np.cos(np.pi * share)) / 2


def _rank(migration: Migration) -> dict[str, int]:
    return {ENTERED: -2, LEFT: -1} | {name: i for i, name in enumerate(migration.names)}


def _color(migration: Migration, band: _Band, ordered: bool) -> str:
    rank = _rank(migration)
    ends = {band.before, band.after}
    if not ordered or len(ends) == 1 or ends & {ENTERED, LEFT, NOT_EVALUABLE}:
        return _STAYED
    return EXPECTED if rank[band.after] > rank[band.before] else MARK


def _draw_blocks(
    ax: "Axes",
    migration: Migration,
    blocks: dict[tuple[int, str], tuple[float, float]],
    lang: Lang,
) -> None:
    last = len(migration.dates) - 1
    for x in range(last + 1):
        total = sum(blocks[x, name][1] for name in migration.names)
        for name in (*migration.names, ENTERED, LEFT):
            bottom, size = blocks[x, name]
            if not size:
                continue
            inside = name in migration.names
            left = x - _WIDTH / 2 if inside or name == LEFT else x
            width = _WIDTH if inside else _WIDTH / 2
            color = _BAR if inside else QUIET
            ax.bar(left, size, width, bottom, align="edge", color=color, alpha=1 if inside else 0.6)
            share = size / total if total else 0
            if share >= _NAMED or not inside:
                _name_block(ax, migration.label, name, x, bottom + size / 2, share, last, lang)


def _name_block(
    ax: "Axes",
    layer: str,
    name: str,
    x: int,
    y: float,
    share: float,
    last: int,
    lang: Lang,
) -> None:
    """Write name and share beside a block of the first and last date, the share between them."""
    if name in (ENTERED, LEFT):
        text, right = word(name, lang), name == LEFT
    else:
        text = f"{label_name(layer, name, lang)} {share:.0%}" if x in (0, last) else f"{share:.0%}"
        right = x > 0
    side: Any = ("left", 1) if right else ("right", -1)
    ax.annotate(
        text, (x + side[1] * _WIDTH / 2, y), (side[1] * 6, 0), textcoords="offset points",
        ha=side[0], va="center", fontsize=SMALL, color=ACTUAL,
    )  # fmt: skip


def _legend(ax: "Axes", colors: set[str], lang: Lang) -> None:
    words = {EXPECTED: "moved up", MARK: "moved down", _STAYED: "stayed"}
    if colors <= {_STAYED}:
        return
    from matplotlib.patches import Patch

    patches = [
        Patch(color=color, alpha=0.55, label=word(text, lang), linewidth=0)
        for color, text in words.items()
        if color in colors
    ]
    ax.legend(
        handles=patches, frameon=False, loc="lower left", bbox_to_anchor=(0, 1), ncols=3,
        borderpad=0,
    )  # fmt: skip
