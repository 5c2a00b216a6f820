"""Measuring functions refuse what is no name, number or table before it fails within."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest

from layerwise import evaluate
from layerwise.errors import ColumnsError, DataError, SpecError
from layerwise.plots import plot_migration

HALVES = {"control": 0.5, "offer": 0.5}
PEOPLE = pd.DataFrame(
    {
        "customer_id": range(80),
        "arm": ["control", "offer"] * 40,
        "bought": [0, 0, 1, 1] * 20,
        "spend": [1.0, 2.0, 3.0, 5.0] * 20,
        "before": [2.0, 1.0, 4.0, 4.0] * 20,
        "treated": [True, False] * 40,
        "tier": "gold",
    }
)
PLAN = pd.DataFrame({"customer_id": range(80), "strategy_id": "s", "control": False}).assign(
    holdout=[True, False] * 40
)
LABELS = pd.DataFrame(
    {
        "customer_id": [1, 2, 1, 2],
        "as_of": ["2024-01-31"] * 2 + ["2024-02-29"] * 2,
        "value": ["low", "mid", "mid", "mid"],
    }
)
EVENTS = pd.DataFrame(
    {"customer_id": [1, 1], "ts": ["2024-05-01", "2024-05-02"], "event_type": ["view", "order"]}
)
DRAW: dict[str, Any] = {"experiment": "x", "arms": HALVES, "salt": "a secret text"}
WAY: dict[str, Any] = {"steps": ("view", "order"), "as_of": "2024-06-01"}
GOAL = [evaluate.Goal(metric="bought")]
LIKES: dict[str, Any] = {"treated": "treated", "after": "spend", "before": "before"}

NAMES: list[Callable[[Any], object]] = [
    lambda v: evaluate.assign(PEOPLE, strata=v, **DRAW),
    lambda v: evaluate.analyse(PEOPLE, metrics=["bought"], arms=HALVES, arm=v),
    lambda v: evaluate.analyse(PEOPLE, metrics=["bought"], arms=HALVES, by=v),
    lambda v: evaluate.analyse(PEOPLE, metrics=["bought"], arms=HALVES, control=v),
    lambda v: evaluate.analyse(PEOPLE, metrics=["bought"], arms=HALVES, balance=[v]),
    lambda v: evaluate.effects(PLAN, PEOPLE, goals=GOAL, holdout=0.5, match=[v]),
    lambda v: evaluate.matched_difference(PEOPLE, **LIKES | {"treated": v}),
    lambda v: evaluate.matched_difference(PEOPLE, match=[v], **LIKES),
    lambda v: evaluate.plan_experiment(PLAN, PEOPLE, strategy=v),
    lambda v: evaluate.plan_experiment(PLAN, PEOPLE, arm=v),
    lambda v: evaluate.measure_migration(LABELS, label=v),
    lambda v: evaluate.steady_labels(LABELS, label="value", customer=v),
    lambda v: evaluate.measure_funnel(EVENTS, step=v, **WAY),
    lambda v: evaluate.measure_funnel(EVENTS, session=v, **WAY),
    lambda v: evaluate.measure_funnel(EVENTS, customers=PEOPLE, segment=v, **WAY),
]


@pytest.mark.parametrize("value", [3, ["arm"], {}, b"x", np.array([1, 2])], ids=repr)
@pytest.mark.parametrize("ask", NAMES)
def test_columns_are_named_by_text(ask: Callable[[Any], object], value: Any) -> None:
    """What cannot be the name of a column is told with its role, not tried."""
    with pytest.raises(SpecError, match=r"is a .*, not the name of a column"):
        ask(value)


MANY: Any = np.array([1, 2])
MOVED = evaluate.measure_migration(LABELS, label="value")
CHOICES: list[Callable[[], object]] = [
    lambda: evaluate.analyse(PEOPLE, metrics=["bought"], arms=HALVES, mismatch=MANY),
    lambda: evaluate.analyse(PEOPLE, metrics=["bought"], arms=HALVES, balance=5),  # type: ignore[arg-type]
    lambda: evaluate.effects(PLAN, PEOPLE, goals=5),  # type: ignore[arg-type]
    lambda: evaluate.effects(PLAN, PEOPLE, goals=GOAL, min_n="30"),  # type: ignore[arg-type]
    lambda: evaluate.effects(PLAN, PEOPLE, goals=GOAL, bins=MANY),
    lambda: evaluate.plan_experiment(PLAN, PEOPLE, arm="customer_id"),
    lambda: evaluate.Goal(metric="bought", better=MANY),
    lambda: evaluate.alpha_spending(3, spending=MANY),
    lambda: evaluate.sample_ratio_p(None, [0.5, 0.5]),  # type: ignore[arg-type]
    lambda: evaluate.sample_ratio_p(["many", "few"], [0.5, 0.5]),  # type: ignore[list-item]
    lambda: evaluate.sample_ratio_p([[1], [2]], [0.5, 0.5]),  # type: ignore[list-item]
    lambda: evaluate.sample_ratio_p([np.inf, 1], [0.5, 0.5]),
    lambda: evaluate.sample_size_mean(1e308, 1.0),
    lambda: evaluate.sample_size_mean(1.0, 1e308),
    lambda: evaluate.sample_size_mean(1e-300, 1.0),
    lambda: evaluate.smallest_effect(0.1, 100, down="no"),  # type: ignore[arg-type]
    lambda: evaluate.measure_migration(LABELS, label="value", order=5),  # type: ignore[arg-type]
    lambda: MOVED.matrix("0"),  # type: ignore[arg-type]
    lambda: MOVED.matrix(0.5),  # type: ignore[arg-type]
    lambda: MOVED.matrix(value=MANY),
]


@pytest.mark.parametrize("ask", CHOICES)
def test_impossible_choices_are_refused(ask: Callable[[], object]) -> None:
    """Arrays, texts for numbers, and numbers beyond all use are no choices."""
    with pytest.raises(SpecError):
        ask()


def test_numbers_too_large_to_square() -> None:
    """A variance that would overflow is refused, not infinite."""
    with pytest.raises(DataError, match="80 numbers are too large"):
        evaluate.matched_difference(PEOPLE.assign(spend=1e308), **LIKES)
    with pytest.raises(DataError, match="too large"):
        evaluate.analyse(PEOPLE.assign(spend=1e200), metrics=["spend"], arms=HALVES)


def test_rankings_are_true_or_false() -> None:
    """An array is no answer to whether labels are ordered."""
    with pytest.raises(SpecError, match="True or False"):
        plot_migration(MOVED, ordered=MANY)


def test_labels_that_are_none() -> None:
    """Numbers too large to tell apart, and a column of ids, are no labels."""
    with pytest.raises(ColumnsError, match="above 2"):
        evaluate.measure_migration(LABELS.assign(value=1e300), label="value")
    ids = pd.DataFrame({"customer_id": range(1001), "as_of": "2024-01-31"})
    ids = ids.assign(value=ids["customer_id"].astype(str))
    with pytest.raises(DataError, match="1,001 different labels"):
        evaluate.measure_migration(ids, label="value")


def test_missing_segments_stay_apart() -> None:
    """Customers without a segment are not those of a segment of that name."""
    people = pd.DataFrame({"customer_id": [1, 2], "tier": ["missing", None]})
    with pytest.raises(DataError, match=r"called .missing."):
        evaluate.measure_funnel(EVENTS, customers=people, segment="tier", **WAY)
