"""Which segment a customer of an order log belongs to, read from a table of labels."""

import warnings
from typing import Any

import attrs
import numpy as np
import pandas as pd

from layerwise import arguments, frames, vectors
from layerwise.columns import CUSTOMER
from layerwise.errors import DataError, RowsLeftOutWarning, SpecError
from layerwise.logs import places, read_roster
from layerwise.segments import as_labels, in_order
from layerwise.vectors import Array, Column

ALL = "all"
"""The segment of everybody."""

_MOST = 200


@attrs.frozen(eq=False)
class Segments:
    """The segment of each customer: `code` indexes `names`, -1 is none.

    Names stand in the order of the labels, if these have one, else sorted.
    """

    names: tuple[str, ...]
    code: Array


def read_segments(
    segments: object, by: object, ids: pd.Series, *, customer: Any, stacklevel: int = 3
) -> Segments | None:
    """Return the segments of customers; None without `segments` and `by`.

    Args:
        segments: A table with one row a customer, in memory.
        by: Its column of labels.
        ids: The ids of the customers of the order log.
        customer: The id column of the order log; the table has this or `customer_id`.
        stacklevel: As in `warnings.warn`.

    Raises:
        SpecError: Only one of both is given, or `by` is no column name.
        ColumnsError: A column is missing, or the labels are numbers with fractions.
        DataError: No customer is in the table, ids stand twice, or there are too many segments.
    """
    if segments is None and by is None:
        return None
    if segments is None or not isinstance(by, str):
        raise SpecError(
            "segments= is a table with one row a customer and by= its column of labels; "
            "both are needed.",
            hint="segments=labels, by='value'.",
        )
    what = "the table of segments"
    frame = frames.eager(segments, doing="segments=")
    found = frames.column_names(frame)
    key = CUSTOMER if CUSTOMER in found else str(customer)
    arguments.require(found, {key: "segments=", by: "by="}, title="The table of segments lacks:")
    roster = read_roster(segments, customer=key, what=what)
    names, code = _labels(vectors.read(frame, [by], what=what)[by], by)
    place = places(ids, key, roster)
    labelled = np.where(place >= 0, code[place], -1) if len(code) else np.full(len(ids), -1)
    _tell(labelled, place, by, stacklevel + 1)
    return Segments(names, labelled)


def _labels(column: Column, by: str) -> tuple[tuple[str, ...], Array]:
    """Return the names in their order, without those that nobody has, and the codes."""
    code, names = in_order(as_labels(column, by))
    if len(names) > _MOST:
        raise DataError(
            f"{by} has {len(names):,} different labels, more than {_MOST}.",
            hint="take a column with few labels, such as a layer.",
        )
    if ALL in names:
        raise DataError(
            f"{by} has the label {ALL!r}, which stands for everybody here.",
            hint="rename that label.",
        )
    return names, code


def _tell(code: Array, place: Array, by: str, stacklevel: int) -> None:
    without, n = int((code < 0).sum()), len(code)
    if without == n:
        raise DataError(
            f"None of the {n:,} customers of the order log has a label in {by}: {n:,} customers, "
            f"{int((place >= 0).sum()):,} of them in the table of segments.",
            hint="make the ids of both tables one type, and check that both are of one shop.",
        )
    if without:
        warnings.warn(
            f"{without:,} of {n:,} customers have no label in {by}; they are in no segment.\n"
            "Hint: label all customers of the order log, or expect this.",
            RowsLeftOutWarning,
            stacklevel=stacklevel,
        )
