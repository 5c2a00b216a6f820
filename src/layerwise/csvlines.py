"""CSV files as they lie on the disk: how they are packed, and lines longer than the header."""

import bz2
import codecs
import csv
import gzip
import io
import lzma
import zipfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

from layerwise.errors import DataError

_OPEN: dict[str, Callable[[Path], Any]] = {".gz": gzip.open, ".bz2": bz2.open, ".xz": lzma.open}


def refuse_odd_packing(path: Path) -> None:
    """Refuse a file that is not packed as its name says, or a folder of several files.

    Raises:
        DataError: It cannot be unpacked, or there is not one file in it.
        OSError: The file cannot be read.
    """
    try:
        with _opened(path) as file:
            file.read(1)
    except (gzip.BadGzipFile, zipfile.BadZipFile, lzma.LZMAError, EOFError):
        raise DataError(
            f"{path.name} is not packed as its name says.",
            hint="unpack it and give the CSV file in it.",
        ) from None


def refuse_long_lines(path: Path, *, width: int, separator: str, encoding: str) -> None:
    """Refuse a file in which lines have more cells than the header.

    An unquoted separator within a cell moves all that follows, so that another number than the
    amount stands in its column. A separator at the end of every single line moves nothing.

    Args:
        path: The file, plain or packed (.gz, .bz2, .xz, .zip).
        width: Cells of the header.
        separator: What stands between the cells, one ASCII sign.
        encoding: How its characters are written.

    Raises:
        DataError: With how many lines are too long and where the first stands.
        OSError: The file cannot be read.
    """
    with _opened(path) as file:
        if _same_in_ascii(separator, encoding) and not _suspicious(file, width, separator):
            return
    with _opened(path) as file, io.TextIOWrapper(file, encoding=encoding, newline="") as text:
        try:
            count, first = _counted(text, width, separator)
        except csv.Error:
            raise DataError(
                f"{path.name}: a cell is longer than {csv.field_size_limit():,} signs.",
                hint='look for a quote (") that is opened and never closed.',
            ) from None
    if count:
        raise DataError(
            f"{path.name}: {count:,} lines have more cells than the header ({width}), the first of "
            f"them line {first:,}.",
            hint="put cells that hold the separator in quotes, such as a 1,234.50 between commas, "
            "or export the file with another one and say --sep.",
        )


@contextmanager
def _opened(path: Path) -> Iterator[BinaryIO]:
    kind = path.suffix.lower()
    if kind == ".zip":
        with zipfile.ZipFile(path) as folder, folder.open(_only_name(folder, path)) as file:
            yield file  # type: ignore[misc]
    else:
        opened: BinaryIO = _OPEN.get(kind, _plain)(path)
        with opened as file:
            yield file


def _only_name(folder: zipfile.ZipFile, path: Path) -> str:
    names = folder.namelist()
    if len(names) != 1:
        raise DataError(
            f"{path.name} holds {len(names)} files, not one.",
            hint="unpack it and give the CSV file in it.",
        )
    return names[0]


def _plain(path: Path) -> BinaryIO:
    return path.open("rb")


def _same_in_ascii(separator: str, encoding: str) -> bool:
    """Return whether separator, line end and quote are written as in ASCII; UTF-16 does not."""
    signs = f'{separator}\n"'
    return codecs.encode(signs, encoding).endswith(signs.encode("ascii"))


def _suspicious(file: Iterable[bytes], width: int, separator: str) -> bool:
    """Return whether a line may be too long; a sixth of the time that counting its cells takes."""
    sign = separator.encode("ascii")
    return any(line.count(sign) >= width or line.count(b'"') % 2 for line in file)


def _counted(text: Iterable[str], width: int, separator: str) -> tuple[int, int]:
    """Return the number of lines that are too long and the number of the first, as editors count.

    Raises:
        csv.Error: A cell is too long to be one.
    """
    reader = csv.reader(text, delimiter=separator)
    count = first = lines = closed = begin = 0
    for cells in reader:
        begin, number = reader.line_num, begin + 1
        lines += bool(cells)
        if len(cells) > width:
            count, first = count + 1, first or number
            closed += len(cells) == width + 1 and not cells[-1]
    return (0, 0) if closed == lines - 1 else (count, first)  # the header is no line of these
