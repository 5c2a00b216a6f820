import decimal
import fractions

import attrs
import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from layerwise.errors import ColumnsError, DataError
from layerwise.orders.amounts import Amounts, to_amounts

D = decimal.Decimal
MONEY = st.decimals(-10_000, 10_000, places=2).map(float)


@pytest.mark.parametrize(
    "amounts",
    [
        [12.05, 1.1, 2.2],
        [D("12.05"), D("1.10"), D("2.2")],
        pd.Series([D("12.05"), D("1.10"), D("2.20")], dtype=pd.ArrowDtype(pa.decimal128(12, 2))),
        pd.Series([12.05, 1.1, 2.2], dtype="Float64"),
        pd.Series([12.05, 1.1, 2.2], dtype="Float32"),
        pd.Series([12.05, 1.1, 2.2], dtype="float[pyarrow]"),
        pd.Series([12.05, 1.1, 2.2], dtype=object),
        np.array([12.05, 1.1, 2.2], dtype="f4"),
        np.array([12.05, 1.1, 2.2], dtype="f2"),
        np.array([12.05, 1.1, 2.2], dtype=np.longdouble),
        pd.arrays.SparseArray([12.05, 1.1, 2.2]),
    ],
)
def test_cents_stay_cents_in_every_type(run, amounts):
    """12.05 + 1.10 is 13.15 exactly, also from floats that cannot hold 12.05."""
    assert run(amount=amounts)["spend_total"].tolist() == [13.15, 2.2]


@pytest.mark.parametrize("kind", ["i1", "u1", "i2", "Int64", "UInt8", "int16[pyarrow]"])
def test_small_integers_do_not_overflow(run, kind):
    """Sums widen: three times 100 is more than int8 holds."""
    amounts = pd.Series([100, 100, 100], dtype=kind)
    assert run(customer_id=[1, 1, 1], amount=amounts)["spend_total"].tolist() == [300.0]


def test_integers_beyond_exact_floats_are_added_without_wrapping(run):
    """Three times 2**62 does not fit int64."""
    amounts = np.array([2**62, 2**62, 2**62])
    assert run(customer_id=[1, 1, 1], amount=amounts)["spend_total"].tolist() == [3.0 * 2**62]


@pytest.mark.parametrize(
    "amounts",
    [
        ["12.05", "1", "2"],
        pd.Series(["12.05", 1, 2], dtype=object),
        [True, False, True],
        pd.Series([True, 1, 2], dtype=object),
        [1j, 2, 3],
        pd.to_timedelta([1, 2, 3], unit="D"),
        pd.Categorical([1.0, 2.0, 3.0]),
    ],
)
def test_what_is_no_amount_is_refused(run, amounts):
    """Text, truth values, complex numbers, durations and categories are no money."""
    with pytest.raises(ColumnsError, match="amount holds"):
        run(amount=amounts)


def test_infinite_amounts_are_refused_with_a_count(run):
    """An infinite amount would make a customer's total infinite."""
    with pytest.raises(DataError, match="amount: 2 of 3 amounts are infinite"):
        run(amount=[np.inf, 1.0, -np.inf])


def test_amounts_that_cannot_be_added_are_refused(run):
    """A total beyond the largest float is an error, not infinity."""
    with pytest.raises(DataError, match="too large"):
        run(amount=[1.7e308, 1.7e308, 1.0])


@pytest.mark.parametrize("missing", [[np.nan, 1.1, 2.2], pd.Series([None, 1, 2], dtype="Int64")])
def test_missing_amounts_are_left_out_with_a_count(run, missing):
    """A row without an amount is no purchase of zero."""
    with pytest.warns(UserWarning, match="1 rows without an amount"):
        assert run(amount=missing)["orders"].tolist() == [1, 1]


@given(st.lists(MONEY, min_size=1, max_size=40), st.randoms())
def test_sums_of_cents_are_exact_in_any_order(values, random):
    """The sum is the nearest float to the decimal sum, however the rows lie."""
    exact = float(sum(fractions.Fraction(str(v)) for v in values))
    random.shuffle(values)
    amounts = to_amounts(np.array(values))
    total = amounts.sum_by(np.zeros(len(values), dtype=int), 1)
    assert amounts.scale in (1, 100)
    assert total[0] / amounts.scale == exact


@given(st.lists(st.floats(-1e9, 1e9), min_size=1, max_size=40), st.randoms())
def test_sums_of_any_floats_do_not_depend_on_the_order(values, random):
    """Sums on grids are the same for every order, and right to the last digits."""
    code = np.zeros(len(values), dtype=int)
    before = to_amounts(np.array(values)).sum_by(code, 1)
    exact = float(sum(map(fractions.Fraction, values)))
    random.shuffle(values)
    amounts = to_amounts(np.array(values))
    assert amounts.sum_by(code, 1) == before
    gross = sum(map(abs, values))
    assert before[0] / (amounts.scale or 1) == pytest.approx(exact, abs=1e-15 * gross, rel=1e-15)


def test_three_and_more_decimals_are_money_too():
    """Dinars have three decimals, unit prices four."""
    assert to_amounts(np.array([1.125, 2.0])).scale == 10_000
    assert to_amounts(np.array([0.123456])).scale == 1_000_000
    assert to_amounts(np.array([5.0, 7.0])).scale == 1
    assert to_amounts(np.array([1 / 3])).scale is None


def test_small_amounts_survive_beside_huge_ones():
    """One absurd amount does not round the others away."""
    amounts = to_amounts(np.array([1e18, 12.05, 1 / 3] * 100))
    total = amounts.sum_by(np.tile([0, 1, 2], 100), 3)
    assert total[1] == pytest.approx(1205.0, rel=1e-14)
    assert total[2] == pytest.approx(100 / 3, rel=1e-14)


@given(
    st.lists(st.tuples(st.integers(0, 3), st.integers(0, 9), st.integers(1, 10**6)), min_size=1),
    st.sampled_from([100, None]),
)
def test_spans_are_sums_of_their_rows(rows, scale):
    """Each span of periods holds the rows between its edges, whole numbers or floats."""
    code, moment, value = (np.array(column) for column in zip(*rows, strict=True))
    amounts = Amounts(value.astype(float) / (1 if scale else 3), scale, 1.0)
    # Enough rows that their sums are fewer.
    code, moment = np.tile(code, 12), np.tile(moment, 12)
    amounts = attrs.evolve(amounts, value=np.tile(amounts.value, 12))
    spans = [(0, 1), (1, 2), (2, 2), (0, 0)]
    bounds = [0, 3, 7, 10]
    found = list(amounts.sum_by_span(code, 4, moment, [3, 7], spans))
    for (first, last), sums in zip(spans, found, strict=True):
        inside = (moment >= bounds[first]) & (moment < bounds[last + 1])
        assert sums.tolist() == amounts.sum_by(code, 4, inside).tolist()
        expected = [amounts.value[inside & (code == who)].sum() for who in range(4)]
        assert sums == pytest.approx(expected, rel=1e-14)


@pytest.mark.parametrize("edges", [127, 128, 300])
def test_spans_of_many_periods(edges):
    """Each period holds what it should, however many there are and however few the rows."""
    moment = np.arange(2_000) % (edges + 1)
    amounts = to_amounts(np.arange(2_000))
    spans = [(i, i) for i in range(edges + 1)]
    found = amounts.sum_by_span(np.zeros(2_000, int), 1, moment, range(1, edges + 1), spans)
    expected = np.bincount(moment, np.arange(2_000))
    assert [float(each[0]) for each in found] == expected.tolist()
    few = amounts.take(np.arange(edges))
    sums = few.sum_by_span(np.zeros(edges, int), 1, moment[:edges], range(1, edges + 1), spans)
    assert [float(each[0]) for each in sums] == [*range(edges), 0]
