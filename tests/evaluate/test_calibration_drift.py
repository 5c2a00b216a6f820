"""Slope and intercept of outcomes on forecasts, against statsmodels; what cannot be judged."""

from typing import Any

import numpy as np
import pandas as pd
import pytest

from layerwise.errors import ColumnsError, DataError, SpecError
from layerwise.evaluate import CertainForecastWarning, calibration_drift


def judged(slope: float, intercept: float, n: int = 4000, seed: int = 0) -> pd.DataFrame:
    """Return forecasts, and outcomes whose logit is intercept + slope logit(forecast)."""
    rng = np.random.default_rng(seed)
    p = rng.beta(2, 1.5, n)
    true = 1 / (1 + np.exp(-(intercept + slope * np.log(p / (1 - p)))))
    return pd.DataFrame({"p": p, "holdout_orders": (rng.random(n) > true).astype(int)})


@pytest.mark.parametrize(("slope", "intercept"), [(1, 0), (0.5, 0.4), (1.7, -1), (-0.4, 2)])
def test_as_statsmodels(slope: float, intercept: float) -> None:
    """The same slope, intercept and errors as a logistic regression of statsmodels."""
    statsmodels = pytest.importorskip("statsmodels.api")
    table = judged(slope, intercept)
    found = calibration_drift(table, probability="p")
    logit = np.log(table["p"] / (1 - table["p"]))
    theirs = statsmodels.Logit(table["holdout_orders"] == 0, statsmodels.add_constant(logit))
    fit = theirs.fit(disp=0, tol=1e-12)
    assert np.allclose([found.intercept, found.slope], fit.params, rtol=1e-7)
    assert np.allclose([found.intercept_error, found.slope_error], fit.bse, rtol=1e-6)


def test_intervals_cover() -> None:
    """95 % of intervals hold the planted slope."""
    found = [calibration_drift(judged(0.9, 0.2, 500, s), probability="p") for s in range(300)]
    covered = np.mean([f.slope_low < 0.9 < f.slope_high for f in found])
    assert 0.92 < covered < 0.98


@pytest.mark.parametrize(
    ("slope", "n", "verdict"),
    [(1, 4000, "calibrated"), (0.4, 4000, "miscalibrated"), (2, 4000, "miscalibrated")],
)
def test_verdicts(slope: float, n: int, verdict: str) -> None:
    """Within 0.8 to 1.2, or with its whole interval outside."""
    assert calibration_drift(judged(slope, 0, n), probability="p").verdict == verdict


def test_a_wide_interval_is_unsure() -> None:
    """Few customers: a slope outside whose interval reaches in."""
    found = calibration_drift(judged(0.55, 0, 90, 4), probability="p")
    assert found.slope < 0.8 < found.slope_high
    assert found.verdict == "unsure"


@pytest.mark.parametrize(
    ("p", "orders", "why"),
    [
        ([0.2, 0.8], [0, 0], "same outcome"),
        ([0.5, 0.5], [0, 1], "same probability"),
        ([0.2, 0.4, 0.6, 0.9], [1, 1, 0, 0], "without a mistake"),
        ([0.2, 0.4, 0.6, 0.9], [0, 0, 1, 1], "without a mistake"),
        ([0.2, 0.4, 0.4, 0.9], [1, 1, 0, 0], "without a mistake"),
    ],
)
def test_no_slope(p: list[float], orders: list[int], why: str) -> None:
    """Where no slope exists there is none, with the reason."""
    found = calibration_drift(pd.DataFrame({"p": p, "holdout_orders": orders}), probability="p")
    assert found.verdict == "not_evaluable"
    assert why in found.reason
    assert np.isnan(found.slope)
    assert 0 <= found.brier <= 1


def test_row_order_does_not_matter() -> None:
    """Shuffled customers give the same numbers to the last digit."""
    table = judged(0.7, 0.1, 800)
    one = calibration_drift(table, probability="p")
    assert calibration_drift(table.sample(frac=1, random_state=1), probability="p") == one


def test_certain_forecasts_are_told() -> None:
    """0 and 1 have no logit."""
    table = judged(1, 0, 200)
    table.loc[:2, "p"] = [0, 1, 1]
    with pytest.warns(CertainForecastWarning, match="3 of 200"):
        calibration_drift(table, probability="p")


@pytest.mark.parametrize("column", ["p", "holdout_orders"])
@pytest.mark.parametrize("value", [np.nan, -1.0])
def test_impossible_values(column: str, value: float) -> None:
    """Missing and negative values are refused with counts."""
    table = judged(1, 0, 50).astype(float)
    table.loc[3, column] = value
    with pytest.raises(DataError, match="1 "):
        calibration_drift(table, probability="p")


def test_missing_columns_and_rows() -> None:
    """No column, no rows."""
    table: Any = judged(1, 0, 50)
    with pytest.raises(ColumnsError):
        calibration_drift(table, probability="q")
    for span in ("x", (1.2, 0.8)):
        with pytest.raises(SpecError, match="slope_range"):
            calibration_drift(table, probability="p", slope_range=span)  # type: ignore[arg-type]
    with pytest.raises(DataError, match="no rows"):
        calibration_drift(table[:0], probability="p")
