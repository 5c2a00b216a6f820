"""Terms in texts: found as a plain search finds them, whole words, negations taken back."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from layerwise.churn import term_search
from layerwise.churn.term_search import as_term, find_terms


def holds(text: str, cell: str, *, negation: bool = True) -> bool:
    """Say whether a text holds the term of a cell."""
    term = as_term(cell)
    assert term is not None
    return bool(len(find_terms([text], [term], np.array([0]), negation=negation)[0]))


@pytest.mark.parametrize(
    ("text", "cell", "found"),
    [
        ("Delivery was SLOW!", "slow", True),
        ("ＳＬＯＷ delivery", "slow", True),
        ("came\n too  late", "too late", True),
        ("chocolate", "late", False),
        ("lately", "late", False),
        ("lately", "late*", True),
        ("chocolate", "*late", True),
        ("It doesn’t work", "doesn't work", True),
        ("快递太慢了", "太慢", True),
        ("慢", "太慢", False),
        ("", "慢", False),
    ],
)
def test_what_a_term_finds(text: str, cell: str, found: bool) -> None:
    """Case, width and blanks do not matter; Latin terms are whole words."""
    assert holds(text, cell) is found


@pytest.mark.parametrize(
    ("text", "cell", "found"),
    [
        ("not slow", "slow", False),
        ("it was not at all slow", "slow", False),
        ("it wasn't slow", "slow", False),
        ("no, slow", "slow", True),
        ("not only slow", "slow", True),
        ("I do not know why everything here is slow", "slow", True),
        ("不是很慢", "慢", False),
        ("没有质量问题", "质量问题", False),
        ("非常慢", "慢", True),
        ("不过慢了点", "慢", True),
        ("客服不理，慢", "慢", True),
        ("不好用", "不好用", True),
    ],
)
def test_negations(text: str, cell: str, found: bool) -> None:
    """One right before takes a term back; without negation all terms count."""
    assert holds(text, cell) is found
    assert holds(text, cell, negation=False)


@given(
    st.lists(st.text("ab慢快 ", max_size=8), max_size=6),
    st.lists(st.text("ab慢", min_size=1, max_size=3), min_size=1, max_size=4),
)
def test_finds_what_a_plain_search_finds(texts: list[str], cells: list[str]) -> None:
    """Every text and every term, as `in` says, where words need not be whole."""
    terms = [term for cell in cells if (term := as_term(f"*{cell}*"))]
    text, group = find_terms(texts, terms, np.arange(len(terms)))
    found = set(zip(text.tolist(), group.tolist(), strict=True))
    expected = {
        (i, j)
        for i, each in enumerate(texts)
        for j, term in enumerate(terms)
        if term.text in term_search.normal(each)
    }
    assert found == expected


def test_pieces_do_not_matter(monkeypatch: pytest.MonkeyPatch) -> None:
    """Texts searched in many pieces give what one piece gives."""
    texts = ["slow", "", "late and slow", "x\0slow", "late"] * 5
    terms = [as_term("slow"), as_term("late")]
    whole = find_terms(texts, terms, np.array([0, 1]))  # type: ignore[arg-type]
    monkeypatch.setattr(term_search, "_CHUNK", 7)
    parts = find_terms(texts, terms, np.array([0, 1]))  # type: ignore[arg-type]
    assert [p.tolist() for p in parts] == [w.tolist() for w in whole]
    assert len(whole[0]) == 25
