"""Orders at a price above that of another channel on the same day."""

import numpy as np
import pandas as pd

from layerwise import vectors
from layerwise.churn.inputs import Inputs, dates
from layerwise.churn.signal import Signal
from layerwise.churn.signs import Sign
from layerwise.rules.base import numbers
from layerwise.vectors import Array, Floats, Labels

PRICE_COLUMNS = ("sku", "channel", "valid_from", "valid_to", "price")


def price_gap(sign: Sign, inputs: Inputs) -> Signal:
    """Find the recent order line furthest above the lowest price of its product that day.

    What was paid is amount / quantity. Lines without a price of the day are not judged.
    """
    log = inputs.logs["orders"]
    recent = np.flatnonzero(inputs.window("orders", sign.days("recent_days")))
    begin = inputs.today - sign.days("recent_days") + 1
    lowest = _lowest(sign, inputs, recent, begin)
    paid = _paid(inputs)[recent]
    known = np.isfinite(lowest) & (lowest > 0) & (paid > 0)
    who, ratio = log.customer[recent], np.where(known, paid / np.where(known, lowest, 1.0), -np.inf)
    order = np.lexsort((log.day[recent], -ratio, who))
    first = order[np.unique(who[order], return_index=True)[1]]
    first = first[known[first]]
    out = {name: np.full(inputs.n, np.nan) for name in ("paid", "lowest", "ratio", "day")}
    values = {"paid": paid, "lowest": lowest, "ratio": ratio, "day": log.day[recent]}
    for name, found in values.items():
        out[name][who[first]] = found[first]
    judged = ~np.isnan(out["ratio"])
    hit = judged & (out["ratio"] > sign.number("ratio_limit"))
    return Signal(
        judged=judged,
        hit=hit,
        value=out["paid"],
        baseline=out["lowest"],
        ratio=out["ratio"],
        since=out["day"],
    )


def _paid(inputs: Inputs) -> Floats:
    amount = np.asarray(numbers(inputs.column("orders", "amount")), dtype=np.float64)
    if not inputs.logs["orders"].has("quantity"):
        return amount
    pieces = np.asarray(numbers(inputs.column("orders", "quantity")), dtype=np.float64)
    return np.where(pieces > 0, amount / np.where(pieces > 0, pieces, 1.0), np.nan)


def _lowest(sign: Sign, inputs: Inputs, rows: Array, begin: int) -> Floats:
    """Return the lowest price, over channels, of each row's product on its day."""
    names = vectors.read(inputs.prices, ["sku", "price"], what="the price list")
    sku, product = _texts(names["sku"]), inputs.labels("orders", "sku")
    place = {text: i for i, text in enumerate(sorted({*sku.names, *product.names}))}
    price = np.asarray(numbers(names["price"]), dtype=np.float64)
    code, length, start = _spans(inputs, sku, place, begin, price)
    at = np.repeat(np.arange(len(length)), length)
    day = start[at] + np.arange(len(at)) - np.repeat(np.cumsum(length) - length, length)
    span = sign.days("recent_days")
    table = pd.Series(price[at]).groupby(code[at] * span + day).min()
    of_row = np.array([*(place[n] for n in product.names), -1])[product.codes[rows]]
    key = np.where(of_row >= 0, of_row * span + inputs.logs["orders"].day[rows] - begin, -1)
    return table.reindex(key).to_numpy(dtype=np.float64)


def _spans(
    inputs: Inputs, sku: Labels, place: dict[object, int], begin: int, price: Floats
) -> tuple[Array, Array, Array]:
    """Return product, length in days and first day of each price within the window."""
    first, last = (dates(inputs.prices, n, **inputs.reading) for n in ("valid_from", "valid_to"))
    first = np.maximum(np.where(np.isnan(first), -np.inf, first), begin)
    last = np.minimum(np.where(np.isnan(last), np.inf, last), inputs.today)
    code = np.array([*(place[n] for n in sku.names), -1])[sku.codes]
    used = (code >= 0) & (price > 0) & (last >= first)
    length = np.where(used, last - first + 1, 0).astype(np.int64)
    return code, length, np.where(used, first - begin, 0).astype(np.int64)


def _texts(found: vectors.Column) -> Labels:
    if isinstance(found, Labels):
        return found
    values, codes = np.unique(found, return_inverse=True)
    return Labels(np.where(np.isnan(found), -1, codes), tuple(f"{v:g}" for v in values))
