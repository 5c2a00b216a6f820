"""Pictures of layers, models and what became of their forecasts.

Each function takes the data first, then choices, and returns a matplotlib `Axes`; none shows,
prints or writes anything, or changes matplotlib's settings. `ax=None` makes a new figure of pyplot,
as seaborn and scikit-learn do, so that it appears in a notebook and with `plt.show()`; with `ax=`,
from `plt.subplots()` or, on a server, `matplotlib.figure.Figure().subplots()`, pyplot is not used.
Save with `ax.figure.savefig("picture.png")`. Sizes fit a page 640 pixels wide.

Texts are in English, or with `lang="zh"` in Chinese. No font comes along: for Chinese name one that
is installed, else boxes are drawn. Of
`plt.rcParams["font.sans-serif"] = ["Noto Sans CJK SC", "Noto Sans CJK JP", "Microsoft YaHei"]`
the first that matplotlib finds is used (older versions know the collection of SC as JP only). If
one was installed after matplotlib made its list, it is found once `matplotlib.get_cachedir()` is
empty.

Needs matplotlib: `pip install "layerwise[plot]"`.
"""

from layerwise.plots.calibration import plot_calibration
from layerwise.plots.causes import plot_causes
from layerwise.plots.cohorts import plot_cohorts
from layerwise.plots.control_chart import plot_control_chart
from layerwise.plots.effects import plot_effects
from layerwise.plots.frequency_recency import plot_frequency_recency
from layerwise.plots.history import plot_history
from layerwise.plots.holdout import plot_holdout
from layerwise.plots.layers import plot_layers
from layerwise.plots.migration import plot_migration
from layerwise.plots.retention import plot_retention
from layerwise.plots.returns import plot_return_curve
from layerwise.plots.tracking import plot_tracking

__all__ = [
    "plot_calibration",
    "plot_causes",
    "plot_cohorts",
    "plot_control_chart",
    "plot_effects",
    "plot_frequency_recency",
    "plot_history",
    "plot_holdout",
    "plot_layers",
    "plot_migration",
    "plot_retention",
    "plot_return_curve",
    "plot_tracking",
]
