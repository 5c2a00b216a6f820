"""RFM scores and names for many customers, beside pandas qcut and the usual recipe.

Run: python benchmarks/rfm.py [customers]

Ratios are medians over rounds in which the ways take turns; each way scores the same table.
"""

import sys

import numpy as np
import pandas as pd
from timing import compare, peak_bytes

from layerwise.layers import RFM

COLUMNS = ["days_since_last", "orders_365d", "spend_365d"]
NAMES = {
    r"[1-2][1-2]": "hibernating",
    r"[1-2][3-4]": "at_risk",
    r"[1-2]5": "cannot_lose",
    r"3[1-2]": "about_to_sleep",
    r"33": "need_attention",
    r"[3-4][4-5]": "loyal",
    r"41": "promising",
    r"51": "new",
    r"[4-5][2-3]": "potential_loyalist",
    r"5[4-5]": "champions",
}


def customers(n: int) -> pd.DataFrame:
    """Return simulated customers with many ties in the number of orders."""
    rng = np.random.default_rng(3)
    return pd.DataFrame(
        {
            "customer_id": np.arange(n),
            "days_since_last": rng.integers(0, 700, n),
            "orders_365d": 1 + rng.poisson(rng.gamma(0.8, 2.0, n)),
            "spend_365d": np.round(rng.gamma(1.5, 60.0, n), 2),
        }
    )


def ours(table: pd.DataFrame) -> pd.DataFrame:
    """Fit and label."""
    result: pd.DataFrame = RFM().fit(table).transform(table)
    return result


def qcut(table: pd.DataFrame) -> pd.DataFrame:
    """Score by pd.qcut alone (duplicate edges dropped), no names."""
    scores = [pd.qcut(table[c], 5, labels=False, duplicates="drop") for c in COLUMNS]
    return table.assign(r=scores[0], f=scores[1], m=scores[2])


def ranked(table: pd.DataFrame) -> pd.DataFrame:
    """Score by pd.qcut with labels, of ranks, without which it refuses repeated edges; no names."""
    scores = {c: pd.qcut(table[c].rank(method="first"), 5, labels=[1, 2, 3, 4, 5]) for c in COLUMNS}
    return table.assign(**{f"{c}_score": score for c, score in scores.items()})


def recipe(table: pd.DataFrame) -> pd.DataFrame:
    """Follow the usual recipe: rank, qcut, paste the digits, replace by patterns."""
    r = pd.qcut(table["days_since_last"].rank(method="first"), 5, labels=[5, 4, 3, 2, 1])
    f = pd.qcut(table["orders_365d"].rank(method="first"), 5, labels=[1, 2, 3, 4, 5])
    m = pd.qcut(table["spend_365d"].rank(method="first"), 5, labels=[1, 2, 3, 4, 5])
    score = r.astype(str) + f.astype(str) + m.astype(str)
    segment = (r.astype(str) + f.astype(str)).replace(NAMES, regex=True)
    return table.assign(rfm_score=score, segment=segment)


def main() -> None:
    """Print CPU time per customer, the ratios and the memory."""
    n = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    table = customers(n)
    ways = {"layerwise": ours, "pandas qcut, bare": qcut}
    ways |= {"pandas qcut of ranks": ranked, "usual recipe": recipe}
    compare({name: lambda way=way: way(table) for name, way in ways.items()}, per=n)
    print(f"memory above the input: {peak_bytes(lambda: ours(table)) / n:.0f} B per customer")


if __name__ == "__main__":
    main()
