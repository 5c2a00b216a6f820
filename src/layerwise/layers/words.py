"""Labels of other layers that a layer reads must be the words it knows."""

from collections.abc import Collection

import numpy as np

from layerwise.errors import ColumnsError, DataError
from layerwise.rules import NOT_EVALUABLE
from layerwise.vectors import Columns, Labels


def check_words(columns: Columns, column: str, known: Collection[str], reader: str) -> None:
    """Refuse a label column with other words, which would silently match nothing.

    Raises:
        ColumnsError: The column holds numbers.
        DataError: It holds other labels than `known` and not_evaluable.
    """
    labels = columns[column]
    hint = f"rename them, or name the column that {reader} should read."
    if not isinstance(labels, Labels):
        raise ColumnsError(f"{reader} reads labels in {column}, which holds numbers.", hint=hint)
    counts = np.bincount(labels.codes[labels.codes >= 0], minlength=len(labels.names))
    words = {*known, NOT_EVALUABLE}
    rows = sum(int(n) for name, n in zip(labels.names, counts, strict=True) if name not in words)
    if rows:
        raise DataError(
            f"{column} holds other labels than {reader} knows in {rows:,} of {len(labels):,} rows."
            f"\nKnown: {', '.join(known)}.",
            hint=hint,
        )
