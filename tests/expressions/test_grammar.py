"""Which texts are expressions; nothing else is ever run."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from layerwise.errors import SpecError
from layerwise.expressions import (
    label_names,
    names,
    number_names,
    parse,
    parse_condition,
    parse_number,
)


@pytest.mark.parametrize(
    "text",
    [
        "x > 1",
        "  x > 1 and value == 'high' or missing(gap_cv)  ",
        "(x + 1) * -y / 2 - .5e3 <= minimum(a, maximum(b, exp(log(c))))",
        "'high' == value",
        "value in ('high', 'mid')",
        "n in (1, 2.5)",
        "is_loyal and x > 1",
        "where(is_loyal or x > 1, a, b) >= 0",
        "价值 == '高'",
        "print > 1",
    ],
)
def test_expressions(text: str) -> None:
    """These are expressions of the language, with blanks around or names in any script."""
    parse(text)
    assert names(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "   ",
        "#",
        "x >",
        "x = 1",
        "x; y",
        "x\ny",
        "x := 1",
        "not x > 1",
        "x > 1 if y else 2",
        "1 < x < 3",
        "x is None",
        "x == None",
        "x == True",
        "x not in (1, 2)",
        "x in [1, 2]",
        "x in y",
        "x in ()",
        "x in ('a', 1)",
        "(1, 2)",
        "x[0]",
        "x.real",
        "x ** 2",
        "x // 2",
        "x % 2",
        "x @ y",
        "~x",
        "+x",
        "x & y",
        "lambda: 1",
        "[x for x in y]",
        "{x}",
        "{'a': x}",
        "f'{x}'",
        "b'x' == y",
        "1j * x > 0",
        "...",
        "*x",
        "await x",
        "exp",
        "exp > 1",
        "exp(x, y)",
        "exp()",
        "exp(x=1)",
        "exp(*x)",
        "sqrt(x)",
        "minimum(x)",
        "where(x > 1, 2)",
        "missing()",
        "__import__('os').system('true')",
        "open('x')",
        "().__class__",
        "x > 1e999",
        "x > " + "9" * 400,
        "x > " + "9" * 5_000,
        "x > 1" + " and x > 1" * 5_000,
        "-" * 1_000 + "x",
        "(" * 1_000 + "x" + ")" * 1_000,
        "x" + " + x" * 1_000,
        "x > '\x00'",
        "\x00",
        "\ud800",
    ],
)
def test_refused(text: str) -> None:
    """Everything else is a SpecError, whatever it is."""
    with pytest.raises(SpecError, match=r"not an expression|longer than"):
        parse(text)


@pytest.mark.parametrize(
    "text",
    [
        "value > 'high'",
        "'a' == 'b'",
        "value + 'a' == 'b'",
        "'a' in ('a', 'b')",
        "(x > 1) + 1 > 0",
        "(x > 1) == (y > 1)",
        "x + 1 and y > 1",
        "where(x, 'a', 'b')",
        "where(x + 1, 1, 2)",
        "missing(x > 1)",
        "exp('a')",
        "-'a'",
        "x > 1 and 'a'",
    ],
)
def test_kinds_do_not_mix(text: str) -> None:
    """Texts are only compared for equality, conditions only joined, and numbers only calculated."""
    with pytest.raises(SpecError, match="not an expression"):
        parse(text)


def test_conditions_and_numbers() -> None:
    """A rule that needs a condition refuses a number, and the other way round."""
    parse_condition("is_loyal")
    parse_number("x")
    with pytest.raises(SpecError, match=r"'x \+ 1' is not a condition"):
        parse_condition("x + 1")
    with pytest.raises(SpecError, match="'x > 1' is not a number"):
        parse_number("x > 1")
    with pytest.raises(SpecError, match="is not a number"):
        parse_number("'x'")


def test_names_by_use() -> None:
    """Names come in order of appearance, once, and are told apart by their use."""
    text = "where(flag, b, a) > 1 and 'x' != kind and missing(c) and tier in ('y',) and a > b"
    assert names(text) == ("flag", "b", "a", "kind", "c", "tier")
    assert label_names(text) == ("kind", "tier")
    assert set(number_names(text)) == {"a", "b"}


@given(st.text(max_size=40))
def test_any_text_parses_or_is_refused(text: str) -> None:
    """No text whatever gives another error than SpecError."""
    with contextlib.suppress(SpecError):
        parse(text)


WORDS = [*"xy12()+-*/<,", "2.5", "'a'", "==", "in", "and", "or", "missing", "where"]


@given(st.lists(st.sampled_from(WORDS), max_size=12))
def test_any_words_parse_or_are_refused(words: list[str]) -> None:
    """Nor does any sequence of its own words."""
    with contextlib.suppress(SpecError):
        parse(" ".join(words))
