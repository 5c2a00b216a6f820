"""compare, calibration and residual value: published holdout numbers, and by hand."""

import numpy as np
import pandas as pd
import pytest

from layerwise.datasets import load_cdnow
from layerwise.errors import DataError, SpecError
from layerwise.models import (
    BGNBD,
    MBGNBD,
    GammaGamma,
    ParetoNBD,
    calibration,
    compare,
    residual_value,
)

from .conftest import table


@pytest.fixture(scope="module")
def judged(cdnow):
    """CDNOW with the orders (days with an order) of the 273 days after 1997-09-30."""
    orders = load_cdnow()
    later = orders[orders["ordered_at"] > "1997-09-30"]
    days = later.drop_duplicates(["customer_id", "ordered_at"]).groupby("customer_id").size()
    found = days.reindex(cdnow["customer_id"], fill_value=0).to_numpy()
    return cdnow.assign(holdout_orders=found, holdout_days=273)


def test_cdnow_holdout_gives_the_published_numbers(judged):
    """BG/NBD 1,653.4 against 1,882, MAE .785, r .626; Pareto/NBD .755, .630; MBG/NBD .765, .627."""
    found = compare({"bg": BGNBD(), "pareto": ParetoNBD(), "mbg": MBGNBD()}, judged)
    assert found.loc["bg", "actual"] == 1882
    assert found.loc["bg", "total"] == pytest.approx(1653.4, abs=0.05)
    assert found["mae"][:3].round(3).tolist() == [0.785, 0.755, 0.765]
    assert found["correlation"][:3].round(3).tolist() == [0.626, 0.630, 0.627]
    assert found.loc["bg", ["auc", "brier"]].round(3).tolist() == [0.757, 0.161]
    assert found.loc["mbg", "auc"] == pytest.approx(0.760, abs=5e-4)
    assert found.loc["days of silence", "auc"] == pytest.approx(0.771, abs=5e-4)


def test_calibration_adds_up(judged):
    """Groups hold all customers; expected and actual shares are near each other."""
    fitted = BGNBD().fit(judged)
    found = calibration(fitted, judged)
    assert found["customers"].sum() == len(judged)
    assert found["expected"].is_monotonic_increasing
    assert (found["expected"] - found["silent"]).abs().max() < 0.15


def test_baselines_of_a_table_by_hand():
    """Rate × time, the last window, and silence, of four customers."""
    customers = table((2, 50, 100), (0, 0, 100), (1, 90, 100), (4, 80, 100))
    customers = customers.assign(
        holdout_orders=[1, 0, 1, 2], holdout_days=50, orders_50d=[1, 0, 1, 3]
    )
    found = compare({}, customers)
    assert found.loc["rate x time", "total"] == 3.5
    assert found.loc["same as last period", "mae"] == 0.25
    assert found.loc["days of silence", "auc"] == 1.0


def test_odd_comparisons_are_refused():
    """A holdout of several lengths, and something that is no model."""
    customers = table((2, 50, 100), (1, 30, 100)).assign(holdout_orders=1, holdout_days=[50, 60])
    with pytest.raises(DataError, match="holdout_days one"):
        compare({}, customers)
    with pytest.raises(SpecError, match="neither"):
        compare({"x": 3}, customers.assign(holdout_days=50))


def test_residual_value_is_orders_times_spend():
    """No discount: expected orders × spend per order × margin; dates give the days between."""
    customers = table((5, 300, 330), (0, 0, 330)).assign(spend_repeat_mean=[40.0, np.nan])
    orders = BGNBD().with_parameters(r=0.24, alpha=31.0, a=0.8, b=2.4)
    spend = GammaGamma().with_parameters(p=6.25, q=3.74, v=15.44)
    by_hand = orders.expected_orders(customers, 365) * spend.expected_spend(customers) * 0.3
    ways = {"annual_discount": 0.0, "margin": 0.3}
    found = residual_value(orders, spend, customers, horizon_days=365, **ways)
    assert found == pytest.approx(by_hand, rel=1e-12)
    dated = residual_value(
        orders, spend, customers, as_of="2023-01-01", until=pd.Timestamp("2024-01-01"), **ways
    )
    assert dated == pytest.approx(by_hand, rel=1e-12)
    assert (residual_value(orders, spend, customers, horizon_days=365, margin=0.3) < by_hand).all()


def test_odd_values_are_refused():
    """Margins, and horizons given twice, half, backwards or not as dates."""
    orders = BGNBD().with_parameters(r=0.24, alpha=31.0, a=0.8, b=2.4)
    spend = GammaGamma().with_parameters(p=6.25, q=3.74, v=15.44)
    customers = table((5, 300, 330)).assign(spend_repeat_mean=40.0)
    for wrong in (
        {"margin": 0},
        {"until": "2024-01-01"},
        {"until": "2024-01-01", "as_of": "2025-01-01"},
        {"until": "soon", "as_of": "2025-01-01"},
        {"until": "2026-01-01", "as_of": "2025-01-01", "horizon_days": 3},
    ):
        with pytest.raises(SpecError):
            residual_value(orders, spend, customers, **wrong)


@pytest.mark.parametrize(
    ("spec", "total"), [(BGNBD(), 4165.7), (ParetoNBD(), 4275.4), (MBGNBD(), 4054.6)]
)
def test_tracking_gives_the_published_total(cdnow, spec, total):
    """Repeat orders expected up to week 78; 4,339 came."""
    fitted = spec.fit(cdnow)
    assert fitted.cumulative_orders(cdnow, 274) == pytest.approx(total, abs=0.06)
    assert fitted.cumulative_orders(cdnow, -1000) == 0.0
