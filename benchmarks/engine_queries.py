"""The customer summary on each engine: by layerwise, and as one would write it there by hand.

Each engine opens a folder of Parquet files and answers with the thirteen columns of
`layerwise.summarize`, computed and kept where the engine keeps results.
"""

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import attrs
import pandas as pd
from summarize import by_pandas, by_polars

from layerwise.summary import summarize

AS_OF = "2023-12-31"

SQL = """
with occasions as (
    select customer_id, cast(ordered_at as date) as day, sum(amount) as net from {log}
    group by 1, 2 having sum(amount) > 0
)
select customer_id, min(day) as first_order, max(day) as last_order, count(*) as orders,
    count(*) - 1 as repeat_orders, {days}(max(day), min(day)) as first_to_last_days,
    {days}(date '2023-12-31', min(day)) as age_days,
    {days}(date '2023-12-31', max(day)) as days_since_last,
    sum(net) as spend_total, avg(net) as spend_mean,
    case when count(*) > 1 then (sum(net) - min_by(net, day)) / (count(*) - 1) end
        as spend_repeat_mean,
    count(*) filter (where day > date '2022-12-31') as orders_365d,
    coalesce(sum(net) filter (where day > date '2022-12-31'), 0) as spend_365d
from occasions group by customer_id
"""


@attrs.frozen
class Engine:
    """One engine on one log: the two ways, how an answer is kept, and how it goes to a file."""

    ours: Callable[[], Any]
    native: Callable[[], Any]
    keep: Callable[[Any], Any]
    write: Callable[[Any, Path], object]


def pandas(folder: Path) -> Engine:
    """The log in memory, as pandas has it."""
    log = pd.read_parquet(folder)
    return Engine(
        ours=lambda: summarize(log, as_of=AS_OF),
        native=lambda: by_pandas(log).reset_index().rename(columns=_NAMES),
        keep=lambda table: table,
        write=lambda table, path: table.to_parquet(path, index=False),
    )


def polars(folder: Path) -> Engine:
    """The log in memory, as Polars has it."""
    import polars as pl

    log = pl.read_parquet(folder)
    return Engine(
        ours=lambda: summarize(log, as_of=AS_OF),
        native=lambda: by_polars(log).rename(_NAMES),
        keep=lambda table: table,
        write=lambda table, path: table.write_parquet(path),
    )


def polars_lazy(folder: Path) -> Engine:
    """A scan of the files, collected by the streaming engine."""
    import polars as pl

    log = pl.scan_parquet(folder)
    return Engine(
        ours=lambda: summarize(log, as_of=AS_OF),
        native=lambda: by_polars(log, "streaming").rename(_NAMES),
        keep=lambda table: table.lazy().collect(engine="streaming"),
        write=lambda table, path: table.write_parquet(path),
    )


def duckdb(folder: Path) -> Engine:
    """A relation over the files; the answer becomes a table of the connection."""
    base = open_duckdb(folder.parent)
    log = f"read_parquet('{folder}/*.parquet')"
    base.sql("create macro days_between(a, b) as date_diff('day', b, a)")

    def keep(relation: Any) -> Any:
        base.execute("drop table if exists answer")
        relation.create("answer")
        return base.table("answer")

    return Engine(
        ours=lambda: summarize(base.sql(f"from {log}"), as_of=AS_OF),
        native=lambda: base.sql(SQL.format(log=log, days="days_between")),
        keep=keep,
        write=lambda table, path: table.write_parquet(str(path)),
    )


def open_duckdb(scratch: Path) -> Any:
    """Return a connection with two threads and 8 GB, which spills into a folder."""
    import duckdb

    spill = {"temp_directory": str(scratch / "spill")}
    return duckdb.connect(config={"threads": 2, "memory_limit": "8GB", **spill})


def ibis(folder: Path) -> Engine:
    """DuckDB behind ibis."""
    import ibis

    base = ibis.duckdb.connect(threads=2, memory_limit="8GB")
    base.raw_sql(f"create view log as from read_parquet('{folder}/*.parquet')")
    log = base.table("log")
    return Engine(
        ours=lambda: summarize(log, as_of=AS_OF),
        native=lambda: by_ibis(log),
        keep=lambda table: base.raw_sql(  # ibis 12 makes no tables with DuckDB 2
            f"create or replace table answer as {ibis.to_sql(table, dialect='duckdb')}"
        ),
        write=lambda _, path: base.raw_sql(f"copy answer to '{path}' (format parquet)"),
    )


def by_ibis(log: Any) -> Any:
    """Return the customers by an ibis expression."""
    import ibis
    from ibis import _

    now = ibis.date(AS_OF)
    by = {"customer_id": _.customer_id, "day": _.ordered_at.date()}
    found = log.group_by(**by).agg(net=_.amount.sum()).filter(_.net > 0)
    recent = _.day > ibis.date("2022-12-31")
    table = found.group_by("customer_id").agg(
        first_order=_.day.min(),
        last_order=_.day.max(),
        orders=_.count(),
        spend_total=_.net.sum(),
        at_first=_.net.argmin(_.day),
        orders_365d=_.count(where=recent),
        spend_365d=_.net.sum(where=recent).fill_null(0),
    )
    repeat = _.orders - 1
    return table.mutate(
        repeat_orders=repeat,
        first_to_last_days=_.last_order.delta(_.first_order, unit="day"),
        age_days=now.delta(table.first_order, unit="day"),
        days_since_last=now.delta(table.last_order, unit="day"),
        spend_mean=_.spend_total / _.orders,
        spend_repeat_mean=((_.spend_total - _.at_first) / repeat.nullif(0)),
    ).drop("at_first")


def spark(folder: Path) -> Engine:
    """Spark with two cores in one Java process; the answer is computed and thrown away."""
    session = spark_session(folder)
    log = session.read.parquet(str(folder))
    log.createOrReplaceTempView("log")

    def keep(frame: Any) -> Any:
        frame.write.format("noop").mode("overwrite").save()
        return frame

    return Engine(
        ours=lambda: summarize(log, as_of=AS_OF),
        native=lambda: session.sql(SQL.format(log="log", days="datediff")),
        keep=keep,
        write=lambda frame, path: frame.write.parquet(str(path)),
    )


def spark_session(folder: Path, memory: str = "6g", parts: int = 4) -> Any:
    """Return the session, local on two cores; scratch files go beside the log."""
    os.environ |= {"SPARK_LOCAL_IP": "127.0.0.1", "PYSPARK_PYTHON": sys.executable}
    from pyspark.sql import SparkSession

    settings = {
        "spark.driver.host": "127.0.0.1",
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.driver.memory": memory,
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
        "spark.sql.shuffle.partitions": str(parts),
        "spark.sql.session.timeZone": "UTC",
        "spark.sql.warehouse.dir": str(folder.parent / "warehouse"),
        "spark.local.dir": str(folder.parent / "spark"),
    }
    builder = SparkSession.builder.master("local[2]").appName("layerwise")
    for name, value in settings.items():
        builder = builder.config(name, value)
    session = builder.getOrCreate()
    session.sparkContext.setLogLevel("ERROR")
    return session


def dask(folder: Path) -> Engine:
    """Dask with two threads."""
    import dask
    import dask.dataframe as dd

    dask.config.set(scheduler="threads", num_workers=2)
    log = dd.read_parquet(folder)
    return Engine(
        ours=lambda: summarize(log, as_of=AS_OF),
        native=lambda: by_dask(log),
        keep=lambda table: table.compute(),
        write=lambda table, path: table.to_parquet(path, index=False),
    )


def by_dask(log: Any) -> Any:
    """Return the customers by two group-bys and a join for the first occasion's amount."""
    now, cut = pd.Timestamp(AS_OF), pd.Timestamp(AS_OF) - pd.Timedelta(days=365)
    keys = ["customer_id", "day"]
    found = log.assign(day=log["ordered_at"].dt.floor("D")).groupby(keys, sort=False)["amount"]
    found = found.sum(split_out=log.npartitions).reset_index()
    found = found[found["amount"] > 0]
    recent = found["day"] > cut
    found = found.assign(
        last_order=found["day"],
        orders=1,
        orders_365d=recent.astype("int64"),
        spend_365d=found["amount"].where(recent, 0.0),
    ).rename(columns={"day": "first_order", "amount": "spend_total"})
    kinds = {"first_order": "min", "last_order": "max"}
    kinds |= dict.fromkeys(["orders", "spend_total", "orders_365d", "spend_365d"], "sum")
    table = found.groupby("customer_id", sort=False).agg(kinds, split_out=log.npartitions)
    first = found[["customer_id", "first_order", "spend_total"]]
    first = first.rename(columns={"spend_total": "at_first"})
    table = table.reset_index().merge(first, on=["customer_id", "first_order"])
    repeat = table["orders"] - 1
    return table.assign(
        repeat_orders=repeat,
        first_to_last_days=(table["last_order"] - table["first_order"]).dt.days,
        age_days=(now - table["first_order"]).dt.days,
        days_since_last=(now - table["last_order"]).dt.days,
        spend_mean=table["spend_total"] / table["orders"],
        spend_repeat_mean=(table["spend_total"] - table["at_first"]) / repeat.where(repeat > 0),
    ).drop(columns="at_first")


_NAMES = {"repeat_mean": "spend_repeat_mean"}

ENGINES: dict[str, Callable[[Path], Engine]] = {
    "pandas": pandas,
    "polars": polars,
    "polars_lazy": polars_lazy,
    "duckdb": duckdb,
    "ibis": ibis,
    "dask": dask,
    "spark": spark,
}
