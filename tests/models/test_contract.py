"""What every purchase model must do: mpmath's values, laws, refusals, engines, saved form."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import attrs
import numpy as np
import pandas as pd
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from layerwise import loading as saved_form
from layerwise.errors import ColumnsError, DataError, FitError
from layerwise.layers import Layers
from layerwise.models import BGNBD, MBGNBD, ParetoNBD, _dropout, _pareto
from layerwise.models.histories import grouped

from .conftest import simulated, table

NAMES = ["repeat_orders", "first_to_last_days", "age_days"]
Row = dict[str, Any]


@attrs.frozen
class Model:
    """One model under test: its spec, typical parameters, and its kernel."""

    spec: Any
    parameters: dict[str, float]
    log_likelihood: Callable[[Row], float]


def of_one(kernel: Callable[..., Any]) -> Callable[[Row], float]:
    def value(row: Row) -> float:
        rows = grouped(*([row[name]] for name in ("x", "t_x", "T")), [1.0])
        return kernel(np.array(list(row["parameters"].values())), rows)[0]

    return value


def dropout(first: int) -> Callable[[Row], float]:
    return of_one(lambda p, rows: _dropout.log_likelihood(p, rows, first, 1.0))


DROPOUT = {"r": 0.55, "alpha": 60.0, "a": 0.8, "b": 2.4}
PARETO = {"r": 0.55, "alpha": 70.0, "s": 0.6, "beta": 80.0}
MODELS = {
    "bgnbd": Model(BGNBD(), DROPOUT, dropout(0)),
    "mbgnbd": Model(MBGNBD(), DROPOUT, dropout(1)),
    "pareto_nbd": Model(
        ParetoNBD(), PARETO, of_one(lambda p, rows: _pareto.log_likelihood(p, rows, 1.0))
    ),
}


@pytest.fixture(params=list(MODELS))
def model(request):
    return request.param


def reference(model):
    return json.loads((Path(__file__).parent / f"reference_{model}.json").read_text())


@pytest.mark.parametrize("quantity", ["p_alive", "p_no_purchase", "expected_orders"])
def test_predictions_equal_mpmath(model, quantity):
    """1e-9 for probabilities, 1e-7 for orders, on a hard grid evaluated at 50 digits."""
    worst = 0.0
    for row in reference(model):
        process = MODELS[model].spec.with_parameters(**row["parameters"])
        one = table((row["x"], row["t_x"], row["T"]))
        arguments = () if quantity == "p_alive" else (row["h"],)
        value, right = getattr(process, quantity)(one, *arguments)[0], row[quantity]
        worst = max(worst, abs(value - right) / max(right, 1e-290))
    assert worst < (1e-7 if quantity == "expected_orders" else 1e-9)


def test_log_likelihoods_equal_mpmath(model):
    """1e-9 on the same grid: one customer at a time, in days."""
    for row in reference(model):
        found = MODELS[model].log_likelihood(row)
        assert found == pytest.approx(row["log_likelihood"], rel=1e-9, abs=1e-12)


HISTORY = st.tuples(st.integers(0, 5000), st.integers(1, 10_000), st.integers(0, 10_000)).map(
    lambda h: (h[0], h[1] if h[0] else 0, h[1] + h[2])
)
POSITIVE = st.floats(1e-6, 1e6)


@given(st.sampled_from(list(MODELS)), HISTORY, st.floats(0, 1e4), st.tuples(*[POSITIVE] * 4))
def test_predictions_are_possible(model, history, h, values):
    """Probabilities stay in [0, 1]; orders are not negative, and 0 in no time."""
    names = MODELS[model].parameters
    fitted = MODELS[model].spec.with_parameters(**dict(zip(names, values, strict=True)))
    one = table(history)
    for value in (fitted.p_alive(one)[0], fitted.p_no_purchase(one, h)[0]):
        assert 0.0 <= value <= 1.0
    assert 0.0 <= fitted.expected_orders(one, h)[0] < np.inf
    assert fitted.expected_orders(one, 0)[0] == 0.0
    assert fitted.p_no_purchase(one, 0)[0] == pytest.approx(1.0)


@given(st.sampled_from(list(MODELS)), HISTORY)
@example("pareto_nbd", (181, 1, 1))  # silence of 30 and of 300 days differ by rounding alone
def test_more_days_never_lower_the_orders(model, history):
    """Expected orders grow with the horizon, the probability of silence falls."""
    fitted, one = typical(model), table(history)
    orders = [fitted.expected_orders(one, h)[0] for h in (10, 30, 300)]
    silent = [fitted.p_no_purchase(one, h)[0] for h in (300, 30, 10)]
    assert orders == pytest.approx(sorted(orders), rel=1e-11)
    assert silent == pytest.approx(sorted(silent), rel=1e-11)


def typical(model):
    return MODELS[model].spec.with_parameters(**MODELS[model].parameters)


@pytest.mark.parametrize(
    ("row", "told"),
    [
        ((0, 5, 10), "no repeat order but"),
        ((2, 0, 10), "first_to_last_days 0"),
        ((2, 11, 10), "above age_days"),
        ((-1, 0, 10), "negative repeat_orders"),
        ((1.5, 3, 10), "not whole"),
        ((np.nan, 0, 10), "missing repeat_orders"),
        ((0, 0, -1), "negative age_days"),
    ],
)
def test_impossible_histories_are_refused(model, row, told):
    """Each is named with its count."""
    with pytest.raises(DataError, match=told) as caught:
        MODELS[model].spec.fit(table((1, 5, 20), row))
    assert "1 of 2 rows" in str(caught.value)


def test_what_cannot_be_learned_is_refused(model):
    """No rows, no columns, no repeat orders, words for numbers."""
    with pytest.raises(FitError, match="empty"):
        MODELS[model].spec.fit(table().astype(float))
    with pytest.raises(ColumnsError, match="age_days"):
        MODELS[model].spec.fit(table((1, 5, 20)).drop(columns="age_days"))
    with pytest.raises(FitError, match="none of 50 customers"):
        MODELS[model].spec.fit(table(*[(0, 0, 100)] * 50))
    with pytest.raises(ColumnsError, match="not numeric"):
        MODELS[model].spec.fit(table((1, 5, 20)).astype({"repeat_orders": str}))


def test_every_engine_gives_the_same_columns(engine, model):
    """Fit and transform agree with pandas; nothing but the three columns is added."""
    customers = simulated(300, seed=1)
    spec = attrs.evolve(MODELS[model].spec, horizon_days=30)
    plain = spec.fit(customers)
    fitted = spec.fit(engine.make(customers))
    assert fitted.parameters == pytest.approx(plain.parameters, rel=1e-9)
    found = engine.pandas(plain.transform(engine.make(customers)))
    right = plain.transform(customers)
    assert list(found.columns) == list(right.columns)
    for name in plain.outputs:
        values = found[name].astype(float).to_numpy()
        assert values == pytest.approx(right[name].to_numpy(), rel=1e-10)


def test_missing_histories_give_missing_numbers(engine, model):
    """A customer without a history is not judged."""
    customers = pd.DataFrame({"customer_id": [1, 2]} | {n: [1.0, np.nan] for n in NAMES})
    customers.loc[0, NAMES] = [2.0, 30.0, 60.0]
    fitted = typical(model)
    found = engine.pandas(fitted.transform(engine.make(customers)))
    for name in fitted.outputs:
        assert pd.isna(found[name].iloc[1])
        assert found[name].iloc[0] > 0


def test_saved_form_and_layers(cdnow, model):
    """JSON gives back an equal model, alone and as a member of Layers."""
    fitted = MODELS[model].spec.fit(cdnow)
    assert saved_form.loads(fitted.to_json()) == fitted
    layers = Layers(churn=MODELS[model].spec).fit(cdnow)
    assert saved_form.loads(layers.to_json()) == layers
    pd.testing.assert_frame_equal(layers.transform(cdnow), fitted.transform(cdnow))
