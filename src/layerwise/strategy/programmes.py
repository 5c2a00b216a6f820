"""Which programmes of the brand the labels of its customers ask for."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from layerwise import columns as c
from layerwise import frames
from layerwise.strategy import cells, in_engine, match
from layerwise.strategy.checks import ways
from layerwise.strategy.labels import EVERY, reason
from layerwise.strategy.links import read_links
from layerwise.strategy.resolve import AxesArgument, column_of, resolve
from layerwise.strategy.row import Strategy

Asked = dict[str, list[tuple[str, NDArray[np.bool_]]]]
"""Programme -> the labels that ask for it, each with the codes of cells that hold the label."""


def programmes_asked(
    rows: Sequence[Strategy],
    frame: Any,
    *,
    customer: str,
    axes: AxesArgument,
    links: pd.DataFrame | None,
    lang: str,
) -> pd.DataFrame:
    """Return a row per programme that a label asks for, with the customers who have one."""
    table = match.index(rows, read_links(links, rows))
    brand = _by_label(rows)
    is_lazy = frames.is_lazy(frame)
    named = in_engine.head(frame) if is_lazy else frame
    column_of(named, customer, "customer")
    used = resolve(named, axes, table.axes | {axis for axis, _ in brand}, {customer})
    weights: NDArray[np.int64] | None = None
    if is_lazy:
        found = in_engine.combinations(frame, [*used.values()], ())
        frame, weights = found.table, found.weights
    masks: dict[str, NDArray[np.bool_]] = {}
    reasons: dict[str, list[str]] = defaultdict(list)
    for axis, column in used.items():
        coded = cells.code_labels(frame, column)
        for label, holds in _holders(coded).items():
            for row in _programmes(brand, table.answers.programmes, axis, label):
                term = table.answers.terms.get((axis, label), "")
                reasons[row.id].append(reason(axis, label, lang, term))
                mine = holds[coded.codes]
                masks[row.id] = masks[row.id] | mine if row.id in masks else mine
    counts = {
        i: int(mask.sum() if weights is None else weights[mask].sum()) for i, mask in masks.items()
    }
    chosen = sorted((row for row in rows if row.id in counts), key=lambda r: (-counts[r.id], r.id))
    return _frame(chosen, counts, reasons, lang)


def _by_label(rows: Sequence[Strategy]) -> dict[tuple[str, str], list[Strategy]]:
    """Return programmes by their label; those for everybody are asked for by nobody's label."""
    found: dict[tuple[str, str], list[Strategy]] = defaultdict(list)
    for row in rows:
        if row.level == "brand" and EVERY not in (row.axis, row.segment):
            found[row.axis, row.segment].append(row)
    return found


def _holders(coded: cells.Coded) -> dict[str, NDArray[np.bool_]]:
    """Return, per label, which codes of the column hold it."""
    found: dict[str, NDArray[np.bool_]] = {}
    for code, labels in enumerate(coded.parts, 1):
        for label in labels:
            found.setdefault(label, np.zeros(len(coded.parts) + 1, dtype=bool))[code] = True
    return {label: found[label] for label in sorted(found)}


def _programmes(
    brand: Mapping[tuple[str, str], Sequence[Strategy]],
    linked: Mapping[tuple[str, str], Sequence[Strategy]],
    axis: str,
    label: str,
) -> list[Strategy]:
    rows = [row for key in ways(axis, label) for row in brand.get(key, ())]
    return list({row.id: row for row in (*rows, *linked.get((axis, label), ()))}.values())


def _frame(
    rows: Sequence[Strategy],
    counts: Mapping[str, int],
    reasons: Mapping[str, Sequence[str]],
    lang: str,
) -> pd.DataFrame:
    zh = lang == "zh"
    return pd.DataFrame(
        {
            c.STRATEGY: [row.id for row in rows],
            c.OWNER: [row.owner for row in rows],
            c.CUSTOMERS: [counts[row.id] for row in rows],
            c.REASON: ["; ".join(reasons[row.id]) for row in rows],
            c.CHANNEL: [row.channel for row in rows],
            c.KPI: [row.kpi for row in rows],
            c.SOURCE: [row.source for row in rows],
            c.OBJECTIVE: [(row.objective_zh if zh else "") or row.objective for row in rows],
            c.ACTION: [(row.action_zh if zh else "") or row.action for row in rows],
        }
    )
