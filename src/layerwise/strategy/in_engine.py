"""A plan of a lazy label table: combinations are counted there, decided here, and joined there."""

from collections.abc import Mapping, Sequence
from typing import Any

import attrs
import narwhals.stable.v2 as nw
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from layerwise import columns as c
from layerwise import frames, lazy
from layerwise.errors import ColumnsError, DataError, EngineError
from layerwise.orders.blank_ids import BLANKS
from layerwise.orders.facts import collect_row
from layerwise.strategy import assign, cells
from layerwise.strategy.plan import Decided

MOST = 100_000
"""Combinations of labels that a plan decides for a lazy frame."""

_MISSING = "\x1f"  # engines join no missing keys; no label is this
_TEXTS = (nw.String, nw.Categorical, nw.Enum)


@attrs.frozen(eq=False)
class Combinations:
    """The different rows of some columns of a lazy label table.

    Attributes:
        rows: The lazy label table with a key for each column.
        keys: Column -> its key, a text that is never missing.
        found: The different keys, in memory.
        table: What they stand for, as an eager frame: labels as text, flags as truth.
        weights: How many customers each has.
    """

    rows: Any
    keys: Mapping[str, str]
    found: Any
    table: Any
    weights: NDArray[np.int64]


def head(frame: Any) -> Any:
    """Return an eager frame with the columns of a lazy one and no rows, to look columns up in."""
    return frames.wrap(pd.DataFrame(columns=frames.column_names(frame)))


def combinations(frame: Any, labels: Sequence[str], flags: Sequence[str]) -> Combinations:
    """Return the combinations that occur of labels and of flags such as consent.

    Raises:
        ColumnsError: A column holds no labels, or no truth values.
        EngineError: There are too many.
    """
    schema = frame.collect_schema()
    texts = {name: _text(name, schema[name]) for name in labels}
    texts |= {name: _truth(name, schema[name]) for name in flags}
    keys = {name: f"__layerwise_key_{i}" for i, name in enumerate(texts)} or {"": "__layerwise_key"}
    made = [texts.get(name, nw.lit("")).alias(key) for name, key in keys.items()]
    rows = frame.with_columns(*made)
    found = lazy.count_by(rows, keys.values())
    if len(found) > MOST:
        raise EngineError(
            f"The labels on {frames.engine_name(frame)} make {len(found):,} combinations, more "
            f"than {MOST:,}.",
            hint=f"name fewer columns with axes=[...], or collect the table first: "
            f"{frames.how_to_collect(frame)}.",
        )
    table = {n: _values(found[keys[n]].to_list(), truth=n in flags) for n in texts}
    return Combinations(rows, keys, found, frames.wrap(pd.DataFrame(table)), lazy.counts_of(found))


def _text(name: str, dtype: Any) -> Any:
    """Return a label column as text, with a mark where it is missing."""
    if dtype != nw.Unknown:  # such as a column of nothing but missing
        cells.check_label_type(name, dtype)
    return nw.coalesce(nw.col(name).cast(nw.String), nw.lit(_MISSING))


def _truth(name: str, dtype: Any) -> Any:
    if dtype not in (nw.Boolean, nw.Unknown):
        raise ColumnsError(
            f"Column {name!r} must be true or false; it is {dtype}.",
            hint="cast it to a boolean column in the query.",
        )
    flag = nw.col(name)
    return nw.when(flag).then(nw.lit("true")).otherwise(nw.lit(_MISSING))


def _values(keys: Sequence[str], *, truth: bool) -> list[Any]:
    if truth:
        return [key == "true" for key in keys]
    return [None if key == _MISSING else key for key in keys]


def check_ids(frame: Any, customer: str, rows: int) -> None:
    """Refuse missing, blank and repeated ids, as plans of frames in memory do.

    Raises:
        DataError: With the count.
    """
    dtype = frame.collect_schema()[customer]
    if not (dtype.is_integer() or dtype in _TEXTS or dtype == nw.Unknown):
        raise DataError(
            f"{customer} holds {dtype}; ids are text or whole numbers.",
            hint="turn the id column into text or integers.",
        )
    blank: Any = nw.lit(0)
    if dtype in _TEXTS:
        said = nw.col(customer).cast(nw.String).str.contains(f"[^{BLANKS}]")
        blank = nw.when(~said).then(1).otherwise(0)
    missing = nw.when(nw.col(customer).is_null()).then(1).otherwise(0)
    marked = frame.select(missing.alias("missing"), blank.alias("blank"))
    row = collect_row(marked.select(nw.col("missing").sum(), nw.col("blank").sum()))
    told = {
        "missing": ("have no {}.", "drop them or give them an id."),
        "blank": (
            "have an empty {} or one of white space only.",
            "drop them or give them an id.",
        ),
    }
    for fault, (words, hint) in told.items():
        if rows and (n := int(row[fault])):
            raise DataError(f"{n:,} of {rows:,} rows {words.format(customer)}", hint=hint)
    kinds = frame.group_by(customer).agg(nw.len().alias("n")).select(nw.len().alias("n"))
    if twice := rows - int(collect_row(kinds)["n"]):
        raise DataError(
            f"{customer} repeats in {twice:,} of {rows:,} rows.",
            hint="a plan needs one row per customer.",
        )


def refuse_draws(frame: Any, chance: assign.Chance) -> None:
    """Refuse to draw a holdout, which needs the hash of each id.

    Raises:
        EngineError: A share is not zero.
    """
    shares = {"holdout": chance.holdout, "control": chance.control}
    wanted = [f"{name}={share:g}" for name, share in shares.items() if share]
    if wanted:
        raise EngineError(
            f"{' and '.join(wanted)}: who is left out is drawn from a hash of each id, which "
            f"{frames.engine_name(frame)} is not asked for.",
            hint=f"collect it first: {frames.how_to_collect(frame)}; or plan for everybody inside "
            "the engine, with holdout=0 and control=0.",
        )


def to_lazy(
    found: Combinations, decided: Decided, *, customer: str, chance: assign.Chance, lang: str
) -> Any:
    """Return the plan as a native lazy frame: what each combination gets, joined to its customers.

    Raises:
        DataError: Ids are missing, blank or repeated.
        EngineError: Somebody should be drawn, or the engine takes no table.
        SpecError: The customer column is called like one of the plan.
    """
    assign.check_customer(customer)
    refuse_draws(found.rows, chance)
    check_ids(found.rows, customer, int(found.weights.sum()))
    who, columns = assign.by_row(decided, lang)
    keys = list(found.keys.values())
    texts = [found.found[key].to_list() for key in keys]
    data: dict[str, list[Any]] = {
        key: [text[i] for i in who.tolist()] for key, text in zip(keys, texts, strict=True)
    }
    table = _small(data | columns, found)
    rows = found.rows.select(nw.col(customer), *map(nw.col, keys))
    uploaded = lazy.upload(rows, table, what="Plans", instead="plan in memory")
    plan = lazy.joined(rows, uploaded, keys, how="inner")
    return plan.select(customer, *columns).to_native()


def _small(data: Mapping[str, list[Any]], found: Combinations) -> Any:
    """Return a small table of plain types; without a row, one that is nobody's gives the types."""
    if not len(next(iter(data.values()))):
        data = {n: [_EMPTY.get(n, _MISSING * 2)] for n in data}
    if found.rows.implementation.is_polars():
        return nw.from_dict(dict(data), backend="polars")
    kinds = {n: type(v[0]) for n, v in data.items()}
    dtypes = {n: kind if kind in (int, bool) else object for n, kind in kinds.items()}
    return frames.wrap(pd.DataFrame(dict(data)).astype(dtypes))


_EMPTY: dict[str, Any] = {c.RANK: 1, c.HOLDOUT: False, c.CONTROL: False}
