"""A log counted in parts gives what the whole log gives, to the last bit."""

import sys
import warnings

import numpy as np
import pandas as pd
import pytest
import scipy.sparse
from hypothesis import given, settings
from hypothesis import strategies as st

from layerwise.orders import counting
from layerwise.orders import parts as module
from layerwise.orders.amounts import Amounts
from layerwise.orders.ids import Codes
from layerwise.orders.parts import parts
from layerwise.orders.rows import Rows
from layerwise.summary import calibration_holdout, check_orders, snapshots, summarize

SMALL = {"_MANY": 1, "_CODES": 2, "_BLOCK": 7}


@pytest.fixture
def cut(monkeypatch):
    """Return a function that makes parts of four customers, in blocks of seven, from now on."""
    return lambda: [monkeypatch.setattr(module, n, v) for n, v in SMALL.items()]


def rows_of(code, moment, value=None, scale=100, n=40):
    """Return the rows of a log."""
    code, moment = np.asarray(code, np.int32), np.asarray(moment, np.int32)
    amounts = None if value is None else Amounts(np.asarray(value, np.float64), scale, 1.0)
    return Rows(code, moment, amounts, None, False, None, Codes(code, n, 0, None))


ROWS = st.lists(
    st.tuples(st.integers(0, 39), st.integers(-9000, 9000), st.integers(1, 99)), min_size=1
)


@settings(max_examples=80, deadline=None)
@given(ROWS, st.booleans())
def test_each_row_is_in_one_part_in_its_order(rows, priced):
    """Codes ascend from part to part, base and n bound them, rows keep their order within one."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in SMALL.items():
            patch.setattr(module, name, value)
        code, moment, value = zip(*rows, strict=True)
        found = list(parts(rows_of(code, moment, value if priced else None)))
    assert [part.base for part in found] == list(range(0, 40, 4))
    assert all(part.n == 4 and ((part.code >= 0) & (part.code < 4)).all() for part in found)
    mine = [
        (int(c) + part.base, int(m), None if v is None else int(v))
        for part in found
        for c, m, v in zip(
            part.code,
            part.moment,
            part.amounts.value if part.amounts else [None] * len(part.code),
            strict=True,
        )
    ]
    told = [(c, m, v if priced else None) for c, m, v in rows]
    assert mine == sorted(told, key=lambda row: row[0] // 4)


MANY = np.arange(600_000)


@pytest.mark.parametrize(
    ("rows", "why"),
    [
        (rows_of([0, 9], [1, 2], n=600_000), "few rows"),
        (rows_of(MANY % 9, MANY % 700, n=9), "few customers"),
        (rows_of(MANY, MANY % 700, MANY / 3, None, n=600_000), "sums on a common grid"),
        (rows_of(MANY, MANY * 40, n=600_000), "more than 30 bits"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_the_log_stays_whole(rows, why):
    """Where parts would not pay, or not be exact."""
    [part] = parts(rows)
    assert part.code is rows.code, why
    assert part.moment is rows.moment, why


def test_a_large_log_is_cut():
    """From 524,288 customers and rows on, in parts of 32,768."""
    found = [part.n for part in parts(rows_of(MANY, MANY % 700, n=600_000))]
    assert found == [32_768] * 18 + [10_176]


@pytest.mark.parametrize("time_bits", [14, 15, 16, 19, 20, 21])
def test_the_largest_code_and_moment_fit(time_bits):
    """Parts get smaller for longer logs; the last code at the last moment is all ones."""
    last = (1 << time_bits) - 1
    moment = np.where(MANY == 599_999, last, MANY % 2)
    found = list(parts(rows_of(MANY, moment, MANY % 7, n=600_000)))
    assert len(found) == {14: 19, 15: 19, 16: 37, 19: 293, 20: 586, 21: 1}[time_bits]
    code = np.concatenate([part.code + part.base for part in found])
    assert np.array_equal(code, MANY)
    assert np.array_equal(np.concatenate([part.moment for part in found]), moment)


def test_codes_beyond_32_bits():
    """Few rows of a wide range of codes, as it would be with billions of customers."""
    code = np.array([0, 2**31 + 5, 2**31 + 6, 5], dtype=np.int64)
    ids, moment = Codes(code, 2**31 + 7, 0, None), np.arange(1, 5, dtype=np.int32)
    [block] = module._blocks(Rows(code, moment, None, None, False, None, ids), 1, 2, 28)
    assert block.indptr.tolist() == [0, 2, 2, 2, 2, 2, 2, 2, 2, 4]


def log_of(rng, text_ids):
    """Return a log with refunds, orders of several lines and gaps between the customers."""
    n = 400
    hours = pd.to_timedelta(rng.integers(0, 24 * 500, n), "h")
    customer = rng.integers(0, 60, n) * 3
    amount = np.round(rng.lognormal(2, 1, n), 2) * np.where(rng.random(n) < 0.1, -1, 1)
    log = pd.DataFrame({"customer_id": customer, "ordered_at": pd.Timestamp("2024-01-01") + hours})
    log["amount"] = amount
    log["order_id"] = rng.integers(0, 200, n)
    return log.assign(customer_id=log["customer_id"].map("c{:03}".format)) if text_ids else log


@pytest.mark.parametrize("some", [1, 1 << 12], ids=["counting sort", "sort by key"])
@pytest.mark.parametrize("text_ids", [False, True])
@pytest.mark.parametrize(
    "choices",
    [
        {},
        {"grain": "hour", "gaps": True},
        {"grain": "week", "window_days": (30, 365)},
        {"amount": None, "gaps": True},
        {"order": "order_id"},
    ],
    ids=str,
)
def test_the_answers_are_the_same(cut, monkeypatch, choices, text_ids, some):
    """Summary, holdout, snapshots and what is told, whatever is asked for, by both sorts."""
    monkeypatch.setitem(sys.modules, "scipy.sparse", scipy.sparse)
    monkeypatch.setattr(counting, "_SOME", some)
    log = log_of(np.random.default_rng(7), text_ids)

    def answers():
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield summarize(log, as_of="2025-05-30", **choices)
            yield calibration_holdout(log, split="2024-12-31", end="2025-05-30", **choices)
            yield snapshots(log, as_of=["2024-09-30", "2025-05-30"], **choices)
            yield check_orders(log, as_of="2025-05-30", **{**choices, "gaps": False})

    whole = list(answers())
    cut()
    for mine, theirs in zip(answers(), whole, strict=True):
        if isinstance(theirs, pd.DataFrame):
            pd.testing.assert_frame_equal(mine, theirs)
        else:
            assert mine == theirs
