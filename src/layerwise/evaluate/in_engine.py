"""Moves between labels of a lazy frame: its engine counts, and only the counts are collected."""

from collections.abc import Sequence
from typing import Any

import attrs
import narwhals.stable.v2 as nw
import numpy as np
import pandas as pd

from layerwise import frames, vectors
from layerwise.churn.flow import days_of, refuse_nameless, refuse_undated
from layerwise.errors import DataError, EngineError
from layerwise.evaluate.label_history import (
    label_column,
    names_of,
    refuse_again,
    refuse_unlabelled,
)
from layerwise.labeller import Labeller
from layerwise.lazy import count_by, counts_of
from layerwise.orders.facts import collect_row
from layerwise.orders.moments import day_number
from layerwise.orders.reasons import absent, check_id_type
from layerwise.vectors import Array, Labels

_GIVEN = "__layerwise_given"
_KEYS = ("when", "undated", "nameless", "label")


@attrs.frozen(eq=False)
class CountedHistory:
    """The labels of all customers at all dates, as far as an engine has counted them.

    Attributes:
        names: The labels in order.
        dates: The dates, ascending.
        sizes: The rows of each date.
        others: Of these, rows whose label is not that of a fit; 0 without one.
        rows: Lazy rows of `who`, `place` (of the date) and `code` (of the label, from 1).
    """

    names: tuple[str, ...]
    dates: Array
    sizes: Array
    others: Array
    rows: Any

    def moves(self) -> list[Array]:
        """Return for each pair of dates the customers by label before and after.

        The last row is of those who were not there before, the last column of those not after.
        """
        return [self._moves(i) for i in range(len(self.dates) - 1)]

    def _moves(self, first: int) -> Array:
        n = len(self.names) + 1
        place, code = nw.col("place"), nw.col("code")
        pair = self.rows.filter((place == first) | (place == first + 1)).select(
            "who",
            nw.when(place == first).then(code).otherwise(0).alias("before"),
            nw.when(place == first).then(0).otherwise(code).alias("after"),
        )
        moved = pair.group_by("who").agg(nw.col("before").sum(), nw.col("after").sum())
        whole = moved.select(nw.col("before").cast(nw.Int64), nw.col("after").cast(nw.Int64))
        found = count_by(whole, ("before", "after"))
        counts = np.zeros((n, n), dtype=np.int64)
        before, after = (found[name].to_numpy().astype(np.int64) - 1 for name in whole.columns)
        counts[before, after] = counts_of(found)  # 0, not there, becomes -1: the last
        return counts


def count_history(
    frame: Any,
    *,
    label: str,
    customer: str,
    as_of: str,
    order: Sequence[str] | None = None,
    fitted: Labeller | None = None,
) -> CountedHistory:
    """Return what an engine counts of a wrapped lazy table of snapshots.

    Raises:
        LayerwiseError: As `label_history.read_history` does.
        EngineError: The dates have a time zone, or stand as different texts.
    """
    rows = _rows(frame, label, customer, as_of, fitted)
    found = count_by(rows, (*_KEYS, "other"))
    counts = counts_of(found)
    n = int(counts.sum())
    column = label_column(vectors.read(found, ["label"])["label"], label)
    column = _ordered_as(column, frame.collect_schema()[label])
    refuse_unlabelled(int(counts[column.codes < 0].sum()), n, label)
    names = names_of(attrs.evolve(column, column=label), label, order)
    refuse_nameless(_sum(found, "nameless", counts), n)
    refuse_undated(_sum(found, "undated", counts), n, as_of)
    when, place, dates = _dates(found, as_of, temporal=_is_temporal(frame, as_of))
    kinds = rows.group_by("who", "when").agg(nw.len().alias("n"))
    refuse_again(n - int(collect_row(kinds.select(nw.len().alias("n")))["n"]), n)
    other = np.asarray(found["other"].to_numpy(), dtype=np.int64)
    return CountedHistory(
        names=names,
        dates=dates,
        sizes=np.bincount(place, counts).astype(np.int64),
        others=np.bincount(place, counts * other).astype(np.int64),
        rows=_coded(rows, when, _as_given(column, names)),
    )


def _rows(frame: Any, label: str, customer: str, as_of: str, fitted: Labeller | None) -> Any:
    """Return who, when, the label, and marks of what is missing and of labels of another fit."""
    other: Any = nw.lit(0)
    given = _label(nw.col(label), frame.collect_schema()[label])
    if fitted is not None:
        frame = frame.with_columns(given.alias(_GIVEN))
        frame = frames.wrap(fitted.transform(frame.to_native()))
        schema = frame.collect_schema()
        made, given = _label(nw.col(label), schema[label]), nw.col(_GIVEN)
        if schema[label].is_numeric() != schema[_GIVEN].is_numeric():
            made, given = made.cast(nw.String), given.cast(nw.String)
        other = nw.when(made == given).then(0).otherwise(1)
        given = nw.col(_GIVEN)
    schema = frame.collect_schema()
    check_id_type(customer, schema[customer])
    nameless = absent(customer, schema[customer])
    return frame.select(
        nw.col(customer).alias("who"),
        _when(frame, as_of).alias("when"),
        nw.when(nw.col(as_of).is_null()).then(1).otherwise(0).alias("undated"),
        nw.when(nameless).then(1).otherwise(0).alias("nameless"),
        given.alias("label"),
        other.alias("other"),
    )


def _is_temporal(frame: Any, as_of: str) -> bool:
    return bool(frame.collect_schema()[as_of].is_temporal())


def _when(frame: Any, as_of: str) -> Any:
    """Return the number of the day; of texts the text."""
    dtype = frame.collect_schema()[as_of]
    if getattr(dtype, "time_zone", None) is not None:
        raise EngineError(
            f"{as_of} has a time zone, and {frames.engine_name(frame)} is not asked for its days.",
            hint=f"make it a date in the query, or collect it first: "
            f"{frames.how_to_collect(frame)}.",
        )
    if dtype.is_temporal():
        return day_number(nw.col(as_of))
    return nw.col(as_of).cast(nw.String) if dtype in _CATEGORIES else nw.col(as_of)


_CATEGORIES = (nw.Categorical, nw.Enum)


def _label(column: Any, dtype: Any) -> Any:
    """Return labels as texts or numbers, which every engine compares alike."""
    if dtype == nw.Boolean:
        return nw.when(column).then(1).otherwise(nw.when(~column).then(0))
    return column.cast(nw.String) if dtype in _CATEGORIES else column


def _ordered_as(column: Labels, dtype: Any) -> Labels:
    """Return labels in the order that their type knows; as texts they have lost it."""
    if dtype != nw.Enum:
        return column
    names = tuple(dtype.categories)
    codes = np.array([*map(names.index, map(str, column.names)), -1])[column.codes]
    return attrs.evolve(column, codes=codes, names=names, ordered=True)


def _sum(found: Any, mark: str, counts: Array) -> int:
    return int(counts[found[mark].to_numpy() == 1].sum())


def _dates(found: Any, as_of: str, *, temporal: bool) -> tuple[list[Any], Array, Array]:
    """Return for each date its value of `when`, for each group its date, and the dates."""
    values = found["when"].to_list()
    read: Any = np.array(values, dtype="M8[D]").astype("M8[us]") if temporal else values
    place, dates = days_of(frames.wrap(pd.DataFrame({as_of: read})), as_of)
    of_date: list[dict[Any, None]] = [{} for _ in dates]
    for value, i in zip(values, place, strict=True):
        of_date[i][value] = None
    if any(len(same) > 1 for same in of_date):
        raise DataError(
            f"A date stands in {as_of} as different texts.", hint="make it a date in the query."
        )
    return [next(iter(same)) for same in of_date], place, dates


def _as_given(column: Labels, names: tuple[str, ...]) -> list[Any]:
    """Return the labels as the column has them, in order; None for one that nobody has."""
    given = {str(name): name for name in column.names}
    return [given.get(name) for name in names]


def _coded(rows: Any, when: list[Any], labels: list[Any]) -> Any:
    """Return who, the place of the date and the code of the label, from 1."""
    place, code = nw.lit(0), nw.lit(0)
    for i, value in enumerate(when):
        place = nw.when(nw.col("when") == value).then(i).otherwise(place)
    for i, label in enumerate(labels, start=1):
        if label is not None:
            code = nw.when(nw.col("label") == label).then(i).otherwise(code)
    return rows.select("who", place.alias("place"), code.alias("code"))
