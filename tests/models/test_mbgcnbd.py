"""MBG/CNBD-k: MBG/NBD at k = 1, derivatives, simulation, choice of k, refusals."""

import numpy as np
import pandas as pd
import pytest

from layerwise import loading as saved_form
from layerwise import summarize
from layerwise.datasets import load_cdnow
from layerwise.errors import ColumnsError, DataError, SpecError
from layerwise.models import MBGCNBD, MBGNBD, _dropout
from layerwise.models.histories import grouped

from .conftest import simulated, table


def regular(n: int, k: int, seed: int) -> pd.DataFrame:
    """Return customers whose gaps are Erlang-k, with the mean log of their gaps."""
    rng = np.random.default_rng(seed)
    T = rng.uniform(100, 500, n)
    rate, p = rng.gamma(1.5, 1 / 20.0, n), rng.beta(0.8, 3.0, n)
    x, t, last, logs = (np.zeros(n) for _ in range(4))
    alive = np.flatnonzero(rng.uniform(size=n) > p)
    while len(alive):
        gap = rng.gamma(k, 1 / rate[alive])
        t[alive] += gap
        came = t[alive] <= T[alive]
        alive, gap = alive[came], gap[came]
        x[alive] += 1
        last[alive] = t[alive]
        logs[alive] += np.log(gap)
        alive = alive[rng.uniform(size=len(alive)) > p[alive]]
    histories = table(*zip(x, last, T, strict=True))
    return histories.assign(gap_log_mean=np.where(x > 0, logs / np.maximum(x, 1), np.nan))


def test_k_of_one_is_mbgnbd():
    """The same parameters, likelihood and predictions."""
    customers = simulated(2000, seed=1, first=1).assign(gap_log_mean=0.0)
    one, plain = MBGCNBD(k=1).fit(customers), MBGNBD().fit(customers)
    assert one.parameters == pytest.approx(plain.parameters, rel=1e-9)
    assert one.log_likelihood == pytest.approx(plain.log_likelihood, rel=1e-12)
    few = customers.head(300)
    assert one.p_alive(few) == pytest.approx(plain.p_alive(few), rel=1e-10)
    assert one.p_no_purchase(few, 60) == pytest.approx(plain.p_no_purchase(few, 60), rel=1e-10)
    assert one.expected_orders(few, 60) == pytest.approx(plain.expected_orders(few, 60), rel=1e-8)
    assert one.p_alive_after(few, 60) == pytest.approx(plain.p_alive_after(few, 60), rel=1e-8)
    assert one.expected_orders_new(60) == pytest.approx(plain.expected_orders_new(60), rel=1e-8)


@pytest.mark.parametrize("k", [2, 5])
def test_derivatives_are_those_of_the_likelihood(k):
    """Gradient and Hessian against central differences."""
    rows = grouped([0, 1, 3, 140, 2], [0, 5, 30, 70, 9], [40, 5, 33, 70, 400], [3, 1, 2, 1, 1])
    at = np.array([0.5, 8.0, 0.8, 2.4])
    _, gradient, hessian = _dropout.log_likelihood(at, rows, 1, 1.0, k)
    for i, step in enumerate(np.diag(at * 1e-5)):
        up, down = (_dropout.log_likelihood(at + s * step, rows, 1, 1.0, k) for s in (1, -1))
        assert gradient[i] == pytest.approx((up[0] - down[0]) / (2 * step[i]), rel=1e-6)
        assert hessian[i] == pytest.approx((up[1] - down[1]) / (2 * step[i]), rel=1e-5, abs=1e-7)


def test_k_and_parameters_are_recovered():
    """The likelihood finds k = 3 and the rest within four standard errors; JSON keeps it."""
    fitted = MBGCNBD().fit(regular(8000, 3, seed=2))
    assert fitted.k == 3
    gaps = np.subtract(tuple(fitted.parameters.values()), (1.5, 20.0, 0.8, 3.0))
    assert np.abs(gaps / fitted.standard_errors).max() < 4
    assert saved_form.loads(fitted.to_json()) == fitted


def test_units_change_the_likelihood_by_the_density(cdnow):
    """Weeks instead of days: the density of x gaps grows by 7 to the x."""
    customers = regular(500, 2, seed=3)
    day, week = (MBGCNBD(k=2, unit=unit).fit(customers) for unit in ("day", "week"))
    gain = customers["repeat_orders"].sum() * np.log(7)
    assert week.log_likelihood - day.log_likelihood == pytest.approx(gain, rel=1e-9)
    assert week.p_alive(customers) == pytest.approx(day.p_alive(customers), rel=1e-8)


def test_predictions_equal_simulation():
    """Among 200,000 simulated customers, those with one history: silence and orders to come."""
    rng, n, k, h = np.random.default_rng(4), 400_000, 2, 60.0
    rate, p = rng.gamma(1.5, 1 / 20.0, n), rng.beta(0.8, 3.0, n)
    times = np.cumsum(rng.gamma(k, 1 / rate[:, None], (n, 12)), axis=1)
    gone = rng.uniform(size=(n, 13)) < p[:, None]
    lost_at = np.where(gone.any(axis=1), gone.argmax(axis=1), 99)
    happened = (np.arange(12) < lost_at[:, None]) & (times <= 120 + h)
    before, T = (happened & (times <= 120)).sum(axis=1), 120.0
    chosen = (before == 2) & (np.abs(times[:, 1] - 70) < 6)
    later = happened.sum(axis=1) - before
    fitted = MBGCNBD(k=2).with_parameters(r=1.5, alpha=20.0, a=0.8, b=3.0)
    one = table((2, 70, T))
    assert fitted.p_alive(one)[0] == pytest.approx((lost_at[chosen] > 2).mean(), abs=0.02)
    assert fitted.p_no_purchase(one, h)[0] == pytest.approx((later[chosen] == 0).mean(), abs=0.02)
    assert fitted.expected_orders(one, h)[0] == pytest.approx(later[chosen].mean(), abs=0.05)


def test_distribution_fits_the_mean_and_engines_agree(engine):
    """Tails add up to the expectation; lazy engines look the numbers up."""
    customers = simulated(60, seed=5, first=1)
    fitted = MBGCNBD(k=2).with_parameters(r=1.5, alpha=30.0, a=0.8, b=3.0)
    found = fitted.order_probabilities(customers, 200, 60)
    assert (found * np.arange(201)).sum(axis=1) == pytest.approx(
        fitted.expected_orders(customers, 60), rel=1e-7
    )
    right = fitted.transform(customers)
    other = engine.pandas(fitted.transform(engine.make(customers)))
    for name in fitted.outputs:
        values = other[name].astype(float).to_numpy()
        assert values == pytest.approx(right[name].to_numpy(), rel=1e-10)


def test_gaps_are_needed():
    """Without the column, with holes in it, with counts, and with an odd k."""
    customers = table((2, 50, 100), (0, 0, 100))
    with pytest.raises(ColumnsError, match="gap_log_mean"):
        MBGCNBD().fit(customers)
    with pytest.raises(DataError, match="1 repeat buyers"):
        MBGCNBD().fit(customers.assign(gap_log_mean=np.nan))
    with pytest.raises(SpecError, match="gaps"):
        MBGCNBD().fit_counts([2, 0], [50, 0], [100, 100], [1, 1])
    with pytest.raises(SpecError, match="whole number"):
        MBGCNBD(k=0)
    with pytest.raises(SpecError, match="need a k"):
        MBGCNBD().with_parameters(r=1.0, alpha=1.0, a=1.0, b=1.0)


def test_summarize_gives_what_the_fit_needs():
    """One step from orders to a fit; in weeks the likelihood sees the same days."""
    orders = load_cdnow()
    orders = orders[orders["ordered_at"] <= "1997-09-30"]
    customers = summarize(orders, as_of="1997-09-30", amount=None, gaps=True)
    fitted = MBGCNBD(k=2).fit(customers)
    assert fitted.converged
    again = customers["repeat_orders"] > 0
    assert (customers["gap_log_mean"].notna() == again).all()
    with pytest.raises(ColumnsError, match="gaps=True"):
        MBGCNBD(k=2).fit(customers.drop(columns="gap_log_mean"))
