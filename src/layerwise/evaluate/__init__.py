"""What became of the customers since: who moved, where visitors are lost."""

from layerwise.evaluate.migration import Migration, check_frozen, migration
from layerwise.evaluate.steady import steady_labels

__all__ = ["Migration", "check_frozen", "migration", "steady_labels"]
