"""The strategy table as a value: default rows, joining, dropping, coverage."""

import re

import attrs
import pandas as pd
import pytest

from layerwise.errors import SpecError, TableError
from layerwise.strategy import Strategy, StrategyTable

DEFAULT = StrategyTable.default()
MINE = StrategyTable(
    rows=[Strategy(id="mine", axis="tier", segment="new", action="Call them", priority=5)]
)


def test_default_is_valid():
    """The default table fits the built-in labels, each of which has a strategy."""
    DEFAULT.validate()
    assert len(DEFAULT) == 245


@pytest.mark.parametrize(
    ("case", "stated"),
    [
        ("F", "prd_speed per_young_launch com_topics soc_kol"),
        ("G", "prd_recall prd_test prd_educate"),
        ("H", "sup_flow sup_fast fb_channels sup_train"),
    ],
)
def test_stated_responses_of_the_case_studies(case, stated):
    """What the three firms of the sources did is in the default table, as stated."""
    assert all(DEFAULT[i].basis == "stated" for i in stated.split())


def test_every_row_says_where_it_comes_from():
    """Each row names sections of the sources, or says that it is the field's usage."""
    curated = [row for row in DEFAULT if re.match(r"S[0-3]:\d", row.source)]
    ours = [row for row in DEFAULT if row.source.startswith("field method")]
    assert (len(curated), len(ours)) == (233, 12)
    assert {row.basis for row in ours} == {"inferred"}


def test_brand_programmes_are_apart():
    """No plan of a customer holds a programme of the brand, and both parts make the whole."""
    programmes = DEFAULT.programmes
    assert {row.level for row in programmes} == {"brand"}
    assert len(programmes) + sum(row.level == "customer" for row in DEFAULT) == len(DEFAULT)
    assert "all" not in DEFAULT.axes


def test_order_of_rows_does_not_matter_to_a_plan():
    """The table turned upside down gives the same plan."""
    frame = pd.DataFrame({"customer_id": [1, 2], "tier": ["loyal", "churned"], "rfm": "lost"})
    turned = StrategyTable(rows=reversed(DEFAULT.rows))
    pd.testing.assert_frame_equal(turned.plan(frame), DEFAULT.plan(frame))


def test_extend_and_without():
    """Rows are added, replaced when asked, and taken out; the tables themselves stay."""
    joined = DEFAULT.extend(MINE)
    assert len(joined) == len(DEFAULT) + 1
    assert joined.without("mine") == joined.without(["mine"]) == DEFAULT
    new = attrs.evolve(MINE["mine"], action="Write")
    assert joined.extend(StrategyTable(rows=[new]), replace=True)["mine"].action == "Write"
    with pytest.raises(TableError, match="id 'mine' stands in 2 rows"):
        joined.extend(MINE)


def test_extending_changes_the_plan():
    """A user's row with a better priority comes first."""
    frame = pd.DataFrame({"customer_id": [1], "tier": ["new"]})
    assert DEFAULT.extend(MINE).plan(frame)["strategy_id"].tolist() == ["mine", "tier_new_onboard"]


def test_unknown_ids():
    """An id that is not there is named with the nearest one."""
    with pytest.raises(SpecError, match="did you mean 'tier_new_onboard'"):
        DEFAULT["tier_new_onbord"]
    with pytest.raises(SpecError, match="no strategies nothing"):
        DEFAULT.without(["nothing", "mem_levels"])


def test_frame_and_iteration():
    """The frame has a row a strategy and its columns are the fields."""
    frame = DEFAULT.to_frame()
    assert frame["id"].tolist() == [row.id for row in DEFAULT] == list(DEFAULT.ids)
    assert frame.columns.tolist() == [f.name for f in attrs.fields(Strategy)]


def test_frozen_and_equal():
    """A table cannot be changed, equals one of equal rows, and says briefly what it is."""
    assert StrategyTable.default(lang="zh") == DEFAULT
    assert hash(MINE) == hash(StrategyTable(rows=list(MINE)))
    assert repr(MINE) == "StrategyTable(1 strategies on axes tier)"
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        MINE.rows = ()


def test_unreachable():
    """Named: the second price incentive of one label, and rows below the cap of their label."""
    assert DEFAULT.unreachable() == ("frq_low_second",)
    assert DEFAULT.unreachable(one_price_incentive=False) == ()
    assert "tier_high_reco" in DEFAULT.unreachable(cap=2)


def test_unreachable_rows_are_in_no_plan():
    """What is called unreachable never shows, even when its label is the only one."""
    frame = pd.DataFrame({"customer_id": [1], "frequency": ["low"]})
    assert DEFAULT.plan(frame)["strategy_id"].tolist() == ["frq_low_offer"]


@pytest.mark.parametrize("rows", [[1], ["a"], [None], 5, "a"])
def test_rows_of_another_class(rows):
    """A table takes strategies only."""
    with pytest.raises(SpecError, match=r"not of class Strategy|list of strategies"):
        StrategyTable(rows=rows)


@pytest.mark.parametrize(
    "call",
    [
        lambda: DEFAULT.without(5),
        lambda: DEFAULT.validate(5),
        lambda: DEFAULT.validate({"tier": 5}),
        lambda: DEFAULT.unreachable(cap=0),
        lambda: StrategyTable.default(lang="fr"),
    ],
)
def test_impossible_arguments(call):
    """Arguments of the wrong kind are refused as ours, not by whatever breaks first."""
    with pytest.raises(SpecError):
        call()
