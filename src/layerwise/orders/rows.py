"""The usable rows of an eager order log as numpy arrays."""

from typing import Any

import attrs
import numpy as np

from layerwise.errors import DataError
from layerwise.orders.amounts import Amounts, of_rows, read_amounts, to_amounts
from layerwise.orders.dates import read_times
from layerwise.orders.ids import Codes, read_ids
from layerwise.orders.request import Request
from layerwise.orders.table import column

Mask = np.ndarray | None


@attrs.frozen(eq=False)
class Rows:
    """Arrays with one entry a usable row; `ids` still speaks of the rows of the log.

    Attributes:
        code: The customer's small integer, below `ids.n`.
        moment: Days (or hours) since 1970-01-01.
        amounts: Net amounts; None without amount=.
        order: The order's small integer; None without order=.
        aware: Whether the times had a zone.
        clock: The bare offset whose days count for want of tz=; see `text_dates.Local`.
        ids: All codes of the log.
    """

    code: np.ndarray
    moment: np.ndarray
    amounts: Amounts | None
    order: np.ndarray | None
    aware: bool
    clock: str | None
    ids: Codes

    @property
    def scale(self) -> int:
        """Minor units in one of the amounts' own; 1 for plain floats."""
        return 1 if self.amounts is None else self.amounts.scale or 1

    def take(self, rows: np.ndarray) -> "Rows":
        """Return some rows (a mask or positions)."""
        return attrs.evolve(
            self,
            code=of_rows(self.code, rows),
            moment=of_rows(self.moment, rows),
            amounts=None if self.amounts is None else self.amounts.take(rows),
            order=None if self.order is None else of_rows(self.order, rows),
        )

    def until(self, last: int) -> "Rows":
        """Return the rows up to a moment, which counts."""
        if not len(self.moment) or self.moment.max() <= last:
            return self
        return self.take(self.moment <= last)


def read_rows(frame: Any, request: Request) -> tuple[Rows, dict[str, int]]:
    """Return the usable rows of a frame and the counts of those left out, by reason."""
    n = len(frame)
    if n == 0:
        raise no_rows()
    if request.currency is not None:
        _check_currency(frame, request)
    times = read_times(column(frame, request.time), request)
    values, no_amount = _amounts(frame, request)
    ids = read_ids(column(frame, request.customer), request.customer)
    orders = _orders(frame, request)
    keep, counts = _usable(
        n,
        null_customer=ids.missing,
        null_order=None if orders is None else orders.missing,
        null_time=times.missing,
        null_amount=no_amount,
    )
    rows = Rows(
        code=ids.code,
        moment=times.number,
        amounts=None,
        order=None if orders is None else orders.code,
        aware=times.aware,
        clock=times.clock,
        ids=ids,
    )
    if keep is not None:
        rows = rows.take(keep)
        values = None if values is None else values[keep]
    if values is not None and len(values):
        rows = attrs.evolve(rows, amounts=to_amounts(values))
    return rows, {"rows": n} | counts


def _amounts(frame: Any, request: Request) -> tuple[np.ndarray | None, Mask]:
    if request.amount is None:
        return None, None
    return read_amounts(column(frame, request.amount), request.amount)


def _orders(frame: Any, request: Request) -> Codes | None:
    return None if request.order is None else read_ids(column(frame, request.order), request.order)


def _usable(n: int, **missing: Mask) -> tuple[Mask, dict[str, int]]:
    """Count each row under the first reason that applies to it."""
    if all(mask is None for mask in missing.values()):
        return None, {}
    keep = np.ones(n, dtype=bool)
    counts = {}
    for reason, mask in missing.items():
        if mask is not None:
            counts[reason] = int((keep & mask).sum())
            keep &= ~mask
    return keep, counts


def no_rows() -> DataError:
    """Return the error for an empty log."""
    return DataError("The order log has no rows.", hint="Check the filter or file it came from.")


def _check_currency(frame: Any, request: Request) -> None:
    currencies = column(frame, request.currency)
    refuse_currencies(currencies.nunique(), int(currencies.isna().sum()), request)


def refuse_currencies(kinds: int, missing: int, request: Request) -> None:
    """Raise unless all amounts are in one currency."""
    if kinds <= 1 and not (missing and kinds):
        return
    found = "one currency" if kinds == 1 else "several currencies"
    found += f" and {missing:,} rows without one" if missing else ""
    raise DataError(
        f"{request.currency}: the order log has {found}; amounts in different currencies "
        "cannot be added.",
        hint="Convert the amounts to one currency, or summarise each currency by itself.",
    )
