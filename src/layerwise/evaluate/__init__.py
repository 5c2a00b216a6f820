"""Is it getting better or worse, and would chance do the same? Charts, parts of a change, drift."""

from layerwise.evaluate.control_charts import ShortBaselineWarning, control_chart
from layerwise.evaluate.decomposition import Decomposition, decompose_change
from layerwise.evaluate.monitoring import Monitoring, crises, monitor

__all__ = [
    "Decomposition",
    "Monitoring",
    "ShortBaselineWarning",
    "control_chart",
    "crises",
    "decompose_change",
    "monitor",
]
