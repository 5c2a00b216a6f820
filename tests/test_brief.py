"""Results show what they are and how large; no row of a customer stands in a repr."""

import importlib
import pkgutil
from typing import Any

import attrs
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

import layerwise as lw
from layerwise import evaluate
from layerwise.brief import in_brief
from layerwise.fitted import Spec
from layerwise.labeller import Part
from layerwise.portrait import customer_portraits

ROOMS = [m.name for m in pkgutil.iter_modules(lw.__path__, "layerwise.") if "__" not in m.name]
TABLES = ("DataFrame", "Series", "Any", "object", "FrameT", "ndarray")


def public_classes() -> list[Any]:
    """Return the attrs classes that the rooms export, but specs and what they fit."""
    rooms = [importlib.import_module(name) for name in ROOMS]
    found = [getattr(room, name) for room in rooms for name in getattr(room, "__all__", ())]
    kinds = {kind for kind in found if isinstance(kind, type) and attrs.has(kind)}
    kinds = {kind for kind in kinds if not issubclass(kind, Spec | Part)}
    return sorted(kinds, key=lambda kind: kind.__name__)


def holds_a_table(kind: Any) -> bool:
    """Say whether a field that a repr shows may be a table."""
    shown = [field for field in attrs.fields(kind) if field.repr]
    return any(word in str(field.type) for field in shown for word in TABLES)


@pytest.mark.parametrize(
    "kind", [*filter(holds_a_table, public_classes())], ids=lambda k: k.__name__
)
def test_results_with_tables_are_told_in_brief(kind: Any) -> None:
    """A class that may show a table has the one short repr, or one of its own."""
    assert "attrs generated" not in kind.__repr__.__code__.co_filename


@pytest.fixture(scope="module")
def orders() -> pd.DataFrame:
    """A small shop."""
    return lw.datasets.simulate_orders(300, seed=5)


def test_results_fit_a_screen(orders: pd.DataFrame) -> None:
    """Few short lines, the first with the class and its size, and no id."""
    when: dict[str, Any] = {"as_of": "2024-12-30"}
    kept = evaluate.retention_curve(orders, window_days=90, **when)
    cohorts = evaluate.cohort_table(orders, **when)
    portraits = customer_portraits(lw.summarize(orders, **when), orders, **when)
    for result in (kept, cohorts, portraits, lw.overview(orders, **when)):
        lines = repr(result).splitlines()
        assert lines[0].startswith(f"{type(result).__name__}: ")
        assert len(lines) < 12
        assert max(map(len, lines)) <= 88
    assert repr(kept).splitlines()[0] == f"Retention: {kept.customers:,} customers"
    assert repr(portraits).splitlines()[0] == f"Portraits: {len(portraits.table):,} rows"


@attrs.frozen
class Held:
    """Whatever a result may hold."""

    value: Any
    __repr__ = in_brief


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (pl.DataFrame({"id": ["secret"], "n": [1]}), "1 row of id, n"),
        (pa.table({"id": ["secret"], "n": [1]}), "1 row of id, n"),
        (pd.DataFrame({"column_names": ["secret"]}), "1 row of column_names"),
        (pd.Series(["secret"] * 40), "Series of 40"),
        ({"a": 1, "b": 2}, "2 of a, b"),
        ({}, "none"),
        (1 / 3, "0.333333"),
        (pd.Timestamp("2024-01-02").date(), "2024-01-02"),
        (("x" * 60,) * 4, "tuple of 4"),
        ("y" * 99, "'" + "y" * 74 + " ..."),
        (None, "None"),
        (Held(pd.DataFrame({"id": ["secret"]})), "Held: 1 row"),
    ],
)
def test_each_kind_of_value(value: Any, shown: str) -> None:
    """Tables by size and columns, mappings by their keys, the rest as it is, on one line."""
    assert repr(Held(value)).splitlines()[1] == f"  value: {shown}"
