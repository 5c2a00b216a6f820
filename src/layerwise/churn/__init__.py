"""Who is leaving, in what way, why, and what it costs."""

from layerwise.churn.attribution import (
    attributable_fraction,
    e_value,
    limit_e_value,
    mantel_haenszel,
)
from layerwise.churn.cause_table import cause_table
from layerwise.churn.causes import Causes, rank_causes
from layerwise.churn.exposures import Exposure, add_exposures
from layerwise.churn.groups import ChurnGroups, high_churn_groups
from layerwise.churn.joint import JointCauses, joint_causes
from layerwise.churn.likely import likely_causes
from layerwise.churn.stated import measured_and_stated, stated_causes

__all__ = [
    "Causes",
    "ChurnGroups",
    "Exposure",
    "JointCauses",
    "add_exposures",
    "attributable_fraction",
    "cause_table",
    "e_value",
    "high_churn_groups",
    "joint_causes",
    "likely_causes",
    "limit_e_value",
    "mantel_haenszel",
    "measured_and_stated",
    "rank_causes",
    "stated_causes",
]
