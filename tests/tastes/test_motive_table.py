"""The motive table: complete in both languages, its strategies there, wrong ones refused."""

import re

import pandas as pd
import pytest

from layerwise.errors import TableError
from layerwise.knowledge import items
from layerwise.strategy import StrategyTable
from layerwise.tastes import motive_table

TABLE = motive_table()


def test_both_languages_and_a_source():
    """Each motive has its name and tactic in English and Chinese, and says where it is from."""
    for name in ("term_zh", "tactic_zh"):
        assert TABLE[name].map(lambda text: bool(re.search("[一-鿿]", text))).all()
    assert (TABLE[["name", "tactic", "source", "basis", "formula"]] != "").all(axis=None)


def test_strategies_exist():
    """Every strategy that answers a motive is in the default table."""
    named = {i for cell in TABLE["strategies"] for i in items(cell)}
    assert named <= set(StrategyTable.default().ids)


def test_own_tables_are_checked():
    """A table without answers, or with an id twice, is refused."""
    with pytest.raises(TableError, match="strategies"):
        motive_table(TABLE.drop(columns="strategies"))
    with pytest.raises(TableError, match="row 2: id stands before"):
        motive_table(pd.concat([TABLE.head(1), TABLE.head(1)]))
