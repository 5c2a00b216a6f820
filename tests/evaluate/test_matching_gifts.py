"""A real randomised mailing: Karlan and List (2007), "Does Price Matter in Charitable Giving?".

American Economic Review 97(5), 1774-1793: 50,083 letters to earlier donors, two thirds of them with
the offer to match a gift 1:1, 2:1 or 3:1. The data are in the public domain (CC0);
`karlan_list_2007.csv` counts letters by arm, by who won the state in 2004, by earlier gifts and by
whether the donor gave.
"""

from functools import cache
from pathlib import Path

import pandas as pd
import pytest

from layerwise.evaluate import Experiment, Share, analyse


@cache
def letters() -> pd.DataFrame:
    """Return one row a letter."""
    counts = pd.read_csv(Path(__file__).with_name("karlan_list_2007.csv"), dtype={"gifts": str})
    rows = counts.loc[counts.index.repeat(counts["letters"])].reset_index(drop=True)
    match = rows["arm"].where(rows["arm"] == "control", "match")
    return rows.assign(customer_id=rows.index, ratio=rows["arm"], arm=match)


def analysed(by: str | None = None, arm: str = "arm") -> Experiment:
    """Analyse the share who gave."""
    shares = {"control": 1 / 3, "match": 2 / 3}
    if arm == "ratio":
        shares = {"control": 1 / 3, "1:1": 2 / 9, "2:1": 2 / 9, "3:1": 2 / 9}
    return analyse(letters(), metrics={"gave": Share("gave")}, arms=shares, arm=arm, by=by)


def test_the_match_raises_the_share_who_give_as_published() -> None:
    """Table 2A: 1.8 % without, 2.2 % with a match; the arms have their planned sizes."""
    found = analysed()
    effect = found.effects.iloc[0]
    assert len(letters()) == 50_083
    assert found.trusted
    assert round(effect["control_value"], 3) == 0.018
    assert round(effect["arm_value"], 3) == 0.022
    assert effect["low"] > 0


def test_a_higher_ratio_adds_nothing_as_published() -> None:
    """Table 2A: 2.1, 2.3 and 2.3 % at 1:1, 2:1 and 3:1."""
    found = analysed(arm="ratio").effects.set_index("arm")["arm_value"]
    assert found.round(3).to_dict() == {"1:1": 0.021, "2:1": 0.023, "3:1": 0.023}


def test_the_match_works_in_red_states_alone_as_published() -> None:
    """Table 2C: +0.9 points in states that Bush won, +0.1 in the others; the layers differ."""
    found = analysed(by="state")
    layers = found.layers.set_index("layer")["effect"]
    assert layers["red"] == pytest.approx(0.0088, abs=5e-5)
    assert layers["blue"] == pytest.approx(0.0010, abs=5e-4)
    assert found.interactions["p"].iloc[0] < 0.01
