"""The reasons of a verdict on a fit, in the language of the report."""

import re

from layerwise.report.words import Say

_CHINESE = (
    (r"the fit is ([\d,]+) days old, more than ([\d,]+)", "拟合距今已 {} 天，超过 {} 天"),
    (r"age of the fit: not given", "拟合时间未提供"),
    (r"calibration: not given", "概率校准结果未提供"),
    (r"drift of columns: not given", "数据漂移结果未提供"),
    (r"drift of ([\d,]+) of ([\d,]+) columns: not_evaluable", "{1} 列数据中有 {0} 列无法判断漂移"),
    (r"(.+) drifts: PSI (\S+), limit (\S+)", "{} 发生偏移：PSI {}，阈值 {}"),
    (
        r"Brier score (\S+) is worse than the base rate's (\S+)",
        "预测误差（Brier）{}，高于以总体比例预测的 {}",
    ),
    (
        r"calibration: slope (\S+) \((\S+) to (\S+)\), wanted (\S+) to (\S+)",
        "校准斜率 {}（{} 至 {}），应在 {} 至 {} 之间",
    ),
    (r"calibration slope: .+", "校准斜率无法计算"),
)
"""Reasons of `refit_due` -> Chinese with the same numbers."""


def reason(text: str, say: Say) -> str:
    """Return a reason of `refit_due` in the language; others stand as they are.

    >>> reason("the fit is 275 days old, more than 180", Say("zh"))
    '拟合距今已 275 天，超过 180 天'
    """
    for pattern, chinese in _CHINESE if say.lang == "zh" else ():
        if found := re.fullmatch(pattern, text):
            return chinese.format(*found.groups())
    return text
