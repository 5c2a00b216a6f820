"""Whatever a spec can be built with can be saved and loaded; the rest is refused with a hint."""

import copy
import pickle
from typing import Any

import attrs
import numpy as np
import pytest

from layerwise.churn import Costs
from layerwise.errors import SpecError
from layerwise.fitted import Spec
from layerwise.layers import (
    RFM,
    ChurnStatus,
    Frequency,
    Layers,
    Loyalty,
    Needs,
    NeedsClusters,
    Tier,
    Value,
)
from layerwise.loading import loads
from layerwise.membership import PointRules
from layerwise.models import BGBB, BGNBD, MBGCNBD, MBGNBD, GammaGamma, ParetoNBD, WithCovariates
from layerwise.privacy import TableRecord, run_record
from layerwise.rules import FirstMatch, Largest
from layerwise.saved import dumps

NAN, INF = float("nan"), float("inf")
SPECS: list[Any] = [
    RFM(),
    ChurnStatus(),
    ChurnStatus(rule="window", window_days=90),
    ChurnStatus(rule="model"),
    Frequency(),
    Frequency(rate="shrunken"),
    Frequency(method="absolute"),
    Loyalty(index=["regularity"], index_cut=0.5),
    Needs(),
    NeedsClusters(columns=("share_a", "share_b")),
    Tier(),
    Value(),
    Value(method="absolute", cuts=(1, 2)),
    BGBB(),
    BGBB(opportunities=5),
    BGNBD(),
    MBGCNBD(),
    MBGNBD(),
    GammaGamma(),
    ParetoNBD(),
    WithCovariates(model=BGNBD(), rate=("web",)),
]
ODD: list[Any] = [
    *(None, True, 0, 1, 3, -1, 0.5, 3.0, NAN, INF, -INF, 10**400, 1j, b"12", "", "12", "ab", "0.5"),
    *(np.int64(3), np.float32(0.5), np.float64(NAN), np.True_, np.array([1.0, 2.0]), object()),
    *((), [], {}, set(), (1,), (1, 2), (0.5, 0.8), [0.5, NAN], (1, INF), ("1", "2"), (1, 2, 3)),
    *(
        (True, 2),
        ["a"],
        [("a", 5)],
        ["ab", "cd"],
        [1],
        ((1, 2), (3,)),
        {"a": 1},
        {"a": NAN},
        {1: 2},
    ),
    *((10**400, 1), {"regularity": "1"}, ["day"], range(3), [[]], [None], {"a": np.float64(2)}),
]
CHOICES = [(spec, field.name) for spec in SPECS for field in attrs.fields(type(spec))]


@pytest.mark.parametrize(("spec", "name"), CHOICES, ids=lambda v: getattr(v, "default_name", v))
def test_built_is_saved_and_loaded(spec: Spec, name: str) -> None:
    """Every choice is refused by name with a hint, or comes back from the saved form."""
    for value in ODD:
        built = _built(spec, name, value)
        if isinstance(built, SpecError):
            assert built.hint, f"{name}={value!r}: {built}"
            assert name in str(built) or type(spec).__name__ in str(built), f"{value!r}: {built}"
        else:
            assert loads(dumps(built, version="0")) == built


def _built(spec: Spec, name: str, value: object) -> Any:
    try:
        return attrs.evolve(spec, **{name: value})  # type: ignore[misc]
    except SpecError as error:
        return error


REFUSED = [
    (Loyalty, {"min_repeats": 3.0}, "min_repeats=3.0 is not a whole number"),
    (Needs, {"least_orders": 1.5}, "least_orders=1.5 is not a whole number"),
    (RFM, {"segments": [("{r} > 1", 5)]}, "segments="),
    (RFM, {"bins": "5"}, "bins='5' is not a whole number"),
    (RFM, {"bins": None}, "bins=None"),
    (RFM, {"weights": "123"}, "weights='123' is not a tuple"),
    (RFM, {"weights": None}, "weights=None"),
    (RFM, {"weights": 1}, "weights=1"),
    (RFM, {"weights": {}}, "weights={}"),
    (RFM, {"method": "edges", "edges": 5}, "edges=5"),
    (Value, {"cuts": 0.5}, "cuts=0.5"),
    (Value, {"cuts": "12"}, "cuts='12'"),
    (Value, {"cuts": ()}, "cuts of Value must be 2"),
    (Frequency, {"cuts": ()}, "cuts of Frequency must be 2"),
    (ChurnStatus, {"prior_gaps": NAN}, "prior_gaps=nan is not a finite number"),
    (ChurnStatus, {"rule": "window", "window_days": INF}, "window_days=inf"),
    (ChurnStatus, {"cap_days": INF}, "cap_days=inf"),
    (Loyalty, {"min_age_days": NAN}, "min_age_days=nan"),
    (BGNBD, {"horizon_days": "90"}, "horizon_days is a number"),
    (BGNBD, {"horizon_days": True}, "horizon_days is a number"),
    (GammaGamma, {"horizon_days": "90"}, "horizon_days must be"),
    (BGNBD, {"unit": ["day"]}, "unit must be"),
    (BGNBD, {"penalty": None}, "penalty must be"),
]


@pytest.mark.parametrize(("kind", "choices", "words"), REFUSED)
def test_refused_by_name(kind: type[Any], choices: dict[str, Any], words: str) -> None:
    """Another type, NaN and infinity are errors that name the field."""
    with pytest.raises(SpecError) as caught:
        kind(**choices)
    assert words in str(caught.value)
    assert "\nHint: " in str(caught.value)


def test_two_numbers_of_a_text() -> None:
    """A text is not taken apart into numbers or names."""
    with pytest.raises(SpecError, match="columns='ab'"):
        NeedsClusters(columns="ab")  # type: ignore[arg-type]
    with pytest.raises(SpecError, match="index='regularity'"):
        Loyalty(index="regularity")  # type: ignore[arg-type]


def test_parameters_are_numbers() -> None:
    """A model's parameters are refused by name too."""
    with pytest.raises(SpecError, match="alpha must be a positive number, got '4'"):
        BGNBD().with_parameters(r=0.2, alpha="4", a=0.8, b=2.4)  # type: ignore[arg-type]


@pytest.mark.parametrize("spec", SPECS, ids=lambda spec: spec.default_name)
def test_specs_can_be_hashed_and_copied(spec: Spec) -> None:
    """Equal specs have equal hashes, those with mappings too; copies and pickles are equal."""
    same = loads(dumps(spec, version="0"))
    assert {spec: 1}[same] == 1
    assert hash(Layers(one=spec)) == hash(Layers(one=same))
    assert copy.deepcopy(spec) == pickle.loads(pickle.dumps(spec)) == spec  # noqa: S301


CHOICES_AND_RECORDS: list[Any] = [
    lambda: Costs(service_cost=[1, 2]),  # type: ignore[arg-type]
    lambda: FirstMatch(output="t", cases=[("a > k", "b")], otherwise="c", constants={"k": 1.0}),
    lambda: Largest(output="t", columns=["a"], labels=["b"], otherwise="c"),  # type: ignore[arg-type]
    lambda: PointRules(daily_caps={"review": 3}),
    lambda: TableRecord(columns=["a"], rows=1, counts={"consent": 1}),  # type: ignore[arg-type]
    lambda: run_record({}, purpose="churn", as_of="2024-06-30"),
]


@pytest.mark.parametrize("make", CHOICES_AND_RECORDS)
def test_lists_and_mappings_inside_do_not_hinder_hashes(make: Any) -> None:
    """What is frozen can be a key, though it was given lists and mappings; equal ones are one."""
    assert len({make(), make()}) == 1


def test_mappings_inside_are_frozen() -> None:
    """Neither the maker of a mapping nor who reads it can change a spec."""
    weights = {"regularity": 1.0}
    spec: Any = Loyalty(index=weights, index_cut=0.5)
    weights["regularity"] = 2.0
    for change in (lambda m: m.update(a=1), lambda m: m.pop("regularity"), lambda m: m.clear()):
        with pytest.raises(SpecError, match="cannot be changed"):
            change(spec.index)
    assert spec.index == {"regularity": 1.0}
