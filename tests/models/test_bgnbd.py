"""BG/NBD: published numbers, lifetimes, mpmath, laws, limits, refusals, engines."""

import warnings

import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from layerwise.errors import DataError, FitError, NotIdentifiedWarning, SpecError
from layerwise.models import BGBB, BGNBD
from layerwise.models._lifetimes import undisturbed

from .conftest import simulated, table

NAMES = ["repeat_orders", "first_to_last_days", "age_days"]


def test_cdnow_gives_the_published_estimates(cdnow):
    """Fader, Hardie and Lee (2005), table 2, with the standard errors of BTYDplus."""
    fitted = BGNBD(unit="week").fit(cdnow)
    found = list(fitted.parameters.values())
    assert found == pytest.approx([0.242595, 4.413602, 0.792922, 2.425907], rel=1e-5)
    assert fitted.log_likelihood == pytest.approx(-9582.4292, abs=1e-4)
    errors = [0.012557, 0.378224, 0.185734, 0.705415]
    assert fitted.standard_errors == pytest.approx(errors, rel=1e-4)
    assert fitted.covariance[0][1] == pytest.approx(0.003706, abs=1e-6)
    assert fitted.converged
    assert fitted.aic == pytest.approx(2 * 4 + 2 * 9582.4292, abs=1e-3)


def test_cdnow_gives_the_published_predictions(cdnow):
    """Expected orders of two customers of the literature, in 39 and 52 weeks."""
    fitted = BGNBD(unit="week").fit(cdnow)
    one = table((2, 30.43 * 7, 38.86 * 7), (26, 30.857 * 7, 31 * 7))
    assert fitted.expected_orders(one, 39 * 7)[0] == pytest.approx(1.2259, abs=5e-5)
    assert fitted.expected_orders(one, 52 * 7)[1] == pytest.approx(25.757, abs=5e-4)
    assert fitted.p_alive(one)[1] == pytest.approx(0.96885, abs=5e-6)


def test_the_fit_equals_that_of_lifetimes(cdnow):
    """The same parameters and predictions as lifetimes in the same run, there and back."""
    fitted = BGNBD(unit="week").fit(cdnow)
    x, t_x, T = (cdnow[NAMES[0]], cdnow[NAMES[1]] / 7, cdnow[NAMES[2]] / 7)
    with undisturbed():
        from lifetimes import BetaGeoFitter

        fitter = BetaGeoFitter().fit(x, t_x, T)
        theirs = fitter.conditional_probability_alive(x, t_x, T)
        orders = fitter.predict(13, x, t_x, T)
    assert list(fitted.parameters.values()) == pytest.approx(fitter.params_.to_numpy(), rel=1e-3)
    same = BGNBD(unit="week").from_lifetimes(fitter)
    assert same.p_alive(cdnow) == pytest.approx(theirs, rel=1e-9)
    assert same.expected_orders(cdnow, 91) == pytest.approx(orders, rel=1e-6)
    assert same.to_lifetimes().params_.to_dict() == pytest.approx(same.parameters)


def test_lifetimes_leaves_no_trace(cdnow):
    """Filters and pandas options are the same after lifetimes was imported."""
    before = list(warnings.filters)
    BGNBD().with_parameters(r=0.2, alpha=4.0, a=0.8, b=2.4).to_lifetimes()
    assert warnings.filters == before


def test_units_change_alpha_only(cdnow):
    """Weeks and days, and times a million times longer, give the same probabilities."""
    day, week = BGNBD().fit(cdnow), BGNBD(unit="week").fit(cdnow)
    assert (day.r, day.a, day.b) == pytest.approx((week.r, week.a, week.b), rel=1e-9)
    assert day.alpha == pytest.approx(7 * week.alpha, rel=1e-9)
    assert day.p_alive(cdnow) == pytest.approx(week.p_alive(cdnow), rel=1e-9)
    scaled = cdnow.assign(**{name: cdnow[name] * 1e6 for name in NAMES[1:]})
    assert BGNBD().fit(scaled).alpha == pytest.approx(1e6 * day.alpha, rel=1e-8)


def test_row_order_and_repeats_change_nothing(cdnow):
    """Shuffled rows give the same fit; rows twice give the same fit and twice the likelihood."""
    fitted = BGNBD().fit(cdnow)
    assert BGNBD().fit(cdnow.sample(frac=1, random_state=1)) == fitted
    twice = BGNBD().fit(pd.concat([cdnow, cdnow]))
    assert twice.a == pytest.approx(fitted.a, rel=1e-8)
    assert twice.log_likelihood == pytest.approx(2 * fitted.log_likelihood, rel=1e-12)


def test_counts_equal_rows(cdnow):
    """Histories grouped by somebody else, with counts, give the fit of the rows."""
    grouped = cdnow.groupby(NAMES).size().reset_index(name="n")
    counted = BGNBD().fit_counts(*(grouped[name] for name in [*NAMES, "n"]))
    assert counted.parameters == pytest.approx(BGNBD().fit(cdnow).parameters, rel=1e-9)


def test_parameters_are_recovered():
    """A large simulated table gives back what made it, within four standard errors."""
    fitted = BGNBD().fit(simulated(60_000, seed=3))
    truth = (0.55, 60.0, 0.8, 2.4)
    gaps = np.subtract(tuple(fitted.parameters.values()), truth) / fitted.standard_errors
    assert np.abs(gaps[2:]).max() < 4


HISTORY = st.tuples(st.integers(0, 5000), st.integers(1, 10_000), st.integers(0, 10_000)).map(
    lambda h: (h[0], h[1] if h[0] else 0, h[1] + h[2])
)


@given(HISTORY, st.floats(0.1, 5), st.floats(1, 100), st.floats(0.1, 5), st.floats(0.1, 5))
def test_orders_pass_a_equal_one_smoothly(history, r, alpha, a, b):
    """A hair from a = 1 gives the value at 1."""
    one = table(history)
    at, near = (
        BGNBD().with_parameters(r=r, alpha=alpha, a=v, b=b).expected_orders(one, 90)[0]
        for v in (1.0, 1.0 + 1e-10)
    )
    assert near == pytest.approx(at, rel=1e-8)


def test_days_are_looked_up_and_other_times_interpolated_alike():
    """Whole days, a shifted copy and single rows agree to 1e-10."""
    customers = simulated(30_000, seed=5)
    fitted = BGNBD().with_parameters(r=0.55, alpha=60.0, a=0.8, b=2.4)
    moved = customers.assign(age_days=customers["age_days"] + 0.25)
    some = moved.iloc[::100]
    looked_up = fitted.expected_orders(customers)[::100]
    assert looked_up == pytest.approx(fitted.expected_orders(customers.iloc[::100]), rel=1e-13)
    interpolated = fitted.expected_orders(moved)[::100]
    assert interpolated == pytest.approx(fitted.expected_orders(some), rel=1e-10)


def test_new_customers_expect_what_the_paper_says(cdnow):
    """A new customer is one with an empty history."""
    fitted = BGNBD(unit="week").fit(cdnow)
    assert fitted.expected_orders_new(0) == 0.0
    one = table((0, 0, 0))
    assert fitted.expected_orders_new(273) == pytest.approx(fitted.expected_orders(one, 273)[0])


def test_choices_are_checked():
    """Horizon, unit, penalty and given parameters."""
    for wrong in ({"horizon_days": 0}, {"horizon_days": "x"}, {"unit": "month"}, {"penalty": -1}):
        with pytest.raises(SpecError):
            BGNBD(**wrong)
    with pytest.raises(SpecError, match="takes the parameters"):
        BGNBD().with_parameters(r=1.0)
    with pytest.raises(SpecError, match="positive"):
        BGNBD().with_parameters(r=-1.0, alpha=1.0, a=1.0, b=1.0)


def buyers(kind: str) -> pd.DataFrame:
    rng = np.random.default_rng(7)
    if kind == "nobody leaves":
        x = rng.poisson(rng.gamma(2.0, 5.0, 400))
        return table(*[(n, 360 * n // (n + 1) if n else 0, 365) for n in x])
    if kind == "one customer":
        return table((3, 50, 90))
    return table(*[(364, 364, 364)] * 300, *[(0, 0, 364)] * 5)


@pytest.mark.parametrize("kind", ["nobody leaves", "one customer", "daily buyers"])
def test_flat_likelihoods_warn_and_predict(kind):
    """Ridges and limits give a warning, finite parameters and possible predictions."""
    customers = buyers(kind)
    with pytest.warns(NotIdentifiedWarning, match="Hint"):
        fitted = BGNBD().fit(customers)
    assert all(np.isfinite(value) for value in fitted.parameters.values())
    assert np.isfinite(fitted.log_likelihood)
    assert ((fitted.p_alive(customers) >= 0) & (fitted.p_alive(customers) <= 1)).all()
    assert np.isfinite(fitted.expected_orders(customers)).all()


def test_a_penalty_keeps_parameters_finite():
    """A small ridge bends a flat likelihood, and the covariance exists."""
    fitted = BGNBD(penalty=0.01).fit(buyers("nobody leaves"))
    assert fitted.standard_errors is not None
    assert fitted.a > 1e-3


def test_odd_counts_are_refused():
    """No rows, counts of nobody, and arrays of different lengths."""
    with pytest.raises(FitError, match="no rows"):
        BGNBD().fit_counts([], [], [], [])
    for counts in ([1, 0], [1, -1], [1, 1.5], [1, np.nan]):
        with pytest.raises(DataError, match="1 of 2 counts of histories are not whole"):
            BGNBD().fit_counts([1, 2], [5, 6], [9, 9], counts)
    with pytest.raises(DataError, match="length: x 2, t_x 2, T 2, counts 1"):
        BGNBD().fit_counts([1, 2], [5, 6], [9, 9], [1])


@pytest.mark.parametrize("fit_counts", [BGNBD().fit_counts, BGBB().fit_counts])
@pytest.mark.parametrize("odd", [["a"], ["1"], [[1]], [[1], [1, 2]], None, 3, [True]], ids=str)
def test_columns_that_are_no_numbers_are_refused(fit_counts, odd):
    """Text, tables, single numbers and None, in any place."""
    for place in range(4):
        columns = [[1], [5], [9], [1]]
        columns[place] = odd
        with pytest.raises(DataError, match=r"cannot be read:(.|\n)*Hint:"):
            fit_counts(*columns)


@pytest.mark.parametrize("r", ["x", None, [1], True, np.nan, 0])
def test_parameters_are_positive_numbers(r):
    """What is no number is refused like a number that cannot be."""
    with pytest.raises(SpecError, match=r"r must be a positive number(.|\n)*Hint:"):
        BGNBD().with_parameters(r=r, alpha=1.0, a=1.0, b=1.0)


def test_lazy_polars_keeps_the_order_of_rows():
    """The lookup of expected orders joins without shuffling a table of some thousand rows."""
    rng = np.random.default_rng(1)
    x, age = rng.integers(0, 6, 3000), rng.integers(100, 400, 3000)
    table = pl.DataFrame(
        {
            "customer_id": rng.permutation(3000),
            "repeat_orders": x,
            "first_to_last_days": np.where(x > 0, age // 2, 0),
            "age_days": age,
        }
    ).with_columns(days_since_last=pl.col("age_days") - pl.col("first_to_last_days"))
    fitted = BGNBD(horizon_days=90).with_parameters(r=0.24, alpha=31.0, a=0.8, b=2.4)
    found = fitted.transform(table.lazy()).collect()
    wanted = fitted.transform(table)
    assert found["customer_id"].equals(wanted["customer_id"])
    difference = found["expected_orders_90d"] - wanted["expected_orders_90d"]
    assert difference.abs().max() < 1e-12
