"""When a fit is due, and why."""

import numpy as np
import pandas as pd
import pytest

from layerwise.errors import ColumnsError, SpecError
from layerwise.evaluate import calibration_drift, drift, refit_due
from tests.evaluate.test_calibration_drift import judged
from tests.evaluate.test_drift import tables

NOW = {"as_of": "2024-06-30", "fitted_as_of": "2024-03-31"}


def test_nothing_is_due() -> None:
    """Calibrated, undrifted and fresh."""
    found = refit_due(
        calibration=calibration_drift(judged(1, 0), probability="p"),
        drift=drift(*tables(1000, 1000, 5)),
        **NOW,
    )
    assert (found.verdict, found.reasons, found.not_judged) == ("not_due", (), ())


def test_every_reason_is_given() -> None:
    """Slope, Brier, drift and age."""
    old, new = tables(1000, 1000, 2)
    found = refit_due(
        as_of="2024-12-31",
        fitted_as_of="2024-03-31",
        calibration=calibration_drift(judged(-0.4, 0), probability="p"),
        drift=drift(old, new.assign(c1=new["c1"] * 2)),
    )
    assert found.verdict == "refit_due"
    texts = ["calibration: slope -0.", "Brier score", "c1 drifts: PSI", "275 days old"]
    assert all(any(text in reason for reason in found.reasons) for text in texts)
    assert len(found.to_frame()) == len(found.reasons) == 4


def test_chance_among_many_columns_is_no_reason() -> None:
    """Of 100 unchanged columns of few customers some pass their limit; q keeps them out."""
    found = drift(*tables(100, 100, 100, seed=2))
    assert (found["verdict"] == "drift").any()
    assert refit_due(drift=found, **NOW).verdict == "not_due"


def test_what_is_not_given_is_said() -> None:
    """Nothing to judge by is no answer."""
    found = refit_due(as_of="2024-06-30")
    assert found.verdict == "not_evaluable"
    assert len(found.not_judged) == 3
    blind = calibration_drift(pd.DataFrame({"p": [0.5], "holdout_orders": [1]}), probability="p")
    same = drift(pd.DataFrame({"a": [1.0]}), pd.DataFrame({"a": [1.0]}))
    found = refit_due(as_of="2024-06-30", calibration=blind, drift=same)
    assert "drift of 1 of 1 columns: not_evaluable" in found.not_judged
    assert not np.isfinite(blind.slope)


def test_refusals() -> None:
    """A fit from the future, a wrong age, a wrong table."""
    with pytest.raises(SpecError, match="later than as_of"):
        refit_due(as_of="2024-01-01", fitted_as_of="2024-02-01")
    with pytest.raises(SpecError, match="max_age_days"):
        refit_due(as_of="2024-01-01", max_age_days=0)
    with pytest.raises(ColumnsError, match="psi"):
        refit_due(as_of="2024-01-01", drift=pd.DataFrame({"column": []}))
    with pytest.raises(SpecError, match="calibration"):
        refit_due(as_of="2024-01-01", calibration=0.7)  # type: ignore[arg-type]
