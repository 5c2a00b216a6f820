"""How likely each silent customer is to return, and how long they stayed away before."""

from typing import Any

import attrs
import numpy as np

from layerwise.errors import DataError
from layerwise.frames import Array, Column, Floats, Labels
from layerwise.logs import Roster, places
from layerwise.orders.eager import Past
from layerwise.returns import ReturnCurve, fit_returns

LEAST_GAPS = 100
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
            "say here what was said there, such as amount=None.",
        )


def fit_curves(gaps: PastGaps, layer: Labels | None) -> tuple[ReturnCurve, dict[str, ReturnCurve]]:
    """Return the curve of all gaps, and that of each layer with enough gaps of its own."""
    whole = fit_returns(gaps.closed, gaps.silence)
    if layer is None:
        return whole, {}
    code = np.where(gaps.place >= 0, np.append(layer.codes, -1)[gaps.place], -1)
    by_gap = code[gaps.owner]
    each = np.bincount(by_gap[by_gap >= 0], minlength=len(layer.names))
    return whole, {
        str(name): fit_returns(gaps.closed[by_gap == i], gaps.silence[code == i])
        for i, name in enumerate(layer.names)
        if each[i] >= LEAST_GAPS
    }


def chances(
    silence: Floats,
    layer: Labels | None,
    whole: ReturnCurve,
    curves: dict[str, ReturnCurve],
    horizon_days: float,
) -> Floats:
    """Return P(an order within the horizon | silence), by the layer's own curve where there is."""
    result = whole.p_return(silence, horizon_days=horizon_days)
    for name, curve in curves.items():
        assert layer is not None  # noqa: S101 - narrows the type; curves are of layers
        rows = layer.codes == [str(label) for label in layer.names].index(name)
        result[rows] = curve.p_return(silence[rows], horizon_days=horizon_days)
    return result


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
