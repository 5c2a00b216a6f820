"""Files are written whole or not at all, where the path says, and trouble is named."""

import errno
import os
import stat
import threading
from pathlib import Path

import pytest

from layerwise.errors import SavedFileError
from layerwise.report import report
from layerwise.writing import write_text

posix = pytest.mark.skipif(os.name != "posix", reason="modes, links and pipes of POSIX")


def test_a_missing_folder_says_what_to_do(tmp_path: Path) -> None:
    """It names the folder and makes none."""
    with pytest.raises(FileNotFoundError, match="No such folder; make it first") as error:
        write_text(tmp_path / "none" / "a.txt", "x")
    assert error.value.filename == str(tmp_path / "none")


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    """The error names the path that was given, not a file of our own."""
    with pytest.raises(IsADirectoryError, match="name a file in it") as error:
        write_text(tmp_path, "x")
    assert error.value.filename == str(tmp_path)


def test_a_file_is_no_folder(tmp_path: Path) -> None:
    """What stands where the folder should be is named."""
    (tmp_path / "a.txt").touch()
    with pytest.raises(NotADirectoryError, match="This is a file") as error:
        write_text(tmp_path / "a.txt" / "b.txt", "x")
    assert error.value.filename == str(tmp_path / "a.txt")


def test_what_the_system_refuses_names_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And not the temporary file beside it."""

    def closed(*_: object) -> int:
        raise PermissionError(errno.EACCES, "Permission denied", ".layerwise-0.tmp")

    monkeypatch.setattr(os, "open", closed)
    with pytest.raises(PermissionError, match="Permission denied") as error:
        write_text(tmp_path / "a.txt", "x")
    assert error.value.filename == str(tmp_path / "a.txt")


@posix
@pytest.mark.parametrize(("private", "mode"), [(False, 0o640), (True, 0o600)])
def test_who_may_read_a_file_stays(tmp_path: Path, private: bool, mode: int) -> None:
    """Rewriting keeps the mode of the file, unless only the owner may read it."""
    path = tmp_path / "a.txt"
    path.write_text("old", encoding="utf-8")
    path.chmod(0o640)
    write_text(path, "new", private=private)
    assert path.read_text(encoding="utf-8") == "new"
    assert stat.S_IMODE(path.stat().st_mode) == mode


@posix
@pytest.mark.parametrize("there", [True, False])
def test_a_link_is_followed(tmp_path: Path, there: bool) -> None:
    """The file that it names is written, also where it is not there yet; the link stays."""
    (tmp_path / "folder").mkdir()
    if there:
        (tmp_path / "folder" / "a.txt").touch()
    link = tmp_path / "link"
    link.symlink_to(Path("folder") / "a.txt")
    write_text(link, "x")
    assert link.is_symlink()
    assert (tmp_path / "folder" / "a.txt").read_text(encoding="utf-8") == "x"
    assert os.listdir(tmp_path / "folder") == ["a.txt"]


@posix
def test_a_pipe_is_written_to(tmp_path: Path) -> None:
    """A FIFO gets the text and stays one."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    got: list[str] = []
    reader = threading.Thread(target=lambda: got.append(pipe.read_text("utf-8")), daemon=True)
    reader.start()
    write_text(pipe, "x")
    reader.join(timeout=10)
    assert got == ["x"]
    assert stat.S_ISFIFO(pipe.stat().st_mode)


@posix
def test_an_open_file_is_written_to_after_what_it_holds(tmp_path: Path) -> None:
    """As /dev/stdout sent to a file: no other file takes its place, nothing in it is lost."""
    with (tmp_path / "a.txt").open("w", encoding="utf-8") as file:
        file.write("one ")
        file.flush()
        write_text(f"/dev/fd/{file.fileno()}", "two")
    assert (tmp_path / "a.txt").read_text(encoding="utf-8") == "one two"


@pytest.mark.parametrize("path", ["", ".", 3, None])
def test_what_is_no_path_is_refused(path: object) -> None:
    """The hint fits every kind of file."""
    with pytest.raises(SavedFileError, match="Hint: give the name of a file"):
        write_text(path, "x")  # type: ignore[arg-type]


def test_a_report_without_a_name_is_refused() -> None:
    """Its hint speaks of no saved layers."""
    with pytest.raises(SavedFileError, match="names no file") as error:
        report(title="Shop", as_of="2024-12-31").to_markdown("")
    assert "layers.json" not in str(error.value)
