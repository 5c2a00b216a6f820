"""The parts of a change add up to it, and say what was planted."""

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from layerwise.errors import DataError, SpecError
from layerwise.evaluate import decompose_change

COUNTS = st.tuples(st.integers(0, 10**6), st.integers(0, 10**6)).map(lambda p: (min(p), max(p)))
PERIODS = {"before": "2024-01-31", "after": "2024-02-29"}


def table(before: list[tuple[int, int]], after: list[tuple[int, int]]) -> pd.DataFrame:
    """Return a tidy table of (numerator, denominator) by segment."""
    rows = [
        (f"s{i}", day, *pair)
        for day, pairs in zip(PERIODS.values(), (before, after), strict=True)
        for i, pair in enumerate(pairs)
    ]
    return pd.DataFrame(rows, columns=["segment", "period_end", "numerator", "denominator"])


@given(st.lists(st.tuples(COUNTS, COUNTS), min_size=1, max_size=12))
def test_parts_add_up_to_the_change(pairs: list[tuple[tuple[int, int], tuple[int, int]]]) -> None:
    """Whatever the counts, mix and within of all segments are the change of the total rate."""
    before, after = ([p[i] for p in pairs] for i in (0, 1))
    if not all(sum(n for _, n in side) for side in (before, after)):
        return
    found = decompose_change(table(before, after), **PERIODS)
    old, new = (sum(x for x, _ in s) / sum(n for _, n in s) for s in (before, after))
    assert math.isclose(found.mix + found.within, new - old, abs_tol=1e-12)
    assert math.isclose(math.fsum(found.segments["effect"]), found.change, abs_tol=1e-12)
    assert found.segments["effect"].abs().round(12).is_monotonic_decreasing


def test_by_hand() -> None:
    """The sums of the definition, without the mean taken off, are the same."""
    found = decompose_change(table([(40, 100), (30, 300)], [(90, 250), (30, 200)]), **PERIODS)
    w0, w1 = np.array([0.25, 0.75]), np.array([5, 4]) / 9
    p0, p1 = np.array([0.4, 0.1]), np.array([0.36, 0.15])
    assert np.isclose(found.mix, ((w1 - w0) * (p0 + p1) / 2).sum())
    assert np.isclose(found.within, ((w0 + w1) / 2 * (p1 - p0)).sum())
    rates = found.segments.set_index("segment")["rate_after"].to_dict()
    assert rates == {"s0": 90 / 250, "s1": 30 / 200}


def test_pure_mix_and_pure_within() -> None:
    """Only weights moved: no within. Only rates moved: no mix."""
    mixed = decompose_change(table([(10, 100), (90, 100)], [(30, 300), (90, 100)]), **PERIODS)
    moved = decompose_change(table([(10, 100), (90, 100)], [(20, 100), (90, 100)]), **PERIODS)
    assert np.isclose(mixed.within, 0)
    assert mixed.mix < 0
    assert np.isclose(moved.mix, 0)
    assert moved.within > 0


def test_new_and_gone_segments_are_mix() -> None:
    """What has no rate in one period is said, and counts as mix."""
    found = decompose_change(table([(10, 100), (50, 100)], [(10, 100), (0, 0)]), **PERIODS)
    status = found.segments.set_index("segment")["status"]
    assert status.to_dict() == {"s0": "both", "s1": "gone"}
    assert found.within == 0
    assert np.isclose(found.change, 0.1 - 0.3)
    back = decompose_change(table([(10, 100), (0, 0)], [(10, 100), (50, 100)]), **PERIODS)
    assert back.segments.set_index("segment").loc["s1", "status"] == "new"
    assert np.isnan(back.segments.set_index("segment").loc["s1", "rate_before"])


def test_everybody_is_left_out() -> None:
    """A row of all segments together is not one of them."""
    parts = table([(10, 100), (50, 100)], [(20, 100), (50, 150)])
    total = parts.groupby("period_end", as_index=False)[["numerator", "denominator"]].sum()
    both = pd.concat([parts, total.assign(segment="all")])
    one, two = decompose_change(parts, **PERIODS), decompose_change(both, **PERIODS)
    assert one.change == two.change
    pd.testing.assert_frame_equal(one.segments, two.segments)


def test_refusals() -> None:
    """The same period, one not there, no segments, several KPIs."""
    good = table([(1, 9)], [(2, 9)])
    with pytest.raises(SpecError, match="same period"):
        decompose_change(good, before="2024-01-31", after="2024-01-31")
    with pytest.raises(DataError, match="period of before="):
        decompose_change(good, before="2023-01-31", after="2024-02-29")
    with pytest.raises(DataError, match="no column segment"):
        decompose_change(good.drop(columns="segment"), **PERIODS)
    with pytest.raises(DataError, match="'all' only"):
        decompose_change(good.assign(segment="all"), **PERIODS)
    with pytest.raises(SpecError, match="2 KPIs"):
        decompose_change(pd.concat([good.assign(kpi="a"), good.assign(kpi="b")]), **PERIODS)
