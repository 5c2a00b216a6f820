"""Shapes of identifiers, true and false ones."""

import random

import pytest

from layerwise.privacy.patterns import PATTERNS, is_bank_card, is_id_card, lines_with

TRUE = {
    "phone number": [
        "13800138000", "+8613800138000", "86 138 0013 8000", "0086-138-0013-8000", "138-0013-8000",
        "１３８００１３８０００", "tel13800138000x", "138\u200b00138000", "010-62770000",
        "(0755) 2677 0000",
        "+1 (212) 555-0100", "212-555-0100", "+44 20 7946 0958", "1380 013 8000", "+447700900123",
    ],
    "e-mail address": ["ann@example.com", "write to a.b+c@mail.example.co.uk!", "王@例子.公司",
        "ａｎｎ＠example.com"],
    "id-card number": ["11010519491231002X", "11010519491231002x", "no 110105 19491231 002X."],
    "bank card number": [
        "4111111111111111", "5500 0000 0000 0004", "378282246310005", "6222-0212-3456-7894",
    ],
}  # fmt: skip
FALSE = [
    "", "1", "2024-11-22 10:00:00", "20241122", "1700000000000", "1.25",
    "k1-J6JHGUV3FWVDRLNJ3P7VNVTHT3",
    "123e4567-e89b-12d3-a456-426614174000", "ann@home", "@handle", "11010519491331002X",
    "110105194912310021", "4111111111111112", "12345678901", "23800138000",
    "138001380001", "50-100",
    "d41d8cd98f00b204e9800998ecf8427e", "0000000000000000", "2,147,483,647", "A-1042", "1e10",
]  # fmt: skip


@pytest.mark.parametrize(("kind", "text"), [(k, t) for k, texts in TRUE.items() for t in texts])
def test_true_ones_are_found(kind: str, text: str) -> None:
    """Each is found under its kind, on its line."""
    assert lines_with(["x", text, "y"]).get(kind) == [1]


@pytest.mark.parametrize("text", FALSE)
def test_others_are_not(text: str) -> None:
    """Dates, codes, numbers with a wrong check digit are none."""
    assert lines_with([text]) == {}


def test_neighbours_do_not_run_together() -> None:
    """Halves of a number in two cells are not one; line ends in a cell do not move the count."""
    assert lines_with(["138001", "38000"]) == {}
    assert lines_with(["a\nb\r\nc\u2028d", "13800138000"]) == {"phone number": [1]}


def test_check_digits() -> None:
    """One wrong digit is always found, by both formulas."""
    for good, test in (("11010519491231002X", is_id_card), ("4111111111111111", is_bank_card)):
        assert test(good)
        rng = random.Random(3)
        for _ in range(200):
            at = rng.randrange(6, 17) if test is is_id_card else rng.randrange(1, 16)
            digit = rng.choice([d for d in "0123456789" if d != good[at : at + 1]])
            changed = good[:at] + digit + good[at + 1 :]
            assert len(changed) > len(good) or not test(changed)


def test_kinds_are_all_tried() -> None:
    """Each kind has true examples here."""
    assert set(PATTERNS) == set(TRUE)
