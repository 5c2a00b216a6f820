"""Tables of counts that can be published: no group of fewer than k customers can be worked out."""

from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import Any

import attrs
import numpy as np
import pandas as pd

from layerwise import arguments, frames, vectors
from layerwise.columns import CUSTOMER, CUSTOMERS
from layerwise.errors import ColumnsError, SpecError
from layerwise.privacy.audit import Cells, suppress
from layerwise.privacy.gates import customers_of
from layerwise.privacy.in_engine import count_kinds
from layerwise.vectors import Array, Labels


@attrs.frozen(eq=False)
class Published:
    """Tables of customers that can be published together.

    Attributes:
        tables: Columns -> one row a cell, sorted: the columns, and `customers`, missing where the
            cell is suppressed.
        total: All customers; None if suppressed or not asked for.
        k: The least group that may be seen.
        cells: How many cells the tables have, the total among them.
        small: How many of them hold fewer than k customers; all are suppressed.
        beside: How many larger ones are suppressed so that no small one can be worked out.
        without_customer: Rows of the input that name no customer and were not counted.
    """

    tables: Mapping[tuple[str, ...], pd.DataFrame] = attrs.field(repr=False)
    total: int | None
    k: int
    cells: int
    small: int
    beside: int
    without_customer: int


def publish(
    rows: object,
    tables: Sequence[str | Sequence[str]],
    *,
    k: int = 10,
    customer: str = CUSTOMER,
    margins: bool = True,
) -> Published:
    """Return counts of customers by cell, small cells suppressed so that they stay unknown.

    Cells of fewer than k customers are suppressed. Then, as long as the numbers that are left rule
    out that some small cell holds k customers or more, one that they say so by is suppressed,
    too: the smallest. What is left is judged as one system of equations, all tables, margins and
    the total together, so neither a difference of a margin and its cells nor one of two tables
    gives a small cell away. That holds for the small cells of every table, and of all columns
    crossed, even if the reader knows which cells are empty and which hold somebody: ten suppressed
    cells that add up to ten would be ten cells of one.

    A customer counts once a cell, however many rows there are, and in each cell where there is a
    row. Missing is a value like another. Publish in one call what is published
    together: later tables of the same customers are not known here. The bound is that of real
    numbers; in tables of three or more columns whole numbers may be bound a little tighter.

    Args:
        rows: Any frame. A lazy one is counted by its engine, and only the kinds of customers by
            cells are collected.
        tables: The columns of each table.
        k: The least group that may be seen, 2 or more.
        customer: The column of customers.
        margins: Publish all margins of the tables, and the total, too.

    Raises:
        ColumnsError: A column is missing or holds neither numbers nor labels.
        SpecError: k or the tables are not possible.
        EngineError: A lazy frame has more cells than should be taken into memory.
        PrivacyError: There are too many small cells to judge; coarsen the columns.

    Source: Sweeney (2002), k-anonymity; complementary suppression by linear programming after
    Fischetti and Salazar-González (2001), Management Science 47.

    >>> rows = pd.DataFrame({"customer_id": range(60), "city": ["A"] * 30 + ["B"] * 30,
    ...     "tier": ["low"] * 26 + ["high"] * 4 + ["low"] * 12 + ["high"] * 18})
    >>> found = publish(rows, [["city", "tier"]])
    >>> print(found.tables["city", "tier"].to_string(index=False))
    city tier  customers
       A high       <NA>
       A  low       <NA>
       B high       <NA>
       B  low       <NA>
    >>> found.tables[("city",)]["customers"].tolist(), found.small, found.beside
    ([30, 30], 1, 3)
    """
    if isinstance(k, bool | np.bool_) or not isinstance(k, int | np.integer) or k < 2:
        raise SpecError("k must be a whole number, 2 or more.", hint="k=10 is usual.")
    if not isinstance(margins, bool | np.bool_):
        raise SpecError("margins must be true or false.", hint="margins=True is usual.")
    arguments.check_named({"customer=": customer})
    keys = _keys(tables, margins=bool(margins))
    frame = frames.wrap(rows, what="the table")
    names = list(dict.fromkeys(name for key in keys for name in key))
    needed = {customer: "customer="} | dict.fromkeys(names, "tables=")
    arguments.require(frames.column_names(frame), needed, title="The table lacks columns:")
    if customer in names:
        raise SpecError(
            "A table by customer has groups of one.", hint="leave customer= out of tables=."
        )
    given = _kinds_of_rows if frames.is_lazy(frame) else _rows_of
    frame, who, sizes, unnamed = given(frame, names, customer)
    coded = {name: _coded(frame, name) for name in names}
    codes = {name: code for name, (code, _) in coded.items()}
    cells = _cells(who, codes, keys, sizes)
    shown, small = suppress(cells, int(k))
    return _published(cells, coded, shown, small, int(k), unnamed)


def _rows_of(frame: Any, _: list[str], customer: str) -> tuple[Any, Array, Array | None, int]:
    """Return the rows that name a customer, and whom; each customer counts once."""
    who = customers_of(frame, customer, "The table")[1]
    known = who >= 0
    if not known.all():
        frame = frames.wrap(vectors.take_rows(frame, np.flatnonzero(known)))
    return frame, who[known], None, int((~known).sum())


def _kinds_of_rows(
    frame: Any, names: list[str], customer: str
) -> tuple[Any, Array, Array | None, int]:
    """Return the same of a lazy frame, with one customer for each kind, and how many these are."""
    found = count_kinds(frame, names, customer)
    return found.frame, found.who, found.sizes, found.without_customer


def _keys(tables: Any, *, margins: bool) -> list[tuple[str, ...]]:
    listed = isinstance(tables, Sequence) and not isinstance(tables, str | bytes) and tables
    if not listed or not all(isinstance(table, list | tuple | str) for table in tables):
        raise SpecError(
            "tables must be a list of lists of columns.", hint='tables=[["city", "tier"]].'
        )
    keys = [(table,) if isinstance(table, str) else tuple(table) for table in tables]
    if any(not isinstance(name, str) for key in keys for name in key):
        raise ColumnsError("Columns are named by text.", hint='tables=[["city", "tier"]].')
    if any(len(set(key)) < len(key) or not key for key in keys):
        raise SpecError("Each table needs columns, each once.", hint='tables=[["city", "tier"]].')
    if margins:
        keys += [m for key in keys for n in range(len(key)) for m in combinations(key, n)]
    distinct = {frozenset(key): key for key in reversed(keys)}
    return sorted(distinct.values(), key=lambda key: (-len(key), key))


def _coded(frame: Any, name: str) -> tuple[Array, list[Any]]:
    """Return each row's code in a column and the sorted values; missing is the last, if there."""
    column = vectors.read(frame, [name], what="the table")[name]
    if isinstance(column, Labels):
        order = list(range(len(column.names)))
        if not column.ordered:
            order.sort(key=lambda i: column.names[i])
        place = np.empty(len(order) + 1, dtype=np.int64)
        place[order], place[-1] = np.arange(len(order)), len(order)
        return place[column.codes], [*(column.names[i] for i in order), None]
    values, codes = np.unique(column, return_inverse=True)
    return codes.reshape(-1), [None if value != value else value for value in values.tolist()]


def _cells(
    who: Array, codes: Mapping[str, Array], keys: list[tuple[str, ...]], sizes: Array | None
) -> Cells:
    """Return who is in which cells: customers alike in all cells are one kind of customer.

    `sizes` says for how many customers each one stands; None is one.
    """
    everything = tuple(codes)
    crossed, rows = _distinct([codes[name] for name in everything], len(who))
    kind, members = kinds(who, crossed)
    values = {name: codes[name][rows] for name in everything}
    size = np.zeros(0, dtype=np.int64)
    if len(kind):
        size = np.bincount(kind, sizes).astype(np.int64)
    tables: dict[tuple[str, ...], Array] = {}
    at, parts = 0, []
    for key in [*keys, everything]:
        of_cross, first = _distinct([values[name] for name in key], len(rows))
        if len(rows) or key == ():
            pairs = np.unique(np.column_stack([of_cross[members[:, 1]], members[:, 0]]), axis=0)
            parts.append(pairs + np.array([at, 0]))
        listed = np.array([values[name][first] for name in key]).T.reshape(len(first), len(key))
        if key == () and not len(first):
            listed = np.zeros((1, 0), dtype=np.int64)
        if key not in tables and len(tables) < len(keys):
            tables[key] = listed
        at += len(listed)
    together = np.concatenate(parts) if parts else np.zeros((0, 2), dtype=np.int64)
    return Cells(together[:, 0], together[:, 1], size, at, tables)


def _distinct(codes: list[Array], n: int) -> tuple[Array, Array]:
    """Return for each row the number of its combination, sorted, and a row of each combination."""
    number, rows = np.zeros(n, dtype=np.int64), np.arange(min(n, 1))
    for code in codes:
        wide = int(code.max(initial=0)) + 1
        _, rows, number = np.unique(number * wide + code, return_index=True, return_inverse=True)
        number = number.reshape(-1)
    return number, rows


def kinds(who: Array, crossed: Array) -> tuple[Array, Array]:
    """Return each customer's kind, and pairs (kind, crossed cell) of a customer of each kind.

    Customers are of one kind if they are in the same crossed cells; sets are compared by two sums
    of random numbers of 64 bits.
    """
    if not len(who):
        return np.zeros(0, dtype=np.int64), np.zeros((0, 2), dtype=np.int64)
    wide = int(crossed.max()) + 1
    pairs = np.unique(who * wide + crossed)
    owner, cell = pairs // wide, pairs % wide
    mark = np.random.default_rng(0).integers(0, 2**63, (2, wide), dtype=np.uint64)
    n = int(owner.max()) + 1
    starts = np.searchsorted(owner, np.arange(n))
    sums = [np.add.reduceat(m[cell], starts) for m in mark]
    # Sorted by the first cells, so that the numbers of kinds do not depend on the random ones.
    order = np.lexsort([sums[1], sums[0], cell[starts]])
    changes = np.any([np.diff(s[order]) != 0 for s in sums], axis=0)
    kind = np.empty(n, dtype=np.int64)
    kind[order] = np.concatenate([[0], np.cumsum(changes)])
    first = np.full(int(kind.max()) + 1, n)
    np.minimum.at(first, kind, np.arange(n))
    chosen = np.isin(owner, first)
    return kind, np.column_stack([kind[owner[chosen]], cell[chosen]])


def _published(
    cells: Cells,
    coded: Mapping[str, tuple[Array, list[Any]]],
    shown: Array,
    small: Array,
    k: int,
    without_customer: int,
) -> Published:
    counts, made, at, total = cells.counts(), {}, 0, None
    for key, listed in cells.tables.items():
        part = slice(at, at + len(listed))
        at += len(listed)
        seen = pd.array(counts[part], dtype="Int64")
        seen[~shown[part]] = pd.NA
        if key == ():
            total = int(counts[part][0]) if shown[part][0] else None
            continue
        columns = {name: _values(coded[name][1], listed[:, i]) for i, name in enumerate(key)}
        made[key] = pd.DataFrame({**columns, CUSTOMERS: seen})
    return Published(
        tables=made,
        total=total,
        k=k,
        cells=at,
        small=int(small[:at].sum()),
        beside=int((~shown[:at] & ~small[:at]).sum()),
        without_customer=without_customer,
    )


def _values(names: list[Any], codes: Array) -> pd.Series:
    return pd.Series([names[code] for code in codes], dtype=object).infer_objects()
