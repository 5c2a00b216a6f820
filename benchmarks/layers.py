"""All layers, models, tier and plan for many customers: CPU seconds a step, and growth.

Run: python benchmarks/layers.py [customers]
"""

import sys
import warnings
from typing import Any

import pandas as pd
from timing import cpu, peak_bytes

import layerwise as lw
from layerwise.at_once import usual_layers


def customers(n: int) -> pd.DataFrame:
    """Return the summary of a simulated shop of two years."""
    orders = lw.datasets.simulate_orders(n, seed=11)
    table: pd.DataFrame = lw.summarize(orders, as_of=orders["ordered_at"].max())
    return table


def median(way: Any, rounds: int = 5) -> float:
    """Return the median CPU seconds after one warm-up."""
    way()
    return sorted(cpu(way) for _ in range(rounds))[rounds // 2]


def main() -> None:
    """Print CPU seconds of fit, transform and plan, without and with the models."""
    n = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    warnings.simplefilter("ignore", lw.LayerwiseWarning)
    strategies = lw.StrategyTable.default()
    print(f"{'':<34}{n // 10:>12,}{n:>12,}   growth")
    steps: dict[str, list[float]] = {}
    for size in (n // 10, n):
        table = customers(size)
        for label, layers in {
            "layers and tier": usual_layers(with_model=False),
            "layers, tier, BG/NBD, Gamma-Gamma": usual_layers(),
        }.items():
            fitted = layers.fit(table)
            labelled = fitted.transform(table)
            run = {
                f"{label}: fit": lambda layers=layers, table=table: layers.fit(table),
                f"{label}: transform": lambda fitted=fitted, table=table: fitted.transform(table),
            }
            if "BG/NBD" not in label:
                run["plan"] = lambda labelled=labelled: strategies.plan(labelled)
            for name, way in run.items():
                steps.setdefault(name, []).append(median(way))
    for name, (small, large) in steps.items():
        print(f"{name:<34}{small:>12.3f}{large:>12.3f}{large / small:>8.1f}x")
    whole = sum(steps[name][1] for name in list(steps)[:3])
    print(f"all layers, tier and plan for {n:,} customers: {whole:.2f} CPU seconds")
    peak = peak_bytes(
        lambda: strategies.plan(usual_layers(with_model=False).fit(table).transform(table))
    )
    print(f"peak memory of the plan: {peak / n:.0f} B per customer")


if __name__ == "__main__":
    main()
