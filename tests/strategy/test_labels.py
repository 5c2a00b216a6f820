"""The package's own data: complete, consistent, and as its documented rules say."""

import csv
import re

import pytest

from layerwise.layers.rfm import ORDER as RFM_SEGMENTS
from layerwise.strategy import StrategyTable
from layerwise.strategy.labels import (
    axes,
    closed_labels,
    data_text,
    incentives,
    is_price_incentive,
    labels,
    reason,
)

TABLE = StrategyTable.default()
FILES = ["strategies.csv", "labels.csv", "axes.csv", "incentives.csv"]
RANKED = [*axes()][: [*axes()].index("churn") + 1]


@pytest.mark.parametrize("name", FILES)
def test_files_are_clean(name):
    """UTF-8 without mark, newlines alone, every cell stripped, no row short or long."""
    text = data_text(name)
    assert not text.startswith("\ufeff")
    assert "\r" not in text
    rows = list(csv.reader(text.splitlines()))
    assert {len(row) for row in rows} == {len(rows[0])}
    assert all(cell == cell.strip() for row in rows for cell in row)


def test_every_strategy_has_both_languages():
    """Each objective and action stands in English and in Chinese, and the Chinese is Chinese."""
    for row in TABLE:
        english, chinese = (row.objective, row.action), (row.objective_zh, row.action_zh)
        assert all(english), row.id
        assert all(re.search("[一-鿿]", text) for text in chinese), row.id
        assert not any(re.search("[一-鿿]", text) for text in english), row.id


def test_every_strategy_names_source_owner_and_term():
    """No row without a source, an owner and a Chinese term; all incentives are known."""
    assert all(row.source and row.owner and row.term_zh for row in TABLE)
    assert {kind for row in TABLE for kind in row.incentives} <= set(incentives())


def test_level_follows_its_rule():
    """Brand level: axes about the brand, segment all, and work on the whole range or image."""
    for row in TABLE:
        brand = row.axis not in RANKED or row.segment == "all"
        brand |= row.theme in ("marketing", "brand", "experience")
        brand |= row.theme == "product" and row.axis in ("persona", "risk")
        assert row.level == ("brand" if brand else "customer"), row.id


def test_priority_follows_its_rule():
    """Priority = 100 x place of the axis + 10 if nothing can be sent as it stands + basis."""
    for row in TABLE:
        special = row.axis in RANKED and row.segment != "all"
        place = RANKED.index(row.axis) + 1 if special else 90
        vague = 0 if row.channel or row.incentive else 10
        assert row.priority == 100 * place + vague + ["stated", "title_only", "inferred"].index(
            row.basis
        ), row.id


def test_rfm_labels_are_those_of_the_layer():
    """The rfm axis has the eleven segments that RFM gives."""
    assert sorted(closed_labels()["rfm"]) == sorted(RFM_SEGMENTS)


def test_implied_labels_exist():
    """What a label implies is itself a label."""
    assert all(x.implies in labels() for x in labels().values() if x.implies)


def test_every_label_has_a_strategy_of_its_own_or_implied():
    """Each built-in label, open axes included, leads to a customer strategy or needs none."""
    have = {(row.axis, row.segment) for row in TABLE if row.level == "customer"}
    assert all(x.quiet or key in have or x.implies in have for key, x in labels().items())


def test_price_incentives():
    """Coupons and discounts lower prices, points and gifts do not, unknown kinds count as if."""
    assert [is_price_incentive(x) for x in ("coupon", "points", "brand_new")] == [True, False, True]


@pytest.mark.parametrize(
    ("axis", "label", "lang", "said"),
    [
        ("tier", "loyal", "en", "tier = loyal"),
        ("tier", "loyal", "zh", "用户层级 = 忠诚用户"),
        ("mine", "x", "zh", "mine = x"),
    ],
)
def test_reason(axis, label, lang, said):
    """A reason speaks the reader's language where the words are known."""
    assert reason(axis, label, lang) == said
