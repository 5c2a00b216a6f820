"""Handing what each combination of labels gets to its customers, as one big frame."""

from collections.abc import Sequence
from typing import Any

import narwhals.stable.v2 as nw
import numpy as np
from numpy.typing import NDArray

from layerwise import columns as c
from layerwise.errors import DataError, SpecError
from layerwise.strategy import holdout, match
from layerwise.strategy.plan import Decided
from layerwise.strategy.resolve import column_of
from layerwise.strategy.row import Strategy

Entry = tuple[Strategy, int, match.Because | None]
"""A distinct row of the plan but for the customer: strategy, rank, reason."""


def to_frame(
    frame: Any, decided: Decided, *, customer: str, share: float, salt: str, lang: str
) -> Any:
    """Return the plan: one row per customer and strategy, as the same kind of frame."""
    _check_share(share)
    if customer in c.PLAN:
        raise SpecError(
            f"The customer column is called {customer!r}, which the plan calls something else.",
            hint="rename it in the label table.",
        )
    ids = _ids(column_of(frame, customer, "customer"))
    who, entry, entries = _expand(decided)
    held = _held_out(ids, who, entry, entries, share, salt)
    flag = nw.new_series(c.HOLDOUT, held, nw.Boolean, backend=frame.implementation)
    parts = [frame.select(customer)[who], _small(entries, lang, frame)[entry], flag.to_frame()]
    parts = [nw.maybe_reset_index(part) for part in parts]
    return nw.concat(parts, how="horizontal").to_native()


def _ids(column: Any) -> list[bytes]:
    missing = column.null_count()
    if missing:
        raise DataError(
            f"{missing:,} of {len(column):,} rows have no {column.name}.",
            hint="drop them or give them an id.",
        )
    texts = holdout.canonical_ids(column.to_list())
    different = set(texts)
    if b"" in different:
        raise DataError(
            f"{texts.count(b''):,} of {len(texts):,} rows have an empty {column.name}.",
            hint="drop them or give them an id.",
        )
    twice = len(texts) - len(different)
    if twice:
        raise DataError(
            f"{column.name} repeats in {twice:,} of {len(texts):,} rows.",
            hint="a plan needs one row per customer.",
        )
    return texts


def _expand(decided: Decided) -> tuple[NDArray[np.int64], NDArray[np.int64], list[Entry]]:
    """Return, per row of the plan, the customer's place and the entry's place; and the entries."""
    places: dict[tuple[str, int, match.Because | None], int] = {}
    entries: list[Entry] = []
    pointer = []
    for choice in decided.choices:
        for rank, (row, why) in enumerate(choice.chosen, 1):
            place = places.setdefault((row.id, rank, why), len(entries))
            if place == len(entries):
                entries.append((row, rank, why))
            pointer.append(place)
    who, position = _spread(decided.cell, [len(x.chosen) for x in decided.choices])
    return who, np.array(pointer, dtype=np.int64)[position], entries


def _spread(
    cell: NDArray[np.int64], given: Sequence[int]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return, per row of the plan, the customer and the place in the list of all cells' rows."""
    size = np.array(given, dtype=np.int64)
    start = np.cumsum(size) - size
    mine = size[cell]
    who = np.repeat(np.arange(len(cell)), mine)
    within = np.arange(len(who)) - np.repeat(np.cumsum(mine) - mine, mine)
    return who, start[cell[who]] + within


def _held_out(
    ids: list[bytes],
    who: NDArray[np.int64],
    entry: NDArray[np.int64],
    entries: Sequence[Entry],
    share: float,
    salt: str,
) -> NDArray[np.bool_]:
    base = holdout.bases(ids if share and len(who) else [], salt)
    if not len(base):
        return np.zeros(len(who), dtype=bool)
    keys = np.array([holdout.strategy_key(row.id) for row, _, _ in entries], dtype=np.uint64)
    duty = np.array([row.theme == match.DUTY for row, _, _ in entries], dtype=bool)
    held: NDArray[np.bool_] = holdout.uniform(base[who], keys[entry]) < share
    kept_out: NDArray[np.bool_] = held & ~duty[entry]
    return kept_out


def _small(entries: Sequence[Entry], lang: str, frame: Any) -> Any:
    """Return the few distinct rows of the plan, which the big frame only points at."""
    zh = lang == "zh"
    rows = [row for row, _, _ in entries]
    data: dict[str, list[object]] = {
        c.STRATEGY: [row.id for row in rows],
        c.RANK: [rank for _, rank, _ in entries],
        c.REASON: [match.explain(why, lang) for _, _, why in entries],
        c.CHANNEL: [row.channel for row in rows],
        c.INCENTIVE: [row.incentive for row in rows],
        c.OWNER: [row.owner for row in rows],
        c.KPI: [row.kpi for row in rows],
        c.SOURCE: [row.source for row in rows],
        c.OBJECTIVE: [(row.objective_zh if zh else "") or row.objective for row in rows],
        c.ACTION: [(row.action_zh if zh else "") or row.action for row in rows],
    }
    schema = {name: nw.Int64() if name == c.RANK else nw.String() for name in data}
    small = nw.from_dict(data, schema, backend=frame.implementation)
    if not frame.implementation.is_pandas():
        return small
    return small.with_columns(nw.col(n).cast(nw.Categorical) for n in data if n != c.RANK)


def _check_share(share: float) -> None:
    number = isinstance(share, int | float | np.number) and not isinstance(share, bool)
    if not number or not 0 <= share < 1:
        raise SpecError("holdout must be a share from 0 to below 1.", hint="0.1 is the default.")
