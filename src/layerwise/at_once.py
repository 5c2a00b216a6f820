"""The whole way in one call: orders to layers, churn probability, its judgement, and the plan."""

import datetime as dt
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import attrs
import pandas as pd

from layerwise import frames
from layerwise.brief import in_brief
from layerwise.columns import expected_spend, p_no_purchase
from layerwise.errors import (
    FitError,
    LayerwiseError,
    LayerwiseWarning,
    LogEndsEarlyWarning,
    SpecError,
)
from layerwise.layers import RFM, ChurnStatus, FittedLayers, Frequency, Layers, Loyalty, Tier, Value
from layerwise.models import BGNBD, GammaGamma
from layerwise.orders.left_out import doubts
from layerwise.orders.request import MOST_DAYS, make_request
from layerwise.orders.table import lazy_table
from layerwise.saved import fits
from layerwise.scorecard import Scorecard, score_churn
from layerwise.strategy import StrategyTable
from layerwise.strategy.plan import check_choice
from layerwise.summary import OrderCheck, calibration_holdout, check_orders, summarize

Step = Callable[[str], None]


@attrs.frozen(kw_only=True, eq=False)
class Overview:
    """What came out of `overview`.

    Args:
        check: What was read and what was left out.
        customers: The labelled customer table.
        fitted: The fitted layers, to save and apply again.
        scorecard: How good the churn probability was over the last `horizon_days` of the log, when
            fitted on what came before; None where it could not be judged.
        plan: Who gets which strategy.
        strategies: The table that the plan was made from.
        horizon_days: Days that the churn probability looks ahead.
        notes: What to know about the run: warnings, and parts that the data did not allow.
    """

    check: OrderCheck
    customers: pd.DataFrame
    fitted: FittedLayers
    scorecard: Scorecard | None
    plan: pd.DataFrame
    strategies: StrategyTable
    horizon_days: int
    notes: tuple[str, ...]

    __repr__ = in_brief


def usual_layers(
    *, horizon_days: float = 90, with_model: bool = True, with_spend: bool = True
) -> Layers:
    """Return the layers that most shops begin with.

    Args:
        horizon_days: Days that the churn probability and the expected spend look ahead.
        with_model: Include BG/NBD and Gamma-Gamma, and let expected spend say who is potential.
            Without, the tier goes by frequency and value.
        with_spend: Include Gamma-Gamma. Without, BG/NBD stays, and the tier goes by frequency and
            value.

    Raises:
        SpecError: A choice is impossible.

    Example:
        >>> list(usual_layers(with_model=False))
        ['rfm', 'value', 'frequency', 'churn', 'loyalty', 'tier']
        >>> list(usual_layers(with_spend=False))[:2]
        ['orders_model', 'rfm']
    """
    check_choice("with_model", with_model)
    check_choice("with_spend", with_spend)
    layers: dict[str, Any] = {
        "rfm": RFM(),
        "value": Value(),
        "frequency": Frequency(),
        "churn": ChurnStatus(),
        "loyalty": Loyalty(churn="churn"),
    }
    if not with_model:
        return Layers(**layers, tier=Tier())
    models: dict[str, Any] = {"orders_model": BGNBD(horizon_days=horizon_days)}
    if not with_spend:
        return Layers(**models, **layers, tier=Tier())
    models["spend_model"] = GammaGamma(horizon_days=horizon_days)
    return Layers(**models, **layers, tier=Tier(expected_spend=expected_spend(horizon_days)))


def overview(
    orders: pd.DataFrame,
    *,
    as_of: Any,
    horizon_days: int = 90,
    strategies: StrategyTable | None = None,
    allow_gaps: bool = False,
    step: Step = lambda _name: None,
    **columns: Any,
) -> Overview:
    """Return layers, churn probability and strategy plan of an order log.

    Args:
        orders: The order log, in memory.
        as_of: The last day that counts.
        horizon_days: Days that the churn probability looks ahead, and days at the end of the log
            that it is judged on.
        strategies: The strategy table; None is the one that comes with layerwise.
        allow_gaps: Whether labels may lack a strategy, as in `StrategyTable.plan`.
        step: Called with the name of each step as it begins, for a progress bar.
        columns: Which column is what, as in `summarize` (customer=, time=, amount=, order=, ...).

    Raises:
        LayerwiseError: The log cannot be used, as `summarize` says.
        SpecError: A choice is impossible.
        EngineError: The log is lazy.

    Example:
        >>> from layerwise.datasets import load_cdnow
        >>> orders = load_cdnow()
        >>> found = overview(orders[orders["amount"] > 0], as_of="1998-06-30")
        >>> found.check.customers, len(found.customers), found.scorecard.customers
        (2349, 2349, 2349)
        >>> [name for name in found.customers if name.startswith("p_no")]
        ['p_no_purchase_90d']
    """
    table = StrategyTable.default() if strategies is None else strategies
    if not isinstance(table, StrategyTable):
        raise SpecError("strategies is no StrategyTable.", hint="None takes the built-in one.")
    if not fits(horizon_days, int) or not 1 <= horizon_days <= MOST_DAYS or not callable(step):
        raise SpecError(
            "horizon_days must be a whole number of days from 1, and step a function.",
            hint="overview(orders, as_of=..., horizon_days=90).",
        )
    check_choice("allow_gaps", allow_gaps)
    if lazy_table(orders, make_request(**columns)) is not None:
        frames.eager(orders, doing="overview")
    horizon_days = int(horizon_days)
    step("summarize")
    check = check_orders(orders, as_of=as_of, **columns)
    with noted() as notes:
        customers = summarize(orders, as_of=as_of, **columns)
        step("fit layers")
        fitted, told = _fit(customers, horizon_days)
        labelled = fitted.transform(customers)
        step("plan")
        plan = table.plan(labelled, allow_gaps=allow_gaps)
    step("judge churn probability")
    with noted(LogEndsEarlyWarning) as ended:  # what is left out was told above
        scorecard, unjudged = _judge(orders, check, as_of, horizon_days, columns)
    return Overview(
        check=check,
        customers=labelled,
        fitted=fitted,
        scorecard=scorecard,
        plan=plan,
        strategies=table,
        horizon_days=horizon_days,
        notes=tuple(
            dict.fromkeys((*_doubtful(check), *notes, *_not_told(ended, notes), *told, *unjudged))
        ),
    )


def _fit(customers: pd.DataFrame, horizon_days: int) -> tuple[FittedLayers, list[str]]:
    """Fit with the models; without what the data do not allow, which the notes tell."""
    choices = {
        "No expected spend": usual_layers(horizon_days=horizon_days),
        "No purchase model": usual_layers(horizon_days=horizon_days, with_spend=False),
        "No churn status, loyalty and tier": usual_layers(with_model=False),
    }
    refused: dict[str, str] = {}  # an error that comes again is told once, with all it cost
    for without, layers in choices.items():
        try:
            with noted() as notes:  # those of a fit that fails would be told again by the next
                fitted = layers.fit(customers)
            break
        except FitError as error:
            refused[str(error)] = without
    else:
        with noted() as notes:
            fitted = Layers(rfm=RFM(), value=Value(), frequency=Frequency()).fit(customers)
    return fitted, [*notes, *(f"{without}: {error}" for error, without in refused.items())]


def _judge(
    orders: pd.DataFrame, check: OrderCheck, as_of: Any, horizon_days: int, columns: dict[str, Any]
) -> tuple[Scorecard | None, list[str]]:
    """Fit on all but the last days of the log and judge on these."""
    end = pd.Timestamp(as_of).date()
    split = end - dt.timedelta(days=horizon_days)
    if check.first_order is None or (split - check.first_order).days < horizon_days:
        short = f"The log is too short to judge the churn probability over {horizon_days} days."
        return None, [short]
    try:
        held = calibration_holdout(orders, split=split, end=end, **columns)
        model = BGNBD(horizon_days=horizon_days).fit(held)
        probability = p_no_purchase(horizon_days)
        return score_churn(model.transform(held), probability=probability), []
    except LayerwiseError as error:
        return None, [f"The churn probability could not be judged: {error}"]


def _doubtful(check: OrderCheck) -> list[str]:
    return [f"{text}.\nHint: {hint}" for text, hint in doubts(check)]


def _not_told(ended: list[str], notes: list[str]) -> list[str]:
    """Return that the log ends before the holdout does, unless as_of was long after it already."""
    begin = "The order log ends on"
    told = any(note.startswith(begin) for note in notes)
    return [] if told else [text.replace("end=", "as_of=") for text in ended]


@contextmanager
def noted(kind: type[LayerwiseWarning] = LayerwiseWarning) -> Iterator[list[str]]:
    """Keep the warnings of layerwise from being shown; the texts of a kind are in the list then."""
    texts: list[str] = []
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", LayerwiseWarning)
        yield texts
    for warning in caught:
        if issubclass(warning.category, kind):
            texts.append(str(warning.message))
        elif not issubclass(warning.category, LayerwiseWarning):
            warnings.warn_explicit(
                warning.message, warning.category, warning.filename, warning.lineno
            )
