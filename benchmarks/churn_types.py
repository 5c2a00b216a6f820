"""Churn types, feedback coding and service times: CPU time and memory, and how they grow.

Rows of the logs are 10 a customer: 4 orders, 4 events, 1 ticket, 1 feedback with a text of its own.

Run: PYTHONPATH=src python benchmarks/churn_types.py [--customers 1000000]
"""

import argparse
import resource
import time
from collections.abc import Callable

import numpy as np
import pandas as pd
from timing import cpu

from layerwise.churn import churn_types, code_feedback, service_times
from layerwise.layers import ChurnStatus
from layerwise.summary import summarize

AS_OF = "2023-12-31"
START = np.datetime64("2022-01-01", "us")
WORDS = [
    *("the", "delivery", "was", "slow", "not", "expensive", "parcel", "arrived", "late", "rude"),
    *("nice", "good", "shop", "again", "物流慢", "太贵", "很好", "质量差", "客服", "喜欢"),
]


def logs(customers: int) -> dict[str, pd.DataFrame]:
    """Return random logs."""
    rng = np.random.default_rng(0)

    def rows(each: int, time: str) -> pd.DataFrame:
        n = each * customers
        seconds = rng.integers(0, 729 * 86_400, n).astype("m8[s]")
        return pd.DataFrame({"customer_id": rng.integers(0, customers, n), time: START + seconds})

    orders = rows(4, "ordered_at").assign(amount=rng.integers(100, 9_999, 4 * customers) / 100)
    kinds = ["view", "login_ok", "login_failed", "reset_started", "reset_done"]
    events = rows(4, "ts").assign(
        event_type=pd.Categorical.from_codes(rng.integers(0, 5, 4 * customers), kinds)
    )
    tickets = rows(1, "opened_at").assign(csat=rng.integers(1, 6, customers), topic="complaint")
    waits = rng.exponential(40, customers) * np.timedelta64(3_600_000_000, "us")
    tickets["first_response_at"] = tickets["opened_at"] + waits
    tickets["resolved_at"] = tickets["opened_at"] + 2 * waits
    feedback = rows(1, "ts").assign(score=rng.integers(1, 6, customers), text=texts(rng, customers))
    return {"orders": orders, "events": events, "tickets": tickets, "feedback": feedback}


def texts(rng: np.random.Generator, n: int) -> list[str]:
    """Return texts of eight words and a number, so that hardly two are equal."""
    words = np.array(WORDS, dtype=object)[rng.integers(0, len(WORDS), (n, 8))]
    return [" ".join(row) + f" {i}" for i, row in enumerate(words.tolist())]


def run(customers: int) -> dict[str, float]:
    """Return CPU seconds of each step."""
    given = logs(customers)
    table = summarize(given["orders"], as_of=AS_OF)
    table = ChurnStatus(rule="window", window_days=90).fit(table).transform(table)
    inside = {n: f[f["customer_id"].isin(table["customer_id"])] for n, f in given.items()}
    ways: dict[str, Callable[[], object]] = {
        "churn_types": lambda: churn_types(table, as_of=AS_OF, **inside),
        "  without texts": lambda: churn_types(
            table, as_of=AS_OF, **inside | {"feedback": inside["feedback"].drop(columns="text")}
        ),
        "code_feedback": lambda: code_feedback(given["feedback"]),
        "service_times": lambda: service_times(given["tickets"], as_of=AS_OF),
    }
    return {name: cpu(way) for name, way in ways.items()}


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--customers", type=int, default=1_000_000)
    most = parser.parse_args().customers
    begin = time.perf_counter()
    small, large = run(most // 10), run(most)
    print(f"{'':<20}{most // 10:>12,}{most:>12,}   CPU s, customers; 10 rows of logs each")
    for name in small:
        growth = large[name] / small[name]
        print(f"{name:<20}{small[name]:>12.2f}{large[name]:>12.2f}   x {growth:.1f}")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    seconds = time.perf_counter() - begin
    print(f"peak memory of the process {peak:.1f} GB, logs and all; {seconds:.0f} s")
