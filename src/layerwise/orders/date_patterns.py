"""The patterns of `time_format=` that read texts which are no ISO dates, for a hint."""

import datetime as dt
from collections.abc import Sequence
from itertools import product

_SEPARATED = ("%d{0}%m{0}%Y", "%m{0}%d{0}%Y", "%d{0}%m{0}%y", "%m{0}%d{0}%y", "%Y{0}%m{0}%d")
_NAMED = ("%d %b %Y", "%d-%b-%Y", "%d-%b-%y", "%b %d, %Y", "%d %B %Y", "%B %d, %Y")
_DATES = (
    *(date.format(mark) for mark in "/.- " for date in _SEPARATED),
    *_NAMED,
    "%Y年%m月%d日",
    "%Y%m%d",
)
_HOURS = ("%H:%M", "%H:%M:%S", "%H:%M:%S.%f", "%I:%M %p", "%I:%M:%S %p")
_TIMES = ("", *(mark + hour for mark in (" ", ", ", "T", "") for hour in _HOURS), " %H%M%S")
_SAMPLE = 200


def patterns_of(texts: Sequence[str]) -> list[str]:
    """Return the patterns that read the most of some of the texts; none if none reads any.

    Two stand side by side where nobody can say if the day or the month comes first.

    >>> patterns_of(["31/12/2024 18:05", "01/02/2024 09:00"])
    ['%d/%m/%Y %H:%M']
    >>> patterns_of(["01.02.24"])
    ['%d.%m.%y', '%m.%d.%y']
    """
    sample = [text.strip() for text in texts[:: -(-len(texts) // _SAMPLE)]]
    read: dict[str, int] = {}
    for date, time in product(_DATES, _TIMES):
        read[date + time] = sum(_reads(text, date + time) for text in sample)
    most = max(read.values())
    return [pattern for pattern, count in read.items() if count == most] if most else []


def _reads(text: str, pattern: str) -> bool:
    try:
        dt.datetime.strptime(text, pattern)
    except ValueError:
        return False
    return True
