"""Is it getting better or worse, and would chance do the same? Charts, parts of a change, drift."""

from layerwise.evaluate.bins import DriftReference, drift_reference
from layerwise.evaluate.calibration_drift import (
    CalibrationDrift,
    CertainForecastWarning,
    calibration_drift,
)
from layerwise.evaluate.control_charts import ShortBaselineWarning, control_chart
from layerwise.evaluate.decomposition import Decomposition, decompose_change
from layerwise.evaluate.drift import drift, psi
from layerwise.evaluate.monitoring import Monitoring, crises, monitor
from layerwise.evaluate.refit import RefitVerdict, refit_due

__all__ = [
    "CalibrationDrift",
    "CertainForecastWarning",
    "Decomposition",
    "DriftReference",
    "Monitoring",
    "RefitVerdict",
    "ShortBaselineWarning",
    "calibration_drift",
    "control_chart",
    "crises",
    "decompose_change",
    "drift",
    "drift_reference",
    "monitor",
    "psi",
    "refit_due",
]
