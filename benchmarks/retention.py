"""Retention curve, cohorts and key figures of large order logs: CPU seconds, memory, growth.

Run: python benchmarks/retention.py [customers ...]   (default: 100,000 and 1,000,000)

Each customer has ten orders on average within two years and one of five segments.
"""

import sys
from collections.abc import Callable

import numpy as np
import pandas as pd
from timing import cpu, peak_bytes

from layerwise.evaluate import cohort_table, kpis, retention_curve

END = "2024-12-29"


def world(n: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the orders of n customers, ten each on average, and a table of segments."""
    rng = np.random.default_rng(5)
    entry, rate = rng.integers(0, 600, n), rng.gamma(1.5, 6.0, n)
    orders = 1 + rng.poisson(rate)
    owner = np.repeat(np.arange(n), orders)
    offset = rng.exponential(120, len(owner))
    offset[np.cumsum(orders) - orders] = 0
    day = np.minimum(entry[owner] + offset.astype(np.int64), 728)
    mixed = rng.permutation(len(owner))
    log = pd.DataFrame(
        {
            "customer_id": owner[mixed],
            "ordered_at": np.datetime64("2023-01-01", "s") + day[mixed].astype("m8[D]"),
            "amount": np.round(rng.gamma(2, 15, len(owner)), 2) + 0.01,
        }
    )
    labels = np.array(["north", "south", "east", "west", "web"])
    return log, pd.DataFrame({"customer_id": np.arange(n), "region": labels[np.arange(n) % 5]})


def ways(log: pd.DataFrame, segments: pd.DataFrame) -> dict[str, Callable[[], object]]:
    """Return what is measured."""
    by = {"as_of": END, "segments": segments, "by": "region"}
    known = by | {"start": "first_order"}
    return {
        "retention, 5 segments": lambda: retention_curve(log, window_days=60, **known),
        "cohorts by month": lambda: cohort_table(log, as_of=END),
        "cohorts, own months": lambda: cohort_table(log, as_of=END, since="first_order"),
        "kpis by month": lambda: kpis(log, window_days=60, **by),
        "kpis by week": lambda: kpis(log, window_days=60, period="week", **by),
    }


def main() -> None:
    """Print CPU seconds and peak memory of each table, and the growth between the sizes."""
    sizes = [int(a) for a in sys.argv[1:]] or [100_000, 1_000_000]
    spent: dict[str, list[float]] = {}
    for n in sizes:
        log, segments = world(n)
        print(f"{n:,} customers, {len(log):,} orders")
        for name, way in ways(log, segments).items():
            seconds = cpu(way)
            spent.setdefault(name, []).append(seconds)
            print(f"  {name:<24}{seconds:>7.2f} s CPU   {peak_bytes(way) / 1e9:>5.2f} GB at most")
    if len(sizes) > 1:
        print(f"growth from {sizes[0]:,} to {sizes[-1]:,}")
        for name, each in spent.items():
            print(f"  {name:<24}{each[-1] / each[0]:>7.1f} x")


if __name__ == "__main__":
    main()
