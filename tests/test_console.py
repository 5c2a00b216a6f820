"""The printed report: its shares, its columns, and the same numbers in both languages."""

import re
from pathlib import Path

import attrs
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import layerwise as lw
from layerwise.at_once import Overview, overview
from layerwise.console import Words, _shortened, _width, layer_sizes, tell
from layerwise.summary import OrderCheck


@pytest.fixture(scope="module")
def result() -> Overview:
    """An overview of CDNOW, with the Chinese table."""
    table = lw.StrategyTable.default(lang="zh")
    return overview(lw.datasets.load_cdnow(), as_of="1998-06-30", strategies=table)


def told(result: Overview, lang: str) -> list[str]:
    """Return the sections of the report."""
    text = tell(result, [Path("plan.csv")], as_of="1998-06-30", lang=lang)
    return re.split(r"\n\n(?=\S)", text)


def test_numbers_do_not_depend_on_the_language(result: Overview) -> None:
    """Layers and churn have the same numbers in the same places in English and in Chinese."""
    for english, chinese in zip(told(result, "en")[1:3], told(result, "zh")[1:3], strict=True):
        numbers = [re.findall(r"\d[\d.,]*\d|\d", text) for text in (english, chinese)]
        assert numbers[0] == numbers[1]
        assert len(numbers[0]) > 40


def test_chinese_has_no_english_but_ids(result: Overview) -> None:
    """Titles, columns, label names and counts are Chinese; ids of the files stay beside them."""
    orders, layers, churn, plan, *_ = told(result, "zh")
    assert not re.search(r"[a-z]{3}", orders)
    assert "高价值用户 high_value" in layers
    assert set(re.findall(r"[A-Za-z]+", churn)) == {"AUC", "Brier"}
    assert "留出 holdout" in plan  # the column of plan.csv, which has a column control too
    assert re.search(r"tier_churn_mail .*发送", plan)


def test_columns_stand_under_their_titles(result: Overview) -> None:
    """Lines of the layers are equally wide, though a Chinese character takes two columns."""
    for lang in ("en", "zh"):
        lines = told(result, lang)[1].splitlines()[2:-2]
        assert {_width(line) for line in lines} == {70}


def test_shares_are_of_the_last_year(result: Overview) -> None:
    """Spend is that of 365 days where the table has it; both shares add up to one."""
    sizes = layer_sizes(result.customers, "tier").set_index("tier")
    year = result.customers.groupby("tier", observed=True)["spend_365d"].sum()
    assert sizes["spend_share"].tolist() == pytest.approx((year / year.sum())[sizes.index].tolist())
    assert "of spend (365 d)" in told(result, "en")[1]
    older = layer_sizes(result.customers.drop(columns="spend_365d"), "tier")
    assert older["spend_share"].sum() == pytest.approx(1)
    assert older["spend_share"].iloc[-1] > sizes["spend_share"].iloc[-1]
    quiet = layer_sizes(result.customers.assign(spend_365d=0.0), "tier")
    assert quiet["spend_share"].tolist() == [0.0] * len(quiet)


def test_the_plan_shows_actions(result: Overview) -> None:
    """Two strategies of one objective differ by what is done."""
    rows = told(result, "en")[3].splitlines()[4:]
    actions = [re.split(r"\d  ", row, maxsplit=1)[1] for row in rows]
    assert len(set(actions)) == len(actions)


def test_what_is_lacking_is_said(result: Overview) -> None:
    """Without a model and a judgement the report says so in either language."""
    column = f"p_no_purchase_{result.horizon_days}d"
    bare = attrs.evolve(result, customers=result.customers.drop(columns=column), scorecard=None)
    assert "not available" in told(bare, "en")[2]
    assert "无法给出" in told(bare, "zh")[2]


def test_every_count_of_the_check_is_told() -> None:
    """The Chinese lines of the check fit every field there is."""
    kept = {"rows", "used", "customers", "first_order", "last_order", "last_row", "first_later"}
    fields = {a.name for a in attrs.fields(OrderCheck)} - kept - {"clock", "netted_by"}
    counts = {name: 7000 + i for i, name in enumerate(sorted(fields))}
    ends = {name: pd.Timestamp("2024-01-01").date() for name in ("first_order", "last_order")}
    check = OrderCheck(rows=9, used=8, customers=7, clock="UTC", **ends, **counts)
    text = Words("zh").check(check)
    silent = {"spend", "refunded_orders"}
    assert all((f"{n:,}" in text) == (name not in silent) for name, n in counts.items())
    assert "UTC" in text


@given(st.text("ab 汉字，", max_size=120))
def test_shortened_texts_fit(text: str) -> None:
    """A text is kept, or cut to the width with a mark."""
    short = _shortened(text, 70)
    assert _width(short) <= 70
    assert short == text or short.endswith("…")
