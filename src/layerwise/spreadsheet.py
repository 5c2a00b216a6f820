"""CSV cells that a spreadsheet would run as a formula, made harmless and read back unchanged.

A cell that starts with ``=``, ``+``, ``-``, ``@``, a tab or a line end (or the full-width form of
one) is a formula to a spreadsheet. `protect` puts an apostrophe in front, which makes it text;
`unprotect` takes exactly that apostrophe off again.
"""

import re

FORMULA_STARTS = "=+-@\t\r\n＝＋－＠"
"""First characters that make a spreadsheet read a cell as a formula."""

_STARTS = re.escape(FORMULA_STARTS)
_RISKY = re.compile(rf"'*\s*[{_STARTS}]")
_PROTECTED = re.compile(rf"'+\s*[{_STARTS}]")


def protect(cell: str) -> str:
    """Return the cell as text that no spreadsheet runs.

    A cell that already looks protected gets one more apostrophe, so that `unprotect` undoes this
    exactly for every text.

    >>> protect("=1+1"), protect("loyal"), protect("'-5")
    ("'=1+1", 'loyal', "''-5")
    """
    return f"'{cell}" if _RISKY.match(cell) else cell


def unprotect(cell: str) -> str:
    """Return the cell as it was before `protect`.

    >>> unprotect("'=1+1"), unprotect("'tis")
    ('=1+1', "'tis")
    """
    return cell[1:] if _PROTECTED.match(cell) else cell
