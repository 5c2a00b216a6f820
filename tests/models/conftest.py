"""Real customers for the models: CDNOW, which ships inside lifetimes (not imported here)."""

from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pandas as pd
import pytest


def _folder() -> Path:
    spec = find_spec("lifetimes")
    assert spec is not None
    assert spec.submodule_search_locations is not None
    return Path(spec.submodule_search_locations[0]) / "datasets"


def table(*rows: tuple[float, float, float]) -> pd.DataFrame:
    """Return a customer table of histories (x, t_x, T in days)."""
    return pd.DataFrame(rows, columns=["repeat_orders", "first_to_last_days", "age_days"])


def simulated(n: int, seed: int, *, first: int = 0, r=0.55, alpha=60.0, a=0.8, b=2.4):
    """Return customers who buy and drop out as (M)BG/NBD says, times in whole days."""
    rng = np.random.default_rng(seed)
    T = rng.integers(1, 731, n)
    rate, p = rng.gamma(r, 1 / alpha, n), rng.beta(a, b, n)
    x, t, last = np.zeros(n, dtype=int), np.zeros(n), np.zeros(n)
    alive = np.flatnonzero(rng.uniform(size=n) > p * first)
    while len(alive):
        t[alive] += rng.exponential(1 / np.maximum(rate[alive], 1e-12))
        alive = alive[t[alive] <= T[alive]]
        x[alive] += 1
        last[alive] = t[alive]
        alive = alive[rng.uniform(size=len(alive)) > p[alive]]
    columns = {"repeat_orders": x, "first_to_last_days": np.ceil(last).astype(int), "age_days": T}
    return pd.DataFrame({"customer_id": np.arange(n)} | columns)


@pytest.fixture(scope="session")
def cdnow() -> pd.DataFrame:
    """2,357 customers, first 39 weeks: repeat orders and spend, times in days."""
    lines = pd.read_csv(_folder() / "CDNOW_sample.txt", sep=r"\s+", header=None)
    lines.columns = ["master", "customer_id", "date", "discs", "amount"]
    lines["date"] = pd.to_datetime(lines["date"].astype(str))
    before = lines[lines["date"] <= "1997-09-30"]
    days = before.groupby(["customer_id", "date"], as_index=False)["amount"].sum()
    by = days.groupby("customer_id")
    first, last, n = by["date"].first(), by["date"].last(), by.size()
    again = (by["amount"].sum() - by["amount"].first()) / (n - 1).where(n > 1)
    frame = {
        "repeat_orders": n - 1,
        "first_to_last_days": (last - first).dt.days,
        "age_days": (pd.Timestamp("1997-09-30") - first).dt.days,
        "spend_repeat_mean": again,
    }
    return pd.DataFrame(frame).reset_index()
