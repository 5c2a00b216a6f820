"""Draw, analysis by layer and effects of a plan: CPU seconds, growth, peak memory.

Run: python benchmarks/experiments.py [customers]
"""

import sys
import warnings
from collections.abc import Callable

import numpy as np
import pandas as pd
from timing import cpu, peak_bytes

import layerwise as lw
from layerwise.evaluate import Goal, Mean, Ratio, alpha_spending, analyse, assign, effects
from layerwise.strategy import StrategyTable

HALVES = {"control": 0.5, "offer": 0.5}


def table(n: int) -> pd.DataFrame:
    """Return customers with arm, layer and outcomes."""
    rng = np.random.default_rng(7)
    before = rng.gamma(2.0, 10.0, n)
    names = pd.CategoricalDtype([f"layer {i}" for i in range(12)])
    return pd.DataFrame(
        {
            "customer_id": np.arange(n),
            "arm": pd.Categorical.from_codes(rng.integers(0, 2, n), ["control", "offer"]),
            "layer": pd.Categorical.from_codes(rng.integers(0, 12, n), dtype=names),
            "bought": rng.random(n) < 0.1,
            "spend": 0.8 * before + rng.normal(0, 8, n),
            "orders": 1 + rng.poisson(2.0, n),
            "before": before,
        }
    )


def steps(n: int) -> dict[str, Callable[[], object]]:
    """Return what is measured; all but the first two on a 50th of the rows."""
    people = table(n)
    metrics = ["bought", Mean("spend", covariate="before"), Ratio("spend", "orders")]
    some = people.iloc[: n // 50]
    labels = some[["customer_id"]].assign(value=np.where(some["bought"], "high", "low"))
    plan = StrategyTable.default().plan(labels)
    goals = [Goal(metric="bought"), Goal(metric=Mean("spend"))]
    return {
        "analyse a share by layer": lambda: analyse(
            people, metrics=["bought"], arms=HALVES, by="layer"
        ),
        "analyse 3 metrics by layer": lambda: analyse(
            people, metrics=metrics, arms=HALVES, by="layer"
        ),
        "assign (a 50th)": lambda: assign(some, experiment="e", arms=HALVES, salt="s"),
        "assign in strata (a 50th)": lambda: assign(
            some, experiment="e", arms=HALVES, salt="s", strata="layer"
        ),
        "effects of a plan (a 50th)": lambda: effects(plan, some, goals=goals),
        "alpha_spending, 10 looks": lambda: alpha_spending(10),
    }


def main() -> None:
    """Print CPU seconds of each step for a tenth of the customers and all, and peak memory."""
    n = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000_000
    warnings.simplefilter("ignore", lw.LayerwiseWarning)
    seconds: dict[str, list[float]] = {}
    for size in (n // 10, n):
        ways = steps(size)
        for name, way in ways.items():
            seconds.setdefault(name, []).append(min(cpu(way) for _ in range(2)))
    slow = ("assign", "effects")  # many Python objects, which the tracing of memory slows
    peaks = {
        name: np.nan if name.startswith(slow) else peak_bytes(way) / 1e6
        for name, way in ways.items()
    }
    print(f"{'CPU seconds':<30}{n // 10:>12,}{n:>12,}   growth    peak MB")
    for name, (small, large) in seconds.items():
        growth = large / small
        print(f"{name:<30}{small:>12.3f}{large:>12.3f}{growth:>8.1f}x{peaks[name]:>11.0f}")


if __name__ == "__main__":
    main()
