"""How long `import layerwise` takes, beside what it cannot do without and beside its peers.

Each import runs in a new interpreter, the candidates in turn, so that a busy machine slows them
alike; the table gives medians of the CPU time above that of an empty interpreter. Run it:
python benchmarks/import_time.py [ROUNDS]
"""

import importlib.util
import os
import statistics
import subprocess
import sys

BASE = "import numpy, pandas, attrs, narwhals.stable.v2"
CANDIDATES = {
    "numpy + pandas": "import numpy, pandas",
    "all that layerwise needs": BASE,
    "layerwise": "import layerwise",
    "layerwise, all names": "from layerwise import *",
    "lifetimes": "import lifetimes",
    "clvkit": "import clvkit",
    "pymc_marketing": "import pymc_marketing",
}


def cpu_seconds(code: str) -> float:
    """Return user and system time of one interpreter that runs `code`."""
    before = os.times()
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)
    after = os.times()
    return (
        after.children_user - before.children_user + after.children_system - before.children_system
    )


def measure(rounds: int) -> dict[str, float]:
    """Return the median CPU seconds of each candidate that is installed."""
    known = {"numpy + pandas", "all that layerwise needs", "layerwise, all names"}
    chosen = {"nothing": "pass"} | {
        name: code
        for name, code in CANDIDATES.items()
        if name in known or importlib.util.find_spec(name)
    }
    for code in chosen.values():
        cpu_seconds(code)  # warm the file cache and write the bytecode
    times: dict[str, list[float]] = {name: [] for name in chosen}
    for _ in range(rounds):
        for name, code in chosen.items():
            times[name].append(cpu_seconds(code))
    medians = {name: statistics.median(values) for name, values in times.items()}
    return {name: medians[name] - medians["nothing"] for name in chosen if name != "nothing"}


def main() -> None:
    """Print the table."""
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 7
    found = measure(rounds)
    ours = found["layerwise"]
    print(f"CPU seconds of an import, median of {rounds} rounds, and as a ratio to layerwise")
    for name, seconds in found.items():
        print(f"  {name:<26} {seconds:6.3f}  {seconds / ours:5.2f}")
    added = found["layerwise, all names"] - found["all that layerwise needs"]
    print(f"its public names add {added:.3f} s to its dependencies")


if __name__ == "__main__":
    main()
