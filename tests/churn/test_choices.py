"""Arguments that are no names, choices or tables are refused before they fail within."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest

import layerwise as lw
from layerwise import churn, evaluate, portrait
from layerwise.errors import ColumnsError, DataError, LayerwiseError, SpecError

CUSTOMERS = pd.DataFrame({"customer_id": [1, 2], "left": [True, False], "churn": "active"})
RATES = pd.DataFrame({"period_end": ["2024-01-07"], "numerator": 1, "denominator": 9})
SAID = pd.DataFrame({"customer_id": [1], "cause_id": ["price_high"]})
TEXTS = pd.DataFrame({"text": ["too dear"], "hand": ["price_high"]})
SNAPSHOTS = pd.DataFrame({"as_of": ["2024-01-31"], "customer_id": [1], "churn": ["active"]})
PORTRAITS = pd.DataFrame({"customer_id": [1], "mix_tea": [1.0]})
DATES: dict[str, Any] = {"old_as_of": "2024-01-01", "as_of": "2024-01-02"}
ORDERS = pd.DataFrame({"customer_id": [1], "ordered_at": ["2024-01-07"], "amount": [2.0]})
UNTIL = {"baseline_until": "2024-01-07"}

NO_NAMES: list[Callable[[Any], object]] = [
    lambda v: churn.customer_flow(SNAPSHOTS, status=v),
    lambda v: churn.customer_flow(SNAPSHOTS, customer=v),
    lambda v: churn.stated_causes(SAID, cause=v),
    lambda v: churn.coder_agreement(TEXTS, hand=v),
    lambda v: churn.early_warning(CUSTOMERS, as_of="2024-01-01", customer=v),
    lambda v: evaluate.control_chart(RATES, period=v, **UNTIL),
    lambda v: evaluate.calibration_drift(CUSTOMERS, probability=v),
    lambda v: portrait.stale_portraits(PORTRAITS, PORTRAITS, customer=v, **DATES),
    lambda v: portrait.customer_portraits(CUSTOMERS, ORDERS, as_of="2024-02-01", time=v),
    lambda v: portrait.segment_profile(CUSTOMERS, segment=v),
]


@pytest.mark.parametrize("value", [None, 3, ["churn"], {}, b"x", np.array([1, 2])], ids=repr)
@pytest.mark.parametrize("ask", NO_NAMES)
def test_columns_are_named_by_text(ask: Callable[[Any], object], value: Any) -> None:
    """What cannot be the name of a column is told with its role, not tried."""
    with pytest.raises(SpecError, match=r"is a .*, not the name of a column"):
        ask(value)


MANY = np.array([1, 2])
CHOICES: list[Callable[[], object]] = [
    lambda: evaluate.control_chart(RATES, kind=MANY, **UNTIL),  # type: ignore[arg-type]
    lambda: evaluate.control_chart(RATES, season=MANY, **UNTIL),  # type: ignore[arg-type]
    lambda: evaluate.control_chart(RATES, widen=None, **UNTIL),  # type: ignore[arg-type]
    lambda: evaluate.control_chart(RATES, limit=2.0**70, **UNTIL),
    lambda: evaluate.control_chart(RATES, kpi=["a", "b"], **UNTIL),  # type: ignore[arg-type]
    lambda: evaluate.monitor(RATES, rules=None, **UNTIL),  # type: ignore[arg-type]
    lambda: evaluate.cohort_table(ORDERS, as_of="2024-02-01", period=MANY),  # type: ignore[arg-type]
    lambda: evaluate.kpis(ORDERS, as_of="2024-02-01", window_days=3, only=5),  # type: ignore[arg-type]
    lambda: churn.early_warning(CUSTOMERS, as_of="2024-01-01", rows=MANY),  # type: ignore[arg-type]
    lambda: churn.early_warning(CUSTOMERS, as_of="2024-01-01", value=5),  # type: ignore[arg-type]
    lambda: churn.backtest(ORDERS, as_of="2024-01-01", horizon_days=2**70),
    lambda: churn.backtest(ORDERS, as_of="9999-12-31"),
    lambda: churn.code_feedback(TEXTS, negation=MANY),  # type: ignore[arg-type]
    lambda: portrait.segment_profile(CUSTOMERS, segment="churn", sensitive=None),  # type: ignore[arg-type]
    lambda: churn.Exposure(log=ORDERS, time=5),  # type: ignore[arg-type]
]


@pytest.mark.parametrize("ask", CHOICES)
def test_impossible_choices_are_refused(ask: Callable[[], object]) -> None:
    """Arrays, nothing, and numbers beyond all use are no choices."""
    with pytest.raises(SpecError):
        ask()


CHARTS = pd.DataFrame(
    {"kpi": "complaint_rate", "segment": ["north"], "period_end": pd.Timestamp("2024-06-16")}
).assign(signal="above", phase="judged")


@pytest.mark.parametrize(
    ("column", "value"),
    [("segment", [["a"]]), ("kpi", [["a"]]), ("period_end", ["soon"]), ("period_end", [pd.NaT])],
)
def test_charts_that_cannot_be_read(column: str, value: Any) -> None:
    """Lists for names, and periods that are no dates, are no charts."""
    with pytest.raises((ColumnsError, DataError)):
        evaluate.crises(CHARTS.assign(**{column: value}), kpis=None)


def test_kpis_of_a_table_are_counted_not_told() -> None:
    """A wrong column may hold ids, so its values stand in no message."""
    with pytest.raises(SpecError) as told:
        evaluate.crises(CHARTS.assign(kpi="ann@shop"), kpis="complaint_rate")
    assert "ann" not in str(told.value)


def test_lists_are_no_dates() -> None:
    """A column of lists is refused by name."""
    with pytest.raises(ColumnsError, match="ordered_at holds lists"):
        lw.summarize(ORDERS.assign(ordered_at=[["2024-01-07"]]), as_of="2024-02-01")


def test_labels_too_large_to_tell_apart() -> None:
    """Whole numbers above 2^53 are not cast to what they are not."""
    labels = pd.DataFrame({"customer_id": [1], "tier": [1e300]})
    window: dict[str, Any] = {"as_of": "2024-01-08", "window_days": 1, "by": "tier"}
    with pytest.raises(ColumnsError, match="above 2"):
        evaluate.retention_curve(ORDERS, segments=labels, **window)


def test_who_must_be_named() -> None:
    """A falsy `who` is no column; it does not silently mean everybody."""
    customers = pd.DataFrame(
        {"late": [1] * 100 + [0] * 300, "left": ([1, 0] * 50) + [1] * 75 + [0] * 225}
    ).assign(customer_id=range(400))
    found = churn.rank_causes(
        customers, outcome="left", exposures=["late"], exposure_end="2024-05-31",
        outcome_start="2024-06-01", draws=5,
    )  # fmt: skip
    for who in (0, (), ""):
        with pytest.raises(LayerwiseError):
            churn.likely_causes(customers, found, who=who)  # type: ignore[arg-type]


def test_stated_causes_stand_once() -> None:
    """A doubled table of stated causes is refused before it is joined."""
    customers = pd.DataFrame({"late": [1, 0] * 50, "left": [1, 0, 0, 1] * 25})
    found = churn.rank_causes(
        customers, outcome="left", exposures=["late"], exposure_end="2024-05-31",
        outcome_start="2024-06-01", draws=5,
    )  # fmt: skip
    stated = churn.stated_causes(SAID)
    with pytest.raises(SpecError, match="1 of 2 rows"):
        churn.measured_and_stated(found, pd.concat([stated, stated]))


def test_drift_tables_hold_numbers() -> None:
    """A drift table whose numbers came back as texts is refused."""
    table = pd.DataFrame({"column": ["a"], "psi": 1.0, "limit": 0.1, "q": "0.01"})
    with pytest.raises(ColumnsError, match="hold no numbers: q"):
        evaluate.refit_due(as_of="2024-01-01", drift=table.assign(verdict="drift"))


def test_new_portraits_without_rows() -> None:
    """Nothing to compare with is told."""
    with pytest.raises(DataError, match="no rows"):
        portrait.stale_portraits(PORTRAITS, PORTRAITS.iloc[:0], **DATES)


def test_channels_must_be_few() -> None:
    """A column of ids as channel would make a column an id."""
    orders = pd.DataFrame({"customer_id": [1] * 60, "ordered_at": "2024-01-07", "amount": 2.0})
    with pytest.raises(DataError, match="60 different values, more than 50"):
        portrait.customer_portraits(
            CUSTOMERS, orders.assign(way=[f"w{i}" for i in range(60)]), as_of="2024-02-01",
            channel="way",
        )  # fmt: skip


def test_flows_of_categories_still_add_up() -> None:
    """Counts as categories or texts are numbers; the lines are the same."""
    flow = pd.DataFrame({n: [v] for n, v in zip(churn.flow.FLOWS, (9, 2, 1, 3, 0, 9), strict=True)})
    costs = churn.Costs(service_cost=(9.0, 18.0))
    lines = [
        churn.assess_impact(CUSTOMERS, flow=table, costs=costs)
        for table in (flow, flow.astype("category"), flow.astype(str))
    ]
    pd.testing.assert_frame_equal(lines[0], lines[1])
    pd.testing.assert_frame_equal(lines[0], lines[2])


def test_more_bands_than_rows() -> None:
    """Any number of bands is as many as there are rows, and does not take for ever."""
    table = pd.DataFrame({"p": [0.2, 0.4, 0.6, 0.8], "holdout_orders": [1, 0, 1, 0]})
    table["days_since_last"] = [1, 2, 3, 4]
    card = lw.score_churn(table, probability="p", bands=2**70)
    assert card.calibration["customers"].tolist() == [1, 1, 1, 1]


TWO, RAGGED = np.array([1, 2]), [[1, 2], [3]]
FORMULAS: list[Callable[[], object]] = [
    lambda: churn.mantel_haenszel(["a"], TWO, TWO, TWO),  # type: ignore[arg-type]
    lambda: churn.mantel_haenszel(TWO, np.ones(3), TWO, TWO),
    lambda: churn.mantel_haenszel(-TWO, TWO, TWO, TWO),
    lambda: churn.limit_e_value([1, 2], [1], [1, 2, 3]),
    lambda: churn.attributable_fraction([1, 2], [1, 2, 3]),
    lambda: churn.kappa(RAGGED, RAGGED),
    lambda: evaluate.psi(TWO, np.ones(3)),
    lambda: evaluate.psi(np.zeros(2), TWO),
    lambda: evaluate.kaplan_meier(-TWO, TWO > 1),
    lambda: evaluate.kaplan_meier(TWO / 3, TWO > 1),
    lambda: evaluate.kaplan_meier(TWO, RAGGED),  # type: ignore[arg-type]
    lambda: evaluate.kaplan_meier(TWO[:0], TWO[:0]),
    lambda: evaluate.log_rank(TWO, TWO > 1, np.array([0, 5]), ("a", "b")),
]


@pytest.mark.parametrize("ask", FORMULAS)
def test_formulas_refuse_what_they_cannot_count(ask: Callable[[], object]) -> None:
    """The formulas alone are as careful as the functions that use them."""
    with pytest.raises(DataError):
        ask()
