"""Ids that came as floats: what pandas makes of whole numbers as soon as one is missing."""

from typing import Any

import numpy as np
import pandas as pd

from layerwise.errors import DataError, problems

FLOAT64_ROOM = 2**53
FLOAT32_ROOM = 2**24


def whole_ids(series: pd.Series, name: Any) -> tuple[np.ndarray, np.ndarray | None]:
    """Return float ids as int64, and which are missing (there the integer means nothing).

    Raises:
        DataError: Some are not whole, or so large that neighbouring ids are one float.
    """
    values = series.to_numpy(dtype=np.float64, na_value=np.nan)
    missing = np.isnan(values)
    room = _room(series)
    blurred = np.abs(values) >= room  # False for NaN
    broken = ~missing & ~blurred & (values != np.floor(values))
    refuse_floats(name, len(values), int(blurred.sum()), int(broken.sum()), room=room)
    if not missing.any():
        return values.astype(np.int64), None
    return np.where(missing, _some(values), values).astype(np.int64), missing


def refuse_floats(name: Any, n: int, blurred: int, broken: int, *, room: int) -> None:
    """Raise if float ids are too large to be told apart, or are not whole.

    Raises:
        DataError: With both counts.
    """
    lines = []
    if blurred:
        power = room.bit_length() - 1
        lines.append(
            f"{blurred:,} of {n:,} ids are floats of 2**{power} or more, where neighbouring ids "
            "are one number"
        )
    if broken:
        lines.append(f"{broken:,} of {n:,} ids are floats that are not whole numbers")
    if lines:
        raise DataError(
            problems(f"{name} holds floats that are no ids:", lines),
            hint='Read the column as text or integers: read_csv(..., dtype={"customer": "str"}).',
        )


def integer_type(dtype: Any) -> Any:
    """Return the pandas type of whole ids from a column of this float type."""
    if isinstance(dtype, pd.ArrowDtype):
        return "int64[pyarrow]"
    return "Int64" if pd.api.types.is_extension_array_dtype(dtype) else "int64"


def _some(values: np.ndarray) -> float:
    """Return any of the ids, to stand where one is missing."""
    known = values[~np.isnan(values)]
    return float(known[0]) if len(known) else 0.0


def _room(series: pd.Series) -> int:
    """Return from where on neighbouring whole numbers are one float of the column's own width."""
    width = getattr(series.dtype, "itemsize", 8)
    inner = str(getattr(series.dtype, "pyarrow_dtype", ""))
    return FLOAT32_ROOM if width < 8 or inner in ("float", "halffloat") else FLOAT64_ROOM
