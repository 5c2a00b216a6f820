"""Models by group: own models, the pooled fallback, saved form, refusals."""

import pytest

from layerwise import loading as saved_form
from layerwise.errors import ColumnsError, SpecError
from layerwise.models import BGNBD, fit_by

from .conftest import simulated


@pytest.fixture(scope="module")
def customers():
    table = simulated(3000, seed=1)
    return table.assign(shop=["a", "b", "c"] * 1000).assign(
        shop=lambda t: t["shop"].where(t.index > 30, "tiny")
    )


def test_each_group_has_its_own_fit(customers):
    """A group's model is the fit to its rows; small and unknown groups use the pooled one."""
    models = fit_by(BGNBD(), customers, by="shop", smallest=50)
    assert sorted(models.groups) == ["a", "b", "c"]
    part = customers[customers["shop"] == "b"]
    alone = BGNBD().fit(part)
    assert models.groups["b"].parameters == pytest.approx(alone.parameters, rel=1e-9)
    assert models.p_alive(part) == pytest.approx(alone.p_alive(part), rel=1e-12)
    pooled = BGNBD().fit(customers)
    new = part.assign(shop="elsewhere")
    assert models.expected_orders(new, 30) == pytest.approx(pooled.expected_orders(new, 30))


def test_rows_keep_their_order(customers, engine):
    """Predictions of a mixed table come in the order of its rows, on every eager engine."""
    models = fit_by(BGNBD(), customers, by="shop", smallest=50)
    mixed = customers.iloc[:90]
    whole = models.p_no_purchase(mixed, 60)
    for i in (0, 40, 41, 89):
        assert models.p_no_purchase(mixed.iloc[[i]], 60)[0] == whole[i]
    if not engine.lazy:
        assert models.p_no_purchase(engine.make(mixed), 60) == pytest.approx(whole)


def test_saved_form_and_refusals(customers):
    """JSON gives back equal models; an unknown column and an odd size are refused."""
    models = fit_by(BGNBD(), customers, by="shop", smallest=50)
    assert saved_form.saved.decode(saved_form.saved.encode(models)) == models
    with pytest.raises(ColumnsError, match="store"):
        fit_by(BGNBD(), customers, by="store")
    with pytest.raises(SpecError, match="smallest"):
        fit_by(BGNBD(), customers, by="shop", smallest=0)
