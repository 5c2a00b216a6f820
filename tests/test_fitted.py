"""Fitted layers: labelling, explaining, SQL, and what they leave alone."""

from typing import Any

import duckdb
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from layerwise.errors import (
    ColumnsError,
    DataError,
    EngineError,
    RowsLeftOutWarning,
    SavedFileError,
    SpecError,
)
from layerwise.fitted import Fitted
from layerwise.layers import RFM, Layers, Value
from layerwise.loading import load, loads
from layerwise.rules import Cut, FirstMatch, Formula, Largest, Nearest
from tests.conftest import Engine

TABLE = pd.DataFrame(
    {
        "customer_id": ["a", "b", "c", "d", "e", "f"],
        "days_since_last": [3, 20, 60, 150, 300, 7],
        "orders_365d": [12, 6, 4, 2, 1, 1],
        "spend_365d": [900.0, 300.0, 250.0, 80.0, 20.0, np.nan],
        "city": ["x", None, "y", "x", "y", "z"],
    }
)
FITTED = Layers(value=Value(), rfm=RFM()).fit(TABLE)


def plain(frame: pd.DataFrame) -> pd.DataFrame:
    """Return text as objects, with None for missing."""
    return frame.astype(object).where(frame.notna(), None)


def test_same_kind_out(engine: Engine) -> None:
    """Every engine gets its own kind of frame back, lazy ones stay lazy, with equal labels."""
    given = engine.make(TABLE)
    found = FITTED.transform(given)
    assert type(found) is type(given)
    wanted = plain(FITTED.transform(TABLE))
    assert engine.pandas(found)["rfm"].tolist() == wanted["rfm"].tolist()
    assert (
        engine.pandas(found)["rfm_score"].dropna().tolist() == wanted["rfm_score"].dropna().tolist()
    )


def test_pyarrow_in_pyarrow_out() -> None:
    """PyArrow tables are labelled as PyArrow tables."""
    found = FITTED.transform(pa.Table.from_pandas(TABLE))
    assert isinstance(found, pa.Table)
    assert found["value"].to_pylist() == plain(FITTED.transform(TABLE))["value"].tolist()


def test_columns_come_in_order(engine: Engine) -> None:
    """Given columns stay where they are, labels follow; hidden steps are not shown."""
    found = engine.pandas(FITTED.transform(engine.make(TABLE)))
    labels = ["value", "rfm_r", "rfm_f", "rfm_m", "rfm_score", "rfm"]
    assert list(found.columns) == [*TABLE.columns, *labels]
    assert FITTED.outputs == tuple(labels)


def test_columns_of_the_same_name_are_replaced(engine: Engine) -> None:
    """Labelling a labelled table again gives the same table, also over stale labels."""
    stale = TABLE.assign(value="stale", rfm_r=99, behind=1)
    once = engine.pandas(FITTED.transform(engine.make(stale)))
    twice = engine.pandas(FITTED.transform(FITTED.transform(engine.make(TABLE))))
    wanted = plain(FITTED.transform(TABLE))
    assert list(once) == list(engine.pandas(FITTED.transform(stale)))
    for name in wanted:
        assert once[name].dropna().tolist() == wanted[name].dropna().tolist()
        assert twice[name].dropna().tolist() == wanted[name].dropna().tolist()


def test_given_numbers_come_back_untouched(engine: Engine) -> None:
    """NaN and infinity of a given column pass through; their labels are not_evaluable."""
    values = [1.5, np.nan, -np.inf, np.inf, 1e308, -0.0]
    table = TABLE.assign(spend_365d=values)
    fitted = Value(method="absolute", cuts=(1.0, 2.0)).fit(TABLE)
    if not engine.lazy:
        with np.errstate(invalid="ignore"):  # pandas 2 looks whether infinity is a whole number
            frame = engine.make(table)
        with pytest.raises(DataError, match="spend_365d: 2 infinite"):
            fitted.transform(frame)
        return
    given = pl.from_pandas(table, nan_to_null=False)
    connection = duckdb.connect()  # kept: in DuckDB 1 relations end with it
    frame = given.lazy() if "polars" in engine.name else connection.from_arrow(given.to_arrow())
    found = engine.pandas(fitted.transform(frame))
    assert np.array_equal(found["spend_365d"].astype(float), values, equal_nan=True)
    unknown = "not_evaluable"
    assert found["value"].tolist() == ["mid", unknown, unknown, unknown, "high", "low"]


def test_user_columns_named_like_steps_survive() -> None:
    """A given column that is called as a hidden step comes back as it was."""
    steps = Formula(output="_step", text="spend_365d * 2")
    rule = Cut(output="value", column="_step", edges=(500,), labels=("low", "high"))
    fitted = Fitted(spec=Value(), name="value", rules=(steps, rule))
    table = TABLE.assign(_step="mine")
    assert set(fitted.transform(table)["_step"]) == {"mine"}
    lazy = fitted.transform(pl.from_pandas(table).lazy()).collect()
    assert set(lazy["_step"]) == {"mine"}
    assert lazy["value"].to_list()[:2] == ["high", "high"]


def test_lazy_frames_are_not_run() -> None:
    """Labelling a lazy frame only adds to its plan: a failing source fails when collected."""

    def fail(frame: pl.DataFrame) -> pl.DataFrame:
        raise RuntimeError("was run")

    source = pl.from_pandas(TABLE).lazy()
    broken = source.map_batches(fail, schema=source.collect_schema())
    found = FITTED.transform(broken)
    with pytest.raises(Exception, match="was run"):
        found.collect()


def test_row_order_never_matters() -> None:
    """Shuffled customers give the same fit and the same labels."""
    shuffled = TABLE.sample(frac=1, random_state=3)
    again = Layers(value=Value(), rfm=RFM()).fit(shuffled)
    assert again == FITTED
    found = again.transform(shuffled).sort_index()
    pd.testing.assert_frame_equal(found, FITTED.transform(TABLE))


def test_explain() -> None:
    """Each label has a reason with the numbers compared; ids choose customers."""
    told = FITTED.explain(TABLE, ids=["a", "f"])
    assert list(told.columns) == ["customer_id", "layer", "label", "reason"]
    assert told["customer_id"].tolist() == ["a"] * 6 + ["f"] * 6
    first = told.iloc[0].tolist()
    assert first == ["a", "value", "high", "spend_365d = 900, above 300"]
    missing = told[(told["customer_id"] == "f") & (told["layer"] == "value")].iloc[0]
    assert missing["label"] == "not_evaluable"
    assert missing["reason"] == "spend_365d is missing"
    assert FITTED.explain(TABLE, ids="a").equals(FITTED.explain(TABLE, ids=["a"]))


def test_explain_agrees_with_transform(engine: Engine) -> None:
    """The labels of explain are those of transform on every eager engine; lazy ones are refused."""
    given = engine.make(TABLE)
    if engine.lazy:
        with pytest.raises(EngineError, match="collect it first"):
            FITTED.explain(given)
        return
    told = engine.pandas(FITTED.explain(given), sort="none")
    for layer in ("value", "rfm"):
        labels = told.loc[told["layer"] == layer, "label"].tolist()
        assert labels == plain(FITTED.transform(TABLE))[layer].tolist()


def test_explain_needs_ids() -> None:
    """Without an id column the error names it; ids that are not there are counted."""
    with pytest.raises(ColumnsError, match="customer_id"):
        FITTED.explain(TABLE.drop(columns="customer_id"))
    renamed = TABLE.rename(columns={"customer_id": "who"})
    assert FITTED.explain(renamed, customer="who", ids=["b"])["who"].unique().tolist() == ["b"]
    assert len(FITTED.explain(TABLE, ids=[])) == 0
    with pytest.warns(RowsLeftOutWarning, match="1 of 2 ids"):
        told = FITTED.explain(TABLE, ids=["nobody", "b"])
    assert told["customer_id"].unique().tolist() == ["b"]


@pytest.mark.parametrize("seed", [0, 1])
def test_sql_runs_in_a_real_database(seed: int) -> None:
    """The SELECT gives in DuckDB what transform gives here; NaN is missing there as null is."""
    pytest.importorskip("ibis")
    rng = np.random.default_rng(seed)
    table = pd.DataFrame(
        {
            "customer_id": range(300),
            "days_since_last": rng.integers(0, 400, 300).astype(float),
            "orders_365d": rng.integers(0, 9, 300).astype(float),
            "spend_365d": np.where(rng.random(300) < 0.1, np.nan, rng.gamma(1, 90, 300).round(2)),
        }
    )
    fitted = Layers(value=Value(), rfm=RFM()).fit(table)
    con = duckdb.connect()
    arrays = {n: pa.array(table[n].to_numpy(), from_pandas=seed == 0) for n in table}
    con.register("customers", pa.table(arrays))
    found = con.sql(fitted.to_sql("duckdb")).df()
    wanted = plain(fitted.transform(table))
    assert set(fitted.outputs) <= set(found.columns)
    for name in ("value", "rfm", "rfm_r", "rfm_m"):
        rows = plain(found[[name]])[name].tolist()
        assert rows == wanted[name].tolist()


def test_sql_of_every_rule_kind() -> None:
    """Every kind of rule can be written as SQL and gives the same in DuckDB."""
    pytest.importorskip("ibis")
    pair = ("orders_365d", "spend_365d")
    near = {"centers": [(1, 9), (12, 900)], "labels": ("1", "2"), "root": True}
    cases = [("is_new and rate > 0.1", "new"), ("city == 'x'", "a'b"), ("missing(city)", "?")]
    rules = (
        Formula(output="rate", text="minimum(orders_365d, 5) / (days_since_last + 1)"),
        Largest(output="most", columns=pair, labels=("o", "s"), otherwise="-", at_least=30),
        Nearest(output="near", columns=pair, **near),
        FirstMatch(output="t", cases=cases, otherwise="rest"),
    )
    table = TABLE.assign(is_new=[False, True, True, False, False, True])
    fitted = Fitted(spec=Value(), name="t", rules=rules)
    con = duckdb.connect()
    con.register("people", pa.Table.from_pandas(table))
    found = con.sql(fitted.to_sql(table="people")).df()
    wanted = plain(fitted.transform(table))
    for name in ("most", "near", "t"):
        assert found[name].tolist() == wanted[name].tolist()
    assert np.allclose(found["rate"], wanted["rate"].astype(float))


@pytest.mark.parametrize("dialect", ["postgres", "snowflake", "bigquery", "sqlite", "mysql"])
def test_sql_of_other_dialects(dialect: str) -> None:
    """Other dialects are written too."""
    pytest.importorskip("ibis")
    text = FITTED.to_sql(dialect)
    assert text.lstrip().upper().startswith(("SELECT", "WITH"))
    assert "champions" in text


def test_sql_of_a_table_in_a_schema() -> None:
    """The schema is quoted by itself, and DuckDB finds the table in it."""
    pytest.importorskip("ibis")
    rules = (Cut(output="t", column="spend_365d", edges=(2.0,), labels=("few", "many")),)
    text = Fitted(spec=Value(), name="t", rules=rules).to_sql(table="people", schema="crm")
    con = duckdb.connect()
    con.sql("create schema crm")
    con.sql("create table crm.people as select 'a' as customer_id, 3.0 as spend_365d")
    assert con.sql(text).df()["t"].tolist() == ["many"]


def test_unknown_dialect() -> None:
    """A dialect that ibis does not know is a SpecError."""
    pytest.importorskip("ibis")
    with pytest.raises(SpecError, match="klingon"):
        FITTED.to_sql("klingon")


def test_fitted_holds_no_rows() -> None:
    """No customer's id or value is in the saved form, and it reads back equal."""
    text = FITTED.to_json()
    assert "customer_id" not in text
    assert loads(text) == FITTED
    assert len(text) < 20_000


def test_facts_count_labels() -> None:
    """Facts have the number of customers and the size of each label."""
    facts = Value().fit(TABLE).facts
    assert facts["customers"] == 6
    assert facts["sizes"] == {"value": {"not_evaluable": 1, "low": 3, "mid": 1, "high": 1}}


def test_fitted_is_frozen() -> None:
    """Neither a fitted layer nor its rules can be changed."""
    fitted: Any = Value().fit(TABLE)
    with pytest.raises(AttributeError):
        fitted.name = "other"
    with pytest.raises(AttributeError):
        fitted.rules[0].edges = (1.0,)


@pytest.mark.parametrize("path", [None, 9999, True, "a\0b"])
def test_what_is_no_path(path: Any) -> None:
    """Neither reading nor writing opens what is no path (a number would be a file descriptor)."""
    with pytest.raises(SavedFileError, match="Hint:"):
        load(path)
    with pytest.raises(SavedFileError, match="Hint:"):
        FITTED.save(path)


@pytest.mark.parametrize("text", [None, 5, ["{}"]])
def test_what_is_no_text(text: Any) -> None:
    """`loads` takes text or bytes."""
    with pytest.raises(SavedFileError, match=r"not text(.|\n)*Hint: load\(path\)"):
        loads(text)


@pytest.mark.parametrize("ids", [[["a"]], ["a", {"b": 1}]])
def test_explain_wants_ids(ids: Any) -> None:
    """A list inside the list is no id."""
    with pytest.raises(SpecError, match=r"1 of . ids are lists(.|\n)*Hint:"):
        FITTED.explain(TABLE, ids=ids)
