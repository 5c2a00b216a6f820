"""ChurnStatus: three rules from silence, one interface."""

from typing import Any

import numpy as np
import pandas as pd
import pytest

from layerwise.errors import ColumnsError, DataError, FitError, SpecError
from layerwise.layers import ChurnStatus
from layerwise.loading import loads
from tests.conftest import Engine

#   regular buyer, late, gone, young, one order long ago, one order at the edge of its limit
TABLE = pd.DataFrame(
    {
        "customer_id": [1, 2, 3, 4, 5, 6],
        "repeat_orders": [8, 4, 4, 0, 0, 0],
        "first_to_last_days": [80.0, 120.0, 120.0, 0.0, 0.0, 0.0],
        "days_since_last": [4.0, 65.0, 300.0, 20.0, 200.0, 60.0],
        "age_days": [84.0, 185.0, 420.0, 20.0, 200.0, 60.0],
    }
)


def statuses(spec: ChurnStatus, table: pd.DataFrame = TABLE) -> list[Any]:
    return spec.fit(table).transform(table)["churn"].tolist()


def test_cadence_by_hand() -> None:
    """The limit is 3 x (own gaps + 2 mean gaps) / (own count + 2); mean gap = 320 / 16 = 20 d."""
    fitted = ChurnStatus().fit(TABLE)
    found = fitted.transform(TABLE)
    assert found["churn_limit_days"].tolist() == [36, 80, 80, 60, 60, 60]
    assert found["churn"].tolist() == [
        "active",
        "lapsing",
        "churned",
        "not_evaluable",
        "churned",
        "lapsing",
    ]


def test_limit_is_kept_within_floor_and_cap() -> None:
    """Short cadences get the floor, long ones the cap."""
    limits = ChurnStatus(floor_days=50, cap_days=70).fit(TABLE).transform(TABLE)["churn_limit_days"]
    assert limits.tolist() == [50, 70, 70, 60, 60, 60]


def test_window_is_the_same_for_all() -> None:
    """Silence beyond the window is churned, younger customers cannot be judged."""
    assert statuses(ChurnStatus(rule="window", window_days=100)) == [
        "not_evaluable",
        "lapsing",
        "churned",
        "not_evaluable",
        "churned",
        "not_evaluable",
    ]


def test_model_reads_p_alive() -> None:
    """Low P(alive) is churned; missing is not evaluable."""
    table = pd.DataFrame({"p_alive": [0.1, 0.3, 0.59, 0.6, np.nan]})
    assert statuses(ChurnStatus(rule="model"), table) == [
        "churned",
        "lapsing",
        "lapsing",
        "active",
        "not_evaluable",
    ]


def test_missing_days_are_not_evaluable() -> None:
    """A customer with missing days gets no guess."""
    table = TABLE.assign(days_since_last=[np.nan, *TABLE["days_since_last"][1:]])
    assert statuses(ChurnStatus(), table)[0] == "not_evaluable"


def test_same_on_every_engine(engine: Engine) -> None:
    """Every engine gives the labels of pandas."""
    fitted = ChurnStatus().fit(engine.make(TABLE))
    found = engine.pandas(fitted.transform(engine.make(TABLE)))
    assert found["churn"].tolist() == statuses(ChurnStatus())
    assert loads(fitted.to_json()) == fitted


def test_exponential_gaps_flag_five_per_cent() -> None:
    """With exponential gaps, three expected gaps wrongly flag about e**-3 (K09)."""
    rng = np.random.default_rng(7)
    gaps = rng.exponential(20, size=(20_000, 31))
    silence = gaps[:, 30] * rng.random(20_000)  # a look at a random moment of an open gap ...
    whole = gaps[:, :30].sum(axis=1)
    table = pd.DataFrame(
        {
            "repeat_orders": 30,
            "first_to_last_days": whole,
            "days_since_last": gaps[:, 30],  # ... and at its end, the worst moment
            "age_days": whole + 10_000,
        }
    )
    flagged = np.mean(np.array(statuses(ChurnStatus(floor_days=1), table)) == "churned")
    assert 0.045 < flagged < 0.065
    sooner = table.assign(days_since_last=silence)
    assert np.mean(np.array(statuses(ChurnStatus(floor_days=1), sooner)) == "churned") < flagged


def test_nobody_bought_twice() -> None:
    """Without any gap the cadence cannot be learned, and the error says what to do."""
    with pytest.raises(FitError, match=r"second occasion(.|\n)*Hint: .*window"):
        ChurnStatus().fit(TABLE.assign(repeat_orders=0, first_to_last_days=0.0))


@pytest.mark.parametrize(
    "choices",
    [
        {"rule": "silence"},
        {"rule": "window"},
        {"times": 0},
        {"times": "3"},
        {"window_days": 90},
        {"rule": "window", "window_days": 90, "times": 4},
        {"floor_days": 100, "cap_days": 50},
        {"rule": "model", "churned_below": 0.7},
        {"lapsing_share": 0},
    ],
)
def test_refused(choices: dict[str, Any]) -> None:
    """A choice out of range is an error when the spec is made."""
    with pytest.raises(SpecError, match="ChurnStatus"):
        ChurnStatus(**choices)


def test_missing_columns_are_all_named() -> None:
    """All missing columns stand in one error."""
    with pytest.raises(ColumnsError, match=r"days_since_last(.|\n)*age_days(.|\n)*Found: x"):
        ChurnStatus().fit(pd.DataFrame({"x": [1]}))


@pytest.mark.parametrize("p", [-0.1, 1.5, 93.0])
def test_p_alive_is_a_probability(p: float) -> None:
    """Numbers outside 0 to 1 are refused when fitting and when labelling."""
    good, bad = pd.DataFrame({"p_alive": [0.0, 1.0]}), pd.DataFrame({"p_alive": [0.5, p]})
    spec = ChurnStatus(rule="model")
    for run in (spec.fit, spec.fit(good).transform):
        with pytest.raises(DataError, match=r"p_alive lies outside 0 to 1: 1 of 2(.|\n)*Hint"):
            run(bad)


@pytest.mark.parametrize(
    ("silence", "age", "status"),
    [
        (50.0, 100.0, "active"),
        (50.1, 100.0, "lapsing"),
        (100.0, 100.0, "lapsing"),
        (100.1, 100.1, "churned"),
        (50.1, 99.9, "not_evaluable"),
    ],
)
def test_limits_belong_to_the_better_status(silence: float, age: float, status: str) -> None:
    """Silence of exactly the limit, or of half of it, has not passed it; age may be the limit."""
    spec = ChurnStatus(rule="window", window_days=100)
    assert statuses(spec, pd.DataFrame({"days_since_last": [silence], "age_days": [age]})) == [
        status
    ]


@pytest.mark.parametrize(
    ("choices", "hint"),
    [
        ({"rule": "window"}, "return_curve"),
        ({"window_days": 90}, "choose the rule"),
        ({"times": -1}, r"ChurnStatus\(\) has"),
    ],
)
def test_hints_fit_the_fault(choices: dict[str, Any], hint: str) -> None:
    """Only a missing window is to be found in the return curve."""
    with pytest.raises(SpecError, match=f"Hint: {hint}"):
        ChurnStatus(**choices)
