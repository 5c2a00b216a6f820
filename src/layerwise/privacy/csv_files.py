"""CSV that leaves the house: checked, with no formulas, whole or not at all."""

import io
import os
from collections.abc import Collection, Mapping
from typing import Any

import numpy as np
import pandas as pd

from layerwise import frames
from layerwise.columns import CUSTOMER
from layerwise.errors import ColumnsError, SpecError
from layerwise.orders.table import column
from layerwise.privacy.export import coded, is_text, refuse_export
from layerwise.spreadsheet import protect
from layerwise.writing import write_text


def csv_text(
    table: object,
    *,
    customer: str | None = CUSTOMER,
    raw_ids: bool = False,
    allow: Mapping[str, str | Collection[str]] | None = None,
    formulas: bool = False,
) -> str:
    """Return the table as CSV, refused if it holds customers' own ids or raw identifiers.

    Cells and names of columns that a spreadsheet would run as a formula get an apostrophe in front
    (see `layerwise.spreadsheet`); numbers stay numbers. A pandas index is not written. Missing
    cells are empty. Lines end in CR LF, as RFC 4180 says.

    Args:
        table: A frame in memory.
        customer: As in `check_export`.
        raw_ids: As there.
        allow: As there.
        formulas: Leave cells as they are, for a program that is no spreadsheet.

    Raises:
        PrivacyError: It holds customers' own ids or raw identifiers.
        ColumnsError: Columns stand twice or their names are not text.
        SpecError: `allow` names no such column or kind, or a choice is not possible.

    Warns:
        ColumnsLeftOutWarning: As in `check_export`.

    >>> table = pd.DataFrame({"=name": ["=1+1", "loyal"], "change": [-2, 3]})
    >>> print(csv_text(table, customer=None), end="")
    '=name,change
    '=1+1,-2
    loyal,3
    """
    return _csv(table, customer, raw_ids, allow, formulas, stacklevel=3)


def _csv(
    table: object,
    customer: str | None,
    raw_ids: bool,
    allow: Mapping[str, str | Collection[str]] | None,
    formulas: bool,
    *,
    stacklevel: int,
) -> str:
    if not isinstance(formulas, bool | np.bool_):
        raise SpecError("formulas must be true or false.", hint="formulas=False protects them.")
    refuse_export(table, customer, raw_ids, allow, stacklevel=stacklevel + 1)
    frame = frames.eager(table, doing="An export")
    native, names = frame.to_native(), frames.column_names(frame)
    columns = {name: column(native, name).reset_index(drop=True) for name in names}
    if not formulas:
        columns = {protect(name): _protected(series) for name, series in columns.items()}
    if len(columns) < len(names):
        raise ColumnsError(
            "Two names of columns differ only by an apostrophe in front.", hint="rename one."
        )
    buffer = io.StringIO()
    pd.DataFrame(columns).to_csv(
        buffer, index=False, lineterminator="\r\n"
    )  # so that a lone return is quoted too
    return buffer.getvalue()


def write_csv(
    table: object,
    path: str | os.PathLike[str],
    *,
    customer: str | None = CUSTOMER,
    raw_ids: bool = False,
    allow: Mapping[str, str | Collection[str]] | None = None,
    formulas: bool = False,
) -> None:
    """Write what `csv_text` returns to a file that only its owner may read.

    The file is written whole or not at all: to a temporary file beside it, then renamed. It is not
    encrypted; a table with a row a customer belongs on an encrypted disk.

    Args:
        table: A frame in memory.
        path: Where; a file there is replaced.
        customer: As in `check_export`.
        raw_ids: As there.
        allow: As there.
        formulas: As in `csv_text`.

    Raises:
        PrivacyError: It holds customers' own ids or raw identifiers; nothing is written.
        FileNotFoundError: The folder does not exist; none is made.
        OSError: The file cannot be written.
        SavedFileError: `path` is no path, or names no file.

    Warns:
        ColumnsLeftOutWarning: As in `check_export`.

    >>> import tempfile
    >>> from pathlib import Path
    >>> table = pd.DataFrame({"value": ["high", "low"], "customers": [12, 40]})
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_csv(table, Path(folder) / "layers.csv")
    ...     Path(folder, "layers.csv").read_text(encoding="utf-8").split()
    ['value,customers', 'high,12', 'low,40']
    """
    text = _csv(table, customer, raw_ids, allow, formulas, stacklevel=3)
    write_text(path, text, private=True)


def _protected(series: pd.Series) -> pd.Series:
    if isinstance(series.dtype, pd.CategoricalDtype):
        series = series.astype(object)
    if getattr(series.dtype, "kind", "O") in "biufMmc" and not is_text(series.dtype):
        return series
    try:
        codes, values = coded(series)
    except (TypeError, NotImplementedError):
        codes, values = coded([str(v) for v in series])
    made = [protect(v) if isinstance(v, str) else _other(v) for v in values]
    table = np.empty(len(made) + 1, dtype=object)
    table[:] = [*made, None]
    return pd.Series(table[codes], dtype=object)


def _other(value: Any) -> Any:
    """Return numbers and dates as they are, anything else as text that no spreadsheet runs."""
    plain = isinstance(value, int | float | np.number | pd.Timestamp)
    return value if plain else protect(str(value))
