"""The rule kinds; see `layerwise.rules.base` for what a rule is."""

from layerwise.rules.base import NOT_EVALUABLE, Rule
from layerwise.rules.cut import Cut
from layerwise.rules.first_match import Case, FirstMatch
from layerwise.rules.formula import Formula, Holds, Weighted
from layerwise.rules.nearest import Largest, Nearest

__all__ = [
    "NOT_EVALUABLE",
    "Case",
    "Cut",
    "FirstMatch",
    "Formula",
    "Holds",
    "Largest",
    "Nearest",
    "Rule",
    "Weighted",
]
