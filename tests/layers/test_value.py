"""Value layers: by hand, at the edges, and where the data cannot give three layers."""

from typing import Any

import narwhals.stable.v2 as nw
import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from layerwise.errors import ColumnsError, DataError, FewerLayersWarning, FitError, SpecError
from layerwise.layers import Value
from tests.conftest import Engine


def table(spend: Any) -> pd.DataFrame:
    return pd.DataFrame({"spend_365d": spend})


def labels(spec: Value, spend: Any) -> list[Any]:
    return list(spec.fit(table(spend)).transform(table(spend))["value"])


def test_by_hand() -> None:
    """Half is low, the top fifth high; by share, high brings 80 % of the spend."""
    spend = [10.0, 20.0, 30.0, 40.0, 500.0, 60.0, 70.0, 80.0, 90.0, 100.0]
    wanted = ["low"] * 4 + ["high", "low", "mid", "mid", "mid", "high"]
    assert labels(Value(), spend) == wanted
    bring = ["low", "low", "mid", "mid", "high", "mid", "high", "high", "high", "high"]
    assert labels(Value(method="share"), spend) == bring
    assert labels(Value(method="absolute", cuts=(30, 90)), spend)[2:4] == ["low", "mid"]


def test_edges_at_transform() -> None:
    """An amount on an edge is in the lower layer; one beyond all that was seen has a layer too."""
    fitted = Value(method="absolute", cuts=(50, 200)).fit(table([1.0]))
    spend = [50.0, np.nextafter(50, 51), 200.0, 200.01, -1e9, 1e300, 0.0, np.nan]
    wanted = ["low", "mid", "mid", "high", "low", "high", "low", "not_evaluable"]
    assert fitted.transform(table(spend))["value"].tolist() == wanted


@given(st.lists(st.integers(0, 50) | st.floats(0, 1e6), min_size=1, max_size=40))
@pytest.mark.filterwarnings("ignore::layerwise.errors.FewerLayersWarning")
def test_more_spend_never_ranks_below(spend: list[float]) -> None:
    """Equal spend shares a layer, more spend never has a lower one, by either method."""
    for method in ("quantile", "share"):
        fitted = Value(method=method).fit(table([float(v) for v in spend]))
        codes = fitted.transform(table(sorted(map(float, spend))))["value"].cat.codes
        assert codes.is_monotonic_increasing
        assert fitted.rules[0].edges == tuple(sorted(fitted.rules[0].edges))


@pytest.mark.parametrize("spend", [[5.0], [5.0, 5.0, 5.0], [0.0] * 9, [1, 2], [0, 0, 0, 9]])
def test_fewer_values_than_layers(spend: list[float]) -> None:
    """Too few different amounts give fewer layers, with a warning, never an error."""
    with pytest.warns(FewerLayersWarning, match="of 3 layers"):
        found = labels(Value(), spend)
    assert len(set(found)) <= len(set(spend))
    assert set(found) <= {"low", "mid", "high"}


def test_missing_and_windows() -> None:
    """Missing spend is not_evaluable; another window reads another column."""
    assert labels(Value(), [1.0, 2.0, 3.0, 4.0, 5.0, np.nan])[-1] == "not_evaluable"
    frame = pd.DataFrame({"spend_90d": [1.0, 2.0, 3.0, 4.0, 5.0]})
    assert Value(window_days=90).fit(frame).needs == ("spend_90d",)
    with pytest.raises(ColumnsError, match="spend_365d  needed by value"):
        Value().fit(frame)


def test_labels_are_ordered(engine: Engine) -> None:
    """Labels go from low to high as categories in pandas, and are text elsewhere."""
    frame = engine.make(table([1.0, 2.0, 3.0, 4.0, 5.0]))
    found = Value().fit(frame).transform(frame)
    if engine.name == "pandas":
        assert list(found["value"].cat.categories) == ["not_evaluable", "low", "mid", "high"]
        assert found["value"].cat.ordered
    assert sorted(engine.pandas(found)["value"]) == ["high", "low", "low", "low", "mid"]


@pytest.mark.parametrize(
    ("spend", "kind"),
    [([], FitError), ([np.nan], FitError), ([np.inf, 1.0], DataError), (["a"], ColumnsError)],
)
def test_nothing_to_learn(spend: Any, kind: type[Exception]) -> None:
    """No customers, no amounts, infinite ones and text are errors by name."""
    with pytest.raises(kind, match=r"spend_365d|customer table"):
        Value().fit(table(spend))


@pytest.mark.parametrize(
    "choices",
    [
        {"method": "magic"},
        {"window_days": "90"},
        {"window_days": 90.5},
        {"method": None},
        {"method": "absolute"},
        {"method": "absolute", "cuts": (5,)},
        {"method": "absolute", "cuts": (5, 5)},
        {"method": "absolute", "cuts": (9, 5)},
        {"method": "absolute", "cuts": (1, np.inf)},
        {"method": "absolute", "cuts": (np.nan, 1)},
        {"cuts": (0.5,)},
        {"cuts": (0.8, 0.5)},
        {"cuts": (50, 200)},
        {"window_days": 0},
        {"window_days": -5},
    ],
)
def test_refused(choices: dict[str, Any]) -> None:
    """Choices that cannot be are an error when the spec is built."""
    with pytest.raises(SpecError):
        Value(**choices)


def test_why_there_are_fewer_layers() -> None:
    """Three customers are too few; many with the same spend share it."""
    with pytest.warns(FewerLayersWarning, match="fewer than 5 customers cannot fill three"):
        Value().fit(table([1.0, 2.0, 3.0]))
    with pytest.warns(FewerLayersWarning, match="too many customers share a value"):
        Value().fit(table([0.0] * 9 + [1.0]))


def test_short_floats_are_compared_as_long_ones(engine: Engine) -> None:
    """0.1 of 32 bits is a little above 0.1, on every engine, and comes back as it was given."""
    spend = np.array([0.1, 0.2, 0.05, 0.3, 0.15, np.nan], dtype=np.float32)
    customers = pd.DataFrame({"customer_id": range(6), "spend_365d": spend})
    fitted = Value(method="absolute", cuts=(0.1, 0.2)).fit(customers)
    found = engine.pandas(fitted.transform(engine.make(customers)))
    assert found["value"].tolist() == ["mid", "high", "low", "high", "mid", "not_evaluable"]
    schema = nw.from_native(fitted.transform(engine.make(customers))).collect_schema()
    assert schema["spend_365d"] == nw.Float32
