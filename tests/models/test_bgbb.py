"""BG/BB: published numbers, mpmath, lifetimes, laws, refusals."""

import mpmath as mp
import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from layerwise import loading as saved_form
from layerwise.errors import DataError, FitError, NotIdentifiedWarning, SpecError
from layerwise.models import BGBB, _bgbb
from layerwise.models._lifetimes import undisturbed
from layerwise.models.histories import grouped

from .conftest import _folder

DONATIONS = {"alpha": 1.204, "beta": 0.750, "gamma": 0.657, "delta": 2.783}


def donors(*rows: tuple[int, int, int]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["repeat_orders", "last_opportunity", "opportunities"])


@pytest.fixture(scope="module")
def donations():
    """11,104 donors over six years, as counts of 22 histories."""
    table = pd.read_csv(_folder() / "donations.csv")
    return [table[name] for name in ("frequency", "recency", "periods", "weights")]


def test_donations_give_the_published_estimates(donations):
    """Fader, Hardie and Shang (2010), table 3: 1.204, .750, .657, 2.783, −33225.6."""
    fitted = BGBB().fit_counts(*donations)
    found = list(fitted.parameters.values())
    assert found == pytest.approx([1.204, 0.750, 0.657, 2.783], abs=6e-4)
    assert fitted.log_likelihood == pytest.approx(-33225.58, abs=0.005)
    assert fitted.n_customers == 11_104
    assert fitted.converged


def test_rows_and_counts_give_the_same_fit(donations):
    """A table with one row a donor is merged to the same histories."""
    x, t_x, n, counts = (np.asarray(column) for column in donations)
    rows = donors(*zip(*(np.repeat(v, counts) for v in (x, t_x, n)), strict=True))
    by_rows, by_counts = BGBB().fit(rows), BGBB().fit_counts(*donations)
    assert by_rows.parameters == pytest.approx(by_counts.parameters, rel=1e-8)
    assert saved_form.loads(by_rows.to_json()) == by_rows


def test_predictions_equal_those_of_lifetimes():
    """Expected orders, and P(alive) at the opportunity to come."""
    table = donors((6, 6, 6), (0, 0, 6), (4, 5, 6), (1, 1, 12), (3, 9, 12))
    fitted = BGBB().with_parameters(**DONATIONS)
    theirs, columns = fitted.to_lifetimes(), [table[name] for name in table]
    with undisturbed():
        alive = theirs.conditional_probability_alive(1, *columns)
        orders = theirs.predict(5, *columns)
    assert fitted.p_alive(table, 1) == pytest.approx(alive, rel=1e-9)
    assert fitted.expected_orders(table, 5) == pytest.approx(orders, rel=1e-9)


def by_hand(a, b, c, d, x, t_x, n, ahead):
    """Equation 5 of the paper and sums over each way to be silent, at 50 digits."""
    with mp.workdps(50):
        a, b, c, d = map(mp.mpf, (a, b, c, d))
        whole = mp.beta(a, b) * mp.beta(c, d)
        alive = mp.beta(a + x, b + n - x) * mp.beta(c, d + n)
        left = [
            mp.beta(a + x, b + t_x - x + i) * mp.beta(c + 1, d + t_x + i) for i in range(n - t_x)
        ]
        total = alive + sum(left)
        quiet = mp.beta(a + x, b + n + ahead - x) * mp.beta(c, d + n + ahead) + sum(
            mp.beta(a + x, b + n - x + i) * mp.beta(c + 1, d + n + i) for i in range(ahead)
        )
        lives = sum(mp.beta(c, d + n + k) / mp.beta(c, d + n) for k in range(1, ahead + 1))
        orders = alive / total * (a + x) / (a + b + n) * lives
        values = (mp.log(total / whole), alive / total, (sum(left) + quiet) / total, orders)
        return [float(value) for value in values]


@pytest.mark.parametrize(
    "parameters",
    [(1.204, 0.75, 0.657, 2.783), (0.5, 2, 1.0, 3), (1e-3, 5, 40, 0.2), (3e4, 1e4, 2e3, 5e4)],
)
@pytest.mark.parametrize("history", [(6, 6, 6), (0, 0, 6), (4, 5, 60), (1, 1, 1), (200, 300, 400)])
def test_values_equal_mpmath(parameters, history):
    """Log-likelihood and probabilities to 1e-9, orders to 1e-7; gamma = 1 is no exception."""
    log, alive, silent, orders = by_hand(*parameters, *history, 12)
    fitted = BGBB().with_parameters(**dict(zip(DONATIONS, parameters, strict=True)))
    table = donors(history)
    rows = grouped(*([value] for value in history), [1.0])
    found = _bgbb.log_likelihood(np.array(parameters), rows)[0]
    assert found == pytest.approx(log, rel=1e-9, abs=1e-11)
    assert fitted.p_alive(table)[0] == pytest.approx(alive, rel=1e-9)
    assert fitted.p_no_purchase(table, 12)[0] == pytest.approx(silent, rel=1e-9)
    assert fitted.expected_orders(table, 12)[0] == pytest.approx(orders, rel=1e-7)


def test_derivatives_are_those_of_the_likelihood():
    """Gradient and Hessian against central differences."""
    rows = grouped([0, 1, 3, 7], [0, 1, 5, 7], [6, 9, 6, 7], [5.0, 2.0, 1.0, 3.0])
    at = np.array([1.2, 0.7, 0.66, 2.8])
    _, gradient, hessian = _bgbb.log_likelihood(at, rows)
    for i, step in enumerate(np.diag(at * 1e-5)):
        up, down = (_bgbb.log_likelihood(at + sign * step, rows) for sign in (1, -1))
        assert gradient[i] == pytest.approx((up[0] - down[0]) / (2 * step[i]), rel=1e-6, abs=1e-7)
        assert hessian[i] == pytest.approx((up[1] - down[1]) / (2 * step[i]), rel=1e-5, abs=1e-7)


POSITIVE = st.floats(1e-4, 1e4)
HISTORY = st.tuples(st.integers(0, 40), st.integers(0, 40), st.integers(0, 40)).map(
    lambda h: (h[0], h[0] + h[1] if h[0] else 0, h[0] + h[1] + h[2])
)


@given(HISTORY, st.integers(0, 50), st.tuples(*[POSITIVE] * 4))
def test_predictions_are_possible(history, ahead, parameters):
    """Probabilities in [0, 1], no more orders than opportunities, none in none."""
    fitted = BGBB().with_parameters(**dict(zip(DONATIONS, parameters, strict=True)))
    table = donors(history)
    assert 0.0 <= fitted.p_alive(table)[0] <= 1.0 + 1e-12
    assert 0.0 <= fitted.p_no_purchase(table, ahead)[0] <= 1.0
    assert 0.0 <= fitted.expected_orders(table, ahead)[0] <= ahead
    assert fitted.expected_orders(table, 0)[0] == 0.0


def test_what_cannot_be_is_refused():
    """Half opportunities, more orders than opportunities, nobody again, odd horizons."""
    with pytest.raises(DataError, match="more repeat_orders"):
        BGBB().fit(donors((3, 2, 6)))
    with pytest.raises(DataError, match="last_opportunity above opportunities"):
        BGBB().fit(donors((1, 7, 6)))
    with pytest.raises(DataError, match="not whole"):
        BGBB().fit(donors((1, 2, 6)).assign(last_opportunity=1.5))
    with pytest.raises(FitError, match="none of 9"):
        BGBB().fit(donors(*[(0, 0, 6)] * 9))
    with pytest.raises(SpecError, match="whole number"):
        BGBB().with_parameters(**DONATIONS).expected_orders(donors((1, 2, 6)), 2.5)


def test_a_flat_likelihood_warns():
    """Donors who always give show neither dropout nor differences."""
    with pytest.warns(NotIdentifiedWarning, match="Hint"):
        fitted = BGBB().fit(donors(*[(6, 6, 6)] * 40))
    assert np.isfinite(fitted.expected_orders(donors((6, 6, 6)), 3)).all()
