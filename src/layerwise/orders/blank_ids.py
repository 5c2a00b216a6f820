"""Ids that say nothing: empty texts and texts of white space only, which count as missing."""

from typing import Any

import numpy as np
import pandas as pd

# The white space of Python's str.strip, spelt out because engines have other ideas of it.
BLANKS = (
    "\t\n\x0b\x0c\r\x1c\x1d\x1e\x1f \x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006"
    "\u2007\u2008\u2009\u200a\u2028\u2029\u202f\u205f\u3000"
)


def is_blank(value: object) -> bool:
    """Say whether a value is a text of nothing but white space.

    >>> is_blank("  "), is_blank(""), is_blank(" a"), is_blank(0)
    (True, True, False, False)
    """
    return isinstance(value, str) and not value.strip(BLANKS)


def blank_among(values: Any) -> np.ndarray | None:
    """Return which of some values (an array or Index) are blank; None if none is.

    Args:
        values: Mostly the distinct ids, since looking at each row would take long.
    """
    if _is_text(values.dtype):
        stripped = pd.Series(values, copy=False).str.strip(BLANKS)
        found = (stripped == "").fillna(False).to_numpy(dtype=bool)
    elif values.dtype == object or "dictionary" in str(values.dtype):
        found = np.fromiter(map(is_blank, values), bool, len(values))
    else:
        return None
    return found if found.any() else None


def _is_text(dtype: Any) -> bool:
    inner = str(getattr(dtype, "pyarrow_dtype", ""))
    return isinstance(dtype, pd.StringDtype) or inner in ("string", "large_string")
