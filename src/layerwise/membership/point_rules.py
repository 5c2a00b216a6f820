"""The rules of a points scheme."""

from collections.abc import Mapping
from typing import Any

import attrs

from layerwise.errors import SpecError, problems
from layerwise.rules.base import as_mapping
from layerwise.saved import fits

_NEVER = 2**31
_MOST_WORTH = 1e9


def _frozen(caps: Any) -> Any:
    """Return a mapping that hashes; what is none stays, to be refused."""
    return as_mapping(caps) if isinstance(caps, Mapping) else caps


@attrs.frozen(kw_only=True)
class PointRules:
    """The rules of a points scheme. All defaults are assumptions: publish your own.

    Args:
        expiry_days: A lot earned on day d can be used to the end of day d + expiry_days - 1, and
            lapses on day d + expiry_days; None: never.
        daily_caps: Reason -> how many earnings for it count a day and customer, such as
            {"review": 3}; needs the column of reasons.
        value_per_point: Money that a point is worth; 0.01 means 100 points are one unit.
        notify_days: Points that lapse within so many days after as_of are to be told.

    Raises:
        SpecError: A rule is impossible; all are told at once.

    Example:
        >>> rules = PointRules(expiry_days=730, daily_caps={"review": 3})
        >>> rules.expiry_days, rules.value_per_point
        (730, 0.01)
    """

    expiry_days: int | None = 365
    daily_caps: Mapping[str, int] = attrs.field(factory=dict, converter=_frozen)
    value_per_point: float = 0.01
    notify_days: int = 30

    def __attrs_post_init__(self) -> None:
        caps = self.daily_caps
        good = {
            "expiry_days must be a whole number of days from 1 to 36,500, or None": self.expiry_days
            is None or (fits(self.expiry_days, int) and 1 <= self.expiry_days <= 36_500),
            "daily_caps must map reasons to whole numbers of 0 or more": isinstance(caps, Mapping)
            and all(isinstance(k, str) and fits(v, int) and v >= 0 for k, v in caps.items()),
            "value_per_point must be a number from 0 to 1e9": fits(self.value_per_point, float)
            and 0 <= self.value_per_point <= _MOST_WORTH,
            "notify_days must be a whole number of days, 0 or more": fits(self.notify_days, int)
            and 0 <= self.notify_days <= 36_500,
        }  # fmt: skip
        if wrong := [text for text, holds in good.items() if not holds]:
            raise SpecError(
                problems("PointRules cannot be used:", wrong),
                hint='PointRules(expiry_days=365, daily_caps={"review": 3}).',
            )

    @property
    def lifetime(self) -> int:
        """Days after which a lot lapses; far away if never."""
        return _NEVER if self.expiry_days is None else self.expiry_days
