"""The plan as its readers want it: by department, by channel, by status."""

from typing import Any

import numpy as np
import pandas as pd
from narwhals.stable.v2.typing import IntoDataFrame

from layerwise import columns as c
from layerwise import vectors
from layerwise.errors import SpecError
from layerwise.strategy import status as st

VIEWS = (c.OWNER, c.CHANNEL, c.STRATEGY, c.REASON, c.INCENTIVE, c.THEME, c.STATUS)
_ANY = "any"
_ROLE = "plan_by"


def plan_by(plan: IntoDataFrame, by: str, *, customer: str = c.CUSTOMER) -> pd.DataFrame:
    """Return what a plan asks of each department, or of each channel.

    Args:
        plan: What `StrategyTable.plan`, `contact_rules` or `spend_budget` (`.plan`) returned.
        by: owner, channel, strategy_id, reason, incentive, theme or status. A row that names two
            channels counts for each, so that channels do not add up; none is "any".
        customer: Column of the customer's id.

    Returns:
        A pandas frame, the most to do first, equal ones by name: the column `by`, `strategies`
        (different ones), `customers` (different ones), `rows`, `to_do` (rows to send, which are all
        that are not held out while the plan has no status), and `cost` and `expected_gain` of the
        rows to send where the plan has them.

    Raises:
        SpecError: `by` is none of these.
        ColumnsError: The frame is no plan.
        EngineError: It is no frame in memory.

    Example:
        >>> from layerwise.strategy import StrategyTable
        >>> customers = pd.DataFrame({"customer_id": [1, 2], "tier": ["high_value", "new"]})
        >>> plan = StrategyTable.default().plan(customers, holdout=0)
        >>> print(plan_by(plan, "owner").to_string(index=False))
            owner  strategies  customers  rows  to_do
        marketing           3          2     3      3
          product           1          1     1      1
    """
    if not isinstance(by, str) or by not in VIEWS:
        raise SpecError(f"by must be one of {', '.join(VIEWS)}.", hint='plan_by(plan, "owner").')
    frame = st.plan_frame(plan, _ROLE)
    status = st.read_status(frame, _ROLE)
    who, _ = st.customers(frame, customer, _ROLE)
    cells = st.texts(frame, by, _ROLE)
    row, names = _spread(cells, listed=by in (c.CHANNEL, c.INCENTIVE))
    send = status == st.WORDS.index(st.SEND)
    table: dict[str, Any] = {
        by: names,
        "_strategy": st.texts(frame, c.STRATEGY, _ROLE).codes[row],
        "_who": who[row],
        "to_do": send[row].astype(np.int64),
    }
    money = [name for name in (c.COST, c.EXPECTED_GAIN) if name in frame.columns]
    for name in money:
        amount = np.asarray(vectors.read(frame, [name], what="the plan")[name], dtype=np.float64)
        table[name] = np.where(send, np.nan_to_num(amount), 0.0)[row]
    return _grouped(pd.DataFrame(table), by, money)


def _spread(cells: st.Cells, *, listed: bool) -> tuple[Any, st.Cells]:
    """Return the row and name of each entry: a cell that lists two names is two entries."""
    parts = [tuple(dict.fromkeys(p.strip() for p in str(x).split(";"))) for x in cells.categories]
    own = parts if listed else [(str(x),) for x in cells.categories]
    names = sorted({p or _ANY for cell in own for p in cell} | {_ANY})
    place = {name: i for i, name in enumerate(names)}
    size = np.array([*map(len, own), 1], dtype=np.int64)
    flat = np.array([place[p or _ANY] for cell in (*own, ("",)) for p in cell], dtype=np.int64)
    start = np.cumsum(size) - size
    mine = size[cells.codes]  # code -1, "missing", takes the last place
    row = np.repeat(np.arange(len(cells)), mine)
    within = np.arange(len(row)) - np.repeat(np.cumsum(mine) - mine, mine)
    codes = flat[start[cells.codes[row]] + within]
    return row, pd.Categorical.from_codes(codes, pd.Index(names))


def _grouped(table: pd.DataFrame, by: str, money: list[str]) -> pd.DataFrame:
    groups = table.groupby(by, observed=True)
    out = pd.DataFrame(
        {
            "strategies": _distinct(table, by, "_strategy"),
            "customers": _distinct(table, by, "_who"),
            "rows": groups.size(),
            "to_do": groups["to_do"].sum(),
            **{name: groups[name].sum() for name in money},
        }
    )
    out = out.reset_index(names=by).astype({by: str})
    return out.sort_values(["to_do", by], ascending=[False, True], ignore_index=True)


def _distinct(table: pd.DataFrame, by: str, name: str) -> "pd.Series[int]":
    pairs = table[[by, name]].drop_duplicates()
    return pairs.groupby(by, observed=True).size()
