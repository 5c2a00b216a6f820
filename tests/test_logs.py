"""Dated logs beside the customer table: whose rows they are, and which cannot be used."""

from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest

import layerwise as lw
from layerwise.errors import ColumnsError, DataError, EngineError, RowsLeftOutWarning
from layerwise.logs import Log, places, read_log, read_roster
from layerwise.vectors import Labels
from tests.public_calls import tables

ROSTER = read_roster(pd.DataFrame({"customer_id": [10, 30, 20]}))
DAY = int(np.datetime64("2024-03-01", "D").astype(int))


def log(**columns: object) -> pd.DataFrame:
    """Return three events of two customers."""
    usual = {
        "customer_id": [20, 10, 20],
        "ts": pd.to_datetime(["2024-03-01 23:59", "2024-03-02 00:00", "2024-03-03 12:00"]),
        "event_type": ["view", "search", None],
    }
    return pd.DataFrame(usual | columns)


def read(frame: object, **choices: object) -> Log:
    """Read a log as of 2024-03-31."""
    return read_log(frame, ROSTER, what="the event log", **({"as_of": "2024-03-31"} | choices))


def test_rows_point_at_the_roster() -> None:
    """A row has its customer's place in the table and its day."""
    found = read(log())
    assert found.customer.tolist() == [2, 0, 2]
    assert (found.day - DAY).tolist() == [0, 1, 2]
    kinds = found.column("event_type")
    assert isinstance(kinds, Labels)
    assert kinds.objects().tolist() == ["view", "search", None]


@pytest.mark.parametrize(
    "ids",
    [
        pd.Series([20.0, 10.0, 20.0]),
        pd.Series([20, 10, 20], dtype="Int64"),
        pd.Series([20, 10, 20], dtype="category"),
        pd.Series([20, 10, 20], dtype=object),
        pd.Series([20, 10, 20], dtype="uint64"),
    ],
)
def test_equal_ids_meet_whatever_their_type(ids: pd.Series) -> None:
    """20 is 20.0 and a categorical 20."""
    assert read(log(customer_id=ids)).customer.tolist() == [2, 0, 2]


def test_text_ids_meet() -> None:
    """Texts of any kind meet texts, in pandas and in Polars."""
    roster = read_roster(pl.DataFrame({"id": ["é", "a"]}), customer="id")
    events = pd.DataFrame({"id": pd.Categorical(["a", "é"]), "ts": ["2024-01-01", "2024-01-02"]})
    for frame in (events, pl.from_pandas(events)):
        found = read_log(frame, roster, what="the log", as_of="2024-02-01", customer="id")
        assert found.customer.tolist() == [1, 0]


def test_what_cannot_be_used_is_counted() -> None:
    """A notice counts each row once, under its first reason, and names no customer."""
    events = log(customer_id=[None, 10, 777], ts=pd.to_datetime(["2024-03-01", None, "2024-03-03"]))
    events = pd.concat([events, log(ts=pd.to_datetime(["2024-03-01", "2024-05-01", "2024-03-01"]))])
    with pytest.warns(RowsLeftOutWarning) as notices:
        found = read(events)
    text = str(notices[0].message)
    assert len(found) == 2
    for part in ("1 rows without a customer", "1 rows without a time", "1 rows dated after as_of"):
        assert part in text
    assert "1 rows of customers whom" in text
    assert "777" not in text


def test_later_rows_may_be_expected() -> None:
    """With ignore_future nothing is told of them."""
    assert len(read(log(), as_of="2024-03-02", ignore_future=True)) == 2


def test_unknown_customers_may_be_expected() -> None:
    """With ignore_unknown nothing is told of them, even if there is nobody else."""
    assert len(read(log(customer_id=[20, 777, 778]), ignore_unknown=True)) == 1
    assert len(read(log(customer_id=[779, 777, 778]), ignore_unknown=True)) == 0


def test_ids_are_found_in_the_roster() -> None:
    """Places of ids, below 0 for strangers and missing ones."""
    found = places(pd.Series([20.0, None, 777, 10]), "customer_id", ROSTER)
    assert found[[0, 3]].tolist() == [2, 0]
    assert (found[[1, 2]] < 0).all()


def test_an_empty_log_is_a_fact() -> None:
    """That nothing happened is no error."""
    assert len(read(log().head(0))) == 0


def test_ids_of_two_types_are_refused() -> None:
    """Whole numbers here and text there meet nowhere."""
    with pytest.raises(DataError, match="Ids are text there and whole numbers here"):
        read(log(customer_id=["20", "10", "20"]))


def test_missing_columns_are_named() -> None:
    """All of them at once."""
    with pytest.raises(ColumnsError, match=r"(?s)ts .*score "):
        read(log().drop(columns="ts"), needs=["score"])


def test_lazy_logs_are_refused() -> None:
    """The error says to collect."""
    with pytest.raises(EngineError, match="collect"):
        read(pl.LazyFrame({"customer_id": [1], "ts": ["2024-01-01"]}))


def test_a_roster_has_each_customer_once() -> None:
    """Missing and repeated ids are counted together."""
    with pytest.raises(DataError, match=r"(?s)without an id: 1 of 4.*stands before: 1 of 4"):
        read_roster(pd.DataFrame({"customer_id": [1.0, None, 1.0, 2.0]}))


def test_other_dates_are_read_too() -> None:
    """A second column of dates comes as days, missing as NaN."""
    events = log(done=pd.to_datetime(["2024-03-02", None, "2024-03-05"]))
    assert (read(events).days("done") - DAY).tolist()[::2] == [1.0, 4.0]
    assert np.isnan(read(events).days("done")[1])


def test_clock_of_the_rows() -> None:
    """Times keep their hours, for the order of events within a day."""
    clock = read(log()).clock("ts")
    assert clock.astype(str).tolist()[0] == "2024-03-01T23:59:00.000000"
    assert (np.diff(clock) > np.timedelta64(0)).all()


def test_a_log_without_its_columns_is_to_be_renamed() -> None:
    """The hint is about the log, not about the customer table."""
    with pytest.raises(ColumnsError, match="Hint: rename the columns of the log"):
        read(log().rename(columns={"ts": "when"}))


def test_customers_who_stand_twice_are_refused() -> None:
    """Who stands twice would count twice in profiles, portraits and judgements."""
    people = tables()["people"]
    twice = pd.concat([people, people.iloc[[3]]])
    asks = [
        lambda: lw.portrait.segment_profile(twice, segment="tier", features=["orders"]),
        lambda: lw.evaluate.calibration_drift(twice, probability="p"),
        lambda: lw.evaluate.matched_difference(
            twice, treated="late", after="bought", before="before"
        ),
        lambda: lw.tastes.category_affinity(twice, tables()["orders"], as_of="2024-06-30"),
    ]
    for ask in asks:
        with pytest.raises(DataError, match=r"1 of 49 rows .* stands before"):
            ask()


@pytest.mark.parametrize("ask", [
    lambda plan: lw.strategy.spend_budget(plan, budget=9, cost=1, gain=2),
    lambda plan: lw.strategy.contact_rules(plan, as_of="2024-06-30"),
    lambda plan: lw.strategy.plan_by(plan, "owner"),
])  # fmt: skip
def test_plans_with_a_strategy_twice_are_refused(ask: Any) -> None:
    """A row that stands twice would be paid twice."""
    plan = tables()["plan"]
    with pytest.raises(DataError, match=r"1 of .* rows of the plan give a customer a strategy"):
        ask(pd.concat([plan, plan.iloc[[5]]], ignore_index=True))


def test_what_lacks_an_amount_is_told() -> None:
    """Lines and customers without an amount are counted, not dropped in silence."""
    orders = tables()["orders"].assign(amount=lambda t: t["amount"].where(t.index != 7))
    people = tables()["people"][["customer_id"]]
    with pytest.warns(RowsLeftOutWarning, match="1 lines without an amount"):
        lw.tastes.measure_motives(people, orders, promoted="promoted", as_of="2024-06-30")
    spend = pd.DataFrame({"spend_365d": [0.0, 10.0, 20.0, 30.0, 40.0, 50.0, None]})
    with pytest.warns(RowsLeftOutWarning, match="1 of 7 customers have no spend_365d"):
        lw.membership.level_table_from(spend, version="a")
