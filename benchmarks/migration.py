"""Moves, funnel, motives and suggestions for 1 M customers and 10 M rows: CPU seconds.

Run: python benchmarks/migration.py [customers]
"""

import sys
import time
from collections.abc import Callable

import numpy as np
import pandas as pd
from timing import cpu

from layerwise.evaluate import measure_funnel, measure_migration, steady_labels
from layerwise.tastes import (
    category_affinity,
    measure_motives,
    score_suggestions,
    suggest_categories,
)

DATES = pd.date_range("2024-01-31", periods=10, freq="ME")
STEPS = ("view", "cart", "order")


def snapshots(n: int, rng: np.random.Generator) -> pd.DataFrame:
    """Return labels of n customers at ten dates."""
    codes = np.searchsorted([0.5, 0.8], rng.uniform(size=10 * n))
    labels = pd.Categorical.from_codes(codes, ["low", "mid", "high"], ordered=True)
    return pd.DataFrame(
        {"customer_id": np.tile(np.arange(n), 10), "as_of": np.repeat(DATES, n), "value": labels}
    )


def events(n: int, rng: np.random.Generator) -> pd.DataFrame:
    """Return ten events a customer in ninety days."""
    kinds = np.searchsorted([0.6, 0.9], rng.uniform(size=10 * n))
    seconds = pd.to_timedelta(rng.integers(0, 90 * 86_400, 10 * n), "s")
    return pd.DataFrame(
        {
            "customer_id": rng.integers(0, n, 10 * n),
            "ts": pd.Timestamp("2024-01-01") + seconds,
            "event_type": pd.Categorical.from_codes(kinds, list(STEPS)),
        }
    )


def lines(n: int, rng: np.random.Generator) -> pd.DataFrame:
    """Return ten order lines a customer in a year, of 200 categories and 20,000 items."""
    item = rng.geometric(1 / 2000, 10 * n) % 20_000
    return pd.DataFrame(
        {
            "customer_id": rng.integers(0, n, 10 * n),
            "ordered_at": pd.Timestamp("2024-01-01")
            + pd.to_timedelta(rng.integers(0, 360, 10 * n), "D"),
            "amount": 2.5,
            "item": item,
            "category": pd.Categorical.from_codes(item % 200, [f"kind {i}" for i in range(200)]),
            "promoted": rng.uniform(size=10 * n) < 0.3,
        }
    )


def steps(n: int) -> dict[str, Callable[[], object]]:
    """Return what is measured."""
    rng = np.random.default_rng(11)
    labels, log, orders = snapshots(n, rng), events(n, rng), lines(n, rng)
    segments = pd.Categorical.from_codes(rng.integers(0, 3, n), ["low", "mid", "high"])
    people = pd.DataFrame({"customer_id": np.arange(n), "value": segments})
    made = suggest_categories(people, orders, as_of="2024-10-31", segment="value")
    return {
        "migration, 10 dates": lambda: measure_migration(labels, label="value"),
        "steady_labels, 10 dates": lambda: steady_labels(labels, label="value"),
        "funnel": lambda: measure_funnel(
            log, steps=STEPS, as_of="2024-06-30", customers=people, segment="value"
        ),
        "motives (price, top, new)": lambda: measure_motives(
            people, orders, as_of="2024-12-31", promoted="promoted", item="item",
            launches="first_sale",
        ),
        "category_affinity": lambda: category_affinity(people, orders, as_of="2024-12-31"),
        "suggest_categories": lambda: suggest_categories(
            people, orders, as_of="2024-10-31", segment="value"
        ),
        "score_suggestions": lambda: score_suggestions(
            made, orders, after="2024-10-31", until="2024-12-25"
        ),
    }  # fmt: skip


def main() -> None:
    """Print CPU and wall seconds of each step."""
    n = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    ways = steps(n)
    print(f"{n:,} customers, {10 * n:,} rows\n{'':<28}{'CPU s':>9}{'wall s':>9}")
    for name, way in ways.items():
        begin = time.perf_counter()
        spent = cpu(way)
        print(f"{name:<28}{spent:>9.2f}{time.perf_counter() - begin:>9.2f}", flush=True)


if __name__ == "__main__":
    main()
