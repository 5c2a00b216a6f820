"""Histories of opportunities (BG/BB): how they are read, and the rule that labels by them."""

from typing import Any

import attrs
import numpy as np
from numpy.typing import NDArray

from layerwise import columns as names
from layerwise.errors import DataError
from layerwise.models._bgbb_process import Opportunities
from layerwise.models._lookup import joined
from layerwise.models._special import Array
from layerwise.models.histories import Histories, check, histories_of, read_histories
from layerwise.models.model import Quantity
from layerwise.rules.base import Rule
from layerwise.saved import saved
from layerwise.vectors import Columns

NEEDED = (names.REPEAT_ORDERS, names.LAST_OPPORTUNITY, names.OPPORTUNITIES)


@saved
@attrs.frozen(kw_only=True)
class OpportunityRule(Rule):
    """One quantity of a fitted BG/BB model as a column.

    Args:
        output: Name of the column.
        process: The model at its estimates.
        quantity: "p_alive", "p_no_purchase" or "expected_orders".
        opportunities: How many to look ahead.
    """

    process: Opportunities
    quantity: Quantity
    opportunities: int

    @property
    def inputs(self) -> tuple[str, ...]:
        """The three columns of a history of opportunities."""
        return NEEDED

    def evaluate(self, columns: Columns) -> Array:
        """Return the quantity, NaN for missing histories.

        Raises:
            DataError: Histories are impossible.
        """
        rows = histories_of(columns, NEEDED)
        check_opportunities(rows, allow_missing=True)
        return self._values(rows)

    def add_to(self, frame: Any) -> Any:
        """Add the column by a lookup of the history.

        Raises:
            EngineError: A lookup table cannot be brought to this engine.
        """
        return joined(frame, NEEDED, self._looked_up, self.output, None)

    def _looked_up(self, x: Array, t_x: Array, n: Array) -> Array:
        whole = (x == np.floor(x)) & (t_x == np.floor(t_x)) & (n == np.floor(n))
        possible = whole & (x >= 0) & (x <= t_x) & (t_x <= n) & ((x > 0) == (t_x > 0))
        return self._values(Histories(np.where(possible, x, np.nan), t_x, n))

    def _values(self, rows: Histories) -> Array:
        values: Array = getattr(self.process, self.quantity)(rows, self.opportunities)
        return values


def read_opportunities(customers: object, *, allow_missing: bool = True) -> Histories:
    """Return the histories of a customer table, checked.

    Raises:
        ColumnsError: Columns are missing or of the wrong type.
        DataError: Histories are impossible, or missing where they may not be.
    """
    rows = read_histories(customers, allow_missing=allow_missing, columns=NEEDED)
    check_opportunities(rows, allow_missing=allow_missing)
    return rows


def check_opportunities(rows: Histories, *, allow_missing: bool) -> None:
    """Refuse impossible histories, opportunities that are not whole, and more orders than those.

    Raises:
        DataError: With every problem and its count.
    """
    check(rows, allow_missing=allow_missing, columns=NEEDED)
    faults = {
        "opportunities that are not whole numbers": _broken(rows.T) | _broken(rows.t_x),
        "more repeat_orders than opportunities up to the last": rows.x > rows.t_x,
    }
    for name, where in faults.items():
        if count := np.count_nonzero(where):
            raise DataError(
                f"The table holds {name}: {count:,} of {len(rows):,} rows.",
                hint="an opportunity has one order or none; use BGNBD for orders at any time.",
            )


def _broken(values: NDArray[Any]) -> NDArray[np.bool_]:
    return np.asarray((values != np.floor(values)) & ~np.isnan(values))
