"""Which counts of a report must be hidden because others of the same customers give them away."""

from collections.abc import Iterable
from typing import Any

import numpy as np
import pandas as pd

from layerwise import columns as c
from layerwise.portrait.suppression import hidden_counts
from layerwise.privacy.audit import Cells, suppress
from layerwise.privacy.publication import kinds
from layerwise.vectors import Array

SHOWN = ("tier", "value", "frequency", "loyalty", "churn", "rfm")
"""Layers that a report shows."""

Closed = frozenset[tuple[str, str]]
"""Cells that must be hidden: a column and what stands in it."""

NOTHING: Closed = frozenset()
ALL, REACHED, REST = ("", "all"), ("", "reached"), ("", "rest")
"""Everybody, those with an action and those without one."""


def closed_cells(
    customers: pd.DataFrame | None,
    plan: pd.DataFrame | None,
    k: int,
    *,
    groups: pd.DataFrame | None = None,
) -> Closed:
    """Return which counts by label, pair of labels, strategy, owner and channel must be hidden.

    All of them are judged at once (`layerwise.privacy.audit.suppress`): each that is small may be k
    or more by all that is shown, for a reader who knows which labels and actions go together. The
    number of all customers is known; those held out are drawn by chance, and tell of no label.
    """
    rows = pd.concat([_memberships(customers, plan), *_pairs(customers, groups)], ignore_index=True)
    rows = rows[rows["who"].notna()]
    if rows.empty:
        return NOTHING
    number, names = pd.factorize(pd.MultiIndex.from_frame(rows[["column", "name"]]))
    who = pd.factorize(rows["who"])[0]
    kind, pairs = kinds(who.astype(np.int64), number.astype(np.int64))
    cells = Cells(
        pairs[:, 1], pairs[:, 0], np.bincount(kind), len(names), {(): np.arange(len(names))}
    )
    hidden = _by_themselves(names, cells.counts(), k)
    known = np.array([name == ALL for name in names])
    shown, _ = suppress(cells, k, hidden=hidden, known=known, cost=_cost(names, cells.counts()))
    return frozenset((str(a), str(b)) for a, b in names[~shown])


def among(closed: Closed, column: str, names: Iterable[Any]) -> Array:
    """Return which names of a column are closed.

    >>> among(frozenset({("tier", "new")}), "tier", ["high", "new"]).tolist()
    [False, True]
    """
    return np.array([(column, str(name)) in closed for name in names], dtype=bool)


def _cost(names: Any, counts: Array) -> Array:
    """Return what cells are worth: a count of the plan goes before any of a layer."""
    layer = np.array([column in SHOWN for column, _ in names])
    found: Array = counts + layer * (counts.max() + 1)
    return found


def _by_themselves(names: Any, counts: Array, k: int) -> Array:
    """Return what each table hides by itself: labels of a layer add up to all customers.

    Churned customers, whom several layers have, hide nobody where they show.
    """
    hidden = np.zeros(len(counts), dtype=bool)
    tables = np.array([column for column, _ in names])
    churned = np.array([name == "churned" for _, name in names]) & (counts >= k)
    for table in set(tables) - {""}:
        at = (tables == table) & ~churned
        hidden[at] = hidden_counts(counts[at], k)
    return hidden


def _memberships(customers: pd.DataFrame | None, plan: pd.DataFrame | None) -> pd.DataFrame:
    """Return pairs of a customer and a cell it is in: who, column and name."""
    made = [pd.DataFrame({"who": [], "column": [], "name": []}, dtype=object)]
    if customers is not None and c.CUSTOMER in customers:
        who = customers[c.CUSTOMER]
        made += [_named(who, customers[layer], layer) for layer in SHOWN if layer in customers]
        made.append(_all(who, ALL))
    if plan is not None:
        who = plan[c.CUSTOMER]
        made += [
            _named(who, plan[column].astype(object).where(plan[column].notna(), ""), column)
            for column in (c.STRATEGY, c.OWNER, c.CHANNEL)
            if column in plan
        ]
        everybody = who if customers is None else customers.get(c.CUSTOMER, who)
        rest = everybody[~everybody.isin(who)]
        if len(rest):  # else those reached are all customers
            made += [_all(who.drop_duplicates(), REACHED), _all(rest, REST)]
    return pd.concat(made, ignore_index=True)


def _pairs(customers: pd.DataFrame | None, groups: pd.DataFrame | None) -> list[pd.DataFrame]:
    """Return who is in groups of two layers, such as (value & tier, low & new)."""
    if groups is None or customers is None or c.CUSTOMER not in customers:
        return []
    made: list[pd.DataFrame] = []
    for by in sorted({str(way) for way in groups["by"] if " & " in str(way)}):
        ways = by.split(" & ")
        if set(ways) <= {layer for layer in SHOWN if layer in customers}:
            there = customers[customers[ways].notna().all(axis=1)]
            crossed = there[ways[0]].astype(str)
            for way in ways[1:]:
                crossed = crossed + " & " + there[way].astype(str)
            made.append(_named(there[c.CUSTOMER], crossed, by))
    return made


def _named(who: pd.Series, values: pd.Series, column: str) -> pd.DataFrame:
    there = values.notna().to_numpy()
    names = values[there].astype(str).to_numpy(dtype=object)
    return pd.DataFrame({"who": who[there].to_numpy(dtype=object), "column": column, "name": names})


def _all(who: pd.Series, cell: tuple[str, str]) -> pd.DataFrame:
    return pd.DataFrame({"who": who.to_numpy(dtype=object), "column": cell[0], "name": cell[1]})
