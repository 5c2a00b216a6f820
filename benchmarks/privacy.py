"""Privacy and identity: CPU seconds, growth, peak memory.

Run: python benchmarks/privacy.py [customers]
"""

import sys
import warnings
from collections.abc import Callable

import numpy as np
import pandas as pd
from timing import cpu, peak_bytes

import layerwise as lw
from layerwise import identity, privacy

KEY = bytes(range(32))


def steps(n: int) -> dict[str, Callable[[], object]]:
    """Return what is measured for n customers with ten rows each."""
    rng = np.random.default_rng(3)
    day = np.datetime64("2023-01-01", "s")
    rows = pd.DataFrame(
        {
            "customer_id": rng.integers(0, n, 10 * n),
            "ordered_at": day + rng.integers(0, 540, 10 * n).astype("m8[D]"),
            "amount": rng.integers(1, 9_000, 10 * n) / 100,
        }
    )
    consents = pd.DataFrame(
        {
            "customer_id": rng.permutation(n),
            "purpose": "churn",
            "granted_at": day + rng.integers(0, 500, n).astype("m8[D]"),
            "withdrawn_at": pd.Series(day + rng.integers(0, 900, n).astype("m8[D]")).where(
                rng.random(n) < 0.2
            ),
        }
    )
    phones = pd.Series(np.char.add("138", np.char.zfill(np.arange(n).astype(str), 8)), dtype=object)
    people = pd.DataFrame(
        {
            "customer_id": np.arange(n),
            "city": rng.choice([f"city {i}" for i in range(30)], n, p=_shares(30)),
            "tier": rng.choice(["high", "loyal", "potential", "general", "churned"], n),
            "rfm": rng.choice(list("abcdefgh"), n, p=_shares(8)),
        }
    )
    identifiers = pd.DataFrame(
        {
            "record_id": np.tile(np.arange(n), 2),
            "id_type": np.repeat(["phone", "email"], n),
            "id_value": np.concatenate(
                [phones.sample(n, replace=True, random_state=1), "p" + phones + "@example.com"]
            ),
            "verified": True,
        }
    )
    safe = people.assign(
        customer_id=privacy.pseudonymise(people["customer_id"], key=KEY, key_id="k", purpose="p")
    )
    return {
        "pseudonyms, ids": lambda: privacy.pseudonymise(
            people["customer_id"], key=KEY, key_id="k1", purpose="churn"
        ),
        "pseudonyms, phones": lambda: privacy.pseudonymise(
            phones, key=KEY, key_id="k1", purpose="churn", kind="phone", country="86"
        ),
        "pseudonyms, 10 rows each": lambda: privacy.pseudonymise(
            rows["customer_id"], key=KEY, key_id="k1", purpose="churn"
        ),
        "consent": lambda: privacy.consent(rows, consents, as_of="2024-06-30", purpose="churn"),
        "retain": lambda: privacy.retain(
            rows, as_of="2024-06-30", retention_days=365, time="ordered_at"
        ),
        "erase": lambda: privacy.erase(rows, range(0, n, 1000)),
        "publish, 3 columns": lambda: privacy.publish(people, [["city", "tier", "rfm"]]),
        "csv_text": lambda: privacy.csv_text(safe),
        "run_record": lambda: privacy.run_record(
            {"rows": rows}, purpose="churn", as_of="2024-06-30", key=KEY, key_id="k1"
        ),
        "unify, 2 ids each": lambda: identity.unify(identifiers, country="86"),
    }


def _shares(n: int) -> np.ndarray:
    weights = 1.0 / np.arange(1, n + 1) ** 2
    return weights / weights.sum()


def main() -> None:
    """Print CPU seconds of each step for a tenth of the customers and all, and peak memory."""
    n = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    warnings.simplefilter("ignore", lw.LayerwiseWarning)
    seconds: dict[str, list[float]] = {}
    peaks: dict[str, float] = {}
    for size in (n // 10, n):
        for name, way in steps(size).items():
            seconds.setdefault(name, []).append(cpu(way))
            if size == n // 10:
                peaks[name] = peak_bytes(way) / 1e6
    print(f"{n:,} customers, {10 * n:,} rows")
    print(f"{'CPU seconds':<28}{n // 10:>12,}{n:>12,}   growth  peak MB of the smaller")
    for name, (small, large) in seconds.items():
        print(f"{name:<28}{small:>12.3f}{large:>12.3f}{large / small:>8.1f}x{peaks[name]:>11.0f}")
    print(f"{'all':<28}{'':>12}{sum(large for _, large in seconds.values()):>12.2f}")


if __name__ == "__main__":
    main()
