"""The layers: each is a spec with `fit`, and composes with others in `Layers`."""

from layerwise.layers.churn_status import ChurnStatus
from layerwise.layers.compose import FittedLayers, Layers
from layerwise.layers.frequency import Frequency
from layerwise.layers.loyalty import Loyalty
from layerwise.layers.needs import Needs
from layerwise.layers.needs_clusters import NeedsClusters, name_clusters
from layerwise.layers.rfm import RFM
from layerwise.layers.tier import Tier
from layerwise.layers.value import Value

__all__ = [
    "RFM",
    "ChurnStatus",
    "FittedLayers",
    "Frequency",
    "Layers",
    "Loyalty",
    "Needs",
    "NeedsClusters",
    "Tier",
    "Value",
    "name_clusters",
]
