"""Needs layers from tagged items: basic, special and personalised needs."""

import warnings
from typing import ClassVar

import attrs

from layerwise.columns import (
    BASKET_DISTANCE,
    BASKET_ORDERS,
    CUSTOM_ORDERS,
    SPECIAL_ORDERS,
    SPECIAL_SHARE,
)
from layerwise.errors import FewerLayersWarning, SpecError, problems
from layerwise.fitted import Fitted, Spec
from layerwise.layers.edges import middle_edge
from layerwise.rules import NOT_EVALUABLE, FirstMatch
from layerwise.rules.base import numbers
from layerwise.saved import saved
from layerwise.vectors import Columns

READS = (BASKET_ORDERS, CUSTOM_ORDERS, SPECIAL_ORDERS, SPECIAL_SHARE, BASKET_DISTANCE)


@saved
@attrs.frozen(kw_only=True)
class Needs(Spec):
    """Needs layers by the tags of the items bought: basic, special or personalised.

    The columns it reads come from `add_baskets(customers, orders, tags=...)`, where the tags are
    your own words on your items. Without tags there is nothing to call basic or special:
    `NeedsClusters` groups customers by what they buy, and a person names the groups.

    Args:
        special_share: Share of spend on special items that makes special (0 to 1).
        special_orders: Occasions with one special kind that make special as well.
        custom_orders: Occasions with a custom item that make personalised.
        distinct: Baskets further from everybody's than those of this share of customers are
            personalised; 0.9 is the top decile, 1 never.
        distinct_orders: Occasions that a customer needs for `distinct` to count.
        least_orders: Fewer occasions than this are not_evaluable.

    The first that holds gives the label:

    | label | condition |
    | --- | --- |
    | not_evaluable | fewer than `least_orders` occasions, or a column is missing |
    | personalised | a custom order, or a distinct basket (the edge itself is not distinct) |
    | special | `special_share` or `special_orders` reached |
    | basic | the rest |

    Which special need it is stands in `special_kind` of the customer table. Small baskets differ
    from everybody's by chance, so customers with few occasions are distinct more often.

    Raises:
        SpecError: A share is not between 0 and 1, or a count is below 1.

    Example:
        >>> import pandas as pd
        >>> customers = pd.DataFrame({
        ...     "basket_orders": [1, 9, 9, 9], "custom_orders": [0, 0, 0, 1],
        ...     "special_orders": [0, 0, 3, 0], "special_share": [0.0, 0.1, 0.2, 0.0],
        ...     "basket_distance": [0.6, 0.2, 0.2, 0.2],
        ... })
        >>> Needs().fit(customers).transform(customers)["needs"].tolist()
        ['not_evaluable', 'basic', 'special', 'personalised']
    """

    default_name: ClassVar[str] = "needs"

    special_share: float = 0.3
    special_orders: int = 2
    custom_orders: int = 1
    distinct: float = 0.9
    distinct_orders: int = 5
    least_orders: int = 2

    def __attrs_post_init__(self) -> None:
        super().__attrs_post_init__()
        shares = {"special_share": self.special_share, "distinct": self.distinct}
        counts = ("special_orders", "custom_orders", "distinct_orders", "least_orders")
        wrong = [
            f"{n}={v!r} is not above 0 and at most 1" for n, v in shares.items() if not 0 < v <= 1
        ]
        wrong += [
            f"{n}={getattr(self, n)!r} is not 1 or more"
            for n in counts
            if not getattr(self, n) >= 1
        ]
        if wrong:
            raise SpecError(
                problems("Needs cannot use these numbers:", wrong),
                hint="shares lie between 0 and 1 (0.3 is 30 %), counts are whole, from 1 up.",
            )

    def needs(self, name: str) -> tuple[str, ...]:  # noqa: ARG002 - the same for every name
        """Return the basket columns that tags give."""
        return READS

    def learn(self, columns: Columns, name: str) -> Fitted:
        """Learn from which distance on a basket is distinct."""
        edge = self._distinct_edge(columns)
        unknown = " or ".join(f"missing({column})" for column in READS)
        cases = [
            (f"{unknown} or {BASKET_ORDERS} < {self.least_orders}", NOT_EVALUABLE),
            (f"{CUSTOM_ORDERS} >= {self.custom_orders}", "personalised"),
            (f"{SPECIAL_SHARE} >= {self.special_share}", "special"),
            (f"{SPECIAL_ORDERS} >= {self.special_orders}", "special"),
        ]
        if edge is not None:
            far = f"{BASKET_ORDERS} >= {self.distinct_orders} and {BASKET_DISTANCE} > {edge}"
            cases.insert(2, (far, "personalised"))
        rule = FirstMatch(output=name, cases=cases, otherwise="basic")
        return Fitted(spec=self, name=name, rules=(rule,), facts={"distinct_edge": edge})

    def _distinct_edge(self, columns: Columns) -> float | None:
        if self.distinct == 1:
            return None
        orders, distance = numbers(columns[BASKET_ORDERS]), numbers(columns[BASKET_DISTANCE])
        known = distance[(orders >= self.distinct_orders) & (distance >= 0)]
        if len(known):
            return middle_edge(known, self.distinct)
        warnings.warn(
            f"No customer has {self.distinct_orders} occasions, so no basket is called distinct.\n"
            "Hint: distinct_orders=3 asks for fewer, distinct=1 leaves the question out.",
            FewerLayersWarning,
            stacklevel=2,
        )
        return None
