"""Early warning for many customers and ten events each: CPU time, growth and memory.

Run: python benchmarks/early_warning.py [customers ...]

Every log is given: 10 events a customer with durations, categories and search terms, 2 orders, 2
messages, and some tickets, feedback and deliveries; all rows of all signals are returned.
"""

import resource
import sys

import numpy as np
import pandas as pd
from timing import cpu

from layerwise.churn import early_warning

AS_OF = "2024-05-29"
KINDS = ["view", "search", "cart", "read", "login_ok", "login_failed", "unsubscribe"]
SHARES = [0.6, 0.15, 0.1, 0.1, 0.04, 0.008, 0.002]


def log(rng: np.random.Generator, customers: int, rows: int, time: str) -> pd.DataFrame:
    """Return rows at random customers and moments of 150 days."""
    seconds = rng.integers(0, 150 * 86_400, rows)
    start = np.datetime64("2024-01-01", "s")
    return pd.DataFrame({"customer_id": rng.integers(0, customers, rows), time: start + seconds})


def logs(customers: int) -> dict[str, pd.DataFrame]:
    """Return every log of a shop; activity differs a lot between customers."""
    rng = np.random.default_rng(5)
    events = log(rng, customers, 10 * customers, "ts")
    n = len(events)
    busy = rng.gamma(1.0, 1.0, customers)
    events["customer_id"] = rng.choice(customers, n, p=busy / busy.sum())
    kind = rng.choice(len(KINDS), n, p=SHARES)
    words = np.where(kind == 1, rng.integers(0, 2000, n), -1)
    events["event_type"] = pd.Categorical.from_codes(kind, KINDS)
    events["duration_s"] = np.where(kind == 0, rng.exponential(60, n), np.nan)
    events["category"] = pd.Categorical.from_codes(
        rng.integers(0, 20, n), [*"abcdefghijklmnopqrst"]
    )
    events["search_term"] = pd.Categorical.from_codes(words, [f"word {i}" for i in range(2000)])
    orders = log(rng, customers, 2 * customers, "ordered_at")
    orders["category"] = pd.Categorical.from_codes(
        rng.integers(0, 20, len(orders)), [*"abcdefghijklmnopqrst"]
    )
    messages = log(rng, customers, 2 * customers, "sent_at")
    read = rng.uniform(size=len(messages)) < 0.3
    messages["opened_at"] = messages["sent_at"].where(read)
    tickets = log(rng, customers, customers // 10, "opened_at")
    tickets["first_response_at"] = tickets["opened_at"] + pd.Timedelta(hours=20)
    tickets["resolved_at"] = tickets["opened_at"] + pd.Timedelta(days=5)
    feedback = log(rng, customers, customers // 10, "ts")
    feedback["score"] = rng.integers(1, 6, len(feedback))
    deliveries = log(rng, customers, customers, "promised_at")
    late = rng.integers(-2, 2, len(deliveries))
    deliveries["delivered_at"] = deliveries["promised_at"] + pd.to_timedelta(late, "D")
    return {
        "events": events,
        "orders": orders,
        "messages": messages,
        "tickets": tickets,
        "feedback": feedback,
        "deliveries": deliveries,
    }


def people(customers: int) -> pd.DataFrame:
    """Return customers with purchase histories."""
    rng = np.random.default_rng(6)
    age = rng.integers(100, 700, customers)
    repeats = rng.poisson(rng.gamma(0.5, 4.0, customers))
    until = (age * rng.beta(np.maximum(repeats, 1), 1.0)).astype(np.int64).clip(1)
    return pd.DataFrame(
        {
            "customer_id": np.arange(customers),
            "repeat_orders": repeats,
            "first_to_last_days": np.where(repeats > 0, until, 0),
            "age_days": age,
            "days_since_last": age - np.where(repeats > 0, until, 0),
        }
    )


def main() -> None:
    """Print CPU seconds and the growth of memory for each number of customers."""
    sizes = [int(a) for a in sys.argv[1:]] or [100_000, 1_000_000]
    before = 0.0
    for n in sizes:
        table, given = people(n), logs(n)
        start = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

        def run(table: pd.DataFrame = table, given: dict[str, pd.DataFrame] = given) -> object:
            return early_warning(table, as_of=AS_OF, capacity=1000, **given)

        spent = cpu(run)
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        growth = f", {spent / before:.1f}x" if before else ""
        print(
            f"{n:>9,} customers, {len(given['events']):>10,} events: {spent:6.1f} CPU s{growth}; "
            f"peak {peak / 2**20:.2f} GB, of which {start / 2**20:.2f} GB before the call"
        )
        before = spent


if __name__ == "__main__":
    main()
