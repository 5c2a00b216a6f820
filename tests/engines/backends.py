"""The engines of the conformance suite, by level of support.

Level A runs with every test run. Level B needs ``pip install "layerwise[engines]"``, Java for Spark
and Debian's postgresql; run it with ``pytest -m engines tests/engines``.
"""

import os
import shutil
import sys
import tempfile
from collections.abc import Callable
from contextlib import ExitStack
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import attrs
import duckdb
import pandas as pd
import pyarrow as pa

from tests.conftest import ENGINES, Engine
from tests.engines import postgres

NOISE = (
    "ignore:Dask support is moving out:FutureWarning",
    "ignore:PySpark does not yet fully support:FutureWarning",
    "ignore:.*infer_string.*:Warning",  # ibis on pandas 3
    "ignore:fetch_arrow_table:DeprecationWarning",  # ibis on DuckDB 2
    "ignore:The copy keyword:Warning",  # Spark on pandas 3
    "ignore::ResourceWarning",
)
"""Warnings of the engines about each other, not about us."""

_OPEN = ExitStack()  # sessions, servers and connections, closed when the test run ends


@attrs.frozen
class Backend:
    """One engine: what it needs, and how a pandas frame comes in."""

    name: str
    title: str
    level: str
    make: Callable[[pd.DataFrame], Any]
    lazy: bool = True
    lacking: Callable[[], str | None] = lambda: None

    @property
    def engine(self) -> Engine:
        """The same as the `engine` fixture of the other tests has it."""
        return Engine(self.name, self.make, self.lazy)


def close() -> None:
    """Stop everything that the suite started."""
    _OPEN.close()


def _needs(*modules: str) -> Callable[[], str | None]:
    def lacking() -> str | None:
        absent = [name for name in modules if find_spec(name) is None]
        return f"not installed: {', '.join(absent)}" if absent else None

    return lacking


def _needs_java() -> str | None:
    java = shutil.which("java") or os.environ.get("JAVA_HOME")
    return _needs("pyspark")() or (None if java else "there is no Java for Spark")


def _needs_postgres() -> str | None:
    there = postgres.programs()
    return _needs("ibis", "psycopg")() or (
        None if there else "PostgreSQL is not installed: apt-get install postgresql"
    )


def _arrow(frame: pd.DataFrame) -> Any:
    half = len(frame) // 2
    parts = [pa.Table.from_pandas(f, preserve_index=False) for f in (frame[:half], frame[half:])]
    return pa.concat_tables([part.cast(_plain(parts[0].schema)) for part in parts])


def _plain(schema: Any) -> Any:
    nothing = [i for i, kind in enumerate(schema.types) if pa.types.is_null(kind)]
    for i in nothing:
        schema = schema.set(i, schema.field(i).with_type(pa.string()))
    return schema


@cache
def _folder() -> Path:
    return Path(_OPEN.enter_context(tempfile.TemporaryDirectory(prefix="layerwise-")))


@cache
def _spark() -> Any:
    """Start the one session of the run; it takes ten seconds."""
    os.environ |= {"SPARK_LOCAL_IP": "127.0.0.1", "PYSPARK_PYTHON": sys.executable}
    from pyspark.sql import SparkSession

    settings = {
        "spark.driver.host": "127.0.0.1",
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.driver.memory": "1g",
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
        "spark.sql.shuffle.partitions": "2",
        "spark.sql.session.timeZone": "UTC",
        "spark.sql.warehouse.dir": str(_folder() / "warehouse"),
        "spark.local.dir": str(_folder() / "spark"),
    }
    builder = SparkSession.builder.master("local[2]").appName("layerwise")
    for name, value in settings.items():
        builder = builder.config(name, value)
    session = builder.getOrCreate()
    session.sparkContext.setLogLevel("ERROR")
    _OPEN.callback(session.stop)
    return session


def _to_spark(frame: pd.DataFrame) -> Any:
    """Return a Spark frame as Parquet gives it: times without a zone stay such."""
    path = _folder() / f"{_number()}.parquet"
    table = pa.Table.from_pandas(frame, preserve_index=False)
    import pyarrow.parquet

    pyarrow.parquet.write_table(table, path)
    return _spark().read.parquet(str(path))


def _to_dask(frame: pd.DataFrame) -> Any:
    import dask.dataframe as dd

    return dd.from_pandas(frame, npartitions=4, sort=False)


@cache
def _raw_duckdb() -> Any:
    return duckdb.connect()


@cache
def _ibis(kind: str) -> Any:
    import ibis

    if kind == "duckdb":
        connection = ibis.duckdb.from_connection(_raw_duckdb())
    else:
        port = _OPEN.enter_context(postgres.server(_folder() / "postgres"))
        connection = ibis.postgres.connect(
            host="127.0.0.1", port=port, user="postgres", database="postgres"
        )
    _OPEN.callback(connection.disconnect)
    return connection


def _to_ibis(kind: str) -> Callable[[pd.DataFrame], Any]:
    def make(frame: pd.DataFrame) -> Any:
        table, name = pa.Table.from_pandas(frame, preserve_index=False), f"t{_number()}"
        if kind == "postgres":
            return _ibis(kind).create_table(name, table)
        _raw_duckdb().from_arrow(table).create(name)  # ibis 12 cannot, with DuckDB 2.0
        return _ibis(kind).table(name)

    return make


def connection(kind: str) -> Any:
    """Return the ibis connection to "duckdb" or "postgres"."""
    return _ibis(kind)


_made: list[None] = []


def _number() -> int:
    _made.append(None)
    return len(_made)


def _known(name: str, title: str) -> Backend:
    return Backend(name, title, "A", ENGINES[name].make, ENGINES[name].lazy)


BACKENDS = {
    backend.name: backend
    for backend in [
        _known("pandas", "pandas"),
        _known("pandas_arrow", "pandas, Arrow types"),
        _known("polars", "Polars"),
        _known("polars_lazy", "Polars, lazy"),
        _known("duckdb", "DuckDB"),
        Backend("pyarrow", "PyArrow", "A", _arrow, False),
        Backend("spark", "PySpark", "B", _to_spark, lacking=_needs_java),
        Backend("dask", "Dask", "B", _to_dask, lacking=_needs("dask")),
        Backend("ibis_duckdb", "ibis on DuckDB", "B", _to_ibis("duckdb"), lacking=_needs("ibis")),
        Backend(
            "ibis_postgres",
            "ibis on PostgreSQL",
            "B",
            _to_ibis("postgres"),
            lacking=_needs_postgres,
        ),
    ]
}
