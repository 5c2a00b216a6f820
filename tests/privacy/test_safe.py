"""All gates in one call: what each takes away, in what order, and what is left on record."""

import json
import warnings
from typing import Any

import pandas as pd
import pytest

from layerwise.errors import DataError, LayerwiseError, PrivacyError, RowsLeftOutWarning
from layerwise.privacy import (
    check_export,
    consent,
    erase,
    minimise,
    pseudonymise_columns,
    retain,
    safe_table,
)
from tests.conftest import Engine

KEY: dict[str, Any] = {"key": bytes(range(32)), "key_id": "k1", "purpose": "letters"}
DAY: dict[str, Any] = {"as_of": "2024-06-30"}
NEEDS = ["customer_id", "at", "amount"]


def orders() -> pd.DataFrame:
    """Return one order of each of seven customers, one of them unknown."""
    ids = pd.array([1, 2, 3, 4, 5, 6, None], dtype="Int64")
    table = pd.DataFrame({"customer_id": ids, "at": ["2024-06-01"] * 4 + ["2020-01-01"] * 3})
    return table.assign(amount=range(7), phone="13800138000")


def consents() -> pd.DataFrame:
    """Return consents of all but customer 3, withdrawn by 2."""
    rows = {"customer_id": [1, 2, 4, 5, 6], "purpose": "letters", "granted_at": "2024-01-05"}
    return pd.DataFrame(rows).assign(withdrawn_at=[None, "2024-02-01", None, None, None])


def made(table: Any = None, **choices: Any) -> Any:
    """Return the safe table of these orders, its notice aside."""
    given = {"needs": NEEDS, "erased": [4, 5], "retention_days": 90, "time": "at"} | KEY | DAY
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RowsLeftOutWarning)
        table = orders() if table is None else table
        return safe_table(table, consents(), **(given | choices))


def test_each_gate_counts_what_it_takes() -> None:
    """A row is counted once, at the first gate that it does not pass."""
    found = made()
    assert dict(found.counts) == {
        "rows": 7, "without a customer": 1, "withdrawn": 1, "not consented": 1,
        "without a date": 0, "older than 90 days": 2, "to be erased": 1, "kept": 1,
    }  # fmt: skip
    assert found.left_out == ("phone",)
    with pytest.warns(RowsLeftOutWarning, match="1 rows to be erased") as told:
        safe_table(orders(), consents(), needs=NEEDS, erased=[1], **KEY, **DAY)
    assert len(told) == 1
    assert told[0].filename == __file__


def test_it_is_what_the_gates_make_one_by_one() -> None:
    """The one call gives the same table as its gates in a row."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RowsLeftOutWarning)
        rows = consent(orders(), consents(), purpose="letters", **DAY).table
        rows = erase(retain(rows, retention_days=90, time="at", **DAY).table, [4, 5]).table
    table = pseudonymise_columns(minimise(rows, NEEDS), kinds={"customer_id": "id"}, **KEY)
    pd.testing.assert_frame_equal(made().table, table)


def test_engines(engine: Engine) -> None:
    """Every eager engine gets its own kind back."""
    if engine.lazy:
        return
    found = made(engine.make(orders().iloc[:3]), erased=[], retention_days=None)
    kept = engine.pandas(found.table, sort="amount")
    assert kept["amount"].tolist() == [0]
    check_export(found.table)


def test_the_record_is_one_line_without_customers() -> None:
    """The record holds purpose, day, span, columns and counts, and no id."""
    found = made()
    line = found.record.to_line()
    assert "\n" not in line
    told = json.loads(line)["tables"]["table"]
    assert (told["rows"], told["first"], told["columns"]) == (1, "2024-06-01", sorted(NEEDS))
    assert told["counts"] == dict(found.counts)
    assert found.table["customer_id"].iloc[0] not in line


def test_raw_identifiers_are_refused() -> None:
    """A phone number that is needed comes with its kind, as a pseudonym, or not at all."""
    with pytest.raises(PrivacyError, match="phone number in 1 cells"):
        made(needs=[*NEEDS, "phone"])
    found = made(needs=[*NEEDS, "phone"], kinds={"phone": "phone"}, country="86")
    assert found.table["phone"].str.startswith("k1-").all()


def test_customers_whom_nobody_needs_are_left_out() -> None:
    """Without the column of customers among the needs, none stands in the table."""
    found = made(needs=["amount"])
    assert list(found.table) == ["amount"]
    renamed = orders().rename(columns={"customer_id": "user"})
    held = consents().rename(columns={"customer_id": "user"})
    with pytest.warns(RowsLeftOutWarning):
        other = safe_table(renamed, held, needs=["user"], customer="user", **KEY, **DAY)
    check_export(other.table, customer="user")


def test_dates_are_read_as_told() -> None:
    """The record reads the dates as the gates do."""
    table = orders().assign(at=["01/06/2024"] * 7)
    held = consents().assign(granted_at="05/01/2024", withdrawn_at=None)
    with pytest.warns(RowsLeftOutWarning):
        found = safe_table(
            table, held, needs=NEEDS, time="at", time_format="%d/%m/%Y", **KEY, **DAY
        )
    assert found.record.tables["table"].first == "2024-06-01"


@pytest.mark.parametrize("odd", [{"kinds": 3}, {"needs": 3}, {"erased": "a"}, {"key": b"x"},
                                 {"retention_days": "a"}, {"time": None}, {"name": 3}])  # fmt: skip
def test_impossible_choices(odd: dict[str, Any]) -> None:
    """Each gate refuses what it cannot use."""
    with pytest.raises(LayerwiseError, match="Hint"):
        made(**odd)


@pytest.mark.parametrize("ids", [[1, "4"], pd.Series(["4", 1], dtype=object)])
def test_one_id_of_another_type_is_enough(ids: Any) -> None:
    """The text "4" would let customer 4 pass the erase list unseen."""
    with pytest.raises(DataError, match="text there, numbers here"):
        made(erased=ids)
