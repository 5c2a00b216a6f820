"""Shares of spend over categories, and how far they are from everybody's."""

import unicodedata
from collections.abc import Iterable, Mapping

import attrs
import numpy as np

from layerwise.baskets.lines import Lines
from layerwise.columns import SHARE_PREFIX
from layerwise.errors import DataError
from layerwise.orders.amounts import Amounts
from layerwise.vectors import Array, Column, Floats

OTHER = "other"


@attrs.frozen(eq=False)
class Baskets:
    """Net spend above zero of each customer in each category, a row a pair."""

    customer: Array
    category: Array
    spend: Amounts
    totals: Floats
    occasions: Array
    names: tuple[str, ...]

    @property
    def size(self) -> int:
        """How many customers the orders have."""
        return len(self.totals)

    @property
    def bought(self) -> Array:
        """Which of them have spend."""
        positive: Array = self.totals > 0
        return positive

    def population(self) -> dict[str, float]:
        """Return the share of all spend of each category, largest first, then by name."""
        spend = self.spend.sum_by(self.category, len(self.names))
        if not spend.sum():
            raise DataError(
                "No customer has net spend above zero in any category.",
                hint="check the sign of the amounts, or count lines with amount=None.",
            )
        order = np.argsort(-spend, kind="stable")
        return {self.names[i]: float(spend[i] / spend.sum()) for i in order if spend[i]}

    def distance(self, population: Mapping[str, float]) -> Floats:
        """Return the Jensen-Shannon distance of each customer's shares to the population's."""
        p = self.spend.value / self.totals[self.customer]
        q = np.array([population.get(name, 0.0) for name in self.names])[self.category]
        middle = (p + q) / 2
        theirs = q * np.log2(np.where(q > 0, q, 1.0) / middle)
        inside = p * np.log2(p / middle) + theirs - q
        # A category of q that the customer never buys adds q log2(q / (q / 2)) = q. All of these
        # together add 1 less the q of those bought.
        divergence = (1 + np.bincount(self.customer, inside, self.size)) / 2
        distance: Floats = np.sqrt(np.clip(divergence, 0, 1))
        distance[~self.bought] = np.nan
        return distance

    def shares(self, chosen: list[str]) -> dict[str, Column]:
        """Return a share column for each chosen category, and one for the rest."""
        rank = {name: i for i, name in enumerate(chosen)}
        slot = np.array([rank.get(name, len(chosen)) for name in self.names])[self.category]
        width = len(chosen) + 1
        cells = np.bincount(slot * self.size + self.customer, self.spend.value, width * self.size)
        table = cells.reshape(width, self.size) / np.where(self.bought, self.totals, np.nan)
        names = [*column_names(chosen), SHARE_PREFIX + OTHER]
        return dict(zip(names, table, strict=True))


def read_baskets(lines: Lines) -> Baskets:
    """Return the baskets of all customers in the log."""
    kinds = lines.category.names
    who = (lines.customer, lines.customers)
    (customer, category), spend = lines.net(who, (lines.category.codes, len(kinds)))
    (buyer, _), _ = lines.net(who, (lines.day, lines.days))
    return Baskets(
        customer=customer,
        category=category,
        spend=attrs.evolve(lines.amounts, value=spend),
        totals=np.bincount(customer, spend, lines.customers).astype(np.float64),
        occasions=np.bincount(buyer, minlength=lines.customers),
        names=kinds,
    )


def column_names(categories: Iterable[str]) -> list[str]:
    """Return a name for each category that formulas can use; equal ones get a number."""
    taken = {OTHER}
    names = []
    for category in categories:
        plain = unicodedata.normalize("NFKC", category).lower()
        safe = "".join(c if f"_{c}".isidentifier() else " " for c in plain)
        name = base = "_".join(safe.split()) or "unnamed"
        number = 1
        while name in taken:
            number += 1
            name = f"{base}_{number}"
        taken.add(name)
        names.append(SHARE_PREFIX + name)
    return names
