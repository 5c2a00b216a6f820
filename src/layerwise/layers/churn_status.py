"""Churn status from silence: active, lapsing, churned, or not yet to be judged."""

from collections.abc import Mapping
from typing import ClassVar, Literal

import attrs

from layerwise.columns import AGE, SILENCE
from layerwise.errors import SpecError
from layerwise.fitted import Fitted, Spec
from layerwise.layers.cadence import NEEDS, expected_gap
from layerwise.rules import NOT_EVALUABLE, FirstMatch, Formula, Rule
from layerwise.saved import saved
from layerwise.vectors import Columns

_BELONGS = {
    **dict.fromkeys(("times", "prior_gaps", "floor_days", "cap_days"), "cadence"),
    "window_days": "window",
    **dict.fromkeys(("churned_below", "lapsing_below", "p_alive"), "model"),
}
STATUSES = (NOT_EVALUABLE, "churned", "lapsing", "active")
"""From low to high."""


@saved
@attrs.frozen(kw_only=True)
class ChurnStatus(Spec):
    """Whether a customer still buys. Only silence is seen, so this is a rule, not a fact.

    Args:
        rule: What says that a customer has left:
            "cadence": silent for longer than `times` expected gaps, within `floor_days` and
            `cap_days`. The expected gap is the customer's own mean gap, shrunken to everybody's
            by `prior_gaps` gaps. With exponential gaps, 3 wrongly flags about 5 % (e**-3).
            "window": silent for longer than `window_days`, the same for all; choose it with
            `return_curve(orders, ...).window(...)`.
            "model": P(alive) below `churned_below`, lapsing below `lapsing_below`, read from the
            column `p_alive`, which a model such as BGNBD gives. BG/NBD holds every customer of one
            order for alive (P = 1); prefer "cadence" or MBG/NBD where many bought once.
        times: For "cadence", as are the next three: the silence allowed, in expected gaps.
        prior_gaps: How many gaps of everybody's mean are added to a customer's own.
        floor_days: The least silence allowed.
        cap_days: The most silence allowed.
        window_days: For "window"; required there.
        churned_below: For "model", as are the next two: P(alive) below which a customer is churned.
        lapsing_below: P(alive) below which one is lapsing.
        p_alive: The column of P(alive).
        lapsing_share: The share of the limit after which a customer is lapsing.

    Output columns, for the name `churn`: `churn`, ordered not_evaluable < churned < lapsing <
    active, and `churn_limit_days`, the silence allowed (not for "model"). A customer younger than
    the limit cannot have passed it and is not_evaluable, as is one with missing days.

    Raises:
        SpecError: A choice is out of range, or `window_days` is missing.

    Example:
        >>> import pandas as pd
        >>> customers = pd.DataFrame({
        ...     "repeat_orders": [9, 4, 4, 0], "first_to_last_days": [90, 120, 120, 0],
        ...     "days_since_last": [5, 65, 300, 20], "age_days": [95, 185, 420, 20],
        ... })
        >>> ChurnStatus().fit(customers).transform(customers)["churn"].tolist()
        ['active', 'lapsing', 'churned', 'not_evaluable']
    """

    default_name: ClassVar[str] = "churn"

    rule: Literal["cadence", "window", "model"] = "cadence"
    times: float = 3.0
    prior_gaps: float = 2.0
    floor_days: float = 30.0
    cap_days: float = 365.0
    window_days: float | None = None
    churned_below: float = 0.3
    lapsing_below: float = 0.6
    p_alive: str = "p_alive"
    lapsing_share: float = 0.5

    def __attrs_post_init__(self) -> None:
        super().__attrs_post_init__()
        ranges = {
            "rule must be 'cadence', 'window' or 'model'": self.rule
            in ("cadence", "window", "model"),
            "times and prior_gaps must be above 0": min(self.times, self.prior_gaps) > 0,
            "floor_days and cap_days must be ascending": 0 < self.floor_days <= self.cap_days,
            "rule='window' needs window_days above 0": self.rule != "window"
            or (self.window_days is not None and self.window_days > 0),
            "churned_below and lapsing_below must ascend within 0 to 1": 0
            < self.churned_below
            <= self.lapsing_below
            <= 1,
            "lapsing_share must lie between 0 and 1": 0 < self.lapsing_share <= 1,
        }
        ranges |= {
            f"{name} belongs to rule='{rule}', not '{self.rule}'": False
            for name, rule in _BELONGS.items()
            if rule != self.rule and getattr(self, name) != _DEFAULTS[name]
        }
        if wrong := [text for text, holds in ranges.items() if not holds]:
            raise SpecError(
                f"ChurnStatus: {'; '.join(wrong)}.",
                hint=_hint(wrong),
            )

    def needs(self, name: str) -> tuple[str, ...]:  # noqa: ARG002 - the same for every name
        """Return the silence and what the rule reads besides."""
        if self.rule == "model":
            return (self.p_alive,)
        return (SILENCE, AGE, *(NEEDS if self.rule == "cadence" else ()))

    def gives(self, name: str) -> tuple[str, ...]:
        """Return the status and, where there is one, the limit."""
        return (name,) if self.rule == "model" else (name, f"{name}_limit_days")

    def learn(self, columns: Columns, name: str) -> Fitted:
        """Learn the population's mean gap, where the rule needs it."""
        if self.rule == "model":
            return Fitted(spec=self, name=name, rules=(self._by_model(name),))
        limits = self._limits(columns, name)
        return Fitted(spec=self, name=name, rules=(*limits, self._by_limit(name)))

    def _limits(self, columns: Columns, name: str) -> list[Rule]:
        limit = f"{name}_limit_days"
        if self.rule == "window":
            window = {"window": float(self.window_days or 0)}
            return [Formula(output=limit, text=f"window + 0 * {SILENCE}", constants=window)]
        gap = f"_{name}_expected_gap_days"
        text = f"minimum(maximum(times * {gap}, floor), cap)"
        bounds = {"times": self.times, "floor": self.floor_days, "cap": self.cap_days}
        return [
            expected_gap(columns, gap, self.prior_gaps),
            Formula(output=limit, text=text, constants=bounds),
        ]

    def _by_limit(self, name: str) -> FirstMatch:
        limit = f"{name}_limit_days"
        unknown = " or ".join(f"missing({c})" for c in (SILENCE, AGE, limit))
        cases = [
            (unknown, NOT_EVALUABLE),
            (f"{SILENCE} > {limit}", "churned"),
            (f"{AGE} < {limit}", NOT_EVALUABLE),
            (f"{SILENCE} > lapsing_share * {limit}", "lapsing"),
        ]
        return self._status(name, cases, {"lapsing_share": self.lapsing_share})

    def _by_model(self, name: str) -> FirstMatch:
        cases = [
            (f"missing({self.p_alive})", NOT_EVALUABLE),
            (f"{self.p_alive} < churned_below", "churned"),
            (f"{self.p_alive} < lapsing_below", "lapsing"),
        ]
        bounds = {"churned_below": self.churned_below, "lapsing_below": self.lapsing_below}
        rule = self._status(name, cases, bounds)
        return attrs.evolve(rule, probabilities=(self.p_alive,))

    def _status(
        self, name: str, cases: list[tuple[str, str]], constants: Mapping[str, float]
    ) -> FirstMatch:
        return FirstMatch(
            output=name, cases=cases, otherwise="active", order=STATUSES, constants=constants
        )


def _hint(wrong: list[str]) -> str:
    if any("needs window_days" in text for text in wrong):
        return "return_curve(orders, as_of=...).window() finds window_days in the data."
    if any("belongs to" in text for text in wrong):
        return "choose the rule that reads them, or leave them out."
    return "ChurnStatus() has the usual numbers; help(ChurnStatus) says what each means."


_DEFAULTS = {field.name: field.default for field in attrs.fields(ChurnStatus)}
