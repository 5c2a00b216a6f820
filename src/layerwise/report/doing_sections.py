"""The sections on what is done: plan, effects of strategies, migration between layers."""

from typing import Any

import numpy as np
import pandas as pd

from layerwise import columns as c
from layerwise.portrait.suppression import hidden_cells
from layerwise.report.cells import number
from layerwise.report.document import Column, Section, Table, records, table
from layerwise.report.hidden import hide, parts, small
from layerwise.report.together import NOTHING, REACHED, REST, Closed, among
from layerwise.report.words import Say, first_large, points
from layerwise.strategy import StrategyTable, plan_summary
from layerwise.strategy.labels import labels

_MOST = 12
_SAID = {c.OWNER: "owner", c.CHANNEL: "channel"}
_ORDERED = ("value", "frequency", "loyalty")
"""Layers whose labels go from low to high in the list of labels."""

EFFECT_COLUMNS = ("strategy_id", "treated", "control", "effect", "low", "high", "verdict")
"""What a table of effects must have; `evidence` is shown too where it is there."""
MIGRATION_COLUMNS = ("from", "to", "customers")
"""What a table of moves must have; with `layer` it may hold several layers."""

_EVIDENCE = ("strong", "moderate", "weak", "none")


def plan_section(
    plan: pd.DataFrame, total: int | None, say: Say, k: int, closed: Closed = NOTHING
) -> Section:
    """Return who does what for how many customers, by strategy, owner and channel."""
    strategies = _strategies(plan, say, k, closed)
    reached = int(plan[c.CUSTOMER].nunique())
    rest = 0 if total is None else total - reached
    few = small(reached, k) or small(rest, k) or bool({REACHED, REST} & closed)
    numbers = () if few else ((say("customers with an action"), f"{reached:,}"),)
    hidden = set(strategies.loc[strategies["hidden"], c.STRATEGY])
    tables = [_strategies_table(strategies, say)]
    for column, title in ((c.OWNER, "By owner"), (c.CHANNEL, "By channel")):
        made = _by(plan, column, hidden, say(title), say, k, closed)
        tables += [made] if made is not None else []
    texts = []
    if not few and total and rest:
        texts.append(say("{n:,} customers have no action this time.", n=rest))
    return Section(
        id="plan",
        title=say("Plan"),
        headline=_plan_headline(strategies, reached, total, say, few=few),
        numbers=numbers,
        texts=tuple(texts),
        tables=tuple(tables),
        notes=(
            say("A customer may have several actions: rows do not add up to all customers."),
            say("Held out: left without the action by chance, to see later what it does."),
        ),
    )


def _strategies(plan: pd.DataFrame, say: Say, k: int, closed: Closed) -> pd.DataFrame:
    """Return each strategy's customers; the hidden come last, as their place would tell."""
    found = plan_summary(plan)
    first = plan.drop_duplicates(c.STRATEGY).set_index(
        plan[c.STRATEGY].drop_duplicates().astype(str)
    )
    said = found[c.STRATEGY].map(first[c.ACTION].astype(str))
    found = found.assign(action=_in_language(found[c.STRATEGY], said, say))
    few = [
        bool(parts([n - h, h], k).any())
        for n, h in zip(found[c.CUSTOMERS], found[c.HOLDOUT], strict=True)
    ]
    hidden = parts(found[c.CUSTOMERS], k) | among(closed, c.STRATEGY, found[c.STRATEGY])
    found = found.assign(hidden=hidden, few_held=few)
    unseen = found[hidden].sort_values(c.STRATEGY, key=lambda ids: ids.astype(str))
    return pd.concat([found[~hidden], unseen], ignore_index=True)


def _in_language(ids: pd.Series, actions: pd.Series, say: Say) -> list[str]:
    """Return actions in the language of the report, where they are those of the packaged table."""
    rows = {row.id: row for row in StrategyTable.default()}
    packaged = [rows.get(str(name)) for name in ids]
    return [
        (row.action_zh if say.lang == "zh" else row.action)
        if row is not None and text in (row.action, row.action_zh)
        else text
        for row, text in zip(packaged, actions, strict=True)
    ]


def _plan_headline(
    rows: pd.DataFrame, reached: int, total: int | None, say: Say, *, few: bool
) -> str:
    seen = rows[~rows["hidden"]]
    if few or seen.empty:
        return say("The plan has {n} strategies.", n=len(rows))
    best = seen.iloc[0]
    most = say("most often: {action} ({n:,}).", action=best[c.ACTION], n=best[c.CUSTOMERS])
    if total is None:
        return say("{n:,} customers get an action; {most}", n=reached, most=most)
    if total == reached:
        return say("All {n:,} customers get an action; {most}", n=reached, most=most)
    return say("{n:,} of {all:,} customers get an action; {most}", n=reached, all=total, most=most)


def _strategies_table(rows: pd.DataFrame, say: Say) -> Table:
    columns = [
        Column(title=say("action")),
        Column(title=say("owner")),
        Column(title=say("customers"), kind="count"),
        Column(title=say("held out"), kind="count"),
    ]
    cells = [
        (
            row[c.ACTION],
            say.words(str(row[c.OWNER])),
            hide(row[c.CUSTOMERS], row["hidden"]),
            hide(row[c.HOLDOUT], row["hidden"] or row["few_held"]),
        )
        for row in records(rows[:_MOST])
    ]
    title = say("Actions, the most frequent first")
    if len(rows) > _MOST:
        title = say("{title} ({n} of {all})", title=title, n=_MOST, all=len(rows))
    return table(title, columns, cells)


def _by(
    plan: pd.DataFrame,
    column: str,
    hidden: set[str],
    title: str,
    say: Say,
    k: int,
    closed: Closed,
) -> Table | None:
    """Return customers and actions by one column of the plan; None where it is empty throughout.

    A row is hidden too where a strategy of it is hidden, and its others would give that away.
    """
    if column not in plan:
        return None
    key = plan[column].astype(object).where(plan[column].notna(), "").astype(str)
    if (key == "").all():
        return None
    groups = plan.assign(_key=key).groupby("_key", sort=True)
    found = groups.agg(
        customers=(c.CUSTOMER, "nunique"), actions=(c.STRATEGY, "nunique")
    ).reset_index()
    sums = np.array([_adds_up(plan[key == name], hidden) for name in found["_key"]], dtype=bool)
    few = parts(found["customers"], k) | sums | among(closed, column, found["_key"])
    found = found.assign(hidden=few, seen=found["customers"].where(~few, -1))
    found = found.sort_values(["seen", "_key"], ascending=[False, True])
    columns = [
        Column(title=say(_SAID[column])),
        Column(title=say("actions"), kind="count"),
        Column(title=say("customers"), kind="count"),
    ]
    rows = [
        (
            say.words(row["_key"]) or say("not named"),
            row["actions"],
            hide(row["customers"], row["hidden"]),
        )
        for row in records(found)
    ]
    return table(title, columns, rows)


def _adds_up(rows: pd.DataFrame, hidden: set[str]) -> bool:
    """Return whether rows of a plan hold a hidden strategy and each customer once only."""
    return bool(rows[c.STRATEGY].isin(hidden).any() and rows[c.CUSTOMER].is_unique)


def effects_section(found: pd.DataFrame, say: Say, k: int) -> Section:
    """Return what each strategy did, against those held out."""
    rows = found.sort_values("strategy_id", key=lambda ids: ids.astype(str), kind="stable")
    rows = rows.assign(
        hidden=[any(small(row[n], k) for n in ("treated", "control")) for row in records(rows)]
    )
    sure = rows[~rows["hidden"] & (rows["verdict"].astype(str) == "keep")]
    sure = sure.assign(size=sure["effect"].abs())
    text = "{m} of {n} results say: keep."
    headline = say(text, m=len(sure), n=len(rows))
    if len(sure):
        best = sure.sort_values(["size", "strategy_id"], ascending=[False, True]).iloc[0]
        shown = {name: f"{best[name] * 100:+.1f}".replace("-", "−") for name in ("low", "high")}
        shown["effect"] = points(best["effect"], say)
        most = say(
            "the largest: {id}, {effect} ({low} to {high}).", id=best["strategy_id"], **shown
        )
        headline = say("{a} {b}", a=headline, b=first_large(most))
    ends = rows.loc[~rows["hidden"], ["low", "high"]].abs().max().max()
    top = float(ends) if ends == ends and ends > 0 else 0.1
    columns = [
        Column(title=say("strategy")),
        Column(title=say("with"), kind="count"),
        Column(title=say("held out"), kind="count"),
        Column(title=say("effect (interval; line: none)"), kind="range", scale=(-top, top)),
        Column(title=say("verdict")),
    ]
    graded = "evidence" in rows
    columns += [Column(title=say("evidence"))] if graded else []
    cells = []
    for row in records(rows):
        h = row["hidden"]
        span = {"value": row["effect"], "low": row["low"], "high": row["high"], "mark": 0.0}
        cell = [_count(row["treated"]), _count(row["control"]), span, say.word(str(row["verdict"]))]
        cell += [_evidence(str(row["evidence"]), say)] if graded else []
        cells.append((str(row["strategy_id"]), *(hide(each, h) for each in cell)))
    return Section(
        id="effects",
        title=say("Effects of strategies"),
        headline=headline,
        tables=(table(say("Effects against those held out"), columns, cells),),
        notes=(say("Effects are differences of shares: 2% is two points."),),
    )


def migration_section(found: pd.DataFrame, say: Say, k: int, closed: Closed = NOTHING) -> Section:
    """Return who moved from which label to which since the last snapshot.

    A label that the layers hide is hidden as one to which customers moved, and so is, in that
    layer, how many stayed.
    """
    keyed = found.assign(layer=found["layer"].astype(str) if "layer" in found else "")
    tables: list[Table] = []
    headline = say("Nobody is in both snapshots.")
    for layer in sorted(set(keyed["layer"]), key=_first):
        rows = keyed[keyed["layer"] == layer]
        matrix = _matrix(rows, layer)
        made = _moves(matrix, layer, say, k, closed)
        if matrix.to_numpy().any() and not tables:
            headline = say("How many stayed would tell of hidden cells.")
            if not among(closed, layer, matrix.columns).any():
                headline = _moves_headline(matrix.to_numpy(), layer, say, k)
        tables.append(made)
    return Section(
        id="migration",
        title=say("Migration between layers"),
        headline=headline,
        tables=tuple(tables),
        notes=(say("Rows: where customers were; columns: where they are now."),),
    )


def _evidence(text: str, say: Say) -> str:
    return say(text) if text in _EVIDENCE else text


def _count(value: Any) -> int | None:
    return None if pd.isna(value) else int(value)


def _moves_headline(cells: Any, layer: str, say: Say, k: int) -> str:
    """Return how many stayed and, where labels go from low to high, moved up and down."""
    total, stayed = int(cells.sum()), int(np.trace(cells))
    up, down = int(np.triu(cells, 1).sum()), int(np.tril(cells, -1).sum())
    if any(small(n, k) for n in (stayed, total - stayed)):
        return say("Fewer than {k} customers moved, or stayed.", k=k)
    shares = {"stayed": stayed, "up": up, "down": down}
    shown = {name: number(n / total, "percent") for name, n in shares.items()}
    if layer not in _ORDERED or small(up, k) or small(down, k):
        return say("{stayed} of customers stayed where they were.", **shown)
    text = "{layer}: {stayed} of customers stayed where they were, {up} moved up, {down} down."
    return say(text, layer=say.layer(layer), **shown)


def _first(layer: str) -> tuple[bool, str]:
    return layer != "tier", layer


def _matrix(rows: pd.DataFrame, layer: str) -> pd.DataFrame:
    """Return customers by from and to, labels in the order that layerwise knows, then by name."""
    order = {label: i for i, (axis, label) in enumerate(labels()) if axis == layer}
    old, new = (
        rows[name].astype(object).where(rows[name].notna(), "not_evaluable").astype(str)
        for name in ("from", "to")
    )
    square = rows.assign(f=old, t=new)
    seen = sorted({*old, *new})
    names = sorted(seen, key=lambda name: (order.get(name, len(order)), name))
    summed = square.pivot_table("customers", "f", "t", aggfunc="sum", fill_value=0, observed=True)
    return summed.reindex(index=names, columns=names, fill_value=0).astype(np.int64)


def _moves(matrix: pd.DataFrame, layer: str, say: Say, k: int, closed: Closed) -> Table:
    cells, total = matrix.to_numpy(), int(matrix.to_numpy().sum())
    hidden = hidden_cells(cells, k)[0] if total else np.zeros(cells.shape, dtype=bool)
    sums = cells.sum(axis=1)
    hide_sums = parts(sums, k)
    hidden = hidden | hide_sums[:, None] | among(closed, layer, matrix.columns)
    columns = [Column(title=say("from"))]
    columns += [Column(title=say.term(layer, name), kind="count") for name in matrix.columns]
    columns += [Column(title=say("all"), kind="count")]
    rows = [
        (say.term(layer, name), *map(hide, row.tolist(), h), hide(int(s), hs))
        for name, row, h, s, hs in zip(matrix.index, cells, hidden, sums, hide_sums, strict=True)
    ]
    title = say.layer(layer) if layer else say("From and to")
    return table(title, columns, rows)
