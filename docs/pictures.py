"""Draw the pictures of the guides: python docs/pictures.py [FOLDER], by default docs/assets."""

import sys
from functools import cache
from pathlib import Path

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.dates import DateFormatter
from matplotlib.ticker import PercentFormatter

import layerwise as lw
from layerwise import churn, evaluate, plots
from layerwise.churn import Costs, assess_impact, high_churn_groups, rank_causes
from layerwise.evaluate import (
    cohort_table,
    drift,
    kpis,
    measure_migration,
    monitor,
    refit_due,
    retention_curve,
)
from layerwise.models import FittedBGNBD
from layerwise.plots.canvas import ACTUAL, EXPECTED, MARK, QUIET, SIZE
from layerwise.report import Report, report

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


def effects() -> Axes:
    """The voucher that the guide plants into CDNOW, overall and by layer."""
    paid = orders()[orders()["amount"] > 0]
    table = lw.calibration_holdout(paid, split=SPLIT, end=END, window_days=273)
    halves = {"control": 0.5, "voucher": 0.5}
    drawn = evaluate.assign(table, experiment="autumn voucher", arms=halves, salt="keep me secret")
    drawn["bought"] = drawn["holdout_orders"] > 0
    drawn["layer"] = np.where(drawn["repeat_orders"] > 0, "bought again", "bought once")
    drawn["bought"] |= (
        (drawn["arm"] == "voucher")
        & (drawn["layer"] == "bought again")
        & ~drawn["bought"]
        & (np.random.default_rng(1).random(len(drawn)) < 0.25)
    )
    found = evaluate.analyse(drawn, metrics=["bought"], arms=halves, by="layer")
    return plots.plot_effects(found)


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


@cache
def grocer() -> pd.DataFrame:
    """How lists of 100 households a month turned out, as the guide to early warning does."""
    lines = lw.datasets.load_complete_journey(products=False)
    groups = lines[lines["amount"] > 0].groupby(["customer_id", "order_id"], as_index=False)
    bills = groups.agg(ordered_at=("ordered_at", "min"), amount=("amount", "sum"))
    done = churn.backtest(
        bills,
        as_of=["2017-06-30", "2017-07-31", "2017-08-31", "2017-09-30", "2017-10-31"],
        horizon_days=60,
        capacity=100,
        value="spend_365d",
        model=lw.BGNBD(penalty=0.001),
    )
    return done.lists[done.lists["as_of"].isna()].set_index("ranking")


def early_warning() -> Axes:
    """Leavers found and their spend found, by the way the list was made."""
    names = {
        "days_since_last": "days of silence",
        "p_no_purchase": "P(no purchase)",
        "priority": "P(no purchase) × spend",
    }
    table = grocer().loc[list(names)]
    ax = plt.subplots(figsize=SIZE, layout="constrained")[1]
    ax.spines[["top", "right"]].set_visible(False)
    at, half = range(len(table)), 0.18
    below = [y - half for y in at]
    ends = [table["precision"] - table["low"], table["high"] - table["precision"]]
    ax.barh(below, table["precision"], 2 * half, xerr=ends, color=EXPECTED, label="left, of listed")
    above = [y + half for y in at]
    ax.barh(above, table["value_caught"], 2 * half, color="0.6", label="listed, of leavers' spend")
    ax.set_yticks(list(at), list(names.values()))
    ax.xaxis.set_major_formatter(PercentFormatter(1, decimals=0))
    ax.invert_yaxis()
    ax.legend(frameon=False, loc="upper center", bbox_to_anchor=(0.4, 1.15), ncols=2)
    return ax


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


def retention() -> Axes:
    """Who still buys at the grocer, by value layer of spring."""
    lines = lw.datasets.load_complete_journey(products=False)
    paid = lines[lines["amount"] > 0]
    spring = lw.summarize(paid[paid["ordered_at"] < "2017-05-01"], as_of="2017-04-30")
    labels = lw.Value().fit(spring).transform(spring)
    kept = retention_curve(
        paid, as_of="2017-12-31", window_days=56, segments=labels, by="value", start="2017-04-30"
    )
    return plots.plot_retention(kept, layer="value")


def cohorts() -> Axes:
    """Who of the customers of CDNOW bought, by month of the first order."""
    return plots.plot_cohorts(cohort_table(orders(), as_of=END, amount=None))


ENGINES = {
    "pandas": "#333333",
    "Polars": "#56B4E9",
    "Polars, lazy": "#0072B2",
    "DuckDB": "#D55E00",
    "Dask": "#009E73",
    "Spark": "#CC79A7",
}


def scale() -> Axes:
    """CPU seconds and memory of a customer table by the rows of the log, as measured by hand."""
    found = pd.read_csv(Path(__file__).parent / "assets" / "engines.csv")
    axes = plt.subplots(1, 2, figsize=(8.4, 4.2), layout="constrained")[1]
    what = {"cpu_s": "CPU seconds", "peak_gb": "GB of memory at the peak"}
    for ax, (column, title) in zip(axes, what.items(), strict=True):
        for engine, color in ENGINES.items():
            line = found[found["engine"] == engine]
            ax.plot(line["rows"], line[column], color=color, marker="o", ms=4, label=engine)
        ax.spines[["top", "right"]].set_visible(False)
        ax.set(xscale="log", yscale="log", xlabel="order rows", title=title)
        ax.yaxis.set_major_formatter("{x:g}")
        ax.xaxis.set_major_formatter(lambda x, _at: f"{x / 1e6:g} M")
        ax.grid(visible=True, color="#e5e5e5", linewidth=0.8)
        ax.set_axisbelow(True)
    handles = axes[0].get_legend_handles_labels()
    axes[0].figure.legend(*handles, loc="outside lower center", ncols=6, frameon=False)
    return axes[0]


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
    "leaving": leaving,
    "letters": letters,
    "effects": effects,
    "flow": flow,
    "early-warning": early_warning,
    "causes": causes,
    "retention": retention,
    "cohorts": cohorts,
    "moving": moving,
    "scale": scale,
}


def month(lang: str) -> Report:
    """Return the monthly report of the grocer."""
    lines = lw.datasets.load_complete_journey(products=False)
    paid = lines[lines["amount"] > 0]
    day, by_order = "2017-12-31", {"order": "order_id"}
    table = lw.StrategyTable.default(lang=lang)
    found = lw.overview(paid, as_of=day, strategies=table, **by_order)
    both = lw.calibration_holdout(paid, split="2017-10-02", end=day, **by_order)
    layers = lw.Layers(value=lw.Value(), frequency=lw.Frequency(), rfm=lw.RFM())
    silent = layers.fit(both).transform(both).assign(left=both["holdout_orders"] == 0)
    snaps = lw.snapshots(paid, as_of=["2017-06-30", day], window_days=90, **by_order)
    then, now = (snaps[snaps["as_of"] == date] for date in ("2017-06-30", day))
    value = lw.Value(window_days=90).fit(then)
    moved = drift(then, now, columns=["orders_90d", "spend_90d"])
    choices = {"as_of": day, "window_days": 56, **by_order}
    weeks = kpis(paid, period="week", only=["churn_rate"], **choices).dropna(subset=["value"])
    return report(
        found,
        groups=high_churn_groups(silent, by=["value", "frequency", "rfm"], outcome="left"),
        impact=assess_impact(
            found.customers,
            model=lw.BGNBD().fit(found.customers),
            spend=lw.GammaGamma().fit(found.customers),
            costs=Costs(margin=0.25),
            horizon_days=90,
        ),
        migration=measure_migration(value.transform(snaps), label="value", fitted=value),
        kpis=kpis(paid, **choices),
        monitoring=monitor(weeks, baseline_until="2017-09-03"),
        drift=moved,
        refit=refit_due(as_of=day, fitted_as_of="2017-06-30", drift=moved),
        currency="USD",
        lang=lang,
    )


def main(folder: Path) -> None:
    """Draw every picture into a folder, and write the reports of the guide."""
    for name, lang in (("report", "en"), ("report-zh", "zh")):
        month(lang).to_html(folder / f"{name}.html")
    for name, draw in PICTURES.items():
        with mpl.rc_context(STYLE):
            ax = draw()
            ax.figure.savefig(folder / f"{name}.svg", metadata={"Date": None}, dpi=200)
            plt.close(ax.figure)


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent / "assets")
