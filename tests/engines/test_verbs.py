"""What lazy engines run uses only verbs that mean the same on all (docs/decisions/0003-engines.md).

The files are found, not listed: whoever writes an expression of narwhals is looked at.
"""

import ast
import re
from pathlib import Path

import pytest

import layerwise

SOURCE = Path(layerwise.__file__).parent
BANNED = {
    *("over", "n_unique", "quantile", "median", "round", "rank", "shift", "first", "last"),
    *("truncate", "weekday", "offset_by", "total_days", "total_hours", "total_minutes"),
    *("total_seconds", "map_batches", "unique", "pivot", "top_k", "unpivot", "join_asof"),
    *("mean", "std", "var", "mode", "cum_sum", "cum_count", "diff", "rolling_sum", "rolling_mean"),
}
IN_MEMORY = {
    "explain.py": "reasons are of frames in memory",
    "frames.py": "series of frames in memory; of lazy frames it takes select and head only",
    "orders/output.py": "the table of the path in memory",
    "strategy/assign.py": "rows of plans in memory",
    "tastes/occasions.py": "lines in memory",
}
"""Files whose expressions only frames in memory get, and why."""
ALLOWED = {"orders/reasons.py": {"truncate"}}
"""To days, on Dask alone."""
EXPRESSION = re.compile(r"\bnw\.(col|when|lit|len|coalesce|concat_str|all)\b")


def found() -> list[str]:
    """Return the files that write expressions, as paths below the package."""
    texts = {path: path.read_text(encoding="utf-8") for path in sorted(SOURCE.rglob("*.py"))}
    return [
        path.relative_to(SOURCE).as_posix()
        for path, text in texts.items()
        if EXPRESSION.search(text) or ("add_to(self, frame" in text and "nw" in text)
    ]


LAZY = [name for name in found() if name not in IN_MEMORY]


def test_every_file_with_expressions_is_known() -> None:
    """The list of files apart is not longer than it must be, and the rest is the known rooms."""
    assert set(found()) >= IN_MEMORY.keys()
    assert {"orders/facts.py", "rules/cut.py", "lazy.py", "models/groups.py"} <= set(LAZY)


def calls_of(tree: ast.AST) -> list[ast.Call]:
    """Return the calls of methods, but of numpy, of pandas and of the object itself."""
    return [
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and ast.unparse(node.func.value) not in {"np", "pd", "rng", "self"}
    ]


@pytest.mark.parametrize("name", LAZY)
def test_only_safe_verbs_are_used(name: str) -> None:
    """No call of a verb that is silently wrong on some engine, no join that some lack."""
    calls = calls_of(ast.parse((SOURCE / name).read_text(encoding="utf-8")))
    banned = BANNED - ALLOWED.get(name, set())
    wrong = {f"{ast.unparse(c.func)} in line {c.lineno}" for c in calls if c.func.attr in banned}  # type: ignore[attr-defined]
    assert not wrong
    hows = [k.value for call in calls for k in call.keywords if k.arg == "how"]
    assert {how.value for how in hows if isinstance(how, ast.Constant)} <= {"left", "inner", "full"}


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


@pytest.mark.parametrize("name", LAZY)
def test_groups_add_up_columns_only(name: str) -> None:
    """`agg(when(...).sum())` is the sum of the bare column on Dask, silently."""
    tree = ast.parse((SOURCE / name).read_text(encoding="utf-8"))
    assert not over_expressions(tree)
    assert {c.func.attr for c in grouped(tree)} <= PLAIN | {"alias", "col", "items"}  # type: ignore[attr-defined]


def test_the_rules_find_what_they_look_for() -> None:
    """A sum of an expression inside `agg`, or in a list that it unpacks; a verb that is banned."""
    bad = "def f():\n    w = [(nw.col('a') * 2).sum()]\n    t.group_by('i').agg(*w, nw.len())"
    assert over_expressions(ast.parse(bad)) == {"(nw.col('a') * 2).sum()"}
    good = "def f():\n    t.group_by('i').agg(nw.col('a').sum().alias('b'), nw.len())"
    assert not over_expressions(ast.parse(good))
    verbs = calls_of(ast.parse("nw.col('a').median(); np.median(a)"))
    assert {c.func.attr for c in verbs} & BANNED == {"median"}  # type: ignore[attr-defined]
    assert len(verbs) == 2  # col and the median of a column, not numpy's
