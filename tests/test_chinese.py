"""Every Chinese text is Chinese, set as Chinese is, and calls one thing by one name."""

import csv
import re
from collections import Counter
from pathlib import Path

import pytest

import layerwise
from layerwise.console import _CHECK_ZH, _ZH
from layerwise.plots.words import WORDS
from layerwise.report.chinese import CHINESE, UNITS
from layerwise.report.reasons import _CHINESE

HAN = "[一-鿿]"
FOLDER = Path(layerwise.__file__).parent
TABLES = sorted([*FOLDER.glob("data/*.csv"), *FOLDER.glob("strategy/data/*.csv")])
OTHER_NAMES = {
    "客户": "用户",
    "顾客": "用户",
    "账户": "账号",
    "帐号": "账号",
    "登陆": "登录",
    "(?<!可|法)挽回": "召回 (of who has left), 挽留 (of who may leave)",
    "竞品": "竞争对手",
    "结账": "结算",
    "电子邮件": "邮件",
    "评论": "评价",
    "社媒": "社交媒体",
    "折扣[0-9]+%": "97 折 for 3 % off: 3% would be read as a price",
    "送货": "配送",
    "黏性": "粘性",
    "本土化": "本地化",
}
"""Other words for a thing -> the one that layerwise uses."""


def rows(file):
    """Return the rows of a packaged table."""
    with file.open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


def cells(file):
    """Return (row, column, text) of the Chinese of a table; what customers say is theirs."""
    for i, row in enumerate(rows(file), start=2):
        for column, text in row.items():
            if column.endswith("_zh") and column != "terms_zh":
                yield i, column, text


def texts():
    """Return every Chinese text that layerwise can say, by where it stands."""
    found = {f"{file.name}:{i} {name}": t for file in TABLES for i, name, t in cells(file)}
    said = {"report": CHINESE, "unit": UNITS, "console": _ZH, "check": _CHECK_ZH}
    found |= {f"{where} {key}": t for where, words in said.items() for key, t in words.items()}
    found |= {f"reason {pattern}": t for pattern, t in _CHINESE}
    return found | {f"plot {key}": t for key, (_, t) in WORDS.items()}


def named(name, key="id"):
    """Return the Chinese names of a packaged table by id."""
    file = next(file for file in TABLES if file.name == name)
    return {row[key]: row["term_zh"] for row in rows(file)}


@pytest.mark.parametrize("file", TABLES, ids=lambda file: file.name)
def test_every_cell_is_chinese(file):
    """No Chinese cell of a table is empty, or in English only."""
    found = list(cells(file))
    assert found
    assert [cell for cell in found if not re.search(HAN, cell[2])] == []


def test_signs_are_full_width():
    """Commas, stops, colons, question marks and brackets beside Chinese are Chinese ones."""
    half = re.compile(rf"{HAN}\s*[,;:!?()]|[,;:!?()]\s*{HAN}|{HAN}\.")
    assert {where: text for where, text in texts().items() if half.search(text)} == {}


def test_numbers_and_letters_stand_apart():
    """A blank stands between Chinese and a number or a Latin name."""
    tight = re.compile(rf"{HAN}[A-Za-z0-9]|[A-Za-z0-9%]{HAN}")
    assert {where: text for where, text in texts().items() if tight.search(text)} == {}


@pytest.mark.parametrize(("other", "ours"), OTHER_NAMES.items())
def test_one_thing_has_one_name(other, ours):
    """Nothing is called by a second name."""
    found = {where: text for where, text in texts().items() if re.search(other, text)}
    assert found == {}, ours


@pytest.mark.parametrize(
    "name",
    ["churn_causes.csv", "churn_impacts.csv", "churn_types.csv", "compliance.csv", "incentives.csv",
     "kpis.csv", "membership_levels.csv", "motives.csv", "warning_signals.csv"],
)  # fmt: skip
def test_two_things_have_two_names(name):
    """No two rows of a table are called alike."""
    assert [term for term, n in Counter(named(name).values()).items() if n > 1] == []


def test_labels_of_a_layer_differ():
    """No two labels of an axis are called alike, and no two axes."""
    labels = next(file for file in TABLES if file.name == "labels.csv")
    pairs = [(row["axis"], row["term_zh"]) for row in rows(labels)]
    assert len(set(pairs)) == len(pairs)
    axes = list(named("axes.csv", key="axis").values())
    assert len(set(axes)) == len(axes)


def test_tables_agree_on_names():
    """A cause, a motive and a strategy of a label are called alike in every table."""
    causes = named("churn_causes.csv")
    terms = named("feedback_terms.csv")
    assert terms == {key: causes[key] for key in terms}
    labels = next(file for file in TABLES if file.name == "labels.csv")
    known = {(row["axis"], row["label"]): row["term_zh"] for row in rows(labels)}
    motives = named("motives.csv")
    psychology = {label: term for (axis, label), term in known.items() if axis == "psychology"}
    assert psychology == {label: motives[label] for label in psychology}
    strategies = next(file for file in TABLES if file.name == "strategies.csv")
    told = {(r["axis"], r["segment"]): r["term_zh"] for r in rows(strategies) if r["axis"] == "rfm"}
    assert told == {pair: known[pair] for pair in told}
