"""Did it work, is it getting worse: retention, cohorts, key figures."""

from layerwise.evaluate.cohorts import Cohorts, cohort_table
from layerwise.evaluate.key_figures import kpi_table, kpis
from layerwise.evaluate.retention import Retention, retention_curve
from layerwise.evaluate.survival import LogRank, kaplan_meier, log_rank

__all__ = [
    "Cohorts",
    "LogRank",
    "Retention",
    "cohort_table",
    "kaplan_meier",
    "kpi_table",
    "kpis",
    "log_rank",
    "retention_curve",
]
