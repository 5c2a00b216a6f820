"""Strategies: which label gets which, from a table that a marketer can read and edit."""

from layerwise.strategy.links import strategy_links
from layerwise.strategy.motives import motive_table
from layerwise.strategy.plan import PlanCounts, plan_summary
from layerwise.strategy.row import Strategy
from layerwise.strategy.table import StrategyTable

__all__ = [
    "PlanCounts",
    "Strategy",
    "StrategyTable",
    "motive_table",
    "plan_summary",
    "strategy_links",
]
