"""Cut points: at observed values, the lower band owns the edge, equal values stay together."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from layerwise.errors import FitError, SpecError
from layerwise.layers.edges import (
    check_cuts,
    filled_bands,
    middle_edge,
    present,
    quantile_edges,
    share_edges,
)

FLOATS = st.floats(-1e12, 1e12, allow_nan=False)
MONEY = st.integers(-10_000, 10_000_000).map(lambda cents: cents / 100)
SAMPLES = st.one_of(
    st.lists(FLOATS, min_size=1, max_size=60).map(np.array),
    st.lists(MONEY, min_size=1, max_size=60).map(np.array),
    st.lists(st.integers(0, 9), min_size=1, max_size=60).map(lambda v: np.array(v, np.int64)),
    st.lists(st.integers(-(10**9), 10**9), min_size=1, max_size=60).map(np.array),
)
CUTS = st.lists(st.integers(1, 99), min_size=1, max_size=5, unique=True).map(
    lambda v: tuple(sorted(c / 100 for c in v))
)


@given(SAMPLES, CUTS)
def test_quantiles_are_those_of_numpy(values: np.ndarray, cuts: tuple[float, ...]) -> None:
    """Bands are those of numpy's inverted_cdf, up to the rounding to ten digits."""
    found = np.array(quantile_edges(values, cuts))
    wanted = np.quantile(values, cuts, method="inverted_cdf")
    for edge, exact in zip(found, wanted, strict=True):
        assert (values > edge).tolist() == (values > exact).tolist()
        assert edge == pytest.approx(exact, rel=1e-9)


@pytest.mark.parametrize("unit", [1, 100, 1000])
def test_quantiles_of_many_values(unit: int) -> None:
    """Values that are read in several blocks, as whole numbers, cents or neither, are all seen."""
    values = np.random.default_rng(unit).integers(-5_000, 20_000, 150_001) / unit
    cuts = (0.2, 0.5, 0.9)
    wanted = np.quantile(values, cuts, method="inverted_cdf")
    assert quantile_edges(values, cuts) == tuple(wanted)
    last = np.append(np.full(150_000, 1.0), 1.0005)  # one that is no cent, in the last block
    assert quantile_edges(last, (0.5,)) == (1.0,)


@given(SAMPLES, CUTS, st.randoms())
def test_row_order_never_matters(
    values: np.ndarray, cuts: tuple[float, ...], random: object
) -> None:
    """Any order of the values gives the same edges, for quantiles, shares and middles."""
    shuffled = values.copy()
    random.shuffle(shuffled)
    assert quantile_edges(values, cuts) == quantile_edges(shuffled, cuts)
    assert share_edges(values, cuts) == share_edges(shuffled, cuts)
    assert middle_edge(values, cuts[0]) == middle_edge(shuffled, cuts[0])


@given(SAMPLES, CUTS)
def test_each_share_is_reached(values: np.ndarray, cuts: tuple[float, ...]) -> None:
    """At or below an edge lies at least its share of values, and less just below it."""
    for cut, edge in zip(cuts, quantile_edges(values, cuts), strict=True):
        assert (values <= edge).mean() >= cut - 1e-9
        exact = values[values <= edge].max()
        assert (values < exact).mean() < cut


def test_quantiles_by_hand() -> None:
    """0.8 of five values is four of them, not five, in spite of binary fractions."""
    assert quantile_edges(np.array([5.0, 1.0, 2.0, 4.0, 3.0]), (0.2, 0.4, 0.6, 0.8)) == (1, 2, 3, 4)
    assert quantile_edges(np.array([7]), (0.2, 0.8)) == (7.0, 7.0)
    assert quantile_edges(np.arange(1, 11), (0.1, 0.3, 0.7)) == (1.0, 3.0, 7.0)


def test_ten_digits_never_move_a_value() -> None:
    """An edge is rounded to ten digits only where that keeps every value in its band."""
    thirds = np.array([1, 2, 3, 4, 5]) / 3
    edges = quantile_edges(thirds, (0.4,))
    assert edges == (0.6666666667,)
    close = np.array([1.0, 1.0 + 2e-12, 1.0 + 4e-12, 2.0])
    assert (close > quantile_edges(close, (0.5,))[0]).tolist() == [False, False, True, True]


@given(SAMPLES)
def test_shares_hold_what_they_say(values: np.ndarray) -> None:
    """The customers above the upper edge bring the share of spend, and no fewer would."""
    low, high = share_edges(values, (0.8, 0.95))[::-1][1], share_edges(values, (0.8, 0.95))[1]
    assert low <= high
    spend = np.maximum(values, 0).astype(float)
    total, top = spend.sum(), spend[spend > high]
    if total > 0 and len(top):
        assert top.sum() >= 0.8 * total * (1 - 1e-9)
        assert top.sum() - (top == top.min()).sum() * top.min() < 0.8 * total * (1 + 1e-9)


def test_shares_by_hand() -> None:
    """ABC analysis of 100: the first two bring 80, the next two 16."""
    spend = np.array([60.0, 20.0, 10.0, 6.0, 4.0])
    low, high = share_edges(spend, (0.8, 0.95))
    assert spend[spend > high].tolist() == [60.0, 20.0]
    assert spend[(spend > low) & (spend <= high)].tolist() == [10.0, 6.0]
    assert share_edges(np.zeros(3), (0.8, 0.95)) == (0.0, 0.0)
    assert share_edges(np.array([-5.0, 10.0]), (0.5, 0.9))[1] < 10.0


def test_middle_lies_between_two_values() -> None:
    """The middle edge parts the same values as the quantile, but equals none of them."""
    values = np.array([0.1, 0.2, 0.4, 0.8])
    assert middle_edge(values, 0.5) == pytest.approx(0.3)
    assert middle_edge(values, 0.99) == 0.8
    assert middle_edge(np.array([5.0]), 0.5) == 5.0


@given(SAMPLES, CUTS)
def test_filled_bands_are_counted(values: np.ndarray, cuts: tuple[float, ...]) -> None:
    """The number of bands that hold a value is that of searchsorted."""
    for edges in (quantile_edges(values, cuts), share_edges(values, cuts)):
        assert filled_bands(values, edges) == len(np.unique(np.searchsorted(edges, values)))


def test_missing_values_are_left_out() -> None:
    """NaN does not count; nothing but NaN is an error that names the column."""
    assert present(np.array([1.0, np.nan]), "x").tolist() == [1.0]
    with pytest.raises(FitError, match="spend_365d is missing for every customer"):
        present(np.array([np.nan, np.nan]), "spend_365d")


@pytest.mark.parametrize(
    "cuts", [(0.5,), (0.8, 0.5), (0.5, 0.5), (0, 0.5), (0.5, 1), (np.nan, 0.5)]
)
def test_bad_cuts(cuts: tuple[float, ...]) -> None:
    """Cuts must be two ascending shares."""
    with pytest.raises(SpecError, match="cuts of X must be 2 ascending numbers"):
        check_cuts(cuts, 2, "cuts of X")


def test_ranks_are_not_pushed_up_by_rounding() -> None:
    """0.55 x 100 is 55.00000000000001 in floats; the rank is 55."""
    assert 0.55 * 100 > 55
    assert quantile_edges(np.arange(1, 101), [0.55]) == (55.0,)
    assert quantile_edges(np.arange(1, 101) / 3, [0.55]) == (pytest.approx(55 / 3),)


def test_the_middle_is_short_where_that_parts_the_same_values() -> None:
    """Ten digits where they lie strictly between the two values, all digits where they do not."""
    assert middle_edge(np.array([0.1, 0.2 + 1e-13]), 0.5) == 0.15
    close = np.array([1.0, 1.0 + 4e-13])
    assert 1.0 < middle_edge(close, 0.5) < close[1]
