"""Frequency layers: how often a customer buys."""

from typing import ClassVar, Literal

import attrs
import numpy as np

from layerwise.columns import AGE, REPEAT_ORDERS, orders_in
from layerwise.errors import FitError, SpecError
from layerwise.fitted import Fitted, Spec
from layerwise.layers.edges import check_window, middle_edge, present, rounded
from layerwise.layers.exact import exact_sum
from layerwise.layers.value import LOW_TO_HIGH, check_method, learn_edges
from layerwise.rules import Cut, Formula
from layerwise.rules.base import if_numbers, numbers
from layerwise.saved import saved
from layerwise.vectors import Array, Columns


@saved
@attrs.frozen(kw_only=True)
class Frequency(Spec):
    """Layers of buying frequency: low < mid < high.

    Args:
        window_days: Occasions are counted over so many days up to as_of (`orders_{window}d`).
        rate: What is cut:
            "count": the occasions in the window.
            "shrunken": the expected occasions per window, window x (x + r) / (T + alpha), the
            gamma-Poisson posterior mean of the purchase rate, so that a customer of ten days is
            not called frequent on two orders; r and alpha come from the data by moments.
        method: "quantile" (shares of customers) or "absolute" (numbers of occasions).
        cuts: Two ascending numbers; None takes (0.5, 0.8), or (1, 4) for absolute: one order is
            low, two to four mid, five and more high.

    Ties are the rule here (half of the CDNOW customers bought once, so the lower cut is 1): equal
    counts always share a layer and a count on a cut is in the lower one, so a layer may hold far
    more customers than its share; `facts["sizes"]` tells. Missing counts are not_evaluable.
    With "shrunken", the rate is a column of its own, `frequency_rate_{window}d`.

    Raises:
        SpecError: The choices do not fit together.

    Example:
        >>> import pandas as pd
        >>> customers = pd.DataFrame({"orders_365d": [1, 1, 2, 4, 9]})
        >>> Frequency(method="absolute").fit(customers).transform(customers)["frequency"].tolist()
        ['low', 'low', 'mid', 'mid', 'high']
    """

    default_name: ClassVar[str] = "frequency"

    window_days: int = 365
    rate: Literal["count", "shrunken"] = "count"
    method: Literal["quantile", "absolute"] = "quantile"
    cuts: tuple[float, ...] | None = attrs.field(default=None, converter=if_numbers)

    def __attrs_post_init__(self) -> None:
        super().__attrs_post_init__()
        if self.rate not in ("count", "shrunken") or self.method not in ("quantile", "absolute"):
            raise SpecError(
                f"Frequency has no rate {self.rate!r} with method {self.method!r}.",
                hint="rate is 'count' or 'shrunken', method is 'quantile' or 'absolute'.",
            )
        check_method(self.method, self._cuts, "Frequency")
        check_window(self.window_days, "Frequency")

    @property
    def _cuts(self) -> tuple[float, ...]:
        usual = (1.0, 4.0) if self.method == "absolute" else (0.5, 0.8)
        return usual if self.cuts is None else self.cuts

    def needs(self, name: str) -> tuple[str, ...]:  # noqa: ARG002 - the same for every name
        """Return the counted columns."""
        return (REPEAT_ORDERS, AGE) if self.rate == "shrunken" else (orders_in(self.window_days),)

    def gives(self, name: str) -> tuple[str, ...]:
        """Return the layer and, for shrunken rates, the rate."""
        return (name, self._rate(name)) if self.rate == "shrunken" else (name,)

    def _rate(self, name: str) -> str:
        return f"{name}_rate_{self.window_days}d"

    def learn(self, columns: Columns, name: str) -> Fitted:
        """Learn the cuts and, for shrunken rates, r and alpha."""
        if self.rate == "count":
            column = orders_in(self.window_days)
            edges = learn_edges(numbers(columns[column]), self.method, self._cuts, column)
            rule = Cut(output=name, column=column, edges=edges, labels=LOW_TO_HIGH)
            return Fitted(spec=self, name=name, rules=(rule,), facts={"edges": edges})
        rate = self._shrunken(columns, name)
        values = present(rate.evaluate(columns), rate.output)
        quantiles = self.method == "quantile"
        edges = tuple(middle_edge(values, cut) for cut in self._cuts) if quantiles else self._cuts
        cut = Cut(output=name, column=rate.output, edges=edges, labels=LOW_TO_HIGH)
        facts = {"edges": edges, "r": rate.constants["r"], "alpha_days": rate.constants["alpha"]}
        return Fitted(spec=self, name=name, rules=(rate, cut), facts=facts)

    def _shrunken(self, columns: Columns, name: str) -> Formula:
        r, alpha = rate_moments(numbers(columns[REPEAT_ORDERS]), numbers(columns[AGE]))
        return Formula(
            output=self._rate(name),
            text=f"window * ({REPEAT_ORDERS} + r) / ({AGE} + alpha)",
            constants={"window": float(self.window_days), "r": r, "alpha": alpha},
        )


def rate_moments(counts: Array, days: Array) -> tuple[float, float]:
    """Return r and alpha (days) of a gamma distribution of Poisson rates, by moments.

    With counts x_i over T_i days, x_i given its rate is Poisson(rate_i T_i), so E[x_i] = m T_i and
    E[(x_i - m T_i)^2 - m T_i] = v T_i^2, where m = r / alpha is the mean and v = r / alpha^2 the
    variance of the rates. Summing over customers gives m and v.

    Raises:
        FitError: Nobody bought again, or the counts vary no more than chance alone.
    """
    known = ~(np.isnan(counts) | np.isnan(days))
    if not known.any():
        raise FitError(
            f"{REPEAT_ORDERS} or {AGE} is missing for every customer, so no rate can be learned.",
            hint="check that summarize read the right time column.",
        )
    x, t = counts[known].astype(float), days[known].astype(float)
    total = exact_sum(t)  # exact sums: the order of rows changes nothing
    mean = exact_sum(x) / total if total > 0 else 0.0
    spread = exact_sum((x - mean * t) ** 2 - mean * t) / exact_sum(t**2) if mean > 0 else 0.0
    if spread <= 0:
        raise FitError(
            "Purchase rates of customers do not differ beyond chance, so they cannot be shrunken.",
            hint="use Frequency(rate='count').",
        )
    return rounded(mean**2 / spread), rounded(mean / spread)
