"""What customers like: categories above the usual, what may come next, why they seem to buy."""

from layerwise.tastes.affinity import category_affinity
from layerwise.tastes.score import score_suggestions
from layerwise.tastes.suggest import suggest_categories

__all__ = ["category_affinity", "score_suggestions", "suggest_categories"]
