"""What a process and all that it started used (Linux): CPU seconds, resident memory.

Java under Spark is a process of its own, and threads of Polars and DuckDB run beside Python's; both
are counted.
"""

import os
import subprocess
import time
from pathlib import Path

_TICKS = os.sysconf("SC_CLK_TCK")
_PAGE = os.sysconf("SC_PAGE_SIZE")


def cpu_seconds(root: int) -> float:
    """Return the CPU seconds, user and system, of a process, its children and ended children."""
    return sum(sum(map(int, fields[11:15])) for fields in _tree(root)) / _TICKS


def resident_bytes(root: int) -> int:
    """Return the memory that a process and its children hold now; shared pages count twice."""
    return sum(int(fields[21]) * _PAGE for fields in _tree(root))


def watched(command: list[str], until: Path) -> tuple[str, int]:
    """Run a command; return what it prints, and the peak of its memory until a file is there."""
    peak = 0
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        while process.poll() is None and not until.exists():
            peak = max(peak, resident_bytes(process.pid))
            time.sleep(0.05)
        printed, _ = process.communicate()
    if process.returncode:
        raise SystemExit(f"{' '.join(command)} ended with {process.returncode}.")
    return printed, peak


def _tree(root: int) -> list[list[str]]:
    """Return the fields of /proc/PID/stat, from the state on, of a process and all below it."""
    found: dict[int, list[str]] = {}
    children: dict[int, list[int]] = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            text = path.read_text()
        except OSError:  # it ended meanwhile
            continue
        fields = text[text.rindex(")") + 2 :].split()
        pid = int(path.parent.name)
        found[pid] = fields
        children.setdefault(int(fields[1]), []).append(pid)
    wanted = [root]
    for pid in wanted:
        wanted += children.get(pid, [])
    return [found[pid] for pid in wanted if pid in found]
