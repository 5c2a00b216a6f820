"""Cells that a spreadsheet would run are made harmless and come back."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from layerwise.spreadsheet import FORMULA_STARTS, protect, unprotect


@pytest.mark.parametrize("start", list(FORMULA_STARTS))
def test_every_formula_start_is_protected(start):
    """Each character that starts a formula gets an apostrophe in front, also behind blanks."""
    assert protect(f"{start}1+1") == f"'{start}1+1"
    assert protect(f"  {start}1") == f"'  {start}1"


@pytest.mark.parametrize("text", ["", "loyal", "a=b", "'tis", "5", "高价值"])
def test_plain_text_stays(text):
    """Text that no spreadsheet runs is left alone both ways."""
    assert protect(text) == text == unprotect(text)


@given(st.text(alphabet=f"{FORMULA_STARTS}' ab", max_size=8))
def test_unprotect_undoes_protect(text):
    """Reading gives back what was written, for text of quotes and formula starts too."""
    assert unprotect(protect(text)) == text
    assert not protect(text).lstrip().startswith(tuple("=+-@＝＋－＠"))
