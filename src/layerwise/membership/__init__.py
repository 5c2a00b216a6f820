"""Membership: points and levels, which are promises to customers."""

from layerwise.membership.points import PointRules, PointsLedger, replay_points

__all__ = ["PointRules", "PointsLedger", "replay_points"]
