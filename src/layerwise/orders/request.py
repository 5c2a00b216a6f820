"""What the caller of `summarize` asked for, checked once."""

import datetime as dt
import re
from collections.abc import Hashable, Mapping, Sequence
from difflib import get_close_matches
from typing import Any, Literal, TypedDict, Unpack
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import attrs
import numpy as np
import pandas as pd

from layerwise.errors import SpecError, problems
from layerwise.saved import fits

GRAINS = ("hour", "day", "week")
NUMBER_FORMATS = ("epoch_s", "epoch_ms", "yyyymmdd", "excel")

# 1970-01-01 is day 719163 of the proleptic Gregorian calendar (date.toordinal).
UNIX_DAY = 719_163

MOST_DAYS = 3_652_059
"""The days of the years 1 to 9999: no window is longer."""

_ISO = re.compile(r"\s*\d{4}-\d{2}-\d{2}(?:\s*$|[T ]\d{2})")


class LogColumns(TypedDict, total=False):
    """Which column is what, and how dates are read; see `layerwise.summarize`."""

    customer: Hashable
    time: Hashable
    amount: Hashable | None
    order: Hashable | None
    currency: Hashable | None
    time_format: str | None
    tz: str | None


class OrderColumns(LogColumns, total=False):
    """Which column is what, and the other choices of reading a log; see `layerwise.summarize`."""

    grain: str
    window_days: int | Sequence[int]
    gaps: bool
    names: str
    progress: bool | None


@attrs.frozen(kw_only=True)
class Request:
    """The roles of the columns and the choices of one call."""

    customer: Hashable = "customer_id"
    time: Hashable = "ordered_at"
    amount: Hashable | None = "amount"
    order: Hashable | None = None
    currency: Hashable | None = None
    grain: str = "day"
    windows: tuple[int, ...] = (365,)
    time_format: str | None = None
    tz: str | None = None
    gaps: bool = False
    names: str = "layerwise"
    progress: bool | None = None

    @property
    def roles(self) -> dict[str, Hashable]:
        """Role -> column, of the roles that were given."""
        pairs = {
            "customer": self.customer,
            "time": self.time,
            "amount": self.amount,
            "order": self.order,
            "currency": self.currency,
        }
        return {role: name for role, name in pairs.items() if name is not None}

    @property
    def netted_by(self) -> str:
        """What lines are added up to, before what is not above zero is left out."""
        return self.grain if self.order is None else "order"

    @property
    def hourly(self) -> bool:
        """Whether moments are numbered by hours; days otherwise."""
        return self.grain == "hour"

    @property
    def per_day(self) -> int:
        """How many moments a day has."""
        return 24 if self.hourly else 1


def make_request(**columns: Unpack[OrderColumns]) -> Request:
    """Return the checked request; all impossible choices are named at once."""
    wrong: list[str] = []
    choices: dict[str, Any] = dict(columns)
    _refuse_unknown(choices, list(OrderColumns.__annotations__))
    windows = _windows(choices.pop("window_days", 365), wrong)
    request = Request(windows=windows, **choices)
    if not isinstance(request.grain, str) or request.grain not in GRAINS:
        wrong.append(f"grain={request.grain!r:.40}: one of {', '.join(map(repr, GRAINS))}")
    if not fits(request.names, Literal["layerwise", "lifetimes"]):
        wrong.append(f"names={request.names!r:.40}: 'layerwise' or 'lifetimes'")
    if not fits(request.progress, bool | None):
        wrong.append(f"progress={request.progress!r:.40}: True, False or None")
    if not isinstance(request.gaps, bool | np.bool_):
        wrong.append(f"gaps={request.gaps!r:.40}: True or False")
    if not _known_zone(request.tz):
        wrong.append(f"tz={request.tz!r}: not a time zone, such as 'Europe/Berlin'")
    if not _known_format(request.time_format):
        wrong.append(
            f"time_format={request.time_format!r}: a pattern with year and day, such as "
            "'%d/%m/%Y', or one of " + ", ".join(map(repr, NUMBER_FORMATS))
        )
    check_roles(request.roles)
    wrong += [f"{role}=None: it must name a column" for role in _lacking(request)]
    if len(set(request.roles.values())) < len(request.roles):
        wrong.append("two roles name the same column: " + _pairs(request.roles))
    if wrong:
        raise SpecError(
            problems("The order log cannot be read with these choices:", wrong),
            hint="help(summarize) says what each choice means.",
        )
    return request


def make_log_request(**columns: Unpack[LogColumns]) -> Request:
    """Return the checked request of what counts occasions by day and has no other choices."""
    _refuse_unknown(columns, list(LogColumns.__annotations__))
    return make_request(**columns)


def check_roles(roles: Mapping[str, object]) -> None:
    """Refuse what cannot be the name of a column.

    Raises:
        SpecError: With the roles.
    """
    wrong = [role for role, name in roles.items() if name is pd.NA or not _is_hashable(name)]
    if wrong:
        raise SpecError(
            f"Each role names one column; a list is no column name: {', '.join(wrong)}.",
            hint=f'{wrong[0]}="name_of_the_column".',
        )


def _is_hashable(name: object) -> bool:
    """Say whether a name has a hash indeed: a tuple of lists and Decimal("sNaN") say so only."""
    try:
        hash(name)
    except TypeError:
        return False
    return True


def _lacking(request: Request) -> list[str]:
    return [role for role in ("customer", "time") if role not in request.roles]


def _refuse_unknown(choices: Mapping[str, object], known: list[str]) -> None:
    """Refuse names that are no choice, with the one that was probably meant."""
    lines = []
    for name in (n for n in choices if n not in known):
        near = get_close_matches(name, known, n=1, cutoff=0.6)
        lines.append(f"{name}=" + (f" (did you mean {near[0]}=?)" if near else ""))
    if lines:
        raise SpecError(
            problems("There are no such choices:", lines),
            hint=f"there are {', '.join(known)}; help() names the others.",
        )


def moment(value: Any, *, name: str, request: Request, aware: bool = False) -> int:
    """Return a date given by the caller as a number of days (or hours) since 1970-01-01.

    A date without a time stands for the whole day: by hours, for its last hour.

    Args:
        value: A date, datetime, pandas or numpy timestamp, or ISO text.
        name: The argument's name, for the message.
        request: The choices; `hourly` and `tz` matter.
        aware: Whether the log's times have a zone, so that a zone is allowed here.
    """
    stamp = _timestamp(value, name)
    if stamp.tzinfo is not None:
        if not aware and request.tz is None:
            raise SpecError(
                f"{name} has a time zone and the order log has none.",
                hint=f"Give {name} as a local date, or tz= the zone of the log.",
            )
        stamp = (stamp.tz_convert(request.tz) if request.tz else stamp).tz_localize(None)
    try:
        day = stamp.to_pydatetime(warn=False).date().toordinal() - UNIX_DAY
    except ValueError:
        raise SpecError(
            f"{name} lies outside of the years 1 to 9999.", hint=f"Give an earlier {name}."
        ) from None
    if not request.hourly:
        return day
    return day * 24 + (23 if _is_date(value) else stamp.hour)


def _timestamp(value: Any, name: str) -> pd.Timestamp:
    wrong = SpecError(
        f"{name} is not one date.",
        hint=f'Give a date or ISO text: {name}="1997-09-30".',
    )
    if isinstance(value, str):
        if not _ISO.match(value):
            raise wrong
    elif not isinstance(value, (dt.date, np.datetime64)):
        raise wrong
    try:
        stamp = pd.Timestamp(value)
    except (ValueError, OverflowError) as error:
        raise wrong from error
    if pd.isna(stamp):
        raise wrong
    return stamp


def _is_date(value: Any) -> bool:
    if isinstance(value, str):
        return len(value.strip()) <= len("1997-09-30")
    if isinstance(value, np.datetime64):
        return np.datetime_data(value)[0] in ("Y", "M", "W", "D")
    return not isinstance(value, dt.datetime)


def _windows(window_days: int | Sequence[int], wrong: list[str]) -> tuple[int, ...]:
    several = isinstance(window_days, Sequence) and not isinstance(window_days, str)
    windows: tuple[Any, ...] = tuple(window_days) if several else (window_days,)  # type: ignore[arg-type]
    good = all(isinstance(w, (int, np.integer)) and not isinstance(w, bool) for w in windows)
    if not good or any(not 0 < w <= MOST_DAYS for w in windows) or len(set(windows)) < len(windows):
        wrong.append(f"window_days: whole numbers of days from 1 to {MOST_DAYS:,}, each once")
        return ()
    return tuple(int(w) for w in windows)


def _known_zone(tz: Any) -> bool:
    if tz is None:
        return True
    if not isinstance(tz, str):  # some caches trip over what cannot be compared
        return False
    try:
        return bool(ZoneInfo(tz).key)
    except (ZoneInfoNotFoundError, ValueError, TypeError, OSError):
        return False


def _known_format(time_format: Any) -> bool:
    """Whether a format is a known word, or a pattern with a year and a day (an order has a day)."""
    if not isinstance(time_format, str):
        return time_format is None
    if time_format in NUMBER_FORMATS:
        return True
    used = set(re.findall("%-?(.)", time_format))
    return bool(used & set("YyGFDxc")) and bool(used & set("djFDxcuwUWV"))


def _pairs(roles: dict[str, Hashable]) -> str:
    return ", ".join(f"{role}={name!r}" for role, name in roles.items())
