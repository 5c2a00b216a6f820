"""Ids in one spelling: phone numbers, e-mail addresses and ids of other kinds.

Spelling is all that is changed. Whether two spellings are one person is never guessed.
"""

import math
import re
import unicodedata
from collections.abc import Callable
from decimal import Decimal
from numbers import Real
from typing import Any

import numpy as np
import pandas as pd

from layerwise.errors import ColumnsError, DataError, SpecError
from layerwise.odd_cells import check_cells
from layerwise.orders.ids import read_ids
from layerwise.vectors import Array

KINDS = ("id", "phone", "email", "id_card")
"""Kinds of ids that are normalised each in its own way; any other kind is treated as "id"."""

_MAIL = re.compile(r"[^@\s,;]+@[^@\s,;]+\.[^@\s,;.]+")
_PHONE_MARKS = re.compile(r"[\s\-–—./()\[\]\u200b\u200e\u202a\u202c\u202d\ufeff]+")
_COUNTRY = re.compile(r"[1-9][0-9]{0,2}")


def normalise(ids: object, *, kind: str = "id", country: str | None = None) -> pd.Series:
    """Return ids in one spelling, as text objects; None where there is none or it cannot be one.

    - "phone": digits after a plus, full-width digits and separators allowed; 00 stands for the
      plus, and a number without either gets the country's code, its trunk zeros taken off. Fewer
      than 7 or more than 15 digits are no phone number (ITU-T E.164).
    - "email": lower case, blanks at the ends taken off; without one @ and a dot after it, none.
    - "id_card": upper case without blanks.
    - any other kind: the id as it stands, a whole number as its digits; blank is none.

    Args:
        ids: A column of ids: whole numbers or text.
        kind: What they are.
        country: Calling code of phone numbers that do not say theirs, such as "86".

    Raises:
        ColumnsError: The column holds no ids.
        SpecError: Phone numbers lack their country's code and `country` is not given.

    >>> normalise([" 138 0013-8000", "+86 13800138000", None], kind="phone", country="86").tolist()
    ['+8613800138000', '+8613800138000', None]
    >>> normalise(["Ann@Example.com ", "ann"], kind="email").tolist()
    ['ann@example.com', None]
    """
    codes, texts = distinct_texts(ids)
    spelled = spell(texts, kind=kind, country=country)
    return pd.Series(or_none(spelled)[codes], dtype=object)


def distinct_texts(ids: object, *, name: str = "The column of ids") -> tuple[Array, list[str]]:
    """Return for each row the place of its id among the distinct ids as text; -1 is none.

    Raises:
        ColumnsError: The column holds no ids, or numbers and text in one.
        DataError: Floats that are no whole numbers.
    """
    series = as_series(ids)
    read = read_ids(series, name)
    known = np.ones(len(series), bool) if read.missing is None else ~read.missing
    rows, found = np.flatnonzero(known), np.full(len(series), -1, dtype=np.int64)
    place, distinct = pd.factorize(read.code[rows])
    found[rows] = place
    objects = series.take(rows[_first(place, len(distinct))]).tolist()
    kinds = {isinstance(value, str) for value in objects}
    if len(kinds) > 1:
        raise ColumnsError(
            f"{name} mixes text and numbers, so that 7 and the text 7 cannot be told apart.",
            hint="make it one type, e.g. with astype(str).",
        )
    if kinds == {False}:
        _check_numbers(objects, name)
        objects = [str(int(value)) if float(value) == value else str(value) for value in objects]
    return found, objects


def _check_numbers(values: list[Any], name: str) -> None:
    """Refuse ids that are neither text nor finite numbers, such as dates or bytes."""
    odd = sorted({type(v).__name__ for v in values if not isinstance(v, Real | Decimal)})
    if odd:
        raise ColumnsError(
            f"{name} holds {', '.join(odd)}; ids are text or whole numbers.",
            hint="make it text, e.g. with astype(str).",
        )
    if not all(map(math.isfinite, values)):
        raise DataError(f"{name} holds infinite numbers.", hint="correct or drop them.")


def as_series(values: object) -> pd.Series:
    """Return a column of any kind as a pandas Series with a new index.

    Raises:
        ColumnsError: It is no column.
    """
    if isinstance(values, pd.Series):
        check_cells(values, "The column of ids")
        return values.reset_index(drop=True)
    no_column = isinstance(values, str | bytes | dict | set | frozenset | pd.DataFrame)
    if no_column or not hasattr(values, "__len__") or getattr(values, "ndim", 1) != 1:
        raise ColumnsError(
            f"Ids come as a column or a list, not as a {type(values).__name__}.",
            hint='for example customers["customer_id"].',
        )
    if hasattr(values, "to_list"):  # Polars and the like
        values = values.to_list()
    objects = pd.Series(values, dtype=object)
    check_cells(objects, "The column of ids")
    texts = pd.api.types.infer_dtype(objects) in ("string", "mixed", "empty")
    found = objects if texts else pd.Series(values)
    return objects if found.dtype.kind in "fO" else found


def or_none(values: Array) -> Array:
    """Return the values with None behind them, so that the code -1 means None."""
    return _objects([*values, None])


def _first(place: Array, n: int) -> Array:
    rows = np.zeros(n, dtype=np.int64)
    rows[place[::-1]] = np.arange(len(place) - 1, -1, -1)
    return rows


def spell(texts: list[str], *, kind: str, country: str | None) -> Array:
    """Return each text in its one spelling, None where it is no such id."""
    check_country(country)
    if not isinstance(kind, str):
        raise SpecError(
            f"kind must be a text, not a {type(kind).__name__}.", hint=f"one of {', '.join(KINDS)}."
        )
    if kind == "phone":
        return _phones(texts, country)
    one: Callable[[str], str | None] = {"email": _email, "id_card": _card}.get(kind, _plain)
    return _objects([one(text) for text in texts])


def check_country(country: Any) -> None:
    """Refuse what is no calling code.

    Raises:
        SpecError: It is none.
    """
    if country is not None and not (isinstance(country, str) and _COUNTRY.fullmatch(country)):
        raise SpecError(
            "country must be a calling code of one to three digits, as text.",
            hint='country="86" is China; None if all phone numbers say theirs.',
        )


def _phones(texts: list[str], country: str | None) -> Array:
    spelled = [_phone(text, country) for text in texts]
    homeless = sum(number == "" for number in spelled)
    if homeless:
        raise SpecError(
            f"Phone numbers without a country's code: {homeless:,} of {len(texts):,} distinct.",
            hint='give country="86", or the code of the country where they were collected.',
        )
    return _objects(spelled)


def _phone(text: str, country: str | None) -> str | None:
    """Return the number with its plus, None if it is none, "" if the country is not known."""
    digits = _PHONE_MARKS.sub("", unicodedata.normalize("NFKC", text))
    if digits.startswith("00"):
        digits = "+" + digits[2:]
    if digits.startswith("+"):
        number = digits[1:]
    elif not (digits.isascii() and digits.isdigit() and digits.strip("0")):
        return None
    elif country is None:
        return ""
    else:
        number = country + digits.lstrip("0")
    good = number.isascii() and number.isdigit() and 7 <= len(number) <= 15
    return f"+{number}" if good and number[0] != "0" else None


def _email(text: str) -> str | None:
    mail = unicodedata.normalize("NFKC", text).strip().lower()
    return mail if _MAIL.fullmatch(mail) else None


def _card(text: str) -> str | None:
    return re.sub(r"\s", "", unicodedata.normalize("NFKC", text)).upper() or None


def _plain(text: str) -> str | None:
    return text if text.strip() else None


def _objects(values: list[Any]) -> Array:
    found = np.empty(len(values), dtype=object)
    found[:] = values
    return found
