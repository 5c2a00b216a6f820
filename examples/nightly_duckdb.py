"""Fit once, label every night where the data are: DuckDB reads Parquet and writes Parquet."""

import tempfile
from pathlib import Path

import duckdb

import layerwise as lw


def fit_once(orders_file: Path, rules_file: Path, as_of: str) -> None:
    """Learn the layers from the log, and keep them as a file to be reviewed."""
    customers = lw.summarize(duckdb.read_parquet(str(orders_file)), as_of=as_of).df()
    lw.Layers(rfm=lw.RFM(), value=lw.Value(), churn=lw.ChurnStatus()).fit(customers).save(
        rules_file
    )


def label(orders_file: Path, rules_file: Path, labels_file: Path, as_of: str) -> None:
    """Label everybody by the kept rules; no row passes through Python."""
    customers = lw.summarize(duckdb.read_parquet(str(orders_file)), as_of=as_of)
    lw.load(rules_file).transform(customers).write_parquet(str(labels_file))


def main() -> None:
    """Fit at the end of March, label at the end of June."""
    folder = Path(tempfile.mkdtemp())
    log, rules, labels = (
        folder / "orders.parquet",
        folder / "layers.json",
        folder / "labels.parquet",
    )
    orders = lw.datasets.load_cdnow()
    orders = orders[orders["amount"] > 0]
    orders[orders["ordered_at"] <= "1998-03-31"].to_parquet(log)
    fit_once(log, rules, as_of="1998-03-31")
    orders.to_parquet(log)  # three months later
    label(log, rules, labels, as_of="1998-06-30")
    table = duckdb.read_parquet(str(labels))
    print(table.aggregate("churn, count(*) as customers", "churn").order("churn"))


if __name__ == "__main__":
    main()
