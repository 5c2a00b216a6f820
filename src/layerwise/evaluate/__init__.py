"""Did it work? Experiments from the draw to the decision."""

from layerwise.evaluate.assignment import assign
from layerwise.evaluate.experiment import Experiment, analyse
from layerwise.evaluate.metrics import Mean, Ratio, Share
from layerwise.evaluate.power import (
    sample_size,
    sample_size_mean,
    smallest_effect,
    smallest_effect_mean,
)
from layerwise.evaluate.sequential import alpha_spending
from layerwise.evaluate.validity import EarlyLookWarning, SampleRatioWarning, sample_ratio_p

__all__ = [
    "EarlyLookWarning",
    "Experiment",
    "Mean",
    "Ratio",
    "SampleRatioWarning",
    "Share",
    "alpha_spending",
    "analyse",
    "assign",
    "sample_ratio_p",
    "sample_size",
    "sample_size_mean",
    "smallest_effect",
    "smallest_effect_mean",
]
