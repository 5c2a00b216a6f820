"""Who is about to leave, and what leaves with them: one row a customer."""

from typing import Any, Protocol, TypeVar, cast

import attrs
import numpy as np

from layerwise import arguments, frames, vectors
from layerwise import columns as c
from layerwise.churn.silence import silence_surprise, usual_gap_days
from layerwise.errors import DataError, SpecError
from layerwise.logs import read_roster
from layerwise.models.gamma_gamma import FittedGammaGamma
from layerwise.models.model import FittedModel
from layerwise.models.process import horizon
from layerwise.rules.base import numbers
from layerwise.scorecard import Scorecard, score_churn
from layerwise.vectors import Array, Floats

FrameT = TypeVar("FrameT")


class ChurnModel(Protocol):
    """What gives each customer a churn probability: a fitted purchase model, a classifier, yours.

    The horizon used without one is `model.horizon_days`, or `model.spec.horizon_days`.

    Example:
        >>> import layerwise as lw
        >>> customers = lw.datasets.load_cdnow_summary()
        >>> class Silence:
        ...     horizon_days = 90.0
        ...     def p_no_purchase(self, customers, horizon_days=None):
        ...         return 1 - np.exp(-customers["days_since_last"].to_numpy() / 90)
        >>> risk_table(customers, model=Silence())["p_no_purchase_90d"].round(3).tolist()[:2]
        [0.481, 0.944]
    """

    def p_no_purchase(self, customers: object, horizon_days: float | None = None) -> Array:
        """Return P(no order in the next `horizon_days` days), one number a row."""
        ...


@attrs.frozen(kw_only=True)
class _Choices:
    model: ChurnModel
    purchases: FittedModel | None
    spend: FittedGammaGamma | str | None
    h: float


def risk_table(
    customers: FrameT,
    *,
    model: ChurnModel,
    spend: FittedGammaGamma | str | None = None,
    purchases: FittedModel | None = None,
    horizon_days: float | None = None,
) -> FrameT:
    """Return the customer table with who is about to leave, and what leaves with them.

    Columns added, with h the horizon in days:

    - `p_no_purchase_hd`: P(no order in the next h days), the churn probability, from `model`.
    - `days_since_last`, if it was not there: plain silence, the baseline of every score.
    - from a purchase model: `p_alive`, `usual_gap_days`, `silence_surprise` (see there) and
      `expected_orders_hd`.
    - with `spend`: `expected_spend_hd`, what the shop may expect as things stand;
      `spend_if_buying_hd`, the same of a customer of this history who does buy within h: expected
      orders / P(an order) × spend per order; `value_at_risk_hd` = P(no purchase) × spend if buying,
      the spend in h that falling silent is expected to cost.

    Missing where the history or the spend is missing. The index is kept, `customers` not changed.

    Args:
        customers: One row a customer, an eager frame with `customer_id` and what the model reads.
        model: A fitted BGNBD, MBGNBD, MBGCNBD or ParetoNBD; what `fit_classifier` returns; or
            anything with `p_no_purchase(customers, horizon_days)`.
        spend: Spend per order: a fitted `GammaGamma`, or the name of a column such as "spend_mean".
            A customer's own mean of few orders is mostly chance, so large values at risk would be
            overstated; prefer Gamma-Gamma, which shrinks it.
        purchases: The purchase model for cadence, orders and value where `model` is none.
        horizon_days: Days ahead; None takes the model's.

    Raises:
        SpecError: The model, the horizon or `spend` is no such thing, or `spend` is given without a
            purchase model.
        ColumnsError: Columns are missing or of the wrong type.
        DataError: Ids are missing or stand twice, histories or amounts are impossible, or the model
            gives what is no probability.

    Example:
        >>> import layerwise as lw
        >>> from layerwise.churn import risk_table
        >>> customers = lw.summarize(lw.datasets.simulate_orders(500, seed=7), as_of="2024-12-30")
        >>> model, spend = lw.BGNBD().fit(customers), lw.GammaGamma().fit(customers)
        >>> risks = risk_table(customers, model=model, spend=spend, horizon_days=90)
        >>> risks.columns[-4:].tolist()
        ['expected_orders_90d', 'expected_spend_90d', 'spend_if_buying_90d', 'value_at_risk_90d']
    """
    frame = frames.eager(customers, doing="risk_table")
    read_roster(customers)
    choices = _choices(model, purchases, spend, horizon_days)
    added: dict[str, Any] = {
        c.p_no_purchase(choices.h): probabilities(model, customers, choices.h, rows=len(frame))
    }
    if choices.purchases is not None:
        added |= _habits(frame, choices.purchases, choices.h)
        if spend is not None:
            added |= _value(frame, choices, added)
    return cast("FrameT", vectors.attach(frame, added))


def score_risk(both: object, *, model: ChurnModel, bands: int = 10) -> Scorecard:
    """Return how well a model foretold who would be silent, beside plain silence and base rate.

    Args:
        both: What `calibration_holdout` returned: histories up to a split, and what came after. For
            a classifier take another, later split than the one it learned from.
        model: As in `risk_table`.
        bands: Rows of the calibration table, as in `score_churn`.

    Raises:
        ColumnsError: Columns are missing.
        DataError: The holdout has no length of its own, or nothing can be judged by it.
        SpecError: The model is none, or looks ahead another number of days.

    Example:
        >>> import layerwise as lw
        >>> orders = lw.datasets.load_cdnow()
        >>> both = lw.calibration_holdout(
        ...     orders, split="1997-09-30", end="1998-06-30", amount=None
        ... )
        >>> card = score_risk(both, model=lw.BGNBD().fit(both))
        >>> round(card.auc, 3), round(card.auc_silence, 3), round(card.brier_base, 3)
        (0.757, 0.771, 0.206)
    """
    frame = frames.eager(both, doing="score_risk")
    h = holdout_days(frame)
    p = probabilities(model, both, h, rows=len(frame))
    name = c.p_no_purchase(h)
    return score_churn(vectors.attach(frame, {name: p}), probability=name, bands=bands)


def holdout_days(frame: Any) -> float:
    """Return the length of the outcome window of a wrapped frame of `calibration_holdout`.

    Raises:
        ColumnsError: It has no holdout columns.
        DataError: It has no rows, or windows of several lengths.
    """
    needed = dict.fromkeys((c.HOLDOUT_ORDERS, c.HOLDOUT_DAYS), "the outcome window")
    arguments.require(frames.column_names(frame), needed, title="The table has no outcome window.")
    days = np.unique(numbers(vectors.read(frame, [c.HOLDOUT_DAYS])[c.HOLDOUT_DAYS]))
    if len(days) != 1 or not days[0] > 0:
        raise DataError(
            f"holdout_days holds {len(days):,} values; one number of days is needed.",
            hint="take the table of one calibration_holdout(orders, split=..., end=...).",
        )
    return float(days[0])


def probabilities(model: ChurnModel, customers: object, h: float, *, rows: int) -> Floats:
    """Return what a model says of each customer, checked.

    Raises:
        SpecError: The model cannot say it.
        DataError: What it says is not one probability a row.
    """
    if not callable(getattr(model, "p_no_purchase", None)):
        raise SpecError(
            f"{type(model).__name__} gives no churn probability.",
            hint="fit a purchase model first, e.g. BGNBD().fit(customers), or a classifier with "
            "fit_classifier(both, classifier=...).",
        )
    p = np.asarray(model.p_no_purchase(customers, h))
    if p.shape != (rows,) or p.dtype.kind not in "fiu":
        raise DataError(
            f"{type(model).__name__}.p_no_purchase gave no numbers, one a row of {rows:,}.",
            hint="it must return a one-dimensional array of floats.",
        )
    if outside := int(((p < 0) | (p > 1)).sum()):
        raise DataError(
            f"{type(model).__name__}.p_no_purchase gave {outside:,} numbers outside 0 to 1.",
            hint="it must return probabilities.",
        )
    return np.asarray(p, dtype=np.float64)


def order_spend(frame: Any, spend: FittedGammaGamma | str) -> Floats:
    """Return the spend per order of each customer of a wrapped eager frame.

    Raises:
        SpecError: `spend` is neither a fitted GammaGamma nor a name.
        ColumnsError: There is no such column, or it holds no numbers.
        DataError: Amounts are negative.
    """
    if isinstance(spend, FittedGammaGamma):
        return spend.expected_spend(frame.to_native())
    if not isinstance(spend, str):
        raise SpecError(
            f"spend must be a fitted GammaGamma or the name of a column, got "
            f"{type(spend).__name__}.",
            hint="spend=GammaGamma().fit(customers), or spend='spend_mean'.",
        )
    arguments.require(
        frames.column_names(frame), {spend: "spend="}, title="The table lacks columns."
    )
    amounts = numbers(vectors.read(frame, [spend])[spend])
    if negative := int((amounts < 0).sum()):
        raise DataError(
            f"{spend} is negative in {negative:,} of {len(amounts):,} rows.",
            hint="net refunds with summarize(orders, amount=...).",
        )
    return np.asarray(amounts, dtype=np.float64)


def _choices(model: Any, purchases: Any, spend: Any, horizon_days: Any) -> _Choices:
    if purchases is None and isinstance(model, FittedModel):
        purchases = model
    if purchases is not None and not isinstance(purchases, FittedModel):
        raise SpecError(
            f"purchases must be a fitted purchase model, got {type(purchases).__name__}.",
            hint="BGNBD().fit(customers), or MBGNBD, MBGCNBD, ParetoNBD.",
        )
    if spend is not None and purchases is None:
        raise SpecError(
            f"{type(model).__name__} does not say how many orders a customer who buys places, so "
            "there is no value at risk.",
            hint="give a purchase model beside it: purchases=BGNBD().fit(customers).",
        )
    return _Choices(
        model=model, purchases=purchases, spend=spend, h=_days_ahead(model, horizon_days)
    )


def _days_ahead(model: Any, given: Any) -> float:
    for found in (given, getattr(model, "horizon_days", None)):
        if found is not None:
            return positive_days(found)
    found = getattr(getattr(model, "spec", None), "horizon_days", None)
    if found is None:
        raise SpecError(
            f"{type(model).__name__} has no horizon of its own.",
            hint="say how far to look ahead: horizon_days=90.",
        )
    return positive_days(found)


_MOST_DAYS = 1e12  # also where a day is counted as a second; products with money stay finite


def positive_days(days: Any) -> float:
    """Return a horizon in days.

    Raises:
        SpecError: It is not a number above 0, up to a million million.
    """
    if not 0 < (h := horizon(days)) <= _MOST_DAYS:
        raise SpecError(
            f"horizon_days must be above 0, up to {_MOST_DAYS:g}.",
            hint="horizon_days=90 looks 90 days on.",
        )
    return h


def _habits(frame: Any, model: FittedModel, h: float) -> dict[str, Any]:
    native = frame.to_native()
    added: dict[str, Any] = {}
    if c.SILENCE not in frames.column_names(frame):
        age, until = (numbers(v) for v in vectors.read(frame, (c.AGE, c.FIRST_TO_LAST)).values())
        added[c.SILENCE] = age - until
    return added | {
        c.P_ALIVE: model.p_alive(native),
        c.USUAL_GAP: usual_gap_days(native, model=model),
        c.SURPRISE: silence_surprise(native, model=model),
        c.expected_orders(h): model.expected_orders(native, h),
    }


def _value(frame: Any, choices: _Choices, added: dict[str, Any]) -> dict[str, Any]:
    model, spend, h = choices.purchases, choices.spend, choices.h
    assert model is not None  # noqa: S101 - see _choices; for the type checker
    assert spend is not None  # noqa: S101
    each, orders = order_spend(frame, spend), added[c.expected_orders(h)]
    if_buying = orders_if_any(orders, model.p_at_least(frame.to_native(), 1, h)) * each
    return {
        c.expected_spend(h): orders * each,
        c.spend_if_buying(h): if_buying,
        c.value_at_risk(h): added[c.p_no_purchase(h)] * if_buying,
    }


def orders_if_any(orders: Floats, p_any: Floats) -> Floats:
    """Return E[orders | at least one]; it is 1 where an order is all but impossible."""
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = np.where(p_any > 0, orders / p_any, 1.0)
    return np.where(np.isnan(orders), np.nan, np.maximum(ratio, 1.0))
