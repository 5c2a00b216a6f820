"""The sections on leaving: what they say of warnings, groups, causes, cost, and what they hide."""

import pandas as pd
import pytest

import layerwise as lw
from layerwise.churn import (
    Costs,
    assess_impact,
    early_warning,
    high_churn_groups,
    rank_causes,
)
from layerwise.report import report
from layerwise.report.document import HIDDEN

DAYS = {"exposure_end": "2024-06-30", "outcome_start": "2024-07-01"}


def customers(cells):
    """Return customers by (label, exposed, left, how many)."""
    rows = [row[:3] for row in cells for _ in range(row[3])]
    return pd.DataFrame(rows, columns=["tier", "late", "left"])


def made(name, **parts):
    """Return one section of a report."""
    found = report(as_of="2024-12-31", **parts)
    return next(each for each in found.sections if each.id == name)


def test_groups_name_the_worst():
    """The headline is the group with the most excess leavers, with its rate and the rest's."""
    table = customers([("loyal", 0, 1, 40), ("loyal", 0, 0, 40), ("general", 0, 1, 20)])
    table = pd.concat([table, customers([("general", 0, 0, 140)])])
    found = made("groups", groups=high_churn_groups(table, by="tier", outcome="left"))
    assert found.headline == (
        "Loyal customer (Tier): 50.0% leave, 12.5% of all others; 30 more leavers than expected."
    )


@pytest.mark.parametrize("stayers", [3, 0])
def test_groups_with_few_stayers_are_hidden(stayers):
    """A group of whom 3 stay is not shown; one of whom nobody stays is, as zero is not few."""
    table = customers(
        [
            ("loyal", 0, 1, 60 - stayers),
            ("loyal", 0, 0, stayers),
            ("general", 0, 1, 20),
            ("general", 0, 0, 140),
            ("potential", 0, 1, 30),
            ("potential", 0, 0, 100),
        ]
    )
    found = made("groups", groups=high_churn_groups(table, by="tier", outcome="left"))
    assert ("Loyal" in found.headline) == (stayers == 0)


def test_causes_say_the_share():
    """The headline names the cause and the share of leavers of the table."""
    table = customers([("a", 1, 1, 60), ("a", 1, 0, 40), ("a", 0, 1, 40), ("a", 0, 0, 160)])
    causes = rank_causes(table, outcome="left", exposures=["late"], draws=50, **DAYS)
    found = made("causes", causes=causes)
    assert found.headline.startswith(f"Late would explain {causes.table['paf'].iloc[0]:.1%}")
    assert found.tables[0].rows[0][1] == 100


def test_causes_of_few_are_hidden():
    """Six exposed leavers show neither as a number nor as a rate."""
    table = customers([("a", 1, 1, 6), ("a", 1, 0, 40), ("a", 0, 1, 40), ("a", 0, 0, 160)])
    causes = rank_causes(table, outcome="left", exposures=["late"], draws=50, **DAYS)
    found = made("causes", causes=causes)
    assert found.tables[0].rows[0] == ("late", *(HIDDEN,) * 4)
    assert found.headline == "No cause stands out clearly."


@pytest.fixture(scope="module")
def warned():
    """Return early warnings over made-up events, of whom 115 of 2,000 are high or medium."""
    events, truth = lw.datasets.simulate_events(2000, seed=1, season=0.7)
    return early_warning(truth[["customer_id"]], events=events, as_of="2024-05-29")


def test_warnings_count_by_level(warned):
    """The counts are those of the customers' risk levels, the high ones first."""
    levels = warned.customers["risk_level"].astype(str).value_counts()
    table = made("warnings", warnings=warned).tables[0]
    assert [row[0] for row in table.rows] == ["high", "medium", "low", "cannot be judged"]
    assert [row[1] for row in table.rows] == [
        levels[name] for name in ("high", "medium", "low", "not_evaluable")
    ]


def test_few_warned_are_hidden(warned):
    """With k above the high ones they are hidden, and another level that would tell them."""
    found = made("warnings", warnings=warned, k=20)
    shown = [row[1] for row in found.tables[0].rows]
    assert shown[0] is HIDDEN
    assert sum(cell is HIDDEN for cell in shown) >= 2
    assert "13" not in found.headline


def test_impact_in_the_currency():
    """Computed lines have an amount, the others say what they need."""
    orders = lw.datasets.simulate_orders(400, seed=7)
    status = lw.overview(orders, as_of="2024-12-30").customers
    model, spend = lw.BGNBD().fit(status), lw.GammaGamma().fit(status)
    lines = assess_impact(status, model=model, spend=spend, costs=Costs(margin=0.5))
    found = made("impact", impact=lines, currency="EUR")
    amount = f"{lines['amount'].iloc[0]:,.0f} EUR"
    assert found.headline == f"Revenue falls as customers leave: {amount} in the next 365 days."
    assert found.tables[0].rows[0][1] == amount
    assert ("Replacing lost customers costs more", "acquisition_cost") in found.tables[1].rows
