"""What customers like: categories above the usual, what may come next, why they seem to buy."""

from layerwise.tastes.affinity import category_affinity
from layerwise.tastes.motive_table import motive_table
from layerwise.tastes.motives import Motives, measure_motives
from layerwise.tastes.score import score_suggestions
from layerwise.tastes.suggest import suggest_categories

__all__ = [
    "Motives",
    "category_affinity",
    "measure_motives",
    "motive_table",
    "score_suggestions",
    "suggest_categories",
]
