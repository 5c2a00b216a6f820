"""The sections on figures: KPIs and alerts, drift and refit, the privacy record."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from layerwise.columns import PERIOD_END
from layerwise.evaluate import Monitoring, RefitVerdict, kpi_table
from layerwise.privacy import RunRecord
from layerwise.report.cells import number
from layerwise.report.document import HIDDEN, Column, Section, Table, day, records, table
from layerwise.report.hidden import hide, parts, small
from layerwise.report.reasons import reason
from layerwise.report.words import Say, points

_ALL = "all"
_FIRST = ("churn_rate", "retention_rate", "customer_count", "revenue")
_MOST = 10
_FLOWS = ("new_customers", "returned_customers", "churned_customers")
_STOCKS = ("active_start", "customer_count")
PRIVACY_COLUMNS = ("item", "value")
"""What a privacy record must have; where `unit` is "customers" or "rows", few are hidden."""


def kpis_section(found: pd.DataFrame, say: Say, k: int) -> Section:
    """Return the key figures of the last period, how they changed, and their course."""
    rows = found[(found["segment"].astype(str) == _ALL) & found[PERIOD_END].notna()]
    known = kpi_table().set_index("id")
    wide = masked(rows, dict(zip(known.index, known["unit"], strict=True)), k)
    order = [kpi for kpi in known.index if kpi in wide]
    order += sorted(kpi for kpi in wide if kpi not in known.index)
    last = max(rows[PERIOD_END]) if len(rows) else None
    cells = [cell for kpi in order if (cell := _kpi_row(kpi, wide[kpi], known, say))]
    columns = [
        Column(title=say("figure")),
        Column(title=say("unit")),
        Column(title=say("value")),
        Column(title=say("interval")),
        Column(title=say("change")),
        Column(title=say("course"), kind="trend", unit="number"),
    ]
    lacking = sorted(set(found.loc[found[PERIOD_END].isna(), "kpi"].astype(str)))
    text = "{n} figures were not computed: their data was not given."
    notes = [say(text, n=len(lacking))] if lacking else []
    return Section(
        id="kpis",
        title=say("Key figures"),
        headline=_kpi_headline(wide, known, say),
        tables=(table(say("Key figures, period to {day}", day=day(last)), columns, cells),)
        if cells
        else (),
        notes=(say("Change: against the period before."), *notes),
    )


def masked(rows: pd.DataFrame, units: Mapping[str, str], k: int) -> dict[str, pd.DataFrame]:
    """Return each figure's rows by period, with `hidden` where few customers would show.

    Figures of customers are hidden where value, numerator, denominator or the rest of a share is
    small. Flows add up to the change of the customer count, so that a small flow is hidden with the
    next smallest, and rates with the flow that they are made of.
    """
    people = {kpi for kpi, unit in units.items() if unit in ("customers", "share", "people")}
    few = [_few(row, row["kpi"] in people, units, k) for row in records(rows)]
    rows = rows.assign(hidden=np.array(few, dtype=bool))
    closed = _closed_flows(rows, k)
    also = [pair in closed for pair in zip(rows[PERIOD_END], rows["kpi"], strict=True)]
    rows = rows.assign(hidden=rows["hidden"] | np.array(also, dtype=bool))
    return {
        str(kpi): part.sort_values(PERIOD_END, kind="stable")
        for kpi, part in rows.groupby("kpi", sort=True)
    }


def _closed_flows(rows: pd.DataFrame, k: int) -> set[tuple[Any, str]]:
    """Return (period, figure) of what a hidden flow or stock could be had from."""
    closed: set[tuple[Any, str]] = set()
    for end, part in rows[rows["kpi"].isin([*_FLOWS, *_STOCKS])].groupby(PERIOD_END, sort=True):
        values = {str(row["kpi"]): _known(row["value"]) for row in records(part)}
        counts = [round(values.get(name, 0.0)) for name in _FLOWS]
        mask = parts(counts, k)
        if any(small(values.get(name), k) for name in _STOCKS):
            mask[:] = True
        hidden = [name for name, h in zip(_FLOWS, mask, strict=True) if h]
        if "churned_customers" in hidden:
            hidden += ["churn_rate", "retention_rate"]
        if "returned_customers" in hidden:
            hidden.append("reactivation_rate")
        closed |= {(end, name) for name in hidden}
    return closed


def _few(row: dict[str, Any], people: bool, units: Mapping[str, str], k: int) -> bool:
    if small(_known(row["denominator"]), k):
        return True
    if not people:
        return False
    counts = [row["numerator"], _less(row["denominator"], row["numerator"])]
    if units.get(row["kpi"]) != "share":
        counts = [row["value"], row["numerator"]]
    return any(small(_known(n), k) for n in counts)


def _known(value: Any) -> float:
    return float(value) if value == value and value is not None else 0.0


def _less(a: Any, b: Any) -> float:
    return _known(a) - _known(b) if a == a and b == b else 0.0


def _unit(kpi: str, known: pd.DataFrame) -> str:
    unit = str(known["unit"].get(kpi, ""))
    if unit == "share":
        return "percent"
    if unit in ("customers", "currency", "people", "incidents"):
        return "count"
    return "number"


def _name(kpi: str, known: pd.DataFrame, say: Say) -> str:
    if kpi not in known.index:
        return kpi
    return str(known.loc[kpi, "term_zh" if say.lang == "zh" else "name"])


def _kpi_row(kpi: str, rows: pd.DataFrame, known: pd.DataFrame, say: Say) -> tuple[Any, ...] | None:
    values = [hide(v, h) for v, h in zip(rows["value"], rows["hidden"], strict=True)]
    if not len(values) or (values[-1] is not HIDDEN and values[-1] != values[-1]):
        return None
    unit, last = _unit(kpi, known), rows.iloc[-1]
    interval = None
    if last["low"] == last["low"] and values[-1] is not HIDDEN:
        interval = f"{number(last['low'], unit)} – {number(last['high'], unit)}"
    change = _change(values, unit, say)
    shown = HIDDEN if values[-1] is HIDDEN else number(values[-1], unit)
    course = [None if value is not HIDDEN and value != value else value for value in values[-13:]]
    full = say.unit(str(known["unit"].get(kpi, "")))
    return _name(kpi, known, say), full, shown, interval, change, course


def _change(values: list[Any], unit: str, say: Say) -> Any:
    if len(values) < 2 or values[-1] is HIDDEN or values[-2] is HIDDEN:
        return HIDDEN if HIDDEN in values[-2:] else None
    change = values[-1] - values[-2]
    if change != change:
        return None
    if unit == "count" and values[-2]:
        return _signed(change / values[-2], "percent")
    return points(change, say) if unit == "percent" else _signed(change, unit)


def _signed(value: float, unit: str) -> str:
    return ("+" if value > 0 else "") + number(value, unit)


def _kpi_headline(wide: dict[str, pd.DataFrame], known: pd.DataFrame, say: Say) -> str:
    for kpi in [*_FIRST, *sorted(wide)]:
        rows = wide.get(kpi)
        if rows is None or rows.empty:
            continue
        now = rows.iloc[-1]
        if now["hidden"] or now["value"] != now["value"]:
            continue
        unit = _unit(kpi, known)
        value = number(now["value"], unit)
        change = _change(
            [hide(v, h) for v, h in zip(rows["value"], rows["hidden"], strict=True)], unit, say
        )
        end = (
            say(", {change} against the period before", change=change)
            if isinstance(change, str)
            else ""
        )
        return say("{name}: {value}{end}.", name=_name(kpi, known, say), value=value, end=end)
    return say("There is no whole period that can be shown.")


def alerts_section(found: Monitoring, say: Say, k: int) -> Section:
    """Return which figures were unusual in the newest judged period, and before."""
    known = kpi_table().set_index("id")
    alerts = found.alerts
    newest = found.charts.loc[found.charts["phase"] == "judged", PERIOD_END].max()
    now = alerts[alerts[PERIOD_END] == newest] if len(alerts) else alerts
    headline = say("Nothing unusual in {n:,} judged points.", n=found.judged)
    if len(alerts):
        text = "Alerts: {m} in the newest period, {n} in all of {judged:,} judged points."
        headline = say(text, m=len(now), n=len(alerts), judged=found.judged)
    columns = [
        Column(title=say("period to")),
        Column(title=say("figure")),
        Column(title=say("segment")),
        Column(title=say("value")),
        Column(title=say("usual range")),
        Column(title=say("finding")),
    ]
    few = _few_points(found.charts, k)
    rows = [_alert(row, known, few, say) for row in records(alerts[: 2 * _MOST])]
    blind = found.not_evaluable
    return Section(
        id="alerts",
        title=say("Alerts"),
        headline=headline,
        tables=(table(say("Alerts, the newest first"), columns, rows),) if rows else (),
        notes=(say("{n:,} points could not be judged.", n=blind),) if blind else (),
    )


def _few_points(charts: pd.DataFrame, k: int) -> set[tuple[str, ...]]:
    """Return the points whose rate is of few, as keys of period, figure and segment."""
    cells = [name for name in ("numerator", "denominator") if name in charts]
    if len(cells) < 2:
        return set()
    rows = records(charts)
    return {
        _key(row)
        for row in rows
        if small(_known(row["denominator"]), k)
        or small(_known(row["numerator"]), k)
        or small(_less(row["denominator"], row["numerator"]), k)
    }


def _key(row: dict[str, Any]) -> tuple[str, ...]:
    return (day(row[PERIOD_END]), str(row.get("kpi", "")), str(row.get("segment", _ALL)))


def _alert(
    row: dict[str, Any], known: pd.DataFrame, few: set[tuple[str, ...]], say: Say
) -> tuple[Any, ...]:
    kpi, hidden = str(row.get("kpi", "")), _key(row) in few
    unit = _unit(kpi, known) if kpi in known.index else "number"
    usual = f"{number(row['low'], unit)} – {number(row['high'], unit)}"
    finding = say.listed([say.word(row["signal"]), say.word(row["rule"])])
    segment = str(row.get("segment", _ALL))
    return (
        day(row[PERIOD_END]),
        _name(kpi, known, say),
        say("all") if segment == _ALL else segment,
        hide(number(row["value"], unit), hidden),
        usual,
        finding,
    )


def drift_section(found: pd.DataFrame | None, refit: RefitVerdict | None, say: Say) -> Section:
    """Return which columns have moved since the fit, and whether to fit anew."""
    tables: list[Table] = []
    headline = ""
    if found is not None:
        moved = found[found["verdict"] == "drift"]
        headline = say("{m} of {n} columns have moved since the fit.", m=len(moved), n=len(found))
        ordered = found.assign(key=found["psi"].fillna(-1.0)).sort_values(
            ["key", "column"], ascending=[False, True]
        )
        columns = [
            Column(title=say("column")),
            Column(title=say("shift (PSI)"), kind="number"),
            Column(title=say("limit"), kind="number"),
            Column(title=say("verdict")),
        ]
        rows = [
            (str(r["column"]), r["psi"], r["limit"], say.word(str(r["verdict"])))
            for r in records(ordered)
        ]
        tables.append(table(say("Columns, the most moved first"), columns, rows))
    texts: list[str] = []
    if refit is not None:
        verdicts = {
            "refit_due": "It is time to fit anew.",
            "not_due": "The fit can be kept.",
            "not_evaluable": "Whether to fit anew cannot be judged.",
        }
        headline = say("{a} {b}", a=say(verdicts[refit.verdict]), b=headline).strip()
        texts = [reason(text, say) for text in refit.reasons]
        texts += [say("Not judged: {what}", what=reason(t, say)) for t in refit.not_judged]
    return Section(
        id="drift",
        title=say("Drift of the data"),
        headline=headline,
        texts=tuple(texts),
        tables=tuple(tables),
    )


def privacy_section(
    found: pd.DataFrame | Mapping[str, Any] | RunRecord, say: Say, k: int
) -> Section:
    """Return the record of what was done to keep customers' data safe."""
    if isinstance(found, RunRecord):
        found = _record(found, k)
    if isinstance(found, Mapping):
        found = pd.DataFrame({"item": [str(key) for key in found], "value": list(found.values())})
    rows = []
    for row in records(found.sort_values("item", kind="stable")):
        counted = row.get("unit") in ("customers", "rows")
        rows.append(
            (str(row["item"]), hide(_said(row["value"], say), counted and small(row["value"], k)))
        )
    columns = [Column(title=say("item")), Column(title=say("value"))]
    return Section(
        id="privacy",
        title=say("Privacy"),
        headline=say("Every number here is of {k} customers or more; no customer is named.", k=k),
        tables=(table(say("Privacy record"), columns, rows),) if rows else (),
    )


def _record(record: RunRecord, k: int) -> pd.DataFrame:
    """Return the record of a run as items: purpose, day, and of each table rows and counts.

    Counts of a table add up: where one is small none of them shows.
    """
    rows: list[tuple[str, Any, str]] = [("purpose", record.purpose, "")]
    rows += [("as_of", record.as_of, "")]
    for name, read in record.tables.items():
        few = any(small(n, k) for n in read.counts.values())
        rows += [(f"{name}: rows", read.rows, "rows")]
        rows += [
            (f"{name}: {reason}", HIDDEN if few else n, "") for reason, n in read.counts.items()
        ]
    return pd.DataFrame(rows, columns=["item", "value", "unit"])


def _said(value: Any, say: Say) -> Any:
    if value is HIDDEN:
        return HIDDEN
    if isinstance(value, bool | np.bool_):
        return say("yes") if value else say("no")
    if value is None or value != value:
        return None
    if isinstance(value, int | np.integer):
        return f"{int(value):,}"
    return number(float(value), "number") if isinstance(value, float | np.floating) else str(value)
