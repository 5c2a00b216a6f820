"""Made-up shops in which the truth is known; equal seeds give equal logs."""

import datetime as dt
from typing import Any, Literal, overload

import attrs
import numpy as np
import pandas as pd

from layerwise.errors import SpecError
from layerwise.saved import fits

_MOST_CUSTOMERS = 100_000_000


def _positive(_: object, attribute: "attrs.Attribute[Any]", value: float) -> None:
    if not value > 0:
        raise SpecError(
            f"{attribute.name} must be above zero.",
            hint=f"leave {attribute.name} out for the usual value.",
        )


@attrs.frozen(kw_only=True)
class World:
    """The parameters of a simulated shop; the defaults are the published fits to CDNOW.

    Attributes:
        start: First day of the log.
        days: Length of the log; later orders are not seen.
        entry_days: Days in which first orders fall.
        rate_shape: r of BG/NBD.
        rate_scale_days: alpha of BG/NBD, in days.
        dropout_a: a of BG/NBD.
        dropout_b: b of BG/NBD.
        spend_shape: p of Gamma-Gamma.
        spend_mix_shape: q of Gamma-Gamma.
        spend_mix_scale: gamma of Gamma-Gamma, in currency.

    Raises:
        SpecError: If a number is not above zero, or entry_days is more than days.

    Example:
        >>> world = World(start="2024-01-01", days=365, entry_days=90)
        >>> simulate_orders(100, seed=1, world=world)["ordered_at"].max() < pd.Timestamp("2025")
        True
    """

    start: str | dt.date = "2023-01-01"
    days: int = attrs.field(default=730, validator=_positive)
    entry_days: int = attrs.field(default=365, validator=_positive)
    rate_shape: float = attrs.field(default=0.2426, validator=_positive)
    rate_scale_days: float = attrs.field(default=30.9, validator=_positive)
    dropout_a: float = attrs.field(default=0.7929, validator=_positive)
    dropout_b: float = attrs.field(default=2.4259, validator=_positive)
    spend_shape: float = attrs.field(default=6.25, validator=_positive)
    spend_mix_shape: float = attrs.field(default=3.74, validator=_positive)
    spend_mix_scale: float = attrs.field(default=15.44, validator=_positive)

    def __attrs_post_init__(self) -> None:
        if self.entry_days > self.days:
            raise SpecError(
                "entry_days is more than days.",
                hint="customers enter within the days that are simulated.",
            )


@overload
def simulate_orders(
    n_customers: int, *, seed: int, world: World | None = None, truth: Literal[False] = False
) -> pd.DataFrame: ...
@overload
def simulate_orders(
    n_customers: int, *, seed: int, world: World | None = None, truth: Literal[True]
) -> tuple[pd.DataFrame, pd.DataFrame]: ...
def simulate_orders(
    n_customers: int, *, seed: int, world: World | None = None, truth: bool = False
) -> pd.DataFrame | tuple[pd.DataFrame, pd.DataFrame]:
    """Return the order log of a world in which BG/NBD and Gamma-Gamma are true.

    Each customer places a first order on an even chance in the first `entry_days`, then orders at
    exponential gaps of rate ~ Gamma(r, 1 / alpha) a day, and after each repeat order leaves for
    good with probability ~ Beta(a, b). Amounts vary as Gamma(p) about the customer's own mean.

    Source: Fader, Hardie and Lee, "Counting Your Customers the Easy Way" (2005), section 3; Fader
    and Hardie, "The Gamma-Gamma Model of Monetary Value" (2013).

    Args:
        n_customers: How many customers; all of them order at least once.
        seed: Equal seeds give equal logs.
        world: Dates and parameters.
        truth: Return also what nobody sees in a real log.

    Returns:
        The orders, by time: `customer_id` (0, 1, ...), `ordered_at`, `amount` (whole cents, at
        least one). With truth=True also a row a customer: `customer_id`, `orders_per_day`,
        `dropout`, `left_at` (missing if not gone at the end), `mean_spend`.

    Raises:
        SpecError: If n_customers is below one.

    Example:
        >>> orders, hidden = simulate_orders(500, seed=7, truth=True)
        >>> orders["customer_id"].nunique(), len(hidden)
        (500, 500)
    """
    if not fits(n_customers, int) or not 1 <= n_customers <= _MOST_CUSTOMERS:
        raise SpecError(
            f"n_customers must be a whole number from 1 to {_MOST_CUSTOMERS:,}.",
            hint="n_customers=1000 makes a thousand.",
        )
    w, rng = world or World(), np.random.default_rng(seed)
    rate = np.maximum(rng.gamma(w.rate_shape, 1 / w.rate_scale_days, n_customers), _SLOWEST)
    dropout = rng.beta(w.dropout_a, w.dropout_b, n_customers)
    # The mean of a customer's amounts is p over the customer's own Gamma(q, gamma) rate.
    mean = w.spend_shape * w.spend_mix_scale / rng.gamma(w.spend_mix_shape, 1, n_customers)
    entry = rng.uniform(0, w.entry_days, n_customers)
    customer, moment, left = _histories(rng, rate, dropout, entry, w.days)
    amount = rng.gamma(w.spend_shape, 1, len(customer)) * mean[customer] / w.spend_shape
    origin = np.datetime64(w.start, "us")
    columns = {
        "customer_id": customer,
        "ordered_at": origin + _span(moment),
        "amount": np.maximum(np.round(amount, 2), 0.01),
    }
    by_time = ["ordered_at", "customer_id"]
    orders = pd.DataFrame(columns).sort_values(by_time, ignore_index=True)
    if not truth:
        return orders
    hidden = {"orders_per_day": rate, "dropout": dropout, "left_at": origin + _span(left)}
    ids = {"customer_id": np.arange(n_customers)}
    return orders, pd.DataFrame({**ids, **hidden, "mean_spend": mean})


def simulate_events(
    n_customers: int,
    *,
    seed: int,
    start: str | dt.date = "2024-01-01",
    days: int = 150,
    dropping: float = 0.1,
    drops_to: float = 0.2,
    drop_days: int = 30,
    season: float = 1.0,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return made-up web events in which some customers lose interest, and who these are.

    Each customer views at a rate of their own, Gamma with shape 2 and mean 0.8 a day, searches at a
    quarter of it, fills the cart at an eighth and reads at a quarter; events come as they like
    (Poisson). In the last `drop_days` days everybody's rates are `season` times these, and those of
    a share `dropping` of the customers, drawn by chance, `drops_to` times that.

    Args:
        n_customers: How many customers.
        seed: Equal seeds give equal logs.
        start: First day of the log.
        days: Length of the log.
        dropping: Share of customers who drop.
        drops_to: What is left of their rates.
        drop_days: How many last days the drop lasts.
        season: What happens to everybody's rates in these days.

    Returns:
        The events, by time: `customer_id` (0, 1, ...), `ts`, `event_type` (view, search, cart,
        read), `duration_s` (of views, mean 60), `category` (of views, one of five). And what nobody
        sees in a real log, a row a customer: `customer_id`, `views_per_day`, `dropped`.

    Raises:
        SpecError: A number is out of range.

    Example:
        >>> events, truth = simulate_events(200, seed=3)
        >>> events["event_type"].unique().tolist(), int(truth["dropped"].sum())
        (['view', 'read', 'cart', 'search'], 28)
    """
    if n_customers < 1 or not 0 < drop_days < days or min(dropping, drops_to, season) < 0:
        raise SpecError(
            "simulate_events: n_customers from 1 up, drop_days between 0 and days, the rest not "
            "negative.",
            hint="simulate_events(1000, seed=1) makes a usual log.",
        )
    rng = np.random.default_rng(seed)
    rate = rng.gamma(2.0, 0.4, n_customers)
    dropped = rng.uniform(size=n_customers) < dropping
    late = season * np.where(dropped, drops_to, 1.0)
    spans = [(0.0, days - drop_days, np.ones(n_customers)), (days - drop_days, drop_days, late)]
    parts = [
        _event_part(rng, kind, rate * share * factor, begin, length)
        for kind, (_, share) in enumerate(_EVENT_KINDS)
        for begin, length, factor in spans
    ]
    columns = [np.concatenate(column) for column in zip(*parts, strict=True)]
    order = np.lexsort((columns[0], columns[2]))
    customer, kind, moment = (column[order] for column in columns)
    seen = kind == 0
    names = pd.CategoricalDtype([name for name, _ in _EVENT_KINDS])
    kinds = pd.CategoricalDtype(list(_CATEGORIES))
    category = np.where(seen, rng.integers(0, len(_CATEGORIES), len(kind)), -1)
    events = pd.DataFrame(
        {
            "customer_id": customer,
            "ts": np.datetime64(start, "us") + _span(moment),
            "event_type": pd.Categorical.from_codes(kind, dtype=names),
            "duration_s": np.where(seen, np.round(rng.exponential(60.0, len(kind)), 1), np.nan),
            "category": pd.Categorical.from_codes(category, dtype=kinds),
        }
    )
    ids = {"customer_id": np.arange(n_customers)}
    return events, pd.DataFrame({**ids, "views_per_day": rate, "dropped": dropped})


_EVENT_KINDS = (("view", 1.0), ("search", 0.25), ("cart", 0.125), ("read", 0.25))
_CATEGORIES = ("bath", "care", "home", "kitchen", "snacks")


def _event_part(
    rng: np.random.Generator, kind: int, rate: np.ndarray, begin: float, length: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return customer, kind and day of the events of one kind in one span of days."""
    customer = np.repeat(np.arange(len(rate)), rng.poisson(rate * length))
    moment = begin + rng.uniform(0, length, len(customer))
    return customer, np.full(len(customer), kind), moment


# Rates below this give gaps beyond any calendar, and no order in them.
_SLOWEST = 1e-12
_DAY_US = 86_400_000_000


def _histories(
    rng: np.random.Generator, rate: np.ndarray, dropout: np.ndarray, entry: np.ndarray, days: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return customer and day of each order, and the day each customer left (NaN: not yet).

    One round an order: all customers that are still there draw their next gap at once.
    """
    left = np.full(len(rate), np.nan)
    who, now = np.arange(len(rate)), entry
    customers, moments = [who], [now]
    while len(who):
        now = now + rng.exponential(1, len(who)) / rate[who]
        seen = now < days
        who, now = who[seen], now[seen]
        customers.append(who)
        moments.append(now)
        stays = rng.uniform(size=len(who)) >= dropout[who]
        left[who[~stays]] = now[~stays]
        who, now = who[stays], now[stays]
    return np.concatenate(customers), np.concatenate(moments), left


def _span(days: np.ndarray) -> np.ndarray:
    micro = np.where(np.isnan(days), np.iinfo(np.int64).min, np.nan_to_num(days) * _DAY_US)
    span: np.ndarray = micro.astype(np.int64).view("m8[us]")
    return span
