"""Labels of a column stand in an order of their own, whatever that of the rows."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from layerwise.errors import ColumnsError
from layerwise.segments import as_labels, in_order
from layerwise.vectors import Labels


@given(st.lists(st.sampled_from(["a", "b", "c", None]), max_size=20))
def test_the_order_of_rows_does_not_matter(values: list[str | None]) -> None:
    """Names are sorted whichever was met first, and each row keeps its own."""
    met = tuple(dict.fromkeys(value for value in values if value is not None))
    codes = np.array([met.index(v) if v is not None else -1 for v in values], dtype=np.int64)
    found, names = in_order(Labels(codes, met))
    assert names == tuple(sorted(met))
    assert [names[i] if i >= 0 else None for i in found] == values


def test_labels_with_an_order_keep_it() -> None:
    """Names that nobody has are left out."""
    codes, names = in_order(Labels(np.array([2, 0, -1]), ("low", "mid", "high"), ordered=True))
    assert (codes.tolist(), names) == ([1, 0, -1], ("low", "high"))


@pytest.mark.parametrize("values", [[0.5], [np.inf], [2.0**54], [1.0, -np.inf]])
def test_numbers_that_are_no_labels(values: list[float]) -> None:
    """Fractions and what a float cannot tell apart."""
    with pytest.raises(ColumnsError, match="score holds numbers with fractions or above"):
        as_labels(np.array(values), "score")


def test_whole_numbers_are_labels_in_their_own_order() -> None:
    """10 comes after 9, and missing stays missing."""
    codes, names = in_order(as_labels(np.array([10.0, 9.0, np.nan]), "score"))
    assert (codes.tolist(), names) == ([1, 0, -1], ("9", "10"))
