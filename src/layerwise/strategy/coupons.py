"""Coupons: who gets one because it pays, and who to learn from."""

from typing import Any

import attrs
import numpy as np
import pandas as pd

from layerwise import frames, vectors
from layerwise.brief import in_brief
from layerwise.columns import CUSTOMER
from layerwise.errors import SpecError
from layerwise.layers.exact import exact_sum
from layerwise.logs import read_roster
from layerwise.orders.amounts import MOST_MONEY
from layerwise.strategy.coupon_experiment import HINT, read_rates
from layerwise.strategy.holdout import draws
from layerwise.strategy.offers import (
    best_first,
    check_numbers,
    read_flag,
    read_labels,
    read_numbers,
)
from layerwise.vectors import Array, Floats, Labels

_REASONS = (
    "gains", "test cell", "held out", "no gain", "layer not tested", "budget used up",
    "no consent", "has an open coupon", "not evaluable",
)  # fmt: skip
_GAINS, _TEST, _HELD, _NO_GAIN, _UNTESTED, _BUDGET, _CONSENT, _OPEN, _UNKNOWN = range(9)
_DECIMALS = 6
"""Of money: three times 0.1 is 0.3 and within a budget of it, as in `spend_budget`."""

_GAIN_HINT = "coupon_gain(p1=0.12, p0=0.10, margin=30, face_value=5, use_share=0.6)."


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
        margin: Margin of an order in money, before the coupon; g. (`allocate_coupons` takes a share
            of the basket instead.)
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
        if any(np.asarray(v).dtype.kind in "SU" for v in (p1, p0, margin, face_value, use_share)):
            raise TypeError("text")
    except (TypeError, ValueError, OverflowError):
        raise SpecError(
            "coupon_gain needs numbers, one each or lists of one length.", hint=_GAIN_HINT
        ) from None
    if any((np.abs(v) > MOST_MONEY).any() for v in (p, q, g, d, u)):
        raise SpecError(
            f"coupon_gain cannot work with infinite numbers, or beyond {MOST_MONEY:g}.",
            hint=_GAIN_HINT,
        )
    return np.asarray(p * (g - d * u) - q * g)


def allocate_coupons(
    customers: object,
    *,
    face_value: float,
    margin: float,
    experiment: object = None,
    layer: str | None = None,
    basket: str = "spend_mean",
    budget: float | None = None,
    holdout: float = 0.1,
    test_share: float = 0.1,
    threshold_factor: float = 1.2,
    round_to: float = 5.0,
    consent: str | None = None,
    open_coupon: str | None = None,
    customer: str = CUSTOMER,
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
        experiment: A frame in memory, a row a layer (a column named as `layer`; without layers one
            row) with the counts `treated`, `treated_buyers`, `coupon_users` (buyers who used the
            coupon), `control` and `control_buyers`. None: no test yet.
        layer: Column of the layer that the experiment was made by; None: one for all.
        basket: Column of the usual basket, e.g. `basket_median` of `add_basket_median`.
        budget: Expected cost never to exceed; None: no limit.
        holdout: Share of a tested layer that gets no coupon.
        test_share: Share of an untested layer that gets one.
        threshold_factor: See above.
        round_to: See above.
        consent: Column, true where marketing is consented to; missing is no. None: not looked at.
        open_coupon: Column, true where a coupon is still open; None: nobody has one.
        customer: Column of customer ids.
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
    roster = read_roster(customers, customer=customer)
    usual = read_numbers(frame, basket, "basket=")
    labels = np.full(len(usual), "all", dtype=object) if layer is None else read_labels(
        frame, layer, "layer=")  # fmt: skip
    rates = read_rates(experiment, layer)
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
        customers=vectors.attach(frame, added),
        layers=rates.assign(break_even=rates["p1"] * face_value * rates["use_share"] / mean),
        reasons=pd.DataFrame({"reason": list(_REASONS), "customers": count}),
        cost=round(exact_sum(cost[given]), _DECIMALS),
        gain=exact_sum(gain[reason == _GAINS]),
        budget=budget,
    )


def _keep_within(
    budget: float | None, reason: Array, gain: Floats, cost: Floats, ids: Array, salt: str
) -> None:
    """Take coupons back from the end of the list until the budget holds."""
    if budget is None:
        return
    with np.errstate(over="ignore"):  # next to nothing is paid: infinitely worth it
        ratio = np.divide(gain, cost, out=np.full(len(cost), np.inf), where=cost > 0)
    paying = best_first(ratio, reason == _GAINS, ids, salt=salt)
    testing = best_first(np.zeros(len(cost)), reason == _TEST, ids, salt=salt)
    order = np.concatenate([paying, testing])
    reason[order[np.round(np.cumsum(cost[order]), _DECIMALS) > budget]] = _BUDGET


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
        "face_value": (face_value, 0, MOST_MONEY),
        "margin": (margin, 0, 1),
        "budget": (0.0 if budget is None else budget, 0, MOST_MONEY),
        "holdout": (holdout, 0, below_one),
        "test_share": (test_share, 0, below_one),
        "threshold_factor": (factor, 0, MOST_MONEY),
        "round_to": (step, 1e-6, MOST_MONEY),
    }
    check_numbers("allocate_coupons", given, HINT)
