"""Whether the terms are fair: what one and the same basket costs in each group."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from layerwise import frames
from layerwise.errors import DataError, SpecError, problems
from layerwise.strategy.offers import read_labels, read_numbers


def check_price_fairness(
    plan: object,
    *,
    groups: list[str] | tuple[str, ...],
    basket: str = "spend_mean",
    rules: Mapping[str, str] | None = None,
    quantiles: tuple[float, ...] = (0.1, 0.5, 0.9),
) -> pd.DataFrame:
    """Return what one and the same basket costs in each group, with the gap to the cheapest.

    A row a group column, basket and group: `group_by`, `basket` (an amount: a quantile of usual
    baskets), `group`, `customers`, `with_coupon` (share whose coupon holds for that basket),
    `net_price` (the basket less the mean coupon), `gap` to the cheapest group, `rule` (the
    published rule that explains it, if any), `flag` (a gap that no rule explains) and
    `untargeted_price`: what the basket would cost everybody if the coupons that hold for it were
    the same for all, which costs the shop as much. Offer that beside the targeted terms.

    Groups are compared by what they are offered, not by why: a published rule (such as a level's
    benefits) explains a gap, a model's score does not. Whether a gap is lawful is for counsel (PIPL
    article 24: no unreasonable differences in price terms by automated decision).

    Args:
        plan: The customers of a `CouponPlan`, or any table with `coupon_value` and
            `coupon_threshold`, missing without coupon.
        groups: Columns of tiers, levels or protected groups; a missing group is one of its own.
        basket: Column of usual baskets, for the amounts to compare at.
        rules: Group column -> id of the published rule that explains its gaps.
        quantiles: Which quantiles of usual baskets to compare at.

    Raises:
        ColumnsError: Columns are missing or of the wrong type.
        DataError: There is no usual basket.
        SpecError: Groups, rules or quantiles are impossible.

    Example:
        >>> offers = pd.DataFrame({
        ...     "tier": ["a", "a", "b", "b"], "spend_mean": 50.0, "coupon_threshold": 40.0,
        ...     "coupon_value": [8.0, 8.0, 8.0, float("nan")],
        ... })
        >>> found = check_price_fairness(offers, groups=["tier"], quantiles=(0.5,))
        >>> found[["basket", "group", "net_price", "gap", "flag", "untargeted_price"]]
           basket group  net_price  gap   flag  untargeted_price
        0    50.0     a       42.0  0.0  False              44.0
        1    50.0     b       46.0  4.0   True              44.0
    """
    names, explained = _check_groups(groups, rules, quantiles)
    frame = frames.eager(plan, doing="check_price_fairness")
    value = read_numbers(frame, "coupon_value", "the coupons")
    threshold = read_numbers(frame, "coupon_threshold", "the coupons")
    usual = read_numbers(frame, basket, "basket=")
    usual = usual[usual > 0]
    if not len(usual):
        raise DataError(f"{basket} is nowhere above 0.", hint="basket= names the usual basket.")
    sizes = np.unique(np.quantile(usual, quantiles, method="inverted_cdf"))
    tables = []
    for name in names:
        found = pd.Series(read_labels(frame, name, "groups"), dtype=object)
        code, group = pd.factorize(found, sort=True)
        n = np.bincount(code, minlength=len(group))
        for size in sizes:
            off = np.where(threshold <= size, np.minimum(np.nan_to_num(value), size), 0.0)
            price = size - np.bincount(code, weights=off, minlength=len(group)) / n
            gap = price - price.min()
            tables.append(pd.DataFrame({
                "group_by": name,
                "basket": size,
                "group": group,
                "customers": n,
                "with_coupon": np.bincount(code, weights=off > 0, minlength=len(group)) / n,
                "net_price": price,
                "gap": gap,
                "rule": explained.get(name, ""),
                "flag": (gap > 1e-9 * size) & (name not in explained),
                "untargeted_price": size - off.mean(),
            }))  # fmt: skip
    return pd.concat(tables, ignore_index=True)


def _check_groups(groups: Any, rules: Any, quantiles: Any) -> tuple[list[str], dict[str, str]]:
    wrong = []
    several = isinstance(groups, (list, tuple)) and len(groups) > 0
    if not several or not all(isinstance(g, str) for g in groups):
        wrong.append("groups must name at least one column")
    good = isinstance(quantiles, tuple) and len(quantiles) and all(
        isinstance(q, float) and 0 < q < 1 for q in quantiles)  # fmt: skip
    if not good:
        wrong.append("quantiles must be numbers between 0 and 1")
    named = {} if rules is None else rules
    if not isinstance(named, Mapping) or (not wrong and set(named) - set(groups)):
        wrong.append("rules must map group columns to ids of published rules")
    if wrong:
        raise SpecError(
            problems("check_price_fairness cannot be used so:", wrong),
            hint='groups=["tier"], rules={"tier": "lvl_benefit_discount"}.',
        )
    return list(groups), dict(named)
