"""The table of membership levels: a published promise, with thresholds, benefits and a version."""

import warnings
from collections.abc import Sequence
from typing import Any

import attrs
import numpy as np
import pandas as pd

from layerwise import arguments, frames, odd_cells, vectors
from layerwise.errors import (
    ColumnsError,
    DataError,
    RowsLeftOutWarning,
    SpecError,
    TableError,
    problems,
)
from layerwise.knowledge import Schema, packaged, read_table
from layerwise.rules.base import numbers
from layerwise.saved import fits
from layerwise.vectors import Array, Floats, Labels

_SIGNIFICANT = 10

LEVELS = Schema(
    what="the level table",
    file="membership_levels.csv",
    filled=("level", "name", "spend_from", "order_days_from", "version"),
    optional=("term_zh", "discount", "points_multiplier", "benefits", "benefits_zh", "basis",
              "source"),
    numbers=("level", "spend_from", "order_days_from", "discount", "points_multiplier"),
)  # fmt: skip


@attrs.frozen(eq=False)
class Ladder:
    """A level table as arrays; entry 0 stands for no level.

    Attributes:
        ids: Id of each level, "none" first.
        spend: Spend from which each level is reached, minus infinity first.
        days: The same for order days.
        benefits: What each level gives, in the language asked for.
        version: Version of the rules.
    """

    ids: tuple[str, ...]
    spend: Floats
    days: Floats
    benefits: tuple[str, ...]
    version: str

    def reached(self, values: Floats, edges: Floats) -> Array:
        """Return the highest level whose edge a value is not below; -1 where it is missing."""
        level = np.searchsorted(edges, values, side="right") - 1
        return np.where(np.isnan(values), -1, level)


def level_table() -> pd.DataFrame:
    """Return the packaged table of membership levels, a level a row, to read or to edit.

    `spend_from` (currency of the orders) and `order_days_from` count over trailing 365 days; the
    numbers are assumptions. `discount` is a share, `points_multiplier` a factor; `version` names
    the rules, and changes with them. The table is a promise: publish it.

    >>> level_table()[["id", "term_zh", "spend_from", "order_days_from", "discount"]]
             id term_zh spend_from order_days_from discount
    0    member    普通会员          0               2        0
    1    silver    银卡会员        200               6     0.03
    2      gold    金卡会员        600              12     0.05
    3  platinum    白金会员       1500              24     0.08
    """
    return packaged(LEVELS)


def level_table_from(
    customers: object,
    *,
    version: str,
    quantiles: Sequence[float] = (0.5, 0.8, 0.95),
    spend: str = "spend_365d",
    table: object = None,
) -> pd.DataFrame:
    """Return the level table with spend thresholds at quantiles of customers' spend, then frozen.

    Quantiles are of customers who spent anything in the window; the thresholds are amounts that
    customers spent (no interpolation). The lowest level keeps its own threshold.

    Args:
        customers: One row a customer, with `spend`.
        version: Name of the new rules.
        quantiles: One for each level but the lowest, ascending, between 0 and 1.
        spend: Column of trailing spend.
        table: The table to start from; None takes `level_table()`.

    Raises:
        SpecError: Quantiles are impossible, not one for each level, or the version is empty.
        DataError: Nobody spent anything, or two levels would get the same threshold.
        ColumnsError: There is no such column of numbers.
        TableError: The table cannot be used.

    Example:
        >>> people = pd.DataFrame({"spend_365d": [0.0, 10.0, 20.0, 30.0, 40.0, 50.0]})
        >>> level_table_from(people, version="2027-1")["spend_from"].tolist()
        ['0', '30', '40', '50']
    """
    rows = read_levels(table)
    given: Any = tuple(quantiles) if isinstance(quantiles, Sequence) else quantiles
    good = fits(given, tuple[float, ...]) and all(0 < q < 1 for q in given)
    if not good or list(given) != sorted(set(given)) or len(given) != len(rows) - 1:
        raise SpecError(
            f"quantiles must be {len(rows) - 1} ascending numbers between 0 and 1, one for each "
            "level but the lowest.",
            hint="quantiles=(0.5, 0.8, 0.95).",
        )
    if not isinstance(version, str) or not version.strip() or not odd_cells.is_utf8(version):
        raise SpecError("version must be a text.", hint='version="2027-1".')
    values = amounts(frames.eager(customers, doing="level_table_from"), spend)
    if missing := int(np.isnan(values).sum()):
        warnings.warn(
            f"{missing:,} of {len(values):,} customers have no {spend} and are left out.\n"
            "Hint: the summary gives it to everybody.",
            RowsLeftOutWarning,
            stacklevel=2,
        )
    values = np.sort(values[values > 0])
    if not len(values):
        raise DataError(f"Nobody has {spend} above 0.", hint="check the window of the summary.")
    cuts = values[np.ceil(np.array(given) * len(values)).astype(int) - 1]
    cuts = np.array([float(f"{cut:.{_SIGNIFICANT}g}") for cut in cuts])
    edges = [float(rows["spend_from"].iloc[0]), *cuts.tolist()]
    if (np.diff(edges) <= 0).any():
        raise DataError(
            "Two levels would get the same threshold, as many customers spend alike.",
            hint="choose quantiles further apart, or set spend_from by hand.",
        )
    return rows.assign(spend_from=[f"{edge:.{_SIGNIFICANT}g}" for edge in edges], version=version)


def read_levels(table: object) -> pd.DataFrame:
    """Return a level table, checked.

    Raises:
        TableError: Levels are not 1, 2, 3 ... upwards, thresholds fall, or versions differ.
    """
    rows = read_table(table, LEVELS)
    wrong = []
    if rows["level"].astype(float).tolist() != list(range(1, len(rows) + 1)):
        wrong.append("level must count 1, 2, 3 ... from row to row")
    for name in ("spend_from", "order_days_from"):
        edges = rows[name].astype(float)
        if (edges < 0).any() or (edges.diff() < 0).any():
            wrong.append(f"{name} must be 0 or more and never fall from row to row")
    if len(set(rows["version"])) != 1:
        wrong.append("version must be the same in all rows")
    if (rows["id"] == "none").any():
        wrong.append("no level can be called none")
    if len(rows) > 100:
        wrong.append(f"{len(rows):,} levels are more than 100")
    if wrong:
        raise TableError(
            problems("The level table cannot be used:", wrong),
            hint="start from level_table() and edit it.",
        )
    return rows


def ladder(table: object, lang: str) -> Ladder:
    """Return a level table as arrays."""
    rows = read_levels(table)
    benefits = rows["benefits_zh" if lang == "zh" else "benefits"]
    return Ladder(
        ("none", *rows["id"]),
        np.array([-np.inf, *rows["spend_from"].astype(float)]),
        np.array([-np.inf, *rows["order_days_from"].astype(float)]),
        ("", *benefits),
        rows["version"].iloc[0],
    )


def amounts(frame: Any, name: str) -> Floats:
    """Return a column of a wrapped eager frame as numbers, missing as NaN.

    Raises:
        ColumnsError: It is not there, or holds text.
    """
    arguments.check_named({"spend= or order_days=": name})
    arguments.require(frames.column_names(frame), {name: "levels"}, title="A column is missing:")
    found = vectors.read(frame, [name])[name]
    if isinstance(found, Labels) and any(isinstance(n, str) for n in found.names):
        raise ColumnsError(f"Column {name} holds text, not numbers.", hint="make it numbers.")
    return numbers(found).astype(np.float64)
