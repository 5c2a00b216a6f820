"""Alerts of both rules, and crises."""

from typing import Any

import numpy as np
import pandas as pd
import pytest

from layerwise.errors import ColumnsError, ShortBaselineWarning, SpecError
from layerwise.evaluate import crises, monitor

ENDS = pd.date_range("2023-01-01", periods=40, freq="7D")


def complaints(raised: int, segments: int = 5, kpi: str = "complaint_rate") -> pd.DataFrame:
    """Return complaints per order; in the last week some segments have five times as many."""
    rng = np.random.default_rng(7)
    tables = []
    for i in range(segments):
        hits = rng.poisson(20, len(ENDS))
        hits[-1] = 100 if i < raised else 20
        tables.append(
            pd.DataFrame(
                {
                    "kpi": kpi,
                    "segment": f"region {i}",
                    "period_end": ENDS,
                    "numerator": hits,
                    "denominator": 2000,
                }
            )
        )
    return pd.concat(tables, ignore_index=True)


def watch(table: pd.DataFrame) -> Any:
    """Return what is monitored from week 31 on."""
    return monitor(table, baseline_until=ENDS[29], kind="count", per=1000)


def test_alerts_name_the_period_the_segment_and_the_rule() -> None:
    """The raised segments alert in the last week, and nobody else."""
    found = watch(complaints(2))
    assert set(found.of(ENDS[-1])["segment"]) == {"region 0", "region 1"}
    assert set(found.of(ENDS[-1])["rule"]) == {"limits", "ewma"}
    assert (found.alerts["value"] > found.alerts["high"]).all()
    assert found.judged == 2 * 5 * 10
    assert not found.not_evaluable


@pytest.mark.parametrize(("raised", "label"), [(2, "no_crisis"), (3, "crisis")])
def test_three_segments_are_a_crisis(raised: int, label: str) -> None:
    """Two alerting segments are none, three are one; earlier weeks are quiet."""
    table = crises(watch(complaints(raised)).charts)
    assert table["crisis"].tolist() == ["no_crisis"] * 9 + [label]
    assert table["segments"].iloc[-1] == raised


def test_everybody_is_not_a_segment() -> None:
    """The row of all does not make the third."""
    total = complaints(1, 1).assign(segment=None)
    table = crises(watch(pd.concat([complaints(2), total])).charts)
    assert table["segments"].iloc[-1] == 2


def test_complaints_and_mentions_count_together() -> None:
    """Two segments by complaints and a third by mentions are three; another KPI is not."""
    other = complaints(5, kpi="return_rate")
    third = complaints(3, kpi="negative_mention_share").query("segment == 'region 2'")
    charts = watch(pd.concat([complaints(2), third, other])).charts
    assert crises(charts)["crisis"].iloc[-1] == "crisis"
    assert crises(charts, kpis="complaint_rate")["crisis"].iloc[-1] == "no_crisis"


def test_too_few_segments_cannot_judge() -> None:
    """With two segments no third can alert."""
    assert set(crises(watch(complaints(1, 2)).charts)["crisis"]) == {"not_evaluable"}


def test_refusals() -> None:
    """No rule, an unknown KPI, a missing column, an impossible number."""
    found = watch(complaints(0))
    with pytest.raises(SpecError, match="rules are"):
        monitor(complaints(0), baseline_until=ENDS[29], kind="count", rules=())
    with pytest.raises(SpecError, match="none of the KPIs"):
        crises(found.charts, kpis=["mood"])
    with pytest.raises(ColumnsError, match="signal"):
        crises(found.charts.drop(columns="signal"))
    with pytest.raises(SpecError, match="at_least"):
        crises(found.charts, at_least=0)


def test_one_warning_for_both_rules() -> None:
    """Series that cannot be judged are told once."""
    with pytest.warns(ShortBaselineWarning) as told:
        monitor(complaints(0), baseline_until=ENDS[5], kind="count")
    assert len(told) == 1
    assert told[0].filename == __file__


def test_the_text_counts_points_and_lists_alerts() -> None:
    """A result tells what was judged before its alerts."""
    found = watch(complaints(3))
    first, *rest = str(found).splitlines()
    assert first.startswith(f"{found.judged:,} points judged, {len(found.alerts):,} outside")
    assert len(rest) == len(found.alerts) + 1
