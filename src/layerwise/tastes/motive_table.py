"""The table of motives: why customers buy, what shows it, and what answers it."""

import pandas as pd

from layerwise.knowledge import Schema, read_table

MOTIVES = Schema(
    what="the motive table",
    file="motives.csv",
    filled=("kind", "name", "tactic", "strategies"),
    optional=(
        "kind_zh",
        "term_zh",
        "signals",
        "formula",
        "measured_as",
        "tactic_zh",
        "basis",
        "source",
    ),
)


def motive_table(table: object = None) -> pd.DataFrame:
    """Return the table of motives, one a row, to read or to edit.

    `measured_as` names the index of `measure_motives` that stands for it; most motives have none,
    because orders do not show them. `strategies` are ids of the strategy table.

    Args:
        table: Your own, a pandas frame or the path of a CSV file; None gives the packaged one.

    Raises:
        TableError: Your own lacks columns or has an id twice; all problems are named.

    Example:
        >>> table = motive_table()
        >>> table.loc[table["measured_as"] != "", ["id", "term_zh", "measured_as"]]
                         id term_zh  measured_as
        8        conformity    从众心理   conformity
        9           novelty   追求新鲜感      novelty
        10  price_sensitive    价格敏感        price
        11        emotional    情感需求    emotional
        12     m_functional   功能性动机   functional
        14         m_social    社交动机       social
        15      m_knowledge    知识动机    knowledge
    """
    return read_table(table, MOTIVES)
