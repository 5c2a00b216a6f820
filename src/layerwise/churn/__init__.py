"""Who is leaving, in what way, why, and what it costs."""

from layerwise.churn.groups import ChurnGroups, high_churn_groups

__all__ = [
    "ChurnGroups",
    "high_churn_groups",
]
