"""Charts, drift and portraits at a million customers: CPU seconds, peak memory and growth.

Run: PYTHONPATH=src python benchmarks/monitoring.py [customers ...]   (by default 100000 1000000)

Each customer has ten order lines over two years, in 40 categories and 3 channels. The table of
rates has one series per 2,000 customers over three years of weeks.
"""

import resource
import sys
from collections.abc import Callable

import numpy as np
import pandas as pd
from timing import cpu

from layerwise.evaluate import calibration_drift, decompose_change, drift, monitor
from layerwise.portrait import customer_portraits, segment_profile, stale_portraits

AS_OF = "2023-12-31"


def make_lines(customers: int) -> pd.DataFrame:
    """Return ten order lines a customer."""
    rng, rows = np.random.default_rng(1), 10 * customers
    categories = np.array([f"category {i:02}" for i in range(40)])
    seconds = rng.integers(0, 730 * 86_400, rows).astype("m8[s]")
    kind = np.minimum(rng.geometric(0.08, rows) - 1, 39)
    return pd.DataFrame(
        {
            "customer_id": rng.integers(0, customers, rows),
            "ordered_at": np.datetime64("2022-01-01", "us") + seconds,
            "category": pd.Categorical.from_codes(kind, categories),
            "channel": pd.Categorical.from_codes(rng.integers(0, 3, rows), ["app", "shop", "web"]),
            "discount": np.where(rng.random(rows) < 0.3, 1.0, 0.0),
            "quantity": rng.integers(1, 5, rows),
            "amount": rng.integers(100, 20_000, rows) / 100,
        }
    )


def make_customers(customers: int, seed: int) -> pd.DataFrame:
    """Return customers with numbers, labels, a forecast and its outcome."""
    rng = np.random.default_rng(seed)
    p = np.clip(rng.beta(2, 1, customers), 0.001, 0.999)
    return pd.DataFrame(
        {
            "customer_id": np.arange(customers),
            "tier": rng.choice(["gold", "silver", "tin"], customers),
            "orders": 1 + rng.poisson(rng.gamma(0.5, 4, customers)),
            "days_since_last": rng.integers(0, 700, customers),
            "spend_total": np.round(rng.lognormal(4, 1, customers), 2),
            "p": p,
            "holdout_orders": (rng.random(customers) > p).astype(int),
        }
    )


def make_rates(customers: int) -> pd.DataFrame:
    """Return weekly rates by segment."""
    rng, segments, weeks = np.random.default_rng(2), max(customers // 2000, 5), 156
    n = rng.integers(500, 900, segments * weeks)
    return pd.DataFrame(
        {
            "segment": np.repeat([f"s{i:05}" for i in range(segments)], weeks),
            "period_end": np.tile(pd.date_range("2021-01-03", periods=weeks, freq="7D"), segments),
            "numerator": rng.binomial(n, rng.beta(20, 180, len(n))),
            "denominator": n,
        }
    )


def measure(customers: int) -> dict[str, float]:
    """Return the CPU seconds of each step."""
    old, new, lines = (
        make_customers(customers, 0),
        make_customers(customers, 1),
        make_lines(customers),
    )
    rates = make_rates(customers)
    roster = old[["customer_id"]]
    roles = {"category": "category", "channel": "channel", "promoted": "discount"}
    kept: list[pd.DataFrame] = []

    def draw() -> None:
        made = customer_portraits(roster, lines, as_of=AS_OF, quantity="quantity", **roles)
        kept.append(made.table)

    steps: dict[str, Callable[[], object]] = {
        "monitor": lambda: monitor(rates, baseline_until="2023-06-30", season="year"),
        "decompose_change": lambda: decompose_change(
            rates, before="2022-06-05", after="2023-06-04"
        ),
        "drift": lambda: drift(old, new),
        "calibration_drift": lambda: calibration_drift(new, probability="p"),
        "segment_profile": lambda: segment_profile(old, segment="tier"),
        "customer_portraits": draw,
        "stale_portraits": lambda: stale_portraits(
            kept[0], kept[0], old_as_of="2023-12-01", as_of=AS_OF
        ),
    }
    return {name: cpu(step) for name, step in steps.items()}


def main(sizes: list[int]) -> None:
    """Print a table of all sizes, with the growth from the first to the last."""
    found = {size: measure(size) for size in sizes}
    print(f"{'CPU seconds':<22}" + "".join(f"{size:>12,}" for size in sizes) + f"{'growth':>9}")
    for name in next(iter(found.values())):
        seconds = [found[size][name] for size in sizes]
        growth = seconds[-1] / max(seconds[0], 1e-9)
        print(f"{name:<22}" + "".join(f"{s:>12.2f}" for s in seconds) + f"{growth:>8.1f}x")
    total = [sum(found[size].values()) for size in sizes]
    print(f"{'all':<22}" + "".join(f"{s:>12.2f}" for s in total))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    print(f"peak memory of the process, data included: {peak:.1f} GB")


if __name__ == "__main__":
    main([int(size) for size in sys.argv[1:]] or [100_000, 1_000_000])
