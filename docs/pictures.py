"""Draw the pictures of the guides: python docs/pictures.py [FOLDER], by default docs/assets."""

import sys
from pathlib import Path

import matplotlib as mpl
import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.dates import DateFormatter
from matplotlib.ticker import PercentFormatter

import layerwise as lw

TEAL, GREY = "#009485", "#9e9e9e"
STYLE = {
    "svg.hashsalt": "layerwise",  # the same picture gives the same file
    "svg.fonttype": "none",
    "font.family": "sans-serif",
    "font.size": 11,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "figure.figsize": (7, 3.2),
    "figure.facecolor": "white",
}


def value_layers(ax: Axes) -> None:
    """Share of customers and of spend by value layer."""
    orders = lw.datasets.load_cdnow()
    customers = lw.summarize(orders[orders["amount"] > 0], as_of="1998-06-30")
    labels = lw.Value().fit(customers).transform(customers)
    groups = labels.groupby("value", observed=True)["spend_365d"].agg(["size", "sum"])
    shares = groups / groups.sum()
    for shift, column, name, color in [
        (0.2, "size", "share of customers", GREY),
        (-0.2, "sum", "share of the year's spend", TEAL),
    ]:
        places = [i + shift for i in range(len(shares))]
        bars = ax.barh(places, shares[column], height=0.38, color=color, label=name)
        ax.bar_label(bars, fmt=lambda v: f" {v:.0%}", padding=2)
    ax.set_yticks(range(len(shares)), list(shares.index))
    ax.set_xlim(0, 1.08)
    ax.xaxis.set_visible(False)
    ax.spines["bottom"].set_visible(False)
    ax.legend(frameon=False, loc="lower right")


def still_buying(ax: Axes) -> None:
    """Share of the customers who bought in the last 90 days, month by month."""
    orders = lw.datasets.load_cdnow()
    months = pd.date_range("1997-06-30", "1998-06-30", freq="ME")
    table = lw.snapshots(orders[orders["amount"] > 0], as_of=months, window_days=90)
    share = (table["orders_90d"] > 0).groupby(table["as_of"]).mean()
    ax.plot(share.index, share, color=TEAL, marker="o")
    ax.set_ylim(0, 0.25)
    ax.yaxis.set_major_formatter(PercentFormatter(1, decimals=0))
    ax.xaxis.set_major_formatter(DateFormatter("%b %Y"))
    ax.set_ylabel("bought in the last 90 days")
    for month in (share.index[0], share.index[-1]):
        ax.annotate(f"{share[month]:.0%}", (month, share[month] + 0.012), ha="center")


def calibration(ax: Axes) -> None:
    """Predicted against actual share of silent customers, by tenth of the probability."""
    both = lw.calibration_holdout(
        lw.datasets.load_cdnow(), split="1997-09-30", end="1998-06-30", amount=None
    )
    scored = lw.BGNBD(horizon_days=273).fit(both).transform(both)
    table = lw.score_churn(scored, probability="p_no_purchase_273d").calibration
    below, above = table["actual"] - table["low"], table["high"] - table["actual"]
    ax.plot([0, 1], [0, 1], color=GREY, linewidth=1)
    ax.errorbar(table["predicted"], table["actual"], [below, above], fmt="o", color=TEAL)
    ax.set(
        xlabel="predicted: no purchase in 273 days", ylabel="actual", xlim=(0.1, 1), ylim=(0.1, 1)
    )


PICTURES = {
    "value-layers": value_layers,
    "still-buying": still_buying,
    "calibration": calibration,
}


def main(folder: Path) -> None:
    """Draw every picture into a folder."""
    for name, draw in PICTURES.items():
        with mpl.rc_context(STYLE):
            figure, ax = plt.subplots(layout="constrained")
            draw(ax)
            figure.savefig(folder / f"{name}.svg", metadata={"Date": None})
            plt.close(figure)


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent / "assets")
