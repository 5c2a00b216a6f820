"""The eight brands of the source reports: their causes lead to what they did."""

import csv
from pathlib import Path

import pandas as pd
import pytest

from layerwise.knowledge import items
from layerwise.strategy import StrategyTable

TABLE = StrategyTable.default()
TEXT = (Path(__file__).parent / "cases.csv").read_text(encoding="utf-8")
ROWS = list(csv.DictReader(TEXT.splitlines()))
CASES = sorted({row["case"] for row in ROWS})


def mapped(case):
    """Return every strategy that a customer and the brand get for the causes of a case."""
    causes = ";".join(dict.fromkeys(row["cause"] for row in ROWS if row["case"] == case))
    labels = pd.DataFrame({"customer_id": [1], "tier": ["general"], "cause": [causes]})
    plan = TABLE.plan(labels, cap=99)
    return {*plan["strategy_id"], *TABLE.programmes_for(labels)["strategy_id"]}


@pytest.mark.parametrize("case", ["brand_F", "brand_G", "brand_H"])
def test_what_a_brand_did_is_among_what_its_causes_lead_to(case):
    """All that the report says the brand did against its causes is mapped."""
    did = {i for row in ROWS if row["case"] == case for i in items(row["strategies"])}
    assert all(row["basis"] == "stated" for row in ROWS if row["case"] == case)
    assert did <= mapped(case)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["id"])
def test_every_cause_of_a_case_maps_to_something(row):
    """No cause of any case is left without an answer, and ours hold what we infer from it."""
    labels = pd.DataFrame({"customer_id": [1], "tier": ["general"], "cause": [row["cause"]]})
    asked = TABLE.programmes_for(labels)
    assert len(asked)
    assert set(items(row["strategies"])) & set(asked["strategy_id"])


def test_eight_cases():
    """The curated file holds the eight brands."""
    assert len(ROWS) == 26
    assert "".join(case[-1] for case in CASES) == "ABCDEFGH"
