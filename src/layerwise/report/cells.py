"""Values as text that a reader sees, and as places on a small drawing."""

import math
import re
from typing import Any

from layerwise.report.document import HIDDEN, Column
from layerwise.spreadsheet import protect

MISSING, SMALL = "–", "•"
"""What stands for no value, and for a hidden one."""

_UNSEEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u2069\ufeff\ud800-\udfff]"
)
"""Control signs, and those that turn the direction of what follows: a name could lie with them."""

_FIGURE = re.compile(r"[+−<]?[\d,.]*\d%?(?: – [−<]?[\d,.]*\d%?| \w+)?")


def clean(text: str) -> str:
    r"""Return text of others without signs that cannot be seen, on one line.

    >>> clean("a\u202eb\x00c\nd")
    'a�b�c d'
    """
    return _UNSEEN.sub("\ufffd", re.sub(r"[\t\n\r]+", " ", text))


def is_figure(text: str) -> bool:
    """Return whether a text is a number, with its unit or interval: no formula can be one.

    >>> is_figure("+0.9 points"), is_figure("3.5% – 5.2%"), is_figure("+1+cmd")
    (True, True, False)
    """
    return _FIGURE.fullmatch(text) is not None


def named(text: str) -> str:
    """Return a cell of text as no spreadsheet runs it, should the table be pasted into one."""
    return text if is_figure(text) else protect(clean(text))


def text(cell: Any, column: Column) -> str:
    """Return a cell as a reader sees it.

    >>> text(0.0512, Column(title="share", kind="percent")), text(None, Column(title="n"))
    ('5.1%', '–')
    """
    if cell is None:
        return MISSING
    if cell is HIDDEN:
        return SMALL
    if column.kind == "text":
        return named(str(cell))
    if column.kind == "range":
        return _range(cell, column.unit)
    if column.kind == "trend":
        return ", ".join(number(value, column.unit) for value in cell)
    return number(cell, "percent" if column.kind in ("percent", "bar") else column.kind)


def number(value: Any, unit: str) -> str:
    """Return a number in its unit, with a true minus sign.

    >>> number(1234.5, "money"), number(-0.021, "percent"), number(2, "number")
    ('1,234', '−2.1%', '2.00')
    """
    if value is None:
        return MISSING
    if value is HIDDEN:
        return SMALL
    if unit == "percent":
        shown = f"{value:.1%}" if abs(value) >= 0.0005 or not value else "<0.1%"
    elif unit in ("count", "money"):
        shown = f"{value:,.0f}"
    else:
        digits = 3 if abs(value) < 1 else 2 if abs(value) < 100 else 0
        shown = f"{value:,.{digits}f}"
    return ("0" + shown[2:] if shown.strip("-0.,%") == "" and shown[0] == "-" else shown).replace(
        "-", "−"
    )


def _range(cell: dict[str, Any], unit: str) -> str:
    value = number(cell["value"], unit)
    if cell.get("low") is None or cell.get("high") is None:
        return value
    return f"{value} ({number(cell['low'], unit)} – {number(cell['high'], unit)})"


def place(value: Any, column: Column) -> float | None:
    """Return where a value lies on the axis of a range, from 0 to 100; ends hold what is beyond.

    >>> place(0.25, Column(title="rate", kind="range")), place(None, Column(title="rate"))
    (25.0, None)
    """
    if not isinstance(value, int | float):
        return None
    low, high = column.scale
    if column.log:
        low, high, value = math.log(low), math.log(high), math.log(max(value, 1e-9))
    return round(float(min(max((value - low) / ((high - low) or 1.0), 0.0), 1.0)) * 100, 2)


def trend_points(values: list[Any]) -> list[list[tuple[float, float]]]:
    """Return the pieces of a line through values, x from 0 to 100 and y from 0 (top) to 20.

    A value that is missing or hidden breaks the line.

    >>> trend_points([1.0, 3.0, None, 2.0])
    [[(0.0, 18.0), (33.33, 2.0)], [(100.0, 10.0)]]
    """
    known = [value for value in values if isinstance(value, int | float)]
    if not known:
        return []
    low, span = min(known), (max(known) - min(known)) or 1.0
    step = 100 / max(len(values) - 1, 1)
    pieces: list[list[tuple[float, float]]] = [[]]
    for i, value in enumerate(values):
        if isinstance(value, int | float):
            pieces[-1].append((round(i * step, 2), round(18 - 16 * (value - low) / span, 2)))
        else:
            pieces.append([])
    return [piece for piece in pieces if piece]
