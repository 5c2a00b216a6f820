"""How likely a silent customer is to return: the survival curve of the gaps between orders."""

from numbers import Real
from typing import Any, Unpack

import attrs
import numpy as np

from layerwise.errors import DataError, FitError, SpecError
from layerwise.orders.eager import gap_days
from layerwise.orders.lazy import refuse
from layerwise.orders.request import OrderColumns, make_request
from layerwise.orders.table import lazy_table
from layerwise.rules.base import as_numbers
from layerwise.saved import saved
from layerwise.vectors import Array, Floats


@saved
@attrs.frozen(kw_only=True)
class ReturnCurve:
    """P(a gap between orders is longer than t days), open gaps counted as censored.

    Args:
        days: The lengths of gaps that ended, ascending.
        survival: P(gap > days), one value a day in `days`.
        last_day: The longest silence seen; beyond it the curve says nothing.
        gaps: How many gaps ended.
        open_gaps: How many customers were still silent at as_of.
    """

    days: tuple[float, ...] = attrs.field(converter=as_numbers, repr=False)
    survival: tuple[float, ...] = attrs.field(converter=as_numbers, repr=False)
    last_day: float
    gaps: int
    open_gaps: int

    def p_return(self, silence_days: object, *, horizon_days: float) -> Floats:
        """Return P(the next order comes within `horizon_days` | silent for `silence_days`).

        It is 1 - S(s + h) / S(s). Missing where the silence is, and where s + h is beyond the
        longest silence seen and the curve has not come down to 0, because the data cannot tell.

        Raises:
            SpecError: The horizon is not a number of days from 0 up.
            DataError: Silence is negative or not a number.
        """
        _check_horizon(horizon_days)
        s = _silence(silence_days)
        now, later = self._at(s), self._at(s + horizon_days)
        unknown = (s + horizon_days > self.last_day) & (self.survival[-1] > 0)
        with np.errstate(divide="ignore", invalid="ignore"):
            result = np.where(unknown | np.isnan(s) | (now <= 0), np.nan, 1 - later / now)
        return np.asarray(result, dtype=np.float64)

    def window(self, *, horizon_days: float = 60.0, at_most: float = 0.10) -> int:
        """Return the least whole number of days of silence after which a return is unlikely.

        The smallest s with P(return within `horizon_days` | silent s) <= `at_most`: the window for
        `ChurnStatus(rule="window", window_days=...)`.

        Raises:
            SpecError: The horizon is not a number of days, or `at_most` not between 0 and 1.
            FitError: No silence seen is that telling.
        """
        _check_horizon(horizon_days)
        if not horizon_days > 0 or not _is_number(at_most) or not 0 < at_most < 1:
            raise SpecError(
                "window: horizon_days must be above 0 and at_most between 0 and 1.",
                hint="window(horizon_days=60, at_most=0.1) asks for 10 % within 60 days.",
            )
        silence = np.arange(0, int(self.last_day) + 1)
        low = self.p_return(silence, horizon_days=horizon_days) <= at_most
        if not low.any():
            raise FitError(
                f"At every length of silence seen (up to {self.last_day:g} days) more than "
                f"{at_most:.0%} return within {horizon_days:g} days.",
                hint="take a longer log or a higher at_most.",
            )
        return int(silence[low][0])

    def _at(self, days: Floats) -> Floats:
        place = np.searchsorted(self.days, days, side="right")
        return np.concatenate([[1.0], self.survival])[place]


def _is_number(value: object) -> bool:
    return isinstance(value, Real) and not isinstance(value, bool | np.bool_)


def _check_horizon(days: Any) -> None:
    if not _is_number(days) or not 0 <= days < np.inf:
        raise SpecError(
            f"horizon_days must be a number of days, 0 or more, got {days!r:.40}.",
            hint="horizon_days=60 asks who returns within 60 days.",
        )


def _silence(days: Any) -> Floats:
    try:
        found = np.asarray(days, dtype=np.float64)
    except (TypeError, ValueError):
        raise DataError(
            "Days of silence must be numbers.", hint="give customers['days_since_last']."
        ) from None
    if negative := int((found < 0).sum()):
        raise DataError(
            f"Days of silence are negative: {negative:,} of {found.size:,}.",
            hint="silence is days from the last order to as_of; see summarize.",
        )
    return found


def return_curve(orders: object, *, as_of: Any, **columns: Unpack[OrderColumns]) -> ReturnCurve:
    """Return how likely silent customers are to buy again, from the gaps of an order log.

    Args:
        orders: The order log, a frame in memory.
        as_of: The last day that counts.
        columns: Which column is what, and the other choices, as in `layerwise.summarize`.

    Raises:
        FitError: Nobody bought on a second occasion.
        LayerwiseError: The log cannot be used, as `summarize` says.

    Example:
        >>> from layerwise.datasets import load_cdnow
        >>> curve = return_curve(load_cdnow(), as_of="1998-06-30", amount=None)
        >>> curve.p_return([0, 60, 120, 180], horizon_days=60).round(2).tolist()
        [0.44, 0.18, 0.13, 0.08]
        >>> curve.window()  # the least silence after which at most 10 % return within 60 days
        153
    """
    request = make_request(**columns)
    if (table := lazy_table(orders, request)) is not None:
        raise refuse("return_curve", table)
    return fit_returns(*gap_days(orders, request, as_of))


def fit_returns(closed: Array, open_: Array) -> ReturnCurve:
    """Return the Kaplan-Meier curve of gaps.

    Args:
        closed: The gaps, in days, that ended in an order.
        open_: For each customer the silence from the last order to as_of, which has not ended.
            Leaving these out, as quantiles of closed gaps do, makes gaps look short.

    Raises:
        FitError: No gap ended.

    Source: Kaplan and Meier (1958), JASA 53.
    """
    if not len(closed):
        raise FitError(
            "Nobody bought on a second occasion, so no gap between orders is known.",
            hint="take a longer log.",
        )
    days, events = np.unique(closed, return_counts=True)
    ends = np.sort(np.concatenate([closed, open_]))
    at_risk = len(ends) - np.searchsorted(ends, days, side="left")
    return ReturnCurve(
        days=days,
        survival=np.cumprod(1 - events / at_risk),
        last_day=float(ends[-1]),
        gaps=len(closed),
        open_gaps=len(open_),
    )
