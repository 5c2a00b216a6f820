"""One strategy and what is wrong with it."""

import attrs
import numpy as np
import pytest

from layerwise.errors import TableError
from layerwise.strategy import Strategy

ROW = {"id": "a", "axis": "tier", "segment": "new", "action": "Say hello", "priority": 1}


def test_defaults():
    """The five needed cells make a strategy for customers, of the user's own."""
    row = Strategy(**ROW)
    assert (row.level, row.basis, row.channel) == ("customer", "own", "")


def test_numpy_priority():
    """A whole number from a data frame counts as one."""
    for three in (np.int64(3), np.float64(3), np.float32(3), 3.0):
        row = Strategy(**{**ROW, "priority": three})
        assert (row.priority, type(row.priority)) == (3, int)


def test_is_frozen():
    """A strategy cannot be changed."""
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        Strategy(**ROW).priority = 2


@pytest.mark.parametrize(
    ("cell", "value", "said"),
    [
        ("id", "", "id is empty"),
        ("action", None, "action is empty"),
        ("axis", " tier", "axis has blanks around it"),
        ("axis", "tier\u200b", "axis holds an invisible character"),
        ("owner", 3, "owner is int, not text"),
        ("theme", "a\nb", "line break"),
        ("kpi", "a\x00b", "control character"),
        ("priority", True, "not a whole number"),
        ("priority", 1.5, "not a whole number"),
        ("priority", float("inf"), "not a whole number"),
        ("priority", float("nan"), "not a whole number"),
        ("priority", -1, "not between 0"),
        ("priority", 10**30, "not between 0"),
        ("level", "person", "'person' is not one of customer, brand"),
        ("basis", "guess", "'guess' is not one of stated"),
    ],
)
def test_each_bad_cell_is_refused(cell, value, said):
    """A cell that is not what its column holds is refused by name."""
    with pytest.raises(TableError, match=said):
        Strategy(**{**ROW, cell: value})


def test_all_bad_cells_are_told_at_once():
    """One error lists every bad cell of the row."""
    with pytest.raises(TableError) as error:
        Strategy(**{**ROW, "level": "x", "basis": "y", "priority": "z"})
    assert str(error.value).count("\n") == 4


@pytest.mark.parametrize(
    ("incentive", "price"),
    [("", False), ("points", False), ("points; coupon", True), ("cashback", True)],
)
def test_price_incentive(incentive, price):
    """Coupons lower a price, points do not, and an unknown kind counts as one that does."""
    assert Strategy(**ROW, incentive=incentive).gives_price_incentive is price
