"""Every purchase day of every customer: for what looks at whole histories."""

import attrs
import numpy as np
import pandas as pd

from layerwise.orders.rows import Rows
from layerwise.vectors import Array


@attrs.frozen(eq=False)
class Visits:
    """The purchase days of an order log up to a day, by customer and ascending.

    Attributes:
        ids: The customers' ids, as found.
        counts: How many purchase days each customer has, one or more.
        days: All these days, as numbers since 1970-01-01.
        last: The last day that counts.
        codes: Each customer's code in `rows`.
        rows: The rows of the purchases, with their amounts.
    """

    ids: pd.Series
    counts: Array
    days: Array
    last: int
    codes: Array
    rows: Rows

    def __len__(self) -> int:
        return len(self.counts)

    @property
    def ends(self) -> Array:
        """Where each customer's days end in `days`."""
        return np.cumsum(self.counts)

    @property
    def starts(self) -> Array:
        """Where each customer's days begin in `days`; `days[starts]` are the first ones."""
        return self.ends - self.counts

    def owners(self) -> Array:
        """Return the place of the customer of each day."""
        return np.repeat(np.arange(len(self.counts)), self.counts)

    def next_days(self, *, never: int) -> Array:
        """Return for each day the customer's next one; `never` where there is none yet."""
        following = np.append(self.days[1:], never)
        following[self.ends - 1] = never
        return following

    def row_owners(self) -> Array:
        """Return the place of the customer of each row."""
        place = np.zeros(self.rows.ids.n, dtype=np.int64)
        place[self.codes] = np.arange(len(self.codes))
        owner: Array = place[self.rows.code]
        return owner
