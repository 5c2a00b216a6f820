"""Strategies: which label gets which, from a table that a marketer can read and edit."""

from layerwise.strategy.basket_median import add_basket_median
from layerwise.strategy.budget import Budgeted, spend_budget
from layerwise.strategy.contact_rules import contact_rules
from layerwise.strategy.coupons import CouponPlan, allocate_coupons, coupon_gain
from layerwise.strategy.links import strategy_links
from layerwise.strategy.per_strategy import plan_summary
from layerwise.strategy.plan import PlanCounts
from layerwise.strategy.price_fairness import check_price_fairness
from layerwise.strategy.row import Strategy
from layerwise.strategy.table import StrategyTable
from layerwise.strategy.views import plan_by
from layerwise.strategy.winback import WinbackList, winback_list

__all__ = [
    "Budgeted",
    "CouponPlan",
    "PlanCounts",
    "Strategy",
    "StrategyTable",
    "WinbackList",
    "add_basket_median",
    "allocate_coupons",
    "check_price_fairness",
    "contact_rules",
    "coupon_gain",
    "plan_by",
    "plan_summary",
    "spend_budget",
    "strategy_links",
    "winback_list",
]
