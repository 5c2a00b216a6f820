import decimal
import uuid
from itertools import pairwise

import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from layerwise.errors import ColumnsError, DataError
from layerwise.orders.text_ids import numbers_of
from layerwise.summary import summarize

WIDE = {"customer_id": pl.Int128}
A, B = uuid.UUID(int=1), uuid.UUID(int=2)


@pytest.mark.parametrize(
    ("ids", "expected"),
    [
        (["007", "7", "07"], ["007", "07", "7"]),
        (["a", "a ", " a"], [" a", "a", "a "]),
        (["\u00e9", "e\u0301", "\u00e9"], ["e\u0301", "\u00e9"]),
        ([2**53, 2**53 + 1, 2**53 + 2], [2**53, 2**53 + 1, 2**53 + 2]),
        (pd.Series([2**64, 2**64 + 1, 2**70], dtype=object), [2**64, 2**64 + 1, 2**70]),
        (np.array([2**64 - 1, 2**64 - 2, 0], dtype="u8"), [0, 2**64 - 2, 2**64 - 1]),
        (np.array([-(2**63), 2**63 - 1, 0]), [-(2**63), 0, 2**63 - 1]),
        (np.array([-128, 127, 127], dtype="i1"), [-128, 127]),
        (pd.Series([7, 7, "7"], dtype=object), [7, "7"]),
        (pd.Series([B, A, B], dtype=object), [A, B]),
        (pd.Categorical(["b", "b", "a"], categories=["z", "b", "a"]), ["a", "b"]),
        ([(1, 2), (1, 2), (3,)], [(1, 2), (3,)]),
        ([8.0, 7.0, 7.0], [7, 8]),
        (np.array([1e12, 7.0, 7.0]), [7, 10**12]),
        (pd.Series([8.0, 7.0, 7.0], dtype=object), [7, 8]),
        (pd.arrays.SparseArray([0, 1, 1]), [0, 1]),
        (["a1", "b", "a1"], ["a1", "b"]),
        ([decimal.Decimal(1), decimal.Decimal(2), decimal.Decimal(2)], [1, 2]),
    ],
)
def test_ids_are_equal_where_they_are_equal_and_sorted(run, ids, expected):
    """Nothing is stripped, converted or rounded; numbers come before text."""
    assert run(customer_id=ids)["customer_id"].tolist() == expected


@pytest.mark.parametrize("kind", ["Int64", "int64[pyarrow]", "Float64", "float64"])
def test_missing_ids_are_left_out_with_a_count(run, kind):
    """Orders without a customer are no customer of their own."""
    with pytest.warns(UserWarning, match="1 rows without a customer id"):
        table = run(customer_id=pd.Series([5, None, 9], dtype=kind))
    assert table["customer_id"].tolist() == [5, 9]
    assert table["customer_id"].dtype == {"Float64": "Int64", "float64": "int64"}.get(kind, kind)


@pytest.mark.parametrize("kind", [object, "string[pyarrow]", "str", "category"])
def test_missing_text_ids_are_left_out(run, kind):
    """None in a text column is missing in every type of it."""
    with pytest.warns(UserWarning, match="1 rows without a customer id"):
        table = run(customer_id=pd.Series(["b", None, "a"], dtype=kind))
    assert table["customer_id"].tolist() == ["a", "b"]


def test_large_nullable_ids_are_not_rounded(run):
    """Missing values must not send integers through floats."""
    ids = pd.Series([2**53 + 1, None, 2**53], dtype="Int64")
    table = run(quiet=True, customer_id=ids)
    assert table["customer_id"].tolist() == [2**53, 2**53 + 1]


def test_whole_numbers_beside_floats_are_refused(run):
    """In a column of objects 7 and 7.0 are one customer or two; nobody can tell."""
    with pytest.raises(DataError, match=r"7 and 7\.0 cannot be told apart"):
        run(customer_id=pd.Series([7.0, 7, "7"], dtype=object))


@pytest.mark.parametrize("value", [2.0**53, np.inf])
def test_floats_that_blur_ids_are_refused(run, value):
    """From 2**53 on neighbouring ids are the same float."""
    with pytest.raises(DataError, match="1 of 3 ids are floats"):
        run(customer_id=[value, 1.0, 2.0])


def test_floats_of_single_precision_blur_earlier(run):
    """2**24 + 1 is no float of 32 bits."""
    with pytest.raises(DataError, match=r"1 of 3 ids are floats of 2\*\*24 or more"):
        run(customer_id=np.array([2**24, 1, 2], dtype="f4"))


@pytest.mark.parametrize("far", [9.0, 1e12])
def test_float_ids_become_whole_on_every_engine(engine, log, far):
    """7.0 is 7 where an id is missing; the missing one is counted; a plan takes the result."""
    orders = engine.make(log(customer_id=[7.0, np.nan, far]))
    with pytest.warns(UserWarning, match="1 rows without a customer id"):
        table = summarize(orders, as_of="2024-12-31")
    ids = engine.pandas(table)["customer_id"].tolist()
    assert (ids, {type(i) for i in ids}) == ([7, int(far)], {int})


def test_float_ids_that_are_not_whole_are_refused_on_every_engine(engine, log):
    """7.5 is a price, not a customer; both faults are told at once."""
    orders = engine.make(log(customer_id=[7.5, 2.0**53, 9.0]))
    with pytest.raises(DataError, match=r"1 of 3 ids are floats of(.|\n)*1 of 3(.|\n)*not whole"):
        summarize(orders, as_of="2024-12-31")


@pytest.mark.parametrize(
    "ids", [[True, False, True], [[1], [2], [3]], pd.to_datetime(["2024"] * 3), [{}, {}, {}]]
)
def test_what_is_no_id_is_refused(run, ids):
    """Truth values, lists and dates name no customer."""
    with pytest.raises(ColumnsError, match="customer_id holds"):
        run(customer_id=ids)


@given(st.lists(st.text("ab019-\u00e9\0", min_size=1, max_size=5), min_size=1), st.integers(0, 9))
def test_numbers_of_text_are_distinct_and_sorted_like_it(texts, cut):
    """The mixed-radix numbers keep equality and order in any chunks, or there are none."""
    parts = [pd.Series(part, dtype="string[pyarrow]") for part in (texts[:cut], texts[cut:])]
    numbers = numbers_of(pd.concat(parts, ignore_index=True))
    if numbers is None:  # a zero byte within a text cannot be told from its end
        assert any("\0" in text for text in texts)
        return
    pairs = sorted(zip(texts, numbers.tolist(), strict=True))
    assert all((a[0] == b[0]) == (a[1] == b[1]) for a, b in pairwise(pairs))
    assert [n for _, n in pairs] == sorted(numbers.tolist())


def test_values_that_the_sample_missed_are_seen():
    """A rare letter outside the sampled range widens the range."""
    texts = pd.Series(
        ["id0000"] * 50_001 + ["id0z00"] + ["id0001"] * 50_000, dtype="string[pyarrow]"
    )
    numbers = numbers_of(texts)
    assert len(np.unique(numbers)) == 3
    assert numbers[50_001] == numbers.max()


def test_longer_texts_that_the_sample_missed_are_seen():
    """Places that only a rare text has are places too, and a shorter text sorts first."""
    texts = pd.Series(["id1"] * 50_001 + ["id100"] + ["id1"] * 50_000, dtype="string[pyarrow]")
    numbers = numbers_of(texts)
    assert len(np.unique(numbers)) == 2
    assert numbers[50_001] == numbers.max()


def test_texts_too_varied_for_a_number_are_hashed(run):
    """Sixteen hexadecimal digits are more than 62 bits."""
    ids = pd.Series(["0f" * 16, "f0" * 16, "0f" * 16], dtype="string[pyarrow]")
    assert run(customer_id=ids)["customer_id"].tolist() == ["0f" * 16, "f0" * 16]


def test_ids_of_unusual_frames_are_ids_or_refused():
    """Polars integers of 128 bits are ids; lists are none; texts are UTF-8."""
    one = {"ordered_at": ["2024-01-01"] * 3, "amount": [1.0] * 3}
    wide = pl.DataFrame({"customer_id": [2**70, 1, 2**70], **one}, schema_overrides=WIDE)
    assert summarize(wide, as_of="2024-12-31")["customer_id"].to_list() == [1, 2**70]
    with pytest.raises(ColumnsError, match="customer_id holds"):
        summarize(pl.DataFrame({"customer_id": [[1], [2], [1]], **one}), as_of="2024-12-31")
    odd = pd.DataFrame(one).assign(customer_id=pd.Series(["\ud800", "a", "a"], dtype=object))
    with pytest.raises(DataError, match="1 different texts that UTF-8 cannot write"):
        summarize(odd, as_of="2024-12-31")


def test_dense_ids_at_the_end_of_unsigned_integers(run):
    """Ids above 2**63 keep their type and value."""
    ids = np.array([2**64 - 1, 2**64 - 3, 2**64 - 1], dtype=np.uint64)
    table = run(customer_id=ids)
    assert table["customer_id"].dtype == np.uint64
    assert table["customer_id"].tolist() == [2**64 - 3, 2**64 - 1]
    assert table["orders"].tolist() == [1, 2]
