"""The sections on leaving: warnings, groups and causes, cost."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from layerwise import frames
from layerwise.churn.causes import Causes
from layerwise.churn.groups import ChurnGroups
from layerwise.churn.impact_table import impact_table
from layerwise.churn.warning import Warnings
from layerwise.report.cells import number
from layerwise.report.document import HIDDEN, Column, Section, Table, records, table
from layerwise.report.hidden import hide, parts, rows_of, small
from layerwise.report.together import NOTHING, Closed
from layerwise.report.words import Say, first_large

_MOST = 8
"""Rows of the longest lists: a report names what matters most."""

_OUTSIDE = "outside"
_LEVELS = ("high", "medium", "low")
_EFFECTS = {"risk": "harms", "protective": "protects", "unclear": "unclear"}
_KINDS = {"loss": "loss", "cost": "cost", "risk": "risk", "step": "measure"}


def warnings_section(found: Warnings[Any], say: Say, k: int) -> Section:
    """Return how many customers show signs of leaving, and which."""
    levels = frames.eager(found.customers, doing="report").to_pandas()["risk_level"].astype(str)
    counts = levels.value_counts().reindex([*_LEVELS, "not_evaluable"], fill_value=0)
    hidden = parts(counts, k)
    high = HIDDEN if hidden[0] else int(counts.iloc[0])
    signals = _signals(found.table, len(levels), say, k)
    headline = say(
        "{m} of {n:,} customers show signs of high risk.", m=_some(high, say, k), n=len(levels)
    )
    if signals.rows and signals.rows[0][2] is not HIDDEN:
        often = say("The most frequent sign: {sign}.", sign=signals.rows[0][0])
        headline = say("{a} {b}", a=headline, b=often)
    columns = [
        Column(title=say("risk level")),
        Column(title=say("customers"), kind="count"),
        Column(title=say("share"), kind="bar"),
    ]
    rows = [
        (say.word(str(name)), hide(int(n), h), hide(n / max(len(levels), 1), h))
        for (name, n), h in zip(counts.items(), hidden, strict=True)
    ]
    unused = int((found.table["left_out"] != "").sum())
    text = "{n} of {all} signs could not be looked for: their data was not given."
    notes = [say(text, n=unused, all=len(found.table))] if unused else []
    tables = (table(say("Customers by risk level"), columns, rows), signals)
    return Section(
        id="warnings",
        title=say("Early warnings"),
        headline=headline,
        tables=tables,
        notes=tuple(notes),
    )


def _some(value: Any, say: Say, k: int) -> str:
    return say("fewer than {k} or hidden", k=k) if value is HIDDEN else f"{value:,}"


def _signals(signs: pd.DataFrame, n: int, say: Say, k: int) -> Table:
    used = signs[signs["left_out"] == ""].sort_values(["flagged", "id"], ascending=[False, True])
    name = "term_zh" if say.lang == "zh" else "signal"
    rows = []
    for row in records(used):
        flagged, judged = int(row["flagged"]), int(row["judged"])
        not_flagged = judged - flagged
        mask = parts([flagged, not_flagged, n - judged], k)
        cells = (hide(flagged, mask[0]), hide(judged, mask[2]))
        rate = hide(flagged / judged if judged else None, mask.any())
        rows.append((row[name], say.word(row["level"]), *cells, rate))
    columns = [
        Column(title=say("sign")),
        Column(title=say("level")),
        Column(title=say("customers"), kind="count"),
        Column(title=say("could be judged"), kind="count"),
        Column(title=say("share"), kind="bar"),
    ]
    shown = [row for row in rows if row[2] != 0][:_MOST]
    return table(say("Signs, the most frequent first"), columns, shown)


def groups_section(found: ChurnGroups, say: Say, k: int, closed: Closed = NOTHING) -> Section:
    """Return which groups lose more customers than the rest."""
    listed = found.table[found.table["status"] == "evaluated"]
    mask = _hidden_groups(found, listed, k)
    cells = zip(listed["by"].astype(str), listed["segment"].astype(str), strict=True)
    mask |= np.array([cell in closed for cell in cells], dtype=bool)
    sure = listed[(listed["excess_leavers"] > 0) & (listed["q"] <= 0.05) & ~mask]
    overall = found.leavers / found.customers if found.customers else 0.0
    few = small(found.leavers, k) or small(found.customers - found.leavers, k)
    headline = say("No group loses clearly more customers than the rest.")
    if len(sure):
        best = sure.iloc[0]
        text = "{group}: {rate} leave, {rest} of all others; {n} more leavers than expected."
        shown = {
            "rate": number(best["rate"], "percent"),
            "rest": number(best["rest_rate"], "percent"),
        }
        headline = say(
            text, group=_group(best, say), n=number(best["excess_leavers"], "count"), **shown
        )
    return Section(
        id="groups",
        title=say("Groups that lose the most customers"),
        headline=headline,
        numbers=() if few else ((say("leave in all"), number(overall, "percent")),),
        tables=(_groups_table(sure[:_MOST], say),) if len(sure) else (),
        notes=(
            say("{n} groups were compared; chance findings are held to 5 in 100.", n=found.tested),
            say("A group is no cause: who differs in one thing differs in others."),
        ),
    )


def _hidden_groups(found: ChurnGroups, listed: pd.DataFrame, k: int) -> Any:
    """Return which rows would show few leavers or few stayers, also by subtraction.

    Smaller segments are one more row: all less the listed. Pairs of columns are shown only where no
    cell needs hiding, as their rows add up to those of single columns.
    """
    mask = pd.Series(data=False, index=listed.index)
    for by, rows in listed.groupby("by", sort=True):
        n, m = rows["customers"].to_numpy(), rows["leavers"].to_numpy()
        rest_n, rest_m = found.customers - n.sum(), found.leavers - m.sum()
        cells = [*zip(m, n - m, strict=True), (rest_m, rest_n - rest_m)]
        hidden = rows_of(cells, k)[:-1]
        mask.loc[rows.index] = hidden | (" & " in str(by) and bool(hidden.any()))
    return mask


def _group(row: Any, say: Say) -> str:
    ways, names = str(row["by"]).split(" & "), str(row["segment"]).split(" & ")
    if len(ways) != len(names):
        return say("{a} ({b})", a=row["segment"], b=row["by"])
    each = [
        say("{a} ({b})", a=say.term(way, name), b=say.layer(way))
        for way, name in zip(ways, names, strict=True)
    ]
    return " & ".join(each)


def _groups_table(rows: pd.DataFrame, say: Say) -> Table:
    top = float(rows["rate_high"].max())
    columns = [
        Column(title=say("group")),
        Column(title=say("customers"), kind="count"),
        Column(
            title=say("share that leaves (interval; line: the rest)"),
            kind="range",
            scale=(0.0, top),
        ),
        Column(title=say("more leavers than expected"), kind="count"),
    ]
    cells = [
        (
            _group(row, say),
            int(row["customers"]),
            _span(row["rate"], row["rate_low"], row["rate_high"], row["rest_rate"]),
            row["excess_leavers"],
        )
        for row in records(rows)
    ]
    return table(say("Groups, the most excess leavers first"), columns, cells)


def _span(value: Any, low: Any, high: Any, mark: Any) -> dict[str, Any]:
    return {"value": value, "low": low, "high": high, "mark": mark}


def causes_section(found: Causes, say: Say, k: int) -> Section:
    """Return what comes before leaving, and how much of it that would explain."""
    rows = found.table[found.table["effect"] != "not_evaluable"].copy()
    rows["hidden"] = [_few_exposed(row, found, k) for row in records(rows)]
    harm = rows[(rows["effect"] == "risk") & ~rows["hidden"]]
    headline = say("No cause stands out clearly.")
    if len(harm):
        best = harm.iloc[0]
        text = "{cause} would explain {paf} of the leavers ({low} to {high})."
        shown = {"paf": best["paf"], "low": best["paf_low"], "high": best["paf_high"]}
        headline = say(
            text,
            cause=first_large(_cause(best, say)),
            **{n: number(v, "percent") for n, v in shown.items()},
        )
    held = " & ".join(say.layer(name) for name in found.strata.split(" & "))
    equal = say("Compared within: {strata}.", strata=held) if found.strata else ""
    refused = len(found.table) - len(rows)
    text = "{n} causes could not be judged."
    return Section(
        id="causes",
        title=say("Causes of leaving"),
        headline=headline,
        texts=(equal,) if equal else (say("Nothing was held equal."),),
        tables=(_causes_table(rows, say),) if len(rows) else (),
        notes=(
            say("Shares do not add up to 100%: a leaver may have had several causes."),
            say("An observation is no experiment: customers differ in more than is held equal."),
            *((say(text, n=refused),) if refused else ()),
        ),
    )


def _few_exposed(row: dict[str, Any], found: Causes, k: int) -> bool:
    exposed, left = int(row["exposed"]), int(row["exposed_leavers"])
    others = int(row["customers"]) - exposed
    others_left = round(row["unexposed_rate"] * others) if others else 0
    cells = (
        left,
        exposed - left,
        others_left,
        others - others_left,
        found.customers - int(row["customers"]),
    )
    return any(small(n, k) for n in cells)


def _cause(row: Any, say: Say) -> str:
    text = row.get("term_zh" if say.lang == "zh" else "cause")
    return str(text) if isinstance(text, str) and text else str(row["exposure"])


def _causes_table(rows: pd.DataFrame, say: Say) -> Table:
    ends = np.array([0.5, 2.0, *rows["rr_low"].dropna(), *rows["rr_high"].dropna()])
    ends = ends[(ends > 0) & np.isfinite(ends)]
    scale = (max(float(ends.min()), 0.1), min(float(ends.max()), 10.0))
    risk = say("risk of leaving, times (interval; line: 1)")
    columns = [
        Column(title=say("cause")),
        Column(title=say("customers exposed"), kind="count"),
        Column(title=risk, kind="range", scale=scale, log=True, unit="number"),
        Column(title=say("share of leavers it would explain"), kind="percent"),
        Column(title=say("finding")),
    ]
    cells = []
    for row in records(rows[: 2 * _MOST]):
        h = row["hidden"]
        span = _span(row["relative_risk"], row["rr_low"], row["rr_high"], 1.0)
        shown = [hide(cell, h) for cell in (int(row["exposed"]), span, row["paf"])]
        cells.append((_cause(row, say), *shown, hide(say(_EFFECTS[row["effect"]]), h)))
    return table(say("Causes, the largest share first"), columns, cells)


def impact_section(lines: pd.DataFrame, say: Say, k: int, *, currency: str, few: bool) -> Section:
    """Return what churn costs; nothing where few customers left."""
    known = lines[lines["computable"].astype(bool)]
    names = _impact_names(lines, say)
    money = known[known["unit"] == "currency"]
    money = money.assign(size=money["amount"].abs()).sort_values(
        ["size", "line"], ascending=[False, True]
    )
    headline = say("The cost of churn cannot be computed yet.")
    if few:
        headline = say("Too few customers left to publish what it costs.")
    elif len(money):
        best = money.iloc[0]
        amount = f"{number(best['amount'], 'money')} {currency}".strip()
        said = {"what": names[best["line"]], "amount": amount}
        headline = say("{what}: {amount}.", **said)
        if not np.isnan(h := best["horizon_days"]):
            headline = say("{what}: {amount} in the next {h} days.", h=f"{h:g}", **said)
    unit = f" {currency}" if currency else ""
    rows = [
        (
            names[row["line"]],
            hide(_amount(row, say, unit), few or _few_people(row, k)),
            say(_KINDS[row["kind"]]) if row["kind"] in _KINDS else str(row["kind"]),
        )
        for row in records(known)
    ]
    columns = [Column(title=say("what")), Column(title=say("amount")), Column(title=say("kind"))]
    lacking = records(lines[~lines["computable"].astype(bool)])
    missing = [
        (names[row["line"]], str(row["missing"])) for row in lacking if row["missing"] != _OUTSIDE
    ]
    outside = [names[row["line"]] for row in lacking if row["missing"] == _OUTSIDE]
    text = "Figures from outside would be needed for: {lines}."
    notes = [say(text, lines=say.listed(outside))] if outside else []
    if not few and known["horizon_days"].notna().any():
        since = "Spend to come counts all customers who have left by this day, however long ago."
        notes.insert(0, say(since))
    needs = [Column(title=say("what")), Column(title=say("needs"))]
    tables = [table(say("What churn costs"), columns, rows)] if rows else []
    tables += [table(say("Not computed"), needs, missing)] if missing else []
    return Section(
        id="impact",
        title=say("What churn costs"),
        headline=headline,
        tables=tuple(tables),
        notes=(say("Lines are not to be added: some count the same money twice."), *notes),
    )


def _impact_names(lines: pd.DataFrame, say: Say) -> dict[str, str]:
    known = impact_table().set_index("id")["term_zh"].to_dict() if say.lang == "zh" else {}
    named: Sequence[tuple[Any, Any]] = list(zip(lines["line"], lines["impact"], strict=True))
    return {line: str(known.get(line, name)) for line, name in named}


def _few_people(row: dict[str, Any], k: int) -> bool:
    return bool(row["unit"] == "customers" and small(abs(row["amount"]), k))


def _amount(row: dict[str, Any], say: Say, unit: str) -> str:
    if row["unit"] == "share":
        return number(row["amount"], "percent")
    end = {
        "currency": unit,
        "currency per customer": f"{unit} {say('per customer')}",
        "per customer": f" {say('per customer')}",
        "customers": f" {say.unit('customers')}",
    }
    return number(row["amount"], "money") + end.get(str(row["unit"]), "")
