"""Coupons: who gets one because it pays, who to learn from, and whether the terms are fair."""

from collections.abc import Mapping
from typing import Any

import attrs
import numpy as np
import pandas as pd

from layerwise import frames
from layerwise.brief import in_brief
from layerwise.errors import ColumnsError, DataError, SpecError, problems
from layerwise.frames import Array, Floats, Labels
from layerwise.layers.exact import exact_sum
from layerwise.logs import read_log, read_roster
from layerwise.rates import wilson
from layerwise.strategy.holdout import draws
from layerwise.strategy.offers import (
    best_first,
    check_numbers,
    read_flag,
    read_labels,
    read_numbers,
)

_COUNTS = ("treated", "treated_buyers", "coupon_users", "control", "control_buyers")
_REASONS = (
    "gains", "test cell", "held out", "no gain", "layer not tested", "budget used up",
    "no consent", "has an open coupon", "not evaluable",
)  # fmt: skip
_GAINS, _TEST, _HELD, _NO_GAIN, _UNTESTED, _BUDGET, _CONSENT, _OPEN, _UNKNOWN = range(9)
_GAIN_HINT = "coupon_gain(p1=0.12, p0=0.10, margin=30, face_value=5, use_share=0.6)."
_HINT = "allocate_coupons(customers, face_value=5, margin=0.3, layer='value', experiment=table)."


@attrs.frozen(kw_only=True, eq=False)
class CouponPlan:
    """Who gets a coupon, on what terms, and why.

    Attributes:
        customers: The customer table with `coupon` (issue, test or none), `coupon_reason`,
            `coupon_value`, `coupon_threshold` (the basket from which it holds), `expected_gain`
            and `expected_cost` (missing where no experiment tells).
        layers: A row a layer of the experiment: p1, p0, uplift with its interval, use_share, and
            `break_even`, the uplift above which the mean customer's coupon pays.
        reasons: Customers by reason; they add up to all.
        cost: What the issued coupons are expected to cost, test coupons at full value.
        gain: What the issued ones are expected to gain; the test cell earns knowledge.
        budget: What was allowed; None: no limit.
    """

    customers: Any = attrs.field(repr=False)
    layers: pd.DataFrame
    reasons: pd.DataFrame
    cost: float
    gain: float
    budget: float | None

    __repr__ = in_brief

    def __str__(self) -> str:
        count = self.reasons.set_index("reason")["customers"]
        limit = "no limit" if self.budget is None else f"of {self.budget:,.2f}"
        issued, test = count["gains"], count["test cell"]
        lines = [
            f"{issued:,} coupons issued and {test:,} in a test cell, of {count.sum():,} customers",
            f"expected gain {self.gain:,.2f}, cost {self.cost:,.2f} ({limit})",
        ]
        told = self.reasons[self.reasons["customers"] > 0]
        return "\n".join([*lines, told.to_string(index=False)])


def coupon_gain(p1: Any, p0: Any, *, margin: Any, face_value: Any, use_share: Any) -> Floats:
    """Return what a coupon gains: p1 · (g − d · u) − p0 · g.

    It is above zero if the uplift p1 − p0 is above the break-even p1 · d · u / g. A buyer whom the
    coupon does not move (p0 = p1) costs p1 · d · u.

    Args:
        p1: Probability to buy with the coupon.
        p0: Probability to buy without.
        margin: Margin of an order in money, before the coupon; g.
        face_value: What the coupon takes off; d.
        use_share: Share of orders with the coupon at hand that use it; u.

    Raises:
        SpecError: Something holds no numbers, infinite ones, or the lengths differ.

    >>> coupon_gain([0.12, 0.12], [0.10, 0.12], margin=30, face_value=5, use_share=0.6).round(2)
    array([ 0.24, -0.36])
    """
    try:
        p, q, g, d, u = np.broadcast_arrays(
            *(np.asarray(v, dtype=np.float64) for v in (p1, p0, margin, face_value, use_share))
        )
    except (TypeError, ValueError, OverflowError):
        raise SpecError(
            "coupon_gain needs numbers, one each or lists of one length.", hint=_GAIN_HINT
        ) from None
    if any(np.isinf(v).any() for v in (p, q, g, d, u)):
        raise SpecError("coupon_gain cannot work with infinite numbers.", hint=_GAIN_HINT)
    return np.asarray(p * (g - d * u) - q * g)


def allocate_coupons(
    customers: object,
    *,
    face_value: float,
    margin: float,
    experiment: pd.DataFrame | None = None,
    layer: str | None = None,
    basket: str = "spend_mean",
    budget: float | None = None,
    holdout: float = 0.1,
    test_share: float = 0.1,
    threshold_factor: float = 1.2,
    round_to: float = 5.0,
    consent: str | None = None,
    open_coupon: str | None = None,
    salt: str = "layerwise",
) -> CouponPlan:
    """Return who gets a coupon: where an experiment says that it pays, best first.

    The gain of each customer is that of `coupon_gain`, with p1, p0 and u of the customer's layer in
    the experiment, and g = `margin` × own basket. Only gains above zero are issued. In a layer that
    no experiment has tested nothing is known to pay: a random `test_share` gets the coupon, the
    rest none, and the comparison of both is the experiment. Of a tested layer a random `holdout`
    gets none, so that the effect stays known. Both are drawn from id and salt, so they are stable.

    The coupon holds from a basket of `threshold_factor` × the own usual basket, rounded to a
    multiple of `round_to`. The budget is of expected costs, p1 · u · d, filled by gain / cost; test
    coupons come last and count at face value. Equals go by a draw from their id.

    p1 and p0 of few customers are uncertain: see `low` and `high` in the plan's layers. The two
    probabilities are for the time in which the coupon was valid in the experiment.

    Args:
        customers: One row a customer, an eager frame.
        face_value: What the coupon takes off, in the currency of the orders.
        margin: Contribution margin, the share of spend that is earned.
        experiment: A row a layer (a column named as `layer`; without layers one row) with the
            counts `treated`, `treated_buyers`, `coupon_users` (buyers who used the coupon),
            `control` and `control_buyers`. None: no test yet.
        layer: Column of the layer that the experiment was made by; None: one for all.
        basket: Column of the usual basket, e.g. `basket_median` of `add_basket_median`.
        budget: Expected cost never to exceed; None: no limit.
        holdout: Share of a tested layer that gets no coupon.
        test_share: Share of an untested layer that gets one.
        threshold_factor: See above.
        round_to: See above.
        consent: Column, true where marketing is consented to; missing is no. None: not looked at.
        open_coupon: Column, true where a coupon is still open; None: nobody has one.
        salt: Text that sets the draws of this campaign apart.

    Raises:
        ColumnsError: Columns are missing or of the wrong type.
        DataError: Ids, baskets or the counts of the experiment are impossible.
        SpecError: A choice is impossible.

    Example:
        >>> people = pd.DataFrame({
        ...     "customer_id": range(1000), "value": ["high", "low"] * 500,
        ...     "spend_mean": [100.0, 20.0] * 500,
        ... })
        >>> test = pd.DataFrame({
        ...     "value": ["high", "low"], "treated": [500, 500], "treated_buyers": [100, 60],
        ...     "coupon_users": [60, 50], "control": [500, 500], "control_buyers": [75, 60],
        ... })
        >>> plan = allocate_coupons(
        ...     people, face_value=5, margin=0.3, layer="value", experiment=test, budget=100
        ... )
        >>> print(plan)
        166 coupons issued and 0 in a test cell, of 1,000 customers
        expected gain 149.40, cost 99.60 (of 100.00)
                reason  customers
                 gains        166
              held out        109
               no gain        442
        budget used up        283
    """
    _check(face_value, margin, budget, holdout, test_share, threshold_factor, round_to)
    frame = frames.eager(customers, doing="allocate_coupons")
    roster = read_roster(customers)
    usual = read_numbers(frame, basket, "basket=")
    labels = np.full(len(usual), "all", dtype=object) if layer is None else read_labels(
        frame, layer, "layer=")  # fmt: skip
    rates = _rates(experiment, layer)
    each = _of_layer(rates, labels)
    gain = coupon_gain(
        each["p1"], each["p0"], margin=margin * usual, face_value=face_value,
        use_share=each["use_share"],
    )  # fmt: skip
    tested = ~np.isnan(each["p1"])
    cost = np.where(tested, each["p1"] * each["use_share"] * face_value, face_value)
    ids = roster.ids.to_numpy(dtype=object)
    draw = draws(ids.tolist(), "coupon", salt=salt)
    reason = np.select(
        [
            ~read_flag(frame, consent, "consent=", default=True),
            read_flag(frame, open_coupon, "open_coupon="),
            np.isnan(usual) | (usual <= 0) | (labels == ""),
            tested & (draw < holdout),
            tested & ~(gain > 0),
            ~tested & (draw >= test_share),
            ~tested,
        ],
        [_CONSENT, _OPEN, _UNKNOWN, _HELD, _NO_GAIN, _UNTESTED, _TEST],
        default=_GAINS,
    )
    _keep_within(budget, reason, gain, cost, ids, salt)
    given = reason <= _TEST
    threshold = np.maximum(np.floor(threshold_factor * usual / round_to + 0.5), 1.0) * round_to
    added: dict[str, Any] = {
        "coupon": Labels(np.where(reason == _GAINS, 0, np.where(given, 1, 2)),
                         ("issue", "test", "none")),
        "coupon_reason": Labels(reason, _REASONS),
        "coupon_value": np.where(given, face_value, np.nan),
        "coupon_threshold": np.where(given, threshold, np.nan),
        "expected_gain": gain,
        "expected_cost": np.where(tested, cost, np.nan),
    }  # fmt: skip
    count = np.bincount(reason, minlength=len(_REASONS))
    known = usual[~np.isnan(usual)]
    mean = margin * float(known.mean()) if len(known) else np.nan
    return CouponPlan(
        customers=frames.attach(frame, added),
        layers=rates.assign(break_even=rates["p1"] * face_value * rates["use_share"] / mean),
        reasons=pd.DataFrame({"reason": list(_REASONS), "customers": count}),
        cost=exact_sum(cost[given]),
        gain=exact_sum(gain[reason == _GAINS]),
        budget=budget,
    )


def _keep_within(
    budget: float | None, reason: Array, gain: Floats, cost: Floats, ids: Array, salt: str
) -> None:
    """Take coupons back from the end of the list until the budget holds."""
    if budget is None:
        return
    ratio = np.divide(gain, cost, out=np.full(len(cost), np.inf), where=cost > 0)
    paying = best_first(ratio, reason == _GAINS, ids, salt=salt)
    testing = best_first(np.zeros(len(cost)), reason == _TEST, ids, salt=salt)
    order = np.concatenate([paying, testing])
    reason[order[np.cumsum(cost[order]) > budget]] = _BUDGET


def _rates(experiment: Any, layer: str | None) -> pd.DataFrame:
    """Return p1, p0, u and the interval of the uplift (Newcombe's) for each layer.

    Source: Newcombe (1998), Statistics in Medicine 17, method 10.
    """
    key = layer or "all"
    if experiment is None:
        names = [key, "p1", "p0", "uplift", "low", "high", "use_share"]
        return pd.DataFrame({name: pd.Series(dtype=float) for name in names})
    n1, x1, used, n0, x0 = _counts(experiment, layer)
    p1, p0 = x1 / n1, x0 / n0
    (l1, h1), (l0, h0) = wilson(x1, n1), wilson(x0, n0)
    labels = np.array(["all"], dtype=object) if layer is None else (
        experiment[layer].astype(str).to_numpy(dtype=object))  # fmt: skip
    return pd.DataFrame({
        key: labels,
        "p1": p1,
        "p0": p0,
        "uplift": p1 - p0,
        "low": p1 - p0 - np.hypot(p1 - l1, h0 - p0),
        "high": p1 - p0 + np.hypot(h1 - p1, p0 - l0),
        # Nobody bought with the coupon: what share would use it is not known, so all might.
        "use_share": np.divide(used, x1, out=np.ones(len(x1)), where=x1 > 0),
    })  # fmt: skip


def _counts(experiment: Any, layer: str | None) -> list[Floats]:
    if not isinstance(experiment, pd.DataFrame):
        raise SpecError(
            f"experiment must be a pandas DataFrame, got {type(experiment).__name__}.", hint=_HINT
        )
    frames.check_names(experiment.columns, "the experiment")
    needed = dict.fromkeys(_COUNTS if layer is None else (layer, *_COUNTS), "experiment")
    frames.require(list(experiment.columns), needed, title="The experiment lacks columns:")
    found = [read_numbers(frames.wrap(experiment), name, "experiment") for name in _COUNTS]
    n1, x1, used, n0, x0 = found
    wrong = {
        "counts that are missing or not whole": np.isnan(found).any(axis=0)
        | (np.rint(found) != found).any(axis=0),
        "an arm without customers": (n1 == 0) | (n0 == 0),
        "more buyers than customers": (x1 > n1) | (x0 > n0),
        "more users of the coupon than buyers": used > x1,
    }
    if layer is not None:
        wrong["layers that are missing or stand twice"] = (
            experiment[layer].isna() | experiment[layer].duplicated()
        ).to_numpy()
    lines = [f"{text}: {int(w.sum()):,} of {len(w):,} rows" for text, w in wrong.items() if w.any()]
    if layer is None and len(experiment) != 1:
        lines.append(f"{len(experiment):,} rows, and no layer= that tells them apart")
    if lines or not len(experiment):
        raise DataError(
            problems("The experiment cannot be used:", lines or ["there are no rows"]),
            hint="a row a layer, with counts of customers, buyers and coupon users.",
        )
    return found


def _of_layer(rates: pd.DataFrame, labels: Array) -> dict[str, Floats]:
    place = pd.Index(rates.iloc[:, 0].astype(object)).get_indexer(pd.Index(labels, dtype=object))
    return {
        name: np.append(rates[name].to_numpy(dtype=np.float64), np.nan)[place]
        for name in ("p1", "p0", "use_share")
    }


def _check(
    face_value: Any, margin: Any, budget: Any, holdout: Any, test_share: Any, factor: Any, step: Any
) -> None:
    below_one = float(np.nextafter(1.0, 0.0))
    given: dict[str, tuple[Any, float, float]] = {
        "face_value": (face_value, 0, np.inf),
        "margin": (margin, 0, 1),
        "budget": (0.0 if budget is None else budget, 0, np.inf),
        "holdout": (holdout, 0, below_one),
        "test_share": (test_share, 0, below_one),
        "threshold_factor": (factor, 0, np.inf),
        "round_to": (step, float(np.finfo(float).tiny), np.inf),
    }
    check_numbers("allocate_coupons", given, _HINT)


def add_basket_median(
    customers: Any,
    orders: object,
    *,
    as_of: Any,
    customer: str = "customer_id",
    time: str = "ordered_at",
    amount: str = "amount",
    order: str | None = None,
) -> Any:
    """Return the customer table with `basket_median`, each one's median basket.

    A basket is what was spent on a day, or in an order if `order` names its column; baskets of 0 or
    less are none. Missing for customers without one. Half of an even number is the mean of both.

    Args:
        customers: One row a customer, an eager frame.
        orders: The order log, an eager frame.
        as_of: Last day that counts.
        customer: The log's column of customer ids.
        time: Its column of dates.
        amount: Its column of amounts, summed by basket.
        order: Its column of order ids; None: a day is a basket.

    Raises:
        ColumnsError: Columns are missing or of the wrong type.
        DataError: Dates or ids cannot be used.

    Warns:
        RowsLeftOutWarning: Rows without customer, date, or of other customers.

    Example:
        >>> orders = pd.DataFrame({
        ...     "customer_id": [1, 1, 1], "amount": [5.0, 7.0, 30.0],
        ...     "ordered_at": ["2024-05-01", "2024-05-02", "2024-05-03"],
        ... })
        >>> people = pd.DataFrame({"customer_id": [1, 2]})
        >>> add_basket_median(people, orders, as_of="2024-06-30")
           customer_id  basket_median
        0            1            7.0
        1            2            NaN
    """
    frame = frames.eager(customers, doing="add_basket_median")
    frames.check_named({"amount=": amount}, {"order=": order})
    needs = (amount,) if order is None else (amount, order)
    log = read_log(
        orders, read_roster(customers), what="the order log", as_of=as_of, customer=customer,
        time=time, needs=needs, ignore_future=True,
    )  # fmt: skip
    values = log.column(amount)
    if isinstance(values, Labels):
        raise ColumnsError(f"Column {amount} holds text, not amounts.", hint="make it numbers.")
    keys = {"who": log.customer, "basket": log.day}
    if order is not None:
        found = log.column(order)
        keys["basket"] = found.codes if isinstance(found, Labels) else found
    lines = pd.DataFrame(keys | {"amount": values})
    baskets = lines.groupby(["who", "basket"], sort=False)["amount"].sum()
    medians = baskets[baskets > 0].groupby("who").median()
    middle = np.full(len(frame), np.nan)
    middle[medians.index.to_numpy()] = medians.to_numpy()
    return frames.attach(frame, {"basket_median": middle})


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
