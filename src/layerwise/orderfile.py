"""Order files in, tables out: CSV and Parquet."""

import codecs
import re
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NoReturn

import pandas as pd
from pandas.api.types import is_numeric_dtype

from layerwise.csvlines import refuse_long_lines, refuse_odd_packing
from layerwise.decimals import fitting, numbers
from layerwise.errors import (
    ColumnsError,
    DataError,
    LayerwiseError,
    MissingExtraError,
    SpecError,
    problems,
)
from layerwise.orders.dates import read_times
from layerwise.orders.request import make_request
from layerwise.spreadsheet import protect

_ROLES = ("customer", "time", "amount", "order", "currency")
_COUNTED = ("epoch_s", "epoch_ms", "excel")
_WRITTEN = {",": "1234,50 or 1.234,50", ".": "1234.50 or 1,234.50"}
_SEPARATORS = {";": '";"', "\t": "tab", "|": '"|"'}


def read_orders(
    path: Path,
    columns: Mapping[str, str],
    *,
    separator: str | None = None,
    encoding: str = "utf-8-sig",
    decimal: str | None = None,
) -> pd.DataFrame:
    """Return the needed columns of an order file.

    Ids of a CSV file are read as text, so that "007" stays "007"; dates stay text, which
    `summarize` parses; amounts become numbers.

    Args:
        path: A .csv (also .gz, .zip) or .parquet file.
        columns: Role (customer, time, amount, order, currency) -> column, and how to read times
            (time_format, tz), as in `summarize`.
        separator: What stands between the columns of a CSV file, "tab" for a tab; None is a comma,
            in a .tsv file a tab.
        encoding: How the characters of a CSV file are written.
        decimal: What stands before the cents in a CSV file, comma or point; thousands may then
            stand apart by the other sign. None is a point, and no sign between thousands.

    Raises:
        ColumnsError: The file lacks columns.
        DataError: The file is not such a table, or amounts are not numbers, or dates not dates.
        OSError: It cannot be read.
        SpecError: It is neither CSV nor Parquet.
    """
    wanted = {role: columns[role] for role in _ROLES if role in columns}
    kind = "".join(path.suffixes).lower()
    if ".parquet" in kind:
        return _parquet(path, wanted)
    packed = ".tar" in kind or ".zst" in kind
    if packed or not any(name in kind for name in (".csv", ".txt", ".tsv")):
        raise SpecError(
            f"{path.name} is neither CSV nor Parquet by its name.",
            hint="name it .csv (or .csv.gz, .csv.zip, .tsv) or .parquet.",
        )
    between = separator or ("\t" if ".tsv" in kind else ",")
    between = "\t" if between in ("tab", "\\t") else between
    if len(between) != 1 or not between.isascii():
        raise SpecError("--sep must be one sign.", hint='such as ";", "|" or tab.')
    form = columns.get("time_format")
    orders = _csv(path, wanted, form, between, encoding, decimal)
    return _with_values(orders, columns, path, decimal)


def check_kind(kind: str) -> None:
    """Refuse a kind of file that cannot be written, before the work is done.

    Raises:
        MissingExtraError: Parquet needs pyarrow.
    """
    if kind == "parquet" and find_spec("pyarrow") is None:
        raise _needs_pyarrow()


def write_table(table: pd.DataFrame, path: Path, *, mark: bool = False) -> None:
    """Write a table as CSV or Parquet, by the name of the file.

    In CSV, texts that a spreadsheet would run as a formula get an apostrophe in front.

    Args:
        table: The table.
        path: Where to.
        mark: Begin a CSV file with the UTF-8 byte order mark, without which spreadsheets show
            Chinese wrongly.

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
    safe.to_csv(path, index=False, encoding="utf-8-sig" if mark else "utf-8", lineterminator="\n")


def _csv(
    path: Path,
    wanted: Mapping[str, str],
    form: str | None,
    separator: str,
    encoding: str,
    decimal: str | None,
) -> pd.DataFrame:
    inferred = {"time"} if form in _COUNTED else set()
    inferred |= {"amount"} if decimal is None else set()
    texts = {column: str for role, column in wanted.items() if role not in inferred}
    missing = {column: ["", "NA", "NULL", "null", "NaN", "nan"] for column in wanted.values()}
    how: dict[str, Any] = {"sep": separator, "encoding": _codec(encoding)}
    refuse_odd_packing(path)
    try:
        header = _header(path, how)
        _require(header, wanted, path)
        orders: pd.DataFrame = pd.read_csv(
            path,
            usecols=list(wanted.values()),
            dtype=texts,
            keep_default_na=False,
            na_values=missing,
            low_memory=False,
            decimal=decimal or ".",  # of counted times
            **how,
        )
        refuse_long_lines(path, width=len(header), separator=separator, encoding=how["encoding"])
    except (pd.errors.ParserError, pd.errors.EmptyDataError, UnicodeError) as error:
        _unreadable(path, encoding, error)
    if not len(orders):
        raise DataError(
            f"{path.name}: the file has a header and no rows.", hint="check how it was exported."
        )
    return orders


def _header(path: Path, how: Mapping[str, Any]) -> list[str]:
    """Return the cells of the first line as they stand: pandas would number equal names."""
    first = pd.read_csv(path, header=None, nrows=1, dtype=str, keep_default_na=False, **how)
    return [str(cell) for cell in first.iloc[0]]


def _codec(encoding: str) -> str:
    try:
        return codecs.lookup(encoding).name
    except LookupError:
        raise SpecError(
            f"{encoding!r} is no encoding.", hint="utf-8, gb18030 and cp1252 are some."
        ) from None


def _unreadable(path: Path, encoding: str, error: Exception) -> NoReturn:
    if isinstance(error, pd.errors.EmptyDataError):
        raise DataError(
            f"{path.name}: the file is empty.", hint="check how it was exported."
        ) from None
    if isinstance(error, UnicodeError):
        name = "UTF-8" if encoding.lower().startswith("utf-8") else encoding
        hint = "try --encoding gb18030 first if the file holds Chinese, else --encoding cp1252."
        if getattr(error, "object", b"")[:2] in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE):
            hint = "its first bytes are those of UTF-16: --encoding utf-16."
        raise DataError(f"{path.name}: its bytes are not {name}.", hint=hint) from None
    reason = str(error).splitlines()[0][:120]
    raise DataError(
        f"{path.name} is not a CSV table ({reason}).",
        hint="export it as UTF-8 CSV with commas (or say --sep), or as Parquet.",
    ) from None


def _parquet(path: Path, wanted: Mapping[str, str]) -> pd.DataFrame:
    if not path.exists():
        raise FileNotFoundError(2, "No such file", str(path))
    try:
        from pyarrow import ArrowException, parquet
    except ImportError:
        raise _needs_pyarrow() from None
    try:
        _require(list(parquet.read_schema(path).names), wanted, path)
        return pd.read_parquet(path, columns=list(wanted.values()))
    except ArrowException as error:
        raise DataError(
            f"{path.name} is not a Parquet file ({str(error)[:120]}).",
            hint="give a Parquet or CSV file of orders.",
        ) from None


def _require(found: list[str], wanted: Mapping[str, str], path: Path) -> None:
    missing = [f"--{role} {column}" for role, column in wanted.items() if column not in found]
    if missing:
        raise ColumnsError(
            f"{path.name} has no column for {', '.join(missing)}.\nFound: {', '.join(found)}.",
            hint=_other_separator(found)
            or "the names of the columns must be the first line of the file, with no title above, "
            "and are taken exactly as they stand there.",
        )
    twice = [f"--{role} {column}" for role, column in wanted.items() if found.count(column) > 1]
    if twice:
        raise ColumnsError(
            f"{path.name} has more than one column for {', '.join(twice)}.",
            hint="rename one of them, or leave it out of the export.",
        )


def _other_separator(found: list[str]) -> str | None:
    """Return the hint for a first line that holds another separator than the one it was read by."""
    line = ",".join(found)
    sign = max(_SEPARATORS, key=line.count)
    if not line.count(sign):
        return None
    return f"the columns seem to stand apart by another sign: --sep {_SEPARATORS[sign]}."


def _with_values(
    orders: pd.DataFrame, columns: Mapping[str, str], path: Path, decimal: str | None
) -> pd.DataFrame:
    """Return the orders with amounts as numbers; refuse what are none and dates that are none.

    Raises:
        DataError: With what is wrong in either column.
    """
    name = columns["amount"]
    amount = orders[name]
    read = amount if decimal is None else numbers(amount, decimal)
    found = [*_amounts(amount, read, decimal), *_times(orders, columns)]
    if found:
        hints = "\n      ".join(dict.fromkeys(hint for _, hint in found if hint))
        title = f"{path.name} cannot be read as it is:"
        raise DataError(problems(title, [text for text, _ in found]), hint=hints)
    return orders.assign(**{name: read})


def _amounts(
    amount: "pd.Series[Any]", read: "pd.Series[Any]", decimal: str | None
) -> list[tuple[str, str]]:
    found = read if is_numeric_dtype(read) else pd.to_numeric(amount, errors="coerce")
    texts = amount[found.isna() & amount.notna()].astype(str)
    if not len(texts):
        return []
    text = f"{amount.name}: {len(texts):,} of {len(amount):,} amounts are no numbers"
    held = _held(texts)
    text += f"; besides digits they hold: {' '.join(held)}" if held else ""
    return [(text, _amount_hint(amount, held, decimal))]


def _held(texts: "pd.Series[Any]") -> list[str]:
    """Return the signs, each in quotes, and the words for what else is in texts."""
    signs = sorted({sign for text in texts.unique() for sign in re.sub(r"[\w\s.+-]", "", text)})
    words = {"letters": r"[^\W\d]", "blanks": r"\S\s+\S"}
    kinds = [word for word, sign in words.items() if texts.str.contains(sign).any()]
    return [f"'{sign}'" if sign == '"' else f'"{sign}"' for sign in signs[:10]] + kinds


def _amount_hint(amount: "pd.Series[Any]", held: list[str], decimal: str | None) -> str:
    if decimal is not None:
        return f'with --decimal "{decimal}" write {_WRITTEN[decimal]}, and no currency sign.'
    fits = fitting(amount)
    if len(fits) == 1:
        return f'--decimal "{fits[0]}" reads amounts such as {_WRITTEN[fits[0]]}.'
    if fits:
        return '--decimal "." if 1,234 is more than a thousand, --decimal "," if it is 1 and a bit.'
    hint = "write 1234.50: no currency sign, no thousands separator, a point before the cents"
    return hint + ('; --decimal "," reads 1.234,50.' if '","' in held else ".")


def _times(orders: pd.DataFrame, columns: Mapping[str, str]) -> list[tuple[str, str]]:
    choices: dict[str, Any] = {k: columns[k] for k in ("time_format", "tz") if k in columns}
    request = make_request(time=columns["time"], **choices)
    try:
        read_times(orders[columns["time"]], request)
    except LayerwiseError as error:
        return [(error.message, error.hint or "")]
    return []


def _is_text(column: "pd.Series[Any]") -> bool:
    categories = getattr(column, "cat", None)
    values = column if categories is None else categories.categories
    return not (
        is_numeric_dtype(values)
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
