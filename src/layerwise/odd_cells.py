"""Cells that nothing can be done with: texts that no file can hold, lists, signaling NaN."""

from collections.abc import Iterable
from decimal import InvalidOperation
from typing import Any

import pandas as pd

from layerwise.errors import ColumnsError, DataError


def check_cells(series: Any, name: object) -> None:
    """Refuse a column, a pandas Series, with a cell of which nobody can say if it is missing.

    Raises:
        DataError: It holds Decimal("sNaN"), on which every comparison fails.
    """
    if isinstance(series, pd.Series) and series.dtype == object:
        try:
            series.isna()
        except InvalidOperation:
            raise DataError(
                f'{name} holds signaling NaN, Decimal("sNaN").', hint="make it missing (None)."
            ) from None


def check_texts(texts: Iterable[object], name: object) -> None:
    """Refuse texts that no file and no engine can hold; give it the distinct ones.

    Raises:
        DataError: With their number.
    """
    known = [text for text in texts if isinstance(text, str)]
    if is_utf8("".join(known)):  # halves of a pair that meet are still two halves
        return
    if odd := sum(not is_utf8(text) for text in known):
        raise DataError(
            f"{name} holds {odd:,} different texts that UTF-8 cannot write.",
            hint='read the file anew, or text.encode("utf-8", "replace").decode() mends them.',
        )


def distinct(series: pd.Series, name: object) -> list[Any]:
    """Return the different values of a column, missing ones left out, refused if some have no hash.

    Raises:
        ColumnsError: It holds lists or the like.
        DataError: It holds signaling NaN, or texts that UTF-8 cannot write.
    """
    check_cells(series, name)
    try:
        found = pd.unique(series.dropna())
    except (TypeError, NotImplementedError):  # Arrow says the latter
        raise ColumnsError(
            f"{name} holds lists or the like.", hint="a cell is one text or one number."
        ) from None
    values = list(found)
    check_texts(values, name)
    return values


def is_utf8(text: str) -> bool:
    r"""Say whether a text can be written as UTF-8; half of a surrogate pair cannot.

    >>> is_utf8("é😀"), is_utf8("\ud800")
    (True, False)
    """
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
