"""Short text ids as whole numbers in the order of the text.

Shops' ids are mostly short and vary in a few places only ("C-0012345", "e981"). Each place that
varies is a digit of a mixed-radix number, and a place that a shorter text lacks is the least digit,
so the numbers are different exactly where the texts are, sort as the texts do, and need no hash
table of texts.
"""

from collections.abc import Iterable, Iterator
from typing import Any

import attrs
import numpy as np
import pandas as pd

from layerwise.orders.blank_ids import blank_among

_BLOCK = 1 << 14
_SAMPLE = 1 << 12
_LONGEST = 64
_MOST = 2**62


@attrs.frozen(eq=False)
class _Texts:
    """The texts of an Arrow chunk: text i is data[ends[i] : ends[i + 1]]."""

    ends: np.ndarray
    data: np.ndarray
    shortest: int
    longest: int

    def __len__(self) -> int:
        return len(self.ends) - 1

    def blocks(self, width: int, step: int = 1) -> Iterator[np.ndarray]:
        """Return the bytes of every `step`th text by blocks, a row a place, 0 past a text's end."""
        if self.shortest == width:
            flat = self.data[self.ends[0] : self.ends[-1]].reshape(len(self), width)[::step]
            for i in range(0, len(flat), _BLOCK):
                yield np.ascontiguousarray(flat[i : i + _BLOCK].T)
            return
        for i in range(0, len(self), _BLOCK * step):
            ends = self.ends[i : i + _BLOCK * step + 1].astype(np.int64)
            yield self._padded(ends[:-1][::step], np.diff(ends)[::step], width)

    def _padded(self, start: np.ndarray, length: np.ndarray, width: int) -> np.ndarray:
        out = np.zeros((width, len(start)), dtype=np.uint8)
        for place in range(min(width, self.longest)):
            np.take(self.data, start + place, mode="clip", out=out[place])
            if place >= self.shortest:
                out[place] *= length > place
        return out


@attrs.frozen(eq=False)
class _Places:
    """What stands at each place: the least and largest byte, and whether some texts lack it.

    Where all lack it, the least is above all bytes.
    """

    low: np.ndarray
    high: np.ndarray
    lacking: np.ndarray

    @property
    def base(self) -> np.ndarray:
        """The byte that is the digit 0."""
        first: np.ndarray = self.low - self.lacking
        return first

    @property
    def radix(self) -> list[int]:
        """How many digits there are."""
        return [max(1, r) for r in (self.high - self.base + 1).tolist()]

    def hold(self, others: "_Places") -> bool:
        """Say whether the digits can write these other places."""
        within = (others.low >= self.low) & (others.high <= self.high)
        return bool((within & (self.lacking | ~others.lacking)).all())


def numbers_of(series: pd.Series) -> np.ndarray | None:
    """Return an int64 for each text, or None if the texts are too long or too varied.

    Texts with a blank one among them get None too: a blank id is missing.
    """
    texts = _texts(series)
    if texts is None:
        return None
    width = max(chunk.longest for chunk in texts)
    out = np.empty(sum(map(len, texts)), dtype=np.int64)
    # The sample nearly always shows every value of every place; if not, look at all of them.
    for sample in (_SAMPLE, len(out)):
        places = _places(
            block for t in texts for block in t.blocks(width, max(1, len(t) // sample))
        )
        if not _fits(places):
            return None
        if _fill((block for t in texts for block in t.blocks(width)), places, out):
            blank = _may_be_blank(places) and blank_among(series.array) is not None
            return None if blank else out
    return None


def _may_be_blank(places: _Places) -> bool:
    """Say whether the first bytes allow white space: none, up to " ", or those of wider blanks."""
    low, high = int(places.base[0]), int(places.high[0])
    return bool(places.lacking[0]) or low <= 0x20 or (low <= 0xE3 and high >= 0xC2)


def _texts(series: pd.Series) -> list[_Texts] | None:
    """Return the texts of each Arrow chunk; None if there are none, or no places to compare."""
    if not isinstance(series.dtype, (pd.ArrowDtype, pd.StringDtype)) or series.hasnans:
        return None
    try:
        import pyarrow as pa
    except ImportError:
        return None
    values = pa.array(series)
    chunks = values.chunks if isinstance(values, pa.ChunkedArray) else [values]
    found = [_of_chunk(chunk, pa) for chunk in chunks if len(chunk)]
    known = [texts for texts in found if texts is not None]
    longest = max((texts.longest for texts in known), default=0)
    if len(known) < len(found) or not 0 < longest <= _LONGEST:
        return None
    # A zero byte inside a text would look like its end.
    ragged = any(texts.shortest < longest for texts in known)
    zeros = ragged and any(_used(texts).min(initial=1) == 0 for texts in known)
    return None if zeros else known


def _used(texts: _Texts) -> np.ndarray:
    return texts.data[texts.ends[0] : texts.ends[-1]]


def _of_chunk(chunk: Any, pa: Any) -> _Texts | None:
    wide = pa.types.is_large_string(chunk.type)
    if not wide and not pa.types.is_string(chunk.type):
        return None
    _, ends, data = chunk.buffers()
    kind = np.dtype(np.int64 if wide else np.int32)
    offsets = np.frombuffer(
        ends, dtype=kind, count=len(chunk) + 1, offset=chunk.offset * kind.itemsize
    )
    if data is None or not data.size:
        return None
    length = np.diff(offsets)
    flat = np.frombuffer(data, dtype=np.uint8)
    return _Texts(offsets, flat, int(length.min()), int(length.max()))


def _places(blocks: Iterable[np.ndarray]) -> _Places:
    """Return what stands at each place of some blocks."""
    found = [_places_of(block) for block in blocks]
    return _Places(
        np.min([f.low for f in found], axis=0),
        np.max([f.high for f in found], axis=0),
        np.any([f.lacking for f in found], axis=0),
    )


def _places_of(block: np.ndarray) -> _Places:
    low = block.min(axis=1).astype(np.int64)
    lacking = low == 0
    if lacking.any():
        low[lacking] = (block[lacking] - np.uint8(1)).min(axis=1).astype(np.int64) + 1  # 0 is last
    return _Places(low, block.max(axis=1).astype(np.int64), lacking)


def _fits(places: _Places) -> bool:
    size = 1
    for radix in places.radix:
        size *= radix
    return size < _MOST


def _fill(blocks: Iterable[np.ndarray], places: _Places, out: np.ndarray) -> bool:
    """Write the numbers; False if a byte is outside its place's range."""
    radix, bases, start = places.radix, places.base.astype(np.uint8), 0
    for block in blocks:
        if not places.hold(_places_of(block)):
            return False
        number = out[start : start + block.shape[1]]
        number[:] = 0
        for place, base, r in zip(block, bases, radix, strict=True):
            if r > 1:
                number *= r
                number += np.maximum(place, base) - base
        start += block.shape[1]
    return True
