"""Lines of a CSV file with more cells than the header."""

import gzip
import zipfile
from pathlib import Path

import pytest

from layerwise.csvlines import refuse_long_lines, refuse_odd_packing
from layerwise.errors import DataError

HEADER = "user,paid_at,total\n"
GOOD = "a,2024-01-01,1.5\n"
LONG = "b,2024-01-02,1,234.50\n"


def refuse(path: Path, text: str, encoding: str = "utf-8") -> None:
    path.write_bytes(text.encode(encoding))
    refuse_long_lines(path, width=3, separator=",", encoding=encoding)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
def test_long_lines_are_counted(tmp_path: Path, encoding: str) -> None:
    """The message counts the lines and says where the first stands, without what is in it."""
    with pytest.raises(DataError, match=r"2 lines .* header \(3\), the first of them line 3") as e:
        refuse(tmp_path / "o.csv", HEADER + GOOD + LONG + GOOD + LONG, encoding)
    assert "2024" not in str(e.value)


def test_an_empty_last_cell_counts_too(tmp_path: Path) -> None:
    """1,234 before an empty note moves a cell beyond the header, though nothing is in it."""
    with pytest.raises(DataError, match="1 lines"):
        refuse(tmp_path / "o.csv", HEADER + GOOD + "b,2024-01-02,1,\n")


@pytest.mark.parametrize(
    "text",
    [
        HEADER + GOOD + 'b,2024-01-02,"1,234.50"\n',
        HEADER + GOOD + '"b,\nc,d,e",2024-01-02,1\n',
        "\n" + HEADER + GOOD + "b,2024-01-02\n",
        HEADER + "a,2024-01-01,1,\n" + "b,2024-01-02,2,\n",
        (HEADER + GOOD).replace("\n", "\r"),
    ],
)
def test_what_fits_the_header_is_read(tmp_path: Path, text: str) -> None:
    """Quoted separators and line ends, short lines, and a separator at every end are no error."""
    refuse(tmp_path / "o.csv", text)


def test_a_long_line_within_quotes_over_two_lines_is_found(tmp_path: Path) -> None:
    """A cell with a line end does not hide that its line is too long; it begins in line 2."""
    with pytest.raises(DataError, match="line 2"):
        refuse(tmp_path / "o.csv", HEADER + '"b\nc",2024-01-02,1,5\n' + GOOD)


def test_packed_files_are_looked_into(tmp_path: Path) -> None:
    """What is packed is judged by what is in it."""
    packed = tmp_path / "o.csv.gz"
    packed.write_bytes(gzip.compress((HEADER + LONG).encode()))
    with pytest.raises(DataError, match="line 2"):
        refuse_long_lines(packed, width=3, separator=",", encoding="utf-8")
    with zipfile.ZipFile(tmp_path / "o.csv.zip", "w") as folder:
        folder.writestr("o.csv", HEADER + LONG)
    with pytest.raises(DataError, match="line 2"):
        refuse_long_lines(tmp_path / "o.csv.zip", width=3, separator=",", encoding="utf-8")


def test_odd_packing_is_refused(tmp_path: Path) -> None:
    """A name that promises what the file is not, and a folder of two files, are told as such."""
    (tmp_path / "o.csv.gz").write_bytes(b"user,paid_at")
    with pytest.raises(DataError, match="not packed as its name says"):
        refuse_odd_packing(tmp_path / "o.csv.gz")
    with zipfile.ZipFile(tmp_path / "o.csv.zip", "w") as folder:
        folder.writestr("a.csv", HEADER)
        folder.writestr("b.csv", HEADER)
    with pytest.raises(DataError, match="holds 2 files"):
        refuse_odd_packing(tmp_path / "o.csv.zip")


def test_a_quote_that_never_closes_is_named(tmp_path: Path) -> None:
    """A cell of the rest of the file is refused with its likely reason."""
    with pytest.raises(DataError, match="never closed"):
        refuse(tmp_path / "o.csv", HEADER + 'b,"2024' + GOOD * 10_000)
