"""The term table: every cause finds its own terms, and wrong tables are refused."""

import pandas as pd
import pytest

from layerwise.churn import code_feedback, feedback_terms
from layerwise.errors import TableError
from layerwise.knowledge import items


def test_every_term_finds_its_cause() -> None:
    """A text that is nothing but a term names the term's cause."""
    table = feedback_terms()
    rows = [
        (cause, term.replace("*", ""))
        for cause, *cells in table[["id", "terms_en", "terms_zh"]].to_numpy()
        for cell in cells
        for term in items(cell)
    ]
    said = pd.DataFrame(rows, columns=["cause", "text"])
    found = code_feedback(said).feedback
    missed = [
        text for cause, text, causes in found.to_numpy() if cause not in str(causes).split(";")
    ]
    assert missed == []


def test_every_cause_has_terms_in_both_languages() -> None:
    """And names in both."""
    table = feedback_terms()
    for name in ("cause", "term_zh", "terms_en", "terms_zh"):
        assert (table[name] != "").all()
    assert set(table["basis"]) == {"ours"}


@pytest.mark.parametrize(
    ("row", "found"),
    [
        ({"id": "a", "terms_en": " * ;"}, "row 1: there are no terms"),
        ({"id": "a;b", "terms_en": "slow"}, "row 1: id holds a semicolon"),
        ({"id": "unknown", "terms_en": "slow"}, "row 1: id may not be unknown"),
    ],
)
def test_wrong_tables_are_refused(row: dict[str, str], found: str) -> None:
    """With the row and what is wrong."""
    with pytest.raises(TableError, match=found):
        feedback_terms(pd.DataFrame([row]))
