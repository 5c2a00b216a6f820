"""What churn costs, and what is missing for the lines that cannot be computed."""

import math
import re
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import layerwise as lw
from layerwise.churn import (
    Costs,
    assess_impact,
    clv_sensitivity,
    customer_flow,
    impact_table,
    lost_spend,
)
from layerwise.errors import LayerwiseError, RowsLeftOutWarning, SpecError, TableError
from tests.conftest import ENGINES

ORDERS = lw.datasets.simulate_orders(800, seed=7)
CUSTOMERS = lw.summarize(ORDERS, as_of="2024-12-30")
STATUS = lw.ChurnStatus().fit(CUSTOMERS).transform(CUSTOMERS)
MODEL, SPEND = lw.BGNBD().fit(CUSTOMERS), lw.GammaGamma().fit(CUSTOMERS)
FLOW = customer_flow(
    lw.ChurnStatus()
    .fit(CUSTOMERS)
    .transform(lw.snapshots(ORDERS, as_of=["2024-06-30", "2024-09-30", "2024-12-30"]))
)
COSTS: dict[str, Any] = {
    "margin": 0.3,
    "acquisition_cost": 12.0,
    "service_cost": (1000.0, 900.0),
    "marketing_cost": (500.0, 500.0),
    "margin_per_customer": 8.0,
    "discount": 0.05,
}


def lines(**choices: Any) -> pd.DataFrame:
    given = {"model": MODEL, "spend": SPEND, "flow": FLOW, "costs": Costs(**COSTS)}
    return assess_impact(STATUS, **given | choices).set_index("line")


def test_every_line_by_its_formula() -> None:
    """Each computed line against its own sum."""
    amount = lines()["amount"]
    lost = lost_spend(STATUS, model=MODEL, spend=SPEND)["lost_spend_365d"].sum()
    new = (1 + MODEL.expected_orders_new(365)) * SPEND.mean_spend
    start, end = FLOW["start"].iloc[0], FLOW["end"].iloc[-1]
    rate = FLOW["churned"].sum() / start
    point = clv_sensitivity(8, retention=1 - rate, discount=0.05)["clv"]
    expected = {
        "revenue_loss": lost,
        "profit_loss": 0.3 * lost,
        "acquisition_cost_up": lost / new * 12,
        "service_cost_up": 900 / end - 1000 / start,
        "marketing_cost_up": 500 / end - 500 / start,
        "customer_base_shrink": start - end,
        "measure_churn_rate": rate,
        "future_harm": point[1] - point[0],
    }
    assert amount.dropna().to_dict() == pytest.approx(expected)


def test_a_missing_cost_is_a_missing_line() -> None:
    """Each argument left out takes its lines with it and is named; nothing becomes zero."""
    needs = impact_table().set_index("id")["needs"]
    for name in (*COSTS, "flow", "model", "spend"):
        change = {name: None} if name not in COSTS else {"costs": Costs(**COSTS | {name: None})}
        found = lines(**change)
        named = found.index[[name in re.split("; ", text) for text in found["missing"]]]
        assert set(named) == {line for line in found.index if name in needs[line].split("; ")}
        assert found.loc[named, "amount"].isna().all()
        assert not found.loc[named, "computable"].any()


def test_nothing_known() -> None:
    """Customers alone: no amount at all, and no error."""
    found = assess_impact(STATUS)
    assert found["amount"].isna().all()
    assert not found["computable"].any()
    assert (found["missing"] != "").all()


def test_lines_from_outside() -> None:
    """External lines are empty until somebody brings them; computed ones cannot be brought."""
    assert lines().loc["market_share_loss", "missing"] == "outside"
    found = lines(outside={"market_share_loss": 0.02}).loc["market_share_loss"]
    assert found["amount"] == 0.02
    assert found["computable"]
    for line in ("revenue_loss", "weather"):
        with pytest.raises(SpecError, match=line):
            lines(outside={line: 1.0})


def test_nobody_churned_costs_nothing() -> None:
    """A known zero is zero; an unknown loss is missing, and told."""
    assert assess_impact(STATUS.assign(churn="active"), model=MODEL, spend=SPEND)["amount"][0] == 0
    unknown = STATUS.assign(repeat_orders=math.nan)
    with pytest.warns(RowsLeftOutWarning, match="not known"):
        found = assess_impact(unknown, model=MODEL, spend=SPEND)
    assert math.isnan(found["amount"][0])
    assert found["missing"][0] == "history and spend of churned customers"


def test_polars_and_chinese() -> None:
    """The kind of frame does not matter; names and caveats come in two languages."""
    polars = assess_impact(ENGINES["polars"].make(STATUS), model=MODEL, spend=SPEND)
    pd.testing.assert_frame_equal(polars, assess_impact(STATUS, model=MODEL, spend=SPEND))
    assert lines(lang="zh").loc["revenue_loss", "impact"] == "收入下降"


def test_the_packaged_table() -> None:
    """Every line has Chinese; `needs` names arguments that there are."""
    table = impact_table()
    assert (table[["term_zh", "caveat_zh", "formula", "basis", "source"]] != "").all(axis=None)
    named = {part for cell in table["needs"] for part in cell.split("; ") if part}
    assert named == {"customers", "model", "spend", "flow", *COSTS}


def test_a_table_of_ones_own(tmp_path: Path) -> None:
    """Edited rows are used; a broken table is refused with its rows."""
    own = impact_table().iloc[[0, 4]].assign(impact=["Umsatz", "Anteil"])
    own.to_csv(tmp_path / "own.csv", index=False)
    assert lines(table=tmp_path / "own.csv")["impact"].tolist() == ["Umsatz", "Anteil"]
    with pytest.raises(TableError, match="row 1: kind"):
        lines(table=own.assign(kind="profit"))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"margin": 30}, "margin"),
        ({"acquisition_cost": -1}, "acquisition_cost"),
        ({"service_cost": 900.0}, "two numbers"),
        ({"service_cost": (1.0, math.nan)}, "two numbers"),
        ({"marketing_cost": (1.0, 2.0, 3.0)}, "two numbers"),
        ({"margin_per_customer": "8"}, "margin_per_customer"),
        ({"discount": math.inf}, "discount"),
    ],
)
def test_refused_costs(change: dict[str, Any], words: str) -> None:
    """Costs out of range, all at once."""
    with pytest.raises(SpecError, match=words):
        Costs(**change)


@pytest.mark.parametrize(
    "change",
    [
        {"costs": {"margin": 0.3}},
        {"lang": "de"},
        {"outside": {"trust_loss": "x"}},
        {"outside": ["trust_loss"]},
        {"flow": FLOW.assign(end=0)},
        {"horizon_days": -1},
        {"model": object()},
        {"spend": 5},
        {"status": "left"},
    ],
)
def test_refused(change: dict[str, Any]) -> None:
    """Every impossible choice is an error of layerwise."""
    with pytest.raises(LayerwiseError, match="Hint: "):
        lines(**change)


def test_a_flow_without_customers() -> None:
    """Nobody at the start: no rate and no cost each, which is not zero."""
    empty = FLOW.head(1).assign(start=0, new=5, returned=0, churned=0, removed=0, end=5)
    found = lines(flow=empty)
    for line in ("measure_churn_rate", "service_cost_up", "future_harm"):
        assert math.isnan(found.loc[line, "amount"])
        assert "active customers" in found.loc[line, "missing"]
    assert found.loc["customer_base_shrink", "amount"] == -5
