"""Covariates: all zero is the plain model, recovery, the likelihood-ratio test, refusals."""

import numpy as np
import pandas as pd
import pytest

from layerwise import loading as saved_form
from layerwise.errors import ColumnsError, DataError, FitError, SpecError
from layerwise.models import BGNBD, MBGCNBD, MBGNBD, ParetoNBD, WithCovariates

from .conftest import simulated

SPECS = [BGNBD(unit="week"), MBGNBD(), ParetoNBD()]


@pytest.fixture(scope="module")
def customers() -> pd.DataFrame:
    """Half the customers order twice as often and drop out e^0.5 times as readily."""
    slow = simulated(12_000, seed=1).assign(web=0)
    fast = simulated(12_000, seed=2, alpha=30.0, a=0.8 * np.exp(0.5)).assign(web=1)
    return pd.concat([slow, fast], ignore_index=True)


def test_effects_are_recovered(customers):
    """Ln 2 on the rate, 0.5 on dropout, within four standard errors; the test finds them."""
    spec = WithCovariates(model=BGNBD(), rate=["web"], dropout=["web"])
    fitted, plain = spec.fit(customers), BGNBD().fit(customers)
    errors = np.sqrt(np.diag(fitted.covariance))
    assert abs(fitted.rate[0] - np.log(2)) < 4 * errors[4]
    assert abs(fitted.dropout[0] - 0.5) < 4 * errors[5]
    statistic, freedom, p = fitted.likelihood_ratio(plain)
    assert statistic > 100
    assert freedom == 2
    assert p < 1e-10
    assert fitted.aic < plain.aic


@pytest.mark.parametrize("spec", SPECS)
def test_a_kind_of_customers_gets_the_parameters_of_its_covariates(cdnow, spec):
    """Where each kind has all parameters its own fit could use, predictions are those."""
    table = cdnow.assign(early=(cdnow["age_days"] > 230).astype(int))
    fitted = WithCovariates(model=spec, rate=["early"]).fit(table)
    zero, one = table.assign(early=0), table.assign(early=1)
    base = fitted.model
    assert fitted.p_alive(zero) == pytest.approx(base.p_alive(zero), rel=1e-12)
    times = {"alpha": base.alpha * np.exp(-fitted.rate[0])}
    moved = spec.with_parameters(**(base.parameters | times))
    assert fitted.expected_orders(one, 90) == pytest.approx(moved.expected_orders(one, 90))
    assert fitted.p_no_purchase(one, 90) == pytest.approx(moved.p_no_purchase(one, 90))
    assert fitted.discounted_orders(one, 90) == pytest.approx(moved.discounted_orders(one, 90))
    assert fitted.converged


@pytest.mark.parametrize("spec", SPECS)
def test_covariates_all_zero_are_the_plain_model(cdnow, spec):
    """The same likelihood and predictions; only the effect itself is not known."""
    zero = cdnow.assign(z=0)
    with pytest.warns(match="flat"):
        fitted = WithCovariates(model=spec, rate=["z"]).fit(zero)
    plain = spec.fit(cdnow)
    assert fitted.log_likelihood == pytest.approx(plain.log_likelihood, rel=1e-12)
    assert fitted.p_alive(zero) == pytest.approx(plain.p_alive(cdnow), rel=1e-7)
    assert fitted.likelihood_ratio(plain)[2] == pytest.approx(1.0, abs=1e-3)


def test_saved_form(cdnow):
    """JSON gives back an equal model."""
    table = cdnow.assign(early=(cdnow["age_days"] > 230).astype(int))
    fitted = WithCovariates(model=BGNBD(), dropout=["early"]).fit(table)
    assert saved_form.saved.decode(saved_form.saved.encode(fitted)) == fitted


def test_odd_covariates_are_refused(customers):
    """No covariate, words, holes, too many values, models without this."""
    few = customers.head(4000)
    with pytest.raises(SpecError, match="at least one"):
        WithCovariates(model=BGNBD())
    with pytest.raises(SpecError, match="go with"):
        WithCovariates(model=MBGCNBD(), rate=["web"])
    spec = WithCovariates(model=BGNBD(), rate=["web"])
    with pytest.raises(ColumnsError, match="web"):
        spec.fit(few.drop(columns="web"))
    with pytest.raises(ColumnsError, match="not numeric"):
        spec.fit(few.assign(web="yes"))
    with pytest.raises(DataError, match="missing for some"):
        spec.fit(few.assign(web=np.nan))
    with pytest.raises(FitError, match="different values"):
        spec.fit(few.assign(web=np.arange(4000)))
    with pytest.raises(SpecError, match="same customers"):
        spec.fit(few.assign(web=few.index % 2)).likelihood_ratio(BGNBD().fit(customers))
