"""The layers: each is a spec with `fit`, and composes with others in `Layers`."""

from layerwise.layers.compose import FittedLayers, Layers
from layerwise.layers.rfm import RFM
from layerwise.layers.value import Value

__all__ = ["RFM", "FittedLayers", "Layers", "Value"]
