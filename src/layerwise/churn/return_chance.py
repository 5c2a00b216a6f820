"""How likely each silent customer is to return, and how long they stayed away before."""

from collections.abc import Mapping
from typing import Any

import attrs
import numpy as np

from layerwise.errors import DataError
from layerwise.logs import Roster, places
from layerwise.orders.eager import Past
from layerwise.returns import ReturnCurve, fit_returns
from layerwise.vectors import Array, Column, Floats, Labels

LEAST_GAPS = 100
_NUMBERS = 6
_LAST = 3


@attrs.frozen(eq=False)
class PastGaps:
    """The gaps of each customer of the order log.

    Attributes:
        place: Place of each customer of the log in the roster; below 0 if it is not there.
        orders: Occasions of each.
        closed: All gaps that ended, in days, by customer.
        silence: Days from the last occasion of each to as_of.
        spend: Net amounts of all occasions, by customer; None without amounts.
    """

    place: Array
    orders: Array
    closed: Array
    silence: Array
    spend: Array | None

    @property
    def owner(self) -> Array:
        """The customer of the log that each closed gap is of."""
        return np.repeat(np.arange(len(self.orders)), self.orders - 1)


def past_gaps(past: Past, roster: Roster, customer: Any) -> PastGaps:
    """Return the gaps between the occasions of a log."""
    last = np.cumsum(past.orders) - 1
    return PastGaps(
        place=places(past.ids, customer, roster),
        orders=past.orders,
        closed=np.delete(np.diff(past.days), last[:-1]),
        silence=past.now - past.days[last],
        spend=past.spend,
    )


def check_silence(gaps: PastGaps, silence: Floats) -> None:
    """Refuse a customer table that was not made from this log as of this day."""
    inside = gaps.place >= 0
    if not inside.any():
        raise DataError(
            "No order is of a customer of the customer table.",
            hint="make the ids of both tables one type, and check that both are of one shop.",
        )
    table = silence[gaps.place[inside]]
    if wrong := int((np.abs(table - gaps.silence[inside]) > 1).sum()):
        raise DataError(
            f"Days of silence of {wrong:,} of {int(inside.sum()):,} customers are not those of the "
            "order log at as_of.",
            hint="make the customer table with summarize(orders, as_of=...) of the same date, and "
            "say here what was said there, such as order=... or amount=None.",
        )


def by_order_number(gaps: PastGaps, top: int = 0) -> tuple[Labels, Labels]:
    """Return by which order each ended gap and each open one began: "1", "2", ... up to "6+".

    The last number, `top`, is one that 100 ended gaps or more began by, if it is not given.
    """
    ends = np.cumsum(gaps.orders - 1)
    number = np.arange(len(gaps.closed)) - np.repeat(ends - gaps.orders + 1, gaps.orders - 1) + 1
    left = np.cumsum(np.bincount(np.minimum(number, _NUMBERS), minlength=_NUMBERS + 1)[::-1])[::-1]
    top = top or max(1, int((left[1:] >= LEAST_GAPS).sum()))
    names = tuple(f"{i}+" if i == top else str(i) for i in range(1, top + 1))
    return tuple(Labels(np.minimum(n, top) - 1, names) for n in (number, gaps.orders))  # type: ignore[return-value]


def by_label(gaps: PastGaps, label: Labels) -> tuple[Labels, Labels]:
    """Return the label of the customer of each ended gap and each open one."""
    code = np.where(gaps.place >= 0, np.append(label.codes, -1)[gaps.place], -1)
    names = tuple(str(name) for name in label.names)
    return Labels(code[gaps.owner], names), Labels(code, names)


def fit_curves(
    gaps: PastGaps, strata: tuple[Labels, Labels] | None
) -> tuple[ReturnCurve, dict[str, ReturnCurve]]:
    """Return the curve of all gaps, and that of each stratum with 100 ended gaps or more."""
    whole = fit_returns(gaps.closed, gaps.silence)
    if strata is None:
        return whole, {}
    closed, open_ = strata
    names = [str(name) for name in closed.names]
    each = np.bincount(closed.codes[closed.codes >= 0], minlength=len(names))
    return whole, {
        name: fit_returns(gaps.closed[closed.codes == i], gaps.silence[open_.codes == i])
        for i, name in enumerate(names)
        if each[i] >= LEAST_GAPS
    }


def chances(
    silence: Floats,
    stratum: Labels | None,
    whole: ReturnCurve,
    curves: Mapping[str, ReturnCurve],
    horizon_days: float,
) -> Floats:
    """Return P(an order within the horizon | silence), by the stratum's own curve if it has one."""
    result = whole.p_return(silence, horizon_days=horizon_days)
    if stratum is None:
        return result
    for i, name in enumerate(stratum.names):
        if (curve := curves.get(str(name))) is not None:
            rows = stratum.codes == i
            result[rows] = curve.p_return(silence[rows], horizon_days=horizon_days)
    return result


def of_customers(gaps: PastGaps, open_: Labels, n: int) -> Labels:
    """Return the stratum of each customer of the roster, missing without an order."""
    code, inside = np.full(n, -1), gaps.place >= 0
    code[gaps.place[inside]] = open_.codes[inside]
    return Labels(code, open_.names)


def from_orders(gaps: PastGaps, n: int) -> dict[str, Column]:
    """Return the evidence of past orders: the longest gap, and whether baskets shrank."""
    inside = gaps.place >= 0
    longest = np.full(len(gaps.orders), np.nan)
    np.fmax.at(longest, gaps.owner, gaps.closed)
    result = {"longest_gap_days": _placed(longest, gaps.place, inside, n)}
    if gaps.spend is not None:
        result["basket_ratio"] = _placed(_ratio(gaps.spend, gaps.orders), gaps.place, inside, n)
    return result


def _placed(values: Floats, place: Array, inside: Array, n: int) -> Column:
    result = np.full(n, np.nan)
    result[place[inside]] = values[inside]
    return result


def _ratio(spend: Array, orders: Array) -> Floats:
    """Return mean spend of the last three occasions / of all before, missing below six."""
    ends = np.cumsum(orders)
    total = np.add.reduceat(spend, ends - orders)
    late = sum(spend[np.maximum(ends - i, 0)] for i in range(1, _LAST + 1))
    enough = orders >= 2 * _LAST
    before = np.where(enough, (total - late) / np.maximum(orders - _LAST, 1), np.nan)
    return np.where(before > 0, late / _LAST / np.where(before > 0, before, 1.0), np.nan)
