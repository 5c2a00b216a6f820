"""Who is leaving, in what way, why, and what it costs."""

from layerwise.churn.warning import Warnings, early_warning
from layerwise.churn.warning_table import warning_table

__all__ = [
    "Warnings",
    "early_warning",
    "warning_table",
]
