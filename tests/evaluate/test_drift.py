"""Drift of columns: the index by hand, its chance, and what cannot be judged."""

from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from layerwise.errors import ColumnsError, DataError, EngineError, SpecError
from layerwise.evaluate import drift, drift_reference, psi
from layerwise.saved import dumps, loads
from tests.conftest import ENGINES


def tables(n: int, m: int, columns: int, seed: int = 0) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return two tables of independent columns with nothing changed."""
    rng = np.random.default_rng(seed)
    return tuple(  # type: ignore[return-value]
        pd.DataFrame({f"c{i}": rng.gamma(2, 10, size) for i in range(columns)}) for size in (n, m)
    )


def test_index_by_hand() -> None:
    """Sum (a - e) ln(a / e); an empty bin counts half a person."""
    e, a = np.array([0.5, 0.3, 0.2]), np.array([0.4, 0.4, 0.2])
    assert np.isclose(psi(100 * e, 50 * a), ((a - e) * np.log(a / e)).sum())
    by_hand = (0.5 - 0.005) * np.log(0.5 / 0.005)
    assert np.isclose(psi(np.array([50, 50, 0]), np.array([50, 0, 50])), 2 * (by_hand))


def test_mean_without_change_is_the_theory() -> None:
    """With n = 2,000 and m = 500, 9 (1/n + 1/m) = 0.0225 on average."""
    found = drift(*tables(2000, 500, 800))
    assert np.allclose(found["expected"], 0.0225)
    assert abs(found["psi"].mean() - 0.0227) < 0.0012


@pytest.mark.parametrize(("n", "m"), [(100, 100), (500, 200), (2000, 500), (3000, 3000)])
def test_false_flags_near_five_percent(n: int, m: int) -> None:
    """Without the least size, 5 % of unchanged columns pass the limit; with it, no more."""
    old, new = tables(n, m, 600, seed=n)
    sizes = drift(old, new, least=0.0)
    flags = (sizes["verdict"] == "drift").mean()
    assert 0.03 < flags < (0.1 if n == 100 else 0.08)
    assert (drift(old, new)["verdict"] == "drift").mean() <= flags


def test_the_limit_is_the_larger_of_two() -> None:
    """0.1 where tables are large; chi-square's 95 % point times (1/n + 1/m) where small."""
    assert np.allclose(drift(*tables(5000, 5000, 1))["limit"], 0.1)
    assert np.allclose(drift(*tables(100, 100, 1))["limit"], 16.91898 * 0.02)


def test_a_planted_shift_is_found_and_p_is_small() -> None:
    """A doubled scale drifts; the unchanged column beside it does not."""
    old, new = tables(2000, 800, 2)
    found = drift(old, new.assign(c1=new["c1"] * 2)).set_index("column")
    assert found["verdict"].to_dict() == {"c0": "no_drift", "c1": "drift"}
    assert found.loc["c1", "q"] < 1e-6 < found.loc["c0", "p"]


def test_labels_drift_too() -> None:
    """Shares of tiers, unseen and missing labels."""
    old = pd.DataFrame({"tier": ["gold"] * 200 + ["tin"] * 800})
    same = pd.DataFrame({"tier": ["gold"] * 55 + ["tin"] * 195})
    more = pd.DataFrame({"tier": ["gold"] * 150 + ["tin"] * 100})
    new = pd.DataFrame({"tier": ["gold"] * 40 + ["tin"] * 160 + ["lead"] * 50})
    lost = pd.DataFrame({"tier": ["gold"] * 40 + ["tin"] * 160 + [None] * 50})
    verdicts = [drift(old, table)["verdict"][0] for table in (same, more, new, lost)]
    assert verdicts == ["no_drift", "drift", "drift", "drift"]


def test_ties_make_fewer_bins() -> None:
    """Six in ten zeros are one bin, not six."""
    rng = np.random.default_rng(0)
    spend = np.where(np.arange(1000) < 600, 0.0, rng.gamma(2, 10, 1000))
    reference = drift_reference(pd.DataFrame({"spend": spend}))
    assert reference.bins[0].counts == (600, 100, 100, 100, 100, 0, 0)
    assert drift(reference, pd.DataFrame({"spend": spend}))["psi"][0] == 0


def test_few_values_have_a_bin_each() -> None:
    """A number between two known ones is something else, not the lower one."""
    old = pd.DataFrame({"items": [1, 2, 2, 3] * 50})
    made = drift_reference(old).bins[0]
    assert (made.edges, made.counts) == ((1.0, 2.0, 3.0), (50, 100, 50, 0, 0))
    assert made.count(np.array([2.5, 3.0, 9.0, np.nan])).tolist() == [0, 0, 1, 2, 1]


def test_edges_are_frozen_and_saved() -> None:
    """The reference holds no rows, goes through JSON, and gives the same table."""
    old, new = tables(500, 300, 3)
    reference = loads(dumps(drift_reference(old), version="1.0"))
    pd.testing.assert_frame_equal(drift(reference, new), drift(old, new))
    assert drift(reference, new, columns=["c2"])["column"].tolist() == ["c2"]


@pytest.mark.parametrize("name", ["pandas_arrow", "polars"])
def test_any_frame(name: str) -> None:
    """Polars and Arrow give what pandas gives."""
    old, new = tables(300, 200, 2)
    old, new = (t.assign(tier=np.where(t["c0"] > 20, "a", "b")) for t in (old, new))
    make = ENGINES[name].make
    pd.testing.assert_frame_equal(drift(make(old), make(new)), drift(old, new))


@given(st.permutations(range(60)))
def test_row_order_does_not_matter(order: list[int]) -> None:
    """Shuffled tables give the same index."""
    old, new = tables(60, 60, 2)
    a, b = drift(old, new, bins=4), drift(old.iloc[list(order)], new.iloc[list(order)], bins=4)
    pd.testing.assert_frame_equal(a, b)


def test_what_cannot_be_judged() -> None:
    """One value only, all missing, too few rows, a label for nearly everybody."""
    old = pd.DataFrame({"one": 1, "none": np.nan, "name": [f"n{i % 60}" for i in range(600)]})
    assert set(drift(old, old)["verdict"]) == {"not_evaluable"}
    few = drift(*tables(30, 30, 1))
    assert few["verdict"].tolist() == ["not_evaluable"]
    assert few[["psi", "limit", "p", "q"]].isna().all(axis=None)


def test_a_constant_that_changes_drifts() -> None:
    """All one value, and now another."""
    old, new = pd.DataFrame({"a": [1] * 50}), pd.DataFrame({"a": [2] * 50})
    assert drift(old, new)["verdict"][0] == "drift"


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"columns": ["x"]}, ColumnsError),
        ({"columns": []}, SpecError),
        ({"columns": 5}, SpecError),
        ({"current": None}, EngineError),
        ({"bins": 1}, SpecError),
        ({"level": 1}, SpecError),
        ({"least": -1}, SpecError),
        ({"current": pd.DataFrame({"c0": ["a"] * 60})}, ColumnsError),
        ({"current": pd.DataFrame({"c0": [np.inf] * 60})}, DataError),
        ({"current": pd.DataFrame({"c0": []})}, DataError),
        ({"reference": pd.DataFrame({"when": pd.to_datetime(["2024-01-01"])})}, ColumnsError),
    ],
)
def test_refusals(change: dict[str, Any], error: type[Exception]) -> None:
    """Each impossible input has its error."""
    old, new = tables(60, 60, 1)
    choices: dict[str, Any] = {"reference": old, "current": new} | change
    with pytest.raises(error):
        drift(choices.pop("reference"), choices.pop("current"), **choices)
