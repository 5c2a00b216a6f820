"""The layers: each is a spec with `fit`, and composes with others in `Layers`."""

from layerwise.layers.compose import FittedLayers, Layers
from layerwise.layers.needs import Needs
from layerwise.layers.needs_clusters import NeedsClusters, name_clusters
from layerwise.layers.rfm import RFM
from layerwise.layers.value import Value

__all__ = [
    "RFM",
    "FittedLayers",
    "Layers",
    "Needs",
    "NeedsClusters",
    "Value",
    "name_clusters",
]
