"""Which columns say things about people that may only be used with their consent."""

import re
from collections.abc import Iterable
from typing import Any

import numpy as np

from layerwise import arguments, frames, vectors
from layerwise.columns import AGE, SPECIAL_KIND, SPECIAL_ORDERS, SPECIAL_SHARE
from layerwise.errors import DataError, SpecError
from layerwise.vectors import Array, Column, Labels

HEALTH_TAGS = (SPECIAL_KIND, SPECIAL_SHARE, SPECIAL_ORDERS)
"""Columns of `add_baskets` from which health may be inferred, such as gluten_free."""

SENSITIVE_WORDS = frozenset(
    {"age", "sex", "gender", "birth", "birthday", "birthdate", "health", "medical", "illness"}
    | {"diagnosis", "allergy", "disability", "pregnant", "pregnancy", "religion", "ethnicity"}
    | {"race", "nationality", "orientation"}
)
"""A column with one of these words in its name is a sensitive trait; `age_days` is not."""


def is_sensitive(name: str, named: Iterable[str] = ()) -> bool:
    """Say whether a column is a sensitive trait, by its name or because it was named.

    >>> is_sensitive("age_band"), is_sensitive("age_days"), is_sensitive("average_spend")
    (True, False, False)
    """
    words = set(re.split(r"[^a-z]+", name.lower()))
    return name in set(named) or (name != AGE and bool(words & SENSITIVE_WORDS))


def sensitive_names(names: Any) -> tuple[str, ...]:
    """Return what `sensitive=` names.

    Raises:
        SpecError: It names nothing, or one text is given for several.
    """
    chosen = arguments.several(names)
    if not all(isinstance(name, str) for name in chosen):
        raise SpecError(
            f"sensitive= is a {type(names).__name__}; it lists names.", hint='sensitive=["pets"].'
        )
    return chosen


def read_consent(frame: Any, name: str) -> Array:
    """Return who has consented; missing means no.

    Raises:
        ColumnsError: There is no such column, or it holds text.
        DataError: It holds something else than yes and no.
    """
    arguments.require(
        frames.column_names(frame), {name: "consent="}, title="The customer table lacks columns:"
    )
    return consent_of(vectors.read(frame, [name])[name], name)


def consent_of(column: Column, name: str) -> Array:
    """Return who has consented, of a column that was read; missing means no.

    Raises:
        ColumnsError: It holds text.
        DataError: It holds something else than yes and no.
    """
    values = column.numbers() if isinstance(column, Labels) else column.astype(np.float64)
    odd = int((~np.isnan(values) & (values != 0) & (values != 1)).sum())
    if odd:
        raise DataError(
            f"{name}: {odd:,} of {len(values):,} values are neither yes nor no.",
            hint="consent is True or False; missing counts as no.",
        )
    consented: Array = values == 1
    return consented
