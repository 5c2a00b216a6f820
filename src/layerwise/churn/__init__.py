"""Who is leaving, in what way, why, and what it costs."""

from layerwise.churn.attribution import (
    attributable_fraction,
    e_value,
    limit_e_value,
    mantel_haenszel,
)
from layerwise.churn.cause_table import cause_table
from layerwise.churn.causes import Causes, rank_causes
from layerwise.churn.groups import ChurnGroups, high_churn_groups

__all__ = [
    "Causes",
    "ChurnGroups",
    "attributable_fraction",
    "cause_table",
    "e_value",
    "high_churn_groups",
    "limit_e_value",
    "mantel_haenszel",
    "rank_causes",
]
