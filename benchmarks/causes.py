"""Groups and causes of churn for many customers: CPU seconds, growth and memory.

Run: python benchmarks/causes.py [customers]

Prints a tenth of the customers and all of them; growth is the ratio of the two CPU times.
"""

import sys
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
from timing import peak_bytes

from layerwise.churn import (
    Exposure,
    add_exposures,
    high_churn_groups,
    joint_causes,
    likely_causes,
    rank_causes,
)

CAUSES = ["delivery_late", "service_attitude", "price_high", "promo_few", "user_dissatisfied"]
WINDOW: dict[str, Any] = {"exposure_end": "2024-05-31", "outcome_start": "2024-06-01"}
LAYERS = ["tier", "frequency", "region"]


def customers(n: int) -> pd.DataFrame:
    """Return customers in three layers with five exposures and who left."""
    rng = np.random.default_rng(1)
    labels = {"tier": 4, "frequency": 3, "region": 30}
    layers = {name: rng.integers(0, k, n) for name, k in labels.items()}
    flags = {name: rng.random(n) < 0.05 + 0.1 * layers["tier"] for name in CAUSES}
    risk = (0.05 + 0.05 * layers["tier"]) * np.where(flags["delivery_late"], 1.5, 1.0)
    names = {k: np.array([f"{k}{i}" for i in range(labels[k])])[v] for k, v in layers.items()}
    return pd.DataFrame(
        {"customer_id": np.arange(n), **names, **flags, "left": rng.random(n) < risk}
    )


def deliveries(n: int) -> pd.DataFrame:
    """Return two deliveries a customer, a fifth of them late."""
    rng = np.random.default_rng(2)
    day = pd.Timestamp("2024-03-01") + pd.to_timedelta(rng.integers(0, 90, 2 * n), unit="D")
    late = pd.to_timedelta(rng.integers(-4, 2, 2 * n), unit="D")
    ids = rng.integers(0, n, 2 * n)
    return pd.DataFrame({"customer_id": ids, "promised_at": day, "delivered_at": day + late})


def ways(n: int) -> dict[str, Callable[[], object]]:
    """Return what is timed."""
    table, log = customers(n), deliveries(n)
    late = Exposure(log=log, time="delivered_at", after="promised_at")
    question: dict[str, Any] = {"outcome": "left", "exposures": CAUSES} | WINDOW
    found = rank_causes(table, strata=["tier", "frequency"], **question)
    window = {"start": "2024-03-01", "end": "2024-05-31"}
    return {
        "groups, three layers and pairs": lambda: high_churn_groups(
            table, by=LAYERS, outcome="left", pairs=True
        ),
        "rank five causes in 12 strata": lambda: rank_causes(
            table, strata=["tier", "frequency"], **question
        ),
        "five causes jointly": lambda: joint_causes(
            table, strata=["tier", "frequency"], **question
        ),
        "likely causes of leavers": lambda: likely_causes(table, found, who="left"),
        "exposure from two rows a customer": lambda: add_exposures(table, {"late": late}, **window),
    }


def seconds(way: Callable[[], object]) -> float:
    """Return the least CPU time of three runs."""
    times = []
    for _ in range(3):
        start = time.process_time()
        way()
        times.append(time.process_time() - start)
    return min(times)


def main() -> None:
    """Print a line a way."""
    n = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    small, large = ways(n // 10), ways(n)
    print(f"{'':34} {n // 10:>9,} {n:>9,}  growth  memory")
    for name, way in large.items():
        few, many = seconds(small[name]), seconds(way)
        memory = peak_bytes(way) / 1e6
        print(f"{name:34} {few:8.2f}s {many:8.2f}s {many / few:6.1f}x {memory:5.0f} MB")


if __name__ == "__main__":
    main()
