"""Files written whole or not at all."""

import errno
import os
import secrets
import stat
from pathlib import Path

from layerwise.errors import SavedFileError

_STREAMS = ("/dev/std", "/dev/fd/", "/proc/self/fd/")
"""Names of what this process has open already; a file beside it would be another one."""


def as_path(path: str | os.PathLike[str]) -> Path:
    """Return a path.

    Raises:
        SavedFileError: It is of another type, or a text that no file can be called.
    """
    if not isinstance(path, str | os.PathLike):
        raise SavedFileError(
            f"A path is needed, not a {type(path).__name__}.",
            hint="give the name of a file, as text or a pathlib.Path.",
        )
    if "\0" in os.fspath(path):
        raise SavedFileError("The path holds a zero byte.", hint="no file can be called so.")
    try:
        os.fsencode(path)
    except UnicodeEncodeError:
        raise SavedFileError(
            "The path holds signs that no file can be called by.", hint="use another name."
        ) from None
    return Path(path)


def write_text(path: str | os.PathLike[str], text: str, *, private: bool = False) -> None:
    """Write a file whole or not at all: to a temporary file beside it, then renamed.

    A link is followed; a file that is there keeps who may read it. What is no file, as a pipe or
    /dev/stdout, is written to as it is.

    Args:
        path: Where.
        text: What, in UTF-8.
        private: Only the owner may read it; else the umask says who may read a new file.

    Raises:
        FileNotFoundError: The folder does not exist; none is made.
        IsADirectoryError: It is a folder itself.
        OSError: The system refuses to write there.
        SavedFileError: `path` is no path, or names no file.
    """
    target = as_path(path)
    if not target.name:
        raise SavedFileError(
            "The path names no file.", hint="give the name of a file, in a folder that exists."
        )
    there = target.stat().st_mode if target.exists() else None
    _refuse_folders(target, there)
    try:
        if there is not None and (not stat.S_ISREG(there) or str(target).startswith(_STREAMS)):
            _write(target, os.O_APPEND, 0, text)
        else:
            _replace(Path(os.path.realpath(target)), there, text, private)
    except OSError as error:  # which may name the temporary file, or none
        error.filename, error.filename2 = str(target), None
        raise


def _refuse_folders(target: Path, there: int | None) -> None:
    """Say what to do where a folder is missing, or there is one in the file's place.

    Raises:
        OSError: Of the kind of the trouble, with the name of the folder.
    """
    if there is not None and stat.S_ISDIR(there):
        raise IsADirectoryError(errno.EISDIR, "This is a folder; name a file in it", str(target))
    folder = Path(os.path.realpath(target)).parent if target.is_symlink() else target.parent
    if folder.exists() and not folder.is_dir():
        said = "This is a file; name a folder before the file's name"
        raise NotADirectoryError(errno.ENOTDIR, said, str(folder))
    if not folder.is_dir():
        said = "No such folder; make it first, none is made for a file"
        raise FileNotFoundError(errno.ENOENT, said, str(folder))


def _replace(target: Path, there: int | None, text: str, private: bool) -> None:
    beside = target.with_name(f".layerwise-{secrets.token_hex(8)}.tmp")
    closed = private or there is not None  # nobody else reads it before it has its mode
    try:  # the umask takes its part of 0o666
        _write(beside, os.O_CREAT | os.O_EXCL, 0o600 if closed else 0o666, text)
        if there is not None and not private:
            beside.chmod(stat.S_IMODE(there))
        beside.replace(target)
    except BaseException:
        beside.unlink(missing_ok=True)
        raise


def _write(path: Path, flags: int, mode: int, text: str) -> None:
    number = os.open(path, os.O_WRONLY | flags, mode)
    with os.fdopen(number, "w", encoding="utf-8", newline="\n") as file:
        file.write(text)
