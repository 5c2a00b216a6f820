import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from layerwise.orders import counting
from layerwise.orders.counting import window_start
from layerwise.orders.ids import Codes
from layerwise.orders.parts import parts
from layerwise.orders.rows import Rows

PAIRS = st.lists(st.tuples(st.integers(0, 5), st.integers(-9000, 9000)), min_size=1)


def rows(pairs):
    code, moment = (np.array(column, dtype=np.int32) for column in zip(*pairs, strict=True))
    return Rows(code, moment, None, None, False, None, Codes(code, 6, 0, None))


@given(PAIRS)
def test_both_sorts_give_the_same(pairs):
    """Packed keys and counting sorts order codes and moments alike."""
    [log] = parts(rows(pairs))
    low = int(log.moment.min())
    span = int(log.moment.max()) - low + 1
    by_key = counting._sorted_by_key(log, low, span)
    by_counting = counting._sorted_by_counting(log, low, span)
    for mine, other in zip(by_key, by_counting, strict=True):
        assert mine.tolist() == other.tolist()


@given(PAIRS)
def test_occasions_are_the_distinct_pairs(pairs):
    """Codes, their numbers of occasions and the moments are those of a set."""
    customer, orders, moment = counting.occasions(rows(pairs), "day")
    found = list(zip(np.repeat(customer, orders).tolist(), moment.tolist(), strict=True))
    assert found == sorted(set(pairs))


@pytest.mark.parametrize(
    ("grain", "as_of", "days", "start"),
    [
        ("day", 100, 7, 94),
        ("hour", 100 * 24, 1, 100 * 24 - 23),
        ("week", 0, 14, 102_736),
        ("week", 0, 8, 102_736),
        ("week", 0, 7, 102_737),
        ("week", 0, 15, 102_735),
    ],
)
def test_windows_start_less_than_w_days_before(grain, as_of, days, start):
    """The first bucket whose distance to as_of's is less than the window."""
    assert window_start(as_of, days, grain) == start
