"""From Parquet files of orders to labelled customers and a plan, each step into a Parquet file.

The layers and models are fitted on every tenth customer, since above five million different
histories `fit` refuses to take them into memory, and everybody is labelled.
"""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from engine_queries import AS_OF, open_duckdb

from layerwise.at_once import usual_layers
from layerwise.strategy import StrategyTable
from layerwise.summary import summarize

PLAN = ("customer_id", "strategy_id", "rank", "channel")
Steps = Iterator[tuple[str, str]]


def by_polars(log: Path, scratch: Path) -> Steps:
    """Every step a scan that streams into a file."""
    import polars as pl

    customers, labelled, planned = _files(scratch)
    summarize(pl.scan_parquet(log), as_of=AS_OF).sink_parquet(customers)
    table = pl.scan_parquet(customers)
    yield "summarize", f"{_rows(table):,} customers"
    sample = table.filter(pl.col("customer_id") % 10 == 0).collect(engine="streaming")
    fitted = usual_layers().fit(sample)
    yield "fit on every tenth", f"{len(sample):,} customers"
    del sample
    fitted.transform(table).sink_parquet(labelled)
    labels = pl.scan_parquet(labelled)
    tiers = labels.group_by("tier").len().sort("tier").collect(engine="streaming")
    yield "label", ", ".join(f"{tier} {n:,}" for tier, n in tiers.iter_rows())
    plan = StrategyTable.default().plan(labels, holdout=0, allow_gaps=True)
    plan.select(PLAN).sink_parquet(planned)
    yield "plan", f"{_rows(pl.scan_parquet(planned)):,} rows"


def by_duckdb(log: Path, scratch: Path) -> Steps:
    """Every step a query that is copied into a file; 8 GB for DuckDB."""
    base = open_duckdb(scratch)
    customers, labelled, planned = _files(scratch)
    summarize(base.read_parquet(f"{log}/*.parquet"), as_of=AS_OF).write_parquet(str(customers))
    table = base.read_parquet(str(customers))
    yield "summarize", f"{len(table):,} customers"
    sample = table.filter("customer_id % 10 = 0").df()
    fitted = usual_layers().fit(sample)
    yield "fit on every tenth", f"{len(sample):,} customers"
    del sample
    fitted.transform(table).write_parquet(str(labelled))
    labels = base.read_parquet(str(labelled))
    tiers = labels.aggregate("tier, count(*)", "tier").order("tier").fetchall()
    yield "label", ", ".join(f"{tier} {n:,}" for tier, n in tiers)
    plan = StrategyTable.default().plan(labels, holdout=0, allow_gaps=True)
    plan.select(", ".join(PLAN)).write_parquet(str(planned))
    yield "plan", f"{len(base.read_parquet(str(planned))):,} rows"


def _files(scratch: Path) -> list[Path]:
    return [scratch / f"customers-{step}.parquet" for step in ("summed", "labelled", "planned")]


def _rows(table: Any) -> int:
    import polars as pl

    return int(table.select(pl.len()).collect().item())


WHOLE: dict[str, Callable[[Path, Path], Steps]] = {"polars_lazy": by_polars, "duckdb": by_duckdb}
