"""Layers inside scikit-learn: its pipelines, its clones, its grids, its column transformers."""

import numpy as np
import pandas as pd
import polars as pl
import pytest
from sklearn.base import clone
from sklearn.compose import ColumnTransformer
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

import layerwise as lw
from layerwise.datasets import load_cdnow
from layerwise.errors import ColumnsError, SpecError
from layerwise.sklearn import Segmenter

ORDERS = load_cdnow()
TABLE = lw.calibration_holdout(ORDERS[ORDERS["amount"] > 0], split="1997-09-30", end="1998-06-30")
BOUGHT = TABLE["holdout_orders"] > 0


def test_labels_are_those_of_the_layers() -> None:
    """The step gives the label columns alone, as the spec's own fit does."""
    fitted = lw.RFM().fit(TABLE)
    labels = Segmenter(lw.RFM()).fit_transform(TABLE)
    pd.testing.assert_frame_equal(labels, fitted.transform(TABLE)[list(fitted.outputs)])


def test_codes_follow_the_order_of_the_labels() -> None:
    """A better label has a higher place, on pandas and Polars alike; a missing one is NaN."""
    step = Segmenter(lw.Value(), encode="codes").fit(TABLE)
    codes = step.transform(TABLE)["value"]
    means = TABLE["spend_365d"].groupby(codes).mean()
    assert means.is_monotonic_increasing
    assert step.transform(pl.from_pandas(TABLE))["value"].to_list() == codes.tolist()


def test_a_pipeline_learns_from_layers_and_models() -> None:
    """Layers as one-hot columns beside model probabilities foretell orders better than chance."""
    both = ColumnTransformer(
        [
            ("rfm", make_pipeline(Segmenter(lw.RFM()), OneHotEncoder()), list(TABLE.columns)),
            ("model", make_pipeline(Segmenter(lw.BGNBD()), StandardScaler()), list(TABLE.columns)),
        ]
    )
    whole = Pipeline([("features", both), ("classifier", LogisticRegression(max_iter=1000))])
    score = whole.fit(TABLE, BOUGHT).score(TABLE, BOUGHT)
    assert score > max(BOUGHT.mean(), 1 - BOUGHT.mean())


def test_a_grid_searches_specs_and_their_choices() -> None:
    """Whole specs and single choices of a spec are parameters."""
    whole = Pipeline(
        [
            ("layer", Segmenter(lw.RFM(), encode="codes")),
            ("classifier", LogisticRegression(max_iter=1000)),
        ]
    )
    choices = [(1, 1, 1), (5, 1, 0)]
    grid = GridSearchCV(whole, {"layer__spec__weights": choices}, cv=2).fit(TABLE, BOUGHT)
    assert grid.cv_results_["mean_test_score"].min() > 0.5
    specs = [lw.Value(), lw.Frequency()]
    assert GridSearchCV(whole, {"layer__spec": specs}, cv=2).fit(TABLE, BOUGHT).best_score_ > 0.5


def test_a_clone_has_the_choices_and_nothing_learned() -> None:
    """The clone is equal in its parameters and not fitted."""
    step = Segmenter(lw.RFM(weights=(1, 2, 3)), encode="codes").fit(TABLE)
    other = clone(step)
    assert other.get_params() == step.get_params()
    with pytest.raises(NotFittedError):
        other.transform(TABLE)


def test_parameters_are_set_without_changing_the_spec() -> None:
    """A spec is frozen: set_params makes another."""
    spec = lw.RFM()
    step = Segmenter(spec).set_params(spec__weights=(1, 2, 3))
    assert step.spec == lw.RFM(weights=(1, 2, 3))
    assert spec == lw.RFM()
    assert step.get_params()["spec__weights"] == (1, 2, 3)
    with pytest.raises(ValueError, match="spec__weight"):
        step.set_params(spec__weight=3)


def test_choices_of_each_layer_are_parameters() -> None:
    """Of several layers each is a parameter, and so are its choices; a grid searches both."""
    layers = lw.Layers(value=lw.Value(), rfm=lw.RFM())
    step = Segmenter(layers, encode="codes")
    assert step.get_params()["spec__rfm__weights"] == lw.RFM().weights
    assert clone(step).get_params() == step.get_params()
    step.set_params(spec__value=lw.Frequency(), spec__rfm__weights=(5, 1, 0))
    assert step.spec == lw.Layers(value=lw.Frequency(), rfm=lw.RFM(weights=(5, 1, 0)))
    assert layers == lw.Layers(value=lw.Value(), rfm=lw.RFM())
    with pytest.raises(ValueError, match="spec__rfm__weight"):
        step.set_params(spec__rfm__weight=3)
    whole = Pipeline([("layers", step), ("classifier", LogisticRegression(max_iter=1000))])
    choices = {"layers__spec__rfm__weights": [(1, 1, 1), (5, 1, 0)]}
    assert GridSearchCV(whole, choices, cv=2).fit(TABLE, BOUGHT).best_score_ > 0.5


def test_set_output_gives_the_frame_asked_for() -> None:
    """Pandas with the index of the input, or Polars."""
    some = TABLE.iloc[5:50]
    step = Segmenter(lw.RFM()).fit(TABLE)
    assert step.set_output(transform="pandas").transform(some).index.equals(some.index)
    assert isinstance(step.set_output(transform="polars").transform(some), pl.DataFrame)
    assert step.get_feature_names_out().tolist() == list(step.fitted_.outputs)


@pytest.mark.parametrize("given", [TABLE[["orders"]].to_numpy(), [[1, 2]]])
def test_arrays_without_names_are_refused(given: object) -> None:
    """Layers read columns by name."""
    with pytest.raises(ColumnsError, match="by name"):
        Segmenter(lw.RFM()).fit(given)


@pytest.mark.parametrize(
    "step", [Segmenter(), Segmenter("rfm"), Segmenter(lw.RFM), Segmenter(lw.RFM(), encode="x")]
)
def test_impossible_choices_are_refused_at_fit(step: Segmenter) -> None:
    """As scikit-learn wants it, not when the step is built."""
    with pytest.raises(SpecError):
        step.fit(TABLE)


def test_fitting_learns_from_the_training_rows_alone() -> None:
    """Edges of the first half label the second: no peeking."""
    half, rest = TABLE.iloc[:1000], TABLE.iloc[1000:]
    step = Segmenter(lw.Value()).fit(half)
    expected = lw.Value().fit(half).transform(rest)["value"]
    assert np.array_equal(step.transform(rest)["value"], expected)
