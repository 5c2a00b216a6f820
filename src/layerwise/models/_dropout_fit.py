"""What fitted BG/NBD and MBG/NBD models share: parameters, starting values, limits."""

from typing import Any, ClassVar

import attrs
import numpy as np

from layerwise.models import _dropout
from layerwise.models._dropout_process import Dropout
from layerwise.models._estimate import EXTREME, VANISHING, estimate, log_mean_rate
from layerwise.models.histories import Distinct
from layerwise.models.maximum_likelihood import Array
from layerwise.models.model import DAYS, FittedModel, positive


@attrs.frozen(kw_only=True, slots=False)
class FittedDropout(FittedModel):
    """A fitted model with dropout after orders.

    Attributes:
        r: Shape of the Gamma distribution of order rates.
        alpha: Its rate parameter, in the spec's unit of time; r / alpha is the mean rate.
        a: First parameter of the Beta distribution of the dropout probability.
        b: Second one; a / (a + b) is the mean dropout probability after an order.
    """

    r: float = attrs.field(validator=positive)
    alpha: float = attrs.field(validator=positive)
    a: float = attrs.field(validator=positive)
    b: float = attrs.field(validator=positive)

    parameter_names: ClassVar[tuple[str, ...]] = ("r", "alpha", "a", "b")
    times: ClassVar[tuple[str, ...]] = ("alpha",)
    first: ClassVar[int] = 0
    """1 where customers may drop out after their first order too."""

    @property
    def process(self) -> Dropout:
        """The model's mathematics at the estimates, in days."""
        alpha = self.alpha * DAYS[self.spec.unit]
        return Dropout(r=self.r, alpha=alpha, a=self.a, b=self.b, first=self.first)


def fit_dropout(spec: Any, name: str, rows: Distinct, kind: type[FittedDropout]) -> Any:
    """Return a fitted model of class `kind`.

    Raises:
        FitError: No customer has ordered again.
    """
    start = np.array([0.0, log_mean_rate(rows), 0.0, np.log(3.0)])

    def kernel(p: Array, part: Distinct, scale: float) -> tuple[float, Array, Array]:
        return _dropout.log_likelihood(p, part, kind.first, scale)

    return estimate(spec, name, rows, kernel, kind, start, limit_of_dropout)


def limit_of_dropout(p: Array) -> str | None:
    """Say which limit r, alpha, a, b have run into."""
    r, _, a, b = p
    if min(a, a / (a + b)) < VANISHING:
        return "the data show nobody who drops out (a goes to 0), so P(alive) is about 1 for all."
    if max(a, b) > EXTREME:
        return "the dropout probability is the same for all customers (a and b grow together)."
    if r > EXTREME:
        return "the order rate is the same for all customers (r and alpha grow together)."
    return None
