"""Small tables for the tests of early warning: days are counted back from as_of."""

from typing import Any

import pandas as pd

from layerwise.churn import early_warning, warning_table

AS_OF = "2024-05-31"


def ago(days: int) -> pd.Timestamp:
    """Return the noon so many days before as_of."""
    return pd.Timestamp(AS_OF) + pd.Timedelta(hours=12) - pd.Timedelta(days=days)


def people(n: int) -> pd.DataFrame:
    """Return a table of customers 0 to n - 1 without histories."""
    return pd.DataFrame({"customer_id": range(n)})


def rows(*cells: tuple[Any, ...], names: str) -> pd.DataFrame:
    """Return a table; whole numbers in columns of times are days ago."""
    table = pd.DataFrame(cells, columns=names.split())
    for name in table.columns:
        if name == "ts" or name.endswith("_at") or name.startswith("valid_"):
            table[name] = pd.to_datetime(
                [pd.NaT if d is None or d != d else ago(int(d)) for d in table[name]]
            )
    return table


def only(*ids: str, **cells: object) -> pd.DataFrame:
    """Return these rows of the packaged table, with some cells changed."""
    table = warning_table()
    return table[table["id"].isin(ids)].assign(**{k: str(v) for k, v in cells.items()})


def found(customers: pd.DataFrame, signal: str, **given: Any) -> pd.DataFrame:
    """Return the rows of one signal, by customer."""
    cells = given.pop("cells", {})
    choices = {"as_of": AS_OF, "table": only(signal, **cells), "false_discovery": None} | given
    result = early_warning(customers, **choices)
    assert not result.table["left_out"].any(), result.table["left_out"].tolist()
    return result.signals.set_index("customer_id")


def spread(customer: int, kind: str, *, recent: int, base: int, **more: object) -> pd.DataFrame:
    """Return events of a customer: so many in the last 30 days and in the 90 before."""
    days = [i * 30 // max(recent, 1) for i in range(recent)]
    days += [30 + i * 90 // max(base, 1) for i in range(base)]
    table = pd.DataFrame(
        {"customer_id": customer, "ts": [ago(d) for d in days], "event_type": kind}
    )
    return table.assign(**more)
