"""A Spark session and a PostgreSQL for the guides that run in CI."""

from typing import Any

import pandas as pd

from tests.engines.backends import BACKENDS, connection


def spark(frame: pd.DataFrame) -> Any:
    """Return a frame as Spark reads it from Parquet."""
    return BACKENDS["spark"].make(frame)


def warehouse(**tables: pd.DataFrame) -> Any:
    """Return an ibis connection to a PostgreSQL that holds these tables."""
    base = connection("postgres")
    for name, frame in tables.items():
        base.create_table(name, frame)  # overwrite= fails, ibis 12 with sqlglot 30
    return base
