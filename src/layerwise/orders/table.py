"""Columns of any eager frame as pandas Series, without copies where there is a choice."""

from collections.abc import Hashable
from typing import Any

import narwhals.stable.v2 as nw
import numpy as np
import pandas as pd

from layerwise.errors import ColumnsError, problems
from layerwise.odd_cells import check_cells
from layerwise.orders.request import Request

_SHOWN = 30

# What neither numpy nor Arrow can hold.
_OBJECTS = (nw.Object, nw.Int128, nw.UInt128)


def wrap(orders: Any) -> nw.DataFrame[Any] | nw.LazyFrame[Any]:
    """Return the frame under narwhals; refuse what is no dataframe."""
    try:
        table: nw.DataFrame[Any] | nw.LazyFrame[Any] = nw.from_native(orders)
    except TypeError as error:
        raise ColumnsError(
            f"orders is a {type(orders).__name__}, not a dataframe.",
            hint="Give a pandas, Polars, PyArrow, DuckDB or other dataframe of order lines.",
        ) from error
    return table


def check_names(columns: pd.Index) -> None:
    """Refuse column names that do not name one column each."""
    if isinstance(columns, pd.MultiIndex):
        raise ColumnsError(
            f"The order log has {columns.nlevels} levels of column names.",
            hint='Join them: orders.columns = ["_".join(map(str, c)) for c in orders.columns].',
        )
    if not columns.is_unique:
        twice = columns[columns.duplicated()].unique()
        raise ColumnsError(
            problems("The order log has column names more than once:", map(str, twice)),
            hint="Rename or drop the repeated columns.",
        )


def check_columns(names: list[Any], request: Request) -> None:
    """Refuse a table that lacks columns, naming all of them and what is there."""
    lacking = {role: name for role, name in request.roles.items() if name not in names}
    if not lacking:
        return
    shown = ", ".join(map(str, names[:_SHOWN])) + (", ..." if len(names) > _SHOWN else "")
    lines = [f"{name}   ({role}=)" for role, name in lacking.items()]
    optional = "; amount=None if there are no amounts" if "amount" in lacking else ""
    raise ColumnsError(
        problems("The order log lacks columns:", lines) + f"\nFound: {shown or 'no columns'}.",
        hint=f'Name the columns you have, e.g. customer="client"{optional}.',
    )


def column(frame: Any, name: Hashable) -> pd.Series:
    """Return one column of an eager frame as a pandas Series.

    Numbers and times without a zone come as numpy arrays of the frame's own memory, the rest as
    Arrow-backed arrays, or as objects where pyarrow is not installed.
    """
    if isinstance(frame, pd.DataFrame):
        values = frame[name]
        check_cells(values, name)
        return values
    series: nw.Series[Any] = nw.from_native(frame, eager_only=True)[str(name)]
    dtype = series.dtype
    if isinstance(dtype, nw.Datetime) and dtype.time_zone is not None:
        return as_pandas(series)
    if dtype in _OBJECTS:
        return as_pandas(series)
    if dtype.is_temporal() or ((dtype.is_integer() or dtype.is_float()) and _whole(series)):
        return pd.Series(series.to_numpy())
    return as_pandas(series)


def _whole(series: nw.Series[Any]) -> bool:
    return series.null_count() == 0


def as_pandas(series: nw.Series[Any]) -> pd.Series:
    """Hand a column over as Arrow; as Python objects where Arrow cannot hold it."""
    if series.dtype in _OBJECTS:
        return pd.Series(series.to_list(), dtype=object)
    try:
        import pyarrow as pa

        values = series.to_arrow()
    except ImportError:
        return pd.Series(series.to_list(), dtype=object)
    if pa.types.is_dictionary(values.type):
        values = values.cast(values.type.value_type)
    return pd.Series(pd.array(values, dtype=pd.ArrowDtype(values.type)))


def take(frame: Any, name: Hashable, positions: np.ndarray) -> Any:
    """Return the values of a column at some rows, in the frame's own kind of column."""
    if isinstance(frame, pd.DataFrame):
        return frame[name].take(positions).reset_index(drop=True)
    return nw.from_native(frame, eager_only=True)[str(name)][positions]


def lazy_table(orders: Any, request: Request) -> nw.LazyFrame[Any] | None:
    """Check the columns; return the lazy frame, or None for a frame in memory."""
    if isinstance(orders, pd.DataFrame):
        check_names(orders.columns)
        check_columns(list(orders.columns), request)
        return None
    table = wrap(orders)
    check_columns(table.collect_schema().names(), request)
    return table if isinstance(table, nw.LazyFrame) else None
