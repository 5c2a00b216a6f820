"""Order times of any kind as whole days (or hours) since 1970-01-01, local to the shop."""

import datetime as dt
from typing import Any

import attrs
import numpy as np
import pandas as pd

from layerwise.errors import ColumnsError, DataError
from layerwise.orders import text_dates
from layerwise.orders.request import UNIX_DAY, Request
from layerwise.orders.text_dates import Local, fixed_clock

FIRST_DAY = dt.date.min.toordinal() - UNIX_DAY
LAST_DAY = dt.date.max.toordinal() - UNIX_DAY

_PER_DAY = {"D": 1, "h": 24, "m": 1440, "s": 86_400, "ms": 86_400_000, "us": 86_400_000_000}
_PER_DAY["ns"] = 86_400_000_000_000
_NAT = np.iinfo(np.int64).min
_BLOCK = 1 << 16


@attrs.frozen(eq=False)
class Moments:
    """Times as numbers of days or hours; `missing` is None when there is none missing.

    `aware` and `clock` are those of `Local`.
    """

    number: np.ndarray
    missing: np.ndarray | None
    aware: bool
    clock: str | None


def read_times(series: pd.Series, request: Request) -> Moments:
    """Return the column's times as int32 numbers of days (hours with grain="hour")."""
    read = _local_times(series, request)
    times = read.times
    unit, step = np.datetime_data(times.dtype)
    if unit not in _PER_DAY or step != 1:
        times = times.astype("M8[us]")
    per_day = request.per_day
    number = np.empty(len(times), dtype=np.int32)
    inside = [
        _number(times[i : i + _BLOCK], per_day, number[i : i + _BLOCK])
        for i in range(0, len(times), _BLOCK)
    ]
    if all(inside):
        return Moments(number, None, read.aware, read.clock)
    missing = np.isnat(times)
    wrong = len(times) - int(missing.sum()) - int(_fits(times[~missing], per_day).sum())
    if wrong:
        raise out_of_years(request.time, wrong, len(times))
    number[missing] = 0
    return Moments(number, missing, read.aware, read.clock)


def read_clock(series: pd.Series, request: Request) -> np.ndarray:
    """Return the column's times as local microseconds since 1970-01-01, NaT where missing.

    For the order of events within a day; `read_times` says whether they are dates at all.
    """
    return _local_times(series, request).times.astype("M8[us]")


def _local_times(series: pd.Series, request: Request) -> Local:
    dtype, name = series.dtype, request.time
    kind = _kind(dtype)
    if kind == "M":
        return Local(_plain(series)) if _zone(dtype) is None else _moved(series, request)
    if kind == "period":
        return Local(_periods(series, name))
    if kind in "iuf":
        return _from_numbers(series, request)
    if kind in "OU":
        return _from_objects(series, request)
    raise ColumnsError(
        f"{name} holds {dtype}, not dates.",
        hint="time= must name a column of dates or times.",
    )


def _kind(dtype: Any) -> str:
    if isinstance(dtype, pd.PeriodDtype):
        return "period"
    if isinstance(dtype, pd.CategoricalDtype):
        return "O"
    if isinstance(dtype, pd.ArrowDtype):
        name = str(dtype.pyarrow_dtype)
        if name.startswith(("timestamp", "date")):
            return "M"
        return "U" if "string" in name else dtype.kind
    if isinstance(dtype, pd.StringDtype):
        return "U"
    if isinstance(dtype, pd.SparseDtype):
        return str(dtype.subtype.kind)
    return str(dtype.kind)


def _plain(series: pd.Series) -> np.ndarray:
    """Return naive times as numpy datetimes in their own unit, not copied if they are that."""
    if isinstance(series.dtype, pd.ArrowDtype):
        series = series.astype("datetime64[us]")
    return np.asarray(series.to_numpy())


def _zone(dtype: Any) -> Any:
    return getattr(getattr(dtype, "pyarrow_dtype", dtype), "tz", None)


def _moved(series: pd.Series, request: Request) -> Local:
    """Return the wall-clock times of an aware column in tz=, or in its own zone."""
    clock = None if request.tz is not None else fixed_clock(_zone(series.dtype))
    return Local(_wall_clocks(series, request), aware=True, clock=clock)


def _wall_clocks(series: pd.Series, request: Request) -> np.ndarray:
    if not isinstance(series.dtype, pd.ArrowDtype):
        moved = series if request.tz is None else series.dt.tz_convert(request.tz)
        return _plain(moved.dt.tz_localize(None))
    # By way of UTC, because pandas 2 makes Arrow's times naive in UTC whatever their zone.
    utc = _plain(series.dt.tz_convert("UTC").dt.tz_localize(None))
    zone = request.tz or str(_zone(series.dtype))
    return text_dates.local(pd.DatetimeIndex(utc).tz_localize("UTC"), zone)


def _periods(series: pd.Series, name: Any) -> np.ndarray:
    starts = series.dt.start_time
    ends = series.dt.end_time
    if (starts.dt.normalize() != ends.dt.normalize())[series.notna()].any():
        raise ColumnsError(
            f"{name} holds periods longer than a day ({series.dtype}).",
            hint="An order has a day. If the first day will do: orders[time].dt.to_timestamp().",
        )
    return np.asarray(starts.to_numpy())


def _from_numbers(series: pd.Series, request: Request) -> Local:
    form, name = request.time_format, request.time
    if form is None:
        raise ColumnsError(
            f"{name} holds numbers ({series.dtype}), and numbers are not dates by themselves.",
            hint='Say what they count: time_format="epoch_s", "epoch_ms", "yyyymmdd" or "excel".',
        )
    values = series.to_numpy(dtype=np.float64, na_value=np.nan)
    missing = np.isnan(values)
    if form == "excel":
        return Local(_counted(values, missing, form, name))
    if form in ("epoch_s", "epoch_ms"):
        return _instants(_counted(values, missing, form, name), request)
    pattern = "%Y%m%d" if form == "yyyymmdd" else form
    whole = np.where(missing, 0, values)
    if (whole != np.floor(whole)).any():
        raise DataError(
            f"{name}: numbers with a fraction cannot be read as {form!r}.",
            hint="round them, or turn them into dates before.",
        )
    codes, unique = pd.factorize(whole.astype(np.int64))
    texts = np.array([str(u) for u in unique], dtype=object)
    if missing.any():
        texts[unique == 0] = ""
    choices: dict[str, Any] = {"time_format": pattern, "tz": request.tz}
    parsed = text_dates.parse(texts, name=str(name), codes=codes, **choices)
    return attrs.evolve(parsed, times=parsed.times[codes])


def _instants(utc: np.ndarray, request: Request) -> Local:
    """Return the wall-clock times of seconds since 1970, which are counted in UTC by definition."""
    if request.tz is None:
        return Local(utc, clock="UTC")
    return Local(text_dates.local(pd.DatetimeIndex(utc).tz_localize("UTC"), request.tz))


def _counted(values: np.ndarray, missing: np.ndarray, form: str, name: Any) -> np.ndarray:
    per_day = {"epoch_s": 86_400.0, "epoch_ms": 86_400_000.0, "excel": 1.0}[form]
    # Excel counts 1900-02-29, which never was, so only serials after it have one meaning.
    origin = -25_569.0 if form == "excel" else 0.0
    days = values / per_day + origin
    low = 61 + origin if form == "excel" else FIRST_DAY
    with np.errstate(invalid="ignore"):
        outside = ~missing & ~((days >= low) & (days < LAST_DAY + 1))
    if outside.any():
        raise out_of_years(name, int(outside.sum()), len(values), form)
    # Whole microseconds; Excel's fractions of a day are rounded to the second first.
    per_second = 86_400.0 / per_day
    seconds = values * per_second if form != "excel" else np.round(values * 86_400.0)
    micro = np.where(missing, 0, np.round(seconds * 1e6) + origin * 86_400e6).astype(np.int64)
    micro[missing] = _NAT
    return micro.view("M8[us]")


def _from_objects(series: pd.Series, request: Request) -> Local:
    try:
        codes, unique = pd.factorize(series)
    except (TypeError, NotImplementedError):  # Arrow's lists say the latter
        raise ColumnsError(
            f"{request.time} holds lists or the like, no dates.",
            hint="Give dates, times, or ISO text.",
        ) from None
    values = np.asarray(unique, dtype=object)
    read = _distinct(values, request, codes)
    padded = np.append(read.times, np.datetime64("NaT", "us"))
    return attrs.evolve(read, times=padded[codes])


def _distinct(values: np.ndarray, request: Request, codes: np.ndarray) -> Local:
    name = request.time
    kinds = {_python_kind(v) for v in values}
    if not kinds:
        return Local(np.empty(0, dtype="M8[us]"))
    if kinds == {"text"}:
        form = request.time_format
        if form in ("epoch_s", "epoch_ms", "excel"):
            raise ColumnsError(
                f"{name} holds text, not numbers to be read as {form!r}.",
                hint="Convert it first: pd.to_numeric(orders[time]).",
            )
        return text_dates.parse(
            values, name=str(name), time_format=form, tz=request.tz, codes=codes
        )
    if kinds == {"number"}:
        return _from_numbers(pd.Series(values).infer_objects(), request)
    if kinds == {"period"}:
        return Local(_periods(pd.Series(pd.array(values.tolist())), name))
    if kinds == {"time with a zone"} or (
        kinds == {"time with a zone", "time"} and request.tz is not None
    ):
        return _aware_objects(values, request)
    if kinds == {"time"}:
        return Local(np.array(values.tolist(), dtype="M8[us]"))
    if kinds == {"time with a zone", "time"}:
        raise text_dates.mixed_zones(name)
    what = "mixes values of several kinds: " + ", ".join(sorted(kinds))
    raise ColumnsError(
        f"{name} {what if len(kinds) > 1 else 'holds values that are no dates'}.",
        hint="Give one kind: dates, times, or ISO text.",
    )


def _python_kind(value: Any) -> str:
    if isinstance(value, str):
        return "text"
    if isinstance(value, dt.datetime):
        return "time with a zone" if value.tzinfo is not None else "time"
    if isinstance(value, (dt.date, np.datetime64)):
        return "time"
    if isinstance(value, pd.Period):
        return "period"
    if isinstance(value, (int, float, np.number)) and not isinstance(value, bool):
        return "number"
    return "other"


def _aware_objects(values: np.ndarray, request: Request) -> Local:
    if request.tz is None and len({_zone_of(v) for v in values}) > 1:
        raise text_dates.mixed_zones(request.time)
    zone = request.tz
    naive = [_wall_clock(v, zone) for v in values]
    clock = None if zone is not None else fixed_clock(values[0].tzinfo)
    return Local(np.array(naive, dtype="M8[us]"), aware=True, clock=clock)


def _zone_of(value: Any) -> str:
    """Return the zone's name: its offset may change with the season, its calendar does not."""
    zone = value.tzinfo
    return str(value.utcoffset() if isinstance(zone, dt.timezone) else zone)


def _wall_clock(value: Any, zone: str | None) -> Any:
    if getattr(value, "tzinfo", None) is None:
        return value
    stamp = pd.Timestamp(value)
    moved = stamp if zone is None else stamp.tz_convert(zone)
    return moved.tz_localize(None).to_datetime64()


def _number(times: np.ndarray, per_day: int, out: np.ndarray) -> bool:
    """Write floor(time / unit) to out; return whether none is missing or out of range."""
    number = _floor(times, per_day)
    fits = bool(_in_range(np.array([number.min(), number.max()]), per_day).all())
    # NaT is the smallest integer; as nanoseconds, and no longer unit, that would be a day in 1677.
    if fits and np.datetime_data(times.dtype)[0] == "ns":
        fits = bool(times.view(np.int64).min() != _NAT)
    out[:] = number if fits else np.clip(number, -(2**31), 2**31 - 1)
    return fits


def _floor(times: np.ndarray, per_day: int) -> np.ndarray:
    steps = _PER_DAY[np.datetime_data(times.dtype)[0]]
    counts = times.view(np.int64)
    if steps < per_day:
        # Days as hours; NaT must not wrap around into a real hour.
        return np.where(np.isnat(times), _NAT, counts * per_day)
    return counts // (steps // per_day)


def _in_range(number: np.ndarray, per_day: int) -> np.ndarray:
    inside: np.ndarray = (number >= FIRST_DAY * per_day) & (number < (LAST_DAY + 1) * per_day)
    return inside


def _fits(times: np.ndarray, per_day: int) -> np.ndarray:
    return _in_range(_floor(times, per_day), per_day)


def out_of_years(name: Any, wrong: int, n: int, form: str | None = None) -> DataError:
    """Return the error for dates outside of Python's calendar."""
    other = {"epoch_s": "epoch_ms", "epoch_ms": "epoch_s", "excel": "yyyymmdd"}.get(form or "", "")
    hint = f'Is it time_format="{other}"?' if other else "Check how the column was read."
    return DataError(
        f"{name}: {wrong:,} of {n:,} dates are outside the years 1 to 9999.", hint=hint
    )
