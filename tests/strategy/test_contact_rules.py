"""Caps on contacts: by hand on a few customers, and refusals."""

import pandas as pd
import polars as pl
import pytest

from layerwise.errors import ColumnsError, DataError, RowsLeftOutWarning, SpecError
from layerwise.strategy import Strategy, StrategyTable, contact_rules

TABLE = StrategyTable(
    rows=[
        Strategy(id="a", axis="tier", segment="top", action="a", priority=1),
        Strategy(id="b", axis="tier", segment="top", action="b", priority=2, channel="store"),
        Strategy(id="c", axis="tier", segment="top", action="c", priority=3, channel="sms;store"),
        Strategy(id="d", axis="tier", segment="top", action="d", priority=4),
        Strategy(id="e", axis="tier", segment="top", action="e", priority=5, theme="compliance"),
    ]
)
FRAME = pd.DataFrame({"customer_id": [1, 2, 3], "tier": ["top"] * 3})
PLAN = TABLE.plan(FRAME, cap=9, holdout=0)
SENT = pd.DataFrame(
    {
        "customer_id": [2, 2, 3, 3, 99],
        "sent_at": ["2024-03-05", "2024-03-04", "2024-03-11", "2024-03-10", "2024-03-11"],
    }
)


def status(plan=PLAN, contacts=SENT, **choices):
    """Return customer -> the statuses of a to e, abbreviated."""
    ruled = contact_rules(plan, contacts, as_of="2024-03-11", **choices)
    rows = ruled if isinstance(ruled, pd.DataFrame) else ruled.to_pandas()
    rows = rows.sort_values(["customer_id", "strategy_id"])
    return {k: [*g.astype(str)] for k, g in rows.groupby("customer_id")["status"]}


S, C, G = "send", "contact_cap", "min_gap"


def test_contacts_of_the_last_week_take_places():
    """1 has none, 2 one (seven days ago is another week), 3 two; stores and duties are free."""
    assert status() == {1: [S, S, S, C, S], 2: [S, S, C, C, S], 3: [C, S, C, C, S]}


def test_no_history():
    """Without a history, or with an empty one, everybody has two places."""
    for contacts in (None, SENT.head(0)):
        assert status(contacts=contacts)[3] == [S, S, S, C, S]


def test_days_between():
    """From a gap on one row goes now, and none within the gap of the last contact."""
    assert status(min_gap_days=6) == {1: [S, S, G, C, S], 2: [S, S, C, C, S], 3: [C, S, C, C, S]}
    assert status(min_gap_days=7, per_week=9)[2] == [G, S, G, G, S]
    assert status(min_gap_days=6, per_week=9)[2] == [S, S, G, G, S]


def test_order_of_rows_does_not_matter():
    """Shuffled rows get the status they had."""
    assert status(plan=PLAN.sample(frac=1, random_state=3)) == status()


def test_a_held_out_row_keeps_its_place():
    """A row that chance took still counts, so that the others stay as they would have been."""
    held = PLAN.assign(holdout=PLAN["strategy_id"] == "a")
    assert status(plan=held)[1] == ["held_out", S, S, C, S]


def test_a_status_that_is_there_stays():
    """Rows put off before keep their word and take no place."""
    off = PLAN.assign(status=["over_budget" if x == "a" else "send" for x in PLAN["strategy_id"]])
    assert status(plan=off)[1] == ["over_budget", S, S, S, S]
    with pytest.raises(ColumnsError, match="no status in 15 of 15"):
        status(plan=PLAN.assign(status="open"))


def test_polars():
    """The same on Polars, as Polars."""
    plan = TABLE.plan(pl.from_pandas(FRAME), cap=9, holdout=0)
    assert isinstance(contact_rules(plan, as_of="2024-03-11"), pl.DataFrame)
    assert status(plan=plan, contacts=pl.from_pandas(SENT)) == status()


def test_future_contacts_are_counted_and_left_out():
    """What is dated after as_of is no history."""
    later = SENT.assign(sent_at="2024-03-12")
    with pytest.warns(RowsLeftOutWarning, match="rows dated after as_of"):
        assert status(contacts=later)[3] == [S, S, S, C, S]


def test_nobody():
    """A plan without rows stays so."""
    assert contact_rules(PLAN.head(0), SENT, as_of="2024-03-11").empty


@pytest.mark.parametrize(
    ("choice", "kind"),
    [
        ({"per_week": -1}, SpecError),
        ({"per_week": 1.5}, SpecError),
        ({"min_gap_days": True}, SpecError),
        ({"no_contact": "store"}, SpecError),
        ({"time": "when"}, ColumnsError),
        ({"contacts": SENT.assign(sent_at="soon")}, DataError),
        ({"contacts": SENT.astype({"customer_id": str})}, DataError),
        ({"plan": FRAME}, ColumnsError),
        ({"plan": PLAN.drop(columns="rank")}, ColumnsError),
        ({"customer": "id"}, ColumnsError),
    ],
)
def test_refusals(choice, kind):
    """Each impossible choice and each table that is none is refused."""
    with pytest.raises(kind):
        status(**choice)


def test_dates_of_contacts_are_read_as_they_are_written():
    """Day first, by time_format=; without it such dates are refused."""
    days = pd.to_datetime(SENT["sent_at"]).dt.strftime("%d/%m/%Y")
    written = SENT.assign(sent_at=days)
    assert status(contacts=written, time_format="%d/%m/%Y") == status()
    with pytest.raises(DataError, match="time_format"):
        status(contacts=written)


def test_a_history_of_strangers_is_told():
    """Where not one contact is of a customer of the plan, ids may be written in two ways."""
    plan = TABLE.plan(FRAME.assign(customer_id=["A1", "A2", "A3"]), holdout=0)
    sent = SENT.assign(customer_id=["a2", "a2", "a3", "a3", None]).dropna()
    with pytest.warns(RowsLeftOutWarning, match="None of 4 contacts is of a customer of the plan"):
        contact_rules(plan, sent, as_of="2024-03-11")
