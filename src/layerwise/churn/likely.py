"""For each customer the causes that likely drive him away, and what answers them."""

from collections.abc import Sequence
from typing import Any, cast

import narwhals.stable.v2 as nw
import numpy as np
import pandas as pd
from narwhals.stable.v2.typing import IntoDataFrameT

from layerwise import arguments, frames, vectors
from layerwise.churn.causes import Causes
from layerwise.churn.flags import read_flags
from layerwise.churn.joint import JointCauses
from layerwise.columns import CUSTOMER
from layerwise.errors import SpecError
from layerwise.logs import read_roster
from layerwise.saved import fits
from layerwise.vectors import Array, Labels

UNKNOWN = "unknown"


def likely_causes(
    customers: IntoDataFrameT,
    causes: Causes | JointCauses,
    *,
    who: str | None = None,
    top: int = 3,
    customer: str = CUSTOMER,
) -> IntoDataFrameT:
    """Return for each customer the causes he was exposed to, the likeliest first.

    One row a customer and cause, in the order of the customers, the same kind of frame:

    - the customer's id; `rank` from 1.
    - `exposure`, `cause_id`, `cause`, `remedies`: of the ranking. A customer who was exposed to
      none of its causes has one row, with cause "unknown" and rank 1.
    - `attributable_share`: (RR - 1) / RR with the adjusted relative risk: of 100 exposed leavers so
      many would have stayed without this exposure. Shares of one customer do not add up; equal ones
      go by name.

    Only exposures with effect "risk" count: what may be chance is nobody's cause. It is a share of
    a group, not the truth of one person, so use it to choose an answer, never to tell a customer
    why he left.

    Args:
        customers: One row per customer with the exposure columns, an eager frame: those who left,
            or those at risk, who need not be the ones the ranking was learned from. Unknown
            exposures count as none.
        causes: What `rank_causes` or `joint_causes` returned.
        who: A column of true and false; only customers with true are told of.
        top: At most so many causes a customer.
        customer: The column of ids.

    Raises:
        ColumnsError: A column is missing or of the wrong kind.
        DataError: An id is missing or stands twice, or an exposure is not yes and no.
        SpecError: `causes` is no ranking, or `top` is not a whole number from 1 up.
        EngineError: The table is no dataframe in memory.

    Source: Miettinen (1974), AJE 99(5): the attributable fraction among the exposed.

    Example:
        >>> import pandas as pd
        >>> from layerwise.churn import rank_causes
        >>> customers = pd.DataFrame({
        ...     "customer_id": range(400),
        ...     "delivery_late": [True] * 100 + [False] * 300,
        ...     "left": [True] * 50 + [False] * 50 + [True] * 75 + [False] * 225,
        ... })
        >>> found = rank_causes(
        ...     customers, outcome="left", exposures=["delivery_late"],
        ...     exposure_end="2024-05-31", outcome_start="2024-06-01",
        ... )
        >>> table = likely_causes(customers.iloc[[0, 399]], found)
        >>> table[["customer_id", "cause_id", "attributable_share"]].values.tolist()
        [[0, 'delivery_late', 0.5], [399, 'unknown', nan]]
    """
    _check(causes, top)
    frame = frames.eager(customers, doing="likely_causes")
    rows = causes.table[causes.table["effect"] == "risk"]
    rows = rows.assign(share=1 - 1 / rows["relative_risk"])
    rows = rows.sort_values(["share", "exposure"], ascending=[False, True], ignore_index=True)
    arguments.check_named({"customer=": customer}, {"who=": who})
    needs = {customer: "customer="} | ({who: "who="} if who is not None else {})
    needs |= dict.fromkeys(rows["exposure"], "the ranking")
    arguments.require(frames.column_names(frame), needs, title="The customer table lacks columns:")
    read_roster(customers, customer=customer)
    asked = (
        read_flags(frame, [who])[who] == 1 if who is not None else np.ones(len(frame), dtype=bool)
    )
    flags = read_flags(frame, rows["exposure"])
    place, rank, cause = _pick(asked, [flags[name] == 1 for name in rows["exposure"]], top)
    ids = nw.maybe_reset_index(frame.select(customer)[place.tolist()])
    return cast("IntoDataFrameT", vectors.attach(ids, _columns(rows, rank, cause)))


def _check(causes: Any, top: Any) -> None:
    if not isinstance(causes, Causes | JointCauses):
        raise SpecError(
            f"causes is a {type(causes).__name__}, no ranking of causes.",
            hint="give what rank_causes(...) or joint_causes(...) returned.",
        )
    if not fits(top, int) or top < 1:
        raise SpecError(
            f"top must be a whole number from 1 up, got {top!r:.40}.",
            hint="top=3 tells at most three causes a customer.",
        )


def _pick(asked: Array, exposed: Sequence[Array], top: int) -> tuple[Array, Array, Array]:
    """Return (place of the customer, rank, number of the cause or -1), by customer and rank."""
    had = np.zeros(len(asked), dtype=np.int64)
    parts = []
    for number, flag in enumerate(exposed):
        here = asked & flag & (had < top)
        had += here
        place = np.flatnonzero(here)
        parts.append((place, had[place], np.full(len(place), number)))
    none = np.flatnonzero(asked & (had == 0))
    parts.append((none, np.ones(len(none), dtype=np.int64), np.full(len(none), -1)))
    place, rank, cause = (np.concatenate(part) for part in zip(*parts, strict=True))
    order = np.lexsort((rank, place))
    return place[order], rank[order], cause[order]


def _columns(rows: pd.DataFrame, rank: Array, cause: Array) -> dict[str, Any]:
    share = np.append(rows["share"].to_numpy(dtype=np.float64), np.nan)
    texts = {
        "exposure": (rows["exposure"], None),
        "cause_id": (rows["cause_id"], UNKNOWN),
        "cause": (rows["cause"], UNKNOWN),
        "remedies": (rows["remedies"], ""),
    }
    named = {name: _labels([*column, last], cause) for name, (column, last) in texts.items()}
    return {"rank": rank} | named | {"attributable_share": share[cause]}


def _labels(names: Sequence[str | None], cause: Array) -> Labels:
    """Return the name of each row's cause; the last one is of rows without a cause."""
    known = tuple(dict.fromkeys(name for name in names if name is not None))
    code = np.array([-1 if name is None else known.index(name) for name in names])
    return Labels(code[cause], known)
