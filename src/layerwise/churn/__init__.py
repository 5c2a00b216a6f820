"""Who is leaving, in what way, why, and what it costs."""

from layerwise.churn.backtest import Backtest, backtest
from layerwise.churn.warning import Warnings, early_warning
from layerwise.churn.warning_table import warning_table

__all__ = [
    "Backtest",
    "Warnings",
    "backtest",
    "early_warning",
    "warning_table",
]
