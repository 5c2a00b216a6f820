"""Order files in, tables out: CSV and Parquet."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from layerwise.errors import ColumnsError, DataError, MissingExtraError, SpecError
from layerwise.spreadsheet import protect

_ROLES = ("customer", "time", "amount", "order", "currency")


def read_orders(path: Path, columns: Mapping[str, str]) -> pd.DataFrame:
    """Return the needed columns of an order file.

    Ids of a CSV file are read as text, so that "007" stays "007"; dates stay text, which
    `summarize` parses; amounts become numbers.

    Args:
        path: A .csv (also .gz, .zip) or .parquet file.
        columns: Role (customer, time, amount, order, currency) -> column.

    Raises:
        ColumnsError: The file lacks columns.
        DataError: The file is not such a table, or amounts are not numbers.
        OSError: It cannot be read.
        SpecError: It is neither CSV nor Parquet.
    """
    wanted = {role: columns[role] for role in _ROLES if role in columns}
    kind = "".join(path.suffixes).lower()
    if ".parquet" in kind:
        return _parquet(path, wanted)
    if ".csv" not in kind and ".txt" not in kind and ".tsv" not in kind:
        raise SpecError(
            f"{path.name} is neither CSV nor Parquet by its name.",
            hint="name it .csv (or .csv.gz, .tsv) or .parquet.",
        )
    return _csv(path, wanted, "\t" if ".tsv" in kind else ",")


def write_table(table: pd.DataFrame, path: Path) -> None:
    """Write a table as CSV or Parquet, by the name of the file.

    In CSV, texts that a spreadsheet would run as a formula get an apostrophe in front.

    Raises:
        MissingExtraError: Parquet needs pyarrow.
        OSError: The file cannot be written.
    """
    if path.suffix == ".parquet":
        try:
            table.to_parquet(path, index=False)
        except ImportError:
            raise _needs_pyarrow() from None
        return
    texts = {str(n): _protected(table[n]) for n in table.columns if _is_text(table[n])}
    safe = table.assign(**texts)
    safe.to_csv(path, index=False, encoding="utf-8", lineterminator="\n")


def _csv(path: Path, wanted: Mapping[str, str], separator: str) -> pd.DataFrame:
    texts = {column: str for role, column in wanted.items() if role != "amount"}
    try:
        header = pd.read_csv(path, nrows=0, sep=separator, encoding="utf-8-sig")
        _require(header.columns, wanted, path)
        orders = pd.read_csv(
            path,
            sep=separator,
            usecols=list(wanted.values()),
            dtype=texts,
            encoding="utf-8-sig",
            keep_default_na=False,
            na_values={
                column: ["", "NA", "NULL", "null", "NaN", "nan"] for column in wanted.values()
            },
        )
    except (pd.errors.ParserError, pd.errors.EmptyDataError, UnicodeDecodeError) as error:
        reason = (
            str(error).splitlines()[0][:120] if not isinstance(error, UnicodeError) else "bytes"
        )
        raise DataError(
            f"{path.name} is not a CSV table in UTF-8 ({reason}).",
            hint="export it as UTF-8 CSV with commas, or as Parquet.",
        ) from None
    _require_numbers(orders, wanted, path)
    return orders


def _parquet(path: Path, wanted: Mapping[str, str]) -> pd.DataFrame:
    if not path.exists():
        raise FileNotFoundError(2, "No such file", str(path))
    try:
        from pyarrow import ArrowException, parquet
    except ImportError:
        raise _needs_pyarrow() from None
    try:
        _require(parquet.read_schema(path).names, wanted, path)
        return pd.read_parquet(path, columns=list(wanted.values()))
    except ArrowException as error:
        raise DataError(
            f"{path.name} is not a Parquet file ({str(error)[:120]}).",
            hint="give a Parquet or CSV file of orders.",
        ) from None


def _require(found: "pd.Index[str] | list[str]", wanted: Mapping[str, str], path: Path) -> None:
    missing = [f"--{role} {column}" for role, column in wanted.items() if column not in found]
    if missing:
        raise ColumnsError(
            f"{path.name} has no column for {', '.join(missing)}.\n"
            f"Found: {', '.join(map(str, found))}.",
            hint="column names are taken exactly as they stand in the first line.",
        )


def _require_numbers(orders: pd.DataFrame, wanted: Mapping[str, str], path: Path) -> None:
    amount = orders[wanted["amount"]]
    if not pd.api.types.is_numeric_dtype(amount):
        bad = int((pd.to_numeric(amount, errors="coerce").isna() & amount.notna()).sum())
        raise DataError(
            f"{path.name}: {bad:,} of {len(amount):,} amounts ({wanted['amount']}) are no numbers.",
            hint="write 1234.50, without currency signs or thousands separators.",
        )


def _is_text(column: "pd.Series[Any]") -> bool:
    categories = getattr(column, "cat", None)
    values = column if categories is None else categories.categories
    return not (
        pd.api.types.is_numeric_dtype(values)
        or pd.api.types.is_bool_dtype(values)
        or pd.api.types.is_datetime64_any_dtype(values)
    )


def _protected(column: "pd.Series[Any]") -> "pd.Series[Any]":
    if isinstance(column.dtype, pd.CategoricalDtype):
        return column.cat.rename_categories(
            {str(c): protect(str(c)) for c in column.cat.categories}
        )
    texts = {value: protect(value) for value in column.unique() if isinstance(value, str)}
    risky = {value: safe for value, safe in texts.items() if safe != value}
    return column.replace(risky) if risky else column


def _needs_pyarrow() -> MissingExtraError:
    return MissingExtraError("Parquet needs pyarrow.", hint='pip install "layerwise[parquet]"')
