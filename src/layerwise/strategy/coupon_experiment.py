"""The experiment behind coupons: from counts by layer to probabilities to buy with and without."""

from typing import Any

import numpy as np
import pandas as pd

from layerwise import arguments, frames
from layerwise.errors import DataError, problems
from layerwise.rates import risk_difference
from layerwise.strategy.offers import read_labels, read_numbers
from layerwise.vectors import Floats

HINT = "allocate_coupons(customers, face_value=5, margin=0.3, layer='value', experiment=table)."
_ROWS = (
    "a row a layer, with counts of customers (treated, control), buyers (treated_buyers, "
    "control_buyers) and coupon_users."
)
_COUNTS = ("treated", "treated_buyers", "coupon_users", "control", "control_buyers")


def read_rates(experiment: Any, layer: str | None) -> pd.DataFrame:
    """Return p1, p0, u and the interval of the uplift (`rates.risk_difference`) for each layer."""
    key = layer or "all"
    if experiment is None:
        names = [key, "p1", "p0", "uplift", "low", "high", "use_share"]
        return pd.DataFrame({name: pd.Series(dtype=float) for name in names})
    frame = frames.eager(experiment, doing="allocate_coupons")
    n1, x1, used, n0, x0 = _counts(frame, layer)
    uplift, low, high = risk_difference(x1, n1, x0, n0)
    labels = np.array(["all"], dtype=object)
    if layer is not None:
        labels = read_labels(frame, layer, "layer=")
    return pd.DataFrame({
        key: labels,
        "p1": x1 / n1,
        "p0": x0 / n0,
        "uplift": uplift,
        "low": low,
        "high": high,
        # Nobody bought with the coupon: what share would use it is not known, so all might.
        "use_share": np.divide(used, x1, out=np.ones(len(x1)), where=x1 > 0),
    })  # fmt: skip


def _counts(frame: Any, layer: str | None) -> list[Floats]:
    needed = dict.fromkeys(_COUNTS if layer is None else (layer, *_COUNTS), "experiment")
    title = "The experiment lacks columns:"
    arguments.require(frames.column_names(frame), needed, title=title, hint=_ROWS)
    found = [read_numbers(frame, name, "experiment") for name in _COUNTS]
    n1, x1, used, n0, x0 = found
    wrong = {
        "counts that are missing or not whole": np.isnan(found).any(axis=0)
        | (np.rint(found) != found).any(axis=0),
        "an arm without customers": (n1 == 0) | (n0 == 0),
        "more buyers than customers": (x1 > n1) | (x0 > n0),
        "more users of the coupon than buyers": used > x1,
    }
    if layer is not None:
        labels = pd.Series(read_labels(frame, layer, "layer="), dtype=object)
        wrong["layers that are missing or stand twice"] = (
            (labels == "") | labels.duplicated()
        ).to_numpy()
    lines = [f"{text}: {int(w.sum()):,} of {len(w):,} rows" for text, w in wrong.items() if w.any()]
    if layer is None and len(frame) != 1:
        lines.append(f"{len(frame):,} rows, and no layer= that tells them apart")
    if lines or not len(frame):
        raise DataError(
            problems("The experiment cannot be used:", lines or ["there are no rows"]),
            hint=_ROWS,
        )
    return found
