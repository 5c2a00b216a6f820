"""What a layer of your own is made of.

A layer is a frozen spec with `needs` and `learn`: what it reads, and what it learns from arrays of
it. `learn` returns `Fitted` with rules (`layerwise.rules`), which label every engine, give reasons
and are saved; `layerwise.testing.check_segmenter` says whether it keeps the contract of a layer.
"""

from layerwise.fitted import Fitted, Spec
from layerwise.layers.edges import present, quantile_edges
from layerwise.rules.base import numbers
from layerwise.saved import saved
from layerwise.vectors import Columns

__all__ = ["Columns", "Fitted", "Spec", "numbers", "present", "quantile_edges", "saved"]
