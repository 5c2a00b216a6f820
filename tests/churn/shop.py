"""A shop with planted causes and a tier that confounds them."""

from typing import Any

import numpy as np
import pandas as pd

WINDOW: dict[str, Any] = {"exposure_end": "2024-05-31", "outcome_start": "2024-06-01"}
TRUE = {"delivery_late": 1.5, "price_high": 1.0, "loyalty_weak": 0.7}


def shop(n: int = 20_000, seed: int = 0) -> pd.DataFrame:
    """Return customers whose tier drives both the exposures and leaving.

    Late deliveries raise the risk of leaving 1.5 times in every tier, a high price does nothing,
    the third protects (0.7). Plain customers leave more and meet all three more often.
    """
    rng = np.random.default_rng(seed)
    tier = rng.integers(0, 3, n)
    base = np.array([0.05, 0.15, 0.30])[tier]
    chance = np.array([0.1, 0.3, 0.6])[tier]
    flags = {name: rng.random(n) < chance for name in TRUE}
    risk = base * np.prod([np.where(flags[k], rr, 1) for k, rr in TRUE.items()], axis=0)
    names = np.array(["gold", "silver", "plain"])
    return pd.DataFrame(
        {"customer_id": np.arange(n), "tier": names[tier], **flags, "left": rng.random(n) < risk}
    )
