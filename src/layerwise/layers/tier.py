"""The composite tier: one label a customer, by precedence over the layers."""

import math
import warnings
from typing import ClassVar, Literal

import attrs
import numpy as np

from layerwise.columns import AGE, REPEAT_ORDERS
from layerwise.errors import FewerLayersWarning, SpecError
from layerwise.fitted import Fitted, Spec
from layerwise.layers.edges import middle_edge
from layerwise.layers.loyalty import ORDER as LOYALTY
from layerwise.layers.value import LOW_TO_HIGH
from layerwise.layers.words import check_words
from layerwise.rules import FirstMatch, Holds
from layerwise.rules.base import LARGEST_FLOAT, numbers
from layerwise.saved import saved
from layerwise.vectors import Columns

ORDER = ("churned", "new", "general", "potential", "loyal", "high_value")
"""From low to high; precedence is another order: churned, new, high_value, loyal, potential."""


@saved
@attrs.frozen(kw_only=True)
class Tier(Spec):
    """One tier a customer: churned, new, high_value, loyal, potential or general; first match wins.

    Args:
        value: The name of the layer of value that it reads.
        frequency: The name of the layer of frequency.
        loyalty: The name of the layer of loyalty.
        high_value: "both" asks for high value and high frequency, "value" for high value alone.
        new_days: A customer of one order and fewer days is new; None has no new tier.
        expected_spend: A column of expected spend, e.g. `expected_spend_180d` of a model: potential
            are those above the `potential_cut` quantile of the customers whom no earlier tier
            took. None does without a model: frequency at least mid and value below high.
        potential_cut: That quantile.

    Output columns: the tier under its name, and the booleans `is_high_value`, `is_loyal`,
    `is_potential`, `is_churned`, which overlap: a customer may be loyal and high value and then
    earns the strategies of both. A layer that is not_evaluable never holds, so that a customer
    of whom nothing is known is general. An empty tier is possible; see `facts["sizes"]`.

    Raises:
        SpecError: A choice is out of range.

    Example:
        >>> import pandas as pd
        >>> customers = pd.DataFrame({
        ...     "value": ["high", "mid", "low", "low"], "frequency": ["high", "mid", "low", "low"],
        ...     "loyalty": ["loyal", "potential_loyal", "churned", "potential_loyal"],
        ...     "age_days": [400, 200, 500, 10], "repeat_orders": [12, 3, 0, 0],
        ... })
        >>> Tier().fit(customers).transform(customers)["tier"].tolist()
        ['high_value', 'potential', 'churned', 'new']
    """

    default_name: ClassVar[str] = "tier"

    value: str = "value"
    frequency: str = "frequency"
    loyalty: str = "loyalty"
    high_value: Literal["both", "value"] = "both"
    new_days: float | None = 30.0
    expected_spend: str | None = None
    potential_cut: float = 0.7

    def __attrs_post_init__(self) -> None:
        super().__attrs_post_init__()
        young = self.new_days is None or 0 < float(self.new_days) < math.inf
        ranges = {
            "high_value must be 'both' or 'value'": self.high_value in ("both", "value"),
            "new_days must be above 0, or None for no new tier": young,
            "potential_cut must lie between 0 and 1": 0 < self.potential_cut < 1,
        }
        if wrong := [text for text, holds in ranges.items() if not holds]:
            raise SpecError(
                f"Tier: {'; '.join(wrong)}.",
                hint="Tier(high_value='both', new_days=30, potential_cut=0.7) is the default.",
            )

    def needs(self, name: str) -> tuple[str, ...]:  # noqa: ARG002 - the same for every name
        """Return the layers, and the columns of `new` and `potential`."""
        young = () if self.new_days is None else (AGE, REPEAT_ORDERS)
        spend = () if self.expected_spend is None else (self.expected_spend,)
        return (self.value, self.frequency, self.loyalty, *young, *spend)

    def gives(self, name: str) -> tuple[str, ...]:
        """Return the tier and the four booleans."""
        return (name, "is_high_value", "is_loyal", "is_potential", "is_churned")

    def learn(self, columns: Columns, name: str) -> Fitted:
        """Learn the expected spend above which the customers left are potential."""
        for column, known in self._reads().items():
            check_words(columns, column, known, "Tier")
        constants: dict[str, float] = {}
        if self.expected_spend is not None:
            constants["potential_spend"] = self._potential_spend(columns)
        flags = {
            f"is_{label}": when for label, when in self._conditions().items() if label != "new"
        }
        rules = [
            Holds(output=output, when=when, constants=_used(when, constants))
            for output, when in sorted(flags.items())
        ]
        return Fitted(
            spec=self, name=name, rules=(self._table(name, constants), *rules), facts=constants
        )

    def _reads(self) -> dict[str, tuple[str, ...]]:
        levels = dict.fromkeys((self.value, self.frequency), LOW_TO_HIGH)
        return levels | {self.loyalty: LOYALTY}

    def _conditions(self) -> dict[str, str]:
        """Return tier -> condition, in order of precedence."""
        high = f"{self.value} == 'high'"
        if self.high_value == "both":
            high += f" and {self.frequency} == 'high'"
        rising = f"{self.frequency} in ('mid', 'high') and {self.value} in ('low', 'mid')"
        if self.expected_spend is not None:
            rising = f"{self.expected_spend} > potential_spend"
        conditions = {"churned": f"{self.loyalty} == 'churned'"}
        if self.new_days is not None:
            conditions["new"] = f"{AGE} < {self.new_days!r} and {REPEAT_ORDERS} == 0"
        return conditions | {
            "high_value": high,
            "loyal": f"{self.loyalty} == 'loyal'",
            "potential": rising,
        }

    def _table(self, name: str, constants: dict[str, float]) -> FirstMatch:
        cases = [(when, label) for label, when in self._conditions().items()]
        return FirstMatch(
            output=name, cases=cases, otherwise="general", order=ORDER, constants=constants
        )

    def _potential_spend(self, columns: Columns) -> float:
        """Return the cut among the customers whom no earlier tier takes."""
        before = [(w, label) for label, w in self._conditions().items() if label != "potential"]
        taken = FirstMatch(output="", cases=before, otherwise="general", order=ORDER)
        labels = taken.evaluate({name: columns[name] for name in taken.inputs})
        spend = numbers(columns[str(self.expected_spend)])
        general = labels.codes == labels.names.index("general")
        left = spend[general & ~np.isnan(spend)]
        if len(left):
            return middle_edge(left, self.potential_cut)
        warnings.warn(
            "Earlier tiers take every customer, so nobody is potential, now or later.\n"
            "Hint: fit on a table with more kinds of customers, or Tier(expected_spend=None).",
            FewerLayersWarning,
            stacklevel=2,
        )
        return LARGEST_FLOAT


def _used(when: str, constants: dict[str, float]) -> dict[str, float]:
    return {name: value for name, value in constants.items() if name in when}
