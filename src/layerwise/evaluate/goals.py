"""What a strategy is to achieve, and what follows from what was found."""

from typing import Literal

import attrs

from layerwise.errors import SpecError, problems
from layerwise.evaluate.metrics import Mean, Metric, Ratio, Share
from layerwise.rates import z_value
from layerwise.saved import fits

Decision = Literal["keep", "adjust", "stop", "continue", "not_evaluable"]
Evidence = Literal["strong", "moderate", "weak", "none"]


@attrs.frozen(kw_only=True)
class Goal:
    """An outcome that strategies are judged by.

    Args:
        metric: A column, `Share`, `Mean` or `Ratio`.
        better: "up" or "down": churn should go down, repurchase and satisfaction up.
        least: The least useful effect, from 0: a smaller one is not worth the trouble. For 2 points
            of a share write 0.02.
        planned: Customers that the smaller arm was planned to have; None calls the plan reached
            when the least useful effect would be found with 80 % power at the spread seen.
        before: Column of the same outcome in a period as long before the strategy, for strategies
            without a holdout.

    Raises:
        SpecError: A choice is not possible.

    Example:
        >>> Goal(metric="churned", better="down", least=0.02)
        Goal(metric='churned', better='down', least=0.02, planned=None, before=None)
    """

    metric: Metric | str
    better: Literal["up", "down"] = "up"
    least: float = 0.0
    planned: int | None = None
    before: str | None = None

    def __attrs_post_init__(self) -> None:
        wrong = []
        if not isinstance(self.metric, str | Share | Mean | Ratio) or not self.metric:
            wrong.append("metric must be a column, Share, Mean or Ratio")
        if not fits(self.better, Literal["up", "down"]):
            wrong.append("better must be 'up' or 'down'")
        if not fits(self.least, float) or self.least < 0:
            wrong.append("least must be a number from 0")
        if not fits(self.planned, int | None) or (self.planned is not None and self.planned < 1):
            wrong.append("planned must be a whole number of customers")
        if not fits(self.before, str | None):
            wrong.append("before must name a column")
        if wrong:
            raise SpecError(
                problems("The goal cannot be used:", wrong),
                hint='Goal(metric="churned", better="down", least=0.02).',
            )


GOALS = (
    Goal(metric="churned", better="down"),
    Goal(metric="satisfied"),
    Goal(metric="repurchased"),
)
"""Judged by default where the outcomes have these columns."""


@attrs.frozen(kw_only=True)
class Found:
    """One effect as `decide` needs it."""

    low: float
    high: float
    p_holm: float
    variance: float
    smaller_arm: int


def decide(goal: Goal, found: Found, *, level: float) -> tuple[Decision, Evidence, str]:
    """Return what to do about a randomised effect, how good the evidence is, and why.

    keep: the interval is above the least useful effect. stop: it is below 0. Both need a Holm p
    below 1 - level too, since with 40 strategies some interval lies off 0 by chance. adjust: the
    planned number of customers is reached without either. continue: it is not.
    """
    low, high = (found.low, found.high) if goal.better == "up" else (-found.high, -found.low)
    clear = found.p_holm < 1 - level
    reached = _reached(goal, found, level)
    evidence: Evidence = "strong" if clear or reached else "moderate"
    if clear and low > goal.least:
        return "keep", evidence, "interval above the least useful effect"
    if clear and high < 0:
        return "stop", evidence, "interval on the harmful side of 0"
    if reached:
        return "adjust", evidence, "planned number reached, no useful effect shown"
    return "continue", evidence, "planned number of customers not reached"


def _reached(goal: Goal, found: Found, level: float) -> bool:
    if goal.planned is not None:
        return found.smaller_arm >= goal.planned
    z = z_value(level) + z_value(0.6)  # 80 % power: the normal distribution's 0.8 point
    return bool(goal.least > 0 and z**2 * found.variance <= goal.least**2)
