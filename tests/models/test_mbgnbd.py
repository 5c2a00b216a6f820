"""MBG/NBD: published numbers, and lifetimes in the same run."""

import pytest

from layerwise.models import MBGNBD
from layerwise.models._lifetimes import undisturbed

from .conftest import table


def test_cdnow_gives_the_published_estimates(cdnow):
    """Estimates, log-likelihood and standard errors of BTYDplus on CDNOW."""
    fitted = MBGNBD(unit="week").fit(cdnow)
    found = list(fitted.parameters.values())
    assert found == pytest.approx([0.524843, 6.183085, 0.891359, 1.614002], rel=1e-5)
    assert fitted.log_likelihood == pytest.approx(-9582.1357, abs=1e-4)
    errors = [0.083268, 0.695617, 0.154789, 0.537491]
    assert fitted.standard_errors == pytest.approx(errors, rel=1e-4)


def test_expected_orders_are_those_of_the_model_itself():
    """1.26296 at the published estimates, to three digits; lifetimes' tests borrow BG/NBD's."""
    fitted = MBGNBD(unit="week").with_parameters(r=0.525, alpha=6.183, a=0.891, b=1.614)
    one = table((2, 30.43 * 7, 38.86 * 7))
    assert fitted.expected_orders(one, 39 * 7)[0] == pytest.approx(1.26296, abs=5e-6)


def test_predictions_equal_those_of_lifetimes(cdnow):
    """P(alive) and expected orders at the same parameters."""
    fitted = MBGNBD(unit="week").fit(cdnow)
    weeks = (cdnow["repeat_orders"], cdnow["first_to_last_days"] / 7, cdnow["age_days"] / 7)
    theirs = fitted.to_lifetimes()
    with undisturbed():
        alive = theirs.conditional_probability_alive(*weeks)
        orders = theirs.predict(13, *weeks)
    assert fitted.p_alive(cdnow) == pytest.approx(alive, rel=1e-9)
    assert fitted.expected_orders(cdnow, 91) == pytest.approx(orders, rel=1e-6)
