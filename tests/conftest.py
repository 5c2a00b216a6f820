"""The engines every portable thing is tested on, and how long Hypothesis searches."""

import os
from collections.abc import Callable
from typing import Any

import attrs
import duckdb
import narwhals.stable.v2 as nw
import pandas as pd
import polars as pl
import pytest
from hypothesis import settings

# One profile for all laws. In CI the same examples run every time; elsewhere new ones are searched.
settings.register_profile(
    "layerwise", deadline=None, max_examples=30, derandomize=bool(os.environ.get("CI"))
)
settings.load_profile("layerwise")


@attrs.frozen
class Engine:
    """One dataframe engine: `make` turns a pandas frame into its own kind."""

    name: str
    make: Callable[[pd.DataFrame], Any]
    lazy: bool

    def pandas(self, frame: Any, sort: str = "customer_id") -> pd.DataFrame:
        """Return a frame of this engine as plain pandas, sorted, text as objects."""
        wrapped = nw.from_native(frame)
        if isinstance(wrapped, nw.LazyFrame):
            wrapped = wrapped.collect("pandas")
        rows = wrapped.to_dict(as_series=False)
        return pd.DataFrame({n: pd.Series(list(v), dtype=object) for n, v in rows.items()}).pipe(
            lambda f: f.sort_values(sort, ignore_index=True) if sort in f else f
        )


_CONNECTION = duckdb.connect()


def _relation(frame: pd.DataFrame) -> Any:
    table = pl.from_pandas(frame).to_arrow()
    return _CONNECTION.from_arrow(table)


ENGINES = {
    engine.name: engine
    for engine in [
        Engine("pandas", lambda frame: frame.copy(), False),
        Engine("pandas_arrow", lambda frame: frame.convert_dtypes(dtype_backend="pyarrow"), False),
        Engine("polars", pl.from_pandas, False),
        Engine("polars_lazy", lambda frame: pl.from_pandas(frame).lazy(), True),
        Engine("duckdb", _relation, True),
    ]
}


@pytest.fixture(params=list(ENGINES))
def engine(request: pytest.FixtureRequest) -> Engine:
    """Each engine in turn; DuckDB on a connection that is not the default one."""
    return ENGINES[request.param]
