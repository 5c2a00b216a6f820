"""The effect of an experiment, overall and layer by layer."""

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from layerwise.errors import DataError, SpecError
from layerwise.evaluate.experiment import Experiment
from layerwise.plots.canvas import ACTUAL, EXPECTED, MARK, QUIET, SMALL, canvas, percent
from layerwise.plots.words import Lang, label_name, word

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_SHARE = "Newcombe"


def plot_effects(
    experiment: Experiment,
    *,
    metric: str | None = None,
    arm: str | None = None,
    layer: str = "",
    ax: "Axes | None" = None,
    lang: Lang = "en",
) -> "Axes":
    """Draw the effect on all customers, and on each layer below, with intervals.

    A forest plot: the dashed line is the effect on all, so that one sees whether a layer's interval
    leaves it. Layers are coloured where their Holm p is below 1 - level, that is where the effect
    would stand out even among so many layers; without an effect they are named and not drawn.
    Differences of shares are written in percentage points (pp).

    Args:
        experiment: What `analyse` returned.
        metric: Name of the metric; None takes the first.
        arm: The arm beside the control; None takes the first.
        layer: The column of layers, to name labels that layerwise knows in Chinese.
        ax: Where to draw; None makes a new figure.
        lang: "en" or "zh", the language of the texts.

    Raises:
        SpecError: It is no experiment, or does not have the metric or arm.
        DataError: There is no effect to draw.
        MissingExtraError: matplotlib is not installed.

    Example:
        >>> import pandas as pd
        >>> from matplotlib.figure import Figure
        >>> from layerwise.evaluate import analyse
        >>> table = pd.DataFrame({"customer_id": range(400), "tier": ["high", "low"] * 200})
        >>> table["arm"] = ["control", "control", "offer", "offer"] * 100
        >>> table["bought"] = table.index % 3 == 0
        >>> halves = {"control": 0.5, "offer": 0.5}
        >>> found = analyse(table, metrics=["bought"], arms=halves, by="tier")
        >>> ax = plot_effects(found, ax=Figure().subplots())
        >>> [text.get_text() for text in ax.get_yticklabels()]
        ['all (400)', 'high (200)', 'low (200)']
    """
    whole, layers = _chosen(experiment, metric, arm)
    share = whole["method"].iloc[0] == _SHARE
    table = pd.concat([whole, layers], ignore_index=True)
    places = np.array([len(layers) + 0.4, *range(len(layers) - 1, -1, -1)])
    ax = canvas(ax, (6.4, 1.3 + 0.38 * len(table)))
    ax.axvline(0, color=QUIET, linewidth=0.8)
    ax.axvline(float(whole["effect"].iloc[0]), color=EXPECTED, linewidth=0.8, linestyle="--")
    for (_, row), y in zip(table.iterrows(), places, strict=True):
        if np.isnan(row["effect"]):
            continue
        clear = row["p_holm"] < 1 - experiment.level
        color = EXPECTED if y > len(layers) else MARK if clear else QUIET
        ax.hlines(y, row["low"], row["high"], color=color, linewidth=1.6)
        ax.plot(row["effect"], y, "D" if y > len(layers) else "o", color=color, markersize=5)
    _names(ax, table, places, layer, lang)
    _values(ax, table, places, share, experiment.level, lang)
    if share:
        percent(ax.xaxis)
    arm_name, metric_name = whole["arm"].iloc[0], whole["metric"].iloc[0].replace("_", " ")
    ax.set_xlabel(word("effect of", lang, arm=arm_name, metric=metric_name))
    ax.set_ylim(-0.7, places[0] + 0.7)
    ax.spines["left"].set_visible(False)
    return ax


def _chosen(
    experiment: Any, metric: str | None, arm: str | None
) -> tuple[pd.DataFrame, pd.DataFrame]:
    if not isinstance(experiment, Experiment):
        raise SpecError(
            f"experiment is a {type(experiment).__name__}, no result of an experiment.",
            hint="give what analyse(...) returned.",
        )
    if not isinstance(metric, str | None) or not isinstance(arm, str | None):
        raise SpecError("metric= and arm= are names.", hint="the column effects lists them.")
    rows = experiment.effects
    metric = rows["metric"].iloc[0] if metric is None else metric
    arm = rows["arm"].iloc[0] if arm is None else arm
    whole = rows[(rows["metric"] == metric) & (rows["arm"] == arm)]
    if whole.empty:
        raise SpecError(
            f"The experiment has no metric {metric!r:.40} with an arm {arm!r:.40}.",
            hint="its column effects lists metrics and arms.",
        )
    if whole["effect"].isna().all():
        raise DataError("There is no effect to draw.", hint="the column note says why.")
    layers = experiment.layers
    if layers is None:
        return whole, whole.head(0)
    return whole, layers[(layers["metric"] == metric) & (layers["arm"] == arm)]


def _names(ax: Any, table: pd.DataFrame, places: Any, layer: str, lang: str) -> None:
    names = [word("all customers", lang)]
    for label in table["layer"].iloc[1:] if "layer" in table else ():
        missing = label is None or label is np.nan
        names.append(word("missing", lang) if missing else label_name(layer, str(label), lang))
    sizes = table["control_n"] + table["arm_n"]
    ax.set_yticks(places, [f"{name} ({n:,})" for name, n in zip(names, sizes, strict=True)])
    ax.tick_params(axis="y", length=0)


def _values(
    ax: Any, table: pd.DataFrame, places: Any, share: bool, level: float, lang: str
) -> None:
    """Write each effect with its interval at the right."""
    beside: Any = {"xycoords": ("axes fraction", "data"), "annotation_clip": False}
    for (_, row), y in zip(table.iterrows(), places, strict=True):
        said = {name: _text(row[name], share) for name in ("effect", "low", "high")}
        said["effect"] += " pp" if share else ""
        known = not np.isnan(row["effect"])
        text = word("effect interval", lang, **said) if known else word("not evaluable", lang)
        ax.annotate(text, (1.03, y), va="center", fontsize=SMALL, color=ACTUAL, **beside)
    head: Any = {"xycoords": "axes fraction", "annotation_clip": False, "fontsize": SMALL}
    title = word("effect head", lang, level=level)
    ax.annotate(title, (1.03, 1.01), va="bottom", color=QUIET, **head)


def _text(value: float, share: bool) -> str:
    return f"{100 * value:+.1f}" if share else f"{value:+.3g}"
