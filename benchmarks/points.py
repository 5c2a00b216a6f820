"""A points ledger of a million customers and ten million rows: CPU seconds, memory, growth.

Run: python benchmarks/points.py [customers] [rows]
"""

import resource
import sys
import warnings

import numpy as np
import pandas as pd
from timing import cpu, peak_bytes

import layerwise as lw
from layerwise.membership import PointsLedger, membership_levels, replay_points


def ledger(customers: int, rows: int, *, text: bool = False) -> pd.DataFrame:
    """Return simulated events of three years: 60 % earn, 30 % redeem, 10 % are returns."""
    rng = np.random.default_rng(11)
    kind = rng.choice(3, rows, p=[0.6, 0.3, 0.1])
    who = rng.integers(0, customers, rows)
    day = rng.integers(0, 1096, rows)
    points = np.where(kind == 1, rng.integers(1, 120, rows), rng.integers(1, 200, rows))
    event, lot = np.arange(rows), np.full(rows, -1)
    # A return names an earning of some days before.
    back, earned = np.flatnonzero(kind == 2), np.flatnonzero(kind == 0)
    lot[back] = rng.choice(earned, len(back))
    who[back], points[back] = who[lot[back]], points[lot[back]]
    day[back] = np.minimum(day[lot[back]] + rng.integers(1, 30, len(back)), 1095)
    again = rng.integers(0, rows, rows // 100)
    take = rng.permutation(np.concatenate([np.arange(rows), again]))
    names = np.array(["earn", "redeem", "reverse"])
    table = pd.DataFrame({
        "event_id": event[take],
        "customer_id": who[take],
        "ts": (np.datetime64("2022-01-01") + day[take]).astype("M8[us]"),
        "kind": pd.Categorical.from_codes(kind[take], names),
        "points": points[take],
        "lot": lot[take],
    })  # fmt: skip
    if text:
        ids = {"event_id": "e", "lot": "e", "customer_id": "c"}
        table = table.assign(**{n: letter + table[n].astype(str) for n, letter in ids.items()})
        table = table.assign(kind=table["kind"].astype(str))
    return table


def levels(customers: int) -> pd.DataFrame:
    """Return spend and order days of simulated customers."""
    rng = np.random.default_rng(5)
    days = rng.poisson(rng.gamma(0.6, 8, customers))
    spend = days * rng.gamma(2, 25, customers)
    return pd.DataFrame({
        "customer_id": np.arange(customers), "orders_365d": days, "spend_365d": spend,
    })  # fmt: skip


def main() -> None:
    """Print the times."""
    customers = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    rows = int(sys.argv[2]) if len(sys.argv) > 2 else 10_000_000
    warnings.simplefilter("ignore", lw.LayerwiseWarning)
    kept: list[PointsLedger] = []
    for text in (False, True):
        for part in (10, 1):
            table = ledger(customers // part, rows // part, text=text)
            kept.clear()
            seconds = cpu(lambda t=table: kept.append(replay_points(t, as_of="2024-12-31")))
            what = "text ids" if text else "integer ids"
            print(f"replay, {what}, {len(table):>12,} rows {seconds:8.1f} s")
        print(f"  peak of the process {_peak():,.0f} MB")
        if not text:
            print(f"  entries {cpu(lambda: kept[0].entries()):.1f} s, ", end="")
            print(f"liability {cpu(lambda: kept[0].liability()):.1f} s")
            print(kept[0])
            part = ledger(customers // 10, rows // 10)
            peak = peak_bytes(lambda t=part: replay_points(t, as_of="2024-12-31"))
            print(f"  allocated for a tenth: {peak / 1e6:,.0f} MB")
    people = levels(customers)
    seconds = cpu(lambda: membership_levels(people, as_of="2024-12-31"))
    print(f"levels, {customers:,} customers {seconds:.2f} s")


def _peak() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if __name__ == "__main__":
    main()
