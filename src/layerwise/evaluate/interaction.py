"""Does an offer work better for some layers than for others, or does it only look so?"""

import numpy as np
import pandas as pd

from layerwise.rates import holm


def interactions(layers: pd.DataFrame) -> pd.DataFrame:
    """Return a test that all layers have the same effect, a row per metric and arm.

    Q is the sum of (effect - mean)^2 / variance over layers, the mean weighted by 1 / variance;
    with equal effects it is about chi-square with one degree of freedom less than layers. Layers
    without an effect are not compared. Missing with fewer than two.

    Args:
        layers: Comparisons by layer with effect and variance.

    Source: Cochran (1954), Biometrics 10.
    """
    keys = ["metric", "arm"]
    rows = [(*key, *_test(part)) for key, part in layers.groupby(keys, sort=False)]
    table = pd.DataFrame(rows, columns=[*keys, "layers", "q", "df", "p"])
    return table.assign(p_holm=holm(table["p"].to_numpy()))


def _test(part: pd.DataFrame) -> tuple[int, float, int, float]:
    from scipy.special import chdtrc

    known = part[part["effect"].notna() & (part["variance"] > 0)]
    if len(known) < 2:
        return len(known), np.nan, max(len(known) - 1, 0), np.nan
    weight = 1 / known["variance"].to_numpy()
    effect = known["effect"].to_numpy()
    mean = (weight * effect).sum() / weight.sum()
    q = float((weight * (effect - mean) ** 2).sum())
    return len(known), q, len(known) - 1, float(chdtrc(len(known) - 1, q))
