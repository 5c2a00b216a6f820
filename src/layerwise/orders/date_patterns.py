"""The patterns of `time_format=` that read texts which are no ISO dates, for a hint."""

import datetime as dt
import re
from collections.abc import Sequence
from itertools import product

_ORDERS = ("%d{0}%m{0}%Y", "%m{0}%d{0}%Y", "%d{0}%m{0}%y", "%m{0}%d{0}%y", "%y{0}%m{0}%d")
_DATES = (
    *(order.format(mark) for mark in "/.-" for order in (*_ORDERS, "%Y{0}%m{0}%d")),
    *("%d %b %Y", "%d-%b-%Y", "%d-%b-%y", "%b %d, %Y", "%d %B %Y", "%B %d, %Y"),
)
_HOURS = ("%H:%M", "%H:%M:%S", "%I:%M %p", "%I:%M:%S %p", "%I:%M%p", "%I:%M:%S%p")
_TIMES = ("", *(mark + hours for mark in (" ", ", ") for hours in _HOURS))
_CHINESE = ("", " %H:%M", " %H:%M:%S", "%H:%M", "%H:%M:%S", " %H时%M分", " %H时%M分%S秒")
# Without marks strptime would take "1022025" for the year 1022.
_DIGITS = {"%Y%m%d%H%M%S": re.compile(r"\d{14}"), "%Y%m%d %H%M%S": re.compile(r"\d{8} \d{6}")}
PATTERNS = (
    *(date + time for date, time in product(_DATES, _TIMES)),
    *("%Y年%m月%d日" + time for time in _CHINESE),
    *_DIGITS,
)
_SAMPLE = 200


def patterns_of(texts: Sequence[str]) -> tuple[list[str], float]:
    """Return the patterns that read the most of some of the texts, and which share they read.

    >>> patterns_of(["31/12/2024 18:05", "01/02/2024 09:00"])
    (['%d/%m/%Y %H:%M'], 1.0)
    >>> patterns_of(["01.02.2024", "03.04.2024", "soon", "later"])
    (['%d.%m.%Y', '%m.%d.%Y'], 0.5)
    """
    sample = texts[:: -(-len(texts) // _SAMPLE)]
    read = {pattern: sum(_reads(text, pattern) for text in sample) for pattern in PATTERNS}
    most = max(read.values())
    found = [pattern for pattern, count in read.items() if count == most > 0]
    return found, most / len(sample)


def _reads(text: str, pattern: str) -> bool:
    if pattern in _DIGITS and not _DIGITS[pattern].fullmatch(text):
        return False
    try:
        dt.datetime.strptime(text, pattern)
    except ValueError:
        return False
    return True


def which(patterns: Sequence[str]) -> str:
    """Return what to say where each of these patterns reads all texts.

    >>> which(["%d/%m/%Y", "%m/%d/%Y"])  # doctest: +ELLIPSIS
    'Say which comes first: time_format="%d/%m/%Y" (day first) or time_format="%m/%d/%Y" (month ...
    """
    if len(patterns) == 1:
        return f'Say the pattern: time_format="{patterns[0]}".'
    first = {"d": "day", "b": "day", "m": "month", "y": "year", "Y": "year"}
    told = [f'time_format="{p}" ({first[p[1]]} first)' for p in patterns]
    return f"Say which comes first: {' or '.join(told)}."
