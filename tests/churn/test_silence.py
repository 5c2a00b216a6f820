"""Silence against the customer's own habit."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.integrate import quad
from scipy.stats import gamma

from layerwise.churn import silence_surprise, usual_gap_days
from layerwise.datasets import load_cdnow_summary
from layerwise.errors import ColumnsError, DataError, SpecError
from layerwise.models import BGNBD, MBGCNBD, GammaGamma, ParetoNBD

MODEL = BGNBD().with_parameters(r=0.24, alpha=31.0, a=0.8, b=2.4)
REGULAR = MBGCNBD(k=3).with_parameters(r=0.9, alpha=20.0, a=0.8, b=2.4)


def history(x: float, t_x: float, T: float) -> pd.DataFrame:
    return pd.DataFrame({"repeat_orders": [x], "first_to_last_days": [t_x], "age_days": [T]})


@pytest.mark.parametrize(("model", "k"), [(MODEL, 1), (REGULAR, 3)])
def test_the_mixture_of_gaps(model: object, k: int) -> None:
    """It is the tail of a gamma-distributed gap, averaged over the rates that fit the history."""
    p = model.parameters  # type: ignore[attr-defined]
    x, t_x, silence = 4, 120.0, 45.0
    rate = gamma(p["r"] + k * x, scale=1 / (p["alpha"] + t_x))
    expected = quad(lambda v: rate.pdf(v) * gamma(k, scale=1 / v).sf(silence), 0, 3)[0]
    found = silence_surprise(history(x, t_x, t_x + silence), model=model)  # type: ignore[arg-type]
    assert found[0] == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize("model", [MODEL, REGULAR, ParetoNBD().fit(load_cdnow_summary())])
def test_half_at_the_usual_gap(model: object) -> None:
    """A silence as long as the usual gap has a surprise of one half."""
    before = pd.concat([history(1, 40.0, 40.0), history(7, 200.0, 200.0)], ignore_index=True)
    gap = usual_gap_days(before, model=model)  # type: ignore[arg-type]
    now = before.assign(age_days=before["age_days"] + gap)
    assert silence_surprise(now, model=model) == pytest.approx(0.5)  # type: ignore[arg-type]


@given(st.integers(0, 50), st.floats(1, 2000), st.floats(0, 500), st.floats(0, 500))
def test_it_falls_with_silence(x: int, span: float, silence: float, more: float) -> None:
    """One on the day of an order, never more after a longer silence."""
    t_x = span if x else 0.0
    days = [t_x, t_x + silence, t_x + silence + more]
    rows = pd.concat([history(x, t_x, T) for T in days], ignore_index=True)
    found = silence_surprise(rows, model=MODEL)
    assert found[0] == 1
    assert (np.diff(found) <= 1e-15).all()


def test_a_gap_is_at_most_a_century() -> None:
    """Hardly any rate known: the median gap is beyond all calendars, and nothing overflows."""
    slow = BGNBD().with_parameters(r=0.001, alpha=31.0, a=0.8, b=2.4)
    assert usual_gap_days(history(0, 0, 10), model=slow).tolist() == [36525.0]


def test_missing_and_refused() -> None:
    """A missing history gives a missing answer; an impossible one, or no model, an error."""
    assert np.isnan(silence_surprise(history(np.nan, 0, 1), model=MODEL)).all()
    assert np.isnan(usual_gap_days(history(np.nan, 0, 1), model=MODEL)).all()
    with pytest.raises(DataError, match="first_to_last_days"):
        silence_surprise(history(2, 50, 10), model=MODEL)
    with pytest.raises(ColumnsError, match="age_days"):
        usual_gap_days(history(2, 5, 10).drop(columns="age_days"), model=MODEL)
    with pytest.raises(SpecError, match="fitted purchase model"):
        silence_surprise(history(2, 5, 10), model=GammaGamma())  # type: ignore[arg-type]
