"""Frequency: counts or shrunken rates, cut on values."""

from typing import Any

import numpy as np
import pandas as pd
import pytest

from layerwise.datasets import load_cdnow
from layerwise.errors import FewerLayersWarning, FitError, SpecError
from layerwise.layers import ChurnStatus, Frequency, Layers, Loyalty
from layerwise.layers.frequency import rate_moments
from layerwise.models import GammaGamma
from layerwise.summary import summarize
from tests.conftest import Engine


def layers(spec: Frequency, table: pd.DataFrame) -> list[Any]:
    return spec.fit(table).transform(table)["frequency"].tolist()


def test_ties_share_a_layer() -> None:
    """Where most bought once, all of them are low, whatever the quantile says."""
    table = pd.DataFrame({"orders_365d": [1, 1, 1, 1, 1, 1, 2, 3, 7, 9]})
    assert layers(Frequency(), table) == ["low"] * 6 + ["mid"] * 2 + ["high"] * 2


def test_absolute_cuts() -> None:
    """One order is low, two to four mid, five and more high."""
    table = pd.DataFrame({"orders_90d": [0, 1, 2, 4, 5]})
    spec = Frequency(method="absolute", window_days=90)
    assert layers(spec, table) == ["low", "low", "mid", "mid", "high"]


def test_all_equal_warns() -> None:
    """One value makes one layer, and the warning says so."""
    with pytest.warns(FewerLayersWarning, match="1 of 3 layers"):
        found = layers(Frequency(), pd.DataFrame({"orders_365d": [2, 2, 2]}))
    assert found == ["low"] * 3


def test_moments_recover_the_rates() -> None:
    """R and alpha of simulated gamma-Poisson counts come back within sampling error."""
    rng = np.random.default_rng(1)
    days = rng.uniform(50, 700, 200_000)
    counts = rng.poisson(rng.gamma(0.8, 1 / 60, 200_000) * days)
    r, alpha = rate_moments(counts, days)
    assert r == pytest.approx(0.8, rel=0.03)
    assert alpha == pytest.approx(60, rel=0.03)


def test_shrunken_rate_is_cautious_with_the_young() -> None:
    """Two orders in ten days rank below twelve in a year."""
    rng = np.random.default_rng(2)
    days = np.r_[10.0, 365.0, rng.uniform(50, 700, 500)]
    repeats = np.r_[1, 11, rng.poisson(rng.gamma(0.8, 1 / 60, 500) * days[2:])]
    table = pd.DataFrame({"repeat_orders": repeats, "age_days": days})
    rates = Frequency(rate="shrunken").fit(table).transform(table)["frequency_rate_365d"]
    assert rates[0] < rates[1]
    assert 365 * 1 / 10 > 365 * 11 / 365  # the raw rate says the opposite


def test_shrunken_needs_spread() -> None:
    """Counts that differ no more than chance cannot be shrunken."""
    table = pd.DataFrame({"repeat_orders": [3] * 50, "age_days": [100] * 50})
    with pytest.raises(FitError, match="rate='count'"):
        Frequency(rate="shrunken").fit(table)


def test_same_on_every_engine(engine: Engine) -> None:
    """Every engine gives the layers of pandas, for counts and for rates."""
    rng = np.random.default_rng(3)
    table = pd.DataFrame({"customer_id": range(300), "age_days": rng.integers(10, 700, 300)})
    table["repeat_orders"] = rng.poisson(rng.gamma(0.8, 1 / 60, 300) * table["age_days"])
    table["orders_365d"] = table["repeat_orders"] + 1
    for spec in (Frequency(), Frequency(rate="shrunken")):
        found = engine.pandas(spec.fit(engine.make(table)).transform(engine.make(table)))
        assert found["frequency"].tolist() == layers(spec, table)


@pytest.mark.parametrize(
    "choices",
    [
        {"rate": "x"},
        {"method": "share"},
        {"cuts": (0.9, 0.1)},
        {"method": "absolute", "cuts": (3,)},
    ],
)
def test_refused(choices: dict[str, Any]) -> None:
    """Choices that do not fit together are an error at once."""
    with pytest.raises(SpecError, match="Frequency"):
        Frequency(**choices)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_the_order_of_rows_changes_no_digit(seed: int) -> None:
    """Shrunken rates, gaps and spend learned from a shuffled CDNOW are saved as the same text."""
    log = load_cdnow()
    customers = summarize(log[log["amount"] > 0], as_of="1998-06-30")
    layers = Layers(
        rate=Frequency(rate="shrunken"), churn=ChurnStatus(), loyalty=Loyalty(), spend=GammaGamma()
    )
    shuffled = customers.sample(frac=1, random_state=seed)
    assert layers.fit(shuffled).to_json() == layers.fit(customers).to_json()


def test_broken_days_are_summed_exactly() -> None:
    """Hours give days that are no whole numbers; their order changes nothing either."""
    rng = np.random.default_rng(0)
    customers = pd.DataFrame(
        {"repeat_orders": rng.poisson(rng.gamma(1, 5, 500)), "age_days": rng.random(500) * 300 + 1}
    )
    spec = Frequency(rate="shrunken")
    assert spec.fit(customers[::-1]).to_json() == spec.fit(customers).to_json()


def test_all_missing_cannot_be_shrunken() -> None:
    """The error says that days are missing, not that rates are alike."""
    customers = pd.DataFrame({"repeat_orders": [1.0, 2.0], "age_days": [np.nan, np.nan]})
    with pytest.raises(FitError, match=r"missing for every customer(.|\n)*Hint: check"):
        Frequency(rate="shrunken").fit(customers)


def test_the_hint_is_about_orders() -> None:
    """Absolute cuts of a frequency are numbers of orders, not amounts."""
    with pytest.raises(SpecError, match=r"Hint: cuts=\(1, 4\)"):
        Frequency(method="absolute", cuts=(3,))
