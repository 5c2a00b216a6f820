"""What churn costs: a row a line, and what is missing for those that cannot be computed."""

from collections.abc import Mapping
from typing import Any, Literal

import attrs
import numpy as np
import pandas as pd

from layerwise import columns as c
from layerwise import frames, vectors
from layerwise.churn.flow import check_flow, churned_rows
from layerwise.churn.impact_table import IMPACTS
from layerwise.churn.lost import lost_spend, spend_of_new
from layerwise.churn.risk import positive_days
from layerwise.churn.sensitivity import clv_sensitivity
from layerwise.errors import SpecError, problems
from layerwise.knowledge import read_table
from layerwise.layers.exact import exact_sum
from layerwise.models.gamma_gamma import FittedGammaGamma
from layerwise.models.model import FittedModel
from layerwise.orders.amounts import MOST_MONEY
from layerwise.returns import ReturnCurve
from layerwise.rules.base import if_numbers, numbers
from layerwise.saved import fits

_POINT = 0.01
_AHEAD = ("revenue_loss", "profit_loss", "acquisition_cost_up")
"""Lines about the time to come."""
_EFFORTS = ("service_cost", "marketing_cost")


@attrs.frozen(kw_only=True)
class Costs:
    """What the shop knows of its costs; each may be None, which is not zero but unknown.

    Args:
        margin: Contribution margin, the share of spend that is earned, 0 to 1.
        acquisition_cost: Cost of winning one new customer.
        service_cost: Cost of serving all customers, in an equally long time before the flow's start
            and before its end.
        marketing_cost: The same for marketing, win-back included, acquisition left out.
        margin_per_customer: Margin per active customer in a period as long as the flow.
        discount: Discount of one such period; 0.1 makes money in a period worth 1/1.1.

    Raises:
        SpecError: A number is out of range; all are told at once.

    Example:
        >>> known = Costs(margin=0.3, service_cost=(1_000, 1_200))
        >>> known.service_cost, known.acquisition_cost
        ((1000.0, 1200.0), None)
    """

    margin: float | None = None
    acquisition_cost: float | None = None
    service_cost: tuple[float, float] | None = attrs.field(default=None, converter=if_numbers)
    marketing_cost: tuple[float, float] | None = attrs.field(default=None, converter=if_numbers)
    margin_per_customer: float | None = None
    discount: float | None = None

    def __attrs_post_init__(self) -> None:
        highest = {"margin": 1.0, "acquisition_cost": MOST_MONEY, "discount": 1e6}
        wrong = [
            f"{name} must be a number from 0 to {top:g}"
            for name, top in highest.items()
            if not (fits(v := getattr(self, name), float | None) and (v is None or 0 <= v <= top))
        ]
        wrong += [
            f"{name} must be two numbers, before and after, of 0 or more"
            for name in _EFFORTS
            if not _two(getattr(self, name))
        ]
        margin = self.margin_per_customer
        if not fits(margin, float | None) or (margin is not None and abs(margin) > MOST_MONEY):
            wrong.append(f"margin_per_customer must be a number up to {MOST_MONEY:g}")
        if wrong:
            raise SpecError(
                problems("Costs cannot be used:", wrong),
                hint="Costs(margin=0.3, service_cost=(9_000, 9_500)); leave out what is unknown.",
            )


@attrs.frozen
class _Line:
    """An amount, or what is missing for it."""

    amount: float = np.nan
    missing: tuple[str, ...] = ()


def assess_impact(
    customers: object,
    *,
    model: FittedModel | None = None,
    spend: FittedGammaGamma | str | None = None,
    costs: Costs | None = None,
    flow: pd.DataFrame | None = None,
    horizon_days: float = 365.0,
    returns: ReturnCurve | None = None,
    status: str = "churn",
    outside: Mapping[str, float] | None = None,
    table: object = None,
    lang: Literal["en", "zh"] = "en",
) -> pd.DataFrame:
    """Return what churn costs, a row a line of the impact table, in its order.

    Columns: `line` (its id), `impact` (its name), `amount`, `unit`, `kind` (loss, cost, risk or
    step), `computable`, `missing` (the arguments that would be needed), `caveat` and `horizon_days`
    (the days to come that an amount is of; missing where it is of none). Losses and costs are
    positive, gains negative. A line that lacks something has no amount, never zero; so has one that
    needs figures from outside, until `outside` brings them. Lines are not to be added:
    `profit_loss` is the earned part of `revenue_loss`, and `acquisition_cost_up` would win the same
    spend back.

    - `revenue_loss`: the sum of `lost_spend` (see there) over churned customers; `profit_loss` is
      that times `margin`.
    - `acquisition_cost_up`: the same sum / spend of a new customer in the horizon (first order and
      those expected) × `acquisition_cost`.
    - `service_cost_up`, `marketing_cost_up`: cost per active customer at the flow's end, less that
      at its start.
    - `customer_base_shrink` and `measure_churn_rate`: from the flow, first start to last end.
    - `future_harm`: what a customer is worth less at one point less of retention (see
      `clv_sensitivity`), at the flow's retention 1 − churned / start.

    Args:
        customers: One row a customer with history and churn status, an eager frame.
        model: A fitted purchase model, as in `lost_spend`.
        spend: As in `lost_spend`.
        costs: What is known of costs.
        flow: What `customer_flow` returned.
        horizon_days: Days of lost spend to count.
        returns: As in `lost_spend`.
        status: Column of the churn status.
        outside: Amounts of lines that are not computed here, by id: `{"trust_loss": -3.0}`.
        table: Another impact table (frame or CSV path); None takes `impact_table()`. Lines of its
            own need `outside`.
        lang: "en" or "zh": the language of names and caveats.

    Raises:
        SpecError: A choice is impossible, or `outside` names a line that is computed or unknown.
        TableError: The impact table cannot be used.
        LayerwiseError: Customers or flow cannot be used; see `lost_spend` and `customer_flow`.

    Warns:
        RowsLeftOutWarning: Churned customers whose loss is not known.

    Example:
        >>> import layerwise as lw
        >>> orders = lw.datasets.simulate_orders(500, seed=7)
        >>> customers = lw.summarize(orders, as_of="2024-12-30")
        >>> status = lw.ChurnStatus().fit(customers).transform(customers)
        >>> model, spend = lw.BGNBD().fit(customers), lw.GammaGamma().fit(customers)
        >>> lines = assess_impact(status, model=model, spend=spend, costs=Costs(margin=0.3))
        >>> lines.loc[[0, 1, 8, 9], ["line", "amount", "computable", "missing"]].round(0)
                          line   amount  computable             missing
        0         revenue_loss  45270.0        True
        1          profit_loss  13581.0        True
        8  acquisition_cost_up      NaN       False    acquisition_cost
        9      service_cost_up      NaN       False  flow; service_cost
    """
    _check(costs, lang, outside)
    rows = read_table(table, IMPACTS)
    found = _money(customers, model, spend, costs or Costs(), horizon_days, returns, status)
    found |= _flows(flow, costs or Costs())
    found |= _brought(outside or {}, rows, found)
    rows = rows[(rows["kind"] != "step") | rows["id"].isin(found)]
    lines = [found.get(line, _Line(missing=("outside",))) for line in rows["id"]]
    said = {"en": ("impact", "caveat"), "zh": ("term_zh", "caveat_zh")}[lang]
    return pd.DataFrame(
        {
            "line": rows["id"].to_numpy(),
            "impact": rows[said[0]].to_numpy(),
            "amount": [line.amount for line in lines],
            "unit": rows["unit"].to_numpy(),
            "kind": rows["kind"].to_numpy(),
            "computable": [not line.missing for line in lines],
            "missing": ["; ".join(line.missing) for line in lines],
            "caveat": rows[said[1]].to_numpy(),
            "horizon_days": np.where(rows["id"].isin(_AHEAD), float(horizon_days), np.nan),
        }
    )


def _money(
    customers: object, model: Any, spend: Any, costs: Costs, h: Any, returns: Any, status: str
) -> dict[str, _Line]:
    """Return the lines that follow from the spend that churned customers take away."""
    lacking = _lacking(model=model, spend=spend)
    lost = new = np.nan
    if not lacking:
        name = c.lost_spend(positive_days(h))
        table = lost_spend(
            customers, model=model, spend=spend, horizon_days=h, returns=returns, status=status
        )
        each = numbers(vectors.read(frames.wrap(table), [name])[name])
        known, churned = ~np.isnan(each), churned_rows(frames.wrap(table), status)
        lost, new = exact_sum(each[known]), spend_of_new(model, spend, customers, float(h))
        if churned.any() and not known.any():
            lacking = ("history and spend of churned customers",)
    margin, winning = costs.margin, costs.acquisition_cost
    return {
        "revenue_loss": _line(lacking, lost),
        "profit_loss": _line((*lacking, *_lacking(margin=margin)), lost, margin),
        "acquisition_cost_up": _line(
            (*lacking, *_lacking(acquisition_cost=winning)), lost / new, winning
        ),
    }


def _flows(flow: Any, costs: Costs) -> dict[str, _Line]:
    """Return the lines that follow from the customer flow."""
    lacking = _lacking(flow=flow)
    start = end = churned = np.nan
    if not lacking:
        rows = check_flow(flow)
        start, end = float(rows["start"].iloc[0]), float(rows["end"].iloc[-1])
        churned = float(rows["churned"].sum())
        lacking = () if start > 0 and end > 0 else ("active customers at the flow's ends",)
    found = {
        "customer_base_shrink": _line(_lacking(flow=flow), start - end),
        "measure_churn_rate": _line(lacking, churned / start if start else np.nan),
        "future_harm": _future(costs, lacking, start, churned),
    }
    for name in _EFFORTS:
        cost = getattr(costs, name)
        each = np.nan if cost is None or lacking else cost[1] / end - cost[0] / start
        found[f"{name}_up"] = _line((*lacking, *_lacking(**{name: cost})), each)
    return found


def _future(costs: Costs, lacking: tuple[str, ...], start: float, churned: float) -> _Line:
    needed = {"margin_per_customer": costs.margin_per_customer, "discount": costs.discount}
    lacking = (*lacking, *_lacking(**needed))
    if lacking or costs.margin_per_customer is None or costs.discount is None:
        return _Line(missing=lacking)
    if not _POINT <= (r := 1 - churned / start) <= 1:
        return _Line(missing=("a flow with a retention of 1 % or more",))
    clv = clv_sensitivity(costs.margin_per_customer, retention=r, discount=costs.discount)
    return _line((), -float(clv["change"].iloc[0]))


def _brought(
    outside: Mapping[str, float], rows: pd.DataFrame, found: Mapping[str, _Line]
) -> dict[str, _Line]:
    """Return lines as the caller brings them.

    Raises:
        SpecError: A line is computed here, or the table does not have it.
    """
    wrong = [f"{line!r:.40} is computed here" for line in outside if line in found]
    wrong += [
        f"{line!r:.40} is no line of the impact table" for line in set(outside) - set(rows["id"])
    ]
    if wrong:
        raise SpecError(
            problems("Lines cannot be brought from outside:", wrong),
            hint="the ids are those of impact_table().",
        )
    return {line: _Line(amount=float(amount)) for line, amount in outside.items()}


def _line(lacking: tuple[str, ...], *factors: float | None) -> _Line:
    """Return a product, or what is missing for it."""
    if lacking:
        return _Line(missing=lacking)
    amount = float(np.prod([np.nan if f is None else f for f in factors]))
    return _Line(amount=amount) if np.isfinite(amount) else _Line(missing=("a finite mean spend",))


def _lacking(**given: object) -> tuple[str, ...]:
    return tuple(name for name, value in given.items() if value is None)


def _two(pair: Any) -> bool:
    if pair is None:
        return True
    known = fits(pair, tuple[float, float]) and len(pair) == 2
    return known and min(pair) >= 0 and max(pair) <= MOST_MONEY


def _check(costs: Any, lang: Any, outside: Any) -> None:
    wrong = []
    if costs is not None and not isinstance(costs, Costs):
        wrong.append(f"costs must be Costs(...), got {type(costs).__name__}")
    if not fits(lang, Literal["en", "zh"]):
        wrong.append(f"lang must be 'en' or 'zh', got {lang!r:.40}")
    if outside is not None and not (
        isinstance(outside, Mapping) and all(fits(v, float) for v in outside.values())
    ):
        wrong.append("outside must map ids of lines to numbers")
    if wrong:
        raise SpecError(
            problems("assess_impact cannot compute:", wrong),
            hint="assess_impact(customers, model=..., spend=..., costs=Costs(margin=0.3)).",
        )
