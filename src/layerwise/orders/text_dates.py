"""Dates written as text, each way of writing them accepted only when it means one thing."""

import datetime as dt
import re
from typing import Any

import attrs
import numpy as np
import pandas as pd

from layerwise.errors import DataError, SpecError
from layerwise.orders.date_patterns import patterns_of, which

# What CSV readers leave behind for "no value".
MISSING = frozenset({"", "nat", "nan", "na", "n/a", "none", "null", "<na>"})

_NAT = np.datetime64("NaT", "us")
_ISO = re.compile(r"(?:\d{4}-\d{1,2}-\d{1,2}|\d{4}/\d{1,2}/\d{1,2}|\d{8})(?!\d)")
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


def parse(
    texts: np.ndarray,
    *,
    name: str,
    time_format: str | None,
    tz: str | None,
    codes: np.ndarray | None = None,
) -> Local:
    """Return local times (datetime64[us], NaT where missing) of distinct texts.

    Args:
        texts: Distinct texts (objects), none of them null; blanks around them mean nothing.
        name: The column, for messages.
        time_format: A strptime pattern, "yyyymmdd", or None for ISO 8601.
        tz: Zone in which the local day of times with an offset is taken.
        codes: Each row's place among the texts, to say where unreadable ones are.

    Raises:
        DataError: Texts cannot be read, or have different offsets.
        SpecError: The format is none.
    """
    stripped = np.array([text.strip() for text in texts], dtype=object)
    blank = np.fromiter((t.lower() in MISSING for t in stripped), bool, len(texts))
    out = np.full(len(texts), _NAT, dtype="M8[us]")
    given = stripped[~blank]
    if not len(given):
        return Local(out)
    pattern = "%Y%m%d" if time_format == "yyyymmdd" else time_format
    read = _iso(given, name, tz) if pattern is None else _formatted(given, name, pattern, tz)
    wrong = np.isnat(read.times)
    if wrong.any():
        rows = None if codes is None else np.isin(codes, np.flatnonzero(~blank)[wrong])
        raise not_dates(name, given, wrong, pattern, rows)
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


def _iso(texts: np.ndarray, name: str, tz: str | None) -> Local:
    """Return the times of ISO texts, NaT where they are none."""
    good = np.fromiter((_ISO.match(t) is not None for t in texts), bool, len(texts))
    if not good.all():
        return Local(np.where(good, np.datetime64(0, "us"), _NAT))
    aware = np.fromiter((_OFFSET.search(t) is not None for t in texts), bool, len(texts))
    out = np.empty(len(texts), dtype="M8[us]")
    out[~aware] = _converted(texts[~aware], "ISO8601")
    if not aware.any() or np.isnat(out[~aware]).any():
        return Local(out)
    utc = _utc(texts[aware])
    out[aware] = np.asarray(utc.tz_localize(None).to_numpy(), dtype="M8[us]")
    if np.isnat(out).any():
        return Local(out)
    if tz is not None:
        out[aware] = local(utc, tz)
        return Local(out)
    offsets = {_offset(text) for text in texts[aware]}
    if len(offsets) > 1 or not aware.all():
        raise mixed_zones(name)
    zone = dt.datetime.strptime(offsets.pop(), "%z").tzinfo
    return Local(local(utc.tz_convert(zone), None), clock=fixed_clock(zone))


def _utc(texts: np.ndarray) -> pd.DatetimeIndex:
    """Return the times of ISO texts with an offset, NaT where they are none."""
    upper = [text.upper() for text in texts]  # pandas knows no z
    return pd.DatetimeIndex(pd.to_datetime(upper, format="ISO8601", utc=True, errors="coerce"))


def _offset(text: str) -> str:
    """Return the UTC offset that an ISO text ends with, always as +hhmm."""
    found = _OFFSET.search(text)
    sign = found.group(1).upper().replace(":", "") if found else ""
    return "+0000" if sign == "Z" else sign.ljust(5, "0")


def _formatted(texts: np.ndarray, name: str, pattern: str, tz: str | None) -> Local:
    """Return the times of texts written in a pattern, NaT where they are not."""
    if "%z" not in pattern:
        return Local(_converted(texts, pattern))
    read = [_strptime(text, pattern) for text in texts]
    times = [time for time in read if time is not None]
    if len(times) < len(read):
        wrong = np.array([time is None for time in read])
        return Local(np.where(wrong, _NAT, np.datetime64(0, "us")))
    if tz is not None:
        return Local(local(pd.DatetimeIndex(pd.to_datetime(times, utc=True)), tz))
    if len({time.utcoffset() for time in times}) > 1:
        raise mixed_zones(name)
    naive = np.array([time.replace(tzinfo=None) for time in times], dtype="M8[us]")
    return Local(naive, clock=fixed_clock(times[0].tzinfo))


def _strptime(text: str, pattern: str) -> dt.datetime | None:
    try:
        if pattern == "ISO8601":
            return dt.datetime.fromisoformat(text)
        return dt.datetime.strptime(text, pattern)
    except ValueError:
        return None


def _converted(texts: np.ndarray, pattern: str) -> np.ndarray:
    """Return naive times; pandas 2 parses to nanoseconds, so far years take the slower way."""
    try:
        times = pd.to_datetime(pd.Series(texts, dtype=object), format=pattern, errors="coerce")
    except (ValueError, re.error) as error:
        raise SpecError(
            f"time_format={pattern!r} is not a strptime pattern.",
            hint="time_format='%d/%m/%Y' reads 31/12/2024.",
        ) from error
    values: np.ndarray = np.array(times.to_numpy(), dtype="M8[us]")
    for i in np.flatnonzero(np.isnat(values)):
        slower = _strptime(texts[i], pattern)
        values[i] = _NAT if slower is None else slower
    return values


def local(times: pd.DatetimeIndex, tz: str | None) -> np.ndarray:
    """Return the wall-clock times of aware times in `tz`, or in their own zone."""
    moved = times if tz is None or times.tz is None else times.tz_convert(tz)
    naive = moved.tz_localize(None) if moved.tz is not None else moved
    return np.asarray(naive.to_numpy(), dtype="M8[us]")


def not_dates(
    name: Any, texts: np.ndarray, wrong: np.ndarray, pattern: str | None, rows: np.ndarray | None
) -> DataError:
    """Return the error for distinct texts that cannot be read as dates.

    Args:
        name: The column.
        texts: All of them.
        wrong: Which cannot be read.
        pattern: What they were read with; None for ISO dates.
        rows: Which rows of the log hold those.
    """
    where = ""
    if rows is not None and not wrong.all():
        where = f": {rows.sum():,} rows, the first is row {rows.argmax() + 1:,}, counted from 1"
    how = "as ISO dates" if pattern is None else f"with {pattern!r}"
    return DataError(
        f"{name}: {wrong.sum():,} of {len(texts):,} different texts cannot be read {how}{where}.",
        hint=_hint(texts.tolist(), texts[wrong].tolist(), pattern),
    )


def _hint(texts: list[str], wrong: list[str], pattern: str | None) -> str:
    if pattern is not None and not np.isnat(_iso(np.array(texts, object), "", "UTC").times).any():
        return "These are ISO dates: leave time_format= out."
    found, share = patterns_of(texts)
    if share == 1:
        return which(found)
    if 2 * len(wrong) <= len(texts):
        theirs, of_these = patterns_of(wrong)
        if of_these == 1 and pattern not in theirs:
            return f'They are written as "{theirs[0]}": write all dates in one way.'
        return "Correct them, or set them null."
    if len(found) == 1 and share > 0.5:
        return f'time_format="{found[0]}" reads most of them; correct the others or set them null.'
    if found:
        return "They are written in several ways: write them in one, such as 2024-01-31."
    return 'Use ISO dates (2024-01-31), or say the pattern: time_format="%d.%m.%Y %H:%M".'


def mixed_zones(name: Any) -> DataError:
    """Return the error for times whose zones differ, or only some of which have one."""
    return DataError(
        f"{name}: times with different UTC offsets, or with and without one.",
        hint='Say whose calendar counts: tz="Europe/Berlin". Times without an offset are then '
        "taken as local to it.",
    )
