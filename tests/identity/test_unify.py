"""Records that are one customer: planted duplicates, order, guards, and taking merges back."""

import warnings
from typing import Any

import numpy as np
import pandas as pd
import pytest

from layerwise.errors import ColumnsError, RowsLeftOutWarning, SpecError
from layerwise.identity import Unified, unify
from tests.conftest import Engine


def table(*rows: tuple[Any, ...]) -> pd.DataFrame:
    """Return identifiers; verified if not said."""
    full = [row if len(row) == 4 else (*row, True) for row in rows]
    return pd.DataFrame(full, columns=["record_id", "id_type", "id_value", "verified"])


def groups(found: Unified) -> list[Any]:
    """Return the unified ids."""
    return found.customers["unified_id"].tolist()


def planted(seed: int) -> tuple[pd.DataFrame, np.ndarray]:
    """Return the identifiers of 3,000 records of 1,500 people, and who is who.

    A third of the ids are written in another way, some are missing, and a shop enters its own phone
    number for 60 people.
    """
    rng = np.random.default_rng(seed)
    person = rng.integers(0, 1500, 3000)
    phone = np.array([f"138{p:08d}" for p in person], dtype=object)
    other = rng.random(3000) < 0.3
    phone[other] = [f"+86 {t[:3]}-{t[3:7]} {t[7:]}" for t in phone[other]]
    phone[rng.random(3000) < 0.2] = None
    mail = np.array([f"p{p}@example.com" for p in person], dtype=object)
    mail[other] = [f" {m.upper()}" for m in mail[other]]
    mail[rng.random(3000) < 0.5] = None
    phone[rng.choice(3000, 60, replace=False)] = "010-62770000"
    wide = pd.DataFrame({"record_id": range(3000), "phone": phone, "email": mail})
    rows = wide.melt("record_id", var_name="id_type", value_name="id_value").assign(verified=True)
    return rows, person


def quiet(*args: Any, **choices: Any) -> Unified:
    """Unify without the notice."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RowsLeftOutWarning)
        return unify(*args, **choices)


def test_precision_and_recall_on_planted_duplicates() -> None:
    """No two people are joined; of pairs that could be, all are; of all pairs, most are."""
    rows, person = planted(4)
    found = quiet(rows, country="86", max_records=20)
    mine = found.customers["unified_id"].to_numpy()
    i, j = np.triu_indices(3000, 1)
    same, joined = person[i] == person[j], mine[i] == mine[j]
    assert (same & joined).sum() / joined.sum() == 1.0
    assert (same & joined).sum() / same.sum() > 0.7
    shop = quiet(rows, country="86", max_records=100).customers["unified_id"].to_numpy()
    assert (same & (shop[i] == shop[j])).sum() / (shop[i] == shop[j]).sum() < 0.8


def test_row_order_does_not_matter() -> None:
    """The same customers, links and merges come from any order of rows."""
    rows, _ = planted(5)
    first = quiet(rows, country="86")
    again = quiet(rows.sample(frac=1, random_state=1), country="86")
    for part in ("customers", "links", "merges"):
        pd.testing.assert_frame_equal(getattr(first, part), getattr(again, part))


def test_a_chain_is_one_customer() -> None:
    """Records that share nothing are joined by one that shares with both; kinds stay apart."""
    rows = table(
        ("c", "email", "a@x.org"), ("b", "email", "A@x.org "), ("b", "m", "9"), ("a", "m", "9")
    )
    found = unify(rows)
    assert groups(found) == ["a", "a", "a"]
    assert groups(unify(table((1, "card", "9"), (2, "member", "9")))) == [1, 2]
    assert found.explain("c")["id_type"].tolist() == ["email", "email", "m", "m"]


def test_merges_tell_what_joined() -> None:
    """Merges are counted by the kind of id and how many records it joined; no id is kept."""
    rows = table(*[(i, "phone", "+8613800138000") for i in range(3)], (3, "email", "a@x.org"))
    found = unify(rows)
    assert found.merges.to_dict("records") == [{"id_type": "phone", "records": 3, "ids": 1}]
    text = repr(found) + found.links.to_string() + found.merges.to_string() + str(found.counts)
    assert "13800138000" not in text


def test_what_joins_nobody_is_counted() -> None:
    """Not verified, missing, misspelt and shared by too many: each told with its count."""
    rows = table(
        *[(i, "phone", "010-62770000") for i in range(6)],
        (1, "email", "a@x.org", False), (2, "email", "a@x.org", None), (3, "email", "nobody"),
        (4, "email", None), (None, "email", "b@x.org"),
    )  # fmt: skip
    with pytest.warns(RowsLeftOutWarning, match="6 rows of ids shared by too many") as told:
        found = unify(rows, country="86")
    assert list(found.counts.values()) == [11, 1, 2, 2, 6]
    assert "62770000" not in str(told[0].message)
    assert groups(found) == list(range(6))
    assert groups(quiet(rows[:5], country="86")) == [0] * 5


def test_splitting_undoes_its_merges_only() -> None:
    """The record stands alone; those whom only it joined part; the others stay together."""
    rows = table(
        (1, "m", "p"), (2, "m", "p"), (2, "m", "q"), (3, "m", "q"), (3, "m", "r"), (4, "m", "r"),
        (8, "m", "z"), (9, "m", "z"),
    )  # fmt: skip
    found = unify(rows)
    assert groups(found) == [1, 1, 1, 1, 8, 8]
    assert groups(found.split([2])) == [1, 2, 3, 3, 8, 8]
    assert groups(found.split([])) == groups(found)
    assert groups(found.split([2]).split([9])) == groups(found.split([9, 2])) == [1, 2, 3, 3, 8, 9]
    assert groups(unify(rows[rows["record_id"] != 2])) == [1, 3, 3, 8, 8]


def test_engines(engine: Engine) -> None:
    """Eager engines give the same customers."""
    rows = table((7, "email", "a@x.org"), (5, "email", "a@x.org"), (6, "m", "1"))
    if not engine.lazy:
        assert groups(unify(engine.make(rows))) == [5, 6, 5]


def test_refusals() -> None:
    """Missing columns, odd flags, unknown records, impossible choices."""
    rows = table((1, "email", "a@x.org"))
    with pytest.raises(ColumnsError, match="verified"):
        unify(rows.drop(columns="verified"))
    with pytest.raises(ColumnsError, match="verified"):
        unify(rows.assign(verified="maybe"))
    with pytest.raises(SpecError, match="max_records"):
        unify(rows, max_records=1)
    with pytest.raises(SpecError, match="country"):
        unify(table((1, "phone", "13800138000")))
    with pytest.raises(SpecError, match="1 of 1"):
        unify(rows).split([77])
    assert len(unify(rows.iloc[:0]).customers) == 0
