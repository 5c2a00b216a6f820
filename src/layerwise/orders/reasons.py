"""Every row of a lazy log with the reason, if any, why it is left out."""

from typing import Any

import narwhals.stable.v2 as nw

from layerwise import frames
from layerwise.errors import ColumnsError, EngineError
from layerwise.orders.amounts import not_numbers
from layerwise.orders.blank_ids import BLANKS
from layerwise.orders.float_ids import FLOAT32_ROOM, FLOAT64_ROOM
from layerwise.orders.moments import hour_number, literal, moment_column
from layerwise.orders.request import Request

Lazy = nw.LazyFrame[Any]
Expr = nw.Expr

REASONS = ("null_customer", "null_order", "null_time", "null_amount", "after_as_of")


def prepare(table: Lazy, request: Request, last: int) -> Lazy:
    """Return id, day, money and the reason (0: none) why a row is left out; the hour if wanted."""
    schema = table.collect_schema()
    types = {role: schema[str(name)] for role, name in request.roles.items()}
    _check_types(types, request, frames.engine_name(table))
    named = table.select(nw.col(str(name)).alias(role) for role, name in request.roles.items())
    time = _local(table, types["time"], request)
    picked = [_id("customer", types).alias("id"), _date(table, time).alias("day")]
    picked += [hour_number(time).alias("hour")] if request.hourly else []
    picked.append(_money(types).alias("money"))
    picked += [fault for role in id_roles(request) for fault in _float_faults(role, types[role])]
    picked += [_id("order", types).alias("order")] if "order" in types else []
    picked += [_text("currency", types)] if "currency" in types else []
    marked = named.select(*picked)
    late = nw.col(moment_column(request)) > literal(last, marked, request)
    return marked.with_columns(_reason(types, late).alias("reason"))


def _money(types: dict[str, Any]) -> Expr:
    """Return amounts as floats, missing where missing or NaN; zero without amount=."""
    if "amount" not in types:
        return nw.lit(0.0)
    money = nw.col("amount").cast(nw.Float64())
    return _among(~money.is_nan(), money) if types["amount"].is_float() else money


def _text(role: str, types: dict[str, Any]) -> Expr:
    """Return categories as texts, of which every engine knows the least."""
    known = types[role] in (nw.Categorical, nw.Enum)
    return nw.col(role).cast(nw.String()) if known else nw.col(role)


def id_roles(request: Request) -> tuple[str, ...]:
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


def _reason(types: dict[str, Any], late: Expr) -> Expr:
    """Return the number of the first of REASONS that applies to a row; 0 for none."""
    tests = {
        "null_customer": absent("id", types["customer"]),
        "null_order": absent("order", types["order"]) if "order" in types else None,
        "null_time": nw.col("day").is_null(),
        "null_amount": nw.col("money").is_null() if "amount" in types else None,
        "after_as_of": late,
    }
    reason = nw.lit(0)
    for i, name in reversed([*enumerate(REASONS, start=1)]):
        if (test := tests[name]) is not None:
            reason = nw.when(test).then(nw.lit(i)).otherwise(reason)
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


_DATES = {
    "DuckDB": "strptime({}, '{}')",
    "Polars": 'pl.col("{}").str.to_datetime("{}")',
    "Dask": 'dd.to_datetime(log["{}"], format="{}")',
    "ibis": 'log["{}"].as_timestamp("{}")',
}


def _check_types(types: dict[str, Any], request: Request, engine: str) -> None:
    time, customer = types["time"], types["customer"]
    if not isinstance(time, (nw.Date, nw.Datetime)):
        form = request.time_format or "%Y-%m-%d"
        unused = "" if request.time_format is None else ", so time_format= has no effect"
        parsed = _DATES.get(engine, "to_date({}, ...)").format(request.time, form)
        raise ColumnsError(
            f"{request.time} holds {time}, not dates, and a lazy frame's text and numbers are not "
            f"parsed here{unused}.",
            hint=f"Make dates in the query by their form, e.g. {parsed}, or collect the frame.",
        )
    if request.hourly and isinstance(time, nw.Date):
        raise ColumnsError(
            f'{request.time} holds dates, which have no hours for grain="hour".',
            hint="take grain='day', or a time column with hours.",
        )
    check_id_type(request.customer, customer)
    amount = types.get("amount")
    if amount == nw.String:
        raise ColumnsError(
            f"{request.amount} holds text, not numbers.",
            hint=f"Cast it in the query, e.g. CAST({request.amount} AS DOUBLE) or "
            f".cast(pl.Float64), or collect the frame.",
        )
    if amount is not None and not amount.is_numeric():
        raise not_numbers(request.amount, amount)


def check_id_type(name: object, dtype: Any) -> None:
    """Refuse a column that cannot hold ids.

    Raises:
        ColumnsError: It holds dates, lists or truth values.
    """
    if dtype.is_temporal() or dtype.is_nested() or dtype == nw.Boolean:
        raise ColumnsError(f"{name} holds {dtype}, not ids.", hint="Ids are whole numbers or text.")


def _among(test: Expr, value: Expr) -> Expr:
    return nw.when(test).then(value).otherwise(None)
