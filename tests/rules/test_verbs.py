"""Rules use only verbs that mean the same on every engine (docs/decisions/0003-engines.md)."""

import ast
import re
from pathlib import Path

import pytest

import layerwise
from tests.orders.test_engines import BANNED

SOURCE = Path(layerwise.__file__).parent
LAZY = [
    *sorted((SOURCE / "rules").glob("*.py")),
    *sorted((SOURCE / "expressions").glob("*.py")),
    SOURCE / "models" / "_dropout_process.py",
    SOURCE / "models" / "_lookup.py",
]
"""The files whose expressions lazy engines run, beside those of orders."""


@pytest.mark.parametrize("path", LAZY, ids=lambda path: path.name)
def test_only_safe_verbs_are_used(path: Path) -> None:
    """No call of a verb that is silently wrong on some engine; NumPy and own methods apart."""
    calls = {
        f"{ast.unparse(node.func)} in line {node.lineno}"
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in BANNED
        and ast.unparse(node.func.value) not in {"np", "self"}
    }
    assert not calls


GROUPED = [
    *LAZY,
    *(SOURCE / "orders" / name for name in ("expressions.py", "facts.py", "lazy.py")),
    SOURCE / "models" / "groups.py",
]
"""The files that may group inside an engine."""
PLAIN = {"sum", "min", "max", "len"}


def grouped(tree: ast.AST) -> list[ast.Call]:
    """Return the aggregations that `agg` gets: those in its brackets and in lists it unpacks."""
    found: list[ast.AST] = []  # what stands in the brackets, and what the lists are made of
    for body in (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)):
        calls = [n for n in ast.walk(body) if isinstance(n, ast.Call)]
        aggs = [n for n in calls if isinstance(n.func, ast.Attribute) and n.func.attr == "agg"]
        lists = {
            star.value.id
            for agg in aggs
            for star in agg.args
            if isinstance(star, ast.Starred) and isinstance(star.value, ast.Name)
        }
        found += [arg for agg in aggs for arg in agg.args]
        for node in ast.walk(body):
            target = node.targets[0] if isinstance(node, ast.Assign) else None
            target = node.target if isinstance(node, ast.AugAssign) else target
            if isinstance(target, ast.Name) and target.id in lists:
                found.append(node.value)  # type: ignore[attr-defined]
    inside = [n for tree in found for n in ast.walk(tree) if isinstance(n, ast.Call)]
    return [n for n in inside if isinstance(n.func, ast.Attribute)]


def over_expressions(tree: ast.AST) -> set[str]:
    """Return the aggregations in `agg` that are not of a plain column."""
    return {
        ast.unparse(call)
        for call in grouped(tree)
        if call.func.attr in PLAIN  # type: ignore[attr-defined]
        and not re.match(r"(nw\.col\([^()]*\)|nw|\w+)\.\w+$", ast.unparse(call.func))
    }


@pytest.mark.parametrize("path", GROUPED, ids=lambda path: path.name)
def test_groups_add_up_columns_only(path: Path) -> None:
    """`agg(when(...).sum())` is the sum of the bare column on Dask, silently."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    assert not over_expressions(tree)
    assert {c.func.attr for c in grouped(tree)} <= PLAIN | {"alias", "col", "items"}  # type: ignore[attr-defined]


def test_the_rule_finds_what_it_looks_for() -> None:
    """A sum of an expression inside `agg`, or in a list that it unpacks."""
    bad = "def f():\n    w = [(nw.col('a') * 2).sum()]\n    t.group_by('i').agg(*w, nw.len())"
    assert over_expressions(ast.parse(bad)) == {"(nw.col('a') * 2).sum()"}
    good = "def f():\n    t.group_by('i').agg(nw.col('a').sum().alias('b'), nw.len())"
    assert not over_expressions(ast.parse(good))
