"""One customer across channels: records joined by verified ids that they share."""

import warnings
from collections.abc import Mapping
from typing import Any

import attrs
import numpy as np
import pandas as pd

from layerwise import arguments, frames, odd_cells
from layerwise.errors import ColumnsError, RowsLeftOutWarning, SpecError, problems
from layerwise.logs import keys
from layerwise.orders.table import column
from layerwise.privacy.gates import customers_of
from layerwise.privacy.normal import as_series, check_country, distinct_texts, spell
from layerwise.truths import is_true
from layerwise.vectors import Array

RECORD = "record_id"
UNIFIED = "unified_id"
_COLUMNS = {RECORD, "id_type", "id_value", "verified"}


@attrs.frozen(eq=False)
class Unified:
    """Which records are one customer, why, and what was set aside.

    Attributes:
        customers: One row a record, in order of the records' ids: `record_id`, `unified_id` (the
            least record id of the customer) and `records` (how many records the customer has).
        links: Why: one row a record and id that it shares; `shared` numbers the ids, so rows of one
            number are joined; `id_type` says what kind it is. The ids themselves are not kept.
        merges: One row a kind of id and how many records shared it: `id_type`, `records`, `ids`.
        counts: Rows that came, were used or not, by reason.
    """

    customers: pd.DataFrame = attrs.field(repr=False)
    links: pd.DataFrame = attrs.field(repr=False)
    merges: pd.DataFrame = attrs.field(repr=False)
    counts: Mapping[str, int]

    def explain(self, record: Any) -> pd.DataFrame:
        """Return the links of all records of one customer, by any of them.

        Raises:
            SpecError: There is no such record.
        """
        self._check([record])
        table = self.customers
        mine = table.loc[table[RECORD] == record, UNIFIED].iloc[0]
        records = table.loc[table[UNIFIED] == mine, RECORD]
        return self.links[self.links[RECORD].isin(records)].reset_index(drop=True)

    def split(self, records: Any) -> "Unified":
        """Return the same without the merges of some records.

        Each of them becomes a customer of its own. The others stay together where other ids that
        they share hold them together; nothing else changes.

        Args:
            records: A list of record ids.

        Raises:
            SpecError: Some are no records of this table.
        """
        apart = list(as_series(records))
        self._check(apart)
        kept = self.links[~self.links[RECORD].isin(apart)]
        again = kept.groupby("shared")[RECORD].transform("size") > 1
        return _unified(self.customers[RECORD], kept[again].reset_index(drop=True), self.counts)

    def _check(self, records: list[Any]) -> None:
        unknown = int((~pd.Series(records, dtype=object).isin(self.customers[RECORD])).sum())
        if unknown:
            raise SpecError(
                f"{unknown:,} of {len(records):,} are no records of this table.",
                hint=f"the records stand in customers[{RECORD!r}].",
            )


def unify(identifiers: object, *, country: str | None = None, max_records: int = 5) -> Unified:
    """Return which records are one customer, by verified ids that they share.

    Ids are brought to one spelling by their kind (`layerwise.privacy.normalise`: "phone", "email",
    "id_card", any other as it stands). Records that share an id of one kind are one customer, and
    so are those whom a chain of shared ids joins. An id that more than `max_records` records share
    (the shop's own phone, a test address) joins nobody. Ids that are not verified, missing or
    misspelt join nobody. Nothing is matched by likeness; that is for record-linkage tools.

    Args:
        identifiers: One row an id of a record: `record_id`, `id_type`, `id_value`, `verified` (true
            or false; missing is false). A frame in memory.
        country: Calling code of phone numbers that do not say theirs, such as "86".
        max_records: The most records that may share an id.

    Raises:
        ColumnsError: A column is missing or of the wrong kind.
        DataError: Ids cannot be read.
        SpecError: A choice is not possible, or phone numbers lack their country.

    Warns:
        RowsLeftOutWarning: With counts, if rows join nobody that could have.

    >>> rows = [(1, "phone", "138 0013 8000", True), (2, "phone", "+8613800138000", True),
    ...         (2, "email", "ann@example.com", True), (3, "email", "Ann@example.com", True),
    ...         (4, "member", "m9", True)]
    >>> table = pd.DataFrame(rows, columns=["record_id", "id_type", "id_value", "verified"])
    >>> found = unify(table, country="86")
    >>> found.customers["unified_id"].tolist()
    [1, 1, 1, 4]
    >>> found.split([2]).customers["unified_id"].tolist()
    [1, 2, 3, 4]
    """
    check_country(country)
    if not isinstance(max_records, int | np.integer) or max_records < 2 or max_records is True:
        raise SpecError("max_records must be a whole number, 2 or more.", hint="5 is usual.")
    frame = frames.eager(identifiers, doing="unify")
    arguments.require(
        frames.column_names(frame),
        dict.fromkeys(sorted(_COLUMNS), "unify"),
        title="The table of identifiers lacks columns:",
    )
    native = frame.to_native()
    roster, who = customers_of(frame, RECORD, "The table of identifiers")
    order = _sorted(roster.ids)
    rank = np.empty(len(order) + 1, dtype=np.int64)
    rank[order], rank[-1] = np.arange(len(order)), -1
    who = rank[who]
    verified = is_true(column(native, "verified"), "verified")
    given = column(native, "id_type").reset_index(drop=True)
    odd_cells.distinct(given, "Column id_type")
    types, kind = pd.factorize(given)
    value = _values(column(native, "id_value"), types, [str(k) for k in kind], country)
    reasons = {
        "without a record": who < 0,
        "not verified": ~verified,
        "without a usable id": (value < 0) | (types < 0),
    }
    usable, counts = _count(reasons)
    links, aside = _links(who[usable], types[usable], value[usable], int(max_records))
    counts |= {"rows of ids shared by too many": aside}
    _tell(counts, len(who), max_records)
    records = roster.ids.take(order).reset_index(drop=True)
    return _unified(records, _table(records, links, kind), counts)


def _sorted(ids: pd.Series) -> Array:
    """Return the order of the ids; numbers before text where both are there."""
    if ids.dtype.kind in "iuf":
        return np.argsort(ids.to_numpy(), kind="stable")
    keys = [(isinstance(v, str), v) for v in ids.tolist()]
    try:
        return np.array(sorted(range(len(keys)), key=keys.__getitem__), dtype=np.int64)
    except TypeError:
        raise ColumnsError(
            f"Column {RECORD} mixes values that cannot be put in an order.",
            hint="ids are text or whole numbers.",
        ) from None


def _values(series: pd.Series, types: Array, kinds: list[str], country: str | None) -> Array:
    """Return a number for each id in its one spelling, -1 for none; numbers differ by kind."""
    series = series.reset_index(drop=True)
    value, start = np.full(len(series), -1, dtype=np.int64), 0
    for code, kind in enumerate(kinds):
        rows = np.flatnonzero(types == code)
        codes, texts = distinct_texts(series.take(rows), name="Column id_value, of one id_type,")
        place, found = pd.factorize(spell(texts, kind=kind, country=country))
        place = np.append(np.where(place < 0, -1, place + start), -1)
        value[rows] = place[codes]
        start += len(found)
    return value


def _count(reasons: Mapping[str, Array]) -> tuple[Array, dict[str, int]]:
    n = len(next(iter(reasons.values())))
    keep, counts = np.ones(n, dtype=bool), {"rows": n}
    for reason, where in reasons.items():
        counts[f"rows {reason}"] = int((keep & where).sum())
        keep &= ~where
    return keep, counts


def _tell(counts: Mapping[str, int], n: int, most: int) -> None:
    lines = [f"{count:,} {reason}" for reason, count in counts.items() if reason != "rows"]
    lines = [line for line in lines if not line.startswith("0 ")]
    if lines:
        warnings.warn(
            problems(f"Identifiers that join nobody, of {n:,} rows:", lines)
            + f"\nHint: an id of more than max_records={most} records is taken for the shop's own.",
            RowsLeftOutWarning,
            stacklevel=3,
        )


def _links(who: Array, types: Array, value: Array, most: int) -> tuple[Array, int]:
    """Return rows (record, id, type) of ids that few records share, and the rows of the others."""
    if not len(who):
        return np.zeros((0, 3), dtype=np.int64), 0
    rows = np.unique(np.column_stack([value, who, types]), axis=0)
    sharing = np.bincount(rows[:, 0])[rows[:, 0]]
    chosen = rows[(sharing > 1) & (sharing <= most)]
    return chosen[:, [1, 0, 2]], int((np.bincount(rows[:, 0])[value] > most).sum())


def _table(records: pd.Series, links: Array, kinds: Any) -> pd.DataFrame:
    """Return the links; ids are numbered by kind and records, so row order does not matter."""
    record, shared, kind = links.T
    names = np.asarray([*map(str, kinds), ""], dtype=object)[kind]
    groups, group, size = np.unique(shared, return_inverse=True, return_counts=True)
    group = group.reshape(-1)
    order = np.lexsort([record, group])
    starts = np.cumsum(size) - size
    members = np.full((int(size.max(initial=0)), len(groups)), -1, dtype=np.int64)
    members[np.arange(len(order)) - np.repeat(starts, size), group[order]] = record[order]
    type_rank = np.unique(names.astype(str), return_inverse=True)[1].reshape(-1)
    number = np.empty(len(groups), dtype=np.int64)
    number[np.lexsort([*members[::-1], type_rank[order][starts]])] = np.arange(len(groups))
    table = pd.DataFrame({"shared": number[group], "id_type": names, "place": record})
    table = table.sort_values(["shared", "place"], ignore_index=True)
    table.insert(0, RECORD, records.take(table.pop("place").to_numpy()).reset_index(drop=True))
    return table


def _unified(records: pd.Series, links: pd.DataFrame, counts: Mapping[str, int]) -> Unified:
    from scipy.sparse import csr_matrix
    from scipy.sparse.csgraph import connected_components

    n = len(records)
    place = keys(records).get_indexer(keys(links[RECORD]))
    first = pd.Series(place).groupby(links["shared"].to_numpy()).transform("first").to_numpy()
    edges = csr_matrix((np.ones(len(place), dtype=np.int8), (place, first)), shape=(n, n))
    label = connected_components(edges, directed=False)[1]
    least = np.full(n, n, dtype=np.int64)
    np.minimum.at(least, label, np.arange(n))
    customers = pd.DataFrame(
        {
            RECORD: records,
            UNIFIED: records.take(least[label]).reset_index(drop=True),
            "records": np.bincount(label, minlength=1)[label] if n else np.zeros(0, np.int64),
        }
    )
    sizes = links.groupby(["id_type", "shared"])[RECORD].size().rename("records").reset_index()
    merges = sizes.groupby(["id_type", "records"])["shared"].size().rename("ids").reset_index()
    return Unified(customers, links, merges, counts)
