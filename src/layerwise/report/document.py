"""What a report is made of: sections, tables, cells; plain values before any markup."""

import datetime as dt
import math
from collections.abc import Iterable, Sequence
from enum import Enum
from typing import Any

import attrs
import numpy as np

from layerwise.errors import SpecError

_DIGITS = 6


class Mark(Enum):
    """A cell that has no value to show."""

    HIDDEN = "hidden"


HIDDEN = Mark.HIDDEN
"""A cell that would show fewer than k customers, by itself or by subtraction."""

KINDS = ("text", "count", "number", "money", "percent", "bar", "range", "trend")


@attrs.frozen(kw_only=True)
class Column:
    """How one column of a table is titled and shown.

    Attributes:
        title: Its heading.
        kind: "text"; "count" (a whole number); "number"; "money"; "percent" (a share, 0 to 1);
            "bar" (a share, drawn too); "range" (value, low, high and, as mark, what to compare
            with); "trend" (values in order of time).
        scale: Ends of the axis of a range.
        log: Whether that axis is a logarithmic one.
        unit: How numbers of ranges and trends are written: "percent", "number" or "count".
    """

    title: str
    kind: str = attrs.field(default="text", validator=attrs.validators.in_(KINDS))
    scale: tuple[float, float] = (0.0, 1.0)
    log: bool = False
    unit: str = "percent"


@attrs.frozen(kw_only=True)
class Table:
    """A table to publish.

    Attributes:
        title: What its rows are.
        columns: Its columns.
        rows: Cells by row: text, numbers, None for what is missing, `HIDDEN`, and for ranges and
            trends mappings and lists of these.
    """

    title: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Any, ...], ...]

    @property
    def hidden(self) -> int:
        """How many cells are hidden."""
        return sum(cell is HIDDEN for row in self.rows for cell in row)


@attrs.frozen(kw_only=True)
class Section:
    """One part of a report: its headline says the number that matters.

    Attributes:
        id: What links go to.
        title: Its name.
        headline: One sentence.
        numbers: Label and value (text) of the numbers shown large.
        texts: Sentences under the headline.
        tables: Tables, the most important first.
        notes: What to know about the numbers.
    """

    id: str
    title: str
    headline: str
    numbers: tuple[tuple[str, str], ...] = ()
    texts: tuple[str, ...] = ()
    tables: tuple[Table, ...] = ()
    notes: tuple[str, ...] = ()


def table(title: str, columns: Sequence[Column], rows: Iterable[Sequence[Any]]) -> Table:
    """Return a table whose cells are plain values, floats rounded to six digits."""
    made = tuple(tuple(plain(cell) for cell in row) for row in rows)
    return Table(title=title, columns=tuple(columns), rows=made)


def records(rows: Any) -> list[dict[str, Any]]:
    """Return the rows of a pandas table as mappings."""
    found: list[dict[str, Any]] = rows.to_dict("records")
    return found


def plain(value: Any) -> Any:
    """Return a value as JSON has it; missing is None.

    Sums of equal rows in another order differ in the last digit; six digits do not.

    >>> plain(np.float64(1 / 3)), plain(float("nan")), plain(np.int64(7))
    (0.333333, None, 7)
    """
    if value is None or value is HIDDEN or isinstance(value, bool | str):
        return value
    if isinstance(value, dict):
        return {key: plain(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [plain(each) for each in value]
    if isinstance(value, dt.date | np.datetime64):
        return day(value)
    if isinstance(value, int | np.integer):
        return int(value)
    if isinstance(value, float | np.floating):
        return rounded(float(value)) if math.isfinite(value) else None
    return None if value != value else str(value)


def rounded(value: float) -> float:
    """Return a number rounded to six significant digits."""
    return float(f"{value:.{_DIGITS}g}")


def day(value: Any) -> str:
    """Return a date as ISO text.

    Raises:
        SpecError: It is no date.
    """
    import pandas as pd

    try:  # a plain number would be nanoseconds since 1970, an empty text no time
        known = isinstance(value, str | dt.date | np.datetime64)
        found = pd.Timestamp(value) if known else pd.NaT
    except ValueError:
        found = pd.NaT
    if not isinstance(found, pd.Timestamp):
        raise SpecError(
            f"as_of must be a date, not this {type(value).__name__}.", hint='as_of="2024-12-31".'
        )
    return str(found.date().isoformat())


def as_dict(section: Section) -> dict[str, Any]:
    """Return a section as mappings and lists; a hidden cell is {"hidden": True}."""
    return {
        "id": section.id,
        "title": section.title,
        "headline": section.headline,
        "numbers": [{"label": label, "value": value} for label, value in section.numbers],
        "texts": list(section.texts),
        "tables": [_table_dict(each) for each in section.tables],
        "notes": list(section.notes),
    }


def _table_dict(each: Table) -> dict[str, Any]:
    return {
        "title": each.title,
        "columns": [
            {"title": column.title, "kind": column.kind, "unit": column.unit}
            for column in each.columns
        ],
        "rows": [[_json(cell) for cell in row] for row in each.rows],
    }


def _json(cell: Any) -> Any:
    if cell is HIDDEN:
        return {"hidden": True}
    if isinstance(cell, dict):
        return {key: _json(value) for key, value in cell.items()}
    return [_json(value) for value in cell] if isinstance(cell, list) else cell
