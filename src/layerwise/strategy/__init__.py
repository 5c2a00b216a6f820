"""Strategies: which label gets which, from a table that a marketer can read and edit."""

from layerwise.strategy.budget import Budgeted, spend_budget
from layerwise.strategy.contact_rules import contact_rules
from layerwise.strategy.links import strategy_links
from layerwise.strategy.motives import motive_table
from layerwise.strategy.plan import PlanCounts, plan_summary
from layerwise.strategy.row import Strategy
from layerwise.strategy.table import StrategyTable
from layerwise.strategy.views import plan_by

__all__ = [
    "Budgeted",
    "PlanCounts",
    "Strategy",
    "StrategyTable",
    "contact_rules",
    "motive_table",
    "plan_by",
    "plan_summary",
    "spend_budget",
    "strategy_links",
]
