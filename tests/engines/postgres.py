"""A PostgreSQL of the tests' own: a data directory in a temporary folder, on loopback."""

import os
import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from glob import glob
from pathlib import Path


def programs() -> Path | None:
    """Return the folder of initdb and pg_ctl; Debian keeps them off the path."""
    found = [*sorted(glob("/usr/lib/postgresql/*/bin/initdb")), shutil.which("initdb")]
    known = [Path(path).resolve().parent for path in found if path]
    return next((p for p in reversed(known) if (p / "pg_ctl").exists()), None)


@contextmanager
def server(folder: Path) -> Iterator[int]:
    """Run a server with its data in `folder`; give its port and stop it in the end."""
    binaries = programs()
    assert binaries is not None
    data, port = folder / "data", free_port()
    data.mkdir(parents=True)
    if _is_root():  # PostgreSQL refuses to run as root
        shutil.chown(data, "postgres", "postgres")
        for parent in [folder, *folder.parents][:3]:
            parent.chmod(parent.stat().st_mode | 0o011)
    _run(binaries / "initdb", "-D", data, "-U", "postgres", "-A", "trust", "-N", "-E", "UTF8")
    options = f"-p {port} -h 127.0.0.1 -k '' -c fsync=off -c full_page_writes=off"
    _run(binaries / "pg_ctl", "-D", data, "-w", "-l", data / "log", "-o", options, "start")
    try:
        yield port
    finally:
        _run(binaries / "pg_ctl", "-D", data, "-w", "-m", "immediate", "stop")


def free_port() -> int:
    """Return a port of loopback that nobody uses."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _is_root() -> bool:
    return os.name == "posix" and os.geteuid() == 0


def _run(*command: object) -> None:
    words = [str(word) for word in command]
    if _is_root():
        words = ["runuser", "-u", "postgres", "--", *words]
    subprocess.run(words, check=True, stdout=subprocess.DEVNULL, cwd="/")  # noqa: S603
