"""A budget: never exceeded, spent on the best, chance and ties treated fairly."""

import itertools

import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as hyp

from layerwise.errors import ColumnsError, DataError, SpecError
from layerwise.strategy import Strategy, StrategyTable, plan_by, spend_budget
from layerwise.strategy.budget import _pay

TABLE = StrategyTable(
    rows=[
        Strategy(id="call", axis="tier", segment="top", action="a", priority=1, owner="service"),
        Strategy(id="mail", axis="tier", segment="top", action="b", priority=2, channel="email"),
        Strategy(id="duty", axis="tier", segment="top", action="c", priority=3, theme="compliance"),
    ]
)
FRAME = pd.DataFrame({"customer_id": range(20), "tier": ["top"] * 20})
PLAN = TABLE.plan(FRAME, holdout=0)
COST = {"call": 5.0, "mail": 0.1}
GAIN = {"call": 10.0, "mail": 1.0}


def spend(budget=10, plan=PLAN, cost=COST, gain=GAIN, **choices):
    """Return what the budget buys."""
    return spend_budget(plan, budget=budget, cost=cost, gain=gain, **choices)


def test_mails_first_then_calls():
    """20 mails at 10 for 1 cost 2; of the 8 left one call is paid for; duties go in any case."""
    found = spend()
    assert (found.spent, found.gain, found.gain_cut, found.line) == (7.0, 30.0, 190.0, 2.0)
    send = found.plan[found.plan["status"] == "send"]["strategy_id"].value_counts()
    assert send.to_dict() == {"mail": 20, "duty": 20, "call": 1}
    by = found.strategies.set_index("strategy_id")
    assert by.loc["call", ["send", "over_budget", "cost_cut"]].tolist() == [1, 19, 95.0]


def test_tenths_add_up():
    """Ten times 0.1 is 1: no mail is lost to rounding, and none too many is sent."""
    assert spend(1.0).spent == 1.0
    assert spend(0.3).strategies.set_index("strategy_id").loc["mail", "send"] == 3


def test_ties_go_by_a_draw():
    """Which customers get the last calls does not follow their ids or the order of rows."""
    called = spend(52).plan.query("strategy_id == 'call' and status == 'send'")["customer_id"]
    again = spend(52, plan=PLAN.sample(frac=1, random_state=1)).plan
    same = again.query("strategy_id == 'call' and status == 'send'")["customer_id"]
    assert sorted(called) == sorted(same) != list(range(10))
    other = spend(52, salt="x").plan.query("strategy_id == 'call' and status == 'send'")
    assert sorted(other["customer_id"]) != sorted(called)


def test_held_out_rows_cost_nothing_and_share_the_line():
    """Held out is who would have been paid for; below the line chance played no part."""
    plan = TABLE.plan(FRAME, holdout=0.3)
    found = spend(50, plan=plan)
    status = found.plan["status"].astype(str)
    assert found.spent <= 50
    assert set(status[plan["holdout"]]) <= {"held_out", "over_budget"}
    assert (status[plan["holdout"] & (plan["strategy_id"] == "mail")] == "held_out").all()
    none = spend(0, plan=plan).plan
    assert (none.loc[none["strategy_id"] != "duty", "status"] == "over_budget").all()


def test_gains_by_row():
    """A column may hold each row's gain; nothing expected is not bought, unknown not judged."""
    gains = np.where(PLAN["strategy_id"] == "call", PLAN["customer_id"] - 5.0, np.nan)
    found = spend(12, plan=PLAN.assign(g=gains), gain="g", cost=5)
    calls = found.plan[found.plan["strategy_id"] == "call"].set_index("customer_id")["status"]
    assert calls[[18, 19]].tolist() == ["send"] * 2
    assert calls[[0, 5, 17]].tolist() == ["no_gain", "no_gain", "over_budget"]
    mails = found.plan[found.plan["strategy_id"] == "mail"]["status"]
    assert (mails == "not_evaluable").all()


@given(
    hyp.lists(hyp.tuples(hyp.integers(0, 30), hyp.integers(1, 30)), min_size=1, max_size=9),
    hyp.integers(0, 60),
)
def test_never_exceeded_and_near_the_best(items, budget):
    """Spent is within the budget; the best choice is less than the first row passed over away."""
    frame = pd.DataFrame({"customer_id": range(len(items)), "tier": "top"})
    plan = TABLE.without(["mail", "duty"]).plan(frame, holdout=0)
    costs, gains = zip(*items, strict=True)
    found = spend(budget, plan=plan.assign(cost=costs, g=gains), cost="cost", gain="g")
    chosen = [s for k in range(len(items) + 1) for s in itertools.combinations(items, k)]
    best = max(sum(g for _, g in s) for s in chosen if sum(c for c, _ in s) <= budget)
    assert found.spent <= budget
    assert found.gain <= best <= found.gain + max(gains)


def test_great_amounts_do_not_wrap():
    """Costs near the limit of 64 bits are added up right."""
    costs = np.full(40, 10**18, dtype=np.int64)
    assert _pay(costs, np.zeros(40, dtype=bool), 5 * 10**18).sum() == 5


def test_polars():
    """The same on Polars, as Polars."""
    plan = TABLE.plan(pl.from_pandas(FRAME), holdout=0)
    found = spend(plan=plan)
    assert isinstance(found.plan, pl.DataFrame)
    assert found.plan["status"].to_list() == spend().plan["status"].tolist()
    assert "7.00 of 10.00 spent" in str(found)


@pytest.mark.parametrize(
    ("choice", "kind", "said"),
    [
        ({"budget": -1}, SpecError, "budget"),
        ({"budget": float("nan")}, SpecError, "budget"),
        ({"budget": True}, SpecError, "budget"),
        ({"cost": {"call": 1}}, SpecError, "cost lacks 1 strategies of the plan: mail"),
        ({"cost": "price"}, ColumnsError, "no column 'price'"),
        ({"cost": "owner"}, ColumnsError, "holds no numbers"),
        ({"cost": None}, SpecError, "cost must be a number"),
        ({"cost": -1}, DataError, "40 of 60 costs are below zero"),
        ({"cost": float("nan")}, DataError, "40 of 60 costs are missing"),
        ({"gain": float("inf")}, DataError, "gains are infinite"),
        ({"plan": FRAME}, ColumnsError, "holdout"),
    ],
)
def test_refusals(choice, kind, said):
    """Each impossible amount is refused, with counts."""
    with pytest.raises(kind, match=said):
        spend(**choice)


def test_by_owner_and_channel():
    """Owners add up; a row of two channels counts for each; none is any."""
    found = spend().plan
    owners = plan_by(found, "owner").set_index("owner")
    assert owners["to_do"].to_dict() == {"any": 40, "service": 1}
    assert owners["cost"].sum() == pytest.approx(7)
    channels = plan_by(found, "channel").set_index("channel")
    assert channels.loc["email", ["customers", "to_do"]].tolist() == [20, 20]
    assert channels.loc["any", "rows"] == 40


def test_lists_of_channels_are_spread():
    """Each of two channels gets the row; before any status the rows not held out are to do."""
    plan = PLAN.assign(channel="sms;email", holdout=PLAN["strategy_id"] == "mail")
    found = plan_by(plan, "channel")
    assert found["channel"].tolist() == ["email", "sms"]
    assert found["rows"].tolist() == [60, 60]
    assert found["to_do"].tolist() == [40, 40]
    with pytest.raises(SpecError, match="by must be one of"):
        plan_by(plan, "customer_id")
    assert plan_by(plan.head(0), "owner").empty
