"""Which portraits are out of date: too old, or the customer buys other things by now."""

from typing import Any

import numpy as np
import pandas as pd

from layerwise import frames, vectors
from layerwise.columns import CUSTOMER
from layerwise.errors import ColumnsError, DataError, SpecError
from layerwise.evaluate.rate_series import day_of
from layerwise.logs import read_roster
from layerwise.portrait.mix import MIX_PREFIX
from layerwise.rules.base import NOT_EVALUABLE
from layerwise.saved import fits
from layerwise.vectors import Floats, Labels

FRESH, STALE = "fresh", "stale"


def stale_portraits(
    old: Any,
    new: Any,
    *,
    old_as_of: Any,
    as_of: Any,
    max_age_days: int = 30,
    max_distance: float = 0.3,
    customer: str = CUSTOMER,
) -> pd.DataFrame:
    """Return for each customer of the old portraits whether they are out of date.

    Args:
        old: The table of `customer_portraits` as it was, with columns `mix_...`.
        new: The same made anew; a category that one of them lacks has share 0 there.
        old_as_of: `as_of` of the old one.
        as_of: `as_of` of the new one.
        max_age_days: An older portrait is stale.
        max_distance: A larger Jensen-Shannon distance of the old to the new mix of categories
            (0 alike, 1 nothing in common) makes it stale.
        customer: Column of ids in both.

    Returns:
        A pandas table, a row a row of `old`: the id, `age_days`, `distance`, `portrait` (fresh,
        stale, or not_evaluable where the distance cannot be told and the age is no reason), and
        `reason`.

    Raises:
        ColumnsError: There are no columns `mix_...`, or no ids.
        DataError: Ids are missing or repeated, or shares are negative.
        SpecError: The dates are the wrong way round, or a choice is not possible.

    Source: Lin (1991), IEEE Transactions on Information Theory 37; the distance is the root of the
    divergence in bits (Endres and Schindelin 2003).

    Example:
        >>> ids = {"customer_id": [1, 2]}
        >>> old = pd.DataFrame(ids | {"mix_tea": [0.9, 0.5], "mix_milk": [0.1, 0.5]})
        >>> new = pd.DataFrame(ids | {"mix_tea": [0.1, 0.6], "mix_milk": [0.9, 0.4]})
        >>> found = stale_portraits(old, new, old_as_of="2024-05-01", as_of="2024-05-20")
        >>> found.round(2)
           customer_id  age_days  distance portrait               reason
        0            1        19      0.73    stale  distance 0.73 > 0.3
        1            2        19      0.09    fresh
    """
    if not fits(max_age_days, int) or max_age_days < 0 or not fits(max_distance, float):
        raise SpecError(
            "max_age_days must be a whole number and max_distance a number.",
            hint="leave them out for 30 and 0.3.",
        )
    age = day_of(as_of, "as_of") - day_of(old_as_of, "old_as_of")
    if age < 0:
        raise SpecError("old_as_of is later than as_of.", hint="give the older portraits first.")
    before, after = read_roster(old, customer=customer), read_roster(new, customer=customer)
    place = after.index.get_indexer(before.index)
    if not len(after):
        raise DataError("The new portraits have no rows.", hint="check the filter they came from.")
    names = sorted(set(_mixes(old)) | set(_mixes(new)))
    p, q = _shares(old, names), _shares(new, names)
    q = np.where(place[:, None] >= 0, q[place], np.nan)
    distance = mix_distance(p, q)
    return _judged(before.ids, customer, age, distance, max_age_days, max_distance)


def mix_distance(p: Floats, q: Floats) -> Floats:
    """Return the Jensen-Shannon distance of rows of shares, missing where a share is.

    >>> mix_distance(np.array([[1.0, 0.0]]), np.array([[0.0, 1.0]])).tolist()
    [1.0]
    """
    middle = (p + q) / 2
    with np.errstate(divide="ignore", invalid="ignore"):
        parts = [np.where(v > 0, v * np.log2(v / middle), v * 0.0) for v in (p, q)]
    distance: Floats = np.sqrt(np.maximum((parts[0] + parts[1]).sum(axis=1) / 2, 0.0))
    return distance


def _mixes(table: Any) -> list[str]:
    frame = frames.eager(table, doing="stale_portraits")
    names = [n for n in frames.column_names(frame) if n.startswith(MIX_PREFIX)]
    if not names:
        raise ColumnsError(
            f"A table of portraits has no columns {MIX_PREFIX}...",
            hint="customer_portraits(..., category=...) makes them.",
        )
    return names


def _shares(table: Any, names: list[str]) -> Floats:
    """Return shares by row, each row adding to 1."""
    frame = frames.eager(table, doing="stale_portraits")
    there = vectors.read(frame, [n for n in names if n in frames.column_names(frame)])
    none = np.zeros(len(frame))
    columns = [there.get(name, none) for name in names]
    values = np.column_stack([c.numbers() if isinstance(c, Labels) else c for c in columns])
    if (values < 0).any():
        raise DataError(
            f"{int((values < 0).sum()):,} shares are negative.", hint="shares are 0 to 1."
        )
    total = values.sum(axis=1, keepdims=True)
    return np.asarray(values / np.where(total > 0, total, np.nan), dtype=np.float64)


def _judged(
    ids: pd.Series, customer: str, age: int, distance: Floats, days: int, most: float
) -> pd.DataFrame:
    far, old = distance > most, age > days
    told = np.where(far, [f"distance {d:.2f} > {most:g}" for d in distance], "")
    aged = f"{age:,} days old, more than {days:,}"
    reason = np.where(far & old, np.char.add(aged + "; ", told.astype(str)), aged if old else told)
    blind = np.isnan(distance) & (not old)
    label = np.select([blind, far | old], [NOT_EVALUABLE, STALE], FRESH)
    return pd.DataFrame(
        {
            customer: ids.to_numpy(),
            "age_days": age,
            "distance": distance,
            "portrait": label,
            "reason": np.where(blind, "no mix of categories in one of them", reason),
        }
    )
