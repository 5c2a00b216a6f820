"""Win-back: scores by hand, rules that leave customers out, steps, and who returns anyway."""

from typing import Any

import numpy as np
import pandas as pd
import pytest

import layerwise as lw
from layerwise.errors import LayerwiseError, RowsLeftOutWarning, SpecError
from layerwise.strategy import WinbackList, winback_list
from tests.conftest import ENGINES

CHOICES: dict[str, Any] = {
    "as_of": "2024-12-31",
    "value": "value",
    "p_return": "p0",
    "uplift": (0.02, 0.05),
    "margin": 0.3,
    "contact_cost": 0.1,
    "offer_cost": 5.0,
    "consent": "mail",
    "holdout": 0.0,
}


def people(n: int, **more: Any) -> pd.DataFrame:
    rows = {"customer_id": np.arange(n), "churn": "churned", "value": 100.0, "p0": 0.1}
    when = {"mail": True, "last_order": pd.Timestamp("2024-01-01")}
    return pd.DataFrame(rows | when, index=range(n)).assign(**more)


def messages(*rows: tuple[int, str]) -> pd.DataFrame:
    table = pd.DataFrame(rows, columns=["customer_id", "sent_at"])
    return table.assign(sent_at=pd.to_datetime(table["sent_at"]))


def listed(table: Any, **choices: Any) -> WinbackList:
    return winback_list(table, **CHOICES | choices)


def out(found: WinbackList) -> dict[str, int]:
    rules = found.left_out.set_index("rule")["customers"]
    return {rule: n for rule, n in rules.to_dict().items() if n}


def test_the_score_by_hand() -> None:
    """0.12 · 30 − 0.1 · 30 − 0.1 for a message; 0.15 · (30 − 5) − 3 − 0.1 with the offer."""
    log = messages((1, "2024-11-01"))
    found = listed(people(2), messages=log).customers.set_index("customer_id")
    assert found["score"].to_dict() == pytest.approx({0: 0.5, 1: 0.65})
    assert found["step"].to_dict() == {0: 1, 1: 2}
    assert found.loc[1, "action"] == "message with exclusive offer"
    assert found.loc[1, "reason"] == "attempt 2 of 3: 0.15 return with it, 0.1 without"


def test_each_rule_leaves_out_its_own() -> None:
    """Everybody is counted once, under the first rule that applies."""
    table = people(8, churn=["active", *["churned"] * 7], mail=[True, True, None, *[True] * 5])
    table["type"] = ["x", "passive_final", "x", "x", "x", None, "x", "x"]
    table["value"] = [100, 100, 100, 100, 100, np.nan, 1, 100]
    log = messages(
        (3, "2024-03-01"),
        (3, "2024-05-01"),
        (3, "2024-07-01"),
        (4, "2024-12-20"),
        (7, "2023-12-01"),
    )
    found = listed(table, churn_type="type", messages=log)
    assert out(found) == {
        "listed": 1, "not churned": 1, "passive and final": 1, "no consent": 1,
        "attempts used up": 1, "contacted lately": 1, "not evaluable": 1, "score not above 0": 1,
    }  # fmt: skip
    assert found.customers["customer_id"].tolist() == [7]
    assert found.customers["step"].tolist() == [1]  # a message before the last order is none


def test_steps_and_stop() -> None:
    """Message, two with the offer, then stop; 14 days between them; later ones are not read."""
    sent: list[tuple[int, str]] = []
    steps = {}
    for day in ["2024-06-01", "2024-06-10", "2024-06-15", "2024-07-01", "2024-08-01"]:
        log = messages(*sent, (0, "2025-06-01"))
        found = listed(people(1), as_of=day, messages=log).customers
        steps[day] = found["step"].tolist()
        sent += [(0, day)] if len(found) else []
    assert steps == {
        "2024-06-01": [1], "2024-06-10": [], "2024-06-15": [2], "2024-07-01": [3],
        "2024-08-01": [],
    }  # fmt: skip


def test_the_holdout_is_stable_and_the_capacity_takes_the_best() -> None:
    """The same tenth every time, whatever the order of rows; the others by score."""
    table = people(3000, value=np.random.default_rng(2).gamma(2, 50, 3000))
    found = listed(table, holdout=0.1)
    held = found.customers[found.customers["holdout"]]
    assert 0.07 < len(held) / len(found.customers) < 0.13
    again = listed(table.sample(frac=1, random_state=4), holdout=0.1, capacity=50)
    pd.testing.assert_frame_equal(
        again.customers[again.customers["holdout"]].reset_index(drop=True),
        held.reset_index(drop=True),
    )
    best = found.customers[~found.customers["holdout"]].head(50)["customer_id"]
    write = again.customers[~again.customers["holdout"]]["customer_id"]
    assert write.tolist() == best.tolist()
    assert found.left_out["customers"].sum() == again.left_out["customers"].sum() == 3000


def test_without_an_effect_nobody_is_written_to() -> None:
    """Who returns anyway is not won: without uplift no score is above zero."""
    found = listed(people(50, p0=np.linspace(0, 1, 50)), uplift=(0.0, 0.0))
    assert out(found) == {"score not above 0": 50}
    sure = listed(people(1, p0=1.0))
    assert out(sure) == {"score not above 0": 1}


def test_returns_against_the_holdout() -> None:
    """On CDNOW 18 % of those silent for 60 days return within 60 days anyway, and so p0 says."""
    orders = lw.datasets.load_cdnow()
    curve = lw.return_curve(orders, as_of="1998-06-30", amount=None)
    table = people(1, days_since_last=60, value=50.0)
    found = listed(table, p_return=curve, horizon_days=60)
    assert found.customers["p_return"].round(2).tolist() == [0.18]


@pytest.mark.parametrize("kind", ["pandas_arrow", "polars"])
def test_same_everywhere(kind: str) -> None:
    """Any frame in memory gives the same list, and is not changed."""
    table = people(30, value=np.arange(30.0))
    expected = listed(table, messages=messages((29, "2024-12-30"))).customers
    log = ENGINES[kind].make(messages((29, "2024-12-30")))
    found = listed(ENGINES[kind].make(table), messages=log).customers
    assert found["customer_id"].tolist() == expected["customer_id"].tolist()


def test_messages_to_strangers_are_told() -> None:
    """Messages of customers who are not in the table are counted."""
    with pytest.warns(RowsLeftOutWarning, match="1 rows of customers"):
        listed(people(1), messages=messages((0, "2024-06-01"), (99, "2024-06-01")))


@pytest.mark.parametrize(
    "choices",
    [
        {"uplift": 0.05}, {"uplift": (0.1,)}, {"uplift": (2.0, 0.1)}, {"margin": 30},
        {"contact_cost": -1}, {"max_attempts": 0}, {"wait_days": 1.5}, {"capacity": -1},
        {"holdout": 1}, {"consent": "churn"}, {"consent": "no"}, {"value": "churn"},
        {"p_return": 0.1}, {"status": "mail"}, {"as_of": "soon"}, {"salt": ""},
        {"churn_type": "value"},
    ],
)  # fmt: skip
def test_refused(choices: dict[str, Any]) -> None:
    """Every impossible choice is an error of layerwise with a hint."""
    with pytest.raises(LayerwiseError, match="Hint: "):
        listed(people(2), **choices)


def test_the_opposite_probability_is_refused() -> None:
    """A model's P(no purchase) is no probability to return; one minus it is, as the hint says."""
    table = people(2, p_no_purchase_90d=0.9)
    with pytest.raises(SpecError, match=r"(?s)the opposite.*Hint: .*1 - customers\['p_no_pur"):
        listed(table, p_return="p_no_purchase_90d")
    found = listed(table.assign(p_return=1 - table["p_no_purchase_90d"]), p_return="p_return")
    assert found.customers["p_return"].round(3).tolist() == [0.1, 0.1]


def test_the_hint_takes_spend_not_the_layer() -> None:
    """On a labelled table `value` is the layer low, mid, high."""
    with pytest.raises(SpecError, match=r"Hint: winback_list\(status, .*value='spend_mean'"):
        listed(people(1), margin=30)


def test_refused_probabilities() -> None:
    """Probabilities above one and negative values."""
    for change in ({"p0": 1.1}, {"value": -1.0}):
        with pytest.raises(LayerwiseError, match="2 of 2"):
            listed(people(2, **change))


def test_columns_are_named() -> None:
    """Another id column, another time column and day-first dates give the same list."""
    own = {"customer_id": "client", "sent_at": "written"}
    log = messages((1, "2024-11-01"), (1, "2024-12-24"), (2, "2023-12-30"))
    theirs = log.assign(sent_at=log["sent_at"].dt.strftime("%d/%m/%Y")).rename(columns=own)
    expected = listed(people(4), messages=log)
    named = {"customer": "client", "time": "written", "time_format": "%d/%m/%Y"}
    found = listed(people(4).rename(columns=own), messages=theirs, **named)
    pd.testing.assert_frame_equal(
        found.customers.rename(columns={"client": "customer_id"}), expected.customers
    )
    pd.testing.assert_frame_equal(found.left_out, expected.left_out)
    assert out(expected)["contacted lately"] == 1
