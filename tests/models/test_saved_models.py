"""Saved models: a changed file is refused when it is read, not when it is used."""

import json
from typing import Any

import pandas as pd
import pytest

import layerwise as lw
from layerwise.errors import SavedFileError, SpecError
from layerwise.models import (
    BGBB,
    BGNBD,
    MBGCNBD,
    MBGNBD,
    GammaGamma,
    ParetoNBD,
    WithCovariates,
    fit_by,
)
from layerwise.saved import encode

CUSTOMERS = (
    lw.datasets.load_cdnow_summary()
    .iloc[:400]
    .assign(
        early=lambda table: (table["age_days"] > 240).astype(int),
        shop=lambda table: table["early"].map({0: "web", 1: "store"}),
    )
)
DROPOUT = {"r": 0.24, "alpha": 31.0, "a": 0.8, "b": 2.4}
FITTED = {
    "bgnbd": BGNBD().fit(CUSTOMERS),
    "mbgnbd": MBGNBD().with_parameters(**DROPOUT),
    "mbgcnbd": MBGCNBD(k=2).with_parameters(**DROPOUT),
    "pareto_nbd": ParetoNBD().with_parameters(r=0.55, alpha=10.6, s=0.6, beta=11.7),
    "gamma_gamma": GammaGamma().with_parameters(p=6.25, q=3.74, v=15.44),
    "bgbb": BGBB().with_parameters(alpha=1.2, beta=0.75, gamma=0.66, delta=2.8),
    "covariates": WithCovariates(model=BGNBD(penalty=0.01), rate=["early"]).fit(CUSTOMERS),
    "groups": fit_by(BGNBD(penalty=0.01), CUSTOMERS, by="shop", smallest=20),
}


def changed(fitted: Any, **values: Any) -> str:
    """Return the saved form with some fields replaced."""
    data = json.loads(fitted.to_json())
    data["object"] |= values
    return json.dumps(data)


@pytest.mark.parametrize("fitted", FITTED.values(), ids=FITTED)
def test_what_was_fitted_reads_back(fitted: Any) -> None:
    """The saved form as it is gives the same model."""
    assert lw.loads(fitted.to_json()) == fitted


@pytest.mark.parametrize("spec", ["x", None, 3, {"a": 1}, "value", "another"])
@pytest.mark.parametrize("fitted", FITTED.values(), ids=FITTED)
def test_a_spec_that_is_not_its_own_is_refused(fitted: Any, spec: Any) -> None:
    """Text, nothing, a layer's spec and that of another model are errors when the file is read."""
    other = FITTED["bgbb" if fitted is not FITTED["bgbb"] else "bgnbd"]
    kinds = {"value": lw.Value(), "another": other.spec}
    if spec in ("value", "another"):
        spec = encode(kinds[spec])
    with pytest.raises(SavedFileError, match="spec of another model, or none"):
        lw.loads(changed(fitted, spec=spec))


@pytest.mark.parametrize(
    "values",
    [
        {"covariance": []},
        {"covariance": [[1.0]]},
        {"covariance": [[1.0, 0.0]] * 4},
        {"covariance": [[-1.0, 0.0, 0.0, 0.0]] * 4},
        {"n_customers": -1},
    ],
)
def test_numbers_that_no_fit_gives_are_refused(values: dict[str, Any]) -> None:
    """A covariance has a row a parameter and no negative variance; counts are not negative."""
    with pytest.raises(SavedFileError, match="No fit gives"):
        lw.loads(changed(FITTED["bgnbd"], **values))


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("covariates", {"model": "x"}),
        ("covariates", {"rate": [0.1, 0.2]}),
        ("groups", {"pooled": None}),
        ("groups", {"groups": {"web": 3}}),
    ],
)
def test_models_inside_models_are_checked(name: str, values: dict[str, Any]) -> None:
    """The models of kinds are models, with a coefficient a covariate."""
    with pytest.raises(SavedFileError, match="not valid"):
        lw.loads(changed(FITTED[name], **values))


def test_a_covariate_named_twice_reads_back() -> None:
    """It has two coefficients, and two rows of the covariance, under one name."""
    spec = WithCovariates(model=BGNBD(penalty=0.01), rate=["early", "early"])
    fitted = spec.fit(CUSTOMERS)
    assert len(fitted.covariance or ()) == 6
    assert lw.loads(fitted.to_json()) == fitted


def test_a_rule_needs_the_process_of_a_model() -> None:
    """Also inside a layer that holds the rules of a model."""
    rule = FITTED["bgnbd"].rules[0]
    with pytest.raises(SpecError, match="takes its process, not a str"):
        type(rule)(output="p", process="x", quantity="p_alive", horizon_days=1.0)


def test_a_model_cannot_be_built_with_another_spec() -> None:
    """The same holds in memory, with what to do."""
    with pytest.raises(SpecError, match=r"(?s)another model.*Hint: fit the model"):
        type(FITTED["bgnbd"])(spec=GammaGamma(), name="x", **DROPOUT)


def test_a_model_within_a_layer_reads_back() -> None:
    """Loyalty by P(alive) keeps a model's rules."""
    table = CUSTOMERS.assign(
        days_since_last=CUSTOMERS["age_days"] - CUSTOMERS["first_to_last_days"]
    )
    fitted = lw.Loyalty(churn=BGNBD()).fit(table)
    again = lw.loads(fitted.to_json())
    pd.testing.assert_frame_equal(again.transform(table), fitted.transform(table))
