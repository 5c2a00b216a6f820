"""Strategies: which label gets which, from a table that a marketer can read and edit."""

from layerwise.strategy.coupons import (
    CouponPlan,
    add_basket_median,
    allocate_coupons,
    check_price_fairness,
    coupon_gain,
)
from layerwise.strategy.plan import PlanCounts, plan_summary
from layerwise.strategy.row import Strategy
from layerwise.strategy.table import StrategyTable
from layerwise.strategy.winback import WinbackList, winback_list

__all__ = [
    "CouponPlan",
    "PlanCounts",
    "Strategy",
    "StrategyTable",
    "WinbackList",
    "add_basket_median",
    "allocate_coupons",
    "check_price_fairness",
    "coupon_gain",
    "plan_summary",
    "winback_list",
]
