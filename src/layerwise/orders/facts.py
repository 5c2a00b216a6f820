"""What a lazy engine must be asked before it counts: one aggregate query over the log."""

from collections.abc import Iterable
from typing import Any

import attrs
import narwhals.stable.v2 as nw
import numpy as np

from layerwise import frames
from layerwise.errors import ColumnsError, EngineError
from layerwise.orders.amounts import LARGEST, SCALES, infinite_amounts, not_numbers, text_amounts
from layerwise.orders.blank_ids import BLANKS
from layerwise.orders.float_ids import FLOAT32_ROOM, FLOAT64_ROOM, refuse_floats
from layerwise.orders.moments import decode, encode, moment
from layerwise.orders.netting import bucket
from layerwise.orders.request import Request
from layerwise.orders.rows import no_rows, refuse_currencies
from layerwise.orders.text_dates import fixed_clock

Lazy = nw.LazyFrame[Any]
Expr = nw.Expr

REASONS = ("null_customer", "null_order", "null_time", "null_amount", "after_as_of")
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


def prepare(table: Lazy, request: Request, last: int) -> Lazy:
    """Return id, moment, day, money and the reason (0: none) why a row is left out."""
    schema = table.collect_schema()
    types = {role: schema[str(name)] for role, name in request.roles.items()}
    _check_types(types, request)
    named = table.select(nw.col(str(name)).alias(role) for role, name in request.roles.items())
    time = _local(table, types["time"], request)
    timed = named.with_columns(
        moment(time, request).alias("moment"),
        _date(table, time).alias("day"),
        time.is_null().alias("undated"),
    )
    picked = [_id("customer", types).alias("id"), *map(nw.col, ("moment", "day", "undated"))]
    picked.append(_money(types).alias("money"))
    picked += [fault for role in _ids(request) for fault in _float_faults(role, types[role])]
    picked += [_id("order", types).alias("order")] if "order" in types else []
    picked += [nw.col("currency")] if "currency" in types else []
    marked = timed.select(*picked)
    return marked.with_columns(_reason(types, encode(last, request)).alias("reason"))


def gather(rows: Lazy, request: Request, amount_type: Any) -> Facts:
    """Run the query.

    Raises:
        DataError: If the log is empty, an amount infinite, or currencies are mixed.
    """
    scales = _scales(amount_type)
    floats = _float_ids(rows, request)
    found = collect_row(rows.select(*_questions(request, amount_type, floats)))
    n = int(found["rows"])
    if n == 0:
        raise no_rows()
    if request.currency is not None:
        kinds = 0 if found["least"] is None else 1 + (found["least"] != found["most"])
        refuse_currencies(kinds, int(found["no_currency"]), request)
    if _int(found["infinite"]):
        raise infinite_amounts(request.amount, _int(found["infinite"]), n)
    for role in floats:
        faults = (_int(found[f"{fault}_{role}"]) for fault in ("blurred", "broken"))
        refuse_floats(request.roles[role], n, *faults, room=_int(found[f"room_{role}"]))
    counts = {reason: _int(found.get(reason)) for reason in REASONS} | {"rows": n}
    total = float(found["size"] or 0.0)
    fitting = (s for s in scales if not _int(found.get(f"inexact_{s}")))
    scale = next(fitting, None)
    if scale is not None and total * scale >= LARGEST:
        scale = None
    lowest = np.inf if request.amount is None else float(found["lowest"] or 0.0)
    first, last = (decode(_int(found[end]), request) for end in ("first", "last"))
    return Facts(
        counts=counts,
        scale=scale,
        lowest=lowest,
        total=total,
        first=first,
        last=last,
        later=decode(_int(found["later"]), request) if counts["after_as_of"] else None,
    )


def collect_row(table: Lazy) -> dict[str, Any]:
    """Return the one row of a small aggregate."""
    return {str(name): value for name, value in frames.run(table).rows(named=True)[0].items()}


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


def _questions(request: Request, amount_type: Any, floats: Iterable[str]) -> list[Expr]:
    """Return what is asked of all rows at once; nothing that the columns' types answer."""
    reason, money, moment = nw.col("reason"), nw.col("money"), nw.col("moment")
    known = (reason == 0) | (reason == len(REASONS))
    idle = {"null_order": request.order is None, "null_amount": request.amount is None}
    wanted = [
        nw.len().alias("rows"),
        *(_total(reason == i).alias(r) for i, r in enumerate(REASONS, start=1) if not idle.get(r)),
        _among(reason == 0, moment).min().alias("first"),
        _among(reason == 0, moment).max().alias("last"),
        _among(reason == len(REASONS), moment).min().alias("later"),
        _total((money > _HUGE) | (money < -_HUGE)).alias("infinite"),
        _among(known, money).min().alias("lowest"),
        _among(known, nw.when(money < 0).then(0.0 - money).otherwise(money)).sum().alias("size"),
    ]
    for role in floats:
        wanted += [nw.col(f"{fault}_{role}").sum() for fault in ("blurred", "broken")]
        wanted.append(nw.col(f"room_{role}").max())
    if len(scales := _scales(amount_type)) > 1:
        wanted += [_inexact(known, s, amount_type).alias(f"inexact_{s}") for s in scales]
    if request.currency is not None:
        currency = nw.col("currency")
        wanted += [currency.min().alias("least"), currency.max().alias("most")]
        wanted.append(_total(currency.is_null()).alias("no_currency"))
    return wanted


def _scales(amount_type: Any) -> tuple[int, ...]:
    """Return the scales that amounts of a type may need: whole numbers, and no amounts, only 1."""
    return SCALES[:1] if amount_type is None or amount_type.is_integer() else SCALES


def _float_ids(rows: Lazy, request: Request) -> list[str]:
    """Return the roles of the ids that came as floats."""
    made = rows.collect_schema().names()
    return [role for role in _ids(request) if f"blurred_{role}" in made]


def _money(types: dict[str, Any]) -> Expr:
    """Return amounts as floats, missing where missing or NaN; zero without amount=."""
    if "amount" not in types:
        return nw.lit(0.0)
    money = nw.col("amount").cast(nw.Float64())
    return _among(~money.is_nan(), money) if types["amount"].is_float() else money


def _ids(request: Request) -> tuple[str, ...]:
    """Return the roles of the columns that hold ids."""
    return ("customer",) if request.order is None else ("customer", "order")


def _id(role: str, types: dict[str, Any]) -> Expr:
    """Return the ids; floats missing where NaN or refused, made whole when those are gone."""
    number, dtype = nw.col(role), types[role]
    if not dtype.is_float():
        return number
    return _among(~number.is_nan() & ~_blurred(number, dtype), number)


def _float_faults(role: str, dtype: Any) -> list[Expr]:
    """Mark ids that are floats too large to be told apart, or not whole, and from where on."""
    if not dtype.is_float():
        return []
    number = nw.col(role)
    blurred = _blurred(number, dtype)
    broken = ~number.is_nan() & ~blurred & (number.floor() != number)
    return [
        _among(blurred, nw.lit(1)).alias(f"blurred_{role}"),
        _among(broken, nw.lit(1)).alias(f"broken_{role}"),
        nw.lit(_room(dtype)).alias(f"room_{role}"),
    ]


def _blurred(number: Expr, dtype: Any) -> Expr:
    room = _room(dtype)
    return ~number.is_nan() & ((number >= room) | (number <= -room))


def _room(dtype: Any) -> int:
    return FLOAT64_ROOM if dtype == nw.Float64 else FLOAT32_ROOM


def absent(name: str, dtype: Any) -> Expr:
    """Tell missing ids, and blank ones where ids are text."""
    missing = nw.col(name).is_null()
    if dtype not in (nw.String, nw.Categorical, nw.Enum):
        return missing
    return missing | ~nw.col(name).cast(nw.String()).str.contains(f"[^{BLANKS}]")


def _reason(types: dict[str, Any], last: int) -> Expr:
    """Return the number of the first of REASONS that applies to a row; 0 for none."""
    tests = [
        absent("id", types["customer"]),
        absent("order", types["order"]) if "order" in types else nw.lit(False),
        nw.col("undated"),
        nw.col("money").is_null(),
        nw.col("moment") > last,
    ]
    reason = nw.lit(0)
    for i in range(len(tests), 0, -1):
        reason = nw.when(tests[i - 1]).then(nw.lit(i)).otherwise(reason)
    return reason


def _date(table: Lazy, time: Expr) -> Expr:
    """Return the date; in Dask as a time at midnight, since it cannot group Arrow's dates."""
    if table.implementation.is_dask():
        return time.cast(nw.Datetime("us")).dt.truncate("1d")
    return time.cast(nw.Date())


_LOCAL_TIME = {
    "DuckDB": "timezone('Europe/Berlin', {})",
    "Spark": "CAST({} AS TIMESTAMP_NTZ), with spark.sql.session.timeZone of the shop",
    "ibis": "in PostgreSQL {} AT TIME ZONE 'Europe/Berlin'",
    "Dask": '.dt.tz_convert("Europe/Berlin").dt.tz_localize(None) of {}',
}


def _local(table: Lazy, dtype: Any, request: Request) -> Expr:
    """Return the local time; only Polars can move times between zones inside a query."""
    time = nw.col("time")
    zone = getattr(dtype, "time_zone", None)
    if zone is None:
        return time
    engine = frames.engine_name(table)
    if engine != "Polars":
        local = _LOCAL_TIME.get(engine, "with the functions of your engine, for {}")
        raise EngineError(
            f"{request.time} has a time zone, and its local day cannot be had on {engine}.",
            hint=f"Make it a local time without a zone first: {local.format(request.time)}.",
        )
    return time.dt.convert_time_zone(request.tz or zone).dt.replace_time_zone(None)


def _check_types(types: dict[str, Any], request: Request) -> None:
    time, customer = types["time"], types["customer"]
    if not isinstance(time, (nw.Date, nw.Datetime)):
        raise ColumnsError(
            f"{request.time} holds {time}, not dates, and a lazy frame's text and numbers are not "
            "parsed here.",
            hint=f"Cast it in the query, e.g. CAST({request.time} AS DATE), in Polars "
            f'pl.col("{request.time}").str.to_datetime(), or collect the frame.',
        )
    if request.hourly and isinstance(time, nw.Date):
        raise ColumnsError(
            f'{request.time} holds dates, which have no hours for grain="hour".',
            hint="take grain='day', or a time column with hours.",
        )
    check_id_type(request.customer, customer)
    amount = types.get("amount")
    if amount == nw.String:
        raise text_amounts(request.amount)
    if amount is not None and not amount.is_numeric():
        raise not_numbers(request.amount, amount)


def check_id_type(name: object, dtype: Any) -> None:
    """Refuse a column that cannot hold ids.

    Raises:
        ColumnsError: It holds dates, lists or truth values.
    """
    if dtype.is_temporal() or dtype.is_nested() or dtype == nw.Boolean:
        raise ColumnsError(f"{name} holds {dtype}, not ids.", hint="Ids are whole numbers or text.")


def _inexact(known: Expr, scale: int, amount_type: Any) -> Expr:
    """Count amounts that are no whole number of 1/scale, in the precision of their own type."""
    money = nw.col("money")
    # A column of the scale: Polars divides by constants through their reciprocals, and takes what
    # `when` made for one if all rows have it.
    divisor = money * 0.0 + float(scale)
    nearest = (money * scale + 0.5).floor() / divisor
    if amount_type == nw.Float32:
        return _total(known & (nearest.cast(nw.Float32()) != money.cast(nw.Float32())))
    return _total(known & (nearest != money))


def _total(test: Expr) -> Expr:
    return nw.when(test).then(1).otherwise(0).sum()


def _among(test: Expr, value: Expr) -> Expr:
    return nw.when(test).then(value).otherwise(None)
