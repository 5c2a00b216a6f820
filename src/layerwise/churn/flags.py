"""Columns that say yes or no of a customer, with missing: outcomes and exposures."""

from collections.abc import Iterable
from typing import Any

import numpy as np

from layerwise import vectors
from layerwise.errors import ColumnsError, DataError, problems
from layerwise.rules.base import numbers
from layerwise.vectors import Array, Floats, Labels


def read_flags(frame: Any, names: Iterable[str]) -> dict[str, Floats]:
    """Return columns of yes and no as 1 and 0, missing as NaN.

    Args:
        frame: The wrapped customer table.
        names: Columns of true and false or of 1 and 0.

    Raises:
        DataError: A column holds anything else; all such columns are named.
        ColumnsError: A column is text or dates.
    """
    chosen = list(dict.fromkeys(names))
    found = {name: _as_numbers(frame, name) for name in chosen}
    texts = [name for name, values in found.items() if values is None]
    if texts:
        raise ColumnsError(
            f"Columns of yes and no hold no numbers: {', '.join(texts)}.",
            hint='make them true or false, e.g. table["left"] = table["status"] == "churned".',
        )
    flags = {name: np.asarray(values, dtype=np.float64) for name, values in found.items()}
    odd = {name: int(_odd(values).sum()) for name, values in flags.items()}
    lines = [f"{name}: {n:,} of {len(flags[name]):,}" for name, n in odd.items() if n]
    if lines:
        raise DataError(
            problems("Columns of yes and no hold other values than 0 and 1:", lines),
            hint="compare first, e.g. table['late'] = table['days_late'] > 0.",
        )
    return flags


def _as_numbers(frame: Any, name: str) -> Array | None:
    """Return a column as numbers, or nothing where it is text or dates."""
    try:
        column = vectors.read(frame, [name])[name]
    except ColumnsError:
        return None
    if isinstance(column, Labels) and column.names and isinstance(column.names[0], str):
        return None
    return numbers(column)


def _odd(values: Floats) -> Array:
    odd: Array = ~np.isnan(values) & (values != 0) & (values != 1)
    return odd
