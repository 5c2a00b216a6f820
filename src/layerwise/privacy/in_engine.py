"""Customers of a lazy frame by the cells they are in: counted there, collected as kinds."""

from collections.abc import Sequence
from typing import Any

import attrs
import narwhals.stable.v2 as nw
import numpy as np
import pandas as pd

from layerwise import frames, lazy
from layerwise.errors import EngineError
from layerwise.orders.facts import collect_row
from layerwise.orders.reasons import absent, check_id_type
from layerwise.vectors import Array

_ID, _KEY, _PLACE, _CELLS = (f"__layerwise_{n}" for n in ("id", "key", "place", "cells"))
_MARKS = ("__layerwise_mark_0", "__layerwise_mark_1")
_ROOM = 2**40  # so that the marks of a million cells add up within 64 bits
_MISSING = "\x1f"


@attrs.frozen(eq=False)
class Kinds:
    """Kinds of customers: those who are in the same cells.

    Attributes:
        frame: A row for each kind and cell that it is in, with the columns of the cell, in memory.
        who: For each row the kind.
        sizes: How many customers each kind has.
        without_customer: Rows that name no customer.
    """

    frame: Any
    who: Array
    sizes: Array
    without_customer: int


def count_kinds(frame: Any, names: Sequence[str], customer: str) -> Kinds:
    """Return the kinds of customers of a wrapped lazy frame, by the columns of all tables crossed.

    A customer with one row, or with equal ones, is in one cell, and a kind is a cell: two stages of
    counts. Where customers are in several cells, each cell gets two random numbers, whose sums say
    who is in the same ones; so collisions are as likely as two equal numbers of 80 bits.

    Raises:
        ColumnsError: The ids cannot be such.
        EngineError: There are more cells or kinds than should be taken into memory.
    """
    rows, unnamed = _named(frame, names, customer)
    pairs = rows.group_by(_ID, *names, *_keys(names)).agg(nw.len().alias(_CELLS))
    pairs = pairs.filter(nw.col(_CELLS) > 0)  # all; Dask loses the keys if nothing else is read
    found = lazy.count_by(pairs, (*names, *_keys(names)))
    sizes = lazy.counts_of(found)
    people = rows.group_by(_ID).agg(nw.len().alias("n")).select(nw.len().alias("n"))
    if int(collect_row(people)["n"]) == int(sizes.sum()):
        return Kinds(found, np.arange(len(found)), sizes, unnamed)
    return _of_several(pairs, found, names, unnamed)


def _named(frame: Any, names: Sequence[str], customer: str) -> tuple[Any, int]:
    """Return the rows that name a customer, with a text for each column, and how many do not."""
    schema = frame.collect_schema()
    check_id_type(customer, schema[customer])
    missing = absent(customer, schema[customer])
    count = nw.when(missing).then(1).otherwise(0).alias("n")
    unnamed = collect_row(frame.select(count).select(nw.col("n").sum()))["n"]
    texts = [
        nw.coalesce(nw.col(name).cast(nw.String), nw.lit(_MISSING)).alias(key)
        for name, key in zip(names, _keys(names), strict=True)
    ]
    rows = frame.filter(~missing).select(nw.col(customer).alias(_ID), *names, *texts)
    return rows, 0 if pd.isna(unnamed) else int(unnamed)


def _keys(names: Sequence[str]) -> list[str]:
    return [f"{_KEY}_{i}" for i in range(len(names))]


def _of_several(pairs: Any, found: Any, names: Sequence[str], unnamed: int) -> Kinds:
    """Return the kinds where customers are in several cells."""
    keys = _keys(names)
    rng = np.random.default_rng(0)
    given: dict[str, Any] = {key: found[key].to_list() for key in keys}
    if len(set(zip(*given.values(), strict=True))) < len(found):
        raise EngineError(
            f"{frames.engine_name(pairs)} writes different values of the tables as equal texts.",
            hint="round them in the query, or collect the frame first: "
            f"{frames.how_to_collect(pairs)}.",
        )
    numbers = {mark: rng.integers(0, _ROOM, len(found)).tolist() for mark in _MARKS}
    data = given | {_PLACE: list(range(len(found)))} | numbers
    polars = pairs.implementation.is_polars()
    table = nw.from_dict(data, backend="polars") if polars else frames.wrap(_plain(data, keys))
    looked_up = lazy.upload(
        pairs, table, what="Counts of several cells", instead="use one row each"
    )
    marked = pairs.join(looked_up, on=keys, how="inner").select(_ID, _PLACE, *_MARKS)
    sums = [nw.col(mark).sum() for mark in _MARKS]
    sets = marked.group_by(_ID).agg(*sums, nw.len().alias(_CELLS))
    whole = [nw.col(name).cast(nw.Int64) for name in (*_MARKS, _CELLS)]
    members = marked.select(_ID, _PLACE).join(sets.select(_ID, *whole), on=_ID, how="inner")
    listed = lazy.count_by(members, (*_MARKS, _CELLS, _PLACE))
    return _listed(listed, found, unnamed)


def _plain(data: dict[str, Any], keys: Sequence[str]) -> pd.DataFrame:
    return pd.DataFrame(data).astype(dict.fromkeys(keys, object))


def _listed(listed: Any, found: Any, unnamed: int) -> Kinds:
    """Return kinds from rows of (marks, cell, count); the count is that of the kind in each."""
    marks = np.column_stack([listed[m].to_numpy().astype(np.int64) for m in (*_MARKS, _CELLS)])
    _, first, who = np.unique(marks, axis=0, return_index=True, return_inverse=True)
    sizes = lazy.counts_of(listed)[first]
    place = listed[_PLACE].to_numpy().astype(np.int64)
    return Kinds(found[place], who.reshape(-1), sizes, unnamed)
