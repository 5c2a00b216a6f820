"""What no customer table can hold: negative counts and days, silence longer than the history."""

from collections.abc import Iterable, Mapping

import numpy as np

from layerwise.columns import AGE, FIRST_TO_LAST, ORDERS, REPEAT_ORDERS, SILENCE
from layerwise.errors import DataError, problems
from layerwise.vectors import Array, Columns

HISTORY = (REPEAT_ORDERS, FIRST_TO_LAST, AGE)
_NEVER_NEGATIVE = (ORDERS, SILENCE)


def check_histories(
    columns: Columns,
    *,
    complete: Iterable[str] = (),
    history: tuple[str, str, str] = HISTORY,
    counts: Array | None = None,
) -> None:
    """Refuse impossible counts and days among the columns that were read.

    Args:
        columns: Any columns of a customer table; only those that are there are compared.
        complete: Columns that may not have missing values.
        history: The columns of repeat orders, time from first to last, and age.
        counts: Of how many customers each row speaks; None means one.

    Raises:
        DataError: With every problem and its count.
    """
    _refuse(told(history_faults(columns, complete=complete, history=history), counts))


def check_complete(columns: Mapping[str, Array], names: Iterable[str] = HISTORY) -> None:
    """Refuse missing values in columns that `check_histories` has seen already.

    Raises:
        DataError: With every such column and its count.
    """
    _refuse(told(_gaps(columns, names)))


def _refuse(lines: list[str]) -> None:
    if lines:
        raise DataError(
            problems("The customer table holds impossible purchase histories.", lines),
            hint="summarize(orders, as_of=...) makes them from orders; repeat_orders counts "
            "occasions after the first, times are days.",
        )


def history_faults(
    columns: Columns, *, complete: Iterable[str] = (), history: tuple[str, str, str] = HISTORY
) -> dict[str, Array]:
    """Return what may be wrong with the columns, and in which rows it is; see `check_histories`."""
    found = {name: column for name, column in columns.items() if isinstance(column, np.ndarray)}
    return _signs(found, history) | _contradictions(found, history) | _gaps(found, complete)


def told(faults: Mapping[str, Array], counts: Array | None = None) -> list[str]:
    """Return a line with the count for each fault that occurs."""
    return [
        f"{fault}: {_rows(where, counts):,} of {_rows(np.ones_like(where), counts):,} rows"
        for fault, where in faults.items()
        if where.any()
    ]


def _rows(where: Array, counts: Array | None) -> int:
    return int(np.count_nonzero(where) if counts is None else counts[where].sum())


def _signs(found: dict[str, Array], history: tuple[str, str, str]) -> dict[str, Array]:
    known = (*history, *_NEVER_NEGATIVE)
    counted = [n for n in found if n in known or n.startswith("orders_")]
    faults = {f"negative {name}": found[name] < 0 for name in counted}
    if (x := found.get(history[0])) is not None and x.dtype.kind == "f":
        faults[f"{history[0]} that are not whole numbers"] = (x != np.floor(x)) & ~np.isnan(x)
    return faults


def _contradictions(found: dict[str, Array], history: tuple[str, str, str]) -> dict[str, Array]:
    _, last, whole = history
    x, span, age, silence = (found.get(name) for name in (*history, SILENCE))
    faults = {}
    if x is not None and span is not None:
        faults[f"no repeat order but {last} above 0"] = (x == 0) & (span > 0)
        faults[f"repeat orders but {last} 0"] = (x > 0) & (span == 0)
    if span is not None and age is not None:
        faults[f"{last} above {whole}"] = span > age
    if silence is not None and age is not None:
        faults[f"{SILENCE} above {whole}"] = silence > age
    return faults


def _gaps(found: Mapping[str, Array], complete: Iterable[str]) -> dict[str, Array]:
    floats = [name for name in complete if found[name].dtype.kind == "f"]
    return {f"missing {name}": np.isnan(found[name]) for name in floats}
