"""Ids in one spelling."""

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from layerwise.errors import ColumnsError, SpecError
from layerwise.privacy import normalise


def phones(*texts: object) -> list[object]:
    """Return Chinese phone numbers in one spelling."""
    return normalise(list(texts), kind="phone", country="86").tolist()


def test_phone_spellings_are_one() -> None:
    """Separators, full-width digits, 00 and a trunk zero do not make another number."""
    ways = [
        "13800138000",
        " 138-0013 8000",
        "+86 138 0013 8000",
        "008613800138000",
        "１３８００１３８０００",
    ]
    assert set(phones(*ways)) == {"+8613800138000"}
    assert phones("010-62770000", "+1 (212) 555-0100") == ["+861062770000", "+12125550100"]


def test_what_is_no_phone_number_is_none() -> None:
    """Words, too few and too many digits, zeros and blanks are none."""
    assert phones("call me", "123", "1" * 16, "0000000", " ", None, "+0123456789") == [None] * 7


def test_numbers_without_a_country_are_refused() -> None:
    """No country is guessed; a number that says its own needs none."""
    with pytest.raises(SpecError, match="1 of 2 distinct") as caught:
        normalise(["13800138000", "+12125550100"], kind="phone")
    assert "13800138000" not in str(caught.value)
    assert normalise(["+12125550100"], kind="phone").tolist() == ["+12125550100"]


def test_mail_and_cards() -> None:
    """Case and blanks are spelling; an address needs its parts."""
    mails = normalise([" Ann@Ex.COM", "ann@ex", "a b@ex.com", None], kind="email")
    assert mails.tolist() == ["ann@ex.com", None, None, None]
    assert normalise(["11010519491231002x "], kind="id_card").tolist() == ["11010519491231002X"]


def test_whole_numbers_are_their_digits() -> None:
    """Floats that pandas made of integers read as these; large ids keep every digit."""
    assert normalise(pd.Series([7.0, None, 8.0])).tolist() == ["7", None, "8"]
    assert normalise(pd.Series([2**60 + 1])).tolist() == [str(2**60 + 1)]
    assert normalise(["007", "", "7 "]).tolist() == ["007", None, "7 "]


@pytest.mark.parametrize("ids", ["13800138000", 7, None, [7, "7"], [True], pd.Series([1.5])])
def test_what_is_no_column_of_ids_is_refused(ids: object) -> None:
    """Text, single values, mixed kinds, flags and fractions are no ids."""
    with pytest.raises((ColumnsError, ValueError)) as caught:
        normalise(ids)
    assert "Hint" in str(caught.value)
    assert "13800138000" not in str(caught.value)


@pytest.mark.parametrize("country", [86, "+86", "0086", ""])
def test_impossible_countries_are_refused(country: object) -> None:
    """A calling code is one to three digits."""
    with pytest.raises(SpecError):
        normalise(["1"], country=country)  # type: ignore[arg-type]


@given(st.lists(st.text(max_size=12)))
def test_normalising_twice_is_normalising_once(texts: list[str]) -> None:
    """Phone numbers and addresses in their one spelling stay as they are."""
    for kind in ("phone", "email"):
        once = normalise(pd.Series(texts, dtype=object), kind=kind, country="86")
        assert normalise(once, kind=kind, country="86").tolist() == once.tolist()
