"""What a lazy engine must be asked before it counts: one aggregate query over the log."""

from typing import Any

import attrs
import narwhals.stable.v2 as nw
import numpy as np
import pandas as pd

from layerwise import frames
from layerwise.orders.amounts import LARGEST, SCALES, infinite_amounts, too_large
from layerwise.orders.dates import FIRST_DAY, LAST_DAY, out_of_years
from layerwise.orders.float_ids import refuse_floats
from layerwise.orders.moments import day_literal, day_number, moment_column
from layerwise.orders.netting import bucket
from layerwise.orders.reasons import REASONS, id_roles
from layerwise.orders.request import Request
from layerwise.orders.rows import no_rows, refuse_currencies
from layerwise.orders.text_dates import fixed_clock

Lazy = nw.LazyFrame[Any]
Expr = nw.Expr

_HUGE = 1.7976931348623157e308


@attrs.frozen(kw_only=True)
class Facts:
    """Counts by reason, the scale that holds all amounts, the ends of time, what comes later."""

    counts: dict[str, int]
    scale: int | None
    lowest: float
    total: float
    first: int
    last: int
    later: int | None

    @property
    def left_out(self) -> int:
        """The rows that are left out."""
        return sum(self.counts.values()) - self.counts["rows"]

    def bucket(self, moment: int, request: Request) -> int:
        """Return the hour, day or week number of a moment."""
        return int(bucket(np.array([moment]), request.grain)[0])


def gather(rows: Lazy, request: Request, amount_type: Any) -> Facts:
    """Run the query.

    Raises:
        DataError: If the log is empty, an amount infinite, a date out of range, or currencies are
            mixed.
    """
    groups = {int(group["reason"]): group for group in _groups(rows, request, amount_type)}
    n = sum(int(group["rows"]) for group in groups.values())
    if n == 0:
        raise no_rows()
    _refuse(rows, request, [*groups.values()], n)
    used, later = groups.get(0), groups.get(len(REASONS))
    known = [group for group in (used, later) if group is not None]
    dated = [groups[i] for i in groups if i != 1 + REASONS.index("null_time")]
    _check_years(rows, request, dated, n)
    total = sum(float(group["size"]) for group in known)
    if total > _HUGE:
        raise too_large()
    first, last = (0, 0) if used is None else (int(used["first"]), int(used["last"]))
    return Facts(
        counts={name: _rows(groups, i) for i, name in enumerate(REASONS, start=1)} | {"rows": n},
        scale=_scale(known, total, _scales(amount_type)),
        lowest=_lowest(known, request),
        total=total,
        first=first,
        last=last,
        later=None if later is None else int(later["first"]),
    )


def _groups(rows: Lazy, request: Request, amount_type: Any) -> list[dict[str, Any]]:
    """Return the answers for each of the reasons that rows have."""
    money = nw.col("money")
    asked = {"size": nw.when(money < 0).then(0.0 - money).otherwise(money)}
    if len(scales := _scales(amount_type)) > 1:
        asked["needed"] = _needed(scales, amount_type)
    if request.currency is not None:
        asked["unpriced"] = nw.when(nw.col("currency").is_null()).then(1).otherwise(0)
    time = nw.col(moment_column(request))
    wanted = [nw.len().alias("rows"), time.min().alias("first"), time.max().alias("last")]
    wanted += [money.min().alias("lowest"), nw.col("size").sum()]
    if "needed" in asked:
        wanted.append(nw.col("needed").max())
    if request.currency is not None:
        currency = nw.col("currency")
        wanted += [currency.min().alias("least"), currency.max().alias("most")]
        wanted.append(nw.col("unpriced").sum())
    for role in _float_ids(rows, request):
        wanted += [nw.col(f"{fault}_{role}").sum() for fault in ("blurred", "broken")]
        wanted.append(nw.col(f"room_{role}").max())
    made = rows.with_columns(*(value.alias(name) for name, value in asked.items()))
    found = made.group_by("reason").agg(*wanted)
    if not request.hourly:
        ends = (day_number(nw.col(end)).alias(end) for end in ("first", "last"))
        found = found.with_columns(*ends)
    return collect_rows(found)


def _refuse(rows: Lazy, request: Request, groups: list[dict[str, Any]], n: int) -> None:
    """Raise if currencies are mixed, amounts infinite or ids broken floats, in whatever rows."""
    if request.currency is not None:
        named = {group[end] for group in groups for end in ("least", "most")}
        unpriced = sum(_int(group["unpriced"]) for group in groups)
        refuse_currencies(sum(not pd.isna(name) for name in named), unpriced, request)
    if any(group["size"] is not None and group["size"] > _HUGE for group in groups):
        money = nw.col("money")
        if infinite := _count_of(rows.filter((money > _HUGE) | (money < -_HUGE))):
            raise infinite_amounts(request.amount, infinite, n)
    for role in _float_ids(rows, request):
        faults = (
            sum(_int(g[f"{fault}_{role}"]) for g in groups) for fault in ("blurred", "broken")
        )
        room = max(_int(group[f"room_{role}"]) for group in groups)
        refuse_floats(request.roles[role], n, *faults, room=room)


def _check_years(rows: Lazy, request: Request, dated: list[dict[str, Any]], n: int) -> None:
    """Raise if a date has no place in Python's calendar; infinite ones are read as the first.

    So are missing ones, of rows that lack something else before.
    """
    per_day = request.per_day
    ends = [int(group[end]) // per_day for group in dated for end in ("first", "last")]
    if all(FIRST_DAY < end <= LAST_DAY for end in ends):
        return
    below, above = (
        nw.col("day") < day_literal(FIRST_DAY, rows),
        nw.col("day") > day_literal(LAST_DAY, rows),
    )
    if wrong := _count_of(rows.filter(below | above)):
        raise out_of_years(request.time, wrong, n)


def _rows(groups: dict[int, dict[str, Any]], reason: int) -> int:
    return int(groups[reason]["rows"]) if reason in groups else 0


def _lowest(known: list[dict[str, Any]], request: Request) -> float:
    if request.amount is None:
        return np.inf
    return min((float(group["lowest"]) for group in known), default=0.0)


def _scale(known: list[dict[str, Any]], total: float, scales: tuple[int, ...]) -> int | None:
    """Return the first scale at which all amounts are whole and their sum is exact."""
    needed = max((int(group.get("needed", 0)) for group in known), default=0)
    scale = scales[needed] if needed < len(scales) else None
    return None if scale is None or total * scale >= LARGEST else scale


def _count_of(table: Lazy) -> int:
    return int(collect_row(table.select(nw.len().alias("n")))["n"])


def collect_row(table: Lazy) -> dict[str, Any]:
    """Return the one row of a small aggregate."""
    return collect_rows(table)[0]


def collect_rows(table: Lazy) -> list[dict[str, Any]]:
    """Return the rows of a small aggregate."""
    rows = frames.run(table).rows(named=True)
    return [{str(name): value for name, value in row.items()} for row in rows]


def is_aware(table: Lazy, request: Request) -> bool:
    """Whether the times of a lazy log have a zone."""
    return _zone(table, request) is not None


def clock(table: Lazy, request: Request) -> str | None:
    """Return the bare offset whose days count for want of tz=; see `text_dates.Local`."""
    return None if request.tz is not None else fixed_clock(_zone(table, request))


def _zone(table: Lazy, request: Request) -> str | None:
    return getattr(table.collect_schema()[str(request.time)], "time_zone", None)


def _int(value: Any) -> int:
    return 0 if value is None or value != value else int(value)


def _scales(amount_type: Any) -> tuple[int, ...]:
    """Return the scales that amounts of a type may need: whole numbers, and no amounts, only 1."""
    return SCALES[:1] if amount_type is None or amount_type.is_integer() else SCALES


def _float_ids(rows: Lazy, request: Request) -> list[str]:
    """Return the roles of the ids that came as floats."""
    made = rows.collect_schema().names()
    return [role for role in id_roles(request) if f"blurred_{role}" in made]


def _needed(scales: tuple[int, ...], amount_type: Any) -> Expr:
    """Return the place of the first scale at which an amount is whole, their number if none.

    What is whole at one scale is at the finer ones, as long as the sum of all is exact there.
    """
    needed = nw.lit(len(scales))
    for place, scale in reversed([*enumerate(scales)]):
        needed = nw.when(_is_whole(scale, amount_type)).then(nw.lit(place)).otherwise(needed)
    return needed


def _is_whole(scale: int, amount_type: Any) -> Expr:
    """Tell amounts that are a whole number of 1/scale, in the precision of their own type."""
    money = nw.col("money")
    # A column of the scale: Polars divides by constants through their reciprocals, and takes what
    # `when` made for one if all rows have it.
    divisor = money * 0.0 + float(scale)
    nearest = (money * scale + 0.5).floor() / divisor
    if amount_type == nw.Float32:
        return nearest.cast(nw.Float32()) == money.cast(nw.Float32())
    return nearest == money
