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
from layerwise.churn.joint import JointCauses, joint_causes

__all__ = [
    "Causes",
    "ChurnGroups",
    "JointCauses",
    "attributable_fraction",
    "cause_table",
    "e_value",
    "high_churn_groups",
    "joint_causes",
    "limit_e_value",
    "mantel_haenszel",
    "rank_causes",
]
