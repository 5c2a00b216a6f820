"""Amounts as people write them, 1.234,50 or 1,234.50, as numbers."""

import re
from functools import cache
from typing import Any

import numpy as np
import pandas as pd

_GROUPS = {",": ".", ".": ","}
_ALWAYS = " '’\u00a0\u202f"
"""Signs between thousands that never stand before the cents: blanks and apostrophes."""


def numbers(texts: "pd.Series[Any]", decimal: str) -> "pd.Series[float]":
    """Return texts as numbers; missing where one is none.

    Thousands may stand apart by the other one of comma and point, a blank or an apostrophe, but
    only in threes and by one sign throughout: 1.5 with a decimal comma is no number, not 15.

    >>> numbers(pd.Series(["1.234,50", "-3", "1.5", "1,2,3"]), ",").tolist()
    [1234.5, -3.0, nan, nan]
    """
    codes, different = pd.factorize(texts)
    values = np.array([*(_number(str(text), decimal) for text in different), np.nan])
    return pd.Series(values[codes], index=texts.index, name=texts.name)  # code -1: missing


def fitting(texts: "pd.Series[Any]") -> list[str]:
    """Return the signs before the cents, comma or point, by which every text is a number.

    One is enough where either gives the same numbers.

    >>> fitting(pd.Series(["131,36", "7"])), fitting(pd.Series(["1,234"]))
    ([','], ['.', ','])
    """
    read = {sign: numbers(texts, sign) for sign in (".", ",")}
    fit = [sign for sign, found in read.items() if not (found.isna() & texts.notna()).any()]
    return fit[:1] if len(fit) > 1 and read["."].equals(read[","]) else fit


def _number(text: str, decimal: str) -> float:
    found = _pattern(decimal).fullmatch(text.strip())
    if not found:
        return float("nan")
    sign, whole, _, cents = found.groups()
    return float(f"{sign}{re.sub(r'[^0-9]', '', whole)}.{cents or 0}")


@cache
def _pattern(decimal: str) -> "re.Pattern[str]":
    between = f"[{_GROUPS[decimal]}{_ALWAYS}]"
    thousands = rf"[0-9]{{1,3}}({between})[0-9]{{3}}(?:\3[0-9]{{3}})*"
    return re.compile(rf"([+-]?)([0-9]+|{thousands})(?:{re.escape(decimal)}([0-9]+))?")
