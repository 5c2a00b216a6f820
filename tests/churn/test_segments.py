"""Columns of labels as segments: the same whatever the rows, the kind and the engine."""

import numpy as np
import pandas as pd
import polars as pl
import pytest

from layerwise import frames
from layerwise.churn.segments import Segments, cross, read_segments


def read(values: object) -> Segments:
    return read_segments(frames.wrap(pd.DataFrame({"x": values})), "x")


@pytest.mark.parametrize(
    ("values", "names"),
    [
        (["b", None, "a"], ("a", "b", "(missing)")),
        ([10, 9, 10], ("9", "10")),
        ([2.0, np.nan, 1.0], ("1", "2", "(missing)")),
        ([True, False, True], ("False", "True")),
        (pd.Categorical(["low", "high", None], ["low", "mid", "high"], ordered=True),
         ("low", "high", "(missing)")),
        (pd.array([1, None, 3], dtype="Int64"), ("1", "3", "(missing)")),
    ],
)  # fmt: skip
def test_names_are_sorted_and_used(values: object, names: tuple[str, ...]) -> None:
    """Ordered labels keep their order, numbers go by size; nobody's labels are left out."""
    found = read(values)
    assert found.names == names
    assert np.bincount(found.codes).min() >= 1


def test_engines_agree() -> None:
    """Polars codes the same labels alike."""
    table = pd.DataFrame({"x": ["b", None, "a", "b"]})
    ours = read_segments(frames.wrap(pl.from_pandas(table)), "x")
    assert ours.names == read(table["x"]).names
    assert ours.codes.tolist() == read(table["x"]).codes.tolist() == [1, 2, 0, 1]


def test_combinations_are_those_that_occur() -> None:
    """Two columns of two give three segments if one combination has nobody."""
    both = cross(read(["a", "a", "b"]), read(["x", "y", "y"]))
    assert both.names == ("a & x", "a & y", "b & y")
    assert both.codes.tolist() == [0, 1, 2]


def test_some_customers_have_fewer_segments() -> None:
    """Taking customers drops the segments that have none left."""
    found = read(["a", "b", "c"]).take(np.array([True, False, True]))
    assert (found.names, found.codes.tolist()) == (("a", "c"), [0, 1])
