"""The whole way in one call."""

import warnings
from typing import Any

import pandas as pd
import polars as pl
import pytest

import layerwise as lw
from layerwise.at_once import noted, overview, usual_layers
from layerwise.errors import EngineError, LayerwiseWarning, SpecError

LOG = lw.datasets.simulate_orders(300, seed=4)
AS_OF = LOG["ordered_at"].max()


def test_gives_what_the_steps_give() -> None:
    """Customers, layers and plan equal those made step by step."""
    found = overview(LOG, as_of=AS_OF)
    customers = lw.summarize(LOG, as_of=AS_OF)
    fitted = usual_layers().fit(customers)
    assert found.fitted == fitted
    pd.testing.assert_frame_equal(found.customers, fitted.transform(customers))
    plan = lw.StrategyTable.default().plan(found.customers)
    pd.testing.assert_frame_equal(found.plan, plan)


def test_judges_the_last_days_by_what_came_before() -> None:
    """The scorecard is that of a model fitted without the days it is judged on."""
    found = overview(LOG, as_of=AS_OF, horizon_days=60).scorecard
    split = (AS_OF - pd.Timedelta(60, "D")).date()
    held = lw.calibration_holdout(LOG, split=split, end=AS_OF.date())
    model = lw.BGNBD(horizon_days=60).fit(held)
    card = lw.score_churn(model.transform(held), probability="p_no_purchase_60d")
    assert found is not None
    assert (found.auc, found.brier) == (card.auc, card.brier)


def test_tells_its_steps_and_shows_no_warning() -> None:
    """Each step is named as it begins; what would be a warning is a note."""
    steps: list[str] = []
    late = LOG.assign(amount=LOG["amount"].where(LOG.index > 0, 0.0))
    found = overview(late, as_of=AS_OF, step=steps.append)
    assert steps == ["summarize", "fit layers", "plan", "judge churn probability"]
    assert any("net amount is not above zero" in note for note in found.notes)


def test_a_lazy_log_is_refused_before_any_step() -> None:
    """The error names overview and how to collect; the same log in memory goes through."""
    steps: list[str] = []
    lazy = pl.from_pandas(LOG).lazy()
    with pytest.raises(EngineError, match=r"(?s)overview needs a frame in memory.*collect\(\)"):
        overview(lazy, as_of=AS_OF, step=steps.append)  # type: ignore[arg-type]
    assert steps == []
    assert len(overview(lazy.collect(), as_of=AS_OF).customers) == 300  # type: ignore[arg-type]


def test_own_columns_and_strategies() -> None:
    """Columns are named as for summarize, and a table of one's own makes the plan."""
    table = lw.StrategyTable.default().without(["tier_churn_mail"])
    renamed = LOG.rename(columns={"customer_id": "user"})
    found = overview(renamed, as_of=AS_OF, strategies=table, customer="user")
    assert "tier_churn_mail" not in set(found.plan["strategy_id"])


def _warn() -> list[str]:
    with noted() as notes:
        warnings.warn("ours", LayerwiseWarning, stacklevel=1)
        warnings.warn("old", DeprecationWarning, stacklevel=1)
    return notes


def test_noted_keeps_other_warnings() -> None:
    """Only warnings of layerwise become notes."""
    with pytest.warns(DeprecationWarning, match="old"):
        notes = _warn()
    assert notes == ["ours"]


@pytest.mark.parametrize(("late", "told"), [(9, 0), (10, 1), (60, 1), (300, 1)])
def test_a_log_that_ends_early_is_told_of_once(late: int, told: int) -> None:
    """By a tenth of the horizon in the judgement, or by weeks in the summary: silence unseen."""
    last = pd.Timestamp(AS_OF).normalize()
    found = overview(LOG, as_of=last + pd.Timedelta(days=late))
    notes = [note for note in found.notes if note.startswith("The order log ends on")]
    assert len(notes) == told
    assert all(f"{late} days before as_of=" in note for note in notes)


DAYS = LOG.assign(ordered_at=LOG["ordered_at"].dt.normalize())
ONE_PRICE = DAYS.drop_duplicates(["customer_id", "ordered_at"]).assign(amount=9.99)


def test_one_price_leaves_out_the_spend_model_alone() -> None:
    """BG/NBD and its churn probability stay, the tier does without it, and a note says so."""
    found = overview(ONE_PRICE, as_of=AS_OF)
    assert "p_no_purchase_90d" in found.customers
    assert "expected_spend_90d" not in found.customers
    assert found.fitted["tier"].spec == lw.Tier()
    told = [note for note in found.notes if "cannot be fitted" in note]
    assert [note.split(":")[0] for note in told] == ["No expected spend"]
    assert found.fitted == usual_layers(with_spend=False).fit(found.customers)


def test_without_a_purchase_model_each_note_is_told_once() -> None:
    """Nobody ordered again: two fits fail for one reason, and the third one's warnings are told."""
    once = LOG.drop_duplicates("customer_id")
    found = overview(once, as_of=AS_OF)
    assert len(set(found.notes)) == len(found.notes)
    told = [note.split(":")[0] for note in found.notes if "cannot be fitted" in note]
    assert told == ["No purchase model", "The churn probability could not be judged"]
    assert "p_no_purchase_90d" not in found.customers
    assert sum(note.startswith("orders_365d gives 1 of 3 layers") for note in found.notes) == 1


@pytest.mark.parametrize("wrong", ["no", 1, None])
def test_choices_are_true_or_false(wrong: Any) -> None:
    """The text "no" would count as yes."""
    with pytest.raises(SpecError, match=r"allow_gaps must be True or False.\nHint: "):
        overview(LOG, as_of=AS_OF, allow_gaps=wrong)
    with pytest.raises(SpecError, match="with_spend must be True or False"):
        usual_layers(with_spend=wrong)
    labels = pd.DataFrame({"customer_id": [1], "tier": ["new"]})
    with pytest.raises(SpecError, match="one_price_incentive must be True or False"):
        lw.StrategyTable.default().plan(labels, one_price_incentive=wrong)
