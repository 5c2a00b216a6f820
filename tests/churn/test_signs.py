"""The table of warning signals: the packaged one holds together, a reader's own is checked."""

import pandas as pd
import pytest

import layerwise as lw
from layerwise.churn import early_warning, warning_table
from layerwise.churn.signs import CELLS, read_signs
from layerwise.churn.warning import RULES
from layerwise.errors import TableError
from layerwise.knowledge import items


def test_next_steps_are_strategies() -> None:
    """Every next step stands in the packaged strategy table."""
    known = {row.id for row in lw.StrategyTable.default().rows}
    assert {step for cell in warning_table()["next_step"] for step in items(cell)} <= known


def test_every_rule_has_a_function() -> None:
    """Words of the table and functions agree, and the packaged table uses each."""
    assert set(RULES) == set(CELLS) == set(warning_table()["rule"])


def test_every_row_is_told_in_two_languages() -> None:
    """Names and sentences in English and Chinese."""
    table = warning_table()
    assert (table[["signal", "term_zh", "says", "says_zh"]] != "").all().all()
    assert table["term_zh"].str.contains(r"[\u4e00-\u9fff]").all()


def test_a_row_can_be_edited() -> None:
    """A stricter limit and a level of one's own, from a frame."""
    table = warning_table().query("id == 'unsubscribe'").assign(level="low", recent_days=3)
    _, signs = read_signs(table)
    assert (signs[0].level, signs[0].days("recent_days")) == ("low", 3)


@pytest.mark.parametrize(
    ("cells", "text"),
    [
        ({"rule": "guess"}, "rule must be one of"),
        ({"level": "urgent"}, "level must be one of"),
        ({"events": ""}, "rule drop needs events"),
        ({"recent_days": "0"}, "recent_days must be a whole number"),
        ({"recent_days": "1.5"}, "recent_days must be a whole number"),
        ({"p_limit": "2"}, "p_limit must be"),
        ({"ratio_limit": "-1"}, "ratio_limit must not be below 0"),
        ({"ratio_limit": "half"}, "ratio_limit must be a number"),
        ({"input": "tickets"}, "rule drop reads events"),
        ({"id": ""}, "id is empty"),
    ],
)
def test_wrong_rows_are_told(cells: dict[str, str], text: str) -> None:
    """With the row, whatever is wrong."""
    table = warning_table().query("id == 'browse_drop'").assign(**cells)
    with pytest.raises(TableError, match=text):
        early_warning(pd.DataFrame({"customer_id": [1]}), as_of="2024-05-31", table=table)
