"""The experiment behind coupons: from counts by layer to probabilities to buy with and without."""

from typing import Any

import numpy as np
import pandas as pd

from layerwise import frames
from layerwise.errors import DataError, SpecError, problems
from layerwise.frames import Floats
from layerwise.rates import wilson
from layerwise.strategy.offers import read_labels, read_numbers

HINT = "allocate_coupons(customers, face_value=5, margin=0.3, layer='value', experiment=table)."
_ROWS = (
    "a row a layer, with counts of customers (treated, control), buyers (treated_buyers, "
    "control_buyers) and coupon_users."
)
_COUNTS = ("treated", "treated_buyers", "coupon_users", "control", "control_buyers")


def read_rates(experiment: Any, layer: str | None) -> pd.DataFrame:
    """Return p1, p0, u and the interval of the uplift (Newcombe's) for each layer.

    Source: Newcombe (1998), Statistics in Medicine 17, method 10.
    """
    key = layer or "all"
    if experiment is None:
        names = [key, "p1", "p0", "uplift", "low", "high", "use_share"]
        return pd.DataFrame({name: pd.Series(dtype=float) for name in names})
    n1, x1, used, n0, x0 = _counts(experiment, layer)
    p1, p0 = x1 / n1, x0 / n0
    (l1, h1), (l0, h0) = wilson(x1, n1), wilson(x0, n0)
    labels = np.array(["all"], dtype=object)
    if layer is not None:
        labels = read_labels(frames.wrap(experiment), layer, "layer=")
    return pd.DataFrame({
        key: labels,
        "p1": p1,
        "p0": p0,
        "uplift": p1 - p0,
        "low": p1 - p0 - np.hypot(p1 - l1, h0 - p0),
        "high": p1 - p0 + np.hypot(h1 - p1, p0 - l0),
        # Nobody bought with the coupon: what share would use it is not known, so all might.
        "use_share": np.divide(used, x1, out=np.ones(len(x1)), where=x1 > 0),
    })  # fmt: skip


def _counts(experiment: Any, layer: str | None) -> list[Floats]:
    if not isinstance(experiment, pd.DataFrame):
        raise SpecError(
            f"experiment must be a pandas DataFrame, got {type(experiment).__name__}.",
            hint=HINT,
        )
    frames.check_names(experiment.columns, "the experiment")
    needed = dict.fromkeys(_COUNTS if layer is None else (layer, *_COUNTS), "experiment")
    frames.require(
        list(experiment.columns), needed, title="The experiment lacks columns:", hint=_ROWS
    )
    found = [read_numbers(frames.wrap(experiment), name, "experiment") for name in _COUNTS]
    n1, x1, used, n0, x0 = found
    wrong = {
        "counts that are missing or not whole": np.isnan(found).any(axis=0)
        | (np.rint(found) != found).any(axis=0),
        "an arm without customers": (n1 == 0) | (n0 == 0),
        "more buyers than customers": (x1 > n1) | (x0 > n0),
        "more users of the coupon than buyers": used > x1,
    }
    if layer is not None:
        labels = pd.Series(read_labels(frames.wrap(experiment), layer, "layer="), dtype=object)
        wrong["layers that are missing or stand twice"] = (
            (labels == "") | labels.duplicated()
        ).to_numpy()
    lines = [f"{text}: {int(w.sum()):,} of {len(w):,} rows" for text, w in wrong.items() if w.any()]
    if layer is None and len(experiment) != 1:
        lines.append(f"{len(experiment):,} rows, and no layer= that tells them apart")
    if lines or not len(experiment):
        raise DataError(
            problems("The experiment cannot be used:", lines or ["there are no rows"]),
            hint=_ROWS,
        )
    return found
