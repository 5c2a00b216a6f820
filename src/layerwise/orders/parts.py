"""A large log in parts, each of customers so few that their tables stay in the processor's cache.

Counting touches a table of customers in the order of the rows, at random. Once such a table is
larger than the cache each touch waits for memory, so from some size on it is cheaper to move the
rows together first: one pass that writes to as many places as there are parts.
"""

from collections.abc import Iterator
from typing import Any

import attrs
import numpy as np

from layerwise.orders.amounts import Amounts
from layerwise.orders.rows import Rows

# Log2 of a part's codes: 32,768 numbers of eight bytes are a quarter of a usual second-level cache.
_CODES = 15
# Log2 of the most parts: more places to write to than this are themselves beyond the cache.
_PARTS = 10
# Logs of fewer rows, or with a smaller range of codes, are not worth the pass.
_MANY = 1 << 19
_BLOCK = 1 << 19
# Bits of code and moment in one integer; the place of a column of sparse tables is below 2**31 - 1.
_BITS = 30


@attrs.frozen(eq=False)
class Part:
    """Rows of the customers whose codes are base, base + 1, ... base + n - 1.

    Attributes:
        code: The customer's code less base.
        moment: Days (or hours) since 1970-01-01.
        amounts: Net amounts; None without amount=.
        n: The codes of the part, not all of which need to occur.
        base: The first of them.
    """

    code: np.ndarray
    moment: np.ndarray
    amounts: Amounts | None
    n: int
    base: int = 0


def parts(rows: Rows) -> Iterator[Part]:
    """Yield the rows by ascending codes; all at once where that is as fast, or nothing else goes.

    Amounts that are no whole minor units stay together: their sums are made on a grid that depends
    on all amounts that are added. So do codes and moments that do not fit in one small integer.
    """
    n, moment, amounts = rows.ids.n, rows.moment, rows.amounts
    whole = Part(rows.code, moment, amounts, n)
    if min(len(moment), n) < _MANY or (amounts and amounts.scale is None):
        yield whole
        return
    low = int(moment.min())
    time_bits = (int(moment.max()) - low).bit_length()
    code_bits = max(min(_CODES, _BITS - time_bits), n.bit_length() - _PARTS)
    if code_bits + time_bits > _BITS:
        yield whole
        return
    blocks = _blocks(rows, low, time_bits, code_bits)
    for i, base in enumerate(range(0, n, 1 << code_bits)):
        key = np.concatenate([each.indices[each.indptr[i] : each.indptr[i + 1]] for each in blocks])
        value = [each.data[each.indptr[i] : each.indptr[i + 1]] for each in blocks]
        yield Part(
            code=key >> np.int32(time_bits),
            moment=(key & np.int32((1 << time_bits) - 1)) + np.int32(low),
            amounts=amounts and attrs.evolve(amounts, value=np.concatenate(value)),
            n=min(1 << code_bits, n - base),
            base=base,
        )


def _blocks(rows: Rows, low: int, time_bits: int, code_bits: int) -> list[Any]:
    """Return the rows in sparse tables, a line a part: code and moment in one integer, amounts.

    Within a part the rows stay in their order. Memory that is used for the first time costs as much
    as the moving, so it is done block by block, in the same memory.
    """
    from scipy.sparse import coo_array

    shape = ((rows.ids.n - 1 >> code_bits) + 1, 1 << _BITS)
    blocks = []
    for start in range(0, len(rows.code), _BLOCK):
        block = slice(start, start + _BLOCK)
        code = rows.code[block]
        part = (code >> code_bits).astype(np.int32, copy=False)
        key = (code & ((1 << code_bits) - 1)).astype(np.int32, copy=False)
        key <<= np.int32(time_bits)
        key |= rows.moment[block] - np.int32(low)
        bare = np.empty(len(key), dtype=np.int8)
        value = bare if rows.amounts is None else rows.amounts.value[block]
        table = coo_array((value, (part, key)), shape=shape)
        # Two rows of a customer on a day are two rows, not to be added up.
        table.has_canonical_format = True
        blocks.append(table.tocsr())
    return blocks
