"""Churn tables on real data: complaints at a telecom, silence at a gift shop."""

import pandas as pd
import pytest

import layerwise as lw
from layerwise.churn import high_churn_groups, rank_causes
from layerwise.evaluate import cohort_table, kpis, retention_curve
from tests.real_data import iranian_churn, online_retail


def test_complainers_of_the_telecom_leave() -> None:
    """83 % of those who complained left, 10 % of the others; equal usage does not explain it."""
    customers = iranian_churn()
    groups = high_churn_groups(customers, by=["complains"], outcome="churn").table
    complained = groups[groups["segment"].astype(str) == "1"].iloc[0]
    assert complained["rate"] == pytest.approx(0.830, abs=5e-4)
    usage = pd.qcut(customers["frequency_of_use"], 5, labels=False, duplicates="drop")
    found = rank_causes(
        customers.assign(usage=usage),
        outcome="churn",
        exposures=["complains"],
        strata=["usage"],
        exposure_end="2019-09-30",
        outcome_start="2019-10-01",
    )
    row = found.table.iloc[0]
    assert row["crude_rr"] == pytest.approx(8.18, abs=0.01)
    assert 5 < row["relative_risk"] < row["crude_rr"]
    assert "differs by stratum" in row["note"]


def test_the_gift_shop_keeps_its_big_spenders() -> None:
    """Retention by value layer, known when the clock starts, falls from high to low."""
    orders = online_retail()
    spring = lw.summarize(orders[orders["ordered_at"] <= "2011-03-31"], as_of="2011-03-31")
    labels = lw.Value().fit(spring).transform(spring)
    kept = retention_curve(
        orders, as_of="2011-12-09", window_days=60, segments=labels, by="value", start="2011-03-31"
    )
    after = kept.at([90]).set_index("segment")["retained"]
    assert after["low"] < after["mid"] < after["high"]
    assert kept.test.p < 1e-6


def test_the_gift_shops_figures_hold_together() -> None:
    """Cohorts start whole, and the flow of customers balances in every month."""
    orders = online_retail()
    wide = cohort_table(orders, as_of="2011-12-09").wide("share")
    assert len(wide) >= 12
    figures = kpis(orders, as_of="2011-12-09", window_days=60)
    assert (figures["kpi"] == "churn_rate").sum() >= 8
