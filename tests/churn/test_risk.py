"""One row a customer: who is about to leave, and what leaves with them."""

from functools import cache
from typing import Any

import numpy as np
import pandas as pd
import pytest

import layerwise as lw
from layerwise.churn import risk_table, score_risk
from layerwise.errors import ColumnsError, DataError, EngineError, SpecError
from layerwise.models import MBGNBD, FittedBGNBD, FittedGammaGamma
from tests.conftest import ENGINES


@cache
def cdnow() -> pd.DataFrame:
    orders = lw.datasets.load_cdnow()
    paid = orders[orders["amount"] > 0]
    return lw.calibration_holdout(paid, split="1997-09-30", end="1998-06-30", window_days=273)


@cache
def models() -> tuple[FittedBGNBD, FittedGammaGamma]:
    return lw.BGNBD(horizon_days=273).fit(cdnow()), lw.GammaGamma().fit(cdnow())


def risks(**choices: Any) -> Any:
    model, spend = models()
    return risk_table(cdnow(), **{"model": model, "spend": spend} | choices)


class Half:
    """A model that says one half of everybody, or what it is told."""

    horizon_days = 60.0

    def __init__(self, says: Any = None) -> None:
        self.says = says

    def p_no_purchase(self, customers: Any, horizon_days: Any = None) -> Any:  # noqa: ARG002
        return np.full(len(customers), 0.5) if self.says is None else self.says


def test_value_at_risk_adds_up() -> None:
    """P(order) x spend if buying is the expected spend, and the rest is at risk."""
    table = risks()
    p, if_buying = table["p_no_purchase_273d"], table["spend_if_buying_273d"]
    np.testing.assert_allclose((1 - p) * if_buying, table["expected_spend_273d"], rtol=1e-6)
    np.testing.assert_allclose(p * if_buying, table["value_at_risk_273d"], rtol=1e-12)
    assert (if_buying >= table["expected_spend_273d"]).all()


def test_spend_if_buying_on_real_data() -> None:
    """Customers of CDNOW who did buy in the second half spent what was foretold, within a tenth."""
    table = risks()
    bought = table[table["holdout_orders"] > 0]
    ratio = bought["spend_if_buying_273d"].sum() / bought["holdout_spend"].sum()
    assert ratio == pytest.approx(1, abs=0.1)


def test_spend_if_buying_of_a_known_world() -> None:
    """Where the models are true, so is the value, overall and in each third of it."""
    orders = lw.datasets.simulate_orders(20_000, seed=3)
    both = lw.calibration_holdout(orders, split="2024-06-30", end="2024-12-27")
    model, spend = lw.BGNBD(horizon_days=180).fit(both), lw.GammaGamma().fit(both)
    table = risk_table(both, model=model, spend=spend)
    table = table[table["holdout_orders"] > 0]
    third = pd.qcut(table["spend_if_buying_180d"], 3, labels=False)
    means = table.groupby(third)[["spend_if_buying_180d", "holdout_spend"]].mean()
    np.testing.assert_allclose(means.iloc[:, 0], means.iloc[:, 1], rtol=0.08)


def test_any_model_takes_the_place() -> None:
    """Without a purchase model there is the probability alone; with one beside it, all of it."""
    alone = risk_table(cdnow(), model=Half())
    assert list(alone)[len(cdnow().columns) :] == ["p_no_purchase_60d"]
    with pytest.raises(SpecError, match=r"purchases=BGNBD"):
        risk_table(cdnow(), model=Half(), spend=models()[1])
    both = risk_table(cdnow(), model=Half(), purchases=models()[0], spend=models()[1])
    assert both["value_at_risk_60d"].tolist() == (both["spend_if_buying_60d"] / 2).tolist()


def test_spend_of_a_column() -> None:
    """A column of spend per order is taken as it is, and what is missing stays missing."""
    table = cdnow().assign(own=np.where(cdnow()["orders"] > 1, 10.0, np.nan))
    found = risk_table(table, model=models()[0], spend="own")
    np.testing.assert_allclose(
        found["expected_spend_273d"], 10 * found["expected_orders_273d"].where(table["orders"] > 1)
    )
    assert (found["value_at_risk_273d"].isna() == (table["orders"] == 1)).all()


def test_missing_histories_stay_missing() -> None:
    """A customer without a history is not judged: every number is missing, none is zero."""
    table = cdnow().head(3).astype({"repeat_orders": float})
    table.loc[1, "repeat_orders"] = np.nan
    found = risk_table(table, model=models()[0], spend=models()[1]).iloc[:, len(table.columns) :]
    assert found.loc[1].isna().all()
    assert found.loc[[0, 2]].notna().all(axis=None)


def test_same_in_polars_and_shuffled() -> None:
    """The kind of frame is kept, and the order of rows changes nothing."""
    table = risks()
    polars = risk_table(
        ENGINES["polars"].make(cdnow()), model=models()[0], spend=models()[1]
    ).to_pandas()
    pd.testing.assert_frame_equal(polars, table, check_dtype=False)
    shuffled = risk_table(cdnow().sample(frac=1, random_state=1), model=models()[0])
    same = shuffled.sort_index()["p_no_purchase_273d"]
    pd.testing.assert_series_equal(same, table["p_no_purchase_273d"])


def test_silence_is_always_there() -> None:
    """A table without days of silence gets them: the baseline of every score."""
    without = cdnow().drop(columns="days_since_last")
    found = risk_table(without, model=models()[0])["days_since_last"]
    assert found.tolist() == cdnow()["days_since_last"].tolist()


def test_money_and_time_may_be_rescaled() -> None:
    """Cents for dollars make values a hundredfold and leave probabilities alone."""
    cents = cdnow().assign(spend_repeat_mean=cdnow()["spend_repeat_mean"] * 100)
    table = risk_table(cents, model=models()[0], spend=lw.GammaGamma().fit(cents))
    np.testing.assert_allclose(
        table["value_at_risk_273d"], 100 * risks()["value_at_risk_273d"], rtol=1e-4
    )


@pytest.mark.parametrize(
    ("change", "error", "words"),
    [
        ({"model": object()}, SpecError, "no horizon|no churn probability"),
        ({"model": Half(np.full(2349, 1.5))}, DataError, "2,349 numbers outside 0 to 1"),
        ({"model": Half(np.zeros((2349, 2)))}, DataError, "one a row"),
        ({"model": Half(["x"])}, DataError, "one a row"),
        ({"model": lw.BGNBD()}, SpecError, "no churn probability"),
        ({"horizon_days": 0}, SpecError, "above 0"),
        ({"horizon_days": "90"}, SpecError, "number of days"),
        ({"spend": "nothing"}, ColumnsError, "nothing"),
        ({"spend": lw.GammaGamma()}, SpecError, "fitted GammaGamma"),
        ({"purchases": lw.BGNBD()}, SpecError, "fitted purchase model"),
    ],
)
def test_refused(change: dict[str, Any], error: type[Exception], words: str) -> None:
    """What is no model, horizon or spend is named, with a hint."""
    size = {} if "model" not in change else {"spend": None}
    with pytest.raises(error, match=words) as caught:
        risks(**size | change)
    assert "Hint: " in str(caught.value)


def test_refused_tables() -> None:
    """Ids that stand twice, no id, negative amounts, lazy frames."""
    model = models()[0]
    with pytest.raises(DataError, match="stands before"):
        risk_table(pd.concat([cdnow(), cdnow()]), model=model)
    with pytest.raises(ColumnsError, match="customer_id"):
        risk_table(cdnow().drop(columns="customer_id"), model=model)
    with pytest.raises(DataError, match="negative in 2,349"):
        risk_table(cdnow().assign(spend_mean=-1.0), model=model, spend="spend_mean")
    with pytest.raises(EngineError, match="collect"):
        risk_table(ENGINES["polars_lazy"].make(cdnow()), model=model)


def test_an_empty_table_gives_an_empty_one() -> None:
    """No customers, no risks, all the columns."""
    found = risk_table(cdnow().head(0), model=models()[0], spend=models()[1])
    assert found.columns.tolist() == risks().columns.tolist()
    assert len(found) == 0


def test_score_has_both_baselines() -> None:
    """The published behaviour of BG/NBD on CDNOW: silence ranks a little better."""
    card = score_risk(cdnow(), model=MBGNBD().fit(cdnow()))
    assert card.auc_silence > card.auc > 0.7
    assert card.brier < card.brier_base
    with pytest.raises(ColumnsError, match="calibration_holdout"):
        score_risk(cdnow().drop(columns="holdout_orders"), model=models()[0])
    with pytest.raises(DataError, match="2 values"):
        score_risk(cdnow().assign(holdout_days=np.arange(len(cdnow())) % 2 + 10), model=models()[0])
