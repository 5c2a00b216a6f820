"""Which row of the type table decides for each customer, and what else speaks for it."""

from collections.abc import Mapping

import attrs
import numpy as np
import pandas as pd

from layerwise import expressions
from layerwise.churn.type_table import OTHERWISE
from layerwise.columns import SILENCE
from layerwise.rules.base import numbers
from layerwise.vectors import Array, Column, Floats, Labels

TYPES = (
    *("not_evaluable", "unclassified", "passive", "active", "reversible", "partial"),
    "not_churned",
)
_REVERSIBLE = ("yes", "maybe", "no", "unknown")
_YES, _MAYBE, _NO, _UNKNOWN = range(4)


@attrs.frozen(eq=False)
class State:
    """Which customers have churned, still buy, and cannot be judged; the rest is missing."""

    churned: Array
    buying: Array
    not_evaluable: Array


@attrs.frozen(eq=False)
class Decided:
    """The new columns, the table of rules, and how many churned customers have no p_return."""

    columns: dict[str, Column]
    rules: pd.DataFrame
    without_p_return: int


def decide(
    types: pd.DataFrame,
    gathered: Mapping[str, Column],
    state: State,
    p: Floats,
    likely_return: float,
) -> Decided:
    """Return the type of each customer: the first row, by precedence, whose rule holds."""
    held = _holds(types, gathered, state, {"likely_return": likely_return})
    winner = np.full(len(p), -1)
    for i in reversed(range(len(held))):
        winner[held[i]] = i
    reversible = _reversible(types, winner, gathered, p, likely_return)
    gone = state.churned & (reversible.codes >= 0)
    initiator = types["initiator"].where(types["reversible"] != "n/a", "")
    columns: dict[str, Column] = {
        "churn_type": _type(types, winner, state),
        "churn_rule": _labels(types["id"], winner),
        "initiator": _labels(initiator, winner),
        "reversible": reversible,
        "p_return": np.where(gone & (reversible.codes != _NO), p, np.nan),
        "evidence": _evidence(types, held),
        "response_strategies": _labels(types["response_strategies"], winner),
    }
    return Decided(columns, _rules(types, held, winner, gathered), int((gone & np.isnan(p)).sum()))


def _rules(
    types: pd.DataFrame, held: list[Array], winner: Array, gathered: Mapping[str, Column]
) -> pd.DataFrame:
    return types[["id", "type", "term_zh"]].assign(
        holds=[int(mask.sum()) for mask in held],
        decided=np.bincount(winner[winner >= 0], minlength=len(types)),
        lacks=[_lacks(rule, gathered) for rule in types["rule"]],
    )


def _holds(
    types: pd.DataFrame,
    gathered: Mapping[str, Column],
    state: State,
    constants: Mapping[str, float],
) -> list[Array]:
    """Return for each type whom its rule holds for, among those it applies to."""
    n = len(state.churned)
    nothing = np.full(n, np.nan)
    result = []
    for rule, applies in zip(types["rule"], types["applies_to"], strict=True):
        eligible = state.churned if applies == "churned" else state.buying
        if rule == OTHERWISE:
            result.append(eligible.copy())
            continue
        columns = {name: gathered.get(name, nothing) for name in expressions.names(rule)}
        result.append(eligible & np.broadcast_to(expressions.holds(rule, columns, constants), n))
    return result


def _lacks(rule: str, gathered: Mapping[str, Column]) -> str:
    if rule == OTHERWISE:
        return ""
    known = {*gathered, "likely_return"}
    return ";".join(name for name in expressions.names(rule) if name not in known)


def _labels(cells: pd.Series, winner: Array) -> Labels:
    """Return the cell of the row that decided; empty cells are missing."""
    names = tuple(sorted({cell for cell in cells if cell}))
    code = np.array([*(names.index(cell) if cell else -1 for cell in cells), -1])
    return Labels(code[winner], names)


def _type(types: pd.DataFrame, winner: Array, state: State) -> Labels:
    table = np.array([*(TYPES.index(name) for name in types["type"]), -1])
    code = table[winner]
    code[state.buying & (winner < 0)] = TYPES.index("not_churned")
    code[state.not_evaluable] = TYPES.index("not_evaluable")
    return Labels(code, TYPES)


def _reversible(
    types: pd.DataFrame, winner: Array, gathered: Mapping[str, Column], p: Floats, likely: float
) -> Labels:
    """Return what the deciding row says, raised to yes where a return is likely."""
    nothing = np.full(len(p), np.nan)
    longest = numbers(gathered.get("longest_gap_days", nothing))
    hopeful = (p >= likely) | (longest >= numbers(gathered[SILENCE]))
    table = np.array([*(_CODES[cell] for cell in types["reversible"]), -1])
    code = table[winner]
    code[((code == _MAYBE) | (code == _UNKNOWN)) & hopeful] = _YES
    code[(code == _UNKNOWN) & ~np.isnan(p)] = _MAYBE
    return Labels(code, _REVERSIBLE)


_CODES = {name: i for i, name in enumerate(_REVERSIBLE)} | {"n/a": -1}


def _evidence(types: pd.DataFrame, held: list[Array]) -> Labels:
    """Return the ids of all rules that hold, joined; `otherwise` is no evidence."""
    shown = [i for i, rule in enumerate(types["rule"]) if rule != OTHERWISE]
    code = np.zeros(len(held[0]), dtype=np.int64)
    for i in shown:
        code = pd.factorize(code * 2 + held[i])[0]
    first = np.unique(code, return_index=True)[1]
    texts = [";".join(types["id"].iloc[i] for i in shown if held[i][row]) for row in first]
    names = tuple(sorted(set(texts) - {""}))
    place = np.array([names.index(text) if text else -1 for text in texts], dtype=np.int64)
    return Labels(place[code] if len(code) else code, names)
