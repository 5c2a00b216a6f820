"""What becomes of each row of a plan: sent now, held out, or put off, and why."""

from typing import Any

import narwhals.stable.v2 as nw
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from layerwise import columns as c
from layerwise import frames, odd_cells, vectors
from layerwise.errors import ColumnsError, DataError
from layerwise.strategy import cells, match
from layerwise.strategy.resolve import column_of

SEND, HELD_OUT = "send", "held_out"
CONTACT_CAP, MIN_GAP = "contact_cap", "min_gap"
OVER_BUDGET, NO_GAIN, UNKNOWN = "over_budget", "no_gain", "not_evaluable"
WORDS = (SEND, HELD_OUT, CONTACT_CAP, MIN_GAP, OVER_BUDGET, NO_GAIN, UNKNOWN)
"""The words of the column `status`; a row keeps its first word other than send and held_out."""

Codes = NDArray[np.int64]
Cells = Any  # a pandas.Categorical, whose own type differs from stub to stub

_MOST_RANK = 2**53


def plan_frame(plan: object, role: str) -> Any:
    """Return a plan behind narwhals, refused if it is lazy or no table."""
    frames.wrap(plan, what="the plan")
    return frames.eager(plan, doing=role)


def read_status(frame: Any, role: str) -> Codes:
    """Return the status of each row as places in `WORDS`; without one, what the holdout says.

    Raises:
        ColumnsError: The frame is no plan, or a status is none of the words.
    """
    held = cells.code_flags(column_of(frame, c.HOLDOUT, role))
    if c.STATUS not in frame.columns:
        return np.where(held, WORDS.index(HELD_OUT), WORDS.index(SEND)).astype(np.int64)
    found = texts(frame, c.STATUS, role)
    place = np.array([WORDS.index(x) if x in WORDS else -1 for x in found.categories], np.int64)
    codes: Codes = np.append(place, -1)[found.codes]
    if wrong := int((codes < 0).sum()):
        raise ColumnsError(
            f"Column {c.STATUS!r} holds no status in {wrong:,} of {len(codes):,} rows.",
            hint=f"it is one of {', '.join(WORDS)}; drop the column to begin anew.",
        )
    return codes


def with_status(frame: Any, status: Codes, **more: NDArray[np.float64]) -> Any:
    """Return the plan as the kind of frame it was, with its status and further columns."""
    words = pd.Categorical.from_codes(status, pd.Index(WORDS))
    backend = frame.implementation
    new = [nw.new_series(n, x, nw.Float64(), backend=backend) for n, x in more.items()]
    if backend.is_pandas():
        text = nw.from_native(pd.Series(words, name=c.STATUS), series_only=True)
    else:
        names = np.array(WORDS, dtype=object)[status].tolist()
        text = nw.new_series(c.STATUS, names, nw.String(), backend=backend)
    return nw.maybe_reset_index(frame).with_columns(*new, text).to_native()


def texts(frame: Any, name: str, role: str) -> Cells:
    """Return a text column of a plan as categories.

    Raises:
        ColumnsError: It is not there, or holds no text.
    """
    column = column_of(frame, name, role)
    native = column.to_native()
    if isinstance(native, pd.Series) and isinstance(native.dtype, pd.CategoricalDtype):
        return _only_texts(pd.Categorical(native), name)
    objects = np.empty(len(column), dtype=object)
    objects[:] = column.to_list()
    try:
        codes, found = pd.factorize(objects)
    except TypeError:  # lists and other cells that cannot be told apart
        raise _no_texts(name) from None
    if not all(isinstance(text, str) for text in found):
        raise _no_texts(name)
    odd_cells.check_texts(found, f"Column {name!r} of the plan")
    order = np.argsort(found)
    place = np.append(np.argsort(order), -1)
    return pd.Categorical.from_codes(place[codes], pd.Index(found[order], dtype=object))


def _only_texts(cells: Cells, name: str) -> Cells:
    if not all(isinstance(text, str) for text in cells.categories):
        raise _no_texts(name)
    odd_cells.check_texts(cells.categories, f"Column {name!r} of the plan")
    return cells


def _no_texts(name: str) -> ColumnsError:
    return ColumnsError(
        f"Column {name!r} of the plan holds other values than text.", hint="plan() makes it."
    )


def customers(frame: Any, customer: str, role: str) -> tuple[Codes, pd.Series]:
    """Return the customer of each row as a code, and each customer's id once.

    Raises:
        ColumnsError: The column is not there.
        DataError: A customer has a strategy twice.
    """
    column = column_of(frame, customer, role)
    native = column.to_native()
    series = native if isinstance(native, pd.Series) else pd.Series(column.to_list())
    try:
        codes, ids = pd.factorize(series)
    except (TypeError, NotImplementedError):
        raise ColumnsError(
            f"Column {customer!r} of the plan holds no ids.", hint="ids are text or whole numbers."
        ) from None
    odd_cells.check_texts(ids, f"Column {customer!r} of the plan")
    if missing := int((codes < 0).sum()):
        raise ColumnsError(
            f"{missing:,} of {len(codes):,} rows of the plan have no {customer}.",
            hint="StrategyTable.plan gives each row its customer.",
        )
    _refuse_repeats(frame, np.asarray(codes, dtype=np.int64), role)
    return np.asarray(codes, dtype=np.int64), pd.Series(ids, name=customer)


def _refuse_repeats(frame: Any, who: Codes, role: str) -> None:
    """Refuse a plan that gives a customer a strategy twice: it would be paid and counted twice."""
    if c.STRATEGY not in frame.columns:
        return
    what = texts(frame, c.STRATEGY, role)
    known = what.codes >= 0
    keys = who[known] * max(len(what.categories), 1) + what.codes[known]
    if again := len(keys) - len(np.unique(keys)):
        raise DataError(
            f"{again:,} of {len(who):,} rows of the plan give a customer a strategy again.",
            hint="StrategyTable.plan gives each customer a strategy once; drop what stands twice.",
        )


def duties(frame: Any, role: str) -> NDArray[np.bool_]:
    """Return which rows are duties, which are done whatever caps and budgets say."""
    theme = texts(frame, c.THEME, role)
    found: NDArray[np.bool_] = np.append(theme.categories == match.DUTY, False)[theme.codes]
    return found


def ranks(frame: Any, role: str) -> Codes:
    """Return the rank of each row.

    Raises:
        ColumnsError: It is not there or holds no numbers.
    """
    column_of(frame, c.RANK, role)
    found = vectors.read(frame, [c.RANK], what="the plan")[c.RANK]
    good = isinstance(found, np.ndarray) and (np.abs(found.astype(float)) < _MOST_RANK).all()
    if not isinstance(found, np.ndarray) or not good:
        raise ColumnsError("Column 'rank' holds no whole numbers.", hint="plan() makes it.")
    return found.astype(np.int64)
