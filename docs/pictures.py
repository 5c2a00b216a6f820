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
from layerwise import churn, plots
from layerwise.evaluate import measure_migration
from layerwise.models import FittedBGNBD
from layerwise.plots.canvas import ACTUAL, EXPECTED, MARK, QUIET, SIZE

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


@cache
def groceries() -> pd.DataFrame:
    """Orders of The Complete Journey that are no refunds, a row each."""
    lines = lw.datasets.load_complete_journey(products=False)
    names = {"customer_id": "first", "ordered_at": "first", "amount": "sum"}
    found = lines.groupby("order_id", as_index=False).agg(names)
    return found[found["amount"] > 0]


@cache
def households() -> pd.DataFrame:
    """Risks of the households at the end of September, and their October."""
    table = lw.calibration_holdout(groceries(), split="2017-09-30", end="2017-10-30")
    buying, spend = lw.BGNBD(horizon_days=30).fit(table), lw.GammaGamma().fit(table)
    return churn.risk_table(table, model=buying, spend=spend)


def leaving() -> Axes:
    """Predicted against actual share of the households that bought nothing in October."""
    return plots.plot_calibration(lw.score_churn(households(), probability="p_no_purchase_30d"))


def letters() -> Axes:
    """Expected gain by number of letters, best household first."""
    plan = churn.choose_contacts(
        households(), horizon_days=30, contact_cost=1.5, margin=0.25, save_rate=0.15
    )
    gain = plan.customers["expected_gain"].sort_values(ascending=False).cumsum().to_numpy()
    ax = plt.subplots(figsize=SIZE, layout="constrained")[1]
    ax.spines[["top", "right"]].set_visible(False)
    ax.axhline(0, color=QUIET, linewidth=1)
    ax.plot(range(1, 401), gain[:400], color=EXPECTED)
    best = plan.contacted
    ax.plot([best], [gain[best - 1]], "o", color=MARK)
    ax.annotate(
        f"{best} letters", (best, gain[best - 1]), (0, 8), textcoords="offset points", color=MARK,
        ha="center",
    )  # fmt: skip
    ax.set(xlabel="letters, best household first", ylabel="expected gain, dollars", ylim=(-50, 160))
    return ax


def flow() -> Axes:
    """Households that churned, returned and came new, month by month."""
    months = pd.date_range("2017-06-30", "2017-12-31", freq="ME")
    stack = lw.snapshots(groceries(), as_of=months)
    rule = lw.ChurnStatus().fit(stack[stack["as_of"] == months[0]])
    table = churn.customer_flow(rule.transform(stack))
    ax = plt.subplots(figsize=SIZE, layout="constrained")[1]
    ax.spines[["top", "right", "bottom"]].set_visible(False)
    place = range(len(table))
    ax.bar(place, table["returned"], color=EXPECTED, label="returned")
    ax.bar(place, table["new"], bottom=table["returned"], color="#56B4E9", label="new")
    ax.bar(place, -table["churned"], color=MARK, label="churned")
    ax.axhline(0, color=ACTUAL, linewidth=1)
    for at, end in zip(place, table["end"], strict=True):
        ax.annotate(f"{end:,}", (at, 155), ha="center")
    ax.annotate("active at the end", (-0.5, 172), color=ACTUAL)
    ax.set_xticks(list(place), [f"{day:%b}" for day in table["to"]])
    ax.tick_params(axis="x", length=0)
    ax.set(ylabel="households", ylim=(-170, 185))
    ax.legend(frameon=False, ncols=3, loc="lower center")
    return ax


def moving() -> Axes:
    """Households that moved between value layers, quarter by quarter, by the cuts of March."""
    dates = ["2017-03-31", "2017-06-30", "2017-09-30", "2017-12-31"]
    stack = lw.snapshots(groceries(), as_of=dates, window_days=90)
    fitted = lw.Value(window_days=90).fit(stack[stack["as_of"] == dates[0]])
    labels = fitted.transform(stack)
    return plots.plot_migration(measure_migration(labels, label="value", fitted=fitted))


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
    "leaving": leaving,
    "letters": letters,
    "flow": flow,
    "moving": moving,
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
