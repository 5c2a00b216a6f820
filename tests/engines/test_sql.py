"""The SELECT of `to_sql`: run on DuckDB and PostgreSQL, written and parsed for the others."""

from collections.abc import Callable

import duckdb
import pandas as pd
import pyarrow as pa
import pytest

import layerwise as lw
from layerwise.errors import EngineError
from layerwise.fitted import Fitted
from layerwise.rules import Formula
from tests.engines.backends import BACKENDS, NOISE, connection
from tests.engines.features import saved
from tests.engines.golden import customers

ibis = pytest.importorskip("ibis")
pytestmark = [pytest.mark.filterwarnings(noise) for noise in NOISE]
PARSED = {
    **{name: name for name in ("snowflake", "bigquery", "databricks", "clickhouse")},
    "duckdb": "duckdb",
    "postgres": "postgres",
    "spark": "spark",
    "postgresql": "postgres",
}
"""The dialects that the docs name, and how sqlglot calls them."""


def in_duckdb(text: str) -> pd.DataFrame:
    """Run a SELECT over the golden customers in DuckDB."""
    base = duckdb.connect()
    base.from_arrow(pa.Table.from_pandas(customers(), preserve_index=False)).create("golden")
    return base.sql(text).df()


def in_postgres(text: str) -> pd.DataFrame:
    """Run a SELECT over the golden customers in PostgreSQL, as a client of its own would."""
    base = connection("postgres")
    table = pa.Table.from_pandas(customers(), preserve_index=False)
    base.create_table("golden", table)
    with base.raw_sql(text) as cursor:
        names = [column.name for column in cursor.description]
        rows = pd.DataFrame(cursor.fetchall(), columns=names)
    base.raw_sql("drop table golden").close()
    return rows


@pytest.mark.parametrize(
    ("dialect", "run"),
    [("duckdb", in_duckdb), pytest.param("postgres", in_postgres, marks=pytest.mark.engines)],
)
def test_the_select_gives_the_labels(dialect: str, run: Callable[[str], pd.DataFrame]) -> None:
    """Every label and score of every layer is that of `transform`."""
    if dialect == "postgres" and (why := BACKENDS["ibis_postgres"].lacking()):
        pytest.skip(why)
    fitted = lw.loads(saved("layers"))
    found = run(fitted.to_sql(dialect, table="golden")).sort_values(
        "customer_id", ignore_index=True
    )
    wanted = fitted.transform(customers()).sort_values("customer_id", ignore_index=True)
    assert len(found) == len(wanted)
    for name in fitted.outputs:
        mine, theirs = found[name].astype(object), wanted[name].astype(object)
        missing = theirs.isna()
        assert (mine.isna() == missing).all(), name
        if isinstance(theirs.iloc[0], float):
            assert mine[~missing].astype(float).tolist() == pytest.approx(theirs[~missing].tolist())
        else:
            assert mine[~missing].tolist() == theirs[~missing].tolist(), name


@pytest.mark.parametrize("dialect", PARSED)
def test_every_named_dialect_is_one_statement(dialect: str) -> None:
    """The text is one SELECT that a parser of the dialect reads, with every output in it."""
    sqlglot = pytest.importorskip("sqlglot")
    fitted = lw.loads(saved("layers"))
    (statement,) = sqlglot.parse(fitted.to_sql(dialect), dialect=PARSED[dialect])
    assert set(fitted.outputs) <= set(statement.named_selects)


def test_what_one_select_cannot_hold_says_so() -> None:
    """Expected orders need a table beside the SELECT."""
    with pytest.raises(EngineError, match="one SELECT cannot hold"):
        lw.loads(saved("bgnbd")).to_sql("postgres")


def test_numbers_of_many_digits_do_not_overflow() -> None:
    """SQL multiplies numbers as decimals, exactly; so they are multiplied before."""
    text = "(prior * gap + first_to_last_days) / (prior - -gap)"
    rule = Formula(output="limit", text=text, constants={"prior": 2.0, "gap": 51.857142857142854})
    fitted = Fitted(spec=lw.Value(), name="limit", rules=(rule,))
    found = in_duckdb(fitted.to_sql("duckdb", table="golden")).sort_values("customer_id")
    wanted = fitted.transform(customers()).sort_values("customer_id")
    assert found["limit"].tolist() == pytest.approx(wanted["limit"].tolist(), rel=1e-12)
