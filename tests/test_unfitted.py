"""A spec asked for labels, reasons or predictions says that it must be fitted first."""

from typing import Any

import attrs
import pytest

from layerwise.errors import LayerwiseError, NotFittedError
from layerwise.fitted import Spec
from layerwise.layers import Layers, NeedsClusters, Value
from layerwise.models import BGNBD, GammaGamma

SPECS: list[Any] = [
    Value(),
    Layers(value=Value()),
    BGNBD(),
    GammaGamma(),
    NeedsClusters(columns=("a", "b")),
]


@pytest.mark.parametrize("name", ["transform", "explain", "save", "to_sql", "rules", "outputs"])
@pytest.mark.parametrize("spec", SPECS, ids=lambda spec: type(spec).__name__)
def test_what_fitting_gives_is_told(spec: Any, name: str) -> None:
    """Every name of the fitted form gives one clear error, with what to do."""
    with pytest.raises(NotFittedError, match=rf"has no {name} before .*\nHint: .*fit\("):
        getattr(spec, name)


def test_so_are_fields_and_predictions() -> None:
    """Also what only one kind of fitted object has."""
    for name in ("p_alive", "log_likelihood", "facts"):
        with pytest.raises(NotFittedError, match=name):
            getattr(BGNBD(), name)
    with pytest.raises(NotFittedError, match="sizes"):
        Layers(value=Value()).sizes  # type: ignore[attr-defined]  # noqa: B018


@pytest.mark.parametrize("spec", SPECS, ids=lambda spec: type(spec).__name__)
def test_other_names_are_missing_as_ever(spec: Any) -> None:
    """A typing error is a plain AttributeError, and hasattr says no to both."""
    with pytest.raises(AttributeError, match="no attribute 'tranform'") as caught:
        spec.tranform  # noqa: B018
    assert not isinstance(caught.value, LayerwiseError)
    assert not any(hasattr(spec, name) for name in ("transform", "tranform", "_repr_html_"))


def test_a_spec_of_ones_own() -> None:
    """A layer whose `learn` does not say what it returns is fitted to a part, as all are."""

    @attrs.frozen(kw_only=True)
    class Own(Spec):
        def learn(self, columns, name):  # type: ignore[no-untyped-def]
            """Learn nothing."""

    with pytest.raises(NotFittedError, match="Own has no transform"):
        Own().transform  # type: ignore[attr-defined]  # noqa: B018
