"""The packaged causes can be read, and their remedies exist."""

from layerwise.churn import cause_table
from layerwise.knowledge import items
from layerwise.strategy import StrategyTable


def test_every_remedy_is_a_strategy() -> None:
    """Each id named in the table stands in the default strategies."""
    named = {item for cell in cause_table()["remedy_strategies"] for item in items(cell)}
    assert named
    assert named - set(StrategyTable.default().ids) == set()


def test_every_cause_is_whole() -> None:
    """Both languages, signals, basis and source are filled in all 57 rows."""
    table = cause_table()
    assert len(table) == 57
    assert not (table == "").any().any()
    assert table["remedy_zh"].str.contains(r"[\u4e00-\u9fff]").all()


def test_the_table_is_a_copy() -> None:
    """Editing it changes nothing for the next."""
    table = cause_table()
    table["cause"] = ""
    assert (cause_table()["cause"] != "").all()
