"""The table of motives: what customers look for, what shows it, and the strategies that answer."""

import pandas as pd

from layerwise.knowledge import Schema, read_table

SCHEMA = Schema(
    what="the motive table",
    file="motives.csv",
    filled=("kind", "name", "strategies"),
    optional=("signals", "index", "tactic", "tactic_zh", "basis", "term_zh", "source"),
)


def motive_table(table: object = None) -> pd.DataFrame:
    """Return the motives of buying that layerwise knows, one row each, as texts to read and edit.

    - `id`, `name`, `term_zh`: the motive, in English and Chinese; `kind`: expectation, psychology,
      motive, need_level, decision_stage, factor, loyalty_driver, trust_driver, persona, interest.
    - `signals`: what in the data would show it; `index`: how it would be measured.
    - `tactic`, `tactic_zh`, `strategies`: the answer, and the ids of its strategies, with
      semicolons between.
    - `basis`, `source`: where the row comes from; no number stands behind any of them.

    Args:
        table: Your own, as a frame or the path of a CSV file; None gives the packaged one.

    Raises:
        TableError: The table cannot be used; all problems at once.

    Example:
        >>> motives = motive_table().set_index("id")
        >>> motives.loc["price_sensitive", ["term_zh", "strategies"]].to_list()
        ['价格敏感度', 'psy_price_coupon']
    """
    return read_table(table, SCHEMA)
