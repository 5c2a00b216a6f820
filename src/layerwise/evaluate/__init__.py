"""Did it work, is it getting worse: retention, cohorts, key figures, alerts, drift."""

from layerwise.evaluate.assignment import assign
from layerwise.evaluate.bins import DriftReference, drift_reference
from layerwise.evaluate.calibration_drift import (
    CalibrationDrift,
    CertainForecastWarning,
    calibration_drift,
)
from layerwise.evaluate.cohorts import Cohorts, cohort_table
from layerwise.evaluate.control_charts import ShortBaselineWarning, control_chart
from layerwise.evaluate.decomposition import Decomposition, decompose_change
from layerwise.evaluate.drift import drift, psi
from layerwise.evaluate.effects import effects
from layerwise.evaluate.experiment import Experiment, analyse
from layerwise.evaluate.funnel import Funnel, measure_funnel
from layerwise.evaluate.goals import Goal
from layerwise.evaluate.key_figures import kpi_table, kpis
from layerwise.evaluate.matched import MatchedDifference, matched_difference
from layerwise.evaluate.metrics import Mean, Ratio, Share
from layerwise.evaluate.migration import Migration, check_frozen, measure_migration
from layerwise.evaluate.monitoring import Monitoring, crises, monitor
from layerwise.evaluate.planned import plan_experiment
from layerwise.evaluate.power import (
    sample_size,
    sample_size_mean,
    smallest_effect,
    smallest_effect_mean,
)
from layerwise.evaluate.refit import RefitVerdict, refit_due
from layerwise.evaluate.retention import Retention, retention_curve
from layerwise.evaluate.sequential import alpha_spending
from layerwise.evaluate.steady import steady_labels
from layerwise.evaluate.survival import LogRank, kaplan_meier, log_rank
from layerwise.evaluate.validity import EarlyLookWarning, SampleRatioWarning, sample_ratio_p

__all__ = [
    "CalibrationDrift",
    "CertainForecastWarning",
    "Cohorts",
    "Decomposition",
    "DriftReference",
    "EarlyLookWarning",
    "Experiment",
    "Funnel",
    "Goal",
    "LogRank",
    "MatchedDifference",
    "Mean",
    "Migration",
    "Monitoring",
    "Ratio",
    "RefitVerdict",
    "Retention",
    "SampleRatioWarning",
    "Share",
    "ShortBaselineWarning",
    "alpha_spending",
    "analyse",
    "assign",
    "calibration_drift",
    "check_frozen",
    "cohort_table",
    "control_chart",
    "crises",
    "decompose_change",
    "drift",
    "drift_reference",
    "effects",
    "kaplan_meier",
    "kpi_table",
    "kpis",
    "log_rank",
    "matched_difference",
    "measure_funnel",
    "measure_migration",
    "monitor",
    "plan_experiment",
    "psi",
    "refit_due",
    "retention_curve",
    "sample_ratio_p",
    "sample_size",
    "sample_size_mean",
    "smallest_effect",
    "smallest_effect_mean",
    "steady_labels",
]
