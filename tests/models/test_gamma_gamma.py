"""Gamma-Gamma: published numbers, mpmath, lifetimes, laws, limits, refusals, engines."""

import warnings

import mpmath
import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from layerwise import loading as saved_form
from layerwise.errors import ColumnsError, DataError, FitError, NotIdentifiedWarning, SpecError
from layerwise.layers import Layers
from layerwise.models import BGNBD, GammaGamma, residual_value
from layerwise.models._gamma_gamma import Spending, log_likelihood
from layerwise.models._lifetimes import undisturbed
from layerwise.models.gamma_gamma import _warn


def spending(*rows: tuple[float, float]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["repeat_orders", "spend_repeat_mean"])


def simulated(n: int, p: float, q: float, v: float, seed: int) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    x = rng.integers(0, 6, n)
    own = rng.gamma(q, 1 / v, n)
    mean = rng.gamma(np.maximum(p * x, 1.0), 1 / own) / np.maximum(x, 1)
    return spending(*zip(x, np.where(x > 0, mean, np.nan), strict=True))


def test_cdnow_gives_the_published_estimates(cdnow):
    """Fader and Hardie (2013): 6.25, 3.74, 15.44; log-likelihood −4055.9177."""
    fitted = GammaGamma().fit(cdnow)
    assert list(fitted.parameters.values()) == pytest.approx([6.25, 3.74, 15.44], abs=0.005)
    assert fitted.log_likelihood == pytest.approx(-4055.9177, abs=1e-4)
    assert fitted.n_customers == 946
    assert fitted.converged
    assert fitted.facts["correlation"] == pytest.approx(0.1139, abs=1e-4)


def test_spend_equals_that_of_lifetimes(cdnow):
    """The estimates and the expected spend of repeat buyers, there and back."""
    again = cdnow[cdnow["repeat_orders"] > 0]
    x, m = again["repeat_orders"], again["spend_repeat_mean"]
    fitted = GammaGamma().fit(cdnow)
    with undisturbed():
        from lifetimes import GammaGammaFitter

        fitter = GammaGammaFitter().fit(x, m)
        theirs = fitter.conditional_expected_average_profit(x, m)
    assert list(fitted.parameters.values()) == pytest.approx(fitter.params_.to_numpy(), rel=1e-3)
    same = GammaGamma().from_lifetimes(fitter)
    assert same.expected_spend(again) == pytest.approx(theirs, rel=1e-12)


@pytest.mark.parametrize("parameters", [(6.25, 3.74, 15.44), (0.01, 0.5, 9), (1e5, 1e5, 1e5)])
def test_log_likelihood_equals_mpmath(parameters):
    """Equation 1a of Fader and Hardie (2013) at 50 digits."""
    x, m = np.array([1, 2, 300]), np.array([3.0, 50.0, 0.7])
    rows = Spending.of(x, m)
    unit = rows.unit
    found = log_likelihood(np.array(parameters) / [1, 1, unit], rows)[0] - 3 * np.log(unit)
    with mpmath.workdps(50):
        p, q, v = map(mpmath.mpf, parameters)
        right = sum(
            mpmath.loggamma(p * k + q) - mpmath.loggamma(p * k) - mpmath.loggamma(q)
            + q * mpmath.log(v) + (p * k - 1) * mpmath.log(z) + p * k * mpmath.log(k)
            - (p * k + q) * mpmath.log(v + k * z)
            for k, z in ((1, mpmath.mpf(3)), (2, mpmath.mpf(50)), (300, mpmath.mpf("0.7")))
        )  # fmt: skip
    assert found == pytest.approx(float(right), rel=1e-9)


def test_derivatives_are_those_of_the_likelihood():
    """Gradient and Hessian against central differences."""
    rows = Spending.of(np.array([1, 2, 30, 4]), np.array([3.0, 50.0, 0.7, 2.0]))
    at = np.array([2.0, 3.0, 0.7])
    _, gradient, hessian = log_likelihood(at, rows)
    for i, step in enumerate(np.eye(3) * 1e-5):
        up, down = log_likelihood(at + step, rows), log_likelihood(at - step, rows)
        assert gradient[i] == pytest.approx((up[0] - down[0]) / 2e-5, rel=1e-6)
        assert hessian[i] == pytest.approx((up[1] - down[1]) / 2e-5, rel=1e-6)


def test_parameters_are_recovered():
    """A large simulated table gives back what made it, within four standard errors."""
    fitted = GammaGamma().fit(simulated(40_000, 6.0, 4.0, 15.0, seed=1))
    gaps = np.subtract(tuple(fitted.parameters.values()), (6.0, 4.0, 15.0))
    assert np.abs(gaps / fitted.standard_errors).max() < 4


def test_currency_changes_v_only(cdnow):
    """Amounts in cents give the same shapes and a hundred times the spend."""
    cents = cdnow.assign(spend_repeat_mean=cdnow["spend_repeat_mean"] * 100)
    one, other = GammaGamma().fit(cdnow), GammaGamma().fit(cents)
    assert (other.p, other.q) == pytest.approx((one.p, one.q), rel=1e-9)
    assert other.expected_spend(cents) == pytest.approx(100 * one.expected_spend(cdnow), rel=1e-9)


@given(st.integers(1, 1000), st.floats(0.01, 1e6), st.floats(0.1, 100), st.floats(1.1, 100))
def test_spend_lies_between_the_own_and_the_common_mean(x, m, p, q):
    """Shrinkage: never beyond either mean."""
    fitted = GammaGamma().with_parameters(p=p, q=q, v=20.0)
    found = fitted.expected_spend(spending((x, m)))[0]
    low, high = sorted((m, fitted.mean_spend))
    assert low * (1 - 1e-9) <= found <= high * (1 + 1e-9)


def test_one_time_buyers_get_the_common_mean():
    """And nothing where that mean is infinite."""
    once = spending((0, np.nan), (0, 0.0))
    finite = GammaGamma().with_parameters(p=6.0, q=4.0, v=15.0)
    assert finite.expected_spend(once).tolist() == [30.0, 30.0]
    infinite = GammaGamma().with_parameters(p=6.0, q=0.9, v=15.0)
    assert infinite.mean_spend is None
    assert np.isnan(infinite.expected_spend(once)).all()


HEAVY = {"p": 0.25, "q": 0.5, "v": 36.0}
"""p x + q is above 1 from three repeat orders on."""


def test_spend_is_missing_where_its_mean_does_not_exist():
    """By hand, for p x + q ≤ 1; elsewhere the formula holds, also in what a customer is worth."""
    fitted = GammaGamma().with_parameters(**HEAVY)
    rows = spending((0, np.nan), (1, 20.0), (2, 20.0), (3, 20.0), (5, 20.0))
    right = [np.nan, np.nan, np.nan, 0.25 * 96 / 0.25, 0.25 * 136 / 0.75]
    assert fitted.expected_spend(rows) == pytest.approx(right, nan_ok=True)
    orders = BGNBD().with_parameters(r=0.24, alpha=31.0, a=0.8, b=2.4)
    histories = rows.assign(first_to_last_days=[0, 9, 9, 9, 9], age_days=90)
    worth = residual_value(orders, fitted, histories)
    assert np.isnan(worth).tolist() == [True, True, True, False, False]


def test_every_engine_misses_the_mean_that_does_not_exist(engine):
    """As on pandas: three customers without, two with."""
    fitted = GammaGamma().with_parameters(**HEAVY)
    rows = spending((0, np.nan), (1, 20.0), (2, 20.0), (3, 20.0), (5, 20.0))
    customers = rows.assign(customer_id=range(5))
    found = engine.pandas(fitted.transform(engine.make(customers))).sort_values("customer_id")
    values = found["expected_spend_per_order"].astype(float).to_numpy()
    right = [np.nan, np.nan, np.nan, 96.0, 45.333333333333336]
    assert values == pytest.approx(right, nan_ok=True)


def test_a_database_misses_the_mean_that_does_not_exist():
    """One SELECT of to_sql gives the same."""
    duckdb = pytest.importorskip("duckdb")
    fitted = GammaGamma().with_parameters(**HEAVY)
    customers = spending((1, 20.0), (2, 20.0), (3, 20.0)).assign(customer_id=["a", "b", "c"])
    database = duckdb.connect()
    database.register("customers", customers)
    found = database.sql(fitted.to_sql()).df().set_index("customer_id").sort_index()
    spend = found["expected_spend_per_order"].tolist()
    assert spend == pytest.approx([np.nan, np.nan, 96.0], nan_ok=True)


@pytest.mark.parametrize(
    ("p", "told"),
    [
        ((4.0, 0.7, 5.0), "customers without repeat orders have no"),
        ((0.25, 0.5, 36.0), "customers with fewer than 3 repeat orders have no"),
    ],
)
def test_the_warning_says_who_has_no_expected_spend(p, told):
    """Whoever has x repeat orders with p x + q ≤ 1, not only one-time buyers."""
    rows = Spending.of(np.array([1, 2] * 10), np.arange(1.0, 21.0))
    with pytest.warns(NotIdentifiedWarning, match=told):
        _warn(np.array(p), rows, False)


@pytest.mark.parametrize(
    ("row", "told"),
    [
        ((2, 0.0), "0 or less"),
        ((2, -5.0), "0 or less"),
        ((2, np.nan), "missing spend_repeat_mean"),
        ((np.nan, 5.0), "missing repeat_orders"),
        ((1.5, 5.0), "not whole"),
        ((-1, 5.0), "negative"),
    ],
)
def test_impossible_amounts_are_refused(row, told):
    """Each is named with its count."""
    with pytest.raises(DataError, match=told) as caught:
        GammaGamma().fit(spending((1, 5.0), row))
    assert "1 of 2 rows" in str(caught.value)


def test_what_cannot_be_learned_is_refused():
    """Equal amounts, nobody again, words for numbers, unknown choices."""
    with pytest.raises(FitError, match="same amount"):
        GammaGamma().fit(spending(*[(2, 5.0)] * 30))
    with pytest.raises(FitError, match="ordered again"):
        GammaGamma().fit(spending((0, np.nan)))
    with pytest.raises(ColumnsError, match="not numeric"):
        GammaGamma().fit(spending((1, 5.0)).astype({"spend_repeat_mean": str}))
    with pytest.raises(SpecError):
        GammaGamma(horizon_days=-1)


def test_doubtful_fits_warn():
    """Spend that grows with orders, an infinite mean, few buyers."""
    x = np.tile(np.arange(1, 11), 20)
    noise = np.random.default_rng(1).gamma(5.0, 1.0, 200)
    correlated = spending(*zip(x, x * noise, strict=True))
    heavy = simulated(3000, 4.0, 0.7, 5.0, seed=2)
    few = spending((1, 5.0), (2, 6.0), (2, 9.0))
    for customers, told in ((correlated, "grows with"), (heavy, "infinite"), (few, "only 3")):
        with pytest.warns(NotIdentifiedWarning) as caught:
            GammaGamma(penalty=0.001).fit(customers)
        assert any(told in str(warning.message) for warning in caught)


def test_every_engine_gives_the_same_spend(engine, cdnow):
    """Transform agrees with pandas, missing amounts included."""
    fitted = GammaGamma().fit(cdnow)
    found = engine.pandas(fitted.transform(engine.make(cdnow)))
    right = fitted.transform(cdnow).sort_values("customer_id")
    values = found["expected_spend_per_order"].astype(float).to_numpy()
    assert values == pytest.approx(right["expected_spend_per_order"].to_numpy(), rel=1e-12)


def test_saved_form_and_layers(cdnow):
    """JSON gives back an equal model; over a horizon, spend is orders × spend per order."""
    fitted = GammaGamma().fit(cdnow)
    assert saved_form.loads(fitted.to_json()) == fitted
    layers = Layers(churn=BGNBD(), spend=GammaGamma(horizon_days=90)).fit(cdnow)
    labelled = layers.transform(cdnow)
    product = labelled["expected_orders_90d"] * labelled["expected_spend_per_order"]
    assert labelled["expected_spend_90d"].to_numpy() == pytest.approx(product.to_numpy())


@pytest.mark.parametrize(("correlation", "warned"), [(0.299, False), (0.301, True)])
def test_correlation_of_spend_and_orders(correlation, warned):
    """Above 0.3 a warning says that the model supposes independence; below there is none."""
    x, other = np.array([1, 1, 2, 2] * 5), np.array([-1.0, 1.0, -1.0, 1.0] * 5)
    m = 10 + correlation * np.sign(x - 1.5) + np.sqrt(1 - correlation**2) * other
    rows = Spending.of(x, m)
    with warnings.catch_warnings(record=True) as found:
        warnings.simplefilter("always")
        _warn(np.array([6.0, 4.0, 15.0]), rows, False)
    assert any("spend grows" in str(w.message) for w in found) == warned


def test_the_hint_names_its_own_parameters():
    """p, q and v, not those of another model."""
    with pytest.raises(SpecError, match=r"Hint: name every one: with_parameters\(p=..., q="):
        GammaGamma().with_parameters(p=1.0)
