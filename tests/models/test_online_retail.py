"""A shop whose buyers never seem to leave: BG/NBD's a goes to 0, and that is said, not hidden."""

import numpy as np
import pytest
from tests.real_data import online_retail

import layerwise as lw
from layerwise.errors import NotIdentifiedWarning
from layerwise.models import MBGNBD, ParetoNBD


@pytest.mark.parametrize("model", [lw.BGNBD(), MBGNBD(), ParetoNBD()])
def test_it_fits_warns_and_predicts(model: lw.BGNBD) -> None:
    """Nobody drops out by the data; orders foretold are finite, and the warning says why."""
    customers = lw.summarize(online_retail(), as_of="2011-12-09")
    with pytest.warns(NotIdentifiedWarning, match="drop|leave|flat"):
        fitted = model.fit(customers)
    labelled = fitted.transform(customers)
    assert np.isfinite(labelled[list(fitted.outputs)]).all(axis=None)
    assert labelled["p_alive"].mean() > 0.9
    assert labelled["expected_orders_90d"].mean() == pytest.approx(1.07, abs=0.1)


def test_autumn_is_busier_than_a_model_without_seasons_foretells() -> None:
    """Fitted to eight months, it foretells 4,332 orders for the next four; 5,353 came."""
    both = lw.calibration_holdout(online_retail(), split="2011-08-09", end="2011-12-09")
    with pytest.warns(NotIdentifiedWarning):
        fitted = lw.BGNBD(horizon_days=122).fit(both)
    assert fitted.expected_orders(both).sum() == pytest.approx(4332, rel=0.01)
    assert both["holdout_orders"].sum() == 5353
