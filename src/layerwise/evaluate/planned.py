"""A strategy plan as the experiments it holds: who was to get a strategy, and who by chance not."""

import warnings
from typing import Any

import attrs
import numpy as np
from narwhals.stable.v2.typing import IntoDataFrameT

from layerwise import arguments, frames, vectors
from layerwise import columns as c
from layerwise.errors import ColumnsError, DataError, RowsLeftOutWarning, SpecError
from layerwise.evaluate.assignment import ARM
from layerwise.logs import Roster, places, read_roster
from layerwise.orders.table import column
from layerwise.rules.base import numbers
from layerwise.vectors import Array, Labels

ARMS = ("holdout", "treated")
_PLAN = "the plan"
_OUTCOMES = "the table of outcomes"


@attrs.frozen(eq=False)
class Planned:
    """The rows of a plan whose customers have outcomes.

    Attributes:
        customer: Place of the row's customer in the table of outcomes.
        strategy: Place of the row's strategy among `names`.
        held: Chosen by chance not to get it.
        control: The customer is in the control group of the whole plan.
        names: Ids of the strategies, sorted.
    """

    customer: Array
    strategy: Array
    held: Array
    control: Array
    names: tuple[str, ...]

    def of(self, strategy: str) -> tuple[Array, Array]:
        """Return the customers of a strategy, the control group left out, and who was held out."""
        rows = (self.strategy == self.names.index(strategy)) & ~self.control
        return self.customer[rows], self.held[rows]

    def whole(self) -> tuple[Array, Array]:
        """Return all customers of the plan, and who is in its control group."""
        customers, first = np.unique(self.customer, return_index=True)
        return customers, self.control[first]


def read_plan(plan: object, roster: Roster, *, customer: str, stacklevel: int = 4) -> Planned:
    """Return a plan beside the customers of a table of outcomes.

    Raises:
        ColumnsError: The frame is no plan.
        DataError: A customer has a strategy twice, or draws are missing.
        EngineError: The frame is lazy.
    """
    frame = frames.eager(plan, doing="A plan")
    needed = dict.fromkeys((customer, c.STRATEGY, c.HOLDOUT, c.CONTROL), "a strategy plan")
    arguments.require(frames.column_names(frame), needed, title="The plan lacks columns:")
    read = vectors.read(frame, [c.STRATEGY, c.HOLDOUT, c.CONTROL], what=_PLAN)
    strategy, flags = read[c.STRATEGY], [numbers(read[n]) for n in (c.HOLDOUT, c.CONTROL)]
    if not len(frame):
        none = np.zeros(0, dtype=np.int64)
        return Planned(none, none, none > 0, none > 0, ())
    if not isinstance(strategy, Labels) or (strategy.codes < 0).any():
        raise ColumnsError(
            f"Column {c.STRATEGY} of the plan must name a strategy in every row.",
            hint="give what StrategyTable.plan returned.",
        )
    if any(not np.isin(flag, (0, 1)).all() for flag in flags):
        raise DataError(
            f"Columns {c.HOLDOUT} and {c.CONTROL} of the plan must be true or false in every row.",
            hint="give what StrategyTable.plan returned.",
        )
    place = places(column(frame.to_native(), customer), customer, roster)
    known = place >= 0
    if left := int((~known).sum()):
        warnings.warn(
            f"{left:,} of {len(place):,} rows of the plan are of customers without outcomes and "
            "are left out.\nHint: give outcomes of all planned customers, 0 for no purchase.",
            RowsLeftOutWarning,
            stacklevel=stacklevel,
        )
    names, codes = np.unique(np.array(strategy.names, dtype=object), return_inverse=True)
    code = codes[strategy.codes][known]
    pair = place[known] * len(names) + code
    if twice := len(pair) - len(np.unique(pair)):
        raise DataError(
            f"{twice:,} rows of the plan give a customer a strategy again.",
            hint="give one plan, what StrategyTable.plan returned once.",
        )
    held, control = (flag[known] == 1 for flag in flags)
    return Planned(place[known], code, held, control, tuple(names))


def plan_experiment(
    plan: object,
    outcomes: IntoDataFrameT,
    *,
    strategy: str | None = None,
    customer: str = c.CUSTOMER,
    arm: str = ARM,
) -> IntoDataFrameT:
    """Return the outcomes of a strategy's customers with their arm: "holdout" or "treated".

    Everybody whom the plan gave the strategy counts as the draw said, whether reached or not
    (intention to treat): who could be reached is no matter of chance. `analyse` takes it from here
    with `control="holdout"` and the plan's shares as `arms`.

    Args:
        plan: What `StrategyTable.plan` returned.
        outcomes: One row per customer, in memory.
        strategy: Id of the strategy; the plan's control group, who got none, is left out. None is
            the whole plan: its control group beside everybody else.
        customer: Column of the ids in both tables.
        arm: Name of the column to add.

    Raises:
        SpecError: The plan does not have the strategy.
        ColumnsError: Columns are missing or of the wrong kind.
        DataError: Ids are missing or repeat, or nobody of the plan has outcomes.
        EngineError: A table is lazy.

    Warns:
        RowsLeftOutWarning: Planned customers have no outcomes.

    Example:
        >>> import pandas as pd
        >>> from layerwise.strategy import StrategyTable
        >>> labels = pd.DataFrame({"customer_id": range(1000), "value": "high"})
        >>> plan = StrategyTable.default().plan(labels, cap=1)
        >>> arms = plan_experiment(plan, labels, strategy="val_high_care")["arm"]
        >>> arms.value_counts().to_dict()
        {'treated': 911, 'holdout': 89}
    """
    arguments.check_named({"customer=": customer, "arm=": arm}, {"strategy=": strategy})
    if not arm or arm == customer:
        raise SpecError("arm must name a new column.", hint='arm="arm" is the default.')
    found = read_plan(
        plan, read_roster(outcomes, customer=customer, what=_OUTCOMES), customer=customer
    )
    if strategy is not None and strategy not in found.names:
        raise SpecError(
            "The plan has no such strategy.", hint="plan_summary(plan) lists its strategies."
        )
    rows, held = found.whole() if strategy is None else found.of(strategy)
    order = np.argsort(rows)
    frame: Any = frames.wrap(outcomes, what=_OUTCOMES)[rows[order]]
    labels = Labels(np.where(held[order], 0, 1), ARMS, column=arm)
    native: IntoDataFrameT = vectors.attach(frame, {arm: labels})
    return native
