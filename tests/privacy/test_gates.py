"""Consent, needed columns, retention and erasure."""

import warnings
from typing import Any

import numpy as np
import pandas as pd
import pytest

import layerwise as lw
from layerwise import frames
from layerwise.errors import ColumnsError, DataError, EngineError, RowsLeftOutWarning, SpecError
from layerwise.privacy import consent, erase, minimise, retain
from tests.conftest import Engine

AS_OF = "2024-06-30"


def consents(*rows: tuple[Any, ...]) -> pd.DataFrame:
    """Return a table of consents."""
    names = ["customer_id", "purpose", "granted_at", "withdrawn_at"]
    return pd.DataFrame(list(rows), columns=names)


def allowed(*rows: tuple[Any, ...]) -> bool:
    """Say whether customer 1 passes with these consents (purpose, granted, withdrawn)."""
    table = consents(*[(1, *row) for row in rows], (9, "churn", "2020-01-01", None))
    log = pd.DataFrame({"customer_id": [1, 9]})
    return _quietly(log, table) == [1, 9]


def _quietly(log: Any, table: Any, **choices: Any) -> list[Any]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RowsLeftOutWarning)
        found = consent(log, table, **({"as_of": AS_OF, "purpose": "churn"} | choices))
    return list(found.table["customer_id"])


@pytest.mark.parametrize(
    ("rows", "passes"),
    [
        ([], False),
        ([("churn", "2024-06-30", None)], True),
        ([("churn", "2024-07-01", None)], False),
        ([("mail", "2024-01-01", None)], False),
        ([("churn ", "2024-01-01", None)], False),
        ([(None, "2024-01-01", None)], False),
        ([("churn", None, None)], False),
        ([("churn", "2024-01-01", "2024-06-30")], False),
        ([("churn", "2024-01-01", "2024-07-01")], True),
        ([("churn", "2024-05-01", "2024-03-01")], False),
        ([("churn", "2024-01-01", "2024-03-01"), ("churn", "2024-05-01", None)], True),
        ([("churn", "2024-01-01", "2024-03-01"), ("churn", "2024-02-01", None)], False),
        ([("churn", "2024-01-01", "2024-03-01"), ("churn", "2024-03-01", None)], False),
        ([("churn", "2024-01-01", None), ("churn", None, "2024-02-01")], False),
        ([("churn", "2024-01-01", None), ("mail", "2024-01-01", "2024-02-01")], True),
    ],
)
def test_who_has_consented(rows: list[tuple[Any, ...]], passes: bool) -> None:
    """Default deny; the last word counts; other purposes do not."""
    assert allowed(*rows) is passes
    assert allowed(*rows[::-1]) is passes


def test_counts_are_told_without_ids() -> None:
    """Every row that did not pass is counted under its reason."""
    log = pd.DataFrame({"customer_id": [1001, 1002, 1002, 1003, None]}, index=list("abcde"))
    table = consents(
        (1001, "churn", "2024-01-01", None), (1002, "churn", "2024-01-01", "2024-02-01")
    )
    with pytest.warns(RowsLeftOutWarning, match="2 rows withdrawn") as told:
        found = consent(log, table, as_of=AS_OF, purpose="churn")
    assert found.table.index.tolist() == ["a"]
    assert dict(found.counts) == {
        "rows": 5, "without a customer": 1, "withdrawn": 2, "not consented": 1, "kept": 1,
    }  # fmt: skip
    assert "100" not in str(told[0].message)


def test_engines_pass_the_same_rows(engine: Engine) -> None:
    """Each eager engine gets its own kind back; lazy ones are refused."""
    log = engine.make(pd.DataFrame({"customer_id": ["a", "b", "c"]}))
    table = engine.make(consents(("b", "churn", "2024-01-01", "2025-01-01")))
    if engine.lazy:
        with pytest.raises(EngineError):
            consent(log, table, as_of=AS_OF, purpose="churn")
        return
    with pytest.warns(RowsLeftOutWarning):
        found = consent(log, table, as_of=AS_OF, purpose="churn").table
    assert type(found) is type(log)
    assert engine.pandas(found)["customer_id"].tolist() == ["b"]


def test_many_customers_agree_with_one_by_one() -> None:
    """The arrays say what the definition says, on random consents."""
    rng = np.random.default_rng(5)
    day = lambda n: pd.to_datetime("2024-06-01") + pd.to_timedelta(rng.integers(0, 60, n), "D")  # noqa: E731
    table = pd.DataFrame(
        {
            "customer_id": rng.integers(0, 300, 900),
            "purpose": rng.choice(["churn", "mail"], 900),
            "granted_at": pd.Series(day(900)).where(rng.random(900) < 0.9),
            "withdrawn_at": pd.Series(day(900)).where(rng.random(900) < 0.3),
        }
    )
    last = pd.Timestamp(AS_OF)
    mine = table[table["purpose"] == "churn"]
    expected = []
    for customer in range(300):
        own = mine[mine["customer_id"] == customer]
        ends = own["withdrawn_at"][own["withdrawn_at"] <= last]
        good = own[(own["granted_at"] <= last) & ~(own["withdrawn_at"] <= last)]["granted_at"]
        if any(all(g > e for e in ends) for g in good):
            expected.append(customer)
    assert 20 < len(expected) < 280
    assert _quietly(pd.DataFrame({"customer_id": range(300)}), table) == expected


def test_empty_tables() -> None:
    """Nobody consented, or nobody is there."""
    none = consents()
    assert _quietly(pd.DataFrame({"customer_id": [1]}), none) == []
    assert _quietly(pd.DataFrame({"customer_id": []}), none) == []


def test_refusals_of_consent() -> None:
    """Ids of two types, blank purposes, missing columns and unreadable dates are errors."""
    log, table = pd.DataFrame({"customer_id": [1]}), consents(("1", "churn", "2024-01-01", None))
    with pytest.raises(DataError, match="another type"):
        consent(log, table, as_of=AS_OF, purpose="churn")
    good = consents((1, "churn", "2024-01-01", None))
    with pytest.raises(SpecError, match="purpose"):
        consent(log, good, as_of=AS_OF, purpose="")
    with pytest.raises(ColumnsError, match="withdrawn_at"):
        consent(log, good.drop(columns="withdrawn_at"), as_of=AS_OF, purpose="churn")
    with pytest.raises(DataError):
        consent(log, good.assign(granted_at="soon"), as_of=AS_OF, purpose="churn")
    with pytest.raises(SpecError):
        consent(log, good, as_of="soon", purpose="churn")


def test_minimise(engine: Engine) -> None:
    """Only needed columns stay, in the table's order; specs say what they need."""
    names = ["phone", "orders_365d", "spend_365d", "days_since_last"]
    table = engine.make(pd.DataFrame({name: [1] for name in names}))
    kept = frames.column_names(frames.wrap(minimise(table, [lw.RFM()])))
    assert kept == names[1:]
    with pytest.raises(ColumnsError, match="age_days"):
        minimise(table, ["phone", "age_days"])
    with pytest.raises(SpecError, match="int"):
        minimise(table, [3])


def test_retention() -> None:
    """The edge stays; rows without a date go; all is counted."""
    days = pd.Series(["2024-06-20", "2024-06-19", None, "2024-07-30"])
    table = pd.DataFrame({"at": days})
    with pytest.warns(RowsLeftOutWarning, match="1 rows older than 10 days"):
        found = retain(table, as_of=AS_OF, retention_days=10, time="at")
    assert found.table["at"].tolist() == ["2024-06-20", "2024-07-30"]
    assert found.counts["without a date"] == 1
    assert len(retain(table.iloc[:0], as_of=AS_OF, retention_days=10, time="at").table) == 0
    for days_kept in (-1, float("nan"), "10", True):
        with pytest.raises(SpecError):
            retain(table, as_of=AS_OF, retention_days=days_kept, time="at")  # type: ignore[arg-type]


def test_erasure(engine: Engine) -> None:
    """Rows of the listed customers go, and nobody else's."""
    table = pd.DataFrame({"customer_id": [1, 2, 1, 3], "n": range(4)})
    if engine.lazy:
        return
    with pytest.warns(RowsLeftOutWarning, match="2 rows to be erased"):
        found = erase(engine.make(table), [1, 77])
    assert engine.pandas(found.table, sort="n")["n"].tolist() == [1, 3]
    assert len(erase(engine.make(table), []).table) == 4
    with pytest.raises(DataError, match="another type"):
        erase(engine.make(table), ["1"])


def test_a_purpose_that_nobody_agreed_to_is_asked_about() -> None:
    """Where nothing is left the notice speaks of the spelling; where something is, it does not."""
    consents = pd.DataFrame(
        {"customer_id": [1], "purpose": "mail", "granted_at": "2024-01-01", "withdrawn_at": None}
    )
    rows = pd.DataFrame({"customer_id": [1, 2]})
    with pytest.warns(RowsLeftOutWarning, match="purpose=: it is read letter by letter"):
        consent(rows, consents, as_of="2024-06-30", purpose="Mail")
    with pytest.warns(RowsLeftOutWarning, match=r"check the counts\.$"):
        consent(rows, consents, as_of="2024-06-30", purpose="mail")


def test_a_consent_table_under_other_names_is_to_be_renamed() -> None:
    """The hint is about the consents, not about the customer table."""
    rows = pd.DataFrame({"customer_id": [1]})
    with pytest.raises(ColumnsError, match=r"Hint: one row a consent: consents\.rename"):
        consent(rows, pd.DataFrame({"customer_id": [1]}), as_of="2024-06-30", purpose="mail")
