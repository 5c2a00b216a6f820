"""How good a churn probability was, beside the plain days of silence and the base rate."""

import math
import re
from typing import Any

import attrs
import numpy as np
import pandas as pd

from layerwise import arguments, frames, vectors
from layerwise.brief import in_brief
from layerwise.columns import HOLDOUT_DAYS, HOLDOUT_ORDERS, SILENCE
from layerwise.errors import DataError, SpecError
from layerwise.rates import wilson
from layerwise.rules.base import numbers
from layerwise.saved import fits
from layerwise.vectors import Array


@attrs.frozen(kw_only=True, eq=False)
class Scorecard:
    """The judgement of a churn probability on a holdout period.

    Args:
        customers: How many were judged.
        silent_rate: The share that bought nothing in the holdout: the base rate.
        auc: The chance that a silent customer has a higher churn probability than a buyer, ties
            counting half.
        auc_silence: The same for plain days of silence, the baseline.
        brier: Mean squared difference of probability and outcome; small is good.
        brier_base: The same for saying the base rate of everybody.
        calibration: By band of the probability: customers, mean predicted, actual rate, and the
            Wilson 95 % interval of the actual rate.
        histogram: Customers by twentieth of the probability, from 0 to 1.
    """

    customers: int
    silent_rate: float
    auc: float
    auc_silence: float
    brier: float
    brier_base: float
    calibration: pd.DataFrame
    histogram: tuple[int, ...]

    __repr__ = in_brief

    def __str__(self) -> str:
        lines = [
            f"{self.customers:,} customers, {self.silent_rate:.1%} bought nothing in the holdout",
            f"ranking (AUC)       churn probability {self.auc:.3f}   "
            f"days of silence {self.auc_silence:.3f}",
            f"calibration (Brier) churn probability {self.brier:.3f}   "
            f"base rate {self.brier_base:.3f}",
            self.calibration.to_string(index=False, float_format=lambda v: f"{v:.3f}"),
        ]
        return "\n".join(lines)


def score_churn(
    customers: object,
    *,
    probability: str,
    outcome: str = HOLDOUT_ORDERS,
    silence: str = SILENCE,
    bands: int = 10,
) -> Scorecard:
    """Return how well a churn probability foretold who would buy nothing.

    Args:
        customers: One row per customer, an eager frame; `calibration_holdout` makes it, and a model
            fitted on it adds the probability.
        probability: The column of P(no purchase in the holdout).
        outcome: The column of orders in the holdout; 0 means silent.
        silence: The column of days since the last order, the baseline to beat.
        bands: The calibration table has so many bands of about equally many customers, cut between
            distinct probabilities, so that there may be fewer.

    Raises:
        SpecError: `bands` is not a whole number from 2 up, or the columns are not three names.
        ColumnsError: A column is missing.
        DataError: A value is missing, a probability is outside 0 to 1, orders are negative or not
            whole, silence is negative, everybody had the same outcome, or the probability looks
            ahead another number of days than the holdout has.

    Source of the interval: Wilson (1927), JASA 22.

    Example:
        >>> import pandas as pd
        >>> table = pd.DataFrame({
        ...     "p_no_purchase_90d": [0.9, 0.8, 0.3, 0.2],
        ...     "days_since_last": [200, 20, 40, 5],
        ...     "holdout_orders": [0, 0, 2, 1],
        ... })
        >>> card = score_churn(table, probability="p_no_purchase_90d", bands=2)
        >>> card.auc, card.auc_silence
        (1.0, 0.75)
    """
    _check_choices([probability, outcome, silence], bands)
    frame = frames.eager(customers, doing="score_churn")
    names = dict.fromkeys([probability, outcome, silence], "score_churn")
    arguments.require(frames.column_names(frame), names, title="The table lacks columns.")
    _check_horizon(frame, probability)
    p, orders, days = (numbers(c) for c in vectors.read(frame, names).values())
    _check(p, orders, days)
    silent = orders == 0
    rate = float(silent.mean())
    return Scorecard(
        customers=len(p),
        silent_rate=rate,
        auc=auc(p, silent),
        auc_silence=auc(days, silent),
        brier=float(np.mean((p - silent) ** 2)),
        brier_base=rate * (1 - rate),
        calibration=_calibration(p, silent, bands),
        histogram=tuple(np.histogram(p, 20, (0, 1))[0].tolist()),
    )


def auc(score: Array, positive: Array) -> float:
    """Return the area under the ROC curve: P(score of a positive > of a negative), ties half.

    NaN without both kinds.

    Source: Mann and Whitney (1947).

    >>> auc(np.array([0.9, 0.5, 0.5, 0.1]), np.array([True, True, False, False]))
    0.875
    """
    _, place, counts = np.unique(score, return_inverse=True, return_counts=True)
    middle_rank = np.cumsum(counts) - (counts - 1) / 2
    n1 = int(positive.sum())
    n0 = len(score) - n1
    if not n0 or not n1:
        return math.nan
    won = middle_rank[place][positive].sum() - n1 * (n1 + 1) / 2
    return float(won / (n1 * n0))


def _calibration(p: Array, silent: Array, bands: int) -> pd.DataFrame:
    ordered, bands = np.sort(p), min(bands, len(p))
    inner = [ordered[int(np.ceil(len(p) * i / bands)) - 1] for i in range(1, bands)]
    band = np.searchsorted(np.unique(inner), p)
    counts = np.bincount(band)
    filled = counts > 0
    n, hits = counts[filled], np.bincount(band, weights=silent)[filled]
    low, high = wilson(hits, n)
    table: dict[str, Any] = {
        "customers": n,
        "predicted": np.bincount(band, weights=p)[filled] / n,
        "actual": hits / n,
        "low": low,
        "high": high,
    }
    return pd.DataFrame(table)


def _check_choices(names: list[Any], bands: Any) -> None:
    if not all(isinstance(name, str) for name in names) or len(set(names)) < len(names):
        raise SpecError(
            "score_churn reads three different columns: probability, outcome and silence; got "
            f"{', '.join(f'{name!r:.40}' for name in names)}.",
            hint="score_churn(customers, probability='p_no_purchase_90d').",
        )
    if not fits(bands, int) or bands < 2:
        raise SpecError(
            f"bands must be a whole number from 2 up, got {bands!r:.40}.",
            hint="bands=10 makes ten rows of the calibration table.",
        )


def _check_horizon(frame: Any, probability: str) -> None:
    """Refuse a probability whose name says another horizon than the holdout's days."""
    horizon = re.fullmatch(r"p_no_purchase_(.+)d", probability)
    if not horizon or HOLDOUT_DAYS not in frames.column_names(frame):
        return
    days = numbers(vectors.read(frame, [HOLDOUT_DAYS])[HOLDOUT_DAYS])
    if len(days) and days.max() != float(horizon[1]):
        raise DataError(
            f"{probability} looks {horizon[1]} days ahead, the holdout has {days.max():g}.",
            hint=f"fit the model with horizon_days={days.max():g}.",
        )


def _check(p: Array, orders: Array, days: Array) -> None:
    wrong = {
        "missing values": sum(int(np.isnan(v).sum()) for v in (p, orders, days)),
        "probabilities outside 0 to 1": int(((p < 0) | (p > 1)).sum()),
        "negative orders": int((orders < 0).sum()),
        "orders that are not whole": int(
            (orders != np.floor(orders)).sum() - np.isnan(orders).sum()
        ),
        "negative days of silence": int((days < 0).sum()),
    }
    if any(wrong.values()) or not len(p):
        found = ", ".join(f"{n:,} {what}" for what, n in wrong.items() if n) or "no rows"
        raise DataError(
            f"A churn probability cannot be judged: {found}.",
            hint="judge the customers of calibration_holdout(...) that a model has labelled.",
        )
    if (orders == 0).all() or (orders > 0).all():
        raise DataError(
            "Every customer had the same outcome, so ranking cannot be judged.",
            hint="take a longer or a shorter holdout.",
        )
