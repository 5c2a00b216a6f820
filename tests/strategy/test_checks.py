"""Contradictions and gaps of a strategy table, each found once."""

import pytest

from layerwise.errors import SpecError, TableError
from layerwise.strategy import Strategy, StrategyTable
from layerwise.strategy.checks import did_you_mean, uncovered, vocabulary


def row(i="a", **cells):
    """Return a valid strategy with some cells changed."""
    given = {"axis": "tier", "segment": "new", "action": f"Do {i}", "priority": 1, **cells}
    return Strategy(id=i, **given)


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ([row("a"), row("a", action="other")], "id 'a' stands in 2 rows"),
        ([row("a", action="Hi  there"), row("b", action="hi there")], "'b' is unreachable"),
        (
            [row("a", action="Hi"), row("b", segment="all", action="hi", priority=9)],
            "'a' is unreachable: 'b' does the same",
        ),
        (
            [row("a", action="Hi"), row("b", axis="all", segment="all", action="hi")],
            "'a' is unreachable: 'b' does the same",
        ),
        (
            [row("a", incentive="coupon"), row("b", segment="all", incentive="coupon")],
            "'b' and 'a' both give tier = new a price incentive",
        ),
        (
            [row("a", incentive="coupon"), row("b", incentive="points;flash_sale")],
            "'a' and 'b' both give tier = new a price incentive at priority 1",
        ),
    ],
)
def test_contradictions_are_refused(rows, said):
    """A table whose rows contradict each other cannot be made."""
    with pytest.raises(TableError, match=said):
        StrategyTable(rows=rows)


def test_what_is_no_contradiction():
    """Another priority, label or level, or an incentive that lowers no price, is fine."""
    rows = [
        row("a", incentive="coupon"),
        row("b", incentive="coupon", priority=2),
        row("c", incentive="coupon", segment="loyal"),
        row("d", incentive="points"),
        row("e", incentive="coupon", level="brand"),
    ]
    assert len(StrategyTable(rows=rows)) == 5


@pytest.mark.parametrize(
    ("cells", "said"),
    [
        ({"segment": "high_valu"}, "no label 'high_valu' .did you mean 'high_value'"),
        ({"segment": "Loyal"}, "did you mean 'loyal'"),
        ({"axis": "teir"}, "unknown axis 'teir' .did you mean 'tier'"),
        ({"segment": "not_evaluable"}, "no strategy can be for 'not_evaluable'"),
        ({"axis": "all", "segment": "new"}, "segment must be 'all'"),
    ],
)
def test_words_that_cannot_occur(cells, said):
    """A misspelt axis or label is named together with the nearest known one."""
    with pytest.raises(TableError, match=said):
        StrategyTable(rows=[row(**cells)]).validate()


def test_gap_is_refused():
    """A label of an axis in use without a strategy is named; brand rows do not fill it."""
    rows = [row(x, axis="value", segment=x) for x in ("low", "mid")]
    table = StrategyTable(rows=[*rows, row("x", axis="value", segment="high", level="brand")])
    with pytest.raises(TableError, match="value = high has no strategy"):
        table.validate()
    table.extend(StrategyTable(rows=[row("y", axis="value", segment="high")])).validate()


def test_all_fills_every_gap():
    """A row for segment all covers each label of its axis."""
    StrategyTable(rows=[row(axis="value", segment="all")]).validate()


def test_own_axes_and_labels():
    """A user's axis may hold anything until its labels are given; then they must fit."""
    table = StrategyTable(rows=[row(axis="shop", segment="north")])
    table.validate()
    table.validate({"shop": ["north", "not_evaluable"]})
    with pytest.raises(TableError, match="shop = south has no strategy"):
        table.validate({"shop": ["north", "south"]})
    with pytest.raises(TableError, match="axis 'shop' has no label 'north'"):
        table.validate({"shop": ["nord"]})
    with pytest.raises(TableError, match="unknown axis 'shop'"):
        table.validate({"city": ["x"]})


def test_implied_labels_count_as_covered():
    """Churn = lapsing is covered by the rows for risk = at_risk."""
    rows = [row("a", axis="risk", segment="at_risk"), row("b", axis="churn", segment="active")]
    assert uncovered(rows, vocabulary()) == [("churn", "churned")]


def test_labels_are_lists():
    """A text where a list of labels belongs is refused, not read letter by letter."""
    with pytest.raises(SpecError, match="axis to a list"):
        StrategyTable(rows=[row()]).validate({"tier": "new"})


def test_did_you_mean():
    """The nearest word is offered, and none when none is near."""
    assert did_you_mean("cupon", ["coupon", "points"]) == " (did you mean 'coupon'?)"
    assert did_you_mean("zzz", ["coupon"]) == ""
