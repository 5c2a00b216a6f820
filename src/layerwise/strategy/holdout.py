"""Who is left out by chance: a draw per customer and strategy that never changes.

``base = first 64 bits of HMAC-SHA256(salt, tag + id)`` once per customer (RFC 2104), then
``u = top 52 bits of splitmix64(base xor hash(strategy)) / 2**52`` (Steele, Lea and Flood 2014).
A draw depends on the salt, the id and the strategy alone: not on other customers, on the order of
rows, on the engine or on the time. An integer id and its decimal text are the same customer (7 and
"7"; "07" and "7.0" are others), so a file read as text or as integers gives the same draws.
"""

import hashlib
from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

from layerwise.errors import DataError, SpecError

CONTROL = "\x1fcontrol"
"""Stands for the whole plan in `draws`; no strategy's id can be this."""

_TAG = b"layerwise.holdout.v1\x1f"
_BLOCK = 64  # bytes of a SHA-256 block
_BITS = 52

ID_TYPES = (str, int, np.integer, UUID)


def canonical_ids(ids: Iterable[object]) -> list[bytes]:
    """Return each id as the text that is hashed.

    Args:
        ids: Integers, texts or UUIDs.

    Raises:
        DataError: An id is missing, or of another type (7.0 may be 7 or a code "7.0": say which).

    >>> canonical_ids([7, "7", "07"])
    [b'7', b'7', b'07']
    """
    cells: list[Any] = ids.tolist() if isinstance(ids, np.ndarray) else list(ids)
    kinds = set(map(type, cells))
    if kinds == {int}:
        return [b"%d" % i for i in cells]
    if kinds <= {str}:
        return [i.encode("utf-8", "surrogatepass") for i in cells]
    bad = sum(not isinstance(i, ID_TYPES) or isinstance(i, bool) for i in cells)
    if bad:
        raise DataError(
            f"{bad} of {len(cells)} customer ids are missing or neither text nor whole numbers.",
            hint="drop rows without an id; turn the id column into text or integers.",
        )
    return [str(i).encode("utf-8", "surrogatepass") for i in cells]


def bases(ids: Sequence[bytes], salt: str, *, tag: bytes = _TAG) -> NDArray[np.uint64]:
    """Return 64 bits per customer, from HMAC-SHA256 of tag and id with the salt as key.

    The two pads of HMAC are hashed once and copied, a third of the time of `hmac.new`.
    """
    inner, outer = _pads(salt, tag)
    copy_inner, copy_outer = inner.copy, outer.copy
    digests = bytearray()
    for i in ids:
        first = copy_inner()
        first.update(i)
        second = copy_outer()
        second.update(first.digest())
        digests += second.digest()[:8]
    return np.frombuffer(bytes(digests), dtype=">u8").astype(np.uint64)


def strategy_key(strategy: str) -> np.uint64:
    """Return the 64 bits that set one strategy's draws apart from another's."""
    return np.uint64(int.from_bytes(hashlib.sha256(strategy.encode()).digest()[:8], "big"))


def uniform(base: NDArray[np.uint64], key: NDArray[np.uint64] | np.uint64) -> NDArray[np.float64]:
    """Return the draws in [0, 1) of customers' bases for strategies' keys."""
    return share_of(_splitmix64(base ^ key))


def share_of(bits: NDArray[np.uint64]) -> NDArray[np.float64]:
    """Return the first 52 of 64 bits as a number in [0, 1)."""
    return (bits >> np.uint64(64 - _BITS)).astype(np.float64) / 2.0**_BITS


def draws(ids: Iterable[object], strategy: str, *, salt: str = "layerwise") -> NDArray[np.float64]:
    """Return one draw in [0, 1) per customer for a strategy; held out are those below the share.

    Args:
        ids: Customer ids: integers, texts or UUIDs; 7 and "7" draw alike.
        strategy: Id of the strategy, or `CONTROL` for the control group of the whole plan.
        salt: Text that sets this plan apart from others; another salt gives other draws.

    Raises:
        DataError: An id is missing or of another type.
        SpecError: The salt is empty or not text.

    >>> draws([7, "7", 8], "tier_high_offer").round(4)
    array([0.3488, 0.3488, 0.8457])
    """
    return uniform(bases(canonical_ids(ids), salt), strategy_key(strategy))


def _pads(salt: str, tag: bytes) -> tuple["hashlib._Hash", "hashlib._Hash"]:
    if not isinstance(salt, str) or not salt:
        raise SpecError("salt must be a text that is not empty.", hint='for example salt="spring".')
    key = salt.encode("utf-8", "surrogatepass")
    if len(key) > _BLOCK:
        key = hashlib.sha256(key).digest()
    key = key.ljust(_BLOCK, b"\0")
    inner = hashlib.sha256(bytes(b ^ 0x36 for b in key) + tag)
    return inner, hashlib.sha256(bytes(b ^ 0x5C for b in key))


def _splitmix64(x: NDArray[np.uint64]) -> NDArray[np.uint64]:
    with np.errstate(over="ignore"):  # arithmetic modulo 2**64 is the point
        z = x + np.uint64(0x9E3779B97F4A7C15)
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        return z ^ (z >> np.uint64(31))
