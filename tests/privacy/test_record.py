"""One line a run: what was read, told without anybody's data."""

import hashlib
import json
from typing import Any

import numpy as np
import pandas as pd
import pytest

from layerwise.errors import ColumnsError, SpecError
from layerwise.privacy import run_record
from layerwise.version import VERSION
from tests.conftest import Engine

KEY = hashlib.sha256(b"for tests").digest()
ORDERS = pd.DataFrame(
    {
        "customer_id": ["a", None, "c"],
        "ordered_at": pd.to_datetime(["2024-02-01", "2024-01-05", None]),
        "amount": [1.5, None, 2.0],
        "n": [1, 2, 3],
    }
)


def record(table: Any = ORDERS, **choices: Any) -> Any:
    """Return the record of one table."""
    usual = {"purpose": "churn", "as_of": "2024-06-30", "key": KEY, "key_id": "k1"}
    return run_record({"orders": table}, **(usual | choices))


def test_the_line_says_what_was_read() -> None:
    """Purpose, columns, dates, counts, hash and version stand in one line of JSON."""
    found = record(times={"orders": "ordered_at"}, counts={"orders": {"withdrawn": 2}})
    line = found.to_line()
    assert "\n" not in line
    data = json.loads(line)
    assert (data["purpose"], data["as_of"], data["version"]) == ("churn", "2024-06-30", VERSION)
    table = data["tables"]["orders"]
    assert table["columns"] == ["amount", "customer_id", "n", "ordered_at"]
    assert (table["rows"], table["first"], table["last"]) == (3, "2024-01-05", "2024-02-01")
    assert table["counts"] == {"withdrawn": 2}
    assert len(table["hash"]) == 32


def test_hash_does_not_depend_on_order(engine: Engine) -> None:
    """Rows, columns and engine do not change it."""
    if engine.lazy:
        return
    mixed = ORDERS.iloc[[2, 0, 1]][["n", "amount", "customer_id", "ordered_at"]].reset_index(
        drop=True
    )
    assert record(engine.make(mixed)).to_line() == record().to_line()


@pytest.mark.parametrize(
    "change", ["value", "row", "twice", "missing", "swap", "name", "key", "key none"]
)
def test_hash_changes_with_the_rows(change: str) -> None:
    """Any change of a cell, a row, a name or the key changes it."""
    table, choices = ORDERS.copy(), {}
    if change == "value":
        table.loc[0, "n"] = 7
    elif change == "row":
        table = table.iloc[:2]
    elif change == "twice":
        table = pd.concat([table, table.iloc[:1]])
    elif change == "missing":
        table.loc[0, "customer_id"] = None
    elif change == "swap":
        table["amount"], table["n"] = table["n"].astype(float), table["amount"]
    elif change == "name":
        table = table.rename(columns={"n": "m"})
    else:
        choices = {"key": KEY[::-1] if change == "key" else None}
    found = record(table, **choices).tables["orders"].hash
    assert found != record().tables["orders"].hash
    assert (found is None) == (change == "key none")


def test_large_numbers_differ() -> None:
    """Whole numbers beyond the floats keep every digit."""
    hashes = {
        record(pd.DataFrame({"v": np.array([2**60 + i])})).tables["orders"].hash for i in range(3)
    }
    assert len(hashes) == 3


def test_names_that_are_identifiers_are_hidden() -> None:
    """A phone number for a name does not reach the line."""
    line = record(pd.DataFrame({"13800138000": [1], "b": ["13900139000"]})).to_line()
    assert "13800138000" not in line
    assert "13900139000" not in line
    assert "hidden" in line


def test_refusals() -> None:
    """Blank purposes, unknown tables and columns, weak keys; an empty table has no dates."""
    for choice in ({"purpose": ""}, {"times": {"x": "y"}}, {"key": b"short"}, {"as_of": "soon"}):
        with pytest.raises(SpecError):
            record(**choice)
    with pytest.raises(ColumnsError):
        record(times={"orders": "day"})
    assert record(ORDERS.iloc[:0], times={"orders": "ordered_at"}).tables["orders"].first is None
