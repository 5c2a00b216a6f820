"""Pseudonyms against the definition, and keys that must be refused."""

import base64
import hashlib
import hmac
import re
from typing import Any

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from layerwise import privacy
from layerwise.errors import SpecError, WeakKeyWarning
from layerwise.privacy import pseudonymise, pseudonymise_columns
from tests.conftest import Engine

KEY = hashlib.sha256(b"for tests").digest()


def name(ids: object, **choices: Any) -> list[Any]:
    """Return pseudonyms for the purpose "churn"."""
    return pseudonymise(
        ids, **({"key": KEY, "key_id": "k1", "purpose": "churn"} | choices)
    ).tolist()


def by_definition(text: str, purpose: str = "churn") -> str:
    """Return the pseudonym as Python's own modules make it."""
    fields = [part.encode() for part in (purpose, text)]
    message = b"".join(len(f).to_bytes(8, "big") + f for f in fields)
    digest = hmac.new(KEY, message, hashlib.sha256).digest()
    return "k1-" + base64.b32encode(digest).decode()[:26]


@given(st.lists(st.text(alphabet=st.characters(codec="utf-8"), min_size=1, max_size=9)))
def test_pseudonyms_are_as_defined(texts: list[str]) -> None:
    """Base 32 of the keyed hash of length-prefixed fields; blank ids have none."""
    expected = [by_definition(text) if text.strip() else None for text in texts]
    assert name(pd.Series(texts, dtype=object)) == expected


def test_many_ids_go_in_blocks() -> None:
    """More ids than a block holds, repeated and missing ones among them."""
    ids = pd.Series([*range(70_000), 3, None], dtype="Int64")
    names = name(ids)
    assert len(set(names)) == 70_001
    assert names[-2] == names[3] == by_definition("3")
    assert names[65_536] == by_definition("65536")
    assert names[-1] is None


def test_another_purpose_gives_another_pseudonym() -> None:
    """Tables of two purposes, or of two keys, cannot be joined; fields do not run together."""
    assert name(["7"]) != name(["7"], purpose="mailing") != name(["7"], key=KEY[::-1])
    assert name(["b7"], purpose="a") != name(["7"], purpose="ab")


def test_spellings_of_a_phone_number_share_a_pseudonym() -> None:
    """The number is normalised before it is hashed."""
    ways = name(["138 0013 8000", "+8613800138000", None, "x"], kind="phone", country="86")
    assert ways == [by_definition("+8613800138000")] * 2 + [None] * 2


@pytest.mark.parametrize("key", [b"", b"short", KEY[:15], b"a" * 32, b"abab" * 8, None, 12345, [1]])
def test_weak_keys_are_refused(key: Any) -> None:
    """A key has 16 bytes or more, of more than a few kinds, and is shown in no message."""
    with pytest.raises(SpecError) as caught:
        name([7], key=key)
    assert "abab" not in str(caught.value)
    assert "short" not in re.sub("it is short", "", str(caught.value))


@pytest.mark.parametrize("key", ["correct horse battery", "password12345678", "0123456789abcdef"])
def test_guessable_text_is_told(key: str) -> None:
    """Text of few bits works, with a warning that does not show it."""
    with pytest.warns(WeakKeyWarning) as told:
        name([7], key=key)
    assert key not in str(told[0].message)


def test_random_text_is_a_key() -> None:
    """Hexadecimal and base-64 text of 32 random bytes pass without a word."""
    assert name([7], key=KEY.hex()) != name([7], key=base64.b64encode(KEY).decode())


@pytest.mark.parametrize(
    "choice", [{"key_id": "a-b"}, {"key_id": ""}, {"purpose": " "}, {"purpose": 3}]
)
def test_impossible_choices_are_refused(choice: dict[str, Any]) -> None:
    """Key ids and purposes must say something."""
    with pytest.raises(SpecError):
        name([7], **choice)


def test_columns_of_a_table(engine: Engine) -> None:
    """The table comes back in its own kind; the rest stays; lazy ones are refused."""
    people = pd.DataFrame({"customer_id": ["a", "b", None], "n": [1, 2, 3]})
    choices = {"kinds": {"customer_id": "id"}, "key": KEY, "key_id": "k1", "purpose": "churn"}
    if engine.lazy:
        with pytest.raises(ValueError, match="in memory"):
            pseudonymise_columns(engine.make(people), **choices)  # type: ignore[arg-type]
        return
    made = pseudonymise_columns(engine.make(people), **choices)  # type: ignore[arg-type]
    assert type(made) is type(engine.make(people))
    found = engine.pandas(made, sort="n")
    assert found["customer_id"].tolist() == [by_definition("a"), by_definition("b"), None]
    assert people["customer_id"].tolist()[:2] == ["a", "b"]


def test_no_function_hashes_without_a_key() -> None:
    """Everything that makes pseudonyms asks for a key."""
    makers = [f for f in privacy.__all__ if "pseudonym" in f or "hash" in f]
    assert makers
    for maker in makers:
        with pytest.raises(TypeError, match="key"):
            getattr(privacy, maker)(pd.DataFrame({"a": [1]}), kinds={}) if "columns" in maker else (
                getattr(privacy, maker)([1], key_id="k", purpose="p")
            )
