"""Levels: thresholds, upgrades at once, downgrades by one step a year, laws."""

from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from layerwise.errors import DataError, LayerwiseError, RowsLeftOutWarning, SpecError, TableError
from layerwise.membership import level_table, level_table_from, membership_levels
from tests.conftest import ENGINES

DAY = pd.Timestamp("2024-12-31")


def people(spend: Any, days: Any) -> pd.DataFrame:
    rows = {"customer_id": np.arange(len(spend)), "spend_365d": spend, "orders_365d": days}
    return pd.DataFrame(rows)


def run(table: pd.DataFrame, /, after: int = 0, **choices: Any) -> pd.DataFrame:
    found: pd.DataFrame = membership_levels(table, as_of=DAY + pd.Timedelta(after, "D"), **choices)
    return found


def test_thresholds_are_reached_at_their_own_value() -> None:
    """From 200 and from 6 days means 200 and 6; below it is the level below."""
    found = run(people([200.0, 199.99, 200.0, 0.0, -5.0, 9999.0], [6, 6, 5, 2, 9, 1]))
    assert found["level"].tolist() == [2, 1, 1, 1, 0, 0]
    assert found["level_id"].tolist()[:2] == ["silver", "member"]
    assert found["level_id"].tolist()[-1] == "none"


def test_gaps_to_the_next_level() -> None:
    """Both gaps with the lower level; each way alone with the higher; none at the top."""
    table = people([150.0, 700.0, 5000.0], [7, 7, 90])
    low, high = run(table), run(table, combine="max")
    assert low["gap_spend"].tolist()[:2] == [50, 0]
    assert low["gap_days"].tolist()[:2] == [0, 5]
    assert high["level"].tolist() == [2, 3, 4]
    assert high["gap_spend"].tolist()[:2] == [450, 800]
    assert high["gap_days"].tolist()[:2] == [5, 17]
    assert low.loc[2, ["gap_spend", "gap_days"]].isna().all()


def test_a_level_falls_one_step_after_review_and_grace() -> None:
    """Kept to the review, kept in grace, then one step, then not again for a year."""
    held = run(people([5000.0], [90]))
    poor, seen = people([0.0], [0]), {}
    for after in [100, 364, 365, 394, 395, 396, 759, 760, 789, 790, 1185, 1580, 1975]:
        held = run(poor, after, previous=held)
        seen[after] = (held["level"][0], held["level_change"][0])
    assert seen == {
        100: (4, "kept"), 364: (4, "kept"), 365: (4, "in grace"), 394: (4, "in grace"),
        395: (3, "downgraded"), 396: (3, "kept"), 759: (3, "kept"), 760: (3, "in grace"),
        789: (3, "in grace"), 790: (2, "downgraded"), 1185: (1, "downgraded"),
        1580: (0, "downgraded"), 1975: (0, "renewed"),
    }  # fmt: skip


def test_upgrade_at_once_and_renewal() -> None:
    """More is given on the day; what is still earned at the review is renewed for a year."""
    first = run(people([250.0], [7]))
    up = run(people([650.0], [13]), 10, previous=first)
    assert up[["level", "level_change"]].to_numpy().tolist() == [[3, "upgraded"]]
    assert up["level_review"][0] == DAY + pd.Timedelta(375, "D")
    again = run(people([650.0], [13]), 380, previous=up)
    assert again["level_change"].tolist() == ["renewed"]
    assert again["level_since"][0] == up["level_since"][0]
    assert again["level_review"][0] == DAY + pd.Timedelta(380 + 365, "D")
    rescued = run(people([650.0], [13]), 390, previous=up.assign(level_review=DAY))
    assert rescued["level_change"].tolist() == ["renewed"]


customers = st.lists(
    st.tuples(st.floats(-50, 3000).map(lambda v: round(v, 2)), st.integers(0, 30)),
    min_size=2, max_size=12,
)  # fmt: skip
GRID = ((0, 0, 0, 1, 1), (0, 1, 1, 2, 2), (0, 1, 2, 2, 3), (1, 2, 2, 3, 4), (1, 2, 3, 4, 4))
ways = st.sampled_from(["min", "max", GRID])


@given(customers, ways, st.integers(0, 900), st.integers(0, 4))
def test_monotone(rows: list[tuple[float, int]], way: Any, after: int, level: int) -> None:
    """With one state before, who spends no less on no fewer days holds no lower a level."""
    table = people(*map(list, zip(*rows, strict=True)))
    before = run(table).assign(level=level)
    for previous in (None, before):
        found = run(table, after, previous=previous, combine=way)
        for i, (spend, days) in enumerate(rows):
            more = [s >= spend and d >= days for s, d in rows]
            assert (found.loc[more, "level"] >= found.loc[i, "level"]).all()


@given(customers, customers, ways, st.integers(0, 900))
def test_idempotent(
    first: list[tuple[float, int]], second: list[tuple[float, int]], way: Any, after: int
) -> None:
    """A second run of a day changes nothing but what it says it did."""
    n = min(len(first), len(second))
    before = run(people(*map(list, zip(*first[:n], strict=True))), combine=way)
    table = people(*map(list, zip(*second[:n], strict=True)))
    once = run(table, after, previous=before, combine=way)
    twice = run(table, after, previous=once, combine=way)
    same = once.columns.drop("level_change")
    pd.testing.assert_frame_equal(once[same], twice[same])
    assert (before["level"] - once["level"] <= 1).all()


@given(st.floats(-10, 2500), st.integers(0, 30), ways)
def test_the_gap_is_what_lacks(spend: float, days: int, way: Any) -> None:
    """Who closes the gap reaches the next level: both gaps with min, either with the others."""
    one = run(people([spend], [days]), combine=way).iloc[0]
    tries = [(one["gap_spend"], one["gap_days"])] if way == "min" else [
        (one["gap_spend"], 0), (0, one["gap_days"])]  # fmt: skip
    for money, more in tries:
        if not np.isnan(money) and not np.isnan(more):
            # Money is binary: the sum may fall short of the threshold by its last digit.
            closed = run(people([spend + money + 1e-9], [days + more]), combine=way)
            assert closed["level"][0] > one["level"]


def test_missing_keeps_the_level_before() -> None:
    """Unknown spend is not zero spend: the level stays, and a new customer has none."""
    before = run(people([700.0], [20]))
    found = run(people([np.nan, np.nan], [3, 3]), 500, previous=before)
    assert found["level_change"].tolist() == ["not_evaluable"] * 2
    assert found["level"].tolist()[0] == 3
    assert found[["level", "level_since", "gap_spend"]].iloc[1].isna().all()


def test_customers_who_lost_their_row_are_told() -> None:
    """Levels that would vanish are counted."""
    before = run(people([700.0, 5.0], [20, 3]))
    with pytest.warns(RowsLeftOutWarning, match="1 of 2 customers with a level"):
        found = run(people([700.0], [20]), 5, previous=before)
    assert found["level_change"].tolist() == ["kept"]


def test_thresholds_from_quantiles_are_frozen() -> None:
    """The packaged quantiles of spend above zero, as texts of the table with a new version."""
    table = people(np.arange(101.0), np.full(101, 30))
    mine = level_table_from(table, version="2027-1")
    assert mine["spend_from"].tolist() == ["0", "50", "80", "95"]
    found = run(table, table=mine)
    assert found["level"].value_counts().sort_index().tolist() == [50, 30, 15, 6]
    assert set(found["level_version"]) == {"2027-1"}
    with pytest.raises(DataError, match="same threshold"):
        level_table_from(people([5.0, 5.0, 5.0], [1, 1, 1]), version="x")
    for wrong in ({"quantiles": (0.5,)}, {"quantiles": (0.9, 0.5, 0.7)}, {"version": " "}):
        with pytest.raises(SpecError, match="Hint: "):
            level_table_from(table, **{"version": "x"} | wrong)


def test_the_packaged_table() -> None:
    """Both languages, and benefits that two levels may share."""
    table = level_table()
    assert (table != "").all(axis=None)
    shared = table.assign(benefits="all alike")
    assert run(people([0.0], [3]), table=shared)["benefits"].tolist() == ["all alike"]
    assert run(people([300.0], [8]), lang="zh")["benefits"][0].startswith("专属 97 折")


@pytest.mark.parametrize("kind", ["pandas_arrow", "polars"])
def test_same_everywhere(kind: str) -> None:
    """Another frame gives its own kind back with the same levels, twice over."""
    table = people([700.0, 90.0], [14, 7])
    expected = run(people([0.0, 0.0], [0, 0]), 400, previous=run(table))
    make = ENGINES[kind].make
    before = run(make(table))
    assert type(before) is type(make(table))
    found = run(make(people([0.0, 0.0], [0, 0])), 400, previous=before)
    plain = ENGINES[kind].pandas(found)
    assert plain["level"].tolist() == expected["level"].tolist()
    assert plain["level_id"].tolist() == expected["level_id"].tolist()


@pytest.mark.parametrize(
    "change",
    [
        {"level": ["1", "2", "2", "4"]},
        {"spend_from": ["0", "600", "200", "1500"]},
        {"order_days_from": ["-1", "6", "12", "24"]},
        {"spend_from": "much"},
        {"version": ["a", "a", "b", "b"]},
        {"id": ["none", "silver", "gold", "platinum"]},
    ],
)
def test_refused_tables(change: dict[str, Any]) -> None:
    """A table that is no ladder is refused."""
    with pytest.raises(TableError, match="Hint: "):
        run(people([1.0], [1]), table=level_table().assign(**change))


@pytest.mark.parametrize(
    "choices",
    [
        {"combine": "mean"},
        {"combine": ((1, 0), (0, 1))},
        {"combine": (*GRID[:4], (0, 0, 0, 0, 0))},
        {"grace_days": -1},
        {"lang": "de"},
        {"spend": "money"},
        {"previous": people([1.0], [1])},
    ],
)
def test_refused_choices(choices: dict[str, Any]) -> None:
    """Every impossible choice is an error of layerwise with a hint."""
    with pytest.raises(LayerwiseError, match="Hint: "):
        run(people([1.0], [1]), **choices)


def test_refused_data() -> None:
    """Impossible days, text, and a state from the future."""
    with pytest.raises(DataError, match="negative in 1 of 1"):
        run(people([1.0], [-1]))
    with pytest.raises(LayerwiseError, match="text"):
        run(people(["a"], [1]))
    later = run(people([1.0], [2]), 50)
    with pytest.raises(DataError, match="later run: 1 of 1"):
        run(people([1.0], [2]), previous=later)
    with pytest.raises(DataError, match="does not have: 1 of 1"):
        run(people([1.0], [2]), previous=run(people([1.0], [2])).assign(level=9))


def test_the_id_column_is_named() -> None:
    """Another id column gives the same levels, also after a run before."""
    table, own = people([700.0, 90.0], [14, 7]), {"customer_id": "client"}
    before = run(table)
    found = run(table.rename(columns=own), customer="client")
    pd.testing.assert_frame_equal(found, before.rename(columns=own))
    poorer = table.assign(spend_365d=0.0)
    later = run(poorer.rename(columns=own), after=395, previous=found, customer="client")
    pd.testing.assert_frame_equal(
        later, run(poorer, after=395, previous=before).rename(columns=own)
    )
    assert later["level_change"].tolist()[0] == "downgraded"


def test_dates_of_the_previous_run_are_dates_or_iso_text() -> None:
    """The hint names no argument that is not there."""
    before = run(people([700.0], [14]))
    before["level_since"] = before["level_since"].dt.strftime("%d/%m/%Y")
    with pytest.raises(DataError, match=r"pd\.to_datetime") as caught:
        run(people([700.0], [14]), previous=before)
    assert "time_format" not in str(caught.value)
