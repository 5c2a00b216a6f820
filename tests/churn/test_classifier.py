"""A classifier in the model's place: labels from the outcome window, features from before it."""

from functools import cache
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.dummy import DummyClassifier
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler
from sklearn.svm import LinearSVC

import layerwise as lw
from layerwise.churn import fit_classifier, risk_table, score_risk
from layerwise.errors import ColumnsError, DataError, FitError, SpecError
from tests.conftest import ENGINES

WINDOW: dict[str, Any] = {"amount": None, "window_days": 91}


@cache
def taught() -> pd.DataFrame:
    orders = lw.datasets.load_cdnow()
    return lw.calibration_holdout(orders, split="1997-09-30", end="1997-12-30", **WINDOW)


@cache
def later() -> pd.DataFrame:
    orders = lw.datasets.load_cdnow()
    return lw.calibration_holdout(orders, split="1998-03-31", end="1998-06-30", **WINDOW)


def logistic() -> Any:
    return make_pipeline(FunctionTransformer(np.log1p), StandardScaler(), LogisticRegression())


def test_real_data_on_a_later_split() -> None:
    """Taught in autumn, judged in spring: it ranks no worse than silence, and is calibrated."""
    card = score_risk(later(), model=fit_classifier(taught(), classifier=logistic()))
    assert card.auc > card.auc_silence - 0.02 > 0.7
    assert card.brier < card.brier_base
    assert abs((card.calibration["predicted"] - card.calibration["actual"]).mean()) < 0.08


def test_equal_to_scikit_learn() -> None:
    """The probability is scikit-learn's own, of the class of silent customers."""
    features = ["days_since_last", "orders"]
    found = fit_classifier(taught(), classifier=logistic(), features=features)
    own = logistic().fit(taught()[features], taught()["holdout_orders"] == 0)
    np.testing.assert_allclose(
        found.p_no_purchase(later()), own.predict_proba(later()[features])[:, 1]
    )
    assert found.silent_rate == (taught()["holdout_orders"] == 0).mean()


def test_it_takes_the_models_place() -> None:
    """risk_table takes it, with the horizon of its labels, and keeps days of silence beside it."""
    model = fit_classifier(taught(), classifier=logistic())
    risks = risk_table(later(), model=model, purchases=lw.BGNBD().fit(later()))
    assert risks["p_no_purchase_91d"].tolist() == model.p_no_purchase(later()).tolist()
    assert {"days_since_last", "silence_surprise"} <= set(risks)


def test_column_order_and_engine_do_not_matter() -> None:
    """Features are read by name, from pandas and Polars alike."""
    one = fit_classifier(taught(), classifier=logistic())
    two = fit_classifier(
        ENGINES["polars"].make(taught()[list(taught())[::-1]]), classifier=logistic()
    )
    assert one.features == two.features
    np.testing.assert_allclose(one.p_no_purchase(later()), two.p_no_purchase(later()))


def test_the_given_classifier_is_not_changed() -> None:
    """A copy learns."""
    given = LogisticRegression()
    fit_classifier(taught(), classifier=make_pipeline(StandardScaler(), given))
    assert not hasattr(given, "coef_")


def test_leaks_are_refused() -> None:
    """What the holdout says is no feature, nor is it under another name."""
    for name in ("holdout_orders", "holdout_days", "customer_id"):
        with pytest.raises(SpecError, match=name):
            fit_classifier(taught(), classifier=logistic(), features=["orders", name])
    copied = taught().assign(
        next=taught()["holdout_orders"], gone=(taught()["holdout_orders"] == 0).astype(int)
    )
    with pytest.raises(SpecError, match=r"next is holdout_orders\n.*gone is holdout_orders of 0"):
        fit_classifier(copied, classifier=logistic(), features=["orders", "next", "gone"])


def test_missing_numbers() -> None:
    """They are handed on as they are: some classifiers know them, the others' refusal is told."""
    gaps = taught().assign(gap=np.where(taught()["orders"] > 1, 5.0, np.nan))
    known = HistGradientBoostingClassifier(max_iter=5)
    fitted = fit_classifier(gaps, classifier=known, features=["gap", "orders"])
    assert np.isfinite(fitted.p_no_purchase(gaps)).all()
    with pytest.raises(FitError, match=r"gap: 1,\d+ of 2,357 missing"):
        fit_classifier(gaps, classifier=LogisticRegression(), features=["gap", "orders"])
    fitted = fit_classifier(taught(), classifier=logistic(), features=["orders"])
    with pytest.raises(DataError, match="orders: 2,357 of 2,357 missing"):
        fitted.p_no_purchase(taught().assign(orders=np.nan))


def test_another_horizon_is_refused() -> None:
    """A classifier knows the horizon of its labels, no other."""
    model = fit_classifier(taught(), classifier=DummyClassifier())
    with pytest.raises(SpecError, match="taught by 91 days"):
        risk_table(later(), model=model, horizon_days=30)


class Single:
    """A classifier that says one number a row."""

    def fit(self, X: Any, y: Any) -> "Single":  # noqa: ARG002
        return self

    def predict_proba(self, X: Any) -> Any:
        return np.zeros(len(X))


@pytest.mark.parametrize(
    ("change", "error", "words"),
    [
        ({"classifier": LinearSVC()}, SpecError, "lacks predict_proba"),
        ({"classifier": LogisticRegression}, SpecError, "a class, not an object"),
        ({"classifier": logistic(), "features": "orders"}, SpecError, "several names"),
        ({"classifier": logistic(), "features": []}, SpecError, "none named"),
        ({"classifier": logistic(), "features": ["city"]}, ColumnsError, "city"),
    ],
)
def test_refused(change: dict[str, Any], error: type[Exception], words: str) -> None:
    """What is no classifier, and what are no features."""
    with pytest.raises(error, match=rf"{words}(.|\n)*Hint: "):
        fit_classifier(taught(), **change)


def test_refused_outcomes() -> None:
    """Nothing to learn from equal outcomes, missing ones, or none."""
    for change, error in (({"holdout_orders": 0}, FitError), ({"holdout_orders": -1}, DataError)):
        with pytest.raises(error, match=r"outcome|holdout_orders"):
            fit_classifier(taught().assign(**change), classifier=logistic())
    with pytest.raises(ColumnsError, match="holdout_days"):
        fit_classifier(taught().drop(columns="holdout_days"), classifier=logistic())
    with pytest.raises(DataError, match=r"shape \(2357,\)"):
        fit_classifier(taught(), classifier=Single()).p_no_purchase(later())
