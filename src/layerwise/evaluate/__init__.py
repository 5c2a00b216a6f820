"""Did it work? Experiments from the draw to the decision."""

from layerwise.evaluate.assignment import assign
from layerwise.evaluate.power import (
    sample_size,
    sample_size_mean,
    smallest_effect,
    smallest_effect_mean,
)
from layerwise.evaluate.sequential import alpha_spending

__all__ = [
    "alpha_spending",
    "assign",
    "sample_size",
    "sample_size_mean",
    "smallest_effect",
    "smallest_effect_mean",
]
