"""Plan, levels and points for a million customers and ten million ledger rows, together.

Run: python benchmarks/doing.py [customers] [rows]

Each kind of ids runs in a process of its own, whose peak is that of everything: libraries, the
inputs and making them, the work and all answers kept.
"""

import resource
import subprocess
import sys
import warnings
from pathlib import Path

from plan import TABLE, labelled
from points import ledger, levels
from timing import cpu

import layerwise as lw
from layerwise.membership import membership_levels, replay_points

SECONDS, MEGABYTES = 30, 4000
KINDS = ("integer", "text")


def measure(customers: int, rows: int, kind: str) -> None:
    """Print the seconds of each part and the peak, for one kind of ids."""
    warnings.simplefilter("ignore", lw.LayerwiseWarning)
    text = kind == "text"
    labels, people, table = (
        labelled(customers),
        levels(customers),
        ledger(customers, rows, text=text),
    )
    if text:
        labels, people = (
            t.assign(customer_id="c" + t["customer_id"].astype(str)) for t in (labels, people)
        )
    kept: list[object] = []
    work = {
        "plan": lambda: TABLE.plan(labels),
        "levels": lambda: membership_levels(people, as_of="2024-12-31"),
        "points": lambda: replay_points(table, as_of="2024-12-31"),
    }
    print(
        f"{kind} ids, {customers:,} customers, {len(table):,} ledger rows; "
        f"inputs: {_peak():,.0f} MB"
    )
    total = 0.0
    for name, way in work.items():
        seconds = cpu(lambda way=way: kept.append(way()))
        total += seconds
        print(f"  {name:<8}{seconds:7.1f} s   peak so far {_peak():7,.0f} MB")
    met = total < SECONDS and _peak() < MEGABYTES
    print(
        f"  together{total:7.1f} s of {SECONDS}, {_peak():,.0f} MB of {MEGABYTES:,}: "
        f"{'met' if met else 'missed'}"
    )


def _peak() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main(customers: int, rows: int) -> None:
    """Run each kind of ids in its own process, one after the other."""
    for kind in KINDS:
        arguments = [str(customers), str(rows), kind]
        subprocess.run([sys.executable, Path(__file__), *arguments], check=True)


if __name__ == "__main__":
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    lines = int(sys.argv[2]) if len(sys.argv) > 2 else 10_000_000
    if len(sys.argv) > 3:
        measure(count, lines, sys.argv[3])
    else:
        main(count, lines)
