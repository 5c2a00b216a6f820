"""A plan by strategy: how many customers have each, and how many of them are left out by chance."""

from typing import Any

import narwhals.stable.v2 as nw
import numpy as np
import pandas as pd
from narwhals.stable.v2.typing import IntoDataFrameT

from layerwise import columns as c
from layerwise import frames
from layerwise.errors import ColumnsError
from layerwise.strategy import cells
from layerwise.strategy.resolve import Frame, column_of
from layerwise.strategy.status import texts


def plan_summary(plan: IntoDataFrameT) -> IntoDataFrameT:
    """Return how many customers each strategy of a plan has, the most first.

    Args:
        plan: What `StrategyTable.plan` returned.

    Returns:
        The same kind of frame, a lazy one in no order, with strategy_id, owner, customers (all who
        have it in their plan), holdout (those of them left out by chance, of this strategy or of
        the whole plan), control (those in the control group of the whole plan); equal counts go by
        id.

    Raises:
        ColumnsError: The frame is not a plan, or its holdout or control is not true or false.

    Example:
        >>> import pandas as pd
        >>> from layerwise.strategy import StrategyTable
        >>> customers = pd.DataFrame({"customer_id": [1, 2, 3], "value": ["high", "low", "low"]})
        >>> found = plan_summary(StrategyTable.default().plan(customers, cap=1))
        >>> found[["strategy_id", "customers"]].values.tolist()
        [['val_low_entry', 2], ['val_high_care', 1]]
    """
    frame = frames.wrap(plan, what="the plan")
    if frames.is_lazy(frame):
        native: IntoDataFrameT = _lazy_summary(frame)
        return native
    chance = (c.HOLDOUT, c.CONTROL)
    keys = (c.STRATEGY, c.OWNER)
    for name in keys:
        texts(frame, name, "plan_summary")
    flags = [_drawn(frame, name) for name in chance]
    one = nw.lit(1, nw.Int64).alias(c.CUSTOMERS)
    groups = frame.select(*keys, *flags, one).group_by(*keys)
    counts = groups.agg(nw.col(c.CUSTOMERS, *chance).sum())
    counts = counts.with_columns(nw.col(name).cast(nw.String) for name in keys)
    counts = counts.sort(c.CUSTOMERS, c.STRATEGY, descending=[True, False])
    order = counts.select(c.STRATEGY, c.OWNER, c.CUSTOMERS, *chance)
    native = nw.maybe_reset_index(order).to_native()
    return native


def _lazy_summary(frame: Any) -> Any:
    """Return the counts as a lazy frame of the plan's kind, in no order."""
    schema, keys, chance = frame.collect_schema(), (c.STRATEGY, c.OWNER), (c.HOLDOUT, c.CONTROL)
    stub = frames.wrap(pd.DataFrame(columns=list(schema)))
    for name in (*keys, *chance):
        column_of(stub, name, "plan_summary")
    if wrong := [n for n in keys if schema[n] not in (nw.String, nw.Categorical, nw.Enum)]:
        raise ColumnsError(
            f"Columns of the plan must be text: {', '.join(wrong)}.",
            hint="StrategyTable.plan(labels, holdout=0) makes a plan.",
        )
    if wrong := [name for name in chance if schema[name] != nw.Boolean]:
        raise ColumnsError(
            f"Columns must be true or false: {', '.join(wrong)}.",
            hint="cast them to boolean columns in the query.",
        )
    drawn = [nw.when(nw.col(n)).then(1).otherwise(0).alias(n) for n in chance]
    rows = frame.select(*(nw.col(name).cast(nw.String) for name in keys), *drawn)
    sums = [nw.col(name).sum() for name in chance]
    counts = rows.group_by(*keys).agg(nw.len().alias(c.CUSTOMERS), *sums)
    whole = [nw.col(name).cast(nw.Int64) for name in (c.CUSTOMERS, *chance)]
    return counts.select(*keys, *whole).to_native()


def _drawn(frame: Frame, name: str) -> Any:
    """Return a column of draws as 0 and 1; missing is 0, as nobody was drawn."""
    drawn = cells.code_flags(column_of(frame, name, "plan_summary"))
    return nw.new_series(name, drawn.astype(np.int64), nw.Int64, backend=frame.implementation)
