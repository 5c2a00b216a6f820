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
from layerwise import plots
from layerwise.churn import rank_causes
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


def causes() -> Axes:
    """Relative risk of five exposures of Complete Journey, as the guide to causes makes them."""
    lines = lw.datasets.load_complete_journey()
    day = lines["ordered_at"].dt.normalize()
    spring = lines[(day <= "2017-03-31") & (lines["amount"] > 0)]
    met = lines[day.between("2017-04-01", "2017-09-30")]
    customers = lw.summarize(spring, as_of="2017-03-31").set_index("customer_id")
    customers = customers[customers.index.isin(met["customer_id"])]
    customers["left"] = ~customers.index.isin(lines[day >= "2017-11-01"]["customer_id"])
    july = lines[day.between("2017-07-01", "2017-09-30")]
    visits = customers.index.map(july.groupby("customer_id")["order_id"].nunique()).fillna(0)
    edges, names = [-1, 0, 2, 5, 10, 20, 999], ["0", "1-2", "3-5", "6-10", "11-20", "21+"]
    customers["spring"] = pd.cut(customers["orders"], edges, labels=names)
    customers["summer"] = pd.cut(visits, edges, labels=names)
    shelf = met["amount"] + met["retail_disc"] + met["coupon_match_disc"]
    met = met.assign(shelf=shelf, unit=shelf / met["quantity"].where(met["quantity"] > 0))
    usual = met.groupby("product_id")["unit"].transform("median") * met["quantity"]
    household = met.assign(usual=usual).groupby("customer_id")
    total = household[["shelf", "usual", "retail_disc", "coupon_disc"]].sum()
    number = pd.DataFrame(
        {
            "price_high": total["shelf"] / total["usual"],
            "promo_few": -total["retail_disc"] / total["shelf"],
            "product_line_narrow": -household["department"].nunique(),
            "small_basket": -total["shelf"] / household["order_id"].nunique(),
        }
    ).loc[customers.index]
    exposures = (number >= number.quantile(0.75)).assign(no_coupon=total["coupon_disc"] == 0)
    found = rank_causes(
        customers.join(exposures),
        outcome="left",
        exposures=list(exposures),
        strata=["spring", "summer"],
        exposure_end="2017-09-30",
        outcome_start="2017-11-01",
    )
    return plots.plot_causes(found)


PICTURES = {
    "value-layers": value_layers,
    "still-buying": still_buying,
    "calibration": calibration,
    "tracking": tracking,
    "tracking-by-week": tracking_by_week,
    "holdout": holdout,
    "frequency-recency": frequency_recency,
    "history": history,
    "return-curve": return_curve,
    "causes": causes,
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
