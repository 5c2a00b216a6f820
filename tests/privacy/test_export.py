"""What leaves the house: refused, neutralised, written whole."""

import csv
import io
import os
import stat
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from layerwise.errors import (
    ColumnsError,
    ColumnsLeftOutWarning,
    EngineError,
    PrivacyError,
    SpecError,
)
from layerwise.privacy import check_export, csv_text, pseudonymise, scan, write_csv
from layerwise.spreadsheet import FORMULA_STARTS, unprotect
from tests.conftest import Engine

PHONE, CARD, BANK = "13800138000", "11010519491231002X", "4111111111111111"


@pytest.mark.parametrize("value", [PHONE, CARD, BANK, "ann@example.com"])
@pytest.mark.parametrize("dtype", ["object", "category", "string"])
def test_texts_are_refused(value: str, dtype: str) -> None:
    """An identifier in one cell of any kind of text is refused, and not shown."""
    table = pd.DataFrame({"n": [1, 2], "note": pd.Series([f"x {value} ", None], dtype=dtype)})
    with pytest.raises(PrivacyError, match=r"note: .* in 1 cells") as caught:
        check_export(table)
    assert value not in str(caught.value)


@pytest.mark.parametrize("dtype", ["int64", "Int64", "float64", "object", "uint64"])
@pytest.mark.parametrize("value", [int(PHONE), 8613800138000, int(BANK)])
def test_numbers_are_refused(value: int, dtype: str) -> None:
    """A number is searched as its digits; small ones and fractions pass."""
    with pytest.raises(PrivacyError, match="in 2 cells"):
        check_export(pd.DataFrame({"v": pd.Series([value, 5, value]).astype(dtype)}))
    check_export(pd.DataFrame({"v": [5, 10**9], "w": [1.5e12 + 0.25, float("nan")]}), customer=None)


def test_odd_cells_are_searched() -> None:
    """Lists, bytes and dictionaries are searched as their text."""
    for value in ([PHONE], PHONE.encode(), {"tel": PHONE}, float(PHONE)):
        with pytest.raises(PrivacyError):
            check_export(pd.DataFrame({"v": pd.Series([value, "x"], dtype=object)}))


def test_headers_are_refused_and_not_shown() -> None:
    """A name of a column that is an identifier is named by its place."""
    with pytest.raises(PrivacyError, match="column 2: phone number in the name") as caught:
        csv_text(pd.DataFrame({"a": [1], PHONE: [PHONE]}))
    assert PHONE not in str(caught.value)


def test_scan_counts_cells() -> None:
    """Every row that repeats an identifier counts."""
    found = scan(pd.DataFrame({"v": [PHONE, PHONE, f"a@example.com {PHONE}", "x"]}))
    assert found[["kind", "cells"]].values.tolist() == [["e-mail address", 1], ["phone number", 3]]


def test_engines(engine: Engine) -> None:
    """Every eager engine is searched; lazy ones are refused."""
    table = engine.make(pd.DataFrame({"v": ["x", PHONE], "n": [1, int(PHONE)]}))
    if engine.lazy:
        with pytest.raises(EngineError):
            scan(table)
    else:
        assert scan(table)["column"].tolist() == [0, 1]


def test_known_columns_may_pass() -> None:
    """What only looks like a card passes by column and kind; a phone number there does not."""
    orders = pd.DataFrame({"order": [BANK]})
    check_export(orders, allow={"order": "bank card number"})
    with pytest.raises(PrivacyError):
        check_export(orders.assign(order=PHONE), allow={"order": ["bank card number"]})
    with pytest.raises(SpecError, match="columns that the table lacks"):
        check_export(orders, allow={PHONE: "bank card number"})
    with pytest.raises(SpecError, match="unknown kinds"):
        check_export(orders, allow={"order": "card"})


@given(
    st.lists(st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=5), min_size=1)
)
def test_no_cell_starts_a_formula(texts: list[str]) -> None:
    """Every cell of every text is harmless and reads back as it was."""
    table = pd.DataFrame({"=a": texts, "n": range(len(texts))})
    text = csv_text(table, customer=None)
    rows = list(csv.reader(io.StringIO(text, newline="")))
    cells = [row[0] for row in rows]
    assert not any(cell.lstrip()[:1] in tuple(FORMULA_STARTS) for cell in cells if cell.strip())
    assert [unprotect(cell) for cell in cells] == ["=a", *texts]


def test_numbers_stay_numbers() -> None:
    """A negative number is no formula; formulas=True leaves cells alone."""
    table = pd.DataFrame({"v": [-1.5, 2.0], "t": pd.Categorical(["-5", "+x"])})
    assert csv_text(table, customer=None) == "v,t\r\n-1.5,'-5\r\n2.0,'+x\r\n"
    assert csv_text(table, customer=None, formulas=True) == "v,t\r\n-1.5,-5\r\n2.0,+x\r\n"
    with pytest.raises(ColumnsError):
        csv_text(pd.DataFrame({"=a": [1], "'=a": [2]}).rename(columns={"'=a": "=a"}))


def test_files_are_whole_and_private(tmp_path: Path) -> None:
    """Only the owner reads it; a refusal leaves the old file and no other."""
    path = tmp_path / "out.csv"
    write_csv(pd.DataFrame({"a": ["=1"]}), path)
    assert path.read_bytes() == b"a\r\n'=1\r\n"
    if os.name == "posix":
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    with pytest.raises(PrivacyError):
        write_csv(pd.DataFrame({"a": [PHONE]}), path)
    assert [p.name for p in tmp_path.iterdir()] == ["out.csv"]
    with pytest.raises(FileNotFoundError):
        write_csv(pd.DataFrame({"a": [1]}), tmp_path / "none" / "out.csv")


@pytest.mark.parametrize("table", [None, "x", {"a": [1]}, pd.Series([1])])
def test_what_is_no_table_is_refused(table: Any) -> None:
    """Only dataframes can be checked."""
    with pytest.raises((EngineError, ColumnsError)):
        check_export(table)


@pytest.mark.parametrize("ids", [[1, 2], ["a", "b"], ["k1-AAAA", None], [1.0, None]])
def test_own_ids_are_refused(ids: list[Any]) -> None:
    """The column of customers holds pseudonyms, or the table stays in the house."""
    table = pd.DataFrame({"customer_id": ids, "orders": [3, 4]})
    known = sum(value is not None for value in ids)
    with pytest.raises(PrivacyError, match=f"customer_id: {known} ids that are no pseudonyms"):
        check_export(table)
    check_export(table, raw_ids=True)
    assert csv_text(table, raw_ids=True).startswith("customer_id,orders\r\n")


@pytest.mark.parametrize("dtype", ["object", "category", "string"])
def test_pseudonyms_pass(dtype: str) -> None:
    """What pseudonymise makes is known by its shape, whatever kind of text it became."""
    names = pseudonymise([1, 2, None], key=bytes(range(32)), key_id="a_1", purpose="p")
    check_export(pd.DataFrame({"customer_id": names.astype(dtype)}))
    with pytest.raises(PrivacyError, match="user: 2 ids"):
        check_export(pd.DataFrame({"user": names.str[:-1]}), customer="user")


def test_a_misspelt_column_of_customers_is_refused(tmp_path: Path) -> None:
    """A name that the table lacks would let ids through."""
    table = pd.DataFrame({"user": [1]})
    with pytest.raises(ColumnsError, match="usr"):
        check_export(table, customer="usr")
    with pytest.raises(PrivacyError, match="no pseudonyms"):
        write_csv(table, tmp_path / "out.csv", customer="user")
    assert not list(tmp_path.iterdir())
    with pytest.raises(SpecError, match="raw_ids"):
        check_export(table, raw_ids="no")  # type: ignore[arg-type]


@pytest.mark.parametrize("ids", [[1042, 7], ["c-1042", "c-7"]])
@pytest.mark.parametrize("dtype", [None, "object", "category"])
def test_ids_of_an_unnamed_column_are_told(
    ids: list[Any], dtype: str | None, tmp_path: Path
) -> None:
    """What could be ids is named with a hint where no column has the usual name, without values."""
    table = pd.DataFrame({"kunde": pd.Series(ids, dtype=dtype), "value": ["low", "low"]})
    calls = [check_export, csv_text, lambda t: write_csv(t, tmp_path / "out.csv")]
    for call in calls:
        with pytest.warns(ColumnsLeftOutWarning, match='customer="kunde"') as told:
            call(table)
        assert "1 of 2 columns" in str(told[0].message)
        assert str(ids[0]) not in str(told[0].message)
        assert told[0].filename == __file__


def test_only_what_could_be_ids_is_told() -> None:
    """Repeats, fractions, one row, gaps, pseudonyms, lists, counts of groups and None are quiet."""
    names = pseudonymise([1, 2], key=bytes(range(32)), key_id="k", purpose="p")
    quiet = {"v": [1, 1], "x": [1.5, 2.5], "gap": ["a", None], "list": [[1], [2]], "who": names}
    check_export(pd.DataFrame(quiet))
    check_export(pd.DataFrame({"kunde": [7]}))
    check_export(pd.DataFrame({"value": ["high", "low"], "customers": [12, 40]}))
    table = pd.DataFrame({"kunde": [7, 8]})
    check_export(table, customer=None)
    check_export(table, raw_ids=True)


def test_ids_of_an_unnamed_column_are_told_of_every_engine(engine: Engine) -> None:
    """The warning is the same from each kind of frame in memory."""
    if not engine.lazy:
        with pytest.warns(ColumnsLeftOutWarning, match="each row: kunde"):
            check_export(engine.make(pd.DataFrame({"kunde": ["a", "b"], "n": [1, 1]})))
