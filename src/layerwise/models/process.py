"""The mathematics that every model of purchases in time offers at known parameters."""

from typing import Any, Protocol

from layerwise.errors import SpecError
from layerwise.models._special import Array
from layerwise.models.histories import Histories
from layerwise.saved import fits


class Process(Protocol):
    """One model at known parameters; all times are days."""

    def p_alive(self, rows: Histories) -> Array:
        """Return P(alive at T) of each history."""
        ...

    def p_no_purchase(self, rows: Histories, h: float) -> Array:
        """Return P(no order in (T, T + h]) of each history."""
        ...

    def expected_orders(self, rows: Histories, h: float) -> Array:
        """Return the orders expected in (T, T + h] of each history."""
        ...

    def discounted_orders(self, rows: Histories, h: float, rate: float) -> Array:
        """Return the orders expected in (T, T + h], each worth e^(−rate · days ahead)."""
        ...

    def expected_orders_new(self, h: float) -> float:
        """Return the repeat orders expected of a new customer in the first h days."""
        ...

    def p_at_least_if_alive(self, rows: Histories, orders: Array, h: float) -> Array:
        """Return P(at least so many orders in h), 1 or more, of customers alive at T."""
        ...

    def stays(self, rows: Histories, h: float) -> Array:
        """Return P(alive at T + h) of customers alive at T."""
        ...


def horizon(value: object) -> float:
    """Return a horizon in days as a float.

    Raises:
        SpecError: It is not a finite number of days, 0 or more.
    """
    days: Any = value
    if not fits(days, float) or days < 0:
        raise SpecError(
            f"horizon_days is a number of days, 0 or more; got {value!r:.40}.",
            hint="horizon_days=90 looks 90 days ahead.",
        )
    return float(days)
