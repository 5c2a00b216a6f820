"""Membership: levels and points, which are promises to customers."""

from layerwise.membership.incentive_table import incentive_table
from layerwise.membership.level_table import level_table, level_table_from
from layerwise.membership.levels import membership_levels
from layerwise.membership.point_rules import PointRules
from layerwise.membership.points import replay_points
from layerwise.membership.points_ledger import PointsLedger

__all__ = [
    "PointRules",
    "PointsLedger",
    "incentive_table",
    "level_table",
    "level_table_from",
    "membership_levels",
    "replay_points",
]
