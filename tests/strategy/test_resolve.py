"""Which columns a plan looks at: renamed axes, chosen axes, flags without their axis."""

import pandas as pd
import pytest

from layerwise.errors import ColumnsError, ColumnsLeftOutWarning, RowsLeftOutWarning
from layerwise.strategy import Strategy, StrategyTable

ROWS = [("t", "tier", "loyal"), ("v", "value", "high"), ("vip", "vip", "yes")]
TABLE = StrategyTable(
    rows=[
        Strategy(id=i, axis=axis, segment=segment, action=f"Do {i}", priority=1)
        for i, axis, segment in ROWS
    ]
)
LABELS = pd.DataFrame({"customer_id": [1], "等级": ["loyal"], "value": ["high"], "vip": ["yes"]})
FLAGGED = LABELS.assign(is_loyal=True, is_high_value=False)


def ids(frame, **choices):
    """Return the strategies of the plan."""
    return sorted(TABLE.plan(frame, **choices)["strategy_id"])


def test_mapping_renames_and_keeps_the_other_axes():
    """Naming the tier's column does not drop the axes value and vip."""
    assert ids(LABELS, axes={"tier": "等级"}) == ["t", "v", "vip"]
    assert ids(LABELS, axes={}) == ids(LABELS) == ["v", "vip"]


def test_list_restricts():
    """A list of axes uses these alone."""
    assert ids(LABELS, axes=["vip"]) == ["vip"]


def test_renamed_axis_hides_the_column_of_its_own_name():
    """Beside a renamed tier, a column called tier is not looked at."""
    both = LABELS.assign(tier="no label of ours")
    assert ids(both, axes={"tier": "等级"}) == ["t", "v", "vip"]


def test_column_given_to_another_axis_is_not_its_own_axis():
    """The column vip, used as the tier, does not earn vip's strategies too."""
    frame = LABELS.drop(columns="等级").assign(vip="loyal")
    assert ids(frame, axes={"tier": "vip"}) == ["t", "v"]


def test_customer_and_consent_are_no_axes():
    """A column that is the id or the consent is never taken for an axis of its name."""
    frame = LABELS.drop(columns="customer_id").assign(vip=[True])
    assert ids(frame, customer="value", consent="vip", axes={"tier": "等级"}) == ["t"]


def test_flags_without_their_axis_are_told():
    """Flags beside a renamed tier are unused: a warning names them and the way out."""
    with pytest.warns(ColumnsLeftOutWarning, match=r"is_loyal, (.|\n)*axes=\{\"tier\":"):
        assert ids(FLAGGED) == ["v", "vip"]


def test_flags_with_their_axis_are_used():
    """With the tier named the flags count, and nothing is told; nor for a list without tier."""
    assert ids(FLAGGED.assign(等级="loyal"), axes={"tier": "等级"}) == ["t", "v", "vip"]
    assert ids(FLAGGED.assign(等级=None), axes={"tier": "等级"}) == ["t", "v", "vip"]
    assert ids(FLAGGED, axes=["value"]) == ["v"]


def test_flags_of_an_axis_without_strategies_are_not_told():
    """A table that has nothing for tiers does not ask for one."""
    assert TABLE.without(["t"]).plan(FLAGGED)["strategy_id"].tolist() == ["v", "vip"]


def test_missing_renamed_column():
    """A column that is not there is named with its nearest neighbour."""
    with pytest.raises(ColumnsError, match="did you mean 'value'"):
        ids(LABELS, axes={"tier": "valeu"})


def test_only_flags():
    """Customers reached by nothing and flags left aside are both told."""
    frame = FLAGGED[["customer_id", "is_loyal"]].assign(value=None)
    with pytest.warns(ColumnsLeftOutWarning), pytest.warns(RowsLeftOutWarning):
        ids(frame)
