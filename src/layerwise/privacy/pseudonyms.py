"""Pseudonyms: ids replaced by keyed hashes, so that tables can be joined and nobody read in them.

A hash without a key hides nothing here. There are some 10¹⁰ phone numbers, and one graphics card
hashes them all in seconds; so no function of layerwise offers one. A keyed hash (HMAC) can be
undone only by who holds the key. Pseudonymised data stays personal data.
"""

import hmac
import re
import warnings
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from layerwise import arguments, frames, vectors
from layerwise.errors import SpecError, WeakKeyWarning
from layerwise.orders.table import column
from layerwise.privacy.normal import as_series, distinct_texts, or_none, spell
from layerwise.vectors import Array

MIN_KEY_BYTES = 16
LENGTH = 26
"""Characters of a pseudonym after its key id: 26 of base 32 are 130 bits."""

_ALPHABET = np.frombuffer(b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", dtype=np.uint8)
_KEY_ID = re.compile(r"[A-Za-z0-9_]{1,16}")
_PSEUDONYM = re.compile(rf"{_KEY_ID.pattern}-[A-Z2-7]{{{LENGTH}}}")
_BLOCK = 1 << 16
_BYTES = 17  # 136 bits, of which 130 are used
_FEW_BITS = 80  # keys that look easier to guess than this are told


def pseudonymise(
    ids: object,
    *,
    key: bytes | str,
    key_id: str,
    purpose: str,
    kind: str = "id",
    country: str | None = None,
) -> pd.Series:
    """Return the pseudonym of each id: the key's id, a hyphen and 26 letters and digits.

    The letters are base32(HMAC-SHA256(key, fields)) cut to 130 bits; the fields are the purpose
    and the id in its one spelling (`normalise`), each after its length in 8 bytes, so that no two
    pairs of fields are the same text. The same id under another purpose has another pseudonym, so
    tables made for two purposes cannot be joined. None stays None, and so does an id that
    `normalise` takes for none. A pandas index is kept.

    There is no variant without a key: phone numbers, id-card numbers and addresses are few enough
    that all of their plain hashes can be tried.

    Args:
        ids: A column of ids: whole numbers or text.
        key: At least 16 secret bytes that are kept apart from the data, such as
            `secrets.token_bytes(32)` from a key store; text is taken as UTF-8.
        key_id: Which key it is, so that keys can be changed: letters, digits, underscores.
        purpose: What the pseudonyms are for.
        kind: "id", "phone", "email" or "id_card"; see `normalise`.
        country: Calling code of phone numbers that do not say theirs.

    Raises:
        SpecError: The key is short or one byte over and over, the key id or the purpose is not
            possible, or phone numbers lack their country.
        ColumnsError: The column holds no ids.

    Warns:
        WeakKeyWarning: The key is text that could be guessed.

    Source: Krawczyk, Bellare and Canetti (1997), RFC 2104; base 32 of RFC 4648.

    >>> key = bytes(range(32))  # an example; a real one is random and never in the code
    >>> names = pseudonymise([1042, 7], key=key, key_id="k1", purpose="churn")
    >>> names.tolist()
    ['k1-J6JHGUV3FWVDRLNJ3P7VNVTHT3', 'k1-RWI7IG6F43J3L57HHCNFQWGVSE']
    """
    secret = check_key(key, key_id=key_id, stacklevel=3)
    check_purpose(purpose)
    codes, texts = distinct_texts(ids)
    names = _names(secret, key_id, purpose, spell(texts, kind=kind, country=country))
    index = ids.index if isinstance(ids, pd.Series) else None
    return pd.Series(or_none(names)[codes], index=index, dtype=object)


def pseudonymise_columns(
    table: Any,
    *,
    kinds: dict[str, str],
    key: bytes | str,
    key_id: str,
    purpose: str,
    country: str | None = None,
) -> Any:
    """Return the table, in its own kind, with columns of ids replaced by pseudonyms.

    Args:
        table: A frame in memory.
        kinds: Column -> its kind, as in `pseudonymise`.
        key: As there.
        key_id: As there.
        purpose: As there.
        country: As there.

    Raises:
        ColumnsError: A column is missing or holds no ids.
        SpecError: As in `pseudonymise`.

    >>> people = pd.DataFrame({"customer_id": [7, 8], "city": ["Wuhan", "Xi'an"]})
    >>> safe = pseudonymise_columns(
    ...     people, kinds={"customer_id": "id"}, key=bytes(range(32)), key_id="k1", purpose="churn"
    ... )
    >>> safe["customer_id"].str.len().tolist(), safe["city"].tolist()
    ([29, 29], ['Wuhan', "Xi'an"])
    """
    check_key(key, key_id=key_id, stacklevel=3)
    check_purpose(purpose)
    if not isinstance(kinds, Mapping) or not all(isinstance(name, str) for name in kinds):
        raise SpecError(
            "kinds must map names of columns to their kinds.", hint='kinds={"customer_id": "id"}.'
        )
    frame = frames.eager(table, doing="Pseudonymisation")
    names = frames.column_names(frame)
    arguments.require(names, dict.fromkeys(kinds, "kinds="), title="The table lacks columns:")
    native = frame.to_native()
    with warnings.catch_warnings():  # told above, once
        warnings.simplefilter("ignore", WeakKeyWarning)
        made = {
            name: pseudonymise(
                as_series(column(native, name)),
                key=key,
                key_id=key_id,
                purpose=purpose,
                kind=kind,
                country=country,
            ).to_numpy()
            for name, kind in kinds.items()
        }
    return vectors.attach(frame, made)


def is_pseudonym(value: object) -> bool:
    """Say whether a value has the shape of a pseudonym: a key id, a hyphen, 26 letters and digits.

    >>> is_pseudonym("k1-J6JHGUV3FWVDRLNJ3P7VNVTHT3"), is_pseudonym("k1-1042"), is_pseudonym(7)
    (True, False, False)
    """
    return isinstance(value, str) and _PSEUDONYM.fullmatch(value) is not None


def check_key(key: Any, *, key_id: Any, stacklevel: int = 2) -> bytes:
    """Return the key as bytes; no message ever shows any of it.

    Raises:
        SpecError: It is short, of one byte over and over, or no key; or the key id is not possible.
    """
    if not isinstance(key, bytes | bytearray | str):
        raise SpecError(f"A key is bytes or text, not a {type(key).__name__}.", hint=_HOW)
    try:
        secret = key.encode() if isinstance(key, str) else bytes(key)
    except UnicodeEncodeError:
        raise SpecError("The key is a text that UTF-8 cannot write.", hint=_HOW) from None
    if len(secret) < MIN_KEY_BYTES:
        raise SpecError(
            f"The key has {len(secret)} bytes; {MIN_KEY_BYTES} are the least.", hint=_HOW
        )
    if len(set(secret)) < 5:
        raise SpecError(
            f"The key is made of {len(set(secret))} different bytes; it can be guessed.", hint=_HOW
        )
    if not isinstance(key_id, str) or not _KEY_ID.fullmatch(key_id) or key_id.encode() in secret:
        raise SpecError(
            "key_id must be up to 16 letters, digits or underscores, and no part of the key.",
            hint='key_id="2026a" says which key it is.',
        )
    if _bits(secret) < _FEW_BITS:
        warnings.warn(
            f"The key looks like text of about {_bits(secret):.0f} bits, which can be guessed."
            f"\nHint: {_HOW}",
            WeakKeyWarning,
            stacklevel=stacklevel,
        )
    return secret


_HOW = (
    "make one with secrets.token_bytes(32), and keep it in a key store or an environment "
    "variable, never beside the data."
)


def _bits(secret: bytes) -> float:
    """Return a rough bound of what there is to guess: 8 bits a byte, fewer if it reads as text.

    Hexadecimal digits hold 4 bits, other letters and digits as many as their frequencies say, and
    words of a language about 2 a letter.
    """
    if not all(32 <= byte < 127 for byte in secret):
        return 8.0 * len(secret)
    text = secret.decode()
    if re.fullmatch(r"[0-9a-f]+|[0-9A-F]+", text):
        return 4.0 * len(text) * len(set(text)) / 16
    if re.search(r"[A-Z]", text) and re.search(r"[a-z]", text) and re.search(r"[0-9]", text):
        counts = np.bincount(np.frombuffer(secret, np.uint8))
        share = counts[counts > 0] / len(secret)
        return float(-(share * np.log2(share)).sum() * len(secret))
    return 2.0 * len(text)


def check_purpose(purpose: Any) -> None:
    """Refuse a purpose that says nothing.

    Raises:
        SpecError: It is no text, or blank.
    """
    if not isinstance(purpose, str) or not purpose.strip():
        raise SpecError(
            "purpose must be a text that is not blank.",
            hint='say what the data is used for, such as purpose="churn_analysis".',
        )


def _names(secret: bytes, key_id: str, purpose: str, spelled: Array) -> Array:
    """Return the pseudonym of each distinct id, block by block."""
    head = _field(purpose)
    blocks = [
        _block(secret, f"{key_id}-", head, spelled[i : i + _BLOCK])
        for i in range(0, len(spelled), _BLOCK)
    ]
    return np.concatenate(blocks) if blocks else np.empty(0, dtype=object)


def _block(secret: bytes, start: str, head: bytes, ids: Array) -> Array:
    known = np.array([text is not None for text in ids], dtype=bool)
    digests = b"".join(
        hmac.digest(secret, head + _field(text), "sha256")[:_BYTES] for text in ids[known]
    )
    letters = _base32(np.frombuffer(digests, dtype=np.uint8).reshape(-1, _BYTES))
    names = np.full(len(ids), None, dtype=object)
    names[known] = [start + letters[i : i + LENGTH] for i in range(0, len(letters), LENGTH)]
    return names


def _field(text: str) -> bytes:
    data = text.encode("utf-8", "surrogatepass")
    return len(data).to_bytes(8, "big") + data


def _base32(digests: Array) -> str:
    bits = np.unpackbits(digests, axis=1)[:, : LENGTH * 5].reshape(-1, 5)
    values = bits @ np.array([16, 8, 4, 2, 1], dtype=np.uint8)
    return _ALPHABET[values].tobytes().decode("ascii")
