"""What the command line prints: layers, churn probability and plan, as text, English or Chinese."""

from collections.abc import Iterable
from pathlib import Path
from textwrap import indent
from typing import Any
from unicodedata import east_asian_width

import attrs
import pandas as pd

from layerwise.at_once import Overview
from layerwise.columns import (
    ACTION,
    CUSTOMER,
    CUSTOMERS,
    SPEND_TOTAL,
    STRATEGY,
    p_no_purchase,
    spend_in,
)
from layerwise.rules import NOT_EVALUABLE
from layerwise.scorecard import Scorecard
from layerwise.strategy import plan_summary
from layerwise.strategy.labels import axes, labels
from layerwise.summary import OrderCheck

_SHOWN = ("tier", "rfm", "value", "frequency", "loyalty", "churn")
_YEAR = spend_in(365)
_ACTION_WIDTH = 70
_BANDS = ("customers", "predicted", "actual", "low", "high")

_ZH = {
    ", ": "、",
    "Orders": "订单",
    "as of {}": "截至 {}",
    "Layers: customers and share of spend": "分层：用户数与消费占比",
    "Layers judge independently; the tier decides which comes first.": (
        "各分层独立判断；优先级由用户层级决定。"
    ),
    "customers": "用户数",
    "share": "占比",
    "of spend": "消费占比",
    "of spend (365 d)": "消费占比（365 天）",
    "Churn probability: P(no purchase in the next {} days)": "流失概率：未来 {} 天内不购买的概率",
    "mean {:.2f}; by tier: {}": "平均 {:.2f}；按用户层级：{}",
    "judged on the last {} days, fitted on what came before:": "以此前数据拟合，用最近 {} 天检验：",
    "{:,} customers, {:.1%} bought nothing in the holdout": "{:,} 位用户，检验期内 {:.1%} 未购买",
    "ranking (AUC)": "排序能力（AUC）",
    "calibration (Brier)": "校准（Brier）",
    "churn probability": "流失概率",
    "days of silence": "沉默天数",
    "base rate": "总体比例",
    "predicted": "预测",
    "actual": "实际",
    "low": "下限",
    "high": "上限",
    "not available, see the notes": "无法给出，见备注",
    "Strategy plan": "策略计划",
    "{:,} of {:,} customers, {:,} rows": "{1:,} 位用户中的 {0:,} 位，共 {2:,} 行",
    "strategy": "策略",
    "held out": "留出 holdout",  # as plan.csv names it; its column control is another group
    "action": "行动",
    "Notes": "备注（英文）",
    "Written": "已写入",
}

_CHECK_ZH = {
    "null_customer": "未计入：{:,} 行没有用户编号",
    "null_order": "未计入：{:,} 行没有订单编号",
    "null_time": "未计入：{:,} 行没有时间",
    "null_amount": "未计入：{:,} 行没有金额",
    "after_as_of": "未计入：{:,} 行时间晚于截止日",
    "carried_rows": "未计入：{:,} 行时间晚于分割日，但所属订单开始于该日之前",
    "refunded_rows": "未计入：{:,} 行所属订单的净额不大于零（退款、免费订单）",
    "customers_without_purchase": "未计入：{:,} 位用户没有其他有效购买",
    "refund_rows": "{:,} 行退款找不到可抵扣的购买，未扣除",
    "refund_total": "这些退款合计 {:,.2f}",
    "duplicate_rows": "已计入：{:,} 行与前面的行完全相同",
    "similar_ids": "{:,} 个用户编号与另一编号仅大小写或首尾空格不同，各算一位用户",
    "shared_ids": "{:,} 个用户编号的订单数是其他编号的三倍以上，可能由游客共用，各算一位用户",
    "shared_rows": "这些编号共有 {:,} 行",
    "clock": "日期按 {} 时区计算；用 tz= 可改按店铺所在时区计算",
}
"""Counts of `OrderCheck` -> what they say."""


@attrs.frozen
class Words:
    """The words of one language."""

    lang: str

    def __call__(self, text: str, *values: object) -> str:
        """Return a text of the report with its values filled in."""
        return (_ZH[text] if self.lang == "zh" else text).format(*values)

    def layer(self, name: str) -> str:
        """Return how a layer is called."""
        axis = axes().get(name)
        return axis.term_zh if axis and self.lang == "zh" else name

    def term(self, layer: str, name: str) -> str:
        """Return how a label is called."""
        if self.lang == "zh" and name == NOT_EVALUABLE:
            return "无法判断"
        known = labels().get((layer, name))
        return known.term_zh if known and self.lang == "zh" else name

    def label(self, layer: str, name: str) -> str:
        """Return how a label is called, in Chinese with the name that the files have."""
        term = self.term(layer, name)
        return name if term == name else f"{term} {name}"

    def check(self, check: OrderCheck) -> str:
        """Return what was read and what was left out."""
        if self.lang != "zh":
            return str(check)
        line = f"共 {check.rows:,} 行，计入 {check.used:,} 行：{check.customers:,} 位用户"
        if check.first_order is not None:
            line += f"，{check.first_order} 至 {check.last_order}"
        told = [text.format(n) for field, text in _CHECK_ZH.items() if (n := getattr(check, field))]
        return "\n".join([line, *(f"  {text}" for text in told)])


def tell(result: Overview, written: Iterable[Path], *, as_of: Any, lang: str = "en") -> str:
    """Return the whole report of a run; notes stay in English."""
    say = Words(lang)
    title = say("Churn probability: P(no purchase in the next {} days)", result.horizon_days)
    orders = f"{say('as of {}', as_of)}\n{say.check(result.check)}"
    parts = [
        _section(say("Orders"), orders),
        _section(say("Layers: customers and share of spend"), _layers(result.customers, say)),
        _section(title, _churn(result, say)),
        _section(say("Strategy plan"), _plan(result, say)),
        *([_section(say("Notes"), "\n".join(result.notes))] if result.notes else []),
        _section(say("Written"), "\n".join(str(path) for path in written)),
    ]
    return "\n\n".join(parts)


def layer_sizes(customers: pd.DataFrame, layer: str) -> pd.DataFrame:
    """Return customers, share of customers and share of spend by label, the best first.

    Spend is that of the last 365 days where the table has it, else of all time.
    """
    spend = _spend_column(customers)
    groups = customers.groupby(layer, observed=True)[spend].agg(["size", "sum"])
    table = groups.iloc[::-1].reset_index(names=layer)
    table["share"] = table["size"] / len(customers)
    table["spend_share"] = table.pop("sum") / (customers[spend].sum() or 1.0)
    return table.rename(columns={"size": "customers"})


def _spend_column(customers: pd.DataFrame) -> str:
    return _YEAR if _YEAR in customers else SPEND_TOTAL


def _layers(customers: pd.DataFrame, say: Words) -> str:
    spend = say("of spend (365 d)" if _spend_column(customers) == _YEAR else "of spend")
    titles = (say("customers"), say("share"), spend)
    blocks = []
    for layer in [name for name in _SHOWN if name in customers]:
        rows = [
            (f"  {say.label(layer, str(row[0]))}", f"{row[1]:,}", f"{row[2]:.1%}", f"{row[3]:.1%}")
            for row in layer_sizes(customers, layer).itertuples(index=False)
        ]
        table = [(say.layer(layer), *titles), *rows]
        blocks.append("\n".join(_line(cells, (32, 9, 8, 19)) for cells in table))
    note = say("Layers judge independently; the tier decides which comes first.")
    return "\n".join([*blocks, "", note])


def _churn(result: Overview, say: Words) -> str:
    column = p_no_purchase(result.horizon_days)
    lines: list[str] = []
    if column in result.customers:
        by_tier = result.customers.groupby("tier", observed=True)[column].mean().iloc[::-1]
        means = [f"{say.term('tier', str(tier))} {mean:.2f}" for tier, mean in by_tier.items()]
        mean = result.customers[column].mean()
        lines.append(say("mean {:.2f}; by tier: {}", mean, say(", ").join(means)))
    if result.scorecard is not None:
        days = result.horizon_days
        lines.append(say("judged on the last {} days, fitted on what came before:", days))
        lines += _scorecard(result.scorecard, say)
    return "\n".join(lines) or say("not available, see the notes")


def _scorecard(card: Scorecard, say: Words) -> list[str]:
    model, silence, base = map(say, ("churn probability", "days of silence", "base rate"))
    judged = [
        (say("ranking (AUC)"), f"{model} {card.auc:.3f}", f"{silence} {card.auc_silence:.3f}"),
        (say("calibration (Brier)"), f"{model} {card.brier:.3f}", f"{base} {card.brier_base:.3f}"),
    ]
    bands = [
        (f"{row[0]:,}", *(f"{value:.3f}" for value in row[1:]))
        for row in card.calibration[list(_BANDS)].itertuples(index=False)
    ]
    counted = "{:,} customers, {:.1%} bought nothing in the holdout"
    return [
        say(counted, card.customers, card.silent_rate),
        *("  ".join([_pad(what, 20), _pad(one, 24), other]) for what, one, other in judged),
        *(
            "".join(_pad(cell, 11, right=True) for cell in cells)
            for cells in [tuple(map(say, _BANDS)), *bands]
        ),
    ]


def _plan(result: Overview, say: Words) -> str:
    first = result.plan.drop_duplicates(STRATEGY)
    actions = dict(zip(first[STRATEGY].astype(str), first[ACTION].astype(str), strict=True))
    reached = result.plan[CUSTOMER].nunique()
    counts = reached, len(result.customers), len(result.plan)
    titles = say("strategy"), say("customers"), say("held out"), f"  {say('action')}"
    rows = [
        (
            str(row.strategy_id),
            f"{getattr(row, CUSTOMERS):,}",
            f"{row.holdout:,}",
            f"  {_shortened(actions[str(row.strategy_id)], _ACTION_WIDTH)}",
        )
        for row in plan_summary(result.plan).itertuples()
    ]
    lines = [_line(cells[:3], (22, 9, 14)) + cells[3] for cells in [titles, *rows]]
    return "\n".join([say("{:,} of {:,} customers, {:,} rows", *counts), *lines])


def _line(cells: tuple[str, ...], widths: tuple[int, ...]) -> str:
    """Return the first cell to the left of its column, the others to the right of theirs."""
    rest = zip(cells[1:], widths[1:], strict=True)
    return _pad(cells[0], widths[0]) + "".join(_pad(cell, n, right=True) for cell, n in rest)


def _pad(text: str, width: int, *, right: bool = False) -> str:
    blanks = " " * (width - _width(text))
    return blanks + text if right else text + blanks


def _width(text: str) -> int:
    """Return the columns that a terminal needs; a Chinese character takes two."""
    return sum(2 if east_asian_width(sign) in "WF" else 1 for sign in text)


def _shortened(text: str, width: int) -> str:
    if _width(text) <= width:
        return text
    while _width(text) >= width:
        text = text[:-1]
    cut = text.rfind(" ", width // 2)
    return (text[:cut] if cut > 0 else text).rstrip(" ,;，；") + "…"


def _section(title: str, body: str) -> str:
    return f"{title}\n{'-' * _width(title)}\n{indent(body, '  ')}"
