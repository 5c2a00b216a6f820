"""Text ids of one length as whole numbers in the order of the text.

Shops' ids are mostly short, of one length, and vary in a few places only ("C-0012345"). Each place
that varies is a digit of a mixed-radix number, so the numbers are different exactly where the texts
are, sort as the texts do, and need no hash table of texts.
"""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd

from layerwise.orders.blank_ids import blank_among

_BLOCK = 1 << 14
_SAMPLE = 1 << 12
_LONGEST = 64
_MOST = 2**62

Places = tuple[np.ndarray, np.ndarray]


def numbers_of(series: pd.Series) -> np.ndarray | None:
    """Return an int64 for each text, or None if the texts are not of one length, or too varied.

    Texts with a blank one among them get None too: a blank id is missing.
    """
    tables = _byte_tables(series)
    if tables is None:
        return None
    n = sum(len(table) for table in tables)
    out = np.empty(n, dtype=np.int64)
    sampled = _ranges(table[:: max(1, len(table) // _SAMPLE)] for table in tables)
    # The sample nearly always shows every value of every place; if not, look at all of them.
    for places in (sampled, None):
        places = places or _ranges(tables)
        if _fill(tables, places, out):
            blank = _may_be_blank(places) and blank_among(series.array) is not None
            return None if blank else out
    return None


def _may_be_blank(places: Places) -> bool:
    """Say whether the first bytes allow white space: up to " ", or those of wider blanks."""
    low, high = int(places[0][0]), int(places[1][0])
    return low <= 0x20 or (low <= 0xE3 and high >= 0xC2)


def _byte_tables(series: pd.Series) -> list[np.ndarray] | None:
    """Return the bytes of each Arrow chunk as a table, a row a text; None if that cannot be."""
    if not isinstance(series.dtype, (pd.ArrowDtype, pd.StringDtype)) or series.hasnans:
        return None
    try:
        import pyarrow as pa
    except ImportError:
        return None
    values = pa.array(series)
    chunks = values.chunks if isinstance(values, pa.ChunkedArray) else [values]
    tables = [_bytes_of(chunk, pa) for chunk in chunks if len(chunk)]
    known = [table for table in tables if table is not None]
    lengths = {table.shape[1] for table in known}
    if len(known) < len(tables) or len(lengths) != 1 or not 0 < lengths.pop() <= _LONGEST:
        return None
    return known


def _bytes_of(chunk: Any, pa: Any) -> np.ndarray | None:
    wide = pa.types.is_large_string(chunk.type)
    if not wide and not pa.types.is_string(chunk.type):
        return None
    _, ends, data = chunk.buffers()
    kind = np.dtype(np.int64 if wide else np.int32)
    first = chunk.offset * kind.itemsize
    offsets = np.frombuffer(ends, dtype=kind, count=len(chunk) + 1, offset=first)
    length = int(offsets[1] - offsets[0])
    if data is None or length * len(chunk) != offsets[-1] - offsets[0]:
        return None
    if not (np.diff(offsets) == length).all():
        return None
    size = length * len(chunk)
    flat = np.frombuffer(data, dtype=np.uint8, count=size, offset=int(offsets[0]))
    return flat.reshape(len(chunk), length)


def _columns(tables: Any) -> Iterator[np.ndarray]:
    """Return blocks with a row a place, so that places are contiguous."""
    for table in tables:
        for i in range(0, len(table), _BLOCK):
            yield np.ascontiguousarray(table[i : i + _BLOCK].T)


def _ranges(tables: Any) -> Places:
    lows, highs = [], []
    for block in _columns(tables):
        lows.append(block.min(axis=1))
        highs.append(block.max(axis=1))
    return np.min(lows, axis=0), np.max(highs, axis=0)


def _fill(tables: list[np.ndarray], places: Places, out: np.ndarray) -> bool:
    """Write the numbers; False if they do not fit or a byte is outside its place's range."""
    low, high = places
    radix = [int(h) - int(b) + 1 for b, h in zip(low, high, strict=True)]
    size = 1
    for r in radix:
        size *= r
    if size >= _MOST:
        return False
    start = 0
    for block in _columns(tables):
        if (block.min(axis=1) < low).any() or (block.max(axis=1) > high).any():
            return False
        number = out[start : start + block.shape[1]]
        number[:] = 0
        for place, base, r in zip(block, low, radix, strict=True):
            if r > 1:
                number *= r
                number += place - base
        start += block.shape[1]
    return True
