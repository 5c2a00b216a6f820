"""Handing what each combination of labels gets to its customers, as one big frame."""

from collections.abc import Sequence
from typing import Any

import attrs
import narwhals.stable.v2 as nw
import numpy as np
from numpy.typing import NDArray

from layerwise import columns as c
from layerwise.errors import DataError, SpecError
from layerwise.orders.blank_ids import is_blank
from layerwise.strategy import holdout, match
from layerwise.strategy.plan import Decided
from layerwise.strategy.resolve import column_of
from layerwise.strategy.row import Strategy

Entry = tuple[Strategy, int, match.Because | None]
"""A distinct row of the plan but for the customer: strategy, rank, reason."""


@attrs.frozen(kw_only=True)
class Chance:
    """Shares of customers left out by chance: of each strategy, and of the whole plan."""

    holdout: float
    control: float
    salt: str

    def __attrs_post_init__(self) -> None:
        """Refuse what is no share."""
        _check_share("holdout", self.holdout, "0.1")
        _check_share("control", self.control, "0")


def to_frame(frame: Any, decided: Decided, *, customer: str, chance: Chance, lang: str) -> Any:
    """Return the plan: one row per customer and strategy, as the same kind of frame."""
    check_customer(customer)
    ids = _ids(column_of(frame, customer, "customer"))
    who, entry, entries = _expand(decided)
    held, control = _by_chance(ids, who, entry, entries, chance)
    left_out = {c.HOLDOUT: held, c.CONTROL: control}
    schema = dict.fromkeys(left_out, nw.Boolean())
    flags = nw.from_dict(left_out, schema, backend=frame.implementation)
    big = _small(entries, lang, frame)[entry]
    parts = [frame.select(customer)[who], big.drop(c.THEME), flags, big.select(c.THEME)]
    parts = [nw.maybe_reset_index(part) for part in parts]
    return nw.concat(parts, how="horizontal").to_native()


def check_customer(customer: str) -> None:
    """Refuse a customer column that is called like one of the plan.

    Raises:
        SpecError: It is.
    """
    if customer in c.PLAN:
        raise SpecError(
            f"The customer column is called {customer!r}, which the plan calls something else.",
            hint="rename it in the label table.",
        )


def by_row(decided: Decided, lang: str) -> tuple[NDArray[np.int64], dict[str, list[Any]]]:
    """Return the plan of a table without draws: the place of each row's customer, and columns."""
    who, entry, entries = _expand(decided)
    few = _columns(entries, lang)
    many = {name: [values[i] for i in entry.tolist()] for name, values in few.items()}
    theme = many.pop(c.THEME)
    nobody = [False] * len(who)
    return who, many | {c.HOLDOUT: nobody, c.CONTROL: list(nobody), c.THEME: theme}


def _ids(column: Any) -> list[bytes]:
    missing = column.null_count()
    if missing:
        raise DataError(
            f"{missing:,} of {len(column):,} rows have no {column.name}.",
            hint="drop them or give them an id.",
        )
    texts = holdout.canonical_ids(column.to_list())
    different = set(texts)
    blank = {text for text in different if _is_blank(text)}
    if blank:
        raise DataError(
            f"{sum(text in blank for text in texts):,} of {len(texts):,} rows have an empty "
            f"{column.name} or one of white space only.",
            hint="drop them or give them an id.",
        )
    twice = len(texts) - len(different)
    if twice:
        raise DataError(
            f"{column.name} repeats in {twice:,} of {len(texts):,} rows.",
            hint="a plan needs one row per customer.",
        )
    return texts


def _is_blank(text: bytes) -> bool:
    plain = text[:1] > b" " and text[:1] < b"\x80"  # nearly all; the rest is looked at closely
    return not plain and is_blank(text.decode("utf-8", "surrogatepass"))


def _expand(decided: Decided) -> tuple[NDArray[np.int64], NDArray[np.int64], list[Entry]]:
    """Return, per row of the plan, the customer's place and the entry's place; and the entries."""
    places: dict[tuple[str, str, int, match.Because | None], int] = {}
    entries: list[Entry] = []
    pointer = []
    for choice in decided.choices:
        for rank, (row, why) in enumerate(choice.chosen, 1):
            place = places.setdefault((row.id, row.channel, rank, why), len(entries))
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


def _by_chance(
    ids: list[bytes],
    who: NDArray[np.int64],
    entry: NDArray[np.int64],
    entries: Sequence[Entry],
    chance: Chance,
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Return, per row of the plan, whether it is held out, and whether its customer is control."""
    drawn = (chance.holdout or chance.control) and len(who)
    base = holdout.bases(ids if drawn else [], chance.salt)
    if not len(base):
        return np.zeros(len(who), dtype=bool), np.zeros(len(who), dtype=bool)
    keys = np.array([holdout.strategy_key(row.id) for row, _, _ in entries], dtype=np.uint64)
    duty = np.array([row.theme == match.DUTY for row, _, _ in entries], dtype=bool)
    group = holdout.uniform(base, holdout.strategy_key(holdout.CONTROL)) < chance.control
    control: NDArray[np.bool_] = group[who]
    held = control | (holdout.uniform(base[who], keys[entry]) < chance.holdout)
    return held & ~duty[entry], control


def _small(entries: Sequence[Entry], lang: str, frame: Any) -> Any:
    """Return the few distinct rows of the plan, which the big frame only points at."""
    data = _columns(entries, lang)
    schema = {name: nw.Int64() if name == c.RANK else nw.String() for name in data}
    small = nw.from_dict(data, schema, backend=frame.implementation)
    if not frame.implementation.is_pandas():
        return small
    return small.with_columns(nw.col(n).cast(nw.Categorical) for n in data if n != c.RANK)


def _columns(entries: Sequence[Entry], lang: str) -> dict[str, list[Any]]:
    """Return the columns of distinct rows of the plan but the customer and the draws."""
    zh = lang == "zh"
    rows = [row for row, _, _ in entries]
    return {
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
        c.THEME: [row.theme for row in rows],
    }


def _check_share(name: str, share: float, default: str) -> None:
    number = isinstance(share, int | float | np.number) and not isinstance(share, bool)
    if not number or not 0 <= share < 1:
        raise SpecError(f"{name} must be a share from 0 to below 1.", hint=f"default: {default}.")
