"""Why a customer got a label: one row per customer and output of a rule."""

import re
import warnings
from collections.abc import Hashable, Iterable, Mapping, Sequence
from typing import Any

import narwhals.stable.v2 as nw

from layerwise.arguments import several
from layerwise.errors import RowsLeftOutWarning, SpecError
from layerwise.rules import Rule
from layerwise.rules.base import show
from layerwise.vectors import Column, Labels

_HIDDEN = re.compile(r"(?<!\w)_+(?=\w)")


def reasons(
    rules: Iterable[Rule], columns: Mapping[str, Column], keys: Sequence[Hashable], customer: str
) -> dict[str, list[Any]]:
    """Return the columns of the table of reasons; steps on the way are told like the outputs."""
    told = list(rules)
    rows = _rows(columns, len(keys))
    return {
        customer: [key for key in keys for _ in told],
        "layer": [_plain(rule.output) for _ in keys for rule in told],
        "label": [show(row[rule.output]) for row in rows for rule in told],
        "reason": [_plain(rule.reason(row)) for row in rows for rule in told],
    }


def only(frame: Any, customer: str, ids: Iterable[Hashable] | Hashable) -> Any:
    """Return the rows of these customers, and warn of those who are not there."""
    wanted = list(dict.fromkeys(_hashable(several(ids))))
    found = frame.filter(nw.col(customer).is_in(wanted))
    lost = len(wanted) - found[customer].n_unique()
    if lost:
        warnings.warn(
            f"{lost:,} of {len(wanted):,} ids are not in the column {customer}.\n"
            "Hint: 7 and '7' are different ids; check the type of the column.",
            RowsLeftOutWarning,
            stacklevel=3,
        )
    return found


def _hashable(ids: Iterable[Any]) -> list[Any]:
    """Return the ids, refused if some cannot be ids.

    Raises:
        SpecError: With the count of these.
    """
    found = list(ids)
    odd = sum(not isinstance(i, Hashable) for i in found)
    if odd:
        raise SpecError(
            f"{odd:,} of {len(found):,} ids are lists or the like.",
            hint='ids="a" or ids=["a", "b"].',
        )
    return found


def _plain(text: str) -> str:
    """Return the text with the names of hidden steps as if they were not hidden."""
    return _HIDDEN.sub("", text)


def _rows(columns: Mapping[str, Column], count: int) -> list[dict[str, Any]]:
    values = {n: c.objects() if isinstance(c, Labels) else c.tolist() for n, c in columns.items()}
    return [{name: column[i] for name, column in values.items()} for i in range(count)]
