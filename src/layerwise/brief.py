"""How results show themselves: what they are and how large; the rows stay in their tables."""

import datetime as dt
from collections.abc import Mapping, Sized
from typing import Any

import attrs

_WIDTH = 88


def in_brief(result: Any) -> str:
    """Return the repr of a result: its class and size, then a line a field.

    Tables are told by their rows and columns: their rows may be customers. A class takes it as its
    own by ``__repr__ = in_brief``.

    >>> import pandas as pd
    >>> @attrs.frozen
    ... class Found:
    ...     table: pd.DataFrame
    ...     level: float
    ...     left_out: dict[str, str]
    ...     __repr__ = in_brief
    >>> Found(pd.DataFrame({"days": [1, 2], "share": [0.5, 0.25]}), 0.95, {"id": "no feature"})
    Found: 2 rows
      table: 2 rows of days, share
      level: 0.95
      left_out: 1 of id
    """
    values = {f.name: getattr(result, f.name) for f in attrs.fields(type(result)) if f.repr}
    lines = [_cut(f"  {name}: {_shown(value)}") for name, value in values.items()]
    return "\n".join([type(result).__name__ + _size(values), *lines])


def _size(values: Mapping[str, Any]) -> str:
    if isinstance(customers := values.get("customers"), int):
        return f": {customers:,} customers"
    tables = [value for value in values.values() if _is_table(value)]
    return f": {_rows(tables[0])}" if tables else ""


def _shown(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.6g}"
    if isinstance(value, dt.date):
        return str(value)
    if _is_table(value):
        arrow = hasattr(type(value), "column_names")  # whose columns are the data
        names = value.column_names if arrow else value.columns
        return f"{_rows(value)} of {', '.join(map(str, names))}"
    if isinstance(value, Mapping):
        return f"{len(value):,} of {', '.join(map(str, value))}" if value else "none"
    text = repr(value)
    if "\n" not in text and len(text) <= _WIDTH:
        return text
    if isinstance(value, Sized) and not isinstance(value, str):
        return f"{type(value).__name__} of {len(value):,}"
    return text.splitlines()[0]


def _rows(table: Sized) -> str:
    return f"{len(table):,} row{'' if len(table) == 1 else 's'}"


def _is_table(value: object) -> bool:
    return isinstance(value, Sized) and hasattr(value, "columns")  # lazy frames have no length


def _cut(line: str) -> str:
    return line if len(line) <= _WIDTH else f"{line[: _WIDTH - 4]} ..."
