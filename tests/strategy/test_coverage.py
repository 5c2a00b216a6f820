"""Every label leads somewhere; who asks for which programme; what nobody gets."""

import pandas as pd
import polars as pl
import pytest

from layerwise.churn import cause_table, type_table, warning_table
from layerwise.errors import ColumnsError
from layerwise.strategy import Strategy, StrategyTable, strategy_links

TABLE = StrategyTable.default()
FOUND = TABLE.coverage().set_index(["axis", "label"])


def test_every_label_cause_type_and_high_signal_is_covered():
    """No built-in label and no row of knowledge is without an answer."""
    assert FOUND["covered"].all()
    signals = warning_table()
    high = signals.loc[signals["level"] == "high", "id"]
    assert not set(high) - set(FOUND.loc["signal"].index)
    assert not set(cause_table()["id"]) - set(FOUND.loc["cause"].index)
    assert not set(type_table()["id"]) - set(FOUND.loc["churn_rule"].index)
    assert FOUND.loc["signal"].loc[high, ["customer_rows", "programmes"]].sum(axis=1).gt(0).all()


def test_a_label_without_a_row_shows():
    """Taking its strategies away uncovers a label; quiet labels stay covered."""
    found = TABLE.without(["tier_new_onboard"]).coverage().set_index(["axis", "label"])
    assert found.index[~found["covered"]].tolist() == [("tier", "new")]
    assert found.loc[("churn_type", "not_churned"), "customer_rows"] == 0


def test_a_cause_that_only_a_programme_answers():
    """Its row counts programmes and no strategy for customers."""
    row = FOUND.loc[("cause", "delivery_late")]
    assert (row["customer_rows"], row["programmes"], row["level"]) == (0, 2, "user")


def test_links_of_ones_own_count():
    """A label that a link leads from is listed."""
    one = pd.DataFrame({"axis": ["mood"], "label": ["sad"], "strategy_id": ["psy_emotion_story"]})
    found = TABLE.coverage(links=one).set_index(["axis", "label"])
    assert found.loc[("mood", "sad"), "customer_rows"] == 1


@pytest.mark.parametrize("kind", [pd.DataFrame, pl.DataFrame])
def test_programmes_count_each_customer_once(kind):
    """Two causes of one customer that ask for one programme count once; who has none not at all."""
    labels = kind(
        {
            "customer_id": [1, 2, 3, 4],
            "cause": ["delivery_slow;delivery_late", "delivery_late", None, "unknown"],
            "value": ["high", "low", "low", None],
        }
    )
    asked = TABLE.programmes_for(labels, lang="en").set_index("strategy_id")
    assert asked.loc["ux_delivery", "customers"] == 2
    assert asked.loc["ux_delivery", "reason"] == "cause = delivery_late; cause = delivery_slow"
    assert asked.loc["val_low_plan", "customers"] == 2
    assert asked["customers"].is_monotonic_decreasing


def test_programmes_need_a_label():
    """A table without any axis is refused; one without rows asks for nothing."""
    with pytest.raises(ColumnsError, match="no column that is an axis"):
        TABLE.programmes_for(pd.DataFrame({"customer_id": [1], "x": [1]}))
    assert TABLE.programmes_for(pd.DataFrame({"customer_id": [], "cause": []})).empty


def test_never_assigned():
    """Strategies that nobody gets are named; those in the plan are not."""
    plan = TABLE.plan(pd.DataFrame({"customer_id": [1], "tier": ["new"]}))
    missing = TABLE.never_assigned(plan)
    assert len(missing) == 56
    assert "tier_new_onboard" not in missing
    with pytest.raises(ColumnsError, match="strategy_id"):
        TABLE.never_assigned(plan.drop(columns="strategy_id"))


def test_a_link_makes_a_row_reachable():
    """A row that its own label crowds out is reached from a label that leads to it."""
    rows = [
        Strategy(id=i, axis="tier", segment="new", action=i, priority=k)
        for k, i in enumerate("abcd")
    ]
    links = pd.DataFrame({"axis": ["mood"], "label": ["sad"], "strategy_id": ["d"]})
    assert StrategyTable(rows=rows).unreachable() == ("d",)
    assert StrategyTable(rows=rows).unreachable(links=links) == ()
    assert TABLE.unreachable(links=strategy_links()) == TABLE.unreachable()
