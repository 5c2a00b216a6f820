"""Layers and models as scikit-learn transformers: Pipeline, clone, GridSearchCV, set_output.

Needs scikit-learn: pip install "layerwise[sklearn]".
"""

from collections.abc import Mapping
from typing import Any

import attrs
import numpy as np

from layerwise import frames, vectors
from layerwise.errors import ColumnsError, MissingExtraError, SpecError
from layerwise.labeller import Labeller, evaluate
from layerwise.layers.compose import Layers
from layerwise.rules.base import numbers
from layerwise.vectors import Array, Column, Labels

try:
    from sklearn.base import BaseEstimator, TransformerMixin
    from sklearn.utils.validation import check_is_fitted
except ImportError:
    raise MissingExtraError(
        "layerwise.sklearn needs scikit-learn.", hint='pip install "layerwise[sklearn]"'
    ) from None

__all__ = ["Segmenter"]


class Segmenter(TransformerMixin, BaseEstimator):  # type: ignore[misc, unused-ignore]
    """Any spec of layerwise (a layer, `Layers`, a purchase model) as a scikit-learn transformer.

    `fit` learns the layers, `transform` returns their columns alone: labels as they are, or as
    numbers for the next step.

    Args:
        spec: What to fit, such as ``RFM()`` or ``Layers(value=Value(), churn=ChurnStatus())``. Its
            choices are parameters too: ``set_params(spec__weights=(1, 1, 2))``, and in a grid
            ``{"spec__weights": [...]}``; of `Layers` each layer and its choices,
            ``spec__churn`` and ``spec__churn__times``.
        encode: "labels" gives the labels; "codes" gives the place of each label in its order, from
            0 (not_evaluable is a place of its own), as float with NaN for missing: what trees and
            linear models take. Numbers (scores, probabilities) are numbers with either.

    Attributes:
        fitted_: What the spec's `fit` returned: `fitted_.explain(...)`, `fitted_.save(...)`.
        feature_names_in_: The columns that were read.
        n_features_in_: How many these are.

    The input is a customer table with named columns (pandas or Polars); an array without names is
    refused, because layers read columns by name. Rows with missing values are labelled as the
    layer's rule says.

    Raises:
        MissingExtraError: scikit-learn is not installed.

    Example:
        >>> import layerwise as lw
        >>> from layerwise.sklearn import Segmenter
        >>> customers = lw.datasets.load_cdnow_summary()
        >>> step = Segmenter(lw.BGNBD(horizon_days=90)).fit(customers)
        >>> step.transform(customers).round(3).head(2)
           p_alive  p_no_purchase_90d  expected_orders_90d
        0    0.727              0.679                0.452
        1    0.212              0.941                0.074
    """

    def __init__(self, spec: Any = None, *, encode: str = "labels") -> None:
        self.spec = spec
        self.encode = encode

    def fit(self, X: Any, y: object = None) -> "Segmenter":  # noqa: ARG002
        """Learn the layers from a customer table.

        Raises:
            SpecError: There is no spec, or `encode` is unknown.
            ColumnsError: X has no column names, or lacks columns.
            LayerwiseError: As the spec's own `fit` says.
        """
        self._check_choices()
        self.fitted_: Labeller = self.spec.fit(_named(X))
        self.feature_names_in_ = np.array(self.fitted_.needs, dtype=object)
        self.n_features_in_ = len(self.feature_names_in_)
        return self

    def transform(self, X: Any) -> Any:
        """Return one column per output of the layers, rows and index as given.

        Raises:
            sklearn.exceptions.NotFittedError: `fit` was not called.
            ColumnsError: X has no column names, or lacks columns.
        """
        check_is_fitted(self, "fitted_")
        labelled = frames.wrap(self.fitted_.transform(_named(X))).select(*self.fitted_.outputs)
        if self.encode == "labels":
            return labelled.to_native()
        given = vectors.read(frames.eager(X, doing="encode='codes'"), self.fitted_.needs)
        columns = evaluate(self.fitted_.rules, given)
        return vectors.attach(labelled, {n: _coded(columns[n]) for n in self.fitted_.outputs})

    def get_feature_names_out(self, input_features: object = None) -> np.ndarray:  # noqa: ARG002
        """Return the names of the columns that `transform` gives."""
        check_is_fitted(self, "fitted_")
        return np.array(self.fitted_.outputs, dtype=object)

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """Return spec and encode, and with `deep` the choices of the spec as ``spec__…``."""
        given = {"spec": self.spec, "encode": self.encode}
        inner = _choices(self.spec) if deep else {}
        return given | {f"spec__{name}": value for name, value in inner.items()}

    def set_params(self, **params: Any) -> "Segmenter":
        """Set spec, encode, or with ``spec__…`` one choice of the spec, which is evolved.

        Raises:
            ValueError: There is no such parameter.
        """
        spec = params.get("spec", self.spec)
        inner = {n.removeprefix("spec__"): v for n, v in params.items() if n.startswith("spec__")}
        unknown = params.keys() - {"spec", "encode"} - {f"spec__{n}" for n in _choices(spec)}
        if unknown:
            raise ValueError(f"Segmenter has no parameters {', '.join(sorted(unknown))}.")
        self.spec = _evolved(spec, inner) if inner else spec
        self.encode = params.get("encode", self.encode)
        return self

    def _check_choices(self) -> None:
        if not hasattr(self.spec, "fit") or isinstance(self.spec, type):
            raise SpecError(
                f"Segmenter needs a spec, got {self.spec!r:.60}.",
                hint="Segmenter(RFM()) or Segmenter(BGNBD(horizon_days=90)).",
            )
        if self.encode not in ("labels", "codes"):
            raise SpecError(
                f"encode must be 'labels' or 'codes', got {self.encode!r:.40}.",
                hint="'codes' gives numbers.",
            )


def _choices(spec: Any) -> dict[str, Any]:
    """Return the choices of a spec by name; of Layers each layer and its own as ``name__…``."""
    if not isinstance(spec, Layers):
        fields = attrs.fields(type(spec)) if attrs.has(type(spec)) else ()
        return {f.name: getattr(spec, f.name) for f in fields if f.init}
    layers = {name: spec[name] for name in spec}
    inner = {f"{n}__{k}": v for n, layer in layers.items() for k, v in _choices(layer).items()}
    return layers | inner


def _evolved(spec: Any, changes: Mapping[str, Any]) -> Any:
    """Return the spec with other choices, named as by `_choices`."""
    if not isinstance(spec, Layers):
        return attrs.evolve(spec, **changes)
    layers = {name: changes.get(name, spec[name]) for name in spec}
    for name, layer in layers.items():
        start = f"{name}__"
        inner = {k.removeprefix(start): v for k, v in changes.items() if k.startswith(start)}
        layers[name] = _evolved(layer, inner) if inner else layer
    return Layers(**layers)


def _named(X: Any) -> Any:
    if isinstance(X, (np.ndarray, list, tuple)):
        raise ColumnsError(
            f"Segmenter reads columns by name; a {type(X).__name__} has none.",
            hint="give a DataFrame; of the steps before, set_output(transform='pandas').",
        )
    return X


def _coded(column: Column) -> Array:
    """Return places in the order of the labels; scores and other numbers as they are."""
    if not isinstance(column, Labels) or (column.names and isinstance(column.names[0], int)):
        return numbers(column).astype(np.float64)
    places = np.array([*range(len(column.names)), np.nan])
    return np.asarray(places[column.codes])
