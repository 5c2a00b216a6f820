"""Ids of events and of the lots that reversals name, which are ids of events, as one code."""

from typing import Any

import attrs
import numpy as np
import pandas as pd

from layerwise.logs import keys
from layerwise.orders.ids import Codes, read_ids, small
from layerwise.vectors import Array


@attrs.frozen(eq=False)
class EventIds:
    """Codes of events and lots, equal where the ids are equal.

    Attributes:
        ids: The ids of the events, a row each.
        code: The code of each row's event, below n.
        lot: The code of the lot that a reversal names; -1 for other rows.
        n: One more than the largest code.
        codes: The codes as read; they say how ids sort.
        missing: Rows without an event id.
        lots_missing: Reversals that name no lot.
    """

    ids: pd.Series
    code: Array
    lot: Array
    n: int
    codes: Codes
    missing: int
    lots_missing: int


def read_event_ids(
    events: pd.Series, lots: pd.Series, back: Array, event: str, lot: str
) -> EventIds:
    """Return the codes of both columns.

    Args:
        events: Ids of the events, a row each.
        lots: Lots that the reversals name.
        back: Rows of the reversals.
        event: Name of the column of events.
        lot: Name of the column of lots.
    """
    rows, n = len(events), 0
    codes, absent = Codes(np.zeros(0, np.int32), 0, None, None), 0
    named: Array = np.full(len(lots), -1)
    if _alike(events, lots):
        codes = read_ids(pd.concat([events, lots], ignore_index=True), event)
        named, n = codes.code[rows:], codes.n
    elif rows:
        codes = read_ids(events, event)
        n = codes.n
        if len(lots):
            theirs = read_ids(lots, lot)
            absent = _count(theirs.missing)
            if not absent and codes.missing is None:
                named, n = _among(events, codes, lots, theirs), n + theirs.n
    missing = np.zeros(0, bool) if codes.missing is None else codes.missing
    full = np.full(rows, -1, dtype=small(n))
    full[back] = named
    return EventIds(
        events, codes.code[:rows], full, n, codes,
        _count(missing[:rows]), absent + _count(missing[rows:]),
    )  # fmt: skip


def _count(missing: Any) -> int:
    return 0 if missing is None else int(missing.sum())


def _alike(events: pd.Series, lots: pd.Series) -> bool:
    """Say whether two columns can be read as one: both text, or both whole numbers, of a type."""
    if not len(lots) or events.dtype != lots.dtype:
        return False
    dtype = events.dtype
    if dtype.kind == "O" and isinstance(dtype, np.dtype):
        return all(pd.api.types.infer_dtype(s, skipna=True) == "string" for s in (events, lots))
    inner = str(getattr(dtype, "pyarrow_dtype", ""))
    text = isinstance(dtype, pd.StringDtype) or inner in ("string", "large_string")
    return text or dtype.kind in "iu"


def _among(events: pd.Series, codes: Codes, lots: pd.Series, theirs: Codes) -> Array:
    """Return the events' codes of lots that are written another way (7.0 for 7).

    Lots that are no event get codes beyond those of the events.
    """
    # Few lots are named, so these are hashed and the many events looked up among them.
    used = np.flatnonzero(np.bincount(theirs.code, minlength=theirs.n))
    found = keys(lots.take(theirs.first_rows(used))).get_indexer(keys(events))
    known = np.flatnonzero(found >= 0)
    code = codes.n + np.arange(theirs.n)
    code[used[found[known]]] = codes.code[known]
    named: Array = code[theirs.code]
    return named
