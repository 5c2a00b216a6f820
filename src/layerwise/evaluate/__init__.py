"""Did it work, is it getting worse: retention, cohorts, key figures, alerts, drift."""

from layerwise.evaluate.bins import DriftReference, drift_reference
from layerwise.evaluate.calibration_drift import CalibrationDrift, calibration_drift
from layerwise.evaluate.cohorts import Cohorts, cohort_table
from layerwise.evaluate.control_charts import control_chart
from layerwise.evaluate.decomposition import Decomposition, decompose_change
from layerwise.evaluate.drift import drift, psi
from layerwise.evaluate.key_figures import kpi_table, kpis
from layerwise.evaluate.monitoring import Monitoring, crises, monitor
from layerwise.evaluate.refit import RefitVerdict, refit_due
from layerwise.evaluate.retention import Retention, retention_curve
from layerwise.evaluate.survival import LogRank, kaplan_meier, log_rank

__all__ = [
    "CalibrationDrift",
    "Cohorts",
    "Decomposition",
    "DriftReference",
    "LogRank",
    "Monitoring",
    "RefitVerdict",
    "Retention",
    "calibration_drift",
    "cohort_table",
    "control_chart",
    "crises",
    "decompose_change",
    "drift",
    "drift_reference",
    "kaplan_meier",
    "kpi_table",
    "kpis",
    "log_rank",
    "monitor",
    "psi",
    "refit_due",
    "retention_curve",
]
