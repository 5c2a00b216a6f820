"""The scorecard shows the model beside the base rate and the days of silence."""

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import brier_score_loss, roc_auc_score

from layerwise.errors import ColumnsError, DataError, EngineError, SpecError
from layerwise.scorecard import auc, score_churn
from tests.conftest import ENGINES


def table(n: int = 500, seed: int = 0) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    p = np.round(rng.random(n), 2)
    return pd.DataFrame(
        {
            "p": p,
            "days_since_last": np.round(100 * p + rng.normal(0, 40, n) + 200),
            "holdout_orders": np.where(rng.random(n) < p, 0, rng.integers(1, 5, n)),
        }
    )


def test_equal_to_scikit_learn() -> None:
    """AUC and Brier are those of scikit-learn, ties included."""
    data = table()
    card = score_churn(data, probability="p")
    silent = data["holdout_orders"] == 0
    assert card.auc == pytest.approx(roc_auc_score(silent, data["p"]), abs=1e-12)
    assert card.auc_silence == pytest.approx(roc_auc_score(silent, data["days_since_last"]))
    assert card.brier == pytest.approx(brier_score_loss(silent, data["p"]), abs=1e-12)
    assert card.brier_base == pytest.approx(silent.mean() * (1 - silent.mean()))


def test_calibration_bands_hold_everybody_once() -> None:
    """Bands add up to all customers and to all silent ones."""
    data = table()
    bands = score_churn(data, probability="p").calibration
    assert bands["customers"].sum() == len(data)
    assert (bands["actual"] * bands["customers"]).sum() == (data["holdout_orders"] == 0).sum()
    assert bands["predicted"].is_monotonic_increasing
    assert bands["customers"].between(25, 75).all()


def test_equal_scores_rank_nothing() -> None:
    """A constant score has an AUC of one half."""
    assert auc(np.ones(10), np.arange(10) < 4) == 0.5


def test_polars_gives_the_same() -> None:
    """The kind of eager frame does not matter; a lazy one is refused."""
    data = table()
    card = score_churn(ENGINES["polars"].make(data), probability="p")
    assert card.auc == score_churn(data, probability="p").auc
    with pytest.raises(EngineError, match="collect"):
        score_churn(ENGINES["polars_lazy"].make(data), probability="p")


def test_the_text_shows_the_baselines() -> None:
    """Printing it shows the model and both baselines."""
    text = str(score_churn(table(), probability="p"))
    assert "days of silence" in text
    assert "base rate" in text


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"p": np.nan}, "missing"),
        ({"p": 1.5}, "outside 0 to 1"),
        ({"holdout_orders": 0}, "same outcome"),
        ({"holdout_orders": -1}, "500 negative orders"),
        ({"holdout_orders": 1.5}, "500 orders that are not whole"),
        ({"days_since_last": -1}, "500 negative days of silence"),
    ],
)
def test_refused(change: dict[str, float], words: str) -> None:
    """What cannot be judged is an error that says why."""
    with pytest.raises(DataError, match=words):
        score_churn(table().assign(**change), probability="p")


def test_missing_column() -> None:
    """A missing column is named."""
    with pytest.raises(ColumnsError, match="q "):
        score_churn(table(), probability="q")


def test_horizon_must_be_the_holdout() -> None:
    """A probability of 14 days is not judged by 91 days."""
    data = table().rename(columns={"p": "p_no_purchase_14d"}).assign(holdout_days=91)
    with pytest.raises(DataError, match=r"14 days ahead, the holdout has 91(.|\n)*horizon_days=91"):
        score_churn(data, probability="p_no_purchase_14d")
    assert score_churn(data.assign(holdout_days=14), probability="p_no_purchase_14d").customers


def test_missing_holdout_hint() -> None:
    """Without a holdout the hint names the function that makes one."""
    with pytest.raises(ColumnsError, match="calibration_holdout"):
        score_churn(table().drop(columns="holdout_orders"), probability="p")


def test_histogram_has_all_customers() -> None:
    """Twentieths of the probability; 1 belongs to the last, an inner edge to the upper one."""
    table = pd.DataFrame(
        {"p": [0.0, 0.04, 0.5, 1.0], "days_since_last": 1, "holdout_orders": [1, 0, 1, 0]}
    )
    found = score_churn(table, probability="p").histogram
    assert {i: n for i, n in enumerate(found) if n} == {0: 2, 10: 1, 19: 1}
    assert len(found) == 20


@pytest.mark.parametrize("bands", [1, 0, -3, 2.5, 10.0, "10", None, True])
def test_bands_are_a_whole_number(bands: int) -> None:
    """Fewer than two bands, or half a band, are refused."""
    with pytest.raises(SpecError, match=r"bands must be(.|\n)*Hint: "):
        score_churn(table(), probability="p", bands=bands)
    assert score_churn(table(), probability="p", bands=np.int64(2)).calibration.shape[0] == 2


@pytest.mark.parametrize("names", [("p", "p"), ("p", "days_since_last"), (["p"], "o"), (None, "o")])
def test_three_different_columns(names: tuple[str, str]) -> None:
    """A column cannot be judged by itself, and names are text."""
    with pytest.raises(SpecError, match=r"three different columns(.|\n)*Hint: "):
        score_churn(table(), probability=names[0], outcome=names[1])


def test_a_probability_on_an_edge_is_in_the_lower_band() -> None:
    """Two bands of four customers hold two each, cut at the second probability."""
    data = pd.DataFrame(
        {"p": [0.1, 0.2, 0.3, 0.4], "days_since_last": range(4), "holdout_orders": [1, 0, 0, 1]}
    )
    bands = score_churn(data, probability="p", bands=2).calibration
    assert bands["customers"].tolist() == [2, 2]
    assert bands["predicted"].tolist() == pytest.approx([0.15, 0.35])
