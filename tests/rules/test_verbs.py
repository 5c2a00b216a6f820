"""Rules use only verbs that mean the same on every engine (docs/decisions/0003-engines.md)."""

import ast
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
