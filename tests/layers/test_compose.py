"""Layers: order, names, needs, and what the fitted set knows."""

from typing import Any

import pandas as pd
import pytest

from layerwise.errors import ColumnsError, FitError, SpecError
from layerwise.layers import RFM, ChurnStatus, FittedLayers, Frequency, Layers, Loyalty, Tier, Value
from layerwise.loading import loads
from tests.conftest import Engine

TABLE = pd.DataFrame(
    {
        "customer_id": [1, 2, 3, 4, 5],
        "days_since_last": [3, 20, 60, 150, 300],
        "orders_365d": [12, 6, 4, 2, 1],
        "spend_365d": [900.0, 80.0, 250.0, 300.0, 20.0],
        "repeat_orders": [11, 5, 3, 1, 0],
        "first_to_last_days": [300, 200, 120, 30, 0],
        "age_days": [303, 220, 180, 180, 300],
        "gap_cv": [0.3, 0.5, 0.9, None, None],
    }
)
WHOLE = Layers(
    rfm=RFM(),
    value=Value(),
    frequency=Frequency(),
    loyalty=Loyalty(),
    tier=Tier(),
)


def test_names_are_the_output_columns() -> None:
    """A layer's name is its column, whatever its kind; the same kind may stand twice."""
    layers = Layers(now=Value(), ever=Value(method="share"), score=RFM())
    found = layers.fit(TABLE).transform(TABLE)
    added = ["now", "ever", "score_r", "score_f", "score_m", "score_score", "score"]
    assert list(found.columns[len(TABLE.columns) :]) == added


def test_the_set_equals_its_layers_alone() -> None:
    """Fitted together or alone, a layer gives the same labels."""
    found = WHOLE.fit(TABLE).transform(TABLE)
    alone = Value().fit(TABLE).transform(TABLE)
    assert found["value"].tolist() == alone["value"].tolist()
    stepwise = RFM().fit(alone).transform(alone)
    assert found["rfm"].tolist() == stepwise["rfm"].tolist()


def test_later_layers_read_earlier_ones(engine: Engine) -> None:
    """The tier reads the layers before it, on every engine."""
    fitted = WHOLE.fit(engine.make(TABLE))
    found = engine.pandas(fitted.transform(engine.make(TABLE)))
    wanted = WHOLE.fit(TABLE).transform(TABLE)
    assert found["tier"].tolist() == wanted["tier"].tolist()
    assert "value" not in fitted.needs
    assert set(fitted.needs) <= set(TABLE.columns)


def test_missing_columns_name_all_who_need_them() -> None:
    """One message lists each missing column with the layers that need it, and what was found."""
    with pytest.raises(ColumnsError) as caught:
        Layers(value=Value(), rfm=RFM()).fit(TABLE.iloc[:, :3])
    lines = str(caught.value).splitlines()
    assert lines == [
        "Layers needs columns the customer table does not have.",
        "  spend_365d  needed by value (Value), rfm (RFM)",
        "Found: customer_id, days_since_last, orders_365d.",
        "Hint: summarize(orders, window_days=(365,)) adds the windowed columns.",
    ]


def test_missing_columns_at_transform() -> None:
    """The fitted set names them too, with the first layer that needs each."""
    fitted = Layers(value=Value(), rfm=RFM()).fit(TABLE)
    with pytest.raises(ColumnsError) as caught:
        fitted.transform(TABLE[["customer_id"]])
    text = str(caught.value)
    assert "spend_365d       needed by value (Value)" in text
    assert "days_since_last  needed by rfm (RFM)" in text


def test_order_is_checked_when_built() -> None:
    """A layer that reads what only a later one gives is an error that names both."""
    with pytest.raises(SpecError) as caught:
        Layers(tier=Tier(), value=Value(), frequency=Frequency(), loyalty=Loyalty())
    text = str(caught.value)
    assert "tier reads value, which comes after it" in text
    assert "tier reads loyalty, which comes after it" in text
    assert "put a layer after those it reads" in text


def test_layers_need_names() -> None:
    """A layer without a name is refused with what to write."""
    with pytest.raises(SpecError, match=r"a Value has no name(.|\n)*Hint: Layers\(value"):
        Layers(Value())


def test_short_repr() -> None:
    """What fit returns shows its choices, not every number it learned."""
    text = repr(Layers(value=Value()).fit(TABLE))
    assert text.startswith("FittedLayers(value=Value(")
    assert len(text) < 200


@pytest.mark.parametrize(
    ("layers", "words"),
    [
        ({}, "at least one"),
        ({"value": Value}, "value is a type"),
        ({"value": "Value"}, "value is a str"),
        ({"value": Value().fit(TABLE)}, "value is a Fitted"),
        ({"rfm": RFM(), "rfm_r": Value()}, "rfm_r is given by rfm and by rfm_r"),
        ({"worth": RFM(monetary="worth")}, "worth reads worth, which it would write itself"),
        ({"_value": Value(), "my value": Value(), "in": Value()}, "'_value', 'my value', 'in'"),
        ({"rfm": RFM(monetary="b_score"), "b": RFM()}, "rfm reads b_score, which b gives after it"),
    ],
)
def test_refused(layers: dict[str, Any], words: str) -> None:
    """What cannot stand together is an error when the set is built."""
    with pytest.raises(SpecError, match=words):
        Layers(**layers)


def test_a_text_layer_cannot_be_counted() -> None:
    """A layer that reads another's labels as numbers is an error that names the column."""
    with pytest.raises(ColumnsError, match="holds text; numbers are needed"):
        Layers(value=Value(), rfm=RFM(frequency="value")).fit(TABLE)


def test_empty_table() -> None:
    """No customers cannot be learned from."""
    with pytest.raises(FitError, match="empty"):
        WHOLE.fit(TABLE.iloc[:0])


def test_saved_set_reads_back_equal() -> None:
    """A saved set labels as before, and its spec can be fitted again to the same."""
    fitted = WHOLE.fit(TABLE)
    again = loads(fitted.to_json())
    assert isinstance(again, FittedLayers)
    assert again == fitted
    assert again.spec == WHOLE
    assert again.spec.fit(TABLE) == fitted
    pd.testing.assert_frame_equal(again.transform(TABLE), fitted.transform(TABLE))


def test_parts_and_sizes() -> None:
    """A layer is found by its name, and sizes count every label column."""
    fitted = WHOLE.fit(TABLE)
    assert fitted["value"].name == "value"
    for layers in (WHOLE, fitted):
        with pytest.raises(SpecError, match=r"did you mean 'value'\?\).\nHint: there are"):
            layers["valeu"]
        for name in (["value"], None, 3):
            with pytest.raises(SpecError, match="There is no layer"):
                layers[name]  # type: ignore[index]
    assert sum(fitted.sizes["rfm"].values()) == len(TABLE)
    assert set(fitted.sizes) >= {"rfm", "value", "frequency", "loyalty", "tier"}


def test_a_set_is_a_mapping_of_specs() -> None:
    """Layers can be looked at, compared and printed; the order counts."""
    layers = Layers(value=Value(), churn=ChurnStatus())
    assert list(layers) == ["value", "churn"]
    assert layers["value"] == Value()
    assert layers == Layers(value=Value(), churn=ChurnStatus())
    assert layers != Layers(churn=ChurnStatus(), value=Value())
    assert repr(layers).startswith("Layers(value=Value(")


def test_the_table_given_is_not_changed() -> None:
    """Neither fitting nor labelling changes the customer table."""
    before = TABLE.copy(deep=True)
    WHOLE.fit(TABLE).transform(TABLE)
    pd.testing.assert_frame_equal(TABLE, before)


@pytest.mark.parametrize("name", ["customer_id", "age_days", "spend_90d", "holdout_orders"])
def test_columns_of_the_table_are_no_names(name: str) -> None:
    """A layer cannot replace the ids or the numbers of the customer table."""
    with pytest.raises(SpecError, match=f"{name} is a column(.|\n)*Hint: choose"):
        Layers(**{name: Value()})


@pytest.mark.parametrize("name", ["missing", "where", "exp", "minimum"])
def test_functions_are_no_names(name: str) -> None:
    """A condition could not tell the layer from the function."""
    with pytest.raises(SpecError, match=f"{name} is a function(.|\n)*Hint: choose"):
        Layers(**{name: Value()})
