"""Strategies that work are kept, harmful ones stopped, and chance is called neither."""

from typing import Any

import numpy as np
import pandas as pd
import pytest

from layerwise.errors import (
    ColumnsError,
    DataError,
    EarlyLookWarning,
    EngineError,
    RowsLeftOutWarning,
    SpecError,
)
from layerwise.evaluate import Goal, Mean, Ratio, analyse, effects, plan_experiment
from layerwise.evaluate.effects import WHOLE
from layerwise.strategy import StrategyTable

BOUGHT = Goal(metric="bought", least=0.01)


def plan_of(n: int, names: list[str], *, seed: int = 1, held: float = 0.1) -> pd.DataFrame:
    """Return a plan that gives every customer one of the strategies."""
    rng = np.random.default_rng(seed)
    return pd.DataFrame(
        {
            "customer_id": range(n),
            "strategy_id": np.array(names)[np.arange(n) % len(names)],
            "holdout": rng.random(n) < held,
            "control": False,
        }
    )


def buying(plan: pd.DataFrame, uplift: dict[str, float], *, seed: int = 2) -> pd.DataFrame:
    """Return who bought: 20 %, and the uplift of the strategy for those who got it."""
    rng = np.random.default_rng(seed)
    chance = 0.2 + plan["strategy_id"].map(uplift).fillna(0) * ~plan["holdout"]
    bought = rng.random(len(plan)) < chance
    return pd.DataFrame({"customer_id": plan["customer_id"], "bought": bought})


def test_good_bad_and_nothing() -> None:
    """Known uplifts of 6, -6 and 0 points: keep, stop, and adjust as the plan is reached."""
    plan = plan_of(120_000, ["good", "bad", "none"])
    found = effects(plan, buying(plan, {"good": 0.06, "bad": -0.06}), goals=[BOUGHT])
    found = found.set_index("strategy_id")
    assert found.loc[["good", "bad"], "decision"].tolist() == ["keep", "stop"]
    assert (found.loc[["good", "bad"], "evidence"] == "strong").all()
    assert found.loc["none", "decision"] == "continue"
    goal = Goal(metric="bought", least=0.03)
    again = effects(plan, buying(plan, {"good": 0.06}), goals=[goal]).set_index("strategy_id")
    assert again.loc["none", ["decision", "evidence"]].tolist() == ["adjust", "strong"]


def test_a_sure_effect_below_the_least_useful_one_is_not_kept() -> None:
    """Six points are surely there, but ten were asked for: adjust; keep where three were."""
    plan = plan_of(120_000, ["good"])
    for least, decision in {0.1: "adjust", 0.03: "keep"}.items():
        goal = Goal(metric="bought", least=least)
        found = effects(plan, buying(plan, {"good": 0.06}), goals=[goal]).iloc[0]
        assert (found["decision"], found["p_holm"] < 1e-9) == (decision, True)


def test_down_is_good_for_churn() -> None:
    """The same numbers with better="down" are judged the other way around."""
    plan = plan_of(60_000, ["good"])
    outcomes = buying(plan, {"good": 0.06}).rename(columns={"bought": "churned"})
    assert effects(plan, outcomes)["decision"].tolist() == ["stop"]
    opposite = outcomes.assign(churned=~outcomes["churned"])
    assert effects(plan, opposite)["decision"].tolist() == ["keep"]


def test_numbers_are_those_of_analyse() -> None:
    """A strategy's row is what `analyse` says of the same arms."""
    plan = plan_of(8000, ["a", "b"])
    outcomes = buying(plan, {"a": 0.05})
    found = effects(plan, outcomes, goals=[BOUGHT]).iloc[1]
    table = plan_experiment(plan, outcomes, strategy="b")
    arms = {"holdout": 0.1, "treated": 0.9}
    other = analyse(table, metrics=["bought"], arms=arms, control="holdout").effects.iloc[0]
    for name in ("effect", "low", "high", "relative", "relative_low", "relative_high", "p"):
        assert found[name] == other[name]


def test_forty_strategies_without_effect() -> None:
    """Of 60 plans with 40 strategies that do nothing, few keep or stop any."""
    called = 0
    for seed in range(60):
        plan = plan_of(16_000, [f"s{i}" for i in range(40)], seed=seed, held=0.3)
        outcomes = buying(plan, {}, seed=seed + 500)
        goal = Goal(metric="bought")
        found = effects(plan, outcomes, goals=[goal], holdout=0.3)
        called += found["decision"].isin(["keep", "stop"]).any()
    assert called <= 8  # 5 % of 60 is 3


def regression_to_the_mean(n: int, seed: int) -> pd.DataFrame:
    """Return customers of whom half of those with the worst quarter got a useless campaign."""
    rng = np.random.default_rng(seed)
    habit = rng.gamma(4.0, 0.5, n)
    table = pd.DataFrame({"customer_id": range(n), "before": rng.poisson(habit)})
    table["after"] = rng.poisson(habit)
    table["risk"] = (table["before"] == 0).map({True: "high", False: "low"})
    chance = np.where(table["risk"] == "high", 0.6, 0.02)
    return table.assign(chosen=rng.random(n) < chance)


def test_a_useless_campaign_is_called_neither_good_nor_bad() -> None:
    """Before and after seems a success; the matched difference is about 0, weak and continues."""
    covered = 0
    for seed in range(60):
        table = regression_to_the_mean(3000, seed)
        chosen = table[table["chosen"]]
        assert (chosen["after"] - chosen["before"]).mean() > 0.5  # the trap
        plan = plan_of(3000, ["campaign"], held=0.0)[table["chosen"]]
        goal = Goal(metric=Mean("after"), least=0.1, before="before")
        row = effects(plan, table, goals=[goal], match=["risk"]).iloc[0]
        assert row[["decision", "evidence"]].tolist() == ["continue", "weak"]
        covered += row["low"] <= 0 <= row["high"]
    assert covered >= 52


def test_a_holdout_sees_through_it() -> None:
    """The same campaign with a holdout: 100 strategies' intervals cover 0, nothing is called."""
    table = regression_to_the_mean(60_000, 7)
    table = table[table["risk"] == "high"].reset_index(drop=True)
    plan = plan_of(len(table), ["campaign"], held=0.3).assign(customer_id=table["customer_id"])
    goal = Goal(metric=Mean("after"), least=0.1)
    row = effects(plan, table, goals=[goal], holdout=0.3).iloc[0]
    assert row["decision"] == "adjust"
    assert row["low"] <= 0 <= row["high"]


def test_nobody_alike_is_not_evaluable() -> None:
    """A campaign for all of a label cannot be matched on that label; nor without a before."""
    table = regression_to_the_mean(500, 1)
    plan = plan_of(500, ["campaign"], held=0.0)[table["risk"] == "high"]
    goal = Goal(metric=Mean("after"), before="before")
    row = effects(plan, table, goals=[goal], match=["risk"]).iloc[0]
    assert row["decision"] == "not_evaluable"
    assert "alike" in row["reason"]
    row = effects(plan, table, goals=[Goal(metric="after")]).iloc[0]
    assert row[["decision", "evidence"]].tolist() == ["not_evaluable", "none"]
    row = effects(plan_of(500, ["all"], held=0.0), table, goals=[goal]).iloc[0]
    assert "nobody outside" in row["reason"]


def test_the_real_plan_with_its_control_group() -> None:
    """Strategy rows leave the control group out; the whole plan has a row of its own."""
    rng = np.random.default_rng(4)
    labels = pd.DataFrame(
        {"customer_id": range(20_000), "value": rng.choice(["high", "low"], 20_000)}
    )
    plan = StrategyTable.default().plan(labels, cap=2, control=0.2)
    got = labels["customer_id"].isin(plan.loc[~plan["holdout"], "customer_id"])
    outcomes = labels.assign(bought=rng.random(20_000) < np.where(got, 0.26, 0.20))
    found = effects(plan, outcomes, goals=[BOUGHT], control=0.2).set_index("strategy_id")
    assert found.loc[WHOLE, "decision"] == "keep"
    controls = plan.loc[plan["control"], "customer_id"].nunique()
    assert found.loc[WHOLE, "holdout_n"] == controls
    name = plan["strategy_id"].iloc[0]
    free = plan[(plan["strategy_id"] == name) & ~plan["control"]]
    assert found.loc[name, "holdout_n"] == free["holdout"].sum()
    whole = plan_experiment(plan, outcomes)
    assert (whole["arm"] == "holdout").sum() == controls
    assert len(plan_experiment(plan, outcomes, strategy=name)) == len(free)


def test_holdouts_off_plan_are_not_judged() -> None:
    """Half of the holdout missing, or outcomes missing from the holdout: no decision."""
    plan = plan_of(20_000, ["s"])
    outcomes = buying(plan, {"s": 0.06})
    fewer = plan[~plan["holdout"] | (plan["customer_id"] % 2 == 0)]
    row = effects(fewer, outcomes, goals=[BOUGHT]).iloc[0]
    assert row[["decision", "evidence"]].tolist() == ["not_evaluable", "none"]
    some = outcomes["bought"].astype(float).mask(plan["holdout"] & (plan["customer_id"] % 2 == 0))
    row = effects(plan, outcomes.assign(bought=some), goals=[BOUGHT]).iloc[0]
    assert "outcomes are missing" in row["reason"]


def test_missing_answers_of_both_arms_are_left_out() -> None:
    """Satisfaction is known of those who answered; the counts say of how many."""
    plan = plan_of(20_000, ["s"])
    answers = np.random.default_rng(3).random(20_000) < 0.4
    table = buying(plan, {"s": 0.05}).rename(columns={"bought": "satisfied"})
    table["satisfied"] = table["satisfied"].astype(float).where(answers)
    row = effects(plan, table).iloc[0]
    assert row["holdout_n"] + row["treated_n"] == answers.sum()
    assert row["decision"] == "keep"


def test_few_and_planned() -> None:
    """Tiny strategies continue; `planned` says when enough is enough; a ratio is a goal too."""
    plan = plan_of(150, ["s"])
    row = effects(plan, buying(plan, {}), goals=[BOUGHT]).iloc[0]
    assert row[["decision", "evidence"]].tolist() == ["continue", "none"]
    assert np.isnan(row["effect"])
    plan = plan_of(5000, ["s"])
    outcomes = buying(plan, {}).assign(visits=2)
    goal = Goal(metric=Ratio("bought", "visits"), planned=400)
    assert effects(plan, outcomes, goals=[goal])["decision"].tolist() == ["adjust"]


def test_decisions_before_the_planned_number_are_told() -> None:
    """Keep and stop of too few customers are counted; enough, no plan and continue are quiet."""
    plan = plan_of(12_000, ["good", "bad", "none"])
    outcomes = buying(plan, {"good": 0.3, "bad": -0.19}, seed=3)
    held = plan[plan["holdout"] & (plan["strategy_id"] != "none")]
    fewest = held["strategy_id"].value_counts().min()
    early = [Goal(metric="bought", planned=5000)]
    with pytest.warns(EarlyLookWarning, match=rf"2 of 3 rows .* bought: {fewest} of 5,000") as told:
        found = effects(plan, outcomes, goals=early)
    assert sorted(found["decision"]) == ["continue", "keep", "stop"]
    assert told[0].filename == __file__
    effects(plan, outcomes, goals=[Goal(metric="bought", planned=int(fewest))])
    effects(plan, outcomes, goals=[Goal(metric="bought")])
    effects(plan, buying(plan, {}, seed=3), goals=early)


def test_other_engines(engine: Any) -> None:
    """Each eager engine gives the same; lazy ones are refused."""
    plan = plan_of(2000, ["a", "b"])
    outcomes = buying(plan, {"a": 0.1})
    if engine.lazy:
        with pytest.raises(EngineError):
            effects(plan, engine.make(outcomes), goals=[BOUGHT])
        return
    expected = effects(plan, outcomes, goals=[BOUGHT])
    found = effects(engine.make(plan), engine.make(outcomes), goals=[BOUGHT])
    pd.testing.assert_frame_equal(found, expected)
    table = plan_experiment(engine.make(plan), engine.make(outcomes), strategy="a")
    assert type(table) is type(engine.make(outcomes))


def test_customers_without_outcomes_are_counted() -> None:
    """They are left out with a notice."""
    plan = plan_of(4000, ["s"])
    with pytest.warns(RowsLeftOutWarning, match="100 of 4,000"):
        effects(plan, buying(plan, {}).iloc[100:], goals=[BOUGHT])


def test_what_cannot_be_used() -> None:
    """No plan, no goals, no columns, draws missing, a strategy twice, impossible shares."""
    plan = plan_of(100, ["s"])
    outcomes = buying(plan, {})
    with pytest.raises(ColumnsError, match="holdout"):
        effects(plan.drop(columns="holdout"), outcomes, goals=[BOUGHT])
    with pytest.raises(ColumnsError, match="churned"):
        effects(plan, outcomes)
    with pytest.raises(SpecError):
        effects(plan, outcomes, goals=["bought"])  # type: ignore[list-item]
    with pytest.raises(SpecError):
        effects(plan, outcomes, goals=[BOUGHT], holdout=10)
    with pytest.raises(SpecError):
        plan_experiment(plan, outcomes, strategy="t")
    with pytest.raises(DataError, match="again"):
        effects(pd.concat([plan, plan]), outcomes, goals=[BOUGHT])
    with pytest.raises(DataError, match="true or false"):
        effects(plan.assign(holdout=0.1), outcomes, goals=[BOUGHT])
    with pytest.raises(DataError):
        effects(plan, pd.concat([outcomes, outcomes]), goals=[BOUGHT])
    assert effects(plan.head(0), outcomes, goals=[BOUGHT]).empty


@pytest.mark.parametrize(
    "wrong",
    [{"metric": ""}, {"better": "more"}, {"least": -1}, {"planned": 0}, {"before": 3}],
)
def test_impossible_goals(wrong: dict[str, Any]) -> None:
    """Each is refused."""
    with pytest.raises(SpecError):
        Goal(**({"metric": "bought"} | wrong))
