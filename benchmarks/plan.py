"""A plan for a million customers: CPU seconds by step, memory, and a plain pandas way beside it.

Run: python benchmarks/plan.py [customers]
"""

import resource
import sys
import time
import warnings

import numpy as np
import pandas as pd

from layerwise.errors import RowsLeftOutWarning
from layerwise.layers import RFM, Layers, Loyalty, Tier, Value
from layerwise.layers.frequency import Frequency
from layerwise.strategy import (
    StrategyTable,
    contact_rules,
    plan_by,
    plan_summary,
    spend_budget,
    strategy_links,
)
from layerwise.strategy.holdout import bases, canonical_ids

TABLE = StrategyTable.default()


def customers(n: int) -> pd.DataFrame:
    """Return simulated customers: gamma purchase rates, ages up to two years."""
    rng = np.random.default_rng(7)
    age = rng.integers(1, 730, n)
    orders = 1 + rng.poisson(rng.gamma(0.5, 0.01, n) * age)
    span = np.where(orders > 1, np.maximum((age * rng.beta(3, 1.5, n)).astype(int), 1), 0)
    year = np.minimum(orders, 1 + (orders * np.minimum(1, 365 / age)).astype(int))
    spend = np.round(year * rng.lognormal(3, 0.6, n), 2)
    return pd.DataFrame(
        {
            "customer_id": np.arange(n) + 10_000_000,
            "orders": orders,
            "repeat_orders": orders - 1,
            "age_days": age,
            "first_to_last_days": span,
            "days_since_last": age - span,
            "orders_365d": year,
            "orders_180d": np.minimum(year, 1 + year // 2),
            "spend_365d": spend,
        }
    )


def labelled(n: int) -> pd.DataFrame:
    """Return the customers with the labels of the default layers."""
    layers = Layers(rfm=RFM(), value=Value(), frequency=Frequency(), loyalty=Loyalty(), tier=Tier())
    table = customers(n)
    labels: pd.DataFrame = layers.fit(table).transform(table)
    return labels


def with_lists(labels: pd.DataFrame) -> pd.DataFrame:
    """Return the labels with two columns that list: warning signals and causes of churn."""
    rng, links = np.random.default_rng(8), strategy_links()
    new = {}
    for axis, share in (("signal", 0.05), ("cause", 0.02)):
        names = links.loc[links["axis"] == axis, "label"].unique()
        names = [name for name in names if name not in ("user_deceased", "user_bankrupt")]
        cells = np.full(len(labels), "", dtype=object)
        for name in names[:20]:
            hit = rng.random(len(labels)) < share
            cells[hit] = cells[hit] + (name + ";")
        new[axis] = pd.Series(cells).where(cells != "")
    return labels.assign(**new)


def history(plan: pd.DataFrame) -> pd.DataFrame:
    """Return a contact with every second customer of a plan in the two weeks before."""
    ids = plan["customer_id"].unique()[::2]
    days = np.random.default_rng(9).integers(0, 14, len(ids))
    return pd.DataFrame(
        {"customer_id": ids, "sent_at": pd.Timestamp("2024-03-11") - pd.to_timedelta(days, "D")}
    )


def amounts(plan: pd.DataFrame) -> pd.DataFrame:
    """Return the plan with a gain of each row."""
    return plan.assign(gain=np.random.default_rng(10).gamma(1.0, 2.0, len(plan)))


def plain(labels: pd.DataFrame) -> pd.DataFrame:
    """Return what a join and a rank in pandas give (no reasons, no holdout, no rules)."""
    rows = TABLE.to_frame().query("level == 'customer'")
    long = labels.melt("customer_id", list(set(TABLE.axes) & set(labels)), "axis", "segment")
    found = long.astype({"segment": str}).merge(rows, on=["axis", "segment"])
    found = found.sort_values(["customer_id", "priority", "id"])
    return found.groupby("customer_id").head(3)


def timed(name: str, call, rounds: int = 3):
    """Print the least CPU seconds of some rounds, and return the last result."""
    seconds = []
    for _ in range(rounds):
        start = time.process_time()
        result = call()
        seconds.append(time.process_time() - start)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"{name:<46}{min(seconds):7.2f} s   peak so far {peak:7,.0f} MB")
    return result


def main(n: int) -> None:
    """Print the table of times."""
    warnings.simplefilter("ignore", RowsLeftOutWarning)
    labels = labelled(n)
    text = labels.assign(customer_id="C" + labels["customer_id"].astype(str))
    print(TABLE.plan_counts(labels))
    timed("label combinations and their decisions", lambda: TABLE.plan_counts(labels))
    timed("holdout bases, integer ids", lambda: bases(canonical_ids(labels["customer_id"]), "s"))
    timed("holdout bases, text ids", lambda: bases(canonical_ids(text["customer_id"]), "s"))
    timed("plan without holdout", lambda: TABLE.plan(labels, holdout=0))
    timed("plan, integer ids", lambda: TABLE.plan(labels))
    plan = timed("plan, text ids", lambda: TABLE.plan(text))
    timed("plan_summary", lambda: plan_summary(plan))
    ruled = timed("contact rules", lambda: contact_rules(plan, history(plan), as_of="2024-03-11"))
    priced = amounts(ruled)
    bought = timed(
        "budget by gain per cost",
        lambda: spend_budget(priced, budget=0.2 * n, cost=0.5, gain="gain"),
    )
    print(f"spent {bought.spent:,.0f} of {bought.budget:,.0f}")
    timed("plan by owner", lambda: plan_by(bought.plan, "owner"))
    listed = with_lists(labels)
    print(TABLE.plan_counts(listed).combinations, "combinations with lists of signals and causes")
    timed("plan with lists, integer ids", lambda: TABLE.plan(listed), rounds=1)
    timed("programmes asked for", lambda: TABLE.programmes_for(listed), rounds=1)
    timed("plain pandas: melt, merge, sort, head", lambda: plain(labels), rounds=1)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000)
