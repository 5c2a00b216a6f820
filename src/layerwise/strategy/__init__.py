"""Strategies: which label gets which, from a table that a marketer can read and edit."""

from layerwise.strategy.plan import PlanCounts, plan_summary
from layerwise.strategy.row import Strategy
from layerwise.strategy.table import StrategyTable

__all__ = ["PlanCounts", "Strategy", "StrategyTable", "plan_summary"]
