"""Draw the pictures of the guides: python docs/pictures.py [FOLDER], by default docs/assets."""

import sys
from functools import cache
from pathlib import Path

import matplotlib as mpl
import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.dates import DateFormatter
from matplotlib.ticker import PercentFormatter

import layerwise as lw
from layerwise import evaluate, plots
from layerwise.models import FittedBGNBD
from layerwise.plots.canvas import EXPECTED, SIZE

STYLE = {
    "svg.hashsalt": "layerwise",  # the same picture gives the same file
    "svg.fonttype": "none",
    "font.family": "sans-serif",
    "figure.facecolor": "white",
}
SPLIT, END = "1997-09-30", "1998-06-30"


@cache
def orders() -> pd.DataFrame:
    """The orders of CDNOW."""
    return lw.datasets.load_cdnow()


@cache
def both() -> pd.DataFrame:
    """CDNOW cut in two, as the guide to churn does."""
    return lw.calibration_holdout(orders(), split=SPLIT, end=END, amount=None)


@cache
def model() -> FittedBGNBD:
    """BG/NBD of the first half."""
    return lw.BGNBD(horizon_days=273).fit(both())


def value_layers() -> Axes:
    """Share of customers and of spend by value layer."""
    paid = orders()[orders()["amount"] > 0]
    customers = lw.summarize(paid, as_of=END)
    return plots.plot_layers(lw.Value().fit(customers).transform(customers), "value")


def still_buying() -> Axes:
    """Share of the customers who bought in the last 90 days, month by month."""
    months = pd.date_range("1997-06-30", END, freq="ME")
    paid = orders()[orders()["amount"] > 0]
    table = lw.snapshots(paid, as_of=months, window_days=90)
    share = (table["orders_90d"] > 0).groupby(table["as_of"]).mean()
    ax = plt.subplots(figsize=SIZE, layout="constrained")[1]
    ax.spines[["top", "right"]].set_visible(False)
    ax.plot(share.index, share, color=EXPECTED, marker="o")
    ax.set_ylim(0, 0.25)
    ax.yaxis.set_major_formatter(PercentFormatter(1, decimals=0))
    ax.xaxis.set_major_formatter(DateFormatter("%b %Y"))
    ax.set_ylabel("bought in the last 90 days")
    for month in (share.index[0], share.index[-1]):
        ax.annotate(f"{share[month]:.0%}", (month, share[month] + 0.012), ha="center")
    return ax


def calibration() -> Axes:
    """Predicted against actual share of silent customers, by tenth of the probability."""
    scored = model().transform(both())
    return plots.plot_calibration(lw.score_churn(scored, probability="p_no_purchase_273d"))


def tracking() -> Axes:
    """Repeat orders since the start, actual and expected."""
    return plots.plot_tracking(model(), orders(), split=SPLIT, end=END, amount=None)


def tracking_by_week() -> Axes:
    """Repeat orders of each week, actual and expected."""
    return plots.plot_tracking(
        model(), orders(), split=SPLIT, end=END, cumulative=False, amount=None
    )


def control_chart() -> Axes:
    """Households of the last four weeks that came each week, as the guide to monitoring has it."""
    lines = lw.datasets.load_complete_journey(products=False)
    ends = lines["ordered_at"].dt.to_period("W-SUN").dt.end_time.dt.normalize()
    came = pd.crosstab(lines["customer_id"], ends) > 0
    regular = came.astype(int).T.rolling(4).max().shift().T.iloc[:, 5:] > 0
    counts = {"numerator": (came & regular).sum(), "denominator": regular.sum()}
    rates = pd.DataFrame(counts).rename_axis("period_end").loc[regular.columns].reset_index()
    chart = evaluate.control_chart(rates, baseline_until="2017-08-27")
    return plots.plot_control_chart(chart, name="came again this week")


def holdout() -> Axes:
    """Holdout orders by repeat orders before, actual and expected."""
    return plots.plot_holdout(both(), model())


def frequency_recency() -> Axes:
    """P(no purchase in 90 days) by repeat orders and days from first to last."""
    return plots.plot_frequency_recency(model(), "p_no_purchase", horizon_days=90)


def history() -> Axes:
    """A good customer of CDNOW, who was silent for a while."""
    return plots.plot_history(
        model(), orders(), customer_id=403, as_of=END, horizon_days=90, amount=None
    )


def return_curve() -> Axes:
    """How likely a silent customer is to return."""
    return plots.plot_return_curve(lw.return_curve(orders(), as_of=END, amount=None))


PICTURES = {
    "value-layers": value_layers,
    "still-buying": still_buying,
    "calibration": calibration,
    "tracking": tracking,
    "tracking-by-week": tracking_by_week,
    "control-chart": control_chart,
    "holdout": holdout,
    "frequency-recency": frequency_recency,
    "history": history,
    "return-curve": return_curve,
}


def main(folder: Path) -> None:
    """Draw every picture into a folder."""
    for name, draw in PICTURES.items():
        with mpl.rc_context(STYLE):
            ax = draw()
            ax.figure.savefig(folder / f"{name}.svg", metadata={"Date": None}, dpi=200)
            plt.close(ax.figure)


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent / "assets")
