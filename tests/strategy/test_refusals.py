"""What is no table, no column or no flag is refused by name, never by a raw error."""

import pandas as pd
import polars as pl
import pytest

from layerwise.at_once import overview
from layerwise.errors import ColumnsError, LayerwiseError, SpecError, TableError
from layerwise.strategy import StrategyTable, plan_summary

LABELS = pd.DataFrame({"customer_id": [1, 2, 3], "tier": "loyal"})
KINDS = [
    "Int64",
    "Float64",
    "boolean",
    "int64[pyarrow]",
    "double[pyarrow]",
    "bool[pyarrow]",
    object,
]


@pytest.fixture(scope="module")
def table():
    """Return the built-in table."""
    return StrategyTable.default()


@pytest.mark.parametrize("kind", KINDS)
def test_consent_and_flags_with_missing_values(table, kind):
    """Missing consent is none, a missing flag is false, in every type that holds them."""
    column = pd.Series([True, None, False], dtype=object)
    column = column.astype(kind) if "b" in str(kind) else pd.Series([1, None, 0], dtype=kind)
    labels = LABELS.assign(ok=column, is_churned=column)
    counts = table.plan_counts(labels, consent="ok")
    assert (counts.no_consent, counts.planned) == (2, 1)


@pytest.mark.parametrize("read", [StrategyTable.from_csv, StrategyTable.from_toml])
@pytest.mark.parametrize("path", [None, 5, "a\0b"])
def test_what_is_no_path(read, path):
    """None, a number and a zero byte lead to no file."""
    with pytest.raises(TableError, match="Hint:"):
        read(path)


@pytest.mark.parametrize("labels", [{"tier": [1]}, {"shop": [1]}, {1: ["a"]}, 5])
def test_labels_are_texts(table, tmp_path, labels):
    """A list of labels holds texts, wherever it is given."""
    table.to_csv(tmp_path / "table.csv")
    with pytest.raises(SpecError, match="labels must"):
        table.validate(labels=labels)
    with pytest.raises(SpecError, match="labels must"):
        StrategyTable.from_csv(tmp_path / "table.csv", labels=labels)


@pytest.mark.parametrize(
    "choices",
    [{"customer": ["customer_id"]}, {"customer": None}, {"consent": ["x"]}, {"consent": 5}],
    ids=str,
)
def test_columns_are_named_by_text(table, choices):
    """A list or a number names no column."""
    with pytest.raises(SpecError, match=r"must be the name of one column(.|\n)*Hint:"):
        table.plan(LABELS, **choices)


@pytest.mark.parametrize("call", ["extend", "without"])
def test_what_is_no_table_or_id(table, call):
    """Neither None nor lists of lists."""
    with pytest.raises(SpecError, match="Hint:"):
        getattr(table, call)([["a"]])
    with pytest.raises(SpecError, match="Hint:"):
        getattr(table, call)(None)


def test_axes_are_names(table):
    """A mapping of axes goes to names of columns."""
    with pytest.raises(SpecError, match="axes must be names"):
        table.plan(LABELS, axes={"tier": ["tier"]})


@pytest.mark.parametrize("make", [lambda frame: frame, pl.from_pandas])
def test_the_summary_wants_draws(table, make):
    """Text is no draw; a plan without draws has nobody held out."""
    plan = table.plan(LABELS, holdout=0.0)
    with pytest.raises(ColumnsError, match="'holdout' must be true or false"):
        plan_summary(make(plan.assign(holdout="x")))
    found = plan_summary(make(plan.assign(control=None)))
    assert list(found["control"]) == [0] * len(found)


@pytest.mark.parametrize("strategies", ["x", [], 5])
def test_the_overview_wants_a_table(strategies):
    """Refused before anything is read."""
    with pytest.raises(LayerwiseError, match="no StrategyTable"):
        overview(None, as_of="2024-01-01", strategies=strategies)
