"""The same counts as expressions of a lazy engine: Polars lazy, DuckDB, Spark, Dask, warehouses.

Only verbs that mean the same on every engine are used, and a test reads this folder for the others.
Days are numbers and amounts whole minor units, held as floats below 2**53, whose sums are exact: so
counts are equal on every engine to the last bit, and no engine takes the wide integers with which
some add up narrow ones. Amounts of more than six decimals are added as they are, to rounding.
"""

from typing import Any

import narwhals.stable.v2 as nw

from layerwise import columns as c
from layerwise.orders.amounts import ROUNDING
from layerwise.orders.counting import DAYS_PER, window_start
from layerwise.orders.facts import Facts
from layerwise.orders.moments import (
    day_literal,
    day_number,
    literal,
    moment_column,
    place,
    place_of,
    whole_part,
)
from layerwise.orders.request import UNIX_DAY, Request

Lazy = nw.LazyFrame[Any]
Expr = nw.Expr

# The first occasion's net rides in the low bits of min(bucket * 2**41 + net + 2**40).
_NET_ROOM = 2**41
_NET_HALF = 2**40
_BUCKET_ROOM = 2**20


def occasions(rows: Lazy, facts: Facts, request: Request, after: int | None = None) -> Lazy:
    """Return id, day and net of each purchase occasion, perhaps only those after a moment.

    With grain="day" the day tells occasions apart; else they have a bucket, the hour or week.

    Args:
        rows: What `reasons.prepare` made.
        facts: What `facts.gather` found in them.
        request: The choices.
        after: Leave out occasions up to this moment.
    """
    used = _used(rows, facts)
    if request.order is not None:
        used = _purchases(_orders(used, facts), facts)
    found = _buckets(_later(used, after, request), facts, request)
    return found if request.order is not None else _purchases(found, facts)


def audit(rows: Lazy, facts: Facts, request: Request, after: int | None = None) -> Lazy:
    """Return one row: what is no purchase, customers, spend, and the first and last purchase's day.

    Money is in minor units; the days are missing without a purchase. With `after`, only what came
    after that moment; an order belongs where its earliest line is.
    """
    used = _used(rows, facts).with_columns(_count(nw.col("net") < 0).alias("back"))
    more = (nw.col("back").sum(), nw.len().alias("lines"))
    if request.order is not None:
        netted = _later(_orders(used, facts, *more), after, request)
    else:
        netted = _buckets(_later(used, after, request), facts, request, *more)
    lost = _count(~_is_purchase(facts)) if request.amount is not None else nw.lit(0)
    flagged = netted.with_columns(lost.alias("lost"))
    below, kept = (nw.col("lost") == 1) & _is_below(facts), nw.col("lost") == 0
    told = flagged.with_columns(
        _inside(below, nw.col("back")).alias("refund_rows"),
        _inside(below, nw.col("net")).alias("refund_total"),
        _inside(kept, nw.col("net")).alias("spend"),
        _inside(nw.col("lost") == 1, nw.col("lines")).alias("lost_rows"),
        nw.when(kept).then(nw.col("day")).alias("bought"),
        nw.lit(1).alias("all"),
    )
    sums = ("refund_rows", "refund_total", "spend", "lost", "lost_rows", "all")
    added = [nw.col(name).sum() for name in sums]
    if request.order is not None and request.grain == "week":  # a week's orders are one occasion
        weeks = told.with_columns(_bucket(request).alias("bucket")).group_by("id", "bucket")
        told = weeks.agg(*added, nw.col("bought").min())
    customers = told.group_by("id").agg(
        *added,
        nw.col("bought").min().alias("first_order"),
        nw.col("bought").max().alias("last_order"),
    )
    gone = _count(nw.col("lost") == nw.col("all"))
    return customers.select(
        nw.col("lost").sum().alias("refunded_orders"),
        nw.col("lost_rows").sum().alias("refunded_rows"),
        *(nw.col(name).sum() for name in ("refund_rows", "refund_total", "spend")),
        gone.sum().alias("customers_without_purchase"),
        (1 - gone).sum().alias("customers"),
        nw.col("first_order").min(),
        nw.col("last_order").max(),
    )


def carried(rows: Lazy, facts: Facts, request: Request, after: int) -> Lazy:
    """Return one row: how many rows after a moment belong to orders that began before it."""
    used, name = _used(rows, facts), moment_column(request)
    since = _count(nw.col(name) > literal(after, used, request)).alias("since")
    orders = _orders(used.with_columns(since), facts, nw.col("since").sum())
    early = orders.filter(nw.col(name) <= literal(after, used, request))
    return early.select(nw.col("since").sum().alias("n"))


def customers(found: Lazy, facts: Facts, request: Request, as_of: int) -> Lazy:
    """Return the customer table of the occasions."""
    daily = request.grain == "day"
    if daily:
        found = found.with_columns(place(nw.col("day")).alias("bucket"))
    bucket, net = nw.col("bucket"), nw.col("net")
    starts = {days: window_start(as_of, days, request.grain) for days in request.windows}
    if daily:
        since = {d: nw.col("day") >= day_literal(n, found) for d, n in starts.items()}
    else:
        since = {d: bucket >= n for d, n in starts.items()}
    wanted = [
        nw.col("day").min().alias(c.FIRST_ORDER),
        nw.col("day").max().alias(c.LAST_ORDER),
        nw.len().alias(c.ORDERS),
    ]
    if not daily:
        wanted += [bucket.min().alias("first"), bucket.max().alias("last")]
    inside = {c.orders_in(d): _inside(recent, _float(nw.lit(1))) for d, recent in since.items()}
    if request.amount is not None:
        inside |= {c.spend_in(d): _inside(recent, net) for d, recent in since.items()}
        wanted.append(net.sum().alias("total"))
    wanted += [nw.col(name).sum() for name in inside]
    packed, low = request.amount is not None and _packs(facts), _low(facts, request)
    if packed:
        inside["packed"] = (bucket - low) * _NET_ROOM + _integer(net) + _NET_HALF
        wanted.append(nw.col("packed").min())
    table = found.with_columns(*(value.alias(name) for name, value in inside.items()))
    table = table.group_by("id").agg(*wanted)
    if request.amount is not None:
        table = _unpacked(table, low, request) if packed else _joined(table, found, request)
    return _named(table, facts, request, facts.bucket(as_of, request))


def held_out(found: Lazy, facts: Facts, request: Request) -> Lazy:
    """Return id, occasions and net spend of the holdout's occasions."""
    wanted = [nw.len().alias(c.HOLDOUT_ORDERS)]
    if request.amount is not None:
        wanted.append(nw.col("net").sum().alias("held"))
    table = found.group_by("id").agg(*wanted)
    picked = [nw.col("id").alias(c.CUSTOMER), _integer(nw.col(c.HOLDOUT_ORDERS))]
    if request.amount is not None:
        scale = _float(nw.col(c.HOLDOUT_ORDERS)) * 0.0 + float(facts.scale or 1)
        picked.append((_float(nw.col("held")) / scale).alias(c.HOLDOUT_SPEND))
    return table.select(*picked)


def join_holdout(table: Lazy, held: Lazy, days: float, request: Request) -> Lazy:
    """Add the holdout's columns to the customer table, zero where nothing was bought."""
    both = table.join(held, on=c.CUSTOMER, how="left")
    picked = [nw.coalesce(nw.col(c.HOLDOUT_ORDERS), nw.lit(0)).alias(c.HOLDOUT_ORDERS)]
    if request.amount is not None:
        picked.append(nw.coalesce(nw.col(c.HOLDOUT_SPEND), nw.lit(0.0)).alias(c.HOLDOUT_SPEND))
    kept = [nw.col(name) for name in table.collect_schema().names()]
    return both.select(*kept, *picked, nw.lit(days).alias(c.HOLDOUT_DAYS))


def _net(facts: Facts) -> Expr:
    if facts.scale is None:
        return nw.col("money")
    # Some warehouses floor to integers, whose sums are wide ones there; ibis makes all do so.
    return _float((nw.col("money") * facts.scale + 0.5).floor())


def _used(rows: Lazy, facts: Facts) -> Lazy:
    """Return the usable rows with their net amounts, ids that came as floats as integers."""
    schema = rows.collect_schema()
    floats = [n for n in ("id", "order") if n in schema and schema[n].is_float()]
    whole = (_integer(nw.col(name)) for name in floats)
    used = rows.filter(nw.col("reason") == 0) if facts.left_out else rows
    return used.with_columns(_net(facts).alias("net"), *whole)


def _later(used: Lazy, after: int | None, request: Request) -> Lazy:
    if after is None:
        return used
    return used.filter(nw.col(moment_column(request)) > literal(after, used, request))


def _orders(used: Lazy, facts: Facts, *more: Expr) -> Lazy:
    found = _with_gross(used, facts).group_by("id", "order")
    times = ("hour", "day") if "hour" in used.collect_schema().names() else ("day",)
    return found.agg(*(nw.col(name).min() for name in times), *_added(facts), *more)


def _buckets(used: Lazy, facts: Facts, request: Request, *more: Expr) -> Lazy:
    used = _with_gross(used, facts)
    if request.grain == "day":
        return used.group_by("id", "day").agg(*_added(facts), *more)
    found = used.with_columns(_bucket(request).alias("bucket")).group_by("id", "bucket")
    return found.agg(nw.col("day").min(), *_added(facts), *more)


def _bucket(request: Request) -> Expr:
    if request.hourly:
        return nw.col("hour")
    return whole_part(day_number(nw.col("day")) + (UNIX_DAY - 1), 7)


def _with_gross(used: Lazy, facts: Facts) -> Lazy:
    """Add the size of the amounts, against which rounding is told from money."""
    if facts.scale is not None:
        return used
    net = nw.col("net")
    return used.with_columns(nw.when(net < 0).then(0 - net).otherwise(net).alias("gross"))


def _added(facts: Facts) -> list[Expr]:
    """Return what is added up; inside agg stand columns only, Dask takes an expression for one."""
    return [nw.col(name).sum() for name in ("net", "gross")[: 1 + (facts.scale is None)]]


def _purchases(netted: Lazy, facts: Facts) -> Lazy:
    return netted if facts.lowest > 0 else netted.filter(_is_purchase(facts))


def _is_purchase(facts: Facts) -> Expr:
    if facts.scale is not None:
        return nw.col("net") > 0
    return nw.col("net") > nw.col("gross") * ROUNDING


def _is_below(facts: Facts) -> Expr:
    if facts.scale is not None:
        return nw.col("net") < 0
    return nw.col("net") < nw.col("gross") * (0.0 - ROUNDING)


def _packs(facts: Facts) -> bool:
    """Whether bucket and net of an occasion fit in one integer; a join is needed otherwise."""
    small = facts.last - facts.first < _BUCKET_ROOM
    return facts.scale is not None and facts.total * facts.scale < _NET_HALF and small


def _low(facts: Facts, request: Request) -> int:
    """Return the bucket of the first row, or its place with grain="day"."""
    low = facts.bucket(facts.first, request)
    return place_of(low) if request.grain == "day" else low


def _unpacked(table: Lazy, low: int, request: Request) -> Lazy:
    first = place(nw.col(c.FIRST_ORDER)) if request.grain == "day" else _integer(nw.col("first"))
    at_first = _integer(nw.col("packed")) - (first - low) * _NET_ROOM - _NET_HALF
    return table.with_columns(at_first.alias("at_first"))


def _joined(table: Lazy, found: Lazy, request: Request) -> Lazy:
    key, bucket = (c.FIRST_ORDER, "day") if request.grain == "day" else ("first", "bucket")
    first = found.select("id", nw.col(bucket).alias(key), nw.col("net").alias("at_first"))
    return table.join(first, on=["id", key], how="inner")


def _named(table: Lazy, facts: Facts, request: Request, now: int) -> Lazy:
    first, last = _ends(request)
    orders = _integer(nw.col(c.ORDERS))
    picked = [
        nw.col("id").alias(c.CUSTOMER),
        nw.col(c.FIRST_ORDER),
        nw.col(c.LAST_ORDER),
        orders.alias(c.ORDERS),
        (orders - 1).alias(c.REPEAT_ORDERS),
        _days(last - first, orders, request).alias(c.FIRST_TO_LAST),
        _days(now - first, orders, request).alias(c.AGE),
        _days(now - last, orders, request).alias(c.SILENCE),
    ]
    # Polars divides by a constant through its reciprocal, which is off in the last bit; by a column
    # it divides. Zero times a count makes the constant a column.
    scale = _float(orders) * 0.0 + float(facts.scale or 1)
    if request.amount is not None:
        picked += _spend(_float(nw.col("total")), _float(nw.col("at_first")), _float(orders), scale)
    for days in request.windows:
        picked.append(_integer(nw.col(c.orders_in(days))).alias(c.orders_in(days)))
        if request.amount is not None:
            spend = _float(nw.col(c.spend_in(days))) / scale
            picked.append(spend.alias(c.spend_in(days)))
    return table.select(*picked)


def _ends(request: Request) -> tuple[Expr, Expr]:
    """Return the numbers of the first and last bucket."""
    if request.grain == "day":
        return day_number(nw.col(c.FIRST_ORDER)), day_number(nw.col(c.LAST_ORDER))
    return _integer(nw.col("first")), _integer(nw.col("last"))


def _spend(total: Expr, at_first: Expr, orders: Expr, scale: Expr) -> list[Expr]:
    repeat = nw.when(orders > 1).then((total - at_first) / ((orders - 1) * scale))
    return [
        (total / scale).alias(c.SPEND_TOTAL),
        (total / (orders * scale)).alias(c.SPEND_MEAN),
        repeat.alias(c.SPEND_REPEAT_MEAN),
    ]


def _days(steps: Expr, orders: Expr, request: Request) -> Expr:
    if request.hourly:
        return _float(steps) / (_float(orders) * 0.0 + 24.0)
    return steps * DAYS_PER[request.grain]


def _inside(test: Expr, value: Expr) -> Expr:
    return nw.when(test).then(value).otherwise(0)


def _count(test: Expr) -> Expr:
    return nw.when(test).then(1).otherwise(0)


def _integer(value: Expr) -> Expr:
    return value.cast(nw.Int64())


def _float(value: Expr) -> Expr:
    return value.cast(nw.Float64())
