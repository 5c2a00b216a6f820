"""A rate over time within the limits of chance."""

from typing import TYPE_CHECKING, Any

import pandas as pd

from layerwise import arguments, frames
from layerwise.columns import PERIOD_END
from layerwise.errors import SpecError
from layerwise.evaluate.control_charts import ABOVE, BELOW, EWMA, JUDGED, LIMITS
from layerwise.evaluate.monitoring import Monitoring
from layerwise.evaluate.rate_series import KPI, SEGMENT
from layerwise.plots.canvas import (
    ACTUAL,
    EXPECTED,
    MARK,
    canvas,
    dates,
    parting,
    percent,
    thousands,
)
from layerwise.plots.words import Lang, word

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_NEEDED = (PERIOD_END, "value", "center", "low", "high", "signal", "rule", "phase")


def plot_control_chart(
    chart: Any,
    *,
    kpi: str | None = None,
    segment: str | None = None,
    rule: str = LIMITS,
    name: str | None = None,
    shares: bool = True,
    ax: "Axes | None" = None,
    lang: Lang = "en",
) -> "Axes":
    """Draw a rate over its periods, with center and limits; what lies outside is marked.

    The line ends the baseline. Periods that cannot be judged have a gap.

    Args:
        chart: What `control_chart` or `monitor` of `layerwise.evaluate` returned.
        kpi: Which KPI, if it holds several.
        segment: Which segment, if it holds several.
        rule: "limits" or "ewma", if it holds both.
        name: What the axis calls the rate; None takes the KPI, or "rate".
        shares: Show percent; False shows plain numbers, as for complaints per 1,000.
        ax: Where to draw; None makes a new figure.
        lang: "en" or "zh", the language of the texts.

    Raises:
        ColumnsError: The table is no control chart.
        MissingExtraError: matplotlib is not installed.
        SpecError: There is no such series, or several.

    Example:
        >>> from matplotlib.figure import Figure
        >>> from layerwise.evaluate import control_chart
        >>> weeks = pd.date_range("2024-01-07", periods=24, freq="7D")
        >>> table = pd.DataFrame({
        ...     "period_end": weeks, "numerator": [50, 54, 47, 52] * 5 + [51, 49, 53, 90],
        ...     "denominator": 1000,
        ... })
        >>> chart = control_chart(table, baseline_until="2024-05-19")
        >>> ax = plot_control_chart(chart, name="churned", ax=Figure().subplots())
        >>> [text.get_text() for text in ax.texts]
        ['baseline', 'judged', '9.0%']
    """
    rows = _series(chart, kpi, segment, rule)
    ax = canvas(ax)
    when = rows[PERIOD_END]
    ax.fill_between(
        when, rows["low"], rows["high"], color=EXPECTED, alpha=0.13, linewidth=0, step="mid"
    )
    ax.plot(when, rows["center"], "--", color=EXPECTED, linewidth=1, drawstyle="steps-mid")
    ax.plot(when, rows["value"], "-", color=ACTUAL, linewidth=1.2, marker="o", markersize=2.5)
    _mark_baseline(ax, rows, lang)
    _mark_alerts(ax, rows, shares)
    text = name or kpi or word("rate", lang)
    ax.set(xlabel=word("period end", lang), ylabel=text if rule == LIMITS else f"{text} (EWMA)")
    (percent if shares and rows["high"].max() > 0.05 else _plain(shares))(ax.yaxis)
    dates(ax)
    return ax


def _plain(shares: bool) -> Any:
    if not shares:
        return thousands
    from matplotlib.ticker import PercentFormatter

    def tenths(axis: Any) -> None:
        axis.set_major_formatter(PercentFormatter(1, decimals=1))

    return tenths


def _series(chart: Any, kpi: str | None, segment: str | None, rule: str) -> pd.DataFrame:
    """Return the rows of one series by one rule."""
    chart = chart.charts if isinstance(chart, Monitoring) else chart
    table: pd.DataFrame = frames.eager(chart, doing="plot_control_chart").to_pandas()
    roles = dict.fromkeys(_NEEDED, "plot_control_chart")
    arguments.require(list(table.columns), roles, title="The table is no control chart; it lacks:")
    texts = {
        "kpi": "" if kpi is None else kpi,
        "segment": "" if segment is None else segment,
        "rule": rule,
    }
    if odd := [name for name, text in texts.items() if not isinstance(text, str)]:
        raise SpecError(f"{', '.join(odd)} must be text.", hint='kpi="churn_rate", for example.')
    table = table[table["rule"] == rule]
    for column, wanted in ((KPI, kpi), (SEGMENT, segment)):
        if column in table and wanted is not None:
            table = table[table[column] == wanted]
    keys = [name for name in (KPI, SEGMENT) if name in table]
    many = len(table[keys].drop_duplicates()) if keys else int(len(table) > 0)
    if many != 1:
        raise SpecError(
            f"The chart holds {many:,} such series; one is drawn.",
            hint=f"choose by {', '.join([*keys, 'rule'])}; a rule is {LIMITS!r} or {EWMA!r}.",
        )
    return table.sort_values(PERIOD_END)


def _mark_baseline(ax: "Axes", rows: pd.DataFrame, lang: str) -> None:
    judged = rows.loc[rows["phase"] == JUDGED, PERIOD_END]
    before = rows.loc[rows["phase"] != JUDGED, PERIOD_END]
    if not len(judged) or not len(before):
        return
    middle: Any = before.iloc[-1] + (judged.iloc[0] - before.iloc[-1]) / 2
    parting(ax, middle, word("baseline", lang), word("judged", lang))


def _mark_alerts(ax: "Axes", rows: pd.DataFrame, shares: bool) -> None:
    """Mark what is outside; write the value of the last one."""
    out = rows[rows["signal"].isin([ABOVE, BELOW])]
    ax.plot(out[PERIOD_END], out["value"], "o", color=MARK, markersize=5)
    last = out[out["phase"] == JUDGED].tail(1)
    for when, value, signal in zip(last[PERIOD_END], last["value"], last["signal"], strict=True):
        up = signal == ABOVE
        ax.annotate(
            f"{value:.1%}" if shares else f"{value:,.3g}",
            (when, value),
            (0, 6 if up else -6),
            textcoords="offset points",
            color=MARK,
            ha="center",
            va="bottom" if up else "top",
        )
        ax.margins(y=0.12)
