"""Whom to contact: everyone whose contact is worth more than it costs, as far as hands reach."""

from typing import Any

import attrs
import numpy as np
import pandas as pd

from layerwise import arguments, frames, vectors
from layerwise import columns as c
from layerwise.brief import in_brief
from layerwise.errors import DataError, SpecError, problems
from layerwise.layers.exact import exact_sum
from layerwise.logs import read_roster
from layerwise.models.process import horizon
from layerwise.orders.amounts import MOST_MONEY
from layerwise.rules.base import numbers
from layerwise.saved import fits
from layerwise.vectors import Array, Floats


@attrs.frozen(kw_only=True, eq=False)
class ContactPlan:
    """Whom to contact, and what that is expected to gain beside the alternatives.

    Attributes:
        customers: The risk table with `contact` (true or false) and, where the costs are known,
            `expected_gain`, missing where risk or value is.
        alternatives: A row a choice ("contact none", "contact all", "chosen", and "longest
            silence", the plain baseline: as many as chosen, by days since the last order): how many
            are `contacted`, the `value_at_risk` reached, how many who would be silent are
            `expected_saved`, the `expected_cost` and the `expected_gain` in the currency of the
            orders; the last three are missing without costs.
        contacted: How many are chosen.
        threshold: The least value at risk among the chosen; missing if nobody is.
        not_evaluable: Customers whose risk or value is unknown; they are never chosen.
        horizon_days: Days ahead.
    """

    customers: Any = attrs.field(repr=False)
    alternatives: pd.DataFrame
    contacted: int
    threshold: float
    not_evaluable: int
    horizon_days: float

    __repr__ = in_brief

    def __str__(self) -> str:
        judged = len(self.customers) - self.not_evaluable
        first = f"contact {self.contacted:,} of {judged:,} customers"
        if self.contacted:
            first += f", with {self.threshold:,.2f} or more at risk in {self.horizon_days:g} days"
        lines = [first]
        if self.not_evaluable:
            lines.append(f"{self.not_evaluable:,} more cannot be judged")
        table = self.alternatives.dropna(axis="columns", how="all")
        lines.append(table.to_string(index=False, float_format=lambda v: f"{v:,.1f}"))
        return "\n".join(lines)


@attrs.frozen(kw_only=True)
class _Costs:
    """What a contact costs and earns; all three or none."""

    contact_cost: float | None
    margin: float | None
    save_rate: float | None
    offer_cost: float

    @property
    def known(self) -> bool:
        return self.contact_cost is not None

    def gain(self, p: Floats, if_buying: Floats) -> Floats:
        """Return p · s · (m · v − o) − (1 − p) · o − c."""
        if self.contact_cost is None or self.margin is None or self.save_rate is None:
            return np.full(len(p), np.nan)
        saved = p * self.save_rate * (self.margin * if_buying - self.offer_cost)
        return saved - (1.0 - p) * self.offer_cost - self.contact_cost

    def cost(self, p: Floats) -> Floats:
        """Return what the contact and the offers taken up cost."""
        if self.contact_cost is None or self.save_rate is None:
            return np.full(len(p), np.nan)
        return self.contact_cost + self.offer_cost * (1.0 - p + self.save_rate * p)


def choose_contacts(
    risks: object,
    *,
    horizon_days: float,
    contact_cost: float | None = None,
    margin: float | None = None,
    save_rate: float | None = None,
    offer_cost: float = 0.0,
    capacity: int | None = None,
) -> ContactPlan:
    """Return whom to contact: by costs, by capacity, or by both.

    With the three costs each customer whose contact gains more than it costs is chosen:

        gain = p · s · (m · v − o) − (1 − p) · o − c

    with p the churn probability, v the spend if buying, m the margin, s the save rate, c the cost
    of a contact, and o that of an offer, which who is saved takes up, and who would have bought
    anyway too. Without an offer that is a threshold on the value at risk: p · v > c / (s · m). With
    `capacity` only the best so many of them are chosen. Without costs the `capacity` customers
    with most at risk are.

    A gain of zero is none. Equal gains at the edge of the capacity go by value at risk, then by
    customer id, so that the order of rows does not matter. The save rate is an assumption, the same
    for everyone: learn it by leaving a random part uncontacted.

    Args:
        risks: What `risk_table(..., spend=...)` returned.
        horizon_days: Days ahead, as in its column names.
        contact_cost: Cost of one contact, in the currency of the orders.
        margin: Contribution margin, the share of spend that is earned.
        save_rate: Share of contacted customers, of those who would have been silent, who buy.
        offer_cost: Cost of the offer of who takes it up, e.g. a coupon.
        capacity: At most so many contacts.

    Raises:
        SpecError: Neither the three costs nor a capacity is given, or one is out of range.
        ColumnsError: `risk_table` columns of this horizon are missing.
        DataError: There are no rows, ids stand twice, or probabilities or values are impossible.

    Source: Neslin, Gupta, Kamakura, Lu and Mason (2006), "Defection Detection", Journal of
    Marketing Research 43, customer by customer, with money of one horizon instead of a lifetime.

    Example:
        >>> risks = pd.DataFrame({
        ...     "customer_id": ["ann", "bob", "cid"], "days_since_last": [200, 90, 5],
        ...     "p_no_purchase_90d": [0.9, 0.5, 0.1], "spend_if_buying_90d": [40.0, 200.0, 300.0],
        ... })
        >>> plan = choose_contacts(
        ...     risks, horizon_days=90, contact_cost=2, margin=0.3, save_rate=0.1
        ... )
        >>> print(plan)
        contact 1 of 3 customers, with 100.00 or more at risk in 90 days
                 choice  contacted  value_at_risk  expected_saved  expected_cost  expected_gain
           contact none          0            0.0             0.0            0.0            0.0
            contact all          3          166.0             0.2            6.0           -1.0
                 chosen          1          100.0             0.1            2.0            1.0
        longest silence          1           36.0             0.1            2.0           -0.9
        >>> plan.customers["contact"].tolist()
        [False, True, False]
    """
    costs = _Costs(
        contact_cost=contact_cost, margin=margin, save_rate=save_rate, offer_cost=offer_cost
    )
    h = horizon(horizon_days)
    _check_choices(costs, capacity)
    frame = frames.eager(risks, doing="choose_contacts")
    p, if_buying = _read(frame, h)
    at_risk, gain = p * if_buying, costs.gain(p, if_buying)
    worth = gain if costs.known else at_risk
    chosen = _best(worth, at_risk, capacity, risks)
    added = {c.CONTACT: chosen} | ({c.EXPECTED_GAIN: gain} if costs.known else {})
    return ContactPlan(
        customers=vectors.attach(frame, added),
        alternatives=_alternatives(frame, chosen, p, if_buying, costs),
        contacted=int(chosen.sum()),
        threshold=float(at_risk[chosen].min()) if chosen.any() else float("nan"),
        not_evaluable=int(np.isnan(at_risk).sum()),
        horizon_days=h,
    )


def _best(worth: Floats, at_risk: Floats, capacity: int | None, risks: object) -> Array:
    """Return who is worth more than nothing, at most `capacity` of them, the best first."""
    roster = read_roster(risks)
    good: Array = worth > 0
    if capacity is None or good.sum() <= capacity:
        return good
    if not capacity:
        return np.zeros(len(good), dtype=bool)
    places = np.flatnonzero(good)
    order = np.lexsort((at_risk[places], worth[places]))[::-1]
    edge = places[order[capacity - 1]]
    level = worth == worth[edge]
    equal = good & level & (at_risk == at_risk[edge])
    better: Array = good & ((worth > worth[edge]) | (level & (at_risk > at_risk[edge])))
    tied = np.flatnonzero(equal)
    ids = [(str(v), type(v).__name__) for v in roster.ids.iloc[tied]]
    first = sorted(range(len(tied)), key=ids.__getitem__)[: capacity - int(better.sum())]
    better[tied[first]] = True
    return better


def _alternatives(
    frame: Any, chosen: Array, p: Floats, if_buying: Floats, costs: _Costs
) -> pd.DataFrame:
    judged = ~np.isnan(p * if_buying)
    shares: dict[str, Array] = {
        "contact none": np.zeros(len(p)),
        "contact all": judged.astype(np.float64),
        "chosen": chosen.astype(np.float64),
    }
    if c.SILENCE in frames.column_names(frame):
        silence = numbers(vectors.read(frame, [c.SILENCE])[c.SILENCE])
        shares["longest silence"] = _most_silent(silence, judged, int(chosen.sum()))
    rate = np.nan if costs.save_rate is None else costs.save_rate
    each = {
        "value_at_risk": p * if_buying,
        "expected_saved": rate * p,
        "expected_cost": costs.cost(p),
        "expected_gain": costs.gain(p, if_buying),
    }
    rows = [
        {"choice": name, "contacted": round(share[judged].sum())}
        | {what: exact_sum((share * value)[judged]) for what, value in each.items()}
        for name, share in shares.items()
    ]
    return pd.DataFrame(rows)


def _most_silent(silence: Floats, judged: Array, n: int) -> Floats:
    """Return each customer's chance to be among the `n` most silent; ties at the edge share."""
    days = np.where(judged & ~np.isnan(silence), silence, -np.inf)
    if not n:
        return np.zeros(len(days))
    edge = np.partition(days, len(days) - n)[len(days) - n]
    sure, tied = days > edge, days == edge
    return np.asarray(sure + tied * (n - sure.sum()) / tied.sum(), dtype=np.float64)


def _read(frame: Any, h: float) -> tuple[Floats, Floats]:
    names = (c.p_no_purchase(h), c.spend_if_buying(h))
    title = "The table lacks columns of risk_table."
    needed = dict.fromkeys(names, "choose_contacts")
    hint = (
        f"risk_table(customers, model=..., spend=..., horizon_days={h:g}) adds them; or take the "
        "horizon_days= that the table is of."
    )
    arguments.require(frames.column_names(frame), needed, title=title, hint=hint)
    p, value = (numbers(v) for v in vectors.read(frame, names).values())
    wrong = {
        f"{names[0]} outside 0 to 1": int(((p < 0) | (p > 1)).sum()),
        f"{names[1]} outside 0 to {MOST_MONEY:g}": int(((value < 0) | (value > MOST_MONEY)).sum()),
    }
    lines = [f"{text}: {n:,} of {len(p):,}" for text, n in wrong.items() if n]
    if lines or not len(p):
        raise DataError(
            problems("Nobody can be chosen from this table:", lines or ["there are no rows"]),
            hint="risk_table(customers, model=..., spend=...) makes it.",
        )
    return p, value


def _check_choices(costs: _Costs, capacity: Any) -> None:
    given = {n: getattr(costs, n) for n in ("contact_cost", "margin", "save_rate")}
    missing = [name for name, value in given.items() if value is None]
    wrong: list[str] = []
    if 0 < len(missing) < len(given):
        wrong.append(f"{' and '.join(missing)} missing beside the other costs")
    if len(missing) == len(given) and (capacity is None or costs.offer_cost):
        wrong.append("neither costs nor a capacity say where to stop")
    ranges = {"contact_cost": (0, MOST_MONEY), "margin": (0, 1), "save_rate": (0, 1)}
    for name, (low, high) in (ranges | {"offer_cost": (0, MOST_MONEY)}).items():
        value = getattr(costs, name)
        optional = name != "offer_cost"
        if not (optional and value is None) and not (fits(value, float) and low <= value <= high):
            wrong.append(f"{name} must be a number from {low} to {high:g}")
    if capacity is not None and not (fits(capacity, int) and capacity >= 0):
        wrong.append("capacity must be a whole number of contacts, 0 or more")
    if wrong:
        raise SpecError(
            problems("choose_contacts cannot choose:", wrong),
            hint="choose_contacts(risks, horizon_days=90, contact_cost=2, margin=0.3, "
            "save_rate=0.1), or capacity=300, or all of them.",
        )
