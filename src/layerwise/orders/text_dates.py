"""Dates written as text, each way of writing them accepted only when it means one thing."""

import datetime as dt
import re
from typing import Any

import attrs
import numpy as np
import pandas as pd

from layerwise.errors import DataError, SpecError
from layerwise.orders.date_patterns import patterns_of

# What CSV readers leave behind for "no value".
MISSING = frozenset({"", "nat", "nan", "na", "n/a", "none", "null", "<na>"})

_ISO = re.compile(r"\s*(?:\d{4}-\d{1,2}-\d{1,2}|\d{4}/\d{1,2}/\d{1,2}|\d{8})(?!\d)")
_OFFSET = re.compile(r"[T ]\d\d.*([Zz]|[+-]\d\d(?::?\d\d)?)\s*$")


@attrs.frozen(eq=False)
class Local:
    """Wall-clock times.

    Attributes:
        times: datetime64 without a zone, NaT where missing.
        aware: Whether the column's type has a zone.
        clock: The bare offset ("UTC", "UTC+02:00") whose wall clock this is, though nobody asked
            for it; None for a named zone, for `tz=`, and for times without a zone.
    """

    times: np.ndarray
    aware: bool = False
    clock: str | None = None


def parse(texts: np.ndarray, *, name: str, time_format: str | None, tz: str | None) -> Local:
    """Return local times (datetime64[us], NaT where missing) of distinct texts.

    Args:
        texts: Distinct texts (objects), none of them null.
        name: The column, for messages.
        time_format: A strptime pattern, "yyyymmdd", or None for ISO 8601.
        tz: Zone in which the local day of times with an offset is taken.
    """
    blank = np.fromiter((t.strip().lower() in MISSING for t in texts), bool, len(texts))
    out = np.full(len(texts), "NaT", dtype="M8[us]")
    given = texts[~blank]
    if not len(given):
        return Local(out)
    read = _given(given, name, time_format, tz)
    out[~blank] = read.times
    return attrs.evolve(read, times=out)


def fixed_clock(zone: dt.tzinfo | str | None) -> str | None:
    """Return "UTC" or "UTC+02:00" for a zone that is a bare offset, None for any other.

    >>> fixed_clock("UTC"), fixed_clock("+02:00"), fixed_clock("Asia/Shanghai")
    ('UTC', 'UTC+02:00', None)
    """
    known = pd.DatetimeTZDtype(tz=zone).tz if isinstance(zone, str) else zone
    offset = None if known is None else known.utcoffset(None)
    return None if offset is None else str(dt.timezone(offset))


def _given(texts: np.ndarray, name: str, time_format: str | None, tz: str | None) -> Local:
    if time_format is not None:
        pattern = "%Y%m%d" if time_format == "yyyymmdd" else time_format
        return _formatted(texts, name, pattern, tz)
    good = np.fromiter((_ISO.match(t) is not None for t in texts), bool, len(texts))
    if not good.all():
        raise not_dates(name, texts[~good], len(texts))
    aware = np.fromiter((_OFFSET.search(t) is not None for t in texts), bool, len(texts))
    if tz is None and aware.any() and not aware.all():
        raise mixed_zones(name)
    out = np.empty(len(texts), dtype="M8[us]")
    out[~aware] = _naive(texts[~aware], name)
    out[aware] = _aware(texts[aware], name, tz)
    unasked = tz is None and bool(aware.any())
    return Local(out, clock=fixed_clock(_offset(texts[aware][0])) if unasked else None)


def _naive(texts: np.ndarray, name: str) -> np.ndarray:
    return _converted(texts, name, format="ISO8601")


def _aware(texts: np.ndarray, name: str, tz: str | None) -> np.ndarray:
    if not len(texts):
        return np.empty(0, dtype="M8[us]")
    if tz is not None:
        times = pd.DatetimeIndex(pd.to_datetime(texts, format="ISO8601", utc=True))
        return local(times, tz)
    if len({_offset(text) for text in texts}) > 1:
        raise mixed_zones(name)
    return local(pd.DatetimeIndex(pd.to_datetime(texts, format="ISO8601")), None)


def _offset(text: str) -> str:
    """Return the UTC offset that an ISO text ends with, always as +hhmm."""
    found = _OFFSET.search(text)
    sign = found.group(1).upper().replace(":", "") if found else ""
    return "+0000" if sign == "Z" else sign.ljust(5, "0")


def _formatted(texts: np.ndarray, name: str, pattern: str, tz: str | None) -> Local:
    if "%z" not in pattern:
        return Local(_converted(texts, name, format=pattern))
    read = [_strptime(text, pattern) for text in texts]
    times = [time for time in read if time is not None]
    if len(times) < len(read):
        wrong = np.array([time is None for time in read])
        raise not_dates(name, texts[wrong], len(texts), pattern=pattern)
    if tz is not None:
        return Local(local(pd.DatetimeIndex(pd.to_datetime(times, utc=True)), tz))
    if len({time.utcoffset() for time in times}) > 1:
        raise mixed_zones(name)
    naive = np.array([time.replace(tzinfo=None) for time in times], dtype="M8[us]")
    return Local(naive, clock=fixed_clock(times[0].tzinfo))


def _strptime(text: str, pattern: str) -> dt.datetime | None:
    try:
        return dt.datetime.strptime(text, pattern)
    except ValueError:
        return None


def _converted(texts: np.ndarray, name: str, *, format: str) -> np.ndarray:  # noqa: A002
    """Convert naive texts; pandas 2 parses to nanoseconds, so far years take the slower way."""
    try:
        times = pd.to_datetime(pd.Series(texts, dtype=object), format=format, errors="coerce")
    except (ValueError, re.error) as error:
        raise SpecError(
            f"time_format={format!r} is not a strptime pattern.",
            hint="time_format='%d/%m/%Y' reads 31/12/2024.",
        ) from error
    values: np.ndarray = np.array(times.to_numpy(), dtype="M8[us]")
    failed = np.isnat(values)
    if failed.any():
        values[failed] = _one_by_one(texts[failed], name, format, len(texts))
    return values


def _one_by_one(texts: np.ndarray, name: str, pattern: str, n: int) -> np.ndarray:
    out, wrong = [], []
    for text in texts:
        try:
            iso = pattern == "ISO8601"
            stripped = text.strip()
            out.append(
                dt.datetime.fromisoformat(stripped) if iso else dt.datetime.strptime(text, pattern)
            )
        except ValueError:
            wrong.append(text)
    if wrong:
        raise not_dates(name, np.array(wrong, dtype=object), n, pattern=pattern)
    return np.array(out, dtype="M8[us]")


def local(times: pd.DatetimeIndex, tz: str | None) -> np.ndarray:
    """Return the wall-clock times of aware times in `tz`, or in their own zone."""
    moved = times if tz is None or times.tz is None else times.tz_convert(tz)
    naive = moved.tz_localize(None) if moved.tz is not None else moved
    return np.asarray(naive.to_numpy(), dtype="M8[us]")


def not_dates(name: Any, wrong: np.ndarray, n: int, pattern: str = "ISO8601") -> DataError:
    """Return the error for texts that cannot be read as dates."""
    how = "as ISO dates" if pattern == "ISO8601" else f"with {pattern!r}"
    few = 2 * len(wrong) < n
    return DataError(
        f"{name}: {len(wrong):,} of {n:,} different texts cannot be read {how}.",
        hint=_where(name, pattern) if few else _which(patterns_of(wrong.tolist())),
    )


def _where(name: Any, pattern: str) -> str:
    dates = f"pd.to_datetime(orders[{name!r}], format={pattern!r}, errors='coerce')"
    return f"Correct them or set them null; orders[{dates}.isna()] shows them."


def _which(patterns: list[str]) -> str:
    """Name the patterns that would read the texts."""
    if not patterns:
        return 'Use ISO dates (2024-01-31), or say the pattern: time_format="%d.%m.%Y %H:%M".'
    orders = ["".join(re.findall("%([dm])", p)) for p in patterns]
    if set(orders) != {"dm", "md"}:
        return "Say the pattern: " + " or ".join(f'time_format="{p}"' for p in patterns) + "."
    words = {"dm": "day first", "md": "month first"}
    told = [f'time_format="{p}" ({words[o]})' for p, o in zip(patterns, orders, strict=True)]
    return "Say which comes first: " + " or ".join(told) + "."


def mixed_zones(name: Any) -> DataError:
    """Return the error for times whose zones differ, or only some of which have one."""
    return DataError(
        f"{name}: times with different UTC offsets, or with and without one.",
        hint='Say whose calendar counts: tz="Europe/Berlin". Times without an offset are then '
        "taken as local to it.",
    )
