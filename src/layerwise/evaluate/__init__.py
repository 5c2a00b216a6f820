"""What became of the customers since: who moved, where visitors are lost."""

from layerwise.evaluate.funnel import Funnel, measure_funnel
from layerwise.evaluate.migration import Migration, check_frozen, measure_migration
from layerwise.evaluate.steady import steady_labels

__all__ = [
    "Funnel",
    "Migration",
    "check_frozen",
    "measure_funnel",
    "measure_migration",
    "steady_labels",
]
