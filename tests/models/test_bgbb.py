"""BG/BB: published numbers, mpmath, lifetimes, laws, refusals."""

import itertools

import mpmath as mp
import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from layerwise import loading as saved_form
from layerwise.errors import DataError, EngineError, FitError, NotIdentifiedWarning, SpecError
from layerwise.layers import Layers
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


def enumerated(a, b, c, d, x, t_x, n, m):
    """P(k orders at m opportunities) by going through every way to order and leave, 50 digits."""
    with mp.workdps(50):
        a, b, c, d = map(mp.mpf, (a, b, c, d))
        alive = mp.beta(a + x, b + n - x) * mp.beta(c, d + n)
        gone = sum(
            mp.beta(a + x, b + t_x - x + i) * mp.beta(c + 1, d + t_x + i) for i in range(n - t_x)
        )
        found = [gone] + [mp.mpf(0)] * m
        for seen in range(m + 1):
            leaves = mp.beta(c, d + n + m) if seen == m else mp.beta(c + 1, d + n + seen)
            for ways in itertools.product((0, 1), repeat=seen):
                k = sum(ways)
                found[k] += mp.beta(a + x + k, b + n - x + seen - k) * leaves
        return [float(value / (alive + gone)) for value in found]


@pytest.mark.parametrize(
    "parameters",
    [(1.204, 0.75, 0.657, 2.783), (0.5, 2, 1.0, 3), (1e-3, 5, 40, 0.2), (3e4, 1e4, 2e3, 5e4)],
)
@pytest.mark.parametrize("history", [(6, 6, 6), (0, 0, 0), (4, 5, 60), (200, 300, 400)])
def test_the_distribution_equals_enumeration(parameters, history):
    """Each way to order at the next six opportunities and to leave, added up by mpmath."""
    fitted = BGBB().with_parameters(**dict(zip(DONATIONS, parameters, strict=True)))
    right, one = enumerated(*parameters, *history, 6), donors(history)
    assert fitted.order_probabilities(one, 6, 6)[0] == pytest.approx(right, rel=1e-9, abs=1e-15)
    for k in (1, 4, 6):
        assert fitted.p_at_least(one, k, 6)[0] == pytest.approx(sum(right[k:]), rel=1e-9)
    assert fitted.p_at_least(one, 7, 6)[0] == 0.0


@given(HISTORY, st.integers(1, 50), st.tuples(*[POSITIVE] * 4))
def test_the_distribution_fits_the_other_predictions(history, m, parameters):
    """It sums to 1, its mean is the expectation, its zero is the silence, its ends the interval."""
    fitted = BGBB(opportunities=m).with_parameters(**dict(zip(DONATIONS, parameters, strict=True)))
    one = donors(history)
    found = fitted.order_probabilities(one, m)[0]
    assert found.sum() == pytest.approx(1.0)
    assert found @ np.arange(m + 1) == pytest.approx(fitted.expected_orders(one)[0], rel=1e-8)
    assert found[0] == pytest.approx(fitted.p_no_purchase(one)[0], rel=1e-8, abs=1e-12)
    low, high = fitted.orders_interval(one, level=0.8)[0]
    assert found[:low].sum() <= 0.1 + 1e-9
    assert found[high + 1 :].sum() <= 0.1 + 1e-9
    assert fitted.order_probabilities(one, m + 3)[0, m + 1 :].tolist() == [0.0] * 3


def test_a_new_customer_is_one_without_opportunities():
    """Before the first opportunity the history is 0, 0, 0; lifetimes gives the same shares."""
    fitted = BGBB().with_parameters(**DONATIONS)
    new = donors((0, 0, 0))
    assert fitted.expected_orders_new(6) == pytest.approx(fitted.expected_orders(new, 6)[0])
    found = fitted.order_probabilities(new, 6, 6)[0]
    theirs = fitted.to_lifetimes()
    theirs.data = pd.DataFrame({"frequency": range(7), "weights": 1 / 7})
    with undisturbed():
        shares = theirs.expected_number_of_transactions_in_first_n_periods(6)
    assert found == pytest.approx(shares.to_numpy().ravel(), rel=1e-9)


def simulated_donors(n, seed, m=0):
    """Return histories over 6 opportunities, and the orders of each at m more."""
    rng = np.random.default_rng(seed)
    p, q = rng.beta(1.204, 0.750, n), rng.beta(0.657, 2.783, n)
    orders = np.zeros((n, 6 + m), dtype=int)
    alive = np.ones(n, dtype=bool)
    for i in range(6 + m):
        alive &= rng.uniform(size=n) > q
        orders[:, i] = alive & (rng.uniform(size=n) < p)
    x = orders[:, :6].sum(axis=1)
    last = np.where(x > 0, 6 - np.argmax(orders[:, 5::-1], axis=1), 0)
    return donors(*zip(x, last, np.full(n, 6), strict=True)), orders[:, 6:].sum(axis=1)


def test_predictions_equal_simulation():
    """200,000 simulated donors: shares of each number of later orders, by history."""
    table, later = simulated_donors(200_000, 1, m=5)
    fitted = BGBB(opportunities=5).with_parameters(**DONATIONS)
    for history in ((6, 6, 6), (2, 3, 6), (0, 0, 6)):
        here = (table.to_numpy() == history).all(axis=1)
        found = fitted.order_probabilities(donors(history), 5)[0]
        shares = np.bincount(later[here], minlength=6) / here.sum()
        assert np.abs(found - shares).max() < 4 * 0.5 / np.sqrt(here.sum())
    ends = fitted.orders_interval(table, level=0.9)
    assert ((ends[:, 0] <= later) & (later <= ends[:, 1])).mean() >= 0.9 - 0.005


def test_parameters_are_recovered():
    """Within four standard errors of those that made the donors."""
    fitted = BGBB().fit(simulated_donors(20_000, 2)[0])
    gaps = np.subtract(tuple(fitted.parameters.values()), tuple(DONATIONS.values()))
    assert np.abs(gaps / fitted.standard_errors).max() < 4


def test_every_engine_gives_the_same_columns(engine):
    """Labels by transform, alone and in Layers; a missing history gives missing numbers."""
    table = simulated_donors(300, 3)[0].assign(customer_id=range(300)).astype(float)
    spec = BGBB(opportunities=5)
    fitted = spec.fit(table)
    assert fitted.outputs == spec.gives("bgbb")
    table.loc[7, "last_opportunity"] = np.nan
    right = fitted.transform(table)
    assert right["expected_orders_5_opportunities"].isna().tolist() == [i == 7 for i in range(300)]
    found = engine.pandas(fitted.transform(engine.make(table)))
    for name in fitted.outputs:
        values = found[name].astype(float).to_numpy()
        assert values == pytest.approx(right[name].to_numpy(), rel=1e-10, nan_ok=True)
    layers = Layers(churn=spec).fit(table.drop(7))
    assert saved_form.loads(layers.to_json()) == layers
    assert layers.outputs == fitted.outputs


def test_impossible_histories_of_a_lazy_table_have_no_number():
    """In memory they are refused; an engine does not look, and gets nothing."""
    fitted = BGBB().with_parameters(**DONATIONS)
    odd = donors((3, 2, 6), (1, 7, 6), (0, 3, 6), (1, 2, 6))
    with pytest.raises(DataError):
        fitted.transform(odd)
    found = fitted.transform(pl.from_pandas(odd).lazy()).collect()
    assert found["p_alive"].is_null().to_list() == [True, True, True, False]


def test_odd_numbers_of_opportunities_are_refused():
    """Of the spec and of a question; an interval needs every history."""
    for wrong in (0, -1, 1.5, True, "1"):
        with pytest.raises(SpecError, match="opportunities"):
            BGBB(opportunities=wrong)
    fitted = BGBB().with_parameters(**DONATIONS)
    with pytest.raises(SpecError, match="level"):
        fitted.orders_interval(donors((1, 2, 6)), level=1.0)
    with pytest.raises(DataError, match="missing last_opportunity: 1 of 1"):
        fitted.orders_interval(donors((1, np.nan, 6)))
    with pytest.raises(EngineError, match="one SELECT"):
        fitted.to_sql()


def dert(x: int, t_x: int, n: int, discount: float) -> float:
    """Return the DERT of Fader, Hardie and Shang (2010), eq. 14, by mpmath."""
    a, b, g, d = (mp.mpf(v) for v in DONATIONS.values())
    whole = mp.beta(a + x, b + n - x) * mp.beta(g, d + n)
    parts = [mp.beta(a + x, b + t_x - x + i) * mp.beta(g + 1, d + t_x + i) for i in range(n - t_x)]
    series = mp.hyp2f1(1, d + n + 1, g + d + n + 1, 1 / (1 + mp.mpf(discount)))
    top = mp.beta(a + x + 1, b + n - x) * mp.beta(g, d + n + 1) / (1 + mp.mpf(discount)) * series
    return float(top / (whole + sum(parts)))


def test_discounted_orders_come_to_the_published_closed_form():
    """Over 600 opportunities at 10 % nothing is left to add."""
    histories = [(6, 6, 6), (0, 0, 6), (4, 5, 6), (1, 1, 12), (3, 9, 12)]
    fitted = BGBB().with_parameters(**DONATIONS)
    found = fitted.discounted_orders(donors(*histories), 600, discount=0.1)
    assert found == pytest.approx([dert(*h, 0.1) for h in histories], rel=1e-10)


def test_without_a_discount_orders_count_whole():
    """0 % is the expectation; a horizon of nothing gives nothing; other discounts are refused."""
    table = donors((4, 5, 6), (0, 0, 6))
    fitted = BGBB().with_parameters(**DONATIONS)
    whole = fitted.expected_orders(table, 5)
    assert fitted.discounted_orders(table, 5, discount=0) == pytest.approx(whole, rel=1e-14)
    assert not fitted.discounted_orders(table, 0, discount=0.1).any()
    for discount in (-0.1, np.nan, "0.1", True):
        with pytest.raises(SpecError, match="discount must be"):
            fitted.discounted_orders(table, 5, discount=discount)
