"""Ids that are probably not one customer each are counted, and told of."""

import numpy as np
import pandas as pd
import pytest

from layerwise.at_once import overview
from layerwise.datasets import simulate_orders
from layerwise.orders.doubtful_ids import shared_ids, similar_ids
from layerwise.summary import check_orders

LOG = simulate_orders(300, seed=4).assign(customer_id=lambda t: "u" + t["customer_id"].astype(str))
AS_OF = LOG["ordered_at"].max()


@pytest.mark.parametrize("dtype", ["object", "str", "category", "string[pyarrow]"])
def test_ids_that_differ_by_case_or_blanks(dtype):
    """Each beyond the first; numbers and other characters do not count."""
    ids = ["Ann", " ann", "ann ", "ANN", "bob", "b ob", "7", "07"]
    assert similar_ids(pd.Series(ids, dtype=dtype)) == 3
    assert similar_ids(pd.Series([1, 2, 3])) == 0
    assert similar_ids(pd.Series([1, "1", "x ", "X"], dtype=object)) == 1


@pytest.mark.parametrize(
    ("orders", "found"),
    [
        ([150] + [50] * 99, [0]),
        ([149] + [50] * 99, []),
        ([50] * 99 + [160, 151], [99, 100]),
        ([49] + [1] * 99, []),
        ([300] + [9] * 98, []),
        (range(1, 200), []),
        ([900] * 11 + [9] * 99, []),
    ],
)
def test_ids_that_guests_share(orders, found):
    """Three times all others and fifty, among a hundred or more; at most ten."""
    assert sorted(shared_ids(np.array(orders)).tolist()) == found


def test_both_are_counted_and_told():
    """By check_orders, and in the notes of overview; no id is."""
    odd = LOG["customer_id"].mask(LOG.index % 50 == 0, LOG["customer_id"].str.upper())
    guest = pd.Timestamp("2024-01-01") + pd.to_timedelta(np.arange(300), "D")
    guests = pd.DataFrame({"customer_id": "canary", "ordered_at": guest, "amount": 9.0})
    log = pd.concat([LOG.assign(customer_id=odd), guests])
    check = check_orders(log, as_of=AS_OF)
    assert check.similar_ids == odd.nunique() - odd.str.lower().nunique() > 0
    assert (check.shared_ids, check.shared_rows) == (1, 300)
    assert "differ from another one only by case" in repr(check)
    notes = [note for note in overview(log, as_of=AS_OF).notes if "\nHint: " in note]
    assert sum("perhaps those of guests" in note for note in notes) == 1
    assert sum("only by case or blanks" in note for note in notes) == 1
    assert "canary" not in repr(check) + "".join(notes)


def test_usual_ids_are_not_doubted():
    """Nothing is said of a log of customers."""
    check = check_orders(LOG, as_of=AS_OF)
    assert (check.similar_ids, check.shared_ids, check.shared_rows) == (0, 0, 0)
    assert "differ" not in repr(check)
