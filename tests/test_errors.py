"""Every error and warning ends in a hint."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from layerwise import errors

SOURCE = Path(errors.__file__).parent
KINDS = {name for name in vars(errors) if name.endswith("Error") and name != "LayerwiseError"}
FILES = list(SOURCE.rglob("*.py"))


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(SOURCE)))
def test_every_error_has_a_hint(path: Path) -> None:
    """Whoever raises an error of layerwise says what to do."""
    bare = [call.lineno for call in _calls(path) if "hint" not in [k.arg for k in call.keywords]]
    assert bare == []


def _calls(path: Path) -> Iterator[ast.Call]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") in KINDS:
            yield node
