"""The table of churn types: what says that a customer left in this way, and what answers it."""

from collections.abc import Callable

import pandas as pd

from layerwise import expressions
from layerwise.errors import SpecError, TableError, problems
from layerwise.knowledge import Schema, read_table

OTHERWISE = "otherwise"
"""The rule of the one type that churned customers have without any evidence."""

SCHEMA = Schema(
    what="the type table",
    file="churn_types.csv",
    filled=("type", "applies_to", "rule", "initiator", "reversible", "precedence"),
    optional=("sub_reason", "response_strategies", "term_zh"),
    choices={
        "type": ("active", "passive", "reversible", "partial", "not_churned", "unclassified"),
        "applies_to": ("churned", "buying"),
        "initiator": ("customer", "circumstance", "unknown"),
        "reversible": ("yes", "no", "maybe", "unknown", "n/a"),
    },
    numbers=("precedence",),
)


def type_table(table: object = None) -> pd.DataFrame:
    """Return the churn types and the rules that tell them, from first to last precedence.

    One row a type: `id`, the label (`type`), the customers it can be given to (`applies_to`:
    those who have churned, or those who still buy), the `rule`, a condition over the columns of
    `layerwise.churn.EVIDENCE` and of the customer table, `initiator`, `reversible`, `precedence`
    (the least decides where several rules hold), `response_strategies` (ids of the strategy table),
    the definition and name in English and Chinese, `basis` and `source`. Exactly one type has the
    rule `otherwise`; it is for those who have churned without evidence, and comes last.

    Args:
        table: A frame or the path of a CSV file with your own types; None gives the packaged ones.

    Raises:
        TableError: With every problem: columns and cells that lack, rules that are no conditions,
            a precedence that stands twice.

    Example:
        >>> types = type_table()
        >>> types.loc[types["id"] == "passive_bankrupt", "rule"].item()
        'bankrupt == 1 or payment_refused == 1'
    """
    found = read_table(table, SCHEMA)
    if wrong := [line for check in _CHECKS for line in check(found)]:
        raise TableError(
            problems("The type table cannot be used:", wrong),
            hint="start from type_table() and edit it; help(layerwise.expressions) says what a "
            "rule may be.",
        )
    order = found["precedence"].astype(float).sort_values(kind="stable").index
    return found.loc[order].reset_index(drop=True)


def _bad_rules(table: pd.DataFrame) -> list[str]:
    return [
        f"row {i}: {problem}"
        for i, rule in enumerate(table["rule"], 1)
        if rule != OTHERWISE and (problem := _problem(rule))
    ]


def _problem(rule: str) -> str:
    try:
        expressions.parse_condition(rule)
    except SpecError as error:
        return error.message
    return "" if expressions.names(rule) else "the rule reads no column"


def _bad_order(table: pd.DataFrame) -> list[str]:
    order = table["precedence"].astype(float)
    return [f"row {i + 1}: precedence stands before" for i in order.index[order.duplicated()]]


def _bad_rest(table: pd.DataFrame) -> list[str]:
    rest = table["rule"] == OTHERWISE
    if int(rest.sum()) != 1:
        return [f"{int(rest.sum())} rows have the rule {OTHERWISE!r}; one must"]
    row = table[rest].iloc[0]
    if row["applies_to"] != "churned":
        return [f"the row with the rule {OTHERWISE!r} must apply to churned"]
    last = table["precedence"].astype(float).max()
    late = float(row["precedence"]) == last
    return [] if late else [f"the row with the rule {OTHERWISE!r} must have the last precedence"]


_CHECKS: tuple[Callable[[pd.DataFrame], list[str]], ...] = (_bad_rules, _bad_order, _bad_rest)
