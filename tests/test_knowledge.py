"""Tables that people edit: what is read, and every problem of one table at once."""

from pathlib import Path

import pandas as pd
import pytest

from layerwise.errors import TableError
from layerwise.knowledge import Schema, items, read_table

SCHEMA = Schema(
    what="the sign table",
    file="none.csv",
    filled=("sign", "level"),
    optional=("note",),
    choices={"level": ("high", "low")},
    numbers=("limit",),
)
CSV = "\ufeffid,sign,level,limit\r\na,late,high,0.5\r\nb, slow ,low,\r\n"


def write(folder: Path, text: str) -> Path:
    """Write a table file."""
    path = folder / "table.csv"
    path.write_bytes(text.encode())
    return path


def test_a_spreadsheets_file_is_read(tmp_path: Path) -> None:
    """Byte-order mark, CRLF and blanks around cells are no trouble; optional columns are added."""
    table = read_table(write(tmp_path, CSV), SCHEMA)
    assert table["sign"].tolist() == ["late", "slow"]
    assert list(table) == ["id", "sign", "level", "limit", "note"]


def test_a_frame_is_read_as_its_file(tmp_path: Path) -> None:
    """Numbers and missing cells of a frame become the texts of a file; the frame stays."""
    frame = pd.DataFrame(
        {"id": ["a", "b"], "sign": ["late", "slow"], "level": ["high", "low"], "limit": [0.5, None]}
    )
    before = frame.copy()
    pd.testing.assert_frame_equal(
        read_table(frame, SCHEMA), read_table(write(tmp_path, CSV), SCHEMA)
    )
    pd.testing.assert_frame_equal(frame, before)


def test_all_problems_are_told_at_once(tmp_path: Path) -> None:
    """Each with its row."""
    text = "id,sign,level,limit\na,,high,1\na,late,middle,x\n"
    with pytest.raises(TableError) as error:
        read_table(write(tmp_path, text), SCHEMA)
    for part in ("row 1: sign is empty", "row 2: id stands before", "row 2: level", "row 2: limit"):
        assert part in str(error.value)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", "empty"),
        ("id,sign\n", "'level' is missing"),
        ("id,sign,level\n", "no rows"),
        ("id,id,sign,level\na,a,b,high\n", "'id' stands twice"),
        ("id,sign,level\na,b\n", "2 cells"),
        ('id,sign,level\na,"b\n', "not a CSV"),
    ],
)
def test_broken_files_are_refused(tmp_path: Path, text: str, found: str) -> None:
    """Never half read."""
    with pytest.raises(TableError, match=found):
        read_table(write(tmp_path, text), SCHEMA)


def test_what_is_no_table_is_refused(tmp_path: Path) -> None:
    """A path that is not there, other encodings, other objects."""
    (tmp_path / "t.csv").write_bytes("编号".encode("gbk"))
    for table in (tmp_path / "none.csv", tmp_path / "t.csv", 7, "a\0b"):
        with pytest.raises(TableError, match="sign table"):
            read_table(table, SCHEMA)


def test_cells_hold_several() -> None:
    """Semicolons part them; empty parts are none."""
    assert items(" ; a;b ;") == ("a", "b")
