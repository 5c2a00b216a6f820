"""Columns of frames in memory: what comes in as which array, what is refused, what comes out."""

from decimal import Decimal
from typing import Any

import narwhals.stable.v2 as nw
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from layerwise import frames, vectors
from layerwise.errors import ColumnsError, DataError, FitError
from layerwise.layers import Value
from layerwise.vectors import Labels

NAN = np.nan
FITTED = Value(method="absolute", cuts=(2.0, 4.0)).fit(pd.DataFrame({"spend_365d": [1.0]}))


def read(column: Any) -> Any:
    """Return a column as the library reads it, of a pandas frame unless it is a frame."""
    frame = column if hasattr(column, "columns") else pd.DataFrame({"x": column})
    return vectors.read(frames.wrap(frame), ["x"])["x"]


DECIMALS = [Decimal(1), Decimal(2), Decimal(5)]
NUMBERS: dict[str, Any] = {
    "int8": np.array([1, 2, 5], np.int8),
    "uint64": np.array([1, 2, 5], np.uint64),
    "float16": np.array([1, 2, 5], np.float16),
    "long double": np.array([1, 2, 5], np.longdouble),
    "nullable": pd.array([1, 2, 5], dtype="Int64"),
    "arrow": pd.array([1, 2, 5], dtype="int32[pyarrow]"),
    "arrow decimal": pd.array(DECIMALS, dtype=pd.ArrowDtype(pa.decimal128(9, 2))),
    "sparse": pd.arrays.SparseArray([1.0, 2.0, 5.0]),
    "categories": pd.Categorical([1.0, 2.0, 5.0]),
    "objects": pd.Series([1, 2.0, Decimal(5)], dtype=object),
    "polars": pl.DataFrame({"x": pl.Series([1, 2, 5], dtype=pl.UInt8)}),
    "polars 128": pl.DataFrame({"x": pl.Series([1, 2, 5], dtype=pl.Int128)}),
    "polars decimal": pl.DataFrame({"x": DECIMALS}),
    "pyarrow": pa.table({"x": pa.chunked_array([[1.0], [2.0, 5.0]])}),
    "pyarrow half": pa.table({"x": pa.array(np.array([1, 2, 5], np.float16))}),
}  # fmt: skip


@pytest.mark.parametrize("kind", NUMBERS)
def test_numbers_of_any_type(kind: str) -> None:
    """Numbers come as int64 or float64, whatever holds them."""
    found = read(NUMBERS[kind])
    assert found.dtype in (np.int64, np.float64)
    assert found.tolist() == [1, 2, 5]


MISSING: dict[str, Any] = {
    "float": [1.0, NAN],
    "nullable": pd.array([1, None], dtype="Int8"),
    "nullable float": pd.array([1.0, None], dtype="Float32"),
    "boolean": pd.array([True, None], dtype="boolean"),
    "arrow null": pd.array([1, None], dtype="int64[pyarrow]"),
    "arrow nan": pd.array([1.0, NAN], dtype="double[pyarrow]"),
    "objects": pd.Series([1, None], dtype=object),
    "objects NA": pd.Series([1.5 - 0.5, pd.NA], dtype=object),
    "objects of truth": pd.Series([True, None], dtype=object),
    "polars null": pl.DataFrame({"x": [1, None]}),
    "polars nan": pl.DataFrame({"x": [1.0, NAN]}),
    "pyarrow": pa.table({"x": [1, None]}),
}


@pytest.mark.parametrize("kind", MISSING)
def test_missing_is_nan(kind: str) -> None:
    """Missing numbers are NaN, whatever the frame calls them."""
    found = read(MISSING[kind])
    assert found.dtype == np.float64
    assert np.array_equal(found, [1.0, NAN], equal_nan=True)


def test_large_unsigned_numbers_keep_their_size() -> None:
    """Numbers beyond int64 become floats instead of negative numbers."""
    assert read(np.array([1, 2**64 - 1], np.uint64)).tolist() == [1.0, 2.0**64]
    assert read(pd.Series([1, 2**70], dtype=object)).tolist() == [1.0, 2.0**70]


LABELS: dict[str, Any] = {
    "text": ["b", None, "a"],
    "objects": pd.Series(["b", None, "a"], dtype=object),
    "categories": pd.Categorical(["b", None, "a"], categories=["unused", "a", "b"]),
    "arrow": pd.array(["b", None, "a"], dtype="string[pyarrow]"),
    "polars": pl.DataFrame({"x": ["b", None, "a"]}),
    "polars categories": pl.DataFrame({"x": ["b", None, "a"]}, schema={"x": pl.Categorical}),
    "polars enum": pl.DataFrame({"x": ["b", None, "a"]}, schema={"x": pl.Enum(["z", "a", "b"])}),
    "pyarrow": pa.table({"x": ["b", None, "a"]}),
    "dictionary": pa.table({"x": pa.array(["b", None, "a"]).dictionary_encode()}),
}


@pytest.mark.parametrize("kind", LABELS)
def test_labels_of_any_type(kind: str) -> None:
    """Texts and categories come as labels, missing as None, unused categories do no harm."""
    found = read(LABELS[kind])
    assert isinstance(found, Labels)
    assert found.objects().tolist() == ["b", None, "a"]


def test_ordered_categories_stay_ordered() -> None:
    """The order of categories is kept, and scores are labels of whole numbers."""
    found = read(pd.Categorical(["b", "a"], categories=["b", "a"], ordered=True))
    assert (found.names, found.ordered) == (("b", "a"), True)
    assert read(pd.Categorical([3, 1])).numbers().tolist() == [3.0, 1.0]


@pytest.mark.parametrize(
    "values",
    [
        pd.Series([1, "a"], dtype=object),
        pd.Categorical([1, "a"]),
        pd.Series([b"a", b"b"], dtype=object),
        [[1], [2]],
        [{"a": 1}, {"a": 2}],
        [1 + 2j, 3],
        pd.date_range("2024-01-01", periods=2),
        pd.date_range("2024-01-01", periods=2, tz="UTC"),
        pd.to_timedelta([1, 2], unit="D"),
        pd.period_range("2024-01", periods=2, freq="M"),
        pd.interval_range(0, 2),
        pl.DataFrame({"x": [[1], [2]]}),
        pl.DataFrame({"x": pl.Series([object(), object()], dtype=pl.Object)}),
        pl.DataFrame({"x": [{"a": 1}]}),
        pa.table({"x": [[1], [2]]}),
    ],
    ids=lambda values: type(values).__name__,
)
def test_neither_numbers_nor_labels(values: Any) -> None:
    """Anything else is an error that names the column and what it holds, never a row's value."""
    with pytest.raises(ColumnsError, match=r"Column x .*numbers"):
        read(values)


def test_finite_numbers_whose_sum_is_not_are_kept() -> None:
    """Only infinite numbers are refused, also beside missing ones."""
    assert read([1e308] * 4).tolist() == [1e308] * 4
    with pytest.raises(DataError, match="x: 1 infinite"):
        read([np.nan, np.inf, 1.0])


def test_infinite_numbers_are_counted() -> None:
    """Infinite numbers are an error with counts by column."""
    frame = pd.DataFrame({"a": [1.0, np.inf, -np.inf], "b": [1, 2, 3], "c": [np.inf, 0, 0]})
    with pytest.raises(DataError) as caught:
        vectors.read(frames.wrap(frame), ["a", "b", "c"])
    assert "a: 2 infinite" in str(caught.value)
    assert "c: 1 infinite" in str(caught.value)
    assert "b:" not in str(caught.value)


INDEXES = [
    [5, 5, 5],
    ["b", "a", "b"],
    pd.date_range("2024", periods=3),
    pd.MultiIndex.from_product([[1], [1, 2, 2]]),
]


@pytest.mark.parametrize("index", INDEXES, ids=lambda index: type(index).__name__)
def test_index_is_kept(index: Any) -> None:
    """Rows keep their order and index, also one with repeated values or levels."""
    frame = pd.DataFrame({"spend_365d": [5.0, 1.0, 3.0]}, index=index)
    found = FITTED.transform(frame)
    assert found.index.equals(frame.index)
    assert found["value"].tolist() == ["high", "low", "mid"]


def test_input_is_never_changed() -> None:
    """Neither the frame nor its arrays change, also read-only, strided ones with an attribute."""
    values = np.arange(12.0)[::4]
    values.flags.writeable = False
    frame = pd.DataFrame({"spend_365d": values, "value": ["x", "y", "z"]}, copy=False)
    before = frame.copy(deep=True)
    found = FITTED.transform(frame)
    pd.testing.assert_frame_equal(frame, before)
    assert found["value"].tolist() == ["low", "mid", "high"]
    found.loc[:, "spend_365d"] = -1.0
    assert frame["spend_365d"].tolist() == [0.0, 4.0, 8.0]


def test_empty_tables() -> None:
    """An empty table is labelled as an empty table, but cannot be learned from."""
    for frame in (pd.DataFrame({"spend_365d": []}), pl.DataFrame({"spend_365d": []})):
        found = FITTED.transform(frame)
        assert list(found.columns) == ["spend_365d", "value"]
        assert len(found) == 0
        with pytest.raises(FitError, match="empty"):
            Value().fit(frame)
    assert FITTED.transform(pl.LazyFrame({"spend_365d": [0.5][:0]})).collect().shape == (0, 2)


@pytest.mark.parametrize("kind", ["pandas", "polars", "pyarrow"])
def test_attached_columns(kind: str) -> None:
    """Scores come back as small whole numbers with gaps, labels as text or categories."""
    make = {"pandas": pd.DataFrame, "polars": pl.DataFrame, "pyarrow": pa.table}[kind]
    frame = frames.wrap(make({"x": [1.0, 2.0]}))
    score, label = Labels(np.array([0, -1]), (5, 3)), Labels(np.array([-1, 1]), ("a", "b"))
    found = vectors.attach(frame, {"s": score, "l": label, "b": np.array([True, False])})
    rows = nw.from_native(found)
    assert rows["s"].dtype == nw.Int8
    assert [None if v is pd.NA else v for v in rows["s"].to_list()] == [5, None]
    assert [v if isinstance(v, str) else None for v in rows["l"].to_list()] == [None, "b"]
    assert rows["b"].to_list() == [True, False]
