"""Tables of knowledge that people read and edit: causes, signals, types, impacts, KPIs.

A table is a plain pandas frame of texts, one row a fact, with a column `id`. The packaged ones are
CSV files in `layerwise/data`; a reader's own comes as a CSV path or a frame, and is checked as a
whole before it is used.
"""

import csv
import io
from collections.abc import Iterable, Mapping
from importlib.resources import files
from pathlib import Path
from typing import Any

import attrs
import pandas as pd

from layerwise.errors import TableError, problems
from layerwise.spreadsheet import unprotect

MAX_BYTES = 10_000_000


@attrs.frozen(kw_only=True)
class Schema:
    """What a table must look like.

    Args:
        what: What messages call it, such as "the warning table".
        file: Name of the packaged CSV file.
        filled: Columns that must be there, no cell empty.
        optional: Columns that are added empty where they lack; further ones are kept as they are.
        choices: Column -> the words its cells may be.
        numbers: Columns whose cells must be numbers, if they are filled.
    """

    what: str
    file: str
    filled: tuple[str, ...]
    optional: tuple[str, ...] = ()
    choices: Mapping[str, tuple[str, ...]] = attrs.field(factory=dict)
    numbers: tuple[str, ...] = ()


def packaged(schema: Schema) -> pd.DataFrame:
    """Return the packaged table; each call gives a new copy."""
    text = files("layerwise").joinpath("data", schema.file).read_text(encoding="utf-8")
    return _checked(_parsed(text, schema), schema)


def read_table(table: object, schema: Schema) -> pd.DataFrame:
    """Return a reader's own table, checked.

    Args:
        table: A pandas frame, the path of a CSV file (UTF-8, with or without byte-order mark), or
            None for the packaged table.
        schema: What it must look like.

    Raises:
        TableError: With every problem and its row.
    """
    if table is None:
        return packaged(schema)
    if isinstance(table, pd.DataFrame):
        return _checked(_texts(table, schema), schema)
    if isinstance(table, (str, Path)):
        return _checked(_parsed(_read(Path(table), schema), schema), schema)
    raise TableError(
        f"{_upper(schema)} is a {type(table).__name__}.",
        hint="give a pandas DataFrame or the path of a CSV file.",
    )


def items(cell: str) -> tuple[str, ...]:
    """Return the parts of a cell that holds several, separated by semicolons.

    >>> items("late; slow;")
    ('late', 'slow')
    """
    return tuple(part for piece in cell.split(";") if (part := piece.strip()))


def _upper(schema: Schema) -> str:
    return schema.what[0].upper() + schema.what[1:]


def _read(path: Path, schema: Schema) -> str:
    try:
        if (size := path.stat().st_size) > MAX_BYTES:
            raise _wrong(schema, [f"the file has {size:,} bytes, more than {MAX_BYTES:,}"])
        return path.read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise _wrong(schema, [f"the file cannot be read: {error.strerror}"]) from error
    except UnicodeDecodeError as error:
        raise _wrong(schema, [f"the file is not UTF-8 (byte {error.start})"]) from error
    except ValueError as error:
        if isinstance(error, TableError):
            raise
        raise _wrong(schema, [f"this is no path: {error}"]) from None


def _parsed(text: str, schema: Schema) -> pd.DataFrame:
    try:
        rows = [r for r in csv.reader(io.StringIO(text, newline=""), strict=True) if any(r)]
    except csv.Error as error:
        raise _wrong(schema, [f"not a CSV table: {error}"]) from error
    if not rows:
        raise _wrong(schema, ["the file is empty"])
    header = [unprotect(cell.strip()) for cell in rows[0]]
    ragged = [i for i, row in enumerate(rows[1:], 1) if len(row) != len(header)]
    wrong = [f"row {i}: {len(rows[i])} cells, the header has {len(header)}" for i in ragged]
    wrong += _twice(header)
    if wrong:
        raise _wrong(schema, wrong)
    cells = [[unprotect(cell.strip()) for cell in row] for row in rows[1:]]
    return pd.DataFrame(cells, columns=header, dtype=object)


def _texts(table: pd.DataFrame, schema: Schema) -> pd.DataFrame:
    names = list(table.columns)
    odd = [name for name in names if not isinstance(name, str)]
    wrong = [f"{len(odd)} column names are not text"] if odd else _twice(names)
    if wrong:
        raise _wrong(schema, wrong)
    return pd.DataFrame({n: [_text(v) for v in table[n]] for n in names}, dtype=object)


def _text(value: Any) -> str:
    if value is None or value is pd.NA or value is pd.NaT:
        return ""
    if isinstance(value, float) and value != value:
        return ""
    return f"{value:g}" if isinstance(value, float) else str(value).strip()


def _twice(names: Iterable[str]) -> list[str]:
    found = list(names)
    return [f"column {n!r} stands twice" for n in sorted({n for n in found if found.count(n) > 1})]


def _checked(table: pd.DataFrame, schema: Schema) -> pd.DataFrame:
    needed = dict.fromkeys(("id", *schema.filled, *schema.choices))
    if lacking := [f"column {name!r} is missing" for name in needed if name not in table]:
        raise _wrong(schema, lacking)
    wrong = [] if len(table) else ["there are no rows"]
    for name in dict.fromkeys(("id", *schema.filled)):
        wrong += [f"row {i}: {name} is empty" for i in _rows(table[name] == "")]
    wrong += [f"row {i}: id stands before" for i in _rows(table["id"].duplicated())]
    for name, words in schema.choices.items():
        bad = _rows(~table[name].isin(words))
        wrong += [f"row {i}: {name} must be one of {', '.join(words)}" for i in bad]
    for name in (n for n in schema.numbers if n in table):
        bad = _rows(~table[name].map(_is_number))
        wrong += [f"row {i}: {name} must be a number" for i in bad]
    if wrong:
        raise _wrong(schema, wrong)
    return table.assign(**{name: "" for name in schema.optional if name not in table})


def _rows(wrong: Any) -> list[int]:
    return [i + 1 for i, bad in enumerate(wrong) if bad]


def _is_number(cell: str) -> bool:
    try:
        return not cell or abs(float(cell)) < float("inf")
    except ValueError:
        return False


def _wrong(schema: Schema, lines: list[str]) -> TableError:
    return TableError(
        problems(f"{_upper(schema)} cannot be used:", lines),
        hint=f"its columns are {', '.join(dict.fromkeys(('id', *schema.filled)))}; start from the "
        "packaged table and edit it.",
    )
