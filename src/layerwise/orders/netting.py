"""Refunds: what is left of an order when its lines are added up."""

import attrs
import numpy as np
import pandas as pd

from layerwise.orders.amounts import ROUNDING, Amounts
from layerwise.orders.request import UNIX_DAY
from layerwise.orders.rows import Rows


@attrs.frozen(eq=False)
class Purchases:
    """The rows that belong to purchases, and how much was not one."""

    rows: Rows
    refunded_rows: int = 0
    refunded_orders: int = 0


def bucket(moment: np.ndarray, grain: str) -> np.ndarray:
    """Return the number of the hour, day or week of a moment; weeks start on Monday."""
    return (moment + (UNIX_DAY - 1)) // 7 if grain == "week" else moment


def purchases(rows: Rows, grain: str) -> Purchases:
    """Return the rows of orders whose net amount is above zero.

    Without order ids, the lines of one customer in one bucket net; an order id makes its lines one
    order, dated by the earliest, whenever the refund came.
    """
    if rows.order is not None:
        return _by_order(rows)
    if rows.amounts is None or rows.amounts.lowest > 0 or not len(rows.code):
        return Purchases(rows)
    return _by_bucket(rows, rows.amounts, grain)


def _by_bucket(rows: Rows, amounts: Amounts, grain: str) -> Purchases:
    """Net only the buckets that hold an amount of zero or less: they are few."""
    number = bucket(rows.moment, grain)
    low = number.min()
    key = rows.code.astype(np.int64)
    key *= int(number.max() - low + 1)
    key += number - low
    touched = pd.unique(key[amounts.value <= 0])
    place = pd.Index(touched).get_indexer(pd.Index(key))
    hit = np.flatnonzero(place >= 0)
    gone = ~_positive(amounts.take(hit), place[hit], len(touched))
    if not gone.any():
        return Purchases(rows)
    lost = np.zeros(len(key), dtype=bool)
    lost[hit] = gone[place[hit]]
    return Purchases(rows.take(~lost), int(lost.sum()), int(gone.sum()))


def _by_order(rows: Rows) -> Purchases:
    """Turn lines into one row an order: the earliest moment, the net amount."""
    if not len(rows.code):
        return Purchases(rows)
    order, customer = _order_numbers(rows)
    n = len(customer)
    moment = _earliest(order, rows.moment, n)
    whole = attrs.evolve(rows, code=customer, moment=moment, order=None)
    if rows.amounts is None:
        return Purchases(whole)
    net = attrs.evolve(rows.amounts, value=rows.amounts.sum_by(order, n))
    whole = attrs.evolve(whole, amounts=net)
    if rows.amounts.lowest > 0:
        return Purchases(whole)
    good = _positive(rows.amounts, order, n)
    lost = int((~good)[order].sum())
    return Purchases(whole.take(good) if lost else whole, lost, int((~good).sum()))


def _order_numbers(rows: Rows) -> tuple[np.ndarray, np.ndarray]:
    """Number the (customer, order id) pairs; return each row's and each pair's customer."""
    order = rows.order
    assert order is not None  # noqa: S101 - narrows the type; the caller checked
    size = int(order.max()) + 1
    customer = np.full(size, -1, dtype=np.int64)
    customer[order] = rows.code
    if np.array_equal(customer[order], rows.code) and (customer >= 0).all():
        return order, customer
    number, pairs = pd.factorize(rows.code.astype(np.int64) * size + order)
    return number, np.asarray(pairs) // size


def _earliest(order: np.ndarray, moment: np.ndarray, n: int) -> np.ndarray:
    earliest = np.empty(n, dtype=moment.dtype)
    earliest[order] = moment
    if not np.array_equal(earliest[order], moment):
        np.minimum.at(earliest, order, moment)
    return earliest


def _positive(amounts: Amounts, code: np.ndarray, n: int) -> np.ndarray:
    """Return whether each code's net amount is money, not zero, negative or a rounding rest."""
    net = amounts.sum_by(code, n)
    if amounts.scale is not None:
        return net > 0
    gross = attrs.evolve(amounts, value=np.abs(amounts.value)).sum_by(code, n)
    good: np.ndarray = net > ROUNDING * gross
    return good
