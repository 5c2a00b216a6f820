"""layerwise: customer layers, churn probability and strategy plans from an order log.

```
orders ──summarize──▶ customers ──spec.fit──▶ fitted rules ──transform──▶ labels ──▶ strategy plan
(log)                 (a row each)            (JSON, SQL)    (any engine)            (who gets what)
```

Orders to customers: `summarize`, `check_orders`, `calibration_holdout`, `snapshots`; what they buy:
`add_baskets`, `share_columns`. Layers: `Layers` of `RFM`, `Value`, `Frequency`, `Loyalty`, `Needs`,
`NeedsClusters` (and `name_clusters`), `ChurnStatus`, `Tier`. Models: `BGNBD`, `GammaGamma`, more in
`layerwise.models`. Judging them: `score_churn`, `return_curve`, `layerwise.plots`. Plans:
`StrategyTable`, `plan_summary`. All of it at once: `overview`. Saved rules: `load`, `loads`. Real
data: `layerwise.datasets`. Every error is a `LayerwiseError`, every warning a `LayerwiseWarning`.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from layerwise.version import VERSION

if TYPE_CHECKING:  # the same as _HOMES, for type checkers and editors
    from layerwise import datasets
    from layerwise.at_once import overview
    from layerwise.baskets import add_baskets, share_columns
    from layerwise.errors import LayerwiseError, LayerwiseWarning
    from layerwise.fitted import Fitted
    from layerwise.layers import (
        RFM,
        ChurnStatus,
        Frequency,
        Layers,
        Loyalty,
        Needs,
        NeedsClusters,
        Tier,
        Value,
        name_clusters,
    )
    from layerwise.loading import load, loads
    from layerwise.models import BGNBD, GammaGamma
    from layerwise.returns import return_curve
    from layerwise.scorecard import score_churn
    from layerwise.strategy import StrategyTable, plan_summary
    from layerwise.summary import calibration_holdout, check_orders, snapshots, summarize

__version__ = VERSION

__all__ = [
    "BGNBD",
    "RFM",
    "ChurnStatus",
    "Fitted",
    "Frequency",
    "GammaGamma",
    "Layers",
    "LayerwiseError",
    "LayerwiseWarning",
    "Loyalty",
    "Needs",
    "NeedsClusters",
    "StrategyTable",
    "Tier",
    "Value",
    "__version__",
    "add_baskets",
    "calibration_holdout",
    "check_orders",
    "datasets",
    "load",
    "loads",
    "name_clusters",
    "overview",
    "plan_summary",
    "return_curve",
    "score_churn",
    "share_columns",
    "snapshots",
    "summarize",
]

_HOMES = {
    "BGNBD": "layerwise.models",
    "RFM": "layerwise.layers",
    "ChurnStatus": "layerwise.layers",
    "Fitted": "layerwise.fitted",
    "Frequency": "layerwise.layers",
    "GammaGamma": "layerwise.models",
    "Layers": "layerwise.layers",
    "LayerwiseError": "layerwise.errors",
    "LayerwiseWarning": "layerwise.errors",
    "Loyalty": "layerwise.layers",
    "Needs": "layerwise.layers",
    "NeedsClusters": "layerwise.layers",
    "StrategyTable": "layerwise.strategy",
    "Tier": "layerwise.layers",
    "Value": "layerwise.layers",
    "add_baskets": "layerwise.baskets",
    "calibration_holdout": "layerwise.summary",
    "check_orders": "layerwise.summary",
    "load": "layerwise.loading",
    "loads": "layerwise.loading",
    "name_clusters": "layerwise.layers",
    "overview": "layerwise.at_once",
    "plan_summary": "layerwise.strategy",
    "return_curve": "layerwise.returns",
    "score_churn": "layerwise.scorecard",
    "share_columns": "layerwise.baskets",
    "snapshots": "layerwise.summary",
    "summarize": "layerwise.summary",
}
"""Where each public name lives; it is imported on first use: `import layerwise` is quick."""

_ROOMS = (
    "baskets",
    "churn",
    "columns",
    "datasets",
    "errors",
    "evaluate",
    "identity",
    "layers",
    "membership",
    "models",
    "plots",
    "portrait",
    "privacy",
    "report",
    "strategy",
    "tastes",
)
"""Rooms that `layerwise.<room>` reaches without an import of their own."""


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        value = getattr(import_module(_HOMES[name]), name)
    elif name in _ROOMS:
        value = import_module(f"layerwise.{name}")
    else:
        raise AttributeError(f"module 'layerwise' has no attribute {name!r}")
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOMES, *_ROOMS})
