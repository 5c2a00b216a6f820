"""Causes, types, signals and motives lead to strategies; lists of labels match each."""

import pandas as pd
import pytest

from layerwise.churn import cause_table, type_table, warning_table
from layerwise.errors import TableError
from layerwise.knowledge import items
from layerwise.strategy import StrategyTable, strategy_links
from layerwise.tastes import motive_table

TABLE = StrategyTable.default()
LINKS = strategy_links()


def given(cap=9, **labels):
    """Return (strategy, reason) pairs of one customer with these labels."""
    frame = pd.DataFrame({"customer_id": [1], **{k: [v] for k, v in labels.items()}})
    plan = TABLE.plan(frame, cap=cap)
    return list(plan[["strategy_id", "reason"]].itertuples(index=False, name=None))


@pytest.mark.parametrize(
    ("axis", "table", "column"),
    [
        ("cause", cause_table(), "remedy_strategies"),
        ("churn_rule", type_table(), "response_strategies"),
        ("signal", warning_table(), "next_step"),
        ("motive", motive_table(), "strategies"),
    ],
)
def test_every_row_of_knowledge_is_linked_to_strategies_that_exist(axis, table, column):
    """Each id has its answers, in order, and the default table has them all."""
    mine = LINKS[LINKS["axis"] == axis].groupby("label")["strategy_id"].agg(list)
    assert mine.to_dict() == {r["id"]: [*items(r[column])] for _, r in table.iterrows()}
    assert set(LINKS["strategy_id"]) <= set(TABLE.ids)


@pytest.mark.parametrize(
    ("labels", "want"),
    [
        ({"cause": "price_high"}, [("psy_price_coupon", "cause = price_high")]),
        ({"signal": "unsubscribe"}, [("ctype_active_fix", "signal = unsubscribe")]),
        ({"motive": "conformity"}, [("psy_conform_best", "motive = conformity")]),
        (
            {"churn_rule": "passive_access"},
            [("ctype_passive_access", "churn_rule = passive_access")],
        ),
        ({"life_stage": "young"}, [("per_young_style", "life_stage = young")]),
        (
            {"risk_level": "high"},
            [
                (f"risk_{x}", "risk_level = high")
                for x in ("group_solution", "high_interact", "high_personal")
            ],
        ),
    ],
)
def test_each_axis_of_knowledge_matches(labels, want):
    """A label alone earns what its row names, with the label as the reason."""
    assert given(**labels) == want


def test_linked_reasons_in_chinese():
    """The reason names the cause as the cause table does."""
    frame = pd.DataFrame({"customer_id": [1], "cause": ["price_high"]})
    assert TABLE.plan(frame, lang="zh")["reason"].item() == "流失原因 = 价格过高"
    asked = TABLE.programmes_for(frame, lang="zh")
    assert set(asked["reason"]) == {"流失原因 = 价格过高"}


def test_a_cell_may_list_labels():
    """Each label of a list matches, in any order; blanks and repeats do not count."""
    want = [
        ("frq_mid_remind", "cause = promo_short"),
        ("psy_price_coupon", "cause = price_high"),
    ]
    assert given(cause="price_high;promo_short") == want
    assert given(cause=" promo_short ; price_high;price_high;") == want


def test_lists_of_labels_are_checked_one_by_one():
    """A misspelt label in a list is refused and counted, and is not shown."""
    frame = pd.DataFrame({"customer_id": [1, 2], "cause": ["price_high;price_hihg", "price_high"]})
    with pytest.raises(TableError, match=r"1 of 2 labels .* 1 customers .did you mean") as error:
        TABLE.plan(frame)
    assert "hihg" not in str(error.value)


@pytest.mark.parametrize(
    "labels",
    [{"cause": "user_deceased;price_high"}, {"churn_rule": "passive_bankrupt"}],
)
def test_who_cannot_return_gets_no_outreach_whatever_says_so(labels):
    """A cause or a type whose answer is no outreach stops everything else."""
    assert [s for s, _ in given(tier="high_value", churn_type="passive", **labels)] == [
        "ctype_passive_stop"
    ]


def test_who_left_gets_the_win_back_of_the_cause_and_nothing_else_of_it():
    """Rows for customers who left outlive the stop, also when a cause leads to them."""
    got = given(tier="churned", cause="hardship_pause;price_high")
    assert ("ctype_rev_wait", "cause = hardship_pause") in got
    assert not {"val_low_entry", "psy_price_coupon"} & {s for s, _ in got}


@pytest.mark.parametrize(
    "labels",
    [{"churn_type": "not_churned"}, {"cause": "unknown"}, {"risk_level": "low"}],
)
def test_quiet_labels_need_no_strategy(labels):
    """That nothing is wrong or known is neither refused nor a reason to write."""
    assert given(tier="new", **labels) == given(tier="new")


def test_a_tier_s_own_rows_come_before_those_of_its_flags():
    """A loyal high-value customer gets all that high-value customers get, within the cap."""
    got = [s for s, _ in given(cap=3, tier="high_value", is_loyal=True)]
    assert got == ["tier_high_offer", "tier_high_bespoke", "tier_high_reco"]
    more = [s for s, _ in given(cap=5, tier="high_value", is_loyal=True)]
    assert more[3:] == ["tier_loyal_event", "tier_loyal_points"]


def test_own_links_replace_the_packaged_ones():
    """An edited cause table leads where it says."""
    causes = cause_table().set_index("id")
    causes.loc["price_high", "remedy_strategies"] = "val_low_entry"
    links = strategy_links(causes=causes.reset_index())
    frame = pd.DataFrame({"customer_id": [1], "cause": ["price_high"]})
    assert TABLE.plan(frame, links=links)["strategy_id"].tolist() == ["val_low_entry"]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"strategy_id": "prd_qcc"}, "no strategy 'prd_qcc'.*did you mean 'prd_qc'"),
        ({"label": ""}, "row 1: label is empty"),
        ({"stop": "7"}, "row 1: stop must be"),
    ],
)
def test_wrong_links_are_refused(change, said):
    """Links to nowhere, empty cells and unknown stops are named with their row."""
    with pytest.raises(TableError, match=said):
        TABLE.plan(pd.DataFrame({"customer_id": [1]}), links=LINKS.head(1).assign(**change))


def test_links_that_are_no_links_are_refused():
    """Repeats, missing columns, repeated columns and other things than a frame."""
    frame = pd.DataFrame({"customer_id": [1], "cause": ["price_high"]})
    twice = pd.concat([LINKS, LINKS[["axis"]]], axis=1)
    for links in ([], LINKS[["axis"]], twice, pd.concat([LINKS, LINKS.head(1)])):
        with pytest.raises(TableError):
            TABLE.plan(frame, links=links)
