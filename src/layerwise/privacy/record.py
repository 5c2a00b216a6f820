"""A record of what a run read and why, in one line, without a word about any customer."""

import datetime as dt
import hashlib
import hmac
import json
from collections.abc import Mapping
from typing import Any

import attrs
import numpy as np
import pandas as pd

from layerwise import arguments, frames
from layerwise.brief import in_brief
from layerwise.errors import SpecError, problems
from layerwise.odd_cells import distinct
from layerwise.orders.dates import read_times
from layerwise.orders.request import UNIX_DAY, Request, make_request, moment
from layerwise.orders.table import column
from layerwise.privacy.patterns import lines_with
from layerwise.privacy.pseudonyms import check_key, check_purpose
from layerwise.rules.base import as_mapping, as_tuple
from layerwise.saved import fits
from layerwise.vectors import Array
from layerwise.version import VERSION

_MISSING = np.uint64(0x9E3779B97F4A7C15)


@attrs.frozen(kw_only=True)
class TableRecord:
    """What a run read of one table.

    Args:
        columns: The names of its columns, sorted; a name that is itself an identifier is "hidden".
        rows: How many rows.
        first: The first day in its column of dates; None without one.
        last: The last day.
        counts: What its gates let pass and did not, by reason.
        hash: A keyed hash of the rows in any order, columns in any order; None without a key.

    Example:
        >>> TableRecord(columns=("customer_id", "spend"), rows=2, counts={"consent": 1}).rows
        2
    """

    columns: tuple[str, ...] = attrs.field(converter=as_tuple)
    rows: int
    first: str | None = None
    last: str | None = None
    counts: Mapping[str, int] = attrs.field(factory=dict, converter=as_mapping)
    hash: str | None = None


@attrs.frozen(kw_only=True)
class RunRecord:
    """What a run read and why.

    Args:
        purpose: What the data was used for.
        as_of: The day that counted.
        tables: Name -> what was read of it.
        version: The version of layerwise.
        key_id: Which key made the hashes; None without one.
    """

    purpose: str
    as_of: str
    tables: Mapping[str, TableRecord] = attrs.field(converter=as_mapping)
    version: str = VERSION
    key_id: str | None = None

    __repr__ = in_brief

    def to_dict(self) -> dict[str, Any]:
        """Return the record as plain data."""
        return attrs.asdict(self)

    def to_line(self) -> str:
        """Return the record as one line of JSON, to append to a log; equal runs, equal lines."""
        return json.dumps(self.to_dict(), ensure_ascii=False, sort_keys=True)


def run_record(
    tables: Mapping[str, object],
    *,
    purpose: str,
    as_of: Any,
    times: Mapping[str, str] | None = None,
    counts: Mapping[str, Mapping[str, int]] | None = None,
    key: bytes | str | None = None,
    key_id: str | None = None,
    time_format: str | None = None,
    tz: str | None = None,
) -> RunRecord:
    """Return a record of what a run reads: purpose, columns, dates, counts, hash, version.

    The hash says whether two runs read the same rows. It is made with a key, because a plain hash
    of a small table can be undone by trying; without a key there is none.

    Args:
        tables: Name -> frame in memory.
        purpose: What the data is used for.
        as_of: The day that counts.
        times: Name of a table -> its column of dates.
        counts: Name of a table -> counts of its gates (`Gated.counts`).
        key: As in `pseudonymise`.
        key_id: As there.
        time_format: How the dates of `times` are written, as in `layerwise.summarize`.
        tz: As there.

    Raises:
        SpecError: A choice is not possible, or `times` or `counts` name no table.
        LayerwiseError: A table cannot be read.

    >>> orders = pd.DataFrame({"customer_id": [1, 2], "ordered_at": ["2024-01-05", "2024-02-01"]})
    >>> record = run_record(
    ...     {"orders": orders}, purpose="churn", as_of="2024-06-30", times={"orders": "ordered_at"}
    ... )
    >>> found = record.tables["orders"]
    >>> found.rows, found.first, found.last, found.columns
    (2, '2024-01-05', '2024-02-01', ('customer_id', 'ordered_at'))
    """
    check_purpose(purpose)
    times, counts = {} if times is None else times, {} if counts is None else counts
    _check_maps(tables, times, counts)
    if unknown := (set(times) | set(counts)) - set(tables):
        raise SpecError(
            f"times= and counts= name {len(unknown):,} tables that are not there.",
            hint=f"the tables are {', '.join(tables)}.",
        )
    secret = None if key is None else check_key(key, key_id=key_id, stacklevel=3)
    request = make_request(time_format=time_format, tz=tz)
    day = moment(as_of, name="as_of", request=request, aware=True)
    read = {
        name: _table(table, times.get(name), dict(counts.get(name, {})), secret, request)
        for name, table in sorted(tables.items())
    }
    return RunRecord(
        purpose=purpose,
        as_of=_iso(day),
        tables=read,
        key_id=None if key is None else key_id,
    )


def _check_maps(tables: Any, times: Any, counts: Any) -> None:
    """Refuse what does not map names of tables to frames, columns of dates and counts."""

    def named(given: Any) -> bool:
        return isinstance(given, Mapping) and all(isinstance(name, str) for name in given)

    good = {
        "tables must map names to frames": named(tables),
        "times must map names of tables to columns of dates": named(times)
        and all(isinstance(name, str) for name in times.values()),
        "counts must map names of tables to counts by reason": named(counts)
        and all(named(c) and all(fits(n, int) for n in c.values()) for c in counts.values()),
    }
    if wrong := [text for text, holds in good.items() if not holds]:
        raise SpecError(
            problems("run_record cannot be used so:", wrong),
            hint='run_record({"orders": orders}, times={"orders": "ordered_at"}, ...).',
        )


def _table(
    table: object,
    time: str | None,
    counts: dict[str, int],
    secret: bytes | None,
    request: Request,
) -> TableRecord:
    frame = frames.eager(table, doing="A record")
    names = frames.column_names(frame)
    first = last = None
    if time is not None:
        arguments.require(names, {time: "times="}, title="The table lacks columns:")
        first, last = _span(column(frame.to_native(), time), attrs.evolve(request, time=time))
    hidden = {line for lines in lines_with(names).values() for line in lines}
    return TableRecord(
        columns=tuple(sorted("hidden" if i in hidden else n for i, n in enumerate(names))),
        rows=len(frame),
        first=first,
        last=last,
        counts=counts,
        hash=None if secret is None else _hash(frame, names, secret),
    )


def _iso(day: int) -> str:
    return dt.date.fromordinal(day + UNIX_DAY).isoformat()


def _span(series: pd.Series, request: Request) -> tuple[str | None, str | None]:
    if not len(series) or series.isna().all():
        return None, None
    times = read_times(series.reset_index(drop=True), request)
    days = times.number if times.missing is None else times.number[~times.missing]
    if not len(days):
        return None, None
    return _iso(int(days.min())), _iso(int(days.max()))


def _hash(frame: Any, names: list[str], secret: bytes) -> str:
    """Return the keyed hash of the sorted hashes of rows.

    A row's hash is the sum of its cells' hashes, each cell hashed with its column's own key.
    """
    native, total = frame.to_native(), np.zeros(len(frame), dtype=np.uint64)
    for name in names:
        key = hmac.digest(secret, b"cell" + name.encode(), "sha256").hex()[:16]
        total += _cells(column(native, name).reset_index(drop=True), key, name)
    total.sort()
    head = json.dumps([sorted(names), len(frame)]).encode()
    digest = hmac.new(secret, b"rows" + head + total.astype("<u8").tobytes(), hashlib.sha256)
    return digest.hexdigest()[:32]


def _cells(series: pd.Series, key: str, name: str) -> Array:
    """Return a hash of each cell; equal values of different engines have equal ones."""
    kind = getattr(series.dtype, "kind", "O")
    missing = series.isna().to_numpy()
    if kind == "M" and not isinstance(series.dtype, pd.CategoricalDtype):
        values: Any = series.to_numpy(dtype="M8[us]").view(np.int64)
    elif kind in "biuf" and not isinstance(series.dtype, pd.CategoricalDtype):
        values = series.to_numpy(dtype=np.float64, na_value=0)
        if kind in "iu" and len(values) and np.abs(values).max() >= 2**53:
            values = series.fillna(0).to_numpy(dtype=np.uint64 if kind == "u" else np.int64)
    else:
        distinct(series, name)
        codes, found = pd.factorize(series)
        texts = np.array([*map(str, found), ""], dtype=object)
        hashed: Array = pd.util.hash_array(texts, hash_key=key, categorize=False)[codes]
        return np.where(missing, _MISSING, hashed)
    # Numbers have no keyed hash in pandas: the key is mixed in before and after.
    mask = np.uint64(int(key, 16))
    bits = np.ascontiguousarray(values).view(np.uint64) ^ mask
    hashed = pd.util.hash_array(pd.util.hash_array(bits) ^ mask)
    return np.where(missing, _MISSING, hashed)
