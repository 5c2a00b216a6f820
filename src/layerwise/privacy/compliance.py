"""The principles that a shop's use of data must keep to, and which of them a function serves."""

import pandas as pd

from layerwise.knowledge import Schema, packaged

COMPLIANCE = Schema(
    what="the compliance table",
    file="compliance.csv",
    filled=("principle", "kind", "basis"),
    optional=("term_zh", "served_by", "law", "source"),
    choices={
        "kind": ("gate", "check", "record", "metric", "advice"),
        "basis": ("stated", "inferred", "title_only", "outside"),
    },
)


def compliance_table() -> pd.DataFrame:
    """Return the packaged table of principles, one a row, to read or to edit.

    `kind` says what a principle asks for: a gate (rows or runs are stopped), a check (told), a
    record, a metric or advice, which nothing can compute. `served_by` names functions of
    `layerwise.privacy`; where it is empty, this package does nothing about the principle, and
    somebody else must. `law` is a law that the source names; none of this is legal advice.

    >>> compliance_table().loc[[0, 3, 8], ["id", "term_zh", "served_by"]]
                 id      term_zh      served_by
    0       consent       用户同意原则        consent
    3  minimisation      数据最小化原则       minimise
    8     lifecycle     数据安全管理制度  retain; erase
    """
    return packaged(COMPLIANCE)
