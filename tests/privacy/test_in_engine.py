"""Counts of customers by cell inside an engine: what is published is what pandas publishes."""

import numpy as np
import pandas as pd
import pytest

from layerwise.errors import ColumnsError, DataError, EngineError
from layerwise.privacy import Published, in_engine, publish
from tests.conftest import ENGINES, Engine


@pytest.fixture(params=[name for name, engine in ENGINES.items() if engine.lazy])
def lazy(request: pytest.FixtureRequest) -> Engine:
    """Each lazy engine that is always there."""
    return ENGINES[request.param]


def people(n: int = 300, *, seed: int = 5) -> pd.DataFrame:
    """Return customers with labels, some missing, and whole and broken numbers."""
    rng = np.random.default_rng(seed)
    return pd.DataFrame(
        {
            "customer_id": [f"c{i}" for i in rng.permutation(n)],
            "city": rng.choice(["A", "B", "C", None], n, p=[0.5, 0.3, 0.18, 0.02]),
            "band": rng.integers(1, 4, n),
            "rate": rng.choice([0.5, 0.25, np.nan], n, p=[0.6, 0.35, 0.05]),
        }
    )


def same(found: Published, expected: Published) -> None:
    """Check that all tables, suppressions and counts are equal."""
    assert found.tables.keys() == expected.tables.keys()
    for key, table in expected.tables.items():
        pd.testing.assert_frame_equal(found.tables[key], table)
    for name in ("total", "k", "cells", "small", "beside", "without_customer"):
        assert getattr(found, name) == getattr(expected, name), name


TABLES = [["city", "band"], ["band", "rate"]]


@pytest.mark.parametrize("margins", [True, False])
def test_customers_of_one_cell(lazy: Engine, margins: bool) -> None:
    """One row a customer: two stages of counts, then the suppression of pandas."""
    rows = people()
    expected = publish(rows, TABLES, k=8, margins=margins)
    assert expected.small > 0
    same(publish(lazy.make(rows), TABLES, k=8, margins=margins), expected)


def test_customers_of_several_cells(lazy: Engine) -> None:
    """Customers with rows in several cells count once in each and once in the margins."""
    rows = pd.concat([people(), people(120, seed=6), people(90)], ignore_index=True)
    expected = publish(rows, TABLES, k=8)
    assert expected.total == 300 < len(rows)
    same(publish(lazy.make(rows), TABLES, k=8), expected)


def test_rows_without_a_customer_are_counted_apart(lazy: Engine) -> None:
    """Missing and blank ids are no customers."""
    rows = people()
    rows.loc[[3, 4, 5], "customer_id"] = [None, "", " \t"]
    found = publish(lazy.make(rows), ["city"], k=5)
    assert (found.without_customer, found.total) == (3, 297)
    same(found, publish(rows, ["city"], k=5))


def test_nobody(lazy: Engine) -> None:
    """A table without rows publishes tables without rows."""
    rows = people(30)
    empty = lazy.make(rows.assign(customer_id=pd.Series([None] * 30, dtype="string")))
    found = publish(empty, ["city"], k=5)
    assert (found.total, found.without_customer) == (0, 30)


def test_refusals(lazy: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    """Wrong columns and numbers, and too many cells, are refused as elsewhere."""
    rows = people()
    with pytest.raises(ColumnsError, match="town"):
        publish(lazy.make(rows), ["town"])
    with pytest.raises(DataError, match="infinite"):
        publish(lazy.make(rows.assign(rate=np.inf)), ["rate"])
    with pytest.raises(ColumnsError, match="not ids"):
        publish(lazy.make(rows.assign(customer_id=True)), ["city"])
    monkeypatch.setattr(in_engine.frames, "LARGEST_COLLECT", 2)
    with pytest.raises(EngineError, match="More than 2 rows"):
        publish(lazy.make(rows), ["city"])
