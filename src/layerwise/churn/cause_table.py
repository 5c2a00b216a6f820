"""The table of causes of churn, with what shows them and the strategies that answer them."""

import pandas as pd

from layerwise.knowledge import Schema, packaged

LEVELS = ("user", "segment", "brand")

SCHEMA = Schema(
    what="the cause table",
    file="churn_causes.csv",
    filled=("cause", "level"),
    optional=("category", "observable_signals", "remedy", "remedy_strategies", "basis", "term_zh"),
    choices={"level": LEVELS},
)


def cause_table() -> pd.DataFrame:
    """Return the causes of churn that layerwise knows, one row each, as texts to read and edit.

    - `id`, `cause`, `term_zh`: the cause, in English and Chinese.
    - `category`: product, price, logistics, ...
    - `level`: whom it strikes: "user" (some customers), "segment" (a group or a time) or "brand"
      (everybody, so that customers cannot be compared and `rank_causes` refuses).
    - `observable_signals`: what in the data would show it.
    - `remedy`, `remedy_zh`, `remedy_strategies`: the answer, and the ids of its strategies in
      `layerwise.StrategyTable`, separated by semicolons.
    - `basis`, `source`: where the row comes from; "stated" means that practice names it and no
      number stands behind it.

    Each call gives a new copy. Functions that take `table=` accept it edited, as a frame or as the
    path of a CSV file; only `id`, `cause` and `level` must be filled.

    Example:
        >>> causes = cause_table().set_index("id")
        >>> len(causes)
        57
        >>> causes.loc["delivery_late", ["cause", "remedy_strategies"]].to_list()
        ['Delivery does not arrive at the promised time', 'ux_delivery;par_supply']
    """
    return packaged(SCHEMA)
