"""Strategy tables as CSV and TOML: what a marketer may send us, and what we write.

Read: UTF-8 with or without byte-order mark, any line ends, commas, semicolons or tabs between cells
(all are what spreadsheets save), blanks around cells cut, the apostrophe of `layerwise.spreadsheet`
taken off. Everything else that is not a clean table is a problem with its line.
"""

import codecs
import csv
import io
import re
import tomllib
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path

import attrs

from layerwise.errors import TableError
from layerwise.spreadsheet import protect, unprotect
from layerwise.strategy.checks import did_you_mean
from layerwise.strategy.row import COLUMNS, REQUIRED, Strategy, cell_problems, plain

Read = tuple[list[Strategy], list[str]]
"""The rows that could be read, and the problems of the others."""

MAX_BYTES = 10_000_000
_WHOLE = re.compile(r"(-?[0-9]{1,18})(?:\.0*)?")  # a spreadsheet may save 810 as 810.0


def read_text(path: str | Path) -> str:
    """Return a table file's text.

    Raises:
        TableError: The file does not exist, is empty, too large or not UTF-8.
    """
    try:
        file = Path(path)
        size = file.stat().st_size
        if size > MAX_BYTES:
            raise TableError(
                f"The strategy table has {size:,} bytes, more than {MAX_BYTES:,}.",
                hint="a strategy table is a CSV or TOML file of some hundred rows.",
            )
        text = file.read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise TableError(
            f"The strategy table cannot be read: {error.strerror}.",
            hint="check the path; StrategyTable.default() needs no file.",
        ) from error
    except TypeError:
        raise TableError(
            f"A path is needed, not a {type(path).__name__}.", hint='from_csv("strategies.csv").'
        ) from None
    except UnicodeDecodeError as error:
        wide = error.object.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
        raise TableError(
            f"The strategy table is not UTF-8 (byte {error.start})"
            + (", but UTF-16." if wide else "."),
            hint='in a spreadsheet save it as "CSV UTF-8"; its semicolons are read too.',
        ) from error
    except ValueError as error:
        raise TableError(f"This is no path: {error}.", hint="take the zero byte out.") from None
    if not text.strip():
        raise TableError("The strategy table is empty.", hint=f"columns: {', '.join(COLUMNS)}.")
    return text


def parse_csv(text: str) -> Read:
    """Return the rows of a CSV table and its problems."""
    try:
        lines = list(_numbered(text, _separator(text)))
    except csv.Error as error:
        return [], [f"not a CSV table: {error}"]
    if not lines:
        return [], ["the file has no header"]
    header = [cell.strip() for cell in lines[0][1]]
    found = _header_problems(header)
    if len(header) == 1 and found:
        return [], found  # no line fits such a header
    usable = set(REQUIRED) <= set(header)
    rows: list[Strategy] = []
    for number, cells in lines[1:]:
        if len(cells) != len(header):
            found.append(f"line {number}: {len(cells)} cells where the header has {len(header)}")
        elif usable:
            row, wrong = _build(_csv_cells(header, cells), f"line {number}")
            rows.extend(row)
            found.extend(wrong)
    if len(lines) == 1:
        found.append("the file has a header but no rows")
    return rows, found


def _csv_cells(header: Sequence[str], cells: Sequence[str]) -> dict[str, object]:
    pairs = reversed(list(zip(header, cells, strict=True)))  # of a column twice, the first counts
    texts = {name: unprotect(cell.strip()) for name, cell in pairs if name in COLUMNS}
    return {**texts, "priority": _whole(texts["priority"])}


def parse_toml(text: str) -> Read:
    """Return the rows of a TOML table (``[[strategy]]`` blocks) and its problems."""
    try:
        data = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        return [], [f"not a TOML file: {error}"]
    blocks = data.pop("strategy", None)
    found = [f"unknown key {key!r}{did_you_mean(key, ['strategy'])}" for key in data]
    if not isinstance(blocks, list) or not blocks:
        return [], [*found, "the file has no [[strategy]] blocks"]
    rows = []
    for number, block in enumerate(blocks, 1):
        where = f"strategy {number}"
        if not isinstance(block, dict):
            found.append(f"{where}: not a block")
            continue
        found.extend(f"{where}: {line}" for line in _name_problems(list(block)))
        cells = {
            k: v.strip() if isinstance(v, str) else v for k, v in block.items() if k in COLUMNS
        }
        row, wrong = _build(cells, where)
        rows.extend(row)
        found.extend(wrong)
    return rows, found


def to_csv_text(rows: Iterable[Strategy]) -> str:
    """Return the rows as CSV, formulas made harmless, lines ended by a newline alone."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(COLUMNS)
    writer.writerows([protect(str(cell)) for cell in attrs.astuple(row)] for row in rows)
    return out.getvalue()


def to_toml_text(rows: Iterable[Strategy]) -> str:
    """Return the rows as TOML, one ``[[strategy]]`` block each, empty cells left out."""
    blocks = []
    for row in rows:
        cells = [(k, v) for k, v in attrs.asdict(row).items() if v != ""]
        blocks.append("\n".join(["[[strategy]]", *(f"{k} = {_toml(v)}" for k, v in cells)]))
    return "\n\n".join(blocks) + "\n"


def _separator(text: str) -> str:
    """Return the sign by which the header has the most of our columns, best the comma.

    Spreadsheets put semicolons where the comma stands before the cents.
    """
    return max(",;\t", key=lambda sign: _known_columns(text, sign))


def _known_columns(text: str, separator: str) -> int:
    try:
        header = next(iter(_numbered(text, separator)), (0, []))[1]
    except csv.Error:  # quotes, which fit another separator
        return 0
    return len({cell.strip() for cell in header} & {*COLUMNS})


def _numbered(text: str, separator: str) -> Iterable[tuple[int, list[str]]]:
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    for cells in reader:
        if any(cell.strip() for cell in cells):
            yield reader.line_num, cells


def _header_problems(header: Sequence[str]) -> list[str]:
    if len(header) == 1 and any(mark in header[0] for mark in ";\t|"):
        return ["the header is one cell; commas, semicolons or tabs may separate cells"]
    missing = [name for name in REQUIRED if name not in header]
    return [*(f"column {name!r} is missing" for name in missing), *_name_problems(header)]


def _name_problems(names: Sequence[str]) -> list[str]:
    twice = [n for n, count in Counter(names).items() if count > 1]
    strange = [n for n in dict.fromkeys(names) if n not in COLUMNS]
    return [
        *(f"column {n!r} stands twice" for n in twice),
        *(f"unknown column {n!r}{did_you_mean(n, COLUMNS)}" for n in strange),
    ]


def _whole(cell: str) -> object:
    found = _WHOLE.fullmatch(cell)
    return int(found[1]) if found else cell


def _build(cells: dict[str, object], where: str) -> Read:
    filled = {k: v for k, v in cells.items() if v != "" or k in REQUIRED}
    filled["priority"] = plain(filled.get("priority"))
    found = cell_problems(filled)
    if found:
        return [], [f"{where}: {line}" for line in found]
    return [Strategy(**filled)], []  # type: ignore[arg-type]


def _toml(cell: str | int) -> str:
    return str(cell) if isinstance(cell, int) else f'"{"".join(map(_escaped, cell))}"'


def _escaped(char: str) -> str:
    if char in '"\\':
        return f"\\{char}"
    return f"\\u{ord(char):04X}" if ord(char) < 0x20 or ord(char) == 0x7F else char
