"""The table of terms, and which causes each text of a column names by it."""

import warnings
from typing import Any

import attrs
import numpy as np
import pandas as pd

from layerwise.churn.term_search import Term, as_term, find_terms
from layerwise.errors import ColumnsError, RowsLeftOutWarning, TableError, problems
from layerwise.knowledge import Schema, items, read_table
from layerwise.vectors import Array, Column, Labels

SCHEMA = Schema(
    what="the term table",
    file="feedback_terms.csv",
    filled=(),
    optional=("cause", "term_zh", "terms_en", "terms_zh"),
)
_LANGUAGES = ("terms_en", "terms_zh")


def feedback_terms(table: object = None) -> pd.DataFrame:
    """Return the terms that tell which cause a text of a customer names.

    One row a cause: its `id` (as in the table of causes), `cause` and `term_zh`, its name, and
    `terms_en` and `terms_zh`, separated by semicolons. Case, width of letters and blanks do not
    matter. Latin terms are whole words, and a star at an end lets the word go on ("delay*"); others
    are found anywhere. The packaged terms are our own choice (`basis` ours), not learned from data.

    Args:
        table: A frame or the path of a CSV file with your own terms; None gives the packaged ones.

    Raises:
        TableError: With every problem: columns and cells that lack, a cause without terms, an id
            that holds a semicolon or is "unknown".

    Example:
        >>> terms = feedback_terms().set_index("id")
        >>> terms.loc["delivery_slow", "terms_zh"].split(";")[:3]
        ['物流慢', '物流太慢', '物流很慢']
    """
    found = read_table(table, SCHEMA)
    wrong = [
        f"row {i}: {text}"
        for i, row in enumerate(found.to_dict("records"), 1)
        for text, bad in {
            "there are no terms": not any(map(as_term, _terms_of(row))),
            "id holds a semicolon": ";" in row["id"],
            "id may not be unknown": row["id"] == "unknown",
        }.items()
        if bad
    ]
    if wrong:
        raise TableError(
            problems("The term table cannot be used:", wrong),
            hint="terms stand in terms_en and terms_zh, separated by semicolons.",
        )
    return found


def _terms_of(row: Any) -> list[str]:
    return [term for name in _LANGUAGES for term in items(row[name])]


@attrs.frozen(eq=False)
class Named:
    """Which rows name which causes, each pair once, sorted by row.

    Attributes:
        row: The row.
        cause: Place of the cause in the term table.
        said: For each row whether there is a text or a code at all.
    """

    row: Array
    cause: Array
    said: Array


def causes_named(
    texts: Column | None,
    codes: Column | None,
    terms: pd.DataFrame,
    *,
    negation: bool = True,
    stacklevel: int = 3,
) -> Named:
    """Return which causes rows name, by terms in their text and by ids in their code.

    A notice of strange codes points at who called the caller; further up by a higher `stacklevel`.
    """
    found = [
        part
        for part in (
            None if texts is None else _by_text(_labels(texts), terms, negation),
            None if codes is None else _by_code(_labels(codes), terms, stacklevel + 1),
        )
        if part is not None
    ]
    said = np.logical_or.reduce([part.said for part in found])
    keys = np.concatenate([part.row * len(terms) + part.cause for part in found])
    pairs = np.unique(keys) if len(found) > 1 else keys
    return Named(pairs // len(terms), pairs % len(terms), said)


def _labels(column: Column) -> Labels:
    """Return a column of texts; one of nothing but missing has no type of its own."""
    if isinstance(column, Labels) and all(isinstance(name, str) for name in column.names):
        return column
    if isinstance(column, Labels) or not np.isnan(column).all():
        raise ColumnsError(
            "A column of texts or codes of the feedback holds numbers.",
            hint="text= and code= name columns of text.",
        )
    return Labels(np.full(len(column), -1), ())


def _by_text(texts: Labels, terms: pd.DataFrame, negation: bool) -> Named:
    names = [str(name) for name in texts.names]
    rows = [_terms_of(row) for row in terms.to_dict("records")]
    made = [(term, i) for i, cells in enumerate(rows) for cell in cells if (term := as_term(cell))]
    wanted: list[Term] = [term for term, _ in made]
    group = np.array([i for _, i in made], dtype=np.int64)
    return _spread(texts, *find_terms(names, wanted, group, negation=negation))


def _by_code(codes: Labels, terms: pd.DataFrame, stacklevel: int) -> Named:
    place = {name: i for i, name in enumerate(terms["id"])}
    parts = [(i, part) for i, name in enumerate(codes.names) for part in items(str(name))]
    known = np.array([(i, place[p]) for i, p in parts if p in place], dtype=np.int64)
    pairs = np.unique(known.reshape(-1, 2), axis=0)
    strange = np.unique([i for i, p in parts if p not in place and p != "unknown"])
    if count := int(np.isin(codes.codes, strange).sum()):
        warnings.warn(
            f"{count:,} of {len(codes):,} rows of the feedback have codes that the term table does "
            "not have; these codes count as unknown.\nHint: codes are ids of the term table, "
            "separated by semicolons.",
            RowsLeftOutWarning,
            stacklevel=stacklevel,
        )
    return _spread(codes, pairs[:, 0], pairs[:, 1])


def _spread(labels: Labels, name: Array, cause: Array) -> Named:
    """Give each row what its distinct text names."""
    blank = np.array([not str(text).strip() for text in labels.names] + [True])
    each = np.bincount(name, minlength=len(labels.names) + 1)
    starts = np.cumsum(each) - each
    code = np.where(labels.codes < 0, len(labels.names), labels.codes)
    count = each[code]
    row = np.repeat(np.arange(len(code)), count)
    step = np.arange(len(row)) - np.repeat(np.cumsum(count) - count, count)
    return Named(row, cause[np.repeat(starts[code], count) + step], ~blank[code])
