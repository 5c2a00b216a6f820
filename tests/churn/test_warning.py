"""Early warning as a whole: levels, reasons, lists, what is left out, and what does not matter."""

from pathlib import Path

import numpy as np
import pandas as pd
import polars as pl
import pytest

import layerwise as lw
from layerwise.churn import Warnings, early_warning
from layerwise.datasets import simulate_events
from layerwise.errors import (
    ColumnsError,
    DataError,
    LogEndsEarlyWarning,
    RowsLeftOutWarning,
    SpecError,
)
from layerwise.rates import q_values
from tests.churn.cases import AS_OF, people, rows

FEEDBACK = rows((0, 5, 1), (1, 5, 5), names="customer_id ts score")
TICKETS = rows(
    (1, 12, None), (2, 12, None), (3, 5, None), names="customer_id opened_at resolved_at"
).assign(first_response_at=lambda t: [t["opened_at"][0], pd.NaT, t["opened_at"][2]])


def warned(**given: object) -> Warnings[pd.DataFrame]:
    """Return the warnings of five customers with feedback and tickets."""
    choices = {"as_of": AS_OF, "feedback": FEEDBACK, "tickets": TICKETS} | given
    return early_warning(people(5), **choices)  # type: ignore[arg-type]


def test_levels_and_reasons() -> None:
    """One high signal or two medium ones are high, one medium one medium."""
    table = warned().customers
    assert table["risk_level"].tolist() == ["high", "medium", "high", "low", "not_evaluable"]
    assert table["reasons"].iloc[:3].tolist() == [
        "negative_feedback", "slow_service", "slow_response; slow_service"
    ]  # fmt: skip
    assert table["next_steps"].iloc[:3].tolist() == ["fb_respond", "sup_fast", "sup_fast"]
    assert table["reasons"].iloc[3:].isna().all()


def test_what_is_not_given_is_left_out_and_told() -> None:
    """No row of the signal, no zero; the table and the text say why."""
    result = warned()
    assert set(result.signals["signal"]) == {"negative_feedback", "slow_response", "slow_service"}
    left = result.table.set_index("id")["left_out"]
    assert left["browse_drop"] == "no events given"
    assert left["purchase_frequency_drop"].startswith("the customer table has no repeat_orders")
    assert "no events given" in str(result)
    assert result.table.set_index("id")["flagged"].isna()["browse_drop"]


def test_event_types_that_never_occur_are_not_zero() -> None:
    """A log that records no opt-outs says nothing of opt-outs."""
    events = rows((0, 5, "view"), names="customer_id ts event_type")
    left = warned(events=events).table.set_index("id")["left_out"]
    assert left["unsubscribe"].startswith("events has no event of type unsubscribe")
    assert left["browse_duration_drop"] == "events has no duration_s"
    assert left["browse_drop"] == ""


def test_row_order_and_id_type_do_not_matter() -> None:
    """Shuffled logs, and ids as text, give the same findings."""
    events, truth = simulate_events(300, seed=2)
    as_of, who = "2024-05-29", truth[["customer_id"]]
    plain = early_warning(who, events=events, as_of=as_of)
    mixed = early_warning(who, events=events.sample(frac=1, random_state=1), as_of=as_of)
    pd.testing.assert_frame_equal(plain.signals, mixed.signals)
    texts = early_warning(
        who.assign(customer_id=who["customer_id"].map("c{}".format)),
        events=events.assign(customer_id=events["customer_id"].map("c{}".format)),
        as_of=as_of,
    )
    names = plain.signals.columns.drop("customer_id")
    pd.testing.assert_frame_equal(plain.signals[names], texts.signals[names])
    turned = early_warning(who[::-1], events=events, as_of=as_of).customers.sort_index()
    pd.testing.assert_frame_equal(turned, plain.customers)


def test_polars_in_polars_out() -> None:
    """The customer table comes back in its own kind, with the same labels."""
    events, truth = simulate_events(200, seed=2)
    who = truth[["customer_id"]]
    ours = early_warning(who, events=events, as_of="2024-05-29").customers
    theirs = early_warning(
        pl.from_pandas(who), events=pl.from_pandas(events), as_of="2024-05-29"
    ).customers
    assert isinstance(theirs, pl.DataFrame)
    assert theirs["risk_level"].to_list() == ours["risk_level"].tolist()


def test_inputs_are_not_changed() -> None:
    """Neither the customers nor a log."""
    who, feedback = people(5), FEEDBACK.copy()
    early_warning(who, as_of=AS_OF, feedback=feedback)
    pd.testing.assert_frame_equal(who, people(5))
    pd.testing.assert_frame_equal(feedback, FEEDBACK)


def test_q_values_control_the_flags() -> None:
    """With false_discovery a flag needs q at most that; q are Benjamini and Hochberg's."""
    events, truth = simulate_events(2000, seed=9, dropping=0.0)
    who = truth[["customer_id"]]
    free = early_warning(who, events=events, as_of="2024-05-29", false_discovery=None).signals
    held = early_warning(who, events=events, as_of="2024-05-29").signals
    drop = free["signal"] == "browse_drop"
    np.testing.assert_allclose(free.loc[drop, "q"], q_values(free.loc[drop, "p"].to_numpy()))
    assert free["flagged"].sum() > 10 > held["flagged"].sum()
    assert (held.loc[held["flagged"], "q"] <= 0.10).all()


@pytest.mark.parametrize("kept", ["judged", "flagged"])
def test_rows_that_are_kept(kept: str) -> None:
    """Fewer rows of the same table."""
    everything = warned().signals
    mask = everything["flagged"] if kept == "flagged" else ~everything["not_evaluable"]
    some = warned(rows=kept).signals
    pd.testing.assert_frame_equal(some, everything[mask].reset_index(drop=True))


ORDERS = lw.datasets.load_cdnow()
CDNOW = lw.summarize(ORDERS[ORDERS["ordered_at"] <= "1997-09-30"], as_of="1997-09-30", amount=None)


def test_the_call_list() -> None:
    """As many as can be called, by P(no purchase) times value, never one who is gone already."""
    customers = CDNOW.assign(worth=CDNOW["orders"] * 10.0)
    table = early_warning(customers, as_of="1997-09-30", capacity=50, value="worth").customers
    model = lw.BGNBD(horizon_days=90).fit(customers).transform(customers)
    np.testing.assert_allclose(table["priority"], model["p_no_purchase_90d"] * customers["worth"])
    status = lw.ChurnStatus().fit(customers).transform(customers)["churn"]
    assert table["listed"].sum() == 50
    assert set(table.loc[table["listed"], "customer_id"]) == set(
        table[status != "churned"].nlargest(50, "priority")["customer_id"]
    )


def test_the_call_list_by_level() -> None:
    """Risk level first: the warned stand before the others."""
    given = {"as_of": "1997-09-30", "false_discovery": None, "rank_by": "level"}
    table = early_warning(CDNOW, capacity=5, **given).customers
    assert (table.loc[table["listed"], "risk_level"] == "high").all()


def test_impossible_choices_are_told_together() -> None:
    """All at once."""
    with pytest.raises(
        SpecError, match=r"capacity.*false_discovery.*rank_by|false_discovery.*rank_by"
    ):
        warned(capacity=0, false_discovery=2, rank_by="luck")
    with pytest.raises(SpecError, match="call list"):
        warned(capacity=3)
    with pytest.raises(SpecError, match="call list"):
        warned(value="worth")
    with pytest.raises(SpecError, match="fit it first"):
        warned(model=lw.BGNBD())


def test_a_log_that_ends_early_is_told() -> None:
    """Two months without any event of anybody are not everybody's silence."""
    events = rows((0, 61, "view"), names="customer_id ts event_type")
    with pytest.warns(LogEndsEarlyWarning, match="61 days before as_of"):
        warned(events=events)


def test_negative_durations_are_refused() -> None:
    """With their number."""
    events = rows((0, 5, "view", -1.0), names="customer_id ts event_type duration_s")
    with pytest.raises(DataError, match="negative in 1 of 1 rows"):
        warned(events=events)


def test_a_table_of_another_date_is_refused() -> None:
    """Histories as of September say nothing of silence in December."""
    with pytest.raises(DataError, match="another date"):
        early_warning(CDNOW, as_of="1997-12-31")


def test_hostile_logs() -> None:
    """Lacking columns, unreadable dates, strangers, empty logs: an error, a notice or a result."""
    with pytest.raises(ColumnsError, match="event_type"):
        warned(events=pd.DataFrame({"customer_id": [1], "ts": ["2024-05-01"]}))
    with pytest.raises(DataError):
        warned(feedback=FEEDBACK.assign(ts="yesterday"))
    with pytest.raises(ColumnsError):
        warned(feedback=FEEDBACK.assign(score=["bad", "good"]))
    with pytest.warns(RowsLeftOutWarning, match="1 rows of customers whom"):
        warned(feedback=FEEDBACK.assign(customer_id=[0, 99]))
    empty = warned(feedback=FEEDBACK.head(0)).table.set_index("id")
    assert empty.loc["negative_feedback", ["judged", "flagged"]].tolist() == [0, 0]


def test_one_customer_and_none() -> None:
    """Tables of one row and of no row are allowed."""
    one = early_warning(people(1), as_of=AS_OF, feedback=FEEDBACK.head(1))
    assert one.customers["risk_level"].tolist() == ["high"]
    assert len(early_warning(people(0), as_of=AS_OF).customers) == 0


def test_notices_point_at_the_caller() -> None:
    """Rows left out of a log are told where early_warning was called, not inside of it."""
    strangers = rows((0, 2, "view"), (99, 2, "view"), names="customer_id ts event_type")
    with pytest.warns(RowsLeftOutWarning) as told:
        early_warning(people(3), events=strangers, as_of=AS_OF)
    assert {Path(notice.filename) for notice in told} == {Path(__file__)}


def test_signals_judged_for_nobody_are_told() -> None:
    """One view a customer says nothing of a drop, and the text says so."""
    views = rows(
        *((n, 60, "view") for n in range(3)), (0, 2, "view"), names="customer_id ts event_type"
    )
    found = early_warning(people(3), events=views, as_of=AS_OF)
    assert "nobody could be judged (too few rows of each customer): browse_drop" in str(found)
