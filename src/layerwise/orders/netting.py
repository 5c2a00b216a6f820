"""Refunds: what is left of an order when its lines are added up."""

import attrs
import numpy as np
import pandas as pd

from layerwise.orders.amounts import ROUNDING, Amounts, exact_sum
from layerwise.orders.request import UNIX_DAY
from layerwise.orders.rows import Rows


@attrs.frozen(eq=False)
class Purchases:
    """The rows that belong to purchases, and how much was not one.

    `refund_rows` and `refund_total` (in minor units) are of the orders whose net is below zero:
    what came back and can be taken off nothing.
    """

    rows: Rows
    refunded_rows: int = 0
    refunded_orders: int = 0
    refund_rows: int = 0
    refund_total: float = 0.0


def bucket(moment: np.ndarray, grain: str) -> np.ndarray:
    """Return the number of the hour, day or week of a moment; weeks start on Monday."""
    return (moment + (UNIX_DAY - 1)) // 7 if grain == "week" else moment


def first_moment(number: int, grain: str) -> int:
    """Return the first hour or day of the hour, day or week of a number."""
    return number * 7 - (UNIX_DAY - 1) if grain == "week" else number


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
    some, order = amounts.take(hit), place[hit]
    net, sign = _net(some, order, len(touched))
    gone = sign <= 0
    if not gone.any():
        return Purchases(rows)
    lost = np.zeros(len(key), dtype=bool)
    lost[hit] = gone[order]
    back = _back(some, order, net, sign)
    return Purchases(rows.take(~lost), int(lost.sum()), int(gone.sum()), *back)


def _by_order(rows: Rows) -> Purchases:
    """Turn lines into one row an order: the earliest moment, the net amount."""
    if not len(rows.code):
        return Purchases(rows)
    order, customer = order_numbers(rows)
    n = len(customer)
    moment = earliest(order, rows.moment, n)
    whole = attrs.evolve(rows, code=customer, moment=moment, order=None)
    if rows.amounts is None:
        return Purchases(whole)
    net, sign = _net(rows.amounts, order, n)
    whole = attrs.evolve(whole, amounts=attrs.evolve(rows.amounts, value=net))
    good = sign > 0
    if good.all():
        return Purchases(whole)
    lost = int((~good)[order].sum())
    back = _back(rows.amounts, order, net, sign)
    return Purchases(whole.take(good), lost, int((~good).sum()), *back)


def order_numbers(rows: Rows) -> tuple[np.ndarray, np.ndarray]:
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


def earliest(order: np.ndarray, moment: np.ndarray, n: int) -> np.ndarray:
    """Return the moment of each order's earliest line."""
    first = np.empty(n, dtype=moment.dtype)
    first[order] = moment
    if not np.array_equal(first[order], moment):
        np.minimum.at(first, order, moment)
    return first


def _net(amounts: Amounts, order: np.ndarray, n: int) -> tuple[np.ndarray, np.ndarray]:
    """Return each order's net amount and its sign; a rounding rest is no money."""
    net = amounts.sum_by(order, n)
    if amounts.scale is not None or amounts.lowest > 0:
        return net, np.sign(net)
    gross = attrs.evolve(amounts, value=np.abs(amounts.value)).sum_by(order, n)
    return net, np.where(np.abs(net) > ROUNDING * gross, np.sign(net), 0.0)


def _back(
    amounts: Amounts, order: np.ndarray, net: np.ndarray, sign: np.ndarray
) -> tuple[int, float]:
    """Return how many rows are refunds in orders below zero, and the net of these orders."""
    refunds = (amounts.value < 0) & (sign < 0)[order]
    return int(refunds.sum()), exact_sum(net[sign < 0], amounts.scale)
