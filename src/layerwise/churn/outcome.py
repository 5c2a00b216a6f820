"""Who left: the yes or no that groups and causes are judged by."""

import warnings
from typing import Any

import numpy as np

from layerwise import frames
from layerwise.churn.flags import read_flags
from layerwise.columns import CUSTOMER
from layerwise.errors import DataError, RowsLeftOutWarning
from layerwise.logs import read_roster
from layerwise.vectors import Array, Floats


def read_outcome(frame: Any, name: str, *, stacklevel: int = 3) -> tuple[Floats, Array]:
    """Return who left, as 1 and 0, of the customers of whom it is known, and which these are.

    Args:
        frame: The wrapped customer table.
        name: The column.
        stacklevel: As in `warnings.warn`; 3 points at who called the caller.

    Raises:
        DataError: Nobody or everybody left, or values are not yes or no, or the ids of a column
            `customer_id` are missing or stand twice: rows would be taken for customers.
        ColumnsError: The column is text or dates.
    """
    if CUSTOMER in frames.column_names(frame):
        read_roster(frame.to_native())
    values = read_flags(frame, [name])[name]
    known = ~np.isnan(values)
    left = values[known]
    if not len(left) or (left == left[0]).all():
        found = f"All {len(left):,} customers have the same outcome" if len(left) else "No outcome"
        raise DataError(
            f"{found} in {name}.",
            hint="leavers and stayers are needed; take another outcome window.",
        )
    if len(left) < len(values):
        warnings.warn(
            f"{len(values) - len(left):,} of {len(values):,} customers left out: no outcome in "
            f"{name}.\nHint: say who left for each of them, or leave them out on purpose.",
            RowsLeftOutWarning,
            stacklevel=stacklevel,
        )
    return left, known
