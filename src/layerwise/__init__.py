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

from layerwise import datasets
from layerwise.baskets import add_baskets, share_columns
from layerwise.errors import LayerwiseError, LayerwiseWarning
from layerwise.fitted import Fitted, load, loads
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
from layerwise.models import BGNBD, GammaGamma
from layerwise.overview import overview
from layerwise.returns import return_curve
from layerwise.scorecard import score_churn
from layerwise.strategy import StrategyTable, plan_summary
from layerwise.summary import calibration_holdout, check_orders, snapshots, summarize
from layerwise.version import VERSION

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
