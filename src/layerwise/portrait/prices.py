"""How dear the things are that each customer buys, beside others of their category."""

import numpy as np

from layerwise.portrait.lines import Codes, Purchases
from layerwise.vectors import Array, Column, Floats, Labels

TIERS = ("budget", "middle", "premium")
PRICE_CUTS = (0.9, 1.1)
LEAST_PRICED = 5


def price_level(
    lines: Purchases,
    kinds: Codes | None,
    quantity: str | None,
    amount: str | None,
    not_made: dict[str, str],
) -> dict[str, Column]:
    """Return each customer's price level beside the medians of the categories bought."""
    if kinds is None or quantity is None or amount is None:
        not_made["price tier"] = "category=, quantity= and amount="
        return {}
    pieces = lines.numbers(quantity)
    has = lines.bought & (pieces > 0) & (kinds.codes >= 0)
    kind, who = kinds.codes[has], lines.customer[has]
    price = np.log(lines.amounts.value[has] / pieces[has])
    away = price - _medians(kind, price, len(kinds.names))[kind]
    n = np.bincount(who, minlength=lines.customers)
    # Whole billionths add up the same in any order.
    total = np.bincount(who, np.round(away * 1e9), lines.customers) / 1e9
    index = np.exp(total / np.where(n > 0, n, np.nan))
    tier = np.where(n < LEAST_PRICED, 3, np.searchsorted(PRICE_CUTS, np.nan_to_num(index)))
    names = (*TIERS, "not_evaluable")
    return {"price_index": index, "price_tier": Labels(tier, names)}


def _medians(kind: Array, price: Floats, n: int) -> Floats:
    """Return the lower median of each kind's prices."""
    order = np.lexsort((price, kind))
    counts = np.bincount(kind, minlength=n)
    start = np.cumsum(counts) - counts
    medians = np.full(n, np.nan)
    has = counts > 0
    medians[has] = price[order[(start + (counts - 1) // 2)[has]]]
    return medians
