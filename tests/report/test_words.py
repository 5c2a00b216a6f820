"""Every text of a report has its Chinese, with the same places for values."""

import ast
import re
from pathlib import Path

import layerwise.report
from layerwise.report.chinese import CHINESE, UNITS
from layerwise.report.monthly import _NEEDS
from layerwise.report.words import OWN

FOLDER = Path(layerwise.report.__file__).parent


def literals():
    """Return the texts that `say` is called with, and those that are assigned to `text`."""
    found = {*OWN.values(), *(text for pair in _NEEDS.values() for text in pair)}
    for file in FOLDER.glob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "say" and node.args:
                found |= {node.args[0].value} if isinstance(node.args[0], ast.Constant) else set()
            named = isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == "text"
            if named and isinstance(node.value, ast.Constant):
                found.add(node.value.value)
    page = (FOLDER / "templates" / "page.html").read_text(encoding="utf-8")
    return found | set(re.findall(r"say\(['\"]([^'\"]+)", page))


def test_every_text_is_translated():
    """No text of the code or the page lacks its Chinese."""
    assert literals() - set(CHINESE) == set()


def test_translations_have_the_same_places():
    """A translation names the same values as its original."""
    for text, other in CHINESE.items():
        assert set(re.findall(r"{(\w+)", text)) == set(re.findall(r"{(\w+)", other)), text


def test_units_of_all_key_figures():
    """Every unit of the key figures has its Chinese."""
    from layerwise.evaluate import kpi_table

    assert set(kpi_table()["unit"]) <= set(UNITS)
