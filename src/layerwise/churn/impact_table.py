"""The table of what churn does to a shop: which lines there are, and what each needs."""

import pandas as pd

from layerwise.knowledge import Schema, packaged

IMPACTS = Schema(
    what="the impact table",
    file="churn_impacts.csv",
    filled=("impact", "kind", "computable", "caveat"),
    optional=("term_zh", "area", "unit", "formula", "needs", "caveat_zh", "basis", "source"),
    choices={
        "kind": ("loss", "cost", "risk", "step"),
        "computable": ("yes", "partial", "external"),
    },
)


def impact_table() -> pd.DataFrame:
    """Return the packaged table of impacts, a line a row, to read or to edit.

    `kind` is a loss, a cost, a risk (an indicator, not money) or a step of the assessment;
    `computable` says whether the shop's own tables suffice (yes), only with figures of others in
    the firm (partial), or of others outside (external); `needs` names arguments of `assess_impact`.

    >>> impact_table().loc[:1, ["id", "term_zh", "kind", "needs"]]
                 id term_zh  kind                            needs
    0  revenue_loss    收入下降  loss          customers; model; spend
    1   profit_loss    利润下降  loss  customers; model; spend; margin
    """
    return packaged(IMPACTS)
