"""Published tables: counts of customers, and an attack on everything that is published."""

from itertools import product
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from layerwise.errors import ColumnsError, PrivacyError, SpecError
from layerwise.privacy import Published, publish
from tests.conftest import Engine


def people(*counts: tuple[Any, ...], columns: str = "ab") -> pd.DataFrame:
    """Return as many customers of each cell as its last number says."""
    rows = [cell for *cell, n in counts for _ in range(n)]
    table = pd.DataFrame(rows, columns=list(columns))
    return table.assign(customer_id=range(len(table)))


def shown(found: Published) -> list[tuple[dict[str, Any], int]]:
    """Return everything that a reader sees: cells that are shown, margins and total."""
    cells = [] if found.total is None else [({}, found.total)]
    for key, table in found.tables.items():
        rows = table.dropna(subset=["customers"]).to_dict("records")
        cells += [({name: row[name] for name in key}, int(row["customers"])) for row in rows]
    return cells


def worlds(kinds: list[tuple[Any, ...]], columns: str, seen: Any, most: int) -> np.ndarray:
    """Return every world of whole numbers that agrees with what is seen, a row a world.

    Somebody is in every cell that is listed.
    """
    grids = np.array(list(product(range(1, most + 1), repeat=len(kinds))))
    for cell, count in seen:
        inside = [all(kind[columns.index(n)] == v for n, v in cell.items()) for kind in kinds]
        grids = grids[grids[:, inside].sum(axis=1) == count]
    return grids


@settings(max_examples=40)
@given(st.lists(st.integers(0, 7), min_size=4, max_size=4), st.integers(2, 4))
def test_brute_force_finds_no_small_cell(sizes: list[int], k: int) -> None:
    """Of all worlds that fit all tables, margins and the total, one has k or more in the cell.

    The reader is even told which cells are empty and which are not. Differences of margins are
    among the equations.
    """
    kinds = [("x", "p"), ("x", "q"), ("y", "p"), ("y", "q")]
    full = [(*kind, n) for kind, n in zip(kinds, sizes, strict=True) if n]
    if not full:
        return
    found = publish(people(*full), [["a", "b"]], k=k)
    there = [(a, b) for a, b, _ in full]
    fit = worlds(there, "ab", shown(found), max(sum(sizes), k))
    for subset in ([0], [1], [0, 1], []):
        for values in {tuple(kind[i] for i in subset) for kind in there}:
            inside = [tuple(kind[i] for i in subset) == values for kind in there]
            true = sum(n for (*_, n), i in zip(full, inside, strict=True) if i)
            if 0 < true < k:
                assert fit[:, inside].sum(axis=1).max() >= k


def test_no_line_of_a_large_table_gives_a_cell_away() -> None:
    """In every line of a 12 by 9 table, what is suppressed is none or k customers or more."""
    rng = np.random.default_rng(8)
    sizes = rng.negative_binomial(1, 0.03, (12, 9))
    rows = [(i, j, int(n)) for (i, j), n in np.ndenumerate(sizes) if n]
    found = publish(people(*rows), [["a", "b"]], k=10)
    cells = found.tables["a", "b"]
    for name in "ab":
        lines = cells.groupby(name)["customers"].agg(["sum", lambda x: x.isna().sum()])
        margin = found.tables[(name,)].set_index(name)["customers"]
        rest = (margin - lines["sum"]).dropna()
        hidden = lines["<lambda_0>"].reindex(rest.index)
        assert ((rest == 0) == (hidden == 0)).all()
        assert (rest[hidden > 0] >= 10).all()
        assert (hidden != 1).all()
    assert found.small == int((sizes[sizes > 0] < 10).sum())
    assert found.beside < 30


def test_a_listed_cell_holds_somebody() -> None:
    """Ten cells without a number and a sum of ten would be ten cells of one."""
    ones = [("n", f"n{i}", 1) for i in range(10)]
    found = publish(people(*ones, ("s", "s1", 60), ("s", "s2", 50)), [["a", "b"]], k=10)
    assert found.tables[("a",)]["customers"].isna().all()
    assert found.total == 120
    two = publish(people(("n", "p", 1), ("n", "q", 1), ("s", "p", 40)), [["a", "b"]], k=2)
    assert two.tables[("a",)].set_index("a")["customers"].isna()["n"]


def test_nested_tables_are_judged_together() -> None:
    """A region less its cities is a city: the difference of two tables gives no cell away."""
    rows = [("n", "n1", 40), ("n", "n2", 3), ("s", "s1", 50), ("s", "s2", 20)]
    found = publish(people(*rows), ["a", "b"], k=10)
    regions, cities = (found.tables[(n,)].set_index(n)["customers"] for n in "ab")
    assert cities.isna().tolist() == [True, True, False, False]
    assert regions["n"] == 43
    assert not publish(people(("n", "n1", 40), ("n", "n2", 12)), ["a", "b"]).beside


def test_k_counts_customers_not_rows() -> None:
    """A customer with many rows in a cell is one; one in several cells counts in each."""
    rows = pd.DataFrame({"customer_id": [1] * 50 + [*range(2, 14)], "a": ["x"] * 50 + ["y"] * 12})
    found = publish(rows, ["a"], k=10)
    assert found.tables[("a",)]["customers"].isna().tolist() == [True, True]
    assert found.total == 13
    both = pd.DataFrame({"customer_id": [*range(20), *range(20)], "a": ["x"] * 20 + ["y"] * 20})
    found = publish(both, ["a"], k=10)
    assert found.tables[("a",)]["customers"].tolist() == [20, 20]
    assert found.total == 20


def test_missing_is_a_value() -> None:
    """Missing labels and numbers are a cell of their own; rows without a customer are counted."""
    rows = people(("x", 1.0, 12), (None, 2.0, 15), ("x", None, 11))
    found = publish(pd.concat([rows, rows.iloc[:2].assign(customer_id=None)]), ["a", "b"], k=5)
    assert found.tables[("a",)]["customers"].tolist() == [23, 15]
    assert found.tables[("a",)]["a"].isna().tolist() == [False, True]
    assert found.tables[("b",)]["customers"].tolist() == [12, 15, 11]
    assert found.without_customer == 2


def test_order_does_not_matter(engine: Engine) -> None:
    """Rows and columns in any order, in every engine, give the same tables."""
    rows = people(("x", "p", 14), ("x", "q", 3), ("y", "p", 11), ("y", "q", 30), ("z", "q", 2))
    first = publish(rows, [["a", "b"]], k=5)
    mixed = rows.sample(frac=1, random_state=2)[["customer_id", "b", "a"]]
    again = publish(engine.make(mixed.reset_index(drop=True)), [["a", "b"]], k=5)
    for key, table in first.tables.items():
        pd.testing.assert_frame_equal(table, again.tables[key])


def test_nobody_and_one() -> None:
    """An empty table has a total of nobody; one customer is not shown at all."""
    none = publish(people(("x", "p", 1)).iloc[:0], [["a", "b"]])
    assert (none.total, none.cells, none.small) == (0, 1, 0)
    one = publish(people(("x", "p", 1)), [["a", "b"]])
    assert one.total is None
    assert (one.small, one.beside) == (4, 0)


@pytest.mark.parametrize("k", [1, 0, -3, 2.5, True, None, "10"])
def test_impossible_k_is_refused(k: Any) -> None:
    """Groups of one are nobody's secret."""
    with pytest.raises(SpecError):
        publish(people(("x", "p", 30)), ["a"], k=k)


def test_refusals() -> None:
    """Unknown columns, tables by customer, tables that are none, too fine tables."""
    rows = people(("x", "p", 30))
    with pytest.raises(ColumnsError, match="tear"):
        publish(rows, [["a", "tear"]])
    for tables in ([["customer_id"]], [], "a", [[]], [["a", "a"]], None):
        with pytest.raises(SpecError):
            publish(rows, tables)  # type: ignore[arg-type]
    fine = pd.DataFrame({"customer_id": range(4_000), "a": range(4_000)})
    with pytest.raises(PrivacyError, match="coarsen"):
        publish(fine, ["a"])
