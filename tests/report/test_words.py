"""Every text of a report has its Chinese, with the same places for values."""

import ast
import re
from pathlib import Path

import pandas as pd

import layerwise.report
from layerwise.evaluate import calibration_drift, refit_due
from layerwise.report.chinese import CHINESE, UNITS
from layerwise.report.monthly import _NEEDS
from layerwise.report.reasons import reason
from layerwise.report.words import OWN, Say

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


def test_actions_are_in_the_language_of_the_report():
    """A plan of the packaged table is told in the language of the report; own actions stand."""
    import layerwise as lw
    from layerwise.report import report

    customers = pd.DataFrame({"customer_id": range(40), "tier": ["loyal"] * 20 + ["new"] * 20})
    plan = lw.StrategyTable.default().plan(customers)
    for lang, sign in (("zh", "[一-鿿]"), ("en", "^[ -~]+$")):
        actions = report(as_of="2024-12-31", plan=plan, lang=lang).sections[0].tables[0].rows
        assert all(re.search(sign, row[0]) for row in actions)
    told = report(as_of="2024-12-31", plan=plan.assign(action="Bake"), lang="zh").sections[0]
    assert {row[0] for row in told.tables[0].rows} == {"Bake"}


def test_reasons_of_a_refit_are_chinese():
    """Each reason that `refit_due` gives has its Chinese, with the same numbers."""
    table = pd.DataFrame({"p": [0.1] * 150 + [0.9] * 150, "holdout_orders": [1, 0] * 150})
    calibration = calibration_drift(table, probability="p")
    row = {"column": "spend", "psi": 0.4, "limit": 0.1, "q": 0.01, "verdict": "drift"}
    moved = pd.DataFrame([row, row | {"verdict": "not_evaluable"}])
    days = {"as_of": "2024-12-31", "fitted_as_of": "2023-12-31"}
    found = [refit_due(calibration=calibration, drift=moved, **days), refit_due(as_of="2024-12-31")]
    texts = [text for each in found for text in (*each.reasons, *each.not_judged)]
    assert len(texts) == 8
    for text in texts:
        chinese = reason(text, Say("zh"))
        assert re.search("[一-鿿]", chinese), text
        numbers = [sorted(re.findall(r"\d[\d.,]*\d|\d", words)) for words in (text, chinese)]
        assert numbers[0] == numbers[1], text
        assert reason(text, Say("en")) == text
