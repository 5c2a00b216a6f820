"""Tables that leave the house hold no raw identifiers and no ids of customers' own."""

import warnings
from collections.abc import Collection, Mapping
from typing import Any

import numpy as np
import pandas as pd

from layerwise import arguments, frames
from layerwise.columns import CUSTOMER, CUSTOMERS
from layerwise.errors import (
    ColumnsLeftOutWarning,
    PrivacyError,
    SpecError,
    problems,
)
from layerwise.orders.table import column
from layerwise.privacy.patterns import PATTERNS, lines_with
from layerwise.privacy.pseudonyms import is_pseudonym
from layerwise.vectors import Array

_LEAST_NUMBER = 10**9  # the least phone number; smaller numbers are not searched
_NAMED = 12  # columns in one line of a message
_HINT = (
    "replace them by pseudonyms (pseudonymise_columns) or leave the columns out; "
    'allow={"column": "bank card number"} lets through what only looks like one.'
)


def scan(table: object) -> pd.DataFrame:
    """Return where a table holds raw identifiers, counted; without rows if nowhere.

    One row a column and kind: `column` (its place, from 0, because a name may be an identifier
    itself), `kind` ("e-mail address", "id-card number", "bank card number", "phone number"),
    `where` ("cells" or "header"), `cells` (how many hold one).

    Text is searched anywhere in a cell, with full-width digits, separators and invisible signs
    seen through; whole numbers are searched as their digits. Id cards and bank cards need a fitting
    check digit; phone numbers are Chinese mobile numbers, any number with a plus and a country's
    code, and land-line and American numbers in their usual spelling. Names, addresses of streets
    and local numbers without a separator have no shape that could be found.

    Raises:
        EngineError: It is no frame in memory.
        ColumnsError: Columns stand twice or their names are not text.

    >>> scan(pd.DataFrame({"id": [1, 2], "note": ["call 138 0013 8000", "ok"]}))
       column          kind  where  cells
    0       1  phone number  cells      1
    """
    frame = frames.eager(table, doing="An export")
    native, names = frame.to_native(), frames.column_names(frame)
    found = [
        (place, kind, "header", 1) for kind, lines in lines_with(names).items() for place in lines
    ]
    for place, name in enumerate(names):
        codes, texts = _texts(column(native, name))
        sizes = np.bincount(codes[codes >= 0], minlength=len(texts)) if len(texts) else codes
        hits = lines_with(texts) if texts else {}
        found += [(place, kind, "cells", int(sizes[lines].sum())) for kind, lines in hits.items()]
    table = pd.DataFrame(found, columns=["column", "kind", "where", "cells"])
    return table.sort_values(["column", "where", "kind"], ignore_index=True)


def check_export(
    table: object,
    *,
    customer: str | None = CUSTOMER,
    raw_ids: bool = False,
    allow: Mapping[str, str | Collection[str]] | None = None,
) -> None:
    """Refuse a table that holds customers' own ids or raw identifiers.

    The column of customers, if there is one, must hold pseudonyms: what `pseudonymise` makes is
    known by its shape. Ids in a column of another name cannot be known; name it by `customer`.
    Where the usual name is missing, columns that could be ids are told: whole numbers or text of
    their own in each row. Tables that count `customers` have a row per group and are let be. All
    cells and names of columns are searched for raw identifiers, as `scan` does.

    Args:
        table: A frame in memory.
        customer: The column of customers; None says that there is none.
        raw_ids: Customers' own ids may stand there, because the table stays in the house, such as
            for your own shop system, or because they are pseudonyms made elsewhere. The search for
            raw identifiers is the same.
        allow: Column -> kinds of `scan` that are known to be something else, such as order
            numbers of 16 digits, of which one in ten fits a bank card's check digit.

    Raises:
        PrivacyError: With every column, kind and count.
        ColumnsError: There is no column of the name that `customer` gives.
        SpecError: `allow` names no such column or kind, or a choice is not possible.
        EngineError: It is no frame in memory.

    Warns:
        ColumnsLeftOutWarning: No column is called `customer_id`, and some could hold ids.

    >>> names = ["k1-J6JHGUV3FWVDRLNJ3P7VNVTHT3", "k1-RWI7IG6F43J3L57HHCNFQWGVSE"]
    >>> check_export(pd.DataFrame({"customer_id": names, "orders": [3, 1]}))
    >>> check_export(pd.DataFrame({"customer_id": [1042, 7], "orders": [3, 1]}))
    Traceback (most recent call last):
    layerwise.errors.PrivacyError: The table holds raw identifiers:
      customer_id: 2 ids that are no pseudonyms
    Hint: replace them by pseudonyms (pseudonymise_columns) or leave the columns out; ...
    """
    refuse_export(table, customer, raw_ids, allow, stacklevel=3)


def refuse_export(
    table: object,
    customer: str | None,
    raw_ids: bool,
    allow: Mapping[str, str | Collection[str]] | None,
    *,
    stacklevel: int,
) -> None:
    """Do what `check_export` does; a stacklevel of 2 points at who called this."""
    if not isinstance(raw_ids, bool | np.bool_):
        raise SpecError("raw_ids must be true or false.", hint="raw_ids=False refuses them.")
    found = scan(table)
    names = frames.column_names(frames.wrap(table))
    own = 0 if raw_ids else _own_ids(table, names, customer)
    allowed = _allowed(allow, names)
    rows = [
        row
        for row in found.to_dict("records")
        if row["where"] == "header" or (names[row["column"]], row["kind"]) not in allowed
    ]
    if not rows and not own:
        if customer == CUSTOMER and customer not in names and not raw_ids:
            _tell_unchecked(table, names, stacklevel + 1)
        return
    hidden = set(found.loc[found["where"] == "header", "column"])
    lines = [
        f"{_shown(names, row['column'], hidden)}: {row['kind']}"
        + (" in the name" if row["where"] == "header" else f" in {row['cells']:,} cells")
        for row in rows
    ]
    if own:
        lines.insert(0, f"{customer}: {own:,} ids that are no pseudonyms")
    raise PrivacyError(problems("The table holds raw identifiers:", lines), hint=_HINT)


def _own_ids(table: object, names: list[str], customer: str | None) -> int:
    """Return how many cells of the column of customers are no pseudonyms; missing ones are none."""
    arguments.check_named({}, {"customer=": customer})
    if customer is None:
        return 0
    if customer not in names:
        if customer != CUSTOMER:
            arguments.require(names, {customer: "customer="}, title="The table lacks columns:")
        return 0
    series = column(frames.wrap(table).to_native(), customer)
    known = series[series.notna()]
    return len(known) - sum(map(is_pseudonym, known.tolist()))


def _tell_unchecked(table: object, names: list[str], stacklevel: int) -> None:
    """Warn of columns that could be customers' ids, where none has the usual name."""
    native = frames.wrap(table).to_native()
    if CUSTOMERS in names:  # a row per group, such as those of publish
        return
    found = [name for name in names if _could_be_ids(column(native, name))]
    if found:
        more = f" and {len(found) - _NAMED:,} more" if len(found) > _NAMED else ""
        warnings.warn(
            f"No column is called {CUSTOMER}, so customers' own ids were not looked for; "
            f"{len(found):,} of {len(names):,} columns have a value of their own in each row: "
            f"{', '.join(found[:_NAMED])}{more}.\n"
            "Hint: name the column of customers, such as "
            f'customer="{found[0]}"; customer=None says that there is none.',
            ColumnsLeftOutWarning,
            stacklevel=stacklevel,
        )


def _could_be_ids(series: pd.Series) -> bool:
    """Say whether each of two rows or more has its own whole number or text, no pseudonym."""
    kind = getattr(series.dtype, "kind", "O")
    if len(series) < 2 or series.isna().any() or (kind not in "iuO" and not is_text(series.dtype)):
        return False
    try:
        if not series.is_unique:
            return False
    except (TypeError, NotImplementedError):  # lists and other cells without a hash
        return False
    values = series.tolist()
    whole = all(isinstance(v, str | int | np.integer) and not isinstance(v, bool) for v in values)
    return whole and not all(map(is_pseudonym, values))


def _shown(names: list[str], place: int, hidden: set[int]) -> str:
    return f"column {place + 1}" if place in hidden else names[place]


def _allowed(
    allow: Mapping[str, str | Collection[str]] | None, names: list[str]
) -> set[tuple[str, str]]:
    given = {} if allow is None else allow
    good = isinstance(given, Mapping) and all(
        isinstance(name, str) and isinstance(kinds, Collection) and all(_is_str(k) for k in kinds)
        for name, kinds in given.items()
    )
    if not good:
        raise SpecError(
            "allow must map names of columns to kinds of identifiers.",
            hint='for example allow={"order_id": "bank card number"}.',
        )
    pairs = {
        (name, kind)
        for name, kinds in given.items()
        for kind in ([kinds] if isinstance(kinds, str) else kinds)
    }
    wrong = [f"{sum(n not in names for n, _ in pairs):,} columns that the table lacks"]
    wrong = wrong if not wrong[0].startswith("0 ") else []
    if any(kind not in PATTERNS for _, kind in pairs):
        wrong.append(f"unknown kinds; there are {', '.join(PATTERNS)}")
    if wrong:
        raise SpecError(
            problems("allow names what is not there:", wrong),
            hint='for example allow={"order_id": "bank card number"}.',
        )
    return pairs


def _is_str(value: object) -> bool:
    return isinstance(value, str)


def _texts(series: pd.Series) -> tuple[Array, list[str]]:
    """Return the distinct texts of a column to be searched, and each row's place among them."""
    if isinstance(series.dtype, pd.CategoricalDtype):
        codes, values = series.cat.codes.to_numpy(), series.cat.categories
        return codes, [_text(value) for value in values]
    kind = getattr(series.dtype, "kind", "O")
    if kind in "bMmc":
        return np.zeros(0, dtype=np.int64), []
    if kind in "iuf":
        return _numbers(series)
    try:
        codes, values = coded(series)
    except (TypeError, NotImplementedError):  # lists and other cells without a hash
        codes, values = coded([_text(v) for v in series])
    return codes, [_text(value) for value in values]


def coded(values: Any) -> tuple[Array, Any]:
    """Return each value's place among the distinct ones, and these."""
    codes, found = pd.factorize(pd.Series(values) if isinstance(values, list) else values)
    return codes, found


def _text(value: Any) -> str:
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)


def _numbers(series: pd.Series) -> tuple[Array, list[str]]:
    """Return the whole numbers that are long enough to be an identifier, as digits."""
    none = np.zeros(0, dtype=np.int64)
    if series.dtype.kind == "f":
        values = series.to_numpy(dtype=np.float64, na_value=np.nan)
        with np.errstate(invalid="ignore"):
            long = (values >= _LEAST_NUMBER) & (values < 2**63) & (values == np.floor(values))
        codes, found = pd.factorize(values[long].astype(np.int64))
    else:
        long = series.ge(_LEAST_NUMBER).fillna(False).to_numpy(dtype=bool)
        codes, found = pd.factorize(series[long])
    return (codes, [str(value) for value in found]) if len(codes) else (none, [])


def is_text(dtype: Any) -> bool:
    """Say whether a pandas type is one of text."""
    return isinstance(dtype, pd.StringDtype) or "string" in str(dtype)
