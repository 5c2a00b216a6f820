"""Key figures against a loop over customers, by hand, and against each other."""

from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from layerwise import StrategyTable, datasets
from layerwise.errors import (
    ColumnsError,
    DataError,
    LayerwiseError,
    RowsLeftOutWarning,
    SpecError,
)
from layerwise.evaluate import kpi_table, kpis
from layerwise.knowledge import items

pytestmark = pytest.mark.filterwarnings("ignore:The order log ends")
START = pd.Timestamp("2024-01-01")  # a Monday
FLOWS = [
    "active_start",
    "new_customers",
    "returned_customers",
    "churned_customers",
    "customer_count",
]


def log(histories: list[list[int]]) -> pd.DataFrame:
    """Orders on days since 2024-01-01, customers by letter, 10 for each order."""
    rows = [(chr(97 + i), d) for i, days in enumerate(histories) for d in days]
    frame = pd.DataFrame(rows, columns=["customer_id", "d"])
    return frame.assign(ordered_at=START + pd.to_timedelta(frame["d"], "D"), amount=10.0)


def loop(histories: list[list[int]], start: int, end: int, window: int) -> dict[str, float]:
    """Return the flows of the days after `start` up to `end`, customer by customer."""

    def active(days: list[int], day: int) -> bool:
        return any(day - window <= d <= day for d in days)

    def bought(days: list[int]) -> bool:
        return any(start < d <= end for d in days)

    was, now = ([active(h, day) for h in histories] for day in (start, end))
    new = [start < min(h) <= end for h in histories]
    known = [min(h) <= start for h in histories]
    old = list(zip(histories, was, now, new, known, strict=True))
    left = sum(w and not n for _, w, n, _, _ in old)
    return {
        "active_start": sum(was),
        "customer_count": sum(now),
        "new_customers": sum(new),
        "returned_customers": sum(k and not w and n and bought(h) for h, w, n, _, k in old),
        "churned_customers": left + sum(f and not n for _, _, n, f, _ in old),
        "churn_rate": left,
        "reactivation_rate": sum(k and not w and bought(h) for h, w, _, _, k in old),
        "repurchase_rate": sum(
            start < min(h) + window <= end and any(0 < d - min(h) <= window for d in h)
            for h in histories
        ),
        "purchase_frequency": sum(
            len({d for d in h if start < d <= end}) * 30 / 7 for h, w, *_ in old if w
        ),
    }


HISTORIES = st.lists(st.lists(st.integers(0, 62), min_size=1, max_size=9), min_size=1, max_size=8)


@given(HISTORIES, st.integers(1, 30), st.integers(0, 2))
def test_every_flow_as_a_loop_counts_it(
    histories: list[list[int]], window: int, groups: int
) -> None:
    """All numerators of all weeks, in all and by segment; and the flows add up exactly."""
    ids = [chr(97 + i) for i in range(len(histories))]
    label = [f"g{i % (groups + 1)}" for i in range(len(histories))]
    table = kpis(
        log(histories),
        as_of="2024-03-03",  # day 62
        window_days=window,
        period="week",
        segments=pd.DataFrame({"customer_id": ids, "g": label}),
        by="g",
        log_start="2023-01-01",
        only=[
            *FLOWS,
            "churn_rate",
            "retention_rate",
            "reactivation_rate",
            "repurchase_rate",
            "purchase_frequency",
        ],
        draws=2,
    )
    table = table[table["period_end"] >= START].copy()
    for (end, segment), part in table.groupby(["period_end", "segment"]):
        inside = [h for h, g in zip(histories, label, strict=True) if segment in ("all", g)]
        day = (end - START).days
        found = part.set_index("kpi")["numerator"]
        expected = loop(inside, day - 7, day, window)
        assert found[list(expected)].to_dict() == pytest.approx(expected)
        flow = part.set_index("kpi")["value"]
        assert flow["customer_count"] == (
            flow["active_start"]
            + flow["new_customers"]
            + flow["returned_customers"]
            - flow["churned_customers"]
        )
    churn, kept = (
        table[table["kpi"] == kpi]["value"].to_numpy() for kpi in ("churn_rate", "retention_rate")
    )
    judged = ~np.isnan(churn)
    assert (churn[judged] + kept[judged] == 1).all()
    assert np.isnan(kept[~judged]).all()


def by_hand(**choices: Any) -> pd.DataFrame:
    """Five weeks of four customers with a window of 14 days."""
    histories = [[0, 10, 20, 30], [1, 2], [8, 31], [29, 29]]
    usual: dict[str, Any] = {"as_of": "2024-02-04", "window_days": 14, "period": "week"}
    return kpis(log(histories), **usual | choices)


def value(table: pd.DataFrame, kpi: str, column: str = "value", segment: str = "all") -> list[Any]:
    rows = table[(table["kpi"] == kpi) & (table["segment"] == segment)]
    return rows[column].tolist()


def test_by_hand_weeks_without_a_window_before_are_missing() -> None:
    """Two weeks cannot be judged; in the third b leaves, in the fourth c, who comes back."""
    table = by_hand()
    assert table["period_end"].dropna().iloc[[0]].astype(str).tolist() == ["2024-01-07"]
    nan = pytest.approx([np.nan] * 3, nan_ok=True)
    assert value(table, "churn_rate")[:3] == nan
    assert value(table, "churn_rate", "note")[:4] == [
        "needs 14 days of orders before the period"
    ] * 3 + [""]
    assert value(table, "active_start")[3:] == [2, 1]
    assert value(table, "churned_customers")[3:] == [1, 0]
    assert value(table, "returned_customers")[3:] == [0, 1]
    assert value(table, "new_customers")[3:] == [0, 1]
    assert value(table, "customer_count")[3:] == [1, 3]
    assert value(table, "retention_rate")[3:] == [0.5, 1.0]


def test_money_by_hand() -> None:
    """Two lines of one day are one order; a week without orders has revenue 0, no mean."""
    table = by_hand()
    assert value(table, "revenue") == [30.0, 20.0, 10.0, 0.0, 40.0]
    found = value(table, "average_order_value")
    assert found == pytest.approx([10, 10, 10, np.nan, 40 / 3], nan_ok=True)


def test_intervals_stand_around_values() -> None:
    """Of shares, means and ratios, wherever there is an interval; retention's is churn's turned."""
    orders = datasets.simulate_orders(300, seed=5)
    table = kpis(orders, as_of="2024-12-30", window_days=90, log_start="2023-01-01")
    known = table.dropna(subset=["low"])
    assert {"churn_rate", "purchase_frequency", "average_order_value"} <= set(known["kpi"])
    assert (known["low"] <= known["value"] + 1e-12).all()
    assert (known["value"] <= known["high"] + 1e-12).all()
    low, high = (value(table, "churn_rate", c) for c in ("low", "high"))
    assert value(table, "retention_rate", "high") == pytest.approx(
        [1 - v for v in low], nan_ok=True
    )
    assert value(table, "retention_rate", "low") == pytest.approx(
        [1 - v for v in high], nan_ok=True
    )


def test_what_lacks_its_input_is_listed_and_never_0() -> None:
    """Every figure asked for has rows; those that cannot be made say what they need."""
    table = by_hand(amount=None, only=kpi_table()["id"])
    assert set(table["kpi"]) == set(kpi_table()["id"])
    lacking = table[table["period_end"].isna()].set_index("kpi")
    assert "revenue" in lacking.index
    assert lacking.loc["open_rate", "note"].startswith("needs messages= with customer_id")
    assert lacking["note"].str.startswith("needs ").all()
    assert lacking[["value", "numerator", "denominator", "low", "high"]].isna().all(axis=None)


def test_nobody_is_told_of_figures_not_asked_for() -> None:
    """Orders alone give their own figures; a log that is given asks for all of its figures."""
    source = kpi_table().set_index("id")["computed_from"]
    table = by_hand()
    assert table["period_end"].notna().all()
    assert set(table["kpi"]) == set(source.index[source == "orders"])
    events = by_hand(events=EVENTS.drop(columns="duration_s"))
    assert set(events["kpi"]) == set(source.index[source.isin(["orders", "events"])])
    assert events.loc[events["period_end"].isna(), "kpi"].tolist() == ["browse_duration"]


EVENTS = pd.DataFrame(
    [
        ("a", 21, "view", 60.0),
        ("a", 22, "view", 9000.0),
        ("a", 23, "share", None),
        ("b", 24, "login_ok", None),
        ("b", 24, "login_failed", None),
        ("a", 29, "review", None),
        ("d", 30, "view", 7.0),
    ],
    columns=["customer_id", "d", "event_type", "duration_s"],
).assign(ts=lambda f: START + pd.to_timedelta(f["d"], "D"))


def test_events_by_hand() -> None:
    """Active share, capped browsing time, advocates among the active, log-ins."""
    table = by_hand(events=EVENTS)
    assert value(table, "active_rate", "numerator")[3:] == [2, 2]
    assert value(table, "active_rate", "denominator")[3:] == [3, 4]
    assert value(table, "browse_duration")[3:] == [1860.0, 7.0]
    assert value(table, "referral_rate")[3:] == [1.0, 1 / 3]
    assert value(table, "login_success_rate") == pytest.approx(
        [np.nan] * 3 + [0.5, np.nan], nan_ok=True
    )


def test_messages_tickets_and_feedback_by_hand() -> None:
    """What was not delivered does not count, what was opened after as_of is not known."""
    day = [START + pd.Timedelta(d, "D") for d in (28, 28, 29, 30)]
    messages = pd.DataFrame({"customer_id": list("aabc"), "sent_at": day})
    messages["delivered_at"] = [day[0], day[1], day[2], None]
    messages["opened_at"] = [day[3], None, pd.Timestamp("2025-01-01"), None]
    tickets = pd.DataFrame({"customer_id": list("aab"), "opened_at": day[:3]})
    tickets["topic"] = ["complaint", "invoice", "complaint"]
    feedback = pd.DataFrame({"customer_id": list("aabd"), "ts": day, "score": [5, 3, None, 4]})
    table = by_hand(messages=messages, tickets=tickets, feedback=feedback)
    assert value(table, "open_rate")[4] == pytest.approx(1 / 3)
    assert "needs messages=" in value(table, "click_through_rate", "note")[0]
    assert value(table, "complaint_rate")[4] == pytest.approx(2000 / 3)
    assert value(table, "satisfaction")[4] == pytest.approx(2 / 3)
    assert value(table, "feedback_volume")[4] == pytest.approx(4000 / 3)


def test_strangers_in_a_log_are_told() -> None:
    """Events of somebody without an order are left out with a count."""
    events = pd.concat([EVENTS, EVENTS.assign(customer_id="zoe")])
    with pytest.warns(RowsLeftOutWarning, match="7 rows of customers whom"):
        by_hand(events=events)


def test_rows_order_engine_and_segments_do_not_matter(engine: Any) -> None:
    """Shuffled rows, any eager engine and further segments: the same figures of "all"."""
    orders = datasets.simulate_orders(120, seed=6)
    choices: dict[str, Any] = {"as_of": "2024-12-30", "window_days": 60, "log_start": "2023-01-01"}
    if engine.lazy:
        with pytest.raises(LayerwiseError):
            kpis(engine.make(orders), **choices)
        return
    base = kpis(orders, **choices)
    mixed = engine.make(orders.sample(frac=1, random_state=1).reset_index(drop=True))
    pd.testing.assert_frame_equal(kpis(mixed, **choices), base)
    labels = pd.DataFrame({"customer_id": range(120), "half": ["x", "y"] * 60})
    split = kpis(mixed, segments=engine.make(labels), by="half", **choices)
    same = split[split["segment"] == "all"].reset_index(drop=True)
    pd.testing.assert_frame_equal(same, base)
    counts = split[split["kpi"] == "customer_count"].pivot_table(
        index="period_end", columns="segment", values="value"
    )
    assert (counts["x"] + counts["y"] == counts["all"]).all()


@pytest.mark.parametrize(
    ("choices", "error", "says"),
    [
        ({"period": "day"}, SpecError, "period"),
        ({"window_days": 0}, SpecError, "window_days"),
        ({"window_days": 10**12}, SpecError, "window_days"),
        ({"draws": 1, "seed": -1}, SpecError, "draws.*seed"),
        ({"level": 1}, SpecError, "level"),
        ({"only": ["churn"]}, SpecError, "churn"),
        ({"only": []}, SpecError, "none"),
        ({"log_start": "2024-01-02"}, SpecError, "log_start"),
        ({"as_of": "2024-01-06"}, DataError, "no whole week"),
        ({"amount": "price"}, ColumnsError, "price"),
        ({"events": EVENTS.drop(columns="ts")}, ColumnsError, "ts"),
        ({"events": EVENTS.assign(duration_s=-1.0)}, DataError, "negative: 7 of"),
        ({"feedback": EVENTS.assign(score=9)}, DataError, "outside 1 to 5"),
        ({"events": EVENTS.assign(customer_id="zoe")}, DataError, "No row"),
        ({"events": 3}, LayerwiseError, "not a dataframe"),
    ],
)
@pytest.mark.filterwarnings("ignore::layerwise.errors.RowsLeftOutWarning")
def test_refusals(choices: dict[str, Any], error: type[Exception], says: str) -> None:
    """Each impossible choice or log has its error, with a hint."""
    with pytest.raises(error, match=says) as caught:
        by_hand(**choices)
    assert "Hint:" in str(caught.value)


def test_the_table_of_figures_is_whole() -> None:
    """Chinese everywhere, denominators of all shares, and strategies name figures of the table."""
    table = kpi_table().set_index("id")
    assert table["definition_zh"].str.contains("[一-龥]").all()
    assert (table.loc[table["interval"] == "wilson", "denominator"] != "").all()
    assert table["source"].str.match(r"S\d").all()
    assert (table["computed_from"] != "").sum() == 21
    named = {k for row in StrategyTable.default().rows for k in items(row.kpi)}
    assert named <= set(table.index)
