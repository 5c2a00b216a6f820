"""The boundary to dataframes: what is a frame, which names it may have, what lazy ones refuse."""

from typing import Any

import duckdb
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from layerwise import frames
from layerwise.errors import ColumnsError, EngineError
from layerwise.layers import Value

FITTED = Value(method="absolute", cuts=(2.0, 4.0)).fit(pd.DataFrame({"spend_365d": [1.0]}))


def twice(kind: str) -> Any:
    """Return a frame of some kind with the column x twice."""
    if kind == "pandas":
        return pd.DataFrame([[1, 2]], columns=["x", "x"])
    if kind == "pyarrow":
        return pa.Table.from_arrays([pa.array([1]), pa.array([2])], names=["x", "x"])
    return duckdb.connect().sql("select 1 as x, 2 as x")


@pytest.mark.parametrize("kind", ["pandas", "pyarrow", "duckdb"])
def test_repeated_columns(kind: str) -> None:
    """A column that stands twice is an error on every engine that allows it."""
    with pytest.raises(ColumnsError, match="more than once: x"):
        frames.wrap(twice(kind))


@pytest.mark.parametrize(
    "columns",
    [
        pd.MultiIndex.from_tuples([("a", "b"), ("c", "d")]),
        ["spend_365d", 0],
        ["spend_365d", None],
        [("spend_365d", 1), "x"],
    ],
)
def test_names_that_are_no_text(columns: Any) -> None:
    """Column names that are not text are refused."""
    with pytest.raises(ColumnsError, match="must be text"):
        FITTED.transform(pd.DataFrame([[1.0, 2.0]], columns=columns))


@pytest.mark.parametrize(
    "thing", [None, 5, "table", [1], {"spend_365d": [1]}, pd.Series([1.0]), np.zeros(3)]
)
def test_no_frame(thing: Any) -> None:
    """What is no dataframe is an error that says what it is."""
    with pytest.raises(EngineError, match="not a dataframe"):
        FITTED.transform(thing)


def test_odd_but_plain_column_names_are_kept() -> None:
    """Columns called as methods are, or with blanks and quotes, pass through untouched."""
    names = ["count", "index", "T", "values", "a b", 'q"uote', "", "__given_spend_365d"]
    frame = pd.DataFrame([[1.0, *range(8)]], columns=["spend_365d", *names])
    assert list(FITTED.transform(frame).columns) == ["spend_365d", *names, "value"]
    lazy = FITTED.transform(pl.from_pandas(frame).lazy()).collect()
    assert lazy.columns == ["spend_365d", *names, "value"]
    assert lazy["__given_spend_365d"].to_list() == [7]


def test_lazy_frames_are_checked_before_they_run() -> None:
    """A column of another type is a ColumnsError with all such columns, not the engine's error."""
    con = duckdb.connect()
    odd = [
        pl.LazyFrame({"spend_365d": ["a"]}),
        pl.LazyFrame({"spend_365d": pl.Series([1]).cast(pl.Date)}),
        con.sql("select 'a' as spend_365d"),
        con.sql("select date '2024-01-01' as spend_365d"),
    ]
    for frame in odd:
        with pytest.raises(ColumnsError, match=r"spend_365d is .*; numbers are needed"):
            FITTED.transform(frame)
