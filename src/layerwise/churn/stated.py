"""What leavers say drove them away, beside what the exposures say."""

import warnings
from typing import Any

import numpy as np
import pandas as pd

from layerwise import arguments, frames, vectors
from layerwise.churn.cause_table import SCHEMA
from layerwise.churn.causes import Causes
from layerwise.churn.joint import JointCauses
from layerwise.churn.likely import UNKNOWN
from layerwise.columns import CUSTOMER
from layerwise.errors import DataError, RowsLeftOutWarning, SpecError, problems
from layerwise.knowledge import items, read_table
from layerwise.orders.ids import read_ids
from layerwise.orders.table import column
from layerwise.rates import wilson
from layerwise.vectors import Array, Labels


def stated_causes(
    coded: object,
    *,
    customer: str = CUSTOMER,
    cause: str = "cause_id",
    table: object = None,
    level: float = 0.95,
) -> pd.DataFrame:
    """Return the share of leavers who name each cause, the most named first.

    One row a cause that somebody names:

    - `cause_id`, `cause`, `term_zh`, `level`, `remedies`: of the cause table.
    - `named`: customers who name it, each counted once; `answered`: all customers who said
      anything.
    - `share`, `share_low`, `share_high`: of those who answered, with Wilson's interval. A customer
      may name several causes, so shares may add up to more than 100 %.

    Customers of whom no cause could be made out are the row "unknown"; rows without an answer or
    without a customer are left out and counted in a notice. The shares are of those who
    answered: who leaves in silence may have other causes.

    Args:
        coded: Exit feedback, a row an answer, an eager frame.
        customer: The column of ids.
        cause: The column of ids of the cause table, several separated by semicolons; "unknown"
            where the answer could not be coded, missing or empty where there is none.
        table: The cause table as a frame or CSV path; None for `cause_table()`.
        level: Of the intervals.

    Raises:
        ColumnsError: A column is missing.
        DataError: There is no answer, or rows name causes the table does not have.
        TableError: The cause table cannot be used.
        EngineError: The table is no dataframe in memory.

    Source of the interval: Wilson (1927), JASA 22.

    Example:
        >>> said = pd.DataFrame({
        ...     "customer_id": [1, 2, 3, 4],
        ...     "cause_id": ["delivery_late;price_high", "delivery_late", "unknown"]
        ...     + ["delivery_late"],
        ... })
        >>> found = stated_causes(said)
        >>> found[["cause_id", "named", "answered", "share"]].values.tolist()
        [['delivery_late', 3, 4, 0.75], ['price_high', 1, 4, 0.25], ['unknown', 1, 4, 0.25]]
    """
    frame = frames.eager(coded, doing="stated_causes")
    arguments.check_named({"customer=": customer, "cause=": cause})
    needs = {customer: "customer=", cause: "cause="}
    arguments.require(frames.column_names(frame), needs, title="The coded feedback lacks columns:")
    causes = read_table(table, SCHEMA).set_index("id")
    who, what = _answers(frame, customer, cause, causes)
    answered, counts = _count(who, what, len(causes))
    found = pd.DataFrame(
        {
            "cause_id": [*causes.index, UNKNOWN],
            "cause": [*causes["cause"], UNKNOWN],
            "term_zh": [*causes["term_zh"], "原因不明"],
            "level": [*causes["level"], ""],
            "remedies": [*causes["remedy_strategies"], ""],
        },
        dtype=object,
    )
    low, high = wilson(counts, np.full(len(counts), answered), level=level)
    found = found.assign(
        named=counts,
        answered=answered,
        share=counts / answered,
        share_low=low,
        share_high=high,
    )
    found = found[found["named"] > 0].assign(last=lambda t: t["cause_id"] == UNKNOWN)
    keys = ["last", "named", "cause_id"]
    order = found.sort_values(keys, ascending=[True, False, True], ignore_index=True)
    return order.drop(columns="last")


def _answers(frame: Any, customer: str, cause: str, causes: pd.DataFrame) -> tuple[Array, Array]:
    """Return the customer and the place of the cause, -1 for unknown, of each naming of one."""
    codes = read_ids(column(frame.to_native(), customer), customer)
    row, what = _namings(frame, cause, causes)
    nobody = np.zeros(len(frame), bool) if codes.missing is None else codes.missing
    answered = np.bincount(row, minlength=len(frame)) > 0
    _tell({"without an answer": ~answered, "without a customer id": answered & nobody})
    use = ~nobody[row]
    if not use.any():
        raise DataError(
            "There is no answer in the coded feedback.", hint="give rows with customer and cause."
        )
    return codes.code[row[use]].astype(np.int64), what[use]


def _namings(frame: Any, cause: str, causes: pd.DataFrame) -> tuple[Array, Array]:
    """Return the row and the place of the cause of each naming; a row may name several."""
    found = vectors.read(frame, [cause])[cause]
    if not isinstance(found, Labels):
        found = _nothing(found, cause)
    parts = [items(str(name)) for name in found.names]
    texts = pd.Index([text for part in parts for text in part], dtype=object)
    place = causes.index.get_indexer(texts)
    place[(place < 0) & (texts != UNKNOWN)] = _STRANGE
    size = np.array([*map(len, parts), 0], dtype=np.int64)
    start = np.cumsum(size) - size
    of_row = size[found.codes]
    row = np.repeat(np.arange(len(of_row)), of_row)
    nth = np.arange(len(row)) - np.repeat(np.cumsum(of_row) - of_row, of_row)
    what: Array = place[start[found.codes[row]] + nth]
    _refuse_strange(len(np.unique(row[what == _STRANGE])), len(of_row), cause)
    return row, what


_STRANGE = -2


def _refuse_strange(strange: int, n: int, cause: str) -> None:
    if strange:
        raise DataError(
            f"{strange:,} of {n:,} rows of {cause} name no cause of the cause table.",
            hint="cause_table()['id'] lists them, table= takes your own; write \"unknown\" where "
            "the cause is not known.",
        )


def _nothing(values: Array, cause: str) -> Labels:
    if not np.isnan(values).all():
        raise DataError(
            f"Column {cause} holds numbers, no ids of causes.",
            hint="cause_table()['id'] lists them.",
        )
    return Labels(np.full(len(values), -1), ())


def _tell(reasons: dict[str, Array]) -> None:
    lines = [f"{where.sum():,} rows {text}" for text, where in reasons.items() if where.any()]
    if lines:
        n = len(next(iter(reasons.values())))
        warnings.warn(
            problems(f"Rows of the coded feedback left out, of {n:,}:", lines)
            + "\nHint: shares are of customers who answered, each counted once.",
            RowsLeftOutWarning,
            stacklevel=4,
        )


def _count(who: Array, what: Array, n_causes: int) -> tuple[int, Array]:
    """Return how many answered, and how many name each cause; the last count is of unknown."""
    pairs = np.unique(np.stack([who, what]), axis=1)
    known = pairs[:, pairs[1] >= 0]
    answered = len(np.unique(who))
    counts = np.bincount(known[1], minlength=n_causes)
    return answered, np.append(counts, answered - len(np.unique(known[0])))


def measured_and_stated(causes: Causes | JointCauses, stated: pd.DataFrame) -> pd.DataFrame:
    """Return what exposures and leavers say of each cause, side by side.

    One row a cause that either of them has: `cause_id`, `cause`, `term_zh`, `level`, `remedies`;
    `exposure`, `relative_risk`, `paf` (with `paf_low`, `paf_high` where the ranking has them) and
    `effect` of the ranking; `named`, `answered`, `share`, `share_low`, `share_high` of the answers;
    missing where one of them is silent. Measured ones come first, in their order.

    The two are not one number: the fraction is of all leavers, the share of those who answered.
    Causes that strike everybody (level = brand) have only what leavers say.

    Args:
        causes: What `rank_causes` or `joint_causes` returned.
        stated: What `stated_causes` returned.

    Raises:
        SpecError: The arguments are something else.

    Example:
        >>> from layerwise.churn import rank_causes
        >>> customers = pd.DataFrame({
        ...     "delivery_late": [True] * 100 + [False] * 300,
        ...     "left": [True] * 50 + [False] * 50 + [True] * 75 + [False] * 225,
        ... })
        >>> found = rank_causes(
        ...     customers, outcome="left", exposures=["delivery_late"],
        ...     exposure_end="2024-05-31", outcome_start="2024-06-01",
        ... )
        >>> said = {"customer_id": [1, 2], "cause_id": ["delivery_late", "price_high"]}
        >>> both = measured_and_stated(found, stated_causes(pd.DataFrame(said)))
        >>> both[["cause_id", "paf", "share"]].values.tolist()
        [['delivery_late', 0.2, 0.5], ['price_high', nan, 0.5]]
    """
    if not isinstance(causes, Causes | JointCauses) or not isinstance(stated, pd.DataFrame):
        raise SpecError(
            "Give a ranking of causes and a table of stated causes.",
            hint="measured_and_stated(rank_causes(...), stated_causes(...)).",
        )
    about = ["cause_id", "cause", "term_zh", "level", "remedies"]
    measured = ["exposure", "relative_risk", "paf", "paf_low", "paf_high", "effect"]
    said = ["named", "answered", "share", "share_low", "share_high"]
    if lacking := [name for name in [*about, *said] if name not in stated]:
        raise SpecError(
            f"The table of stated causes lacks {', '.join(lacking)}.",
            hint="give what stated_causes(...) returned.",
        )
    frames.check_names(stated.columns, "the table of stated causes")
    ids = stated["cause_id"]
    if again := int((ids.isna() | ids.duplicated()).sum()):
        raise SpecError(
            f"{again:,} of {len(ids):,} rows of the table of stated causes have no cause of their "
            "own.",
            hint="give what stated_causes(...) returned, unchanged.",
        )
    left = causes.table
    rest = stated[~stated["cause_id"].isin(left["cause_id"])]
    found = pd.concat([left[about], rest[about]], ignore_index=True)
    ours = left[[name for name in measured if name in left]].reindex(found.index)
    theirs = stated.set_index("cause_id")[said].reindex(found["cause_id"]).set_index(found.index)
    return pd.concat([found, ours, theirs], axis=1)
