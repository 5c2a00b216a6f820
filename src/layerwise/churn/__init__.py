"""Who is leaving, in what way, why, and what it costs."""

from layerwise.churn.backtesting import Backtest, backtest
from layerwise.churn.signs import warning_table
from layerwise.churn.warning import Warnings, early_warning

__all__ = [
    "Backtest",
    "Warnings",
    "backtest",
    "early_warning",
    "warning_table",
]
