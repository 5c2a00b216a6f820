"""The table of churn types: what is read, and every problem of one table at once."""

import pandas as pd
import pytest

from layerwise.churn import type_table
from layerwise.errors import TableError


def changed(**cells: str) -> pd.DataFrame:
    """Return the packaged table with cells of its second row changed."""
    table = type_table()
    for name, value in cells.items():
        table.loc[1, name] = value
    return table


def test_rows_stand_by_precedence() -> None:
    """Whatever their order in the file; numbers, not texts, are compared."""
    table = type_table()
    assert table["precedence"].astype(float).is_monotonic_increasing
    assert type_table(table.iloc[::-1])["id"].tolist() == table["id"].tolist()


def test_rows_have_both_names_and_a_source() -> None:
    """English and Chinese, and where they come from."""
    table = type_table()
    for name in ("definition", "definition_zh", "term_zh", "basis", "source"):
        assert (table[name] != "").all()


@pytest.mark.parametrize(
    ("cells", "found"),
    [
        ({"rule": "deceased = 1"}, "row 2: .*is not an expression"),
        ({"rule": "deceased + 1"}, "row 2: .*is not a condition"),
        ({"rule": "1 == 1"}, "row 2: the rule reads no column"),
        ({"rule": "otherwise"}, "2 rows have the rule 'otherwise'"),
        ({"precedence": "0"}, "row 2: precedence stands before"),
        ({"precedence": "99"}, "must have the last precedence"),
        ({"precedence": "first"}, "row 2: precedence must be a number"),
        ({"initiator": "shop"}, "row 2: initiator must be one of"),
        ({"type": "lost"}, "row 2: type must be one of"),
    ],
)
def test_wrong_tables_are_refused(cells: dict[str, str], found: str) -> None:
    """With the row and what is wrong."""
    with pytest.raises(TableError, match=found):
        type_table(changed(**cells))
