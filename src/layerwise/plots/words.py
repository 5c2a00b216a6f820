"""The words on the pictures, in English and Chinese."""

from typing import Literal

from layerwise.errors import SpecError
from layerwise.strategy.labels import labels

Lang = Literal["en", "zh"]

WORDS = {
    "actual": ("actual", "实际"),
    "expected": ("expected", "预期"),
    "as predicted": ("as predicted", "与预测一致"),
    "base rate": ("base rate {rate:.0%}", "总体比例 {rate:.0%}"),
    "baseline": ("baseline", "基准期"),
    "judged": ("judged", "监控期"),
    "rate": ("rate", "比率"),
    "calibration": ("calibration", "拟合期"),
    "holdout": ("holdout", "检验期"),
    "customers": ("customers", "用户数"),
    "cumulative repeat orders": ("repeat orders since the start", "累计复购订单数"),
    "repeat orders in period": ("repeat orders in {days} days", "每 {days} 天复购订单数"),
    "period end": ("last day of the period", "期末日期"),
    "predicted": ("predicted P(no purchase)", "预测的不购买概率"),
    "silent": ("share that bought nothing", "实际未购买的用户占比"),
    "repeat orders": ("repeat orders (orders after the first)", "复购次数（首单之后的订单）"),
    "first to last": ("days from first to last order", "首单到末单的天数"),
    "p_alive": ("P(alive) at an age of {age:g} days", "首单后 {age:g} 天的活跃概率"),
    "p_no_purchase": (
        "P(no purchase in {h:g} days) at an age of {age:g} days",
        "首单后 {age:g} 天、未来 {h:g} 天内不购买的概率",
    ),
    "expected_orders": (
        "orders expected in {h:g} days at an age of {age:g} days",
        "首单后 {age:g} 天、未来 {h:g} 天内的预期订单数",
    ),
    "repeat orders before": (
        "repeat orders before the holdout (below: number of customers)",
        "检验期之前的复购次数（下行：用户数）",
    ),
    "orders in holdout": ("orders per customer in {days:g} days", "{days:g} 天内人均订单数"),
    "alive now": ("P(alive)", "活跃概率"),
    "silent ahead": ("P(no purchase\nin {h:g} days)", "未来 {h:g} 天内\n不购买的概率"),
    "probability": ("probability", "概率"),
    "orders": ("orders", "订单"),
    "share of customers": ("share of customers", "用户占比"),
    "share of": ("share of {column}", "{column} 占比"),
    "share of spend": ("share of spend in {days} days", "近 {days} 天消费占比"),
    "missing": ("missing", "缺失"),
    "moved up": ("moved up", "上升"),
    "moved down": ("moved down", "下降"),
    "stayed": ("stayed", "未变"),
    "entered": ("entered", "新进入"),
    "left": ("left", "离开"),
    "silence": ("days since the last order", "距上次下单的天数"),
    "everybody": ("all", "全部"),
    "days since start": ("days since the start", "距起点的天数"),
    "retained": ("share still buying", "仍在购买的用户占比"),
    "churn rule": ("churned: silent for more than {days} days", "流失：沉默超过 {days} 天"),
    "bought share": ("share that bought", "购买用户占比"),
    "weeks since": ("weeks since the first order", "首单后的周数"),
    "months since": ("months since the first order", "首单后的月数"),
    "quarters since": ("quarters since the first order", "首单后的季度数"),
    "return": ("P(order within {h:g} days)", "{h:g} 天内再次下单的概率"),
    "all customers": ("all", "全部"),
    "effect of": ("effect of {arm} on {metric}", "{arm} 对 {metric} 的效果"),
    "effect interval": ("{effect} ({low}, {high})", "{effect}（{low}，{high}）"),
    "effect head": ("effect, {level:.0%} interval", "效果及 {level:.0%} 区间"),
    "window": (
        "window {window:,} days: at most\n{at_most:.0%} return within {h:g} days",
        "窗口 {window:,} 天：\n{h:g} 天内回购率不超过 {at_most:.0%}",
    ),
    "relative risk": (
        "relative risk of leaving (in brackets: customers exposed)",
        "流失的相对风险（括号内为受影响用户数）",
    ),
    "crude": ("crude", "未调整"),
    "adjusted": ("adjusted", "调整后"),
    "share of leavers": ("share of leavers", "流失用户占比"),
    "not evaluable": ("not evaluable", "无法判断"),
}
"""What a picture says -> English and Chinese, with places for numbers."""


def word(key: str, lang: str, **values: object) -> str:
    """Return a text of a picture in a language.

    Raises:
        SpecError: The language is not "en" or "zh".

    >>> word("base rate", "en", rate=0.71)
    'base rate 71%'
    """
    return WORDS[key][_place(lang)].format(**values)


def label_name(layer: str, label: str, lang: str) -> str:
    """Return a label as it stands, or its Chinese name if layerwise knows one."""
    known = labels().get((layer, label)) if _place(lang) else None
    return (known.term_zh if known else "") or label


def _place(lang: str) -> int:
    if not isinstance(lang, str) or lang not in ("en", "zh"):
        raise SpecError(
            f"lang must be 'en' or 'zh', got {lang!r:.20}.",
            hint="lang='zh' labels pictures in Chinese.",
        )
    return int(lang == "zh")
