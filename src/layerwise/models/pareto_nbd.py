"""Pareto/NBD: a customer may leave at any time, whether or not there was an order."""

from typing import ClassVar

import attrs
import numpy as np

from layerwise.models._estimate import EXTREME, VANISHING, estimate, log_mean_rate
from layerwise.models._pareto import log_likelihood
from layerwise.models._pareto_process import Pareto
from layerwise.models.histories import Distinct
from layerwise.models.maximum_likelihood import Array
from layerwise.models.model import DAYS, FittedModel, PurchaseModel, positive
from layerwise.saved import saved


@saved
@attrs.frozen(kw_only=True, slots=False)
class FittedParetoNBD(FittedModel):
    """A fitted Pareto/NBD model; see `ParetoNBD`.

    Attributes:
        r: Shape of the Gamma distribution of order rates.
        alpha: Its rate parameter, in the spec's unit of time; r / alpha is the mean rate.
        s: Shape of the Gamma distribution of the rates of leaving.
        beta: Its rate parameter, in the spec's unit of time.

    Example:
        >>> import layerwise as lw
        >>> fitted = lw.models.ParetoNBD().fit(lw.datasets.load_cdnow_summary())
        >>> round(fitted.r, 3), round(fitted.s, 3)
        (0.553, 0.606)
    """

    r: float = attrs.field(validator=positive)
    alpha: float = attrs.field(validator=positive)
    s: float = attrs.field(validator=positive)
    beta: float = attrs.field(validator=positive)

    parameter_names: ClassVar[tuple[str, ...]] = ("r", "alpha", "s", "beta")
    times: ClassVar[tuple[str, ...]] = ("alpha", "beta")
    lifetimes_fitter: ClassVar[str] = "ParetoNBDFitter"

    @property
    def process(self) -> Pareto:
        """The model's mathematics at the estimates, in days."""
        days = DAYS[self.spec.unit]
        return Pareto(r=self.r, alpha=self.alpha * days, s=self.s, beta=self.beta * days)


@saved
@attrs.frozen(kw_only=True)
class ParetoNBD(PurchaseModel[FittedParetoNBD]):
    """The Pareto/NBD model of repeat buying (Schmittlein, Morrison and Colombo 1987).

    Customers order at a rate λ ~ Gamma(r, alpha) until they leave, at a rate μ ~ Gamma(s, beta)
    that does not wait for an order. Fitted by Newton's method with the exact Hessian; the integral
    over the time of leaving is taken numerically, so frequent buyers do not overflow.

    Args:
        horizon_days: Days that `p_no_purchase_…d` and `expected_orders_…d` look ahead.
        unit: "day" or "week": the unit of alpha and beta. The customer table is in days always.
        penalty: Ridge on the log parameters: `penalty` × their sum of squares is taken off the mean
            log-likelihood (times in units of a tenth of the mean age). 0 is maximum likelihood.

    Example:
        >>> import pandas as pd
        >>> model = ParetoNBD(unit="week").with_parameters(
        ...     r=0.553277, alpha=10.577683, s=0.606240, beta=11.668735
        ... )
        >>> frequent = pd.DataFrame({
        ...     "repeat_orders": [26], "first_to_last_days": [216], "age_days": [217],
        ... })
        >>> round(float(model.expected_orders(frequent, 52 * 7)[0]), 3)
        25.455
    """

    default_name: ClassVar[str] = "pareto_nbd"

    def _fitted_class(self) -> type[FittedParetoNBD]:
        return FittedParetoNBD

    def _estimate(self, rows: Distinct, name: str) -> FittedParetoNBD:
        start = np.array([0.0, log_mean_rate(rows), 0.0, np.log(10.0)])
        fitted: FittedParetoNBD = estimate(
            self, name, rows, log_likelihood, FittedParetoNBD, start, _limit
        )
        return fitted


def _limit(p: Array) -> str | None:
    r, _, s, beta = p
    if min(s, s / beta) < VANISHING:
        return "the data show nobody who leaves (s / beta goes to 0), so all seem to be alive."
    if s > EXTREME:
        return "the rate of leaving is the same for all customers (s and beta grow together)."
    if r > EXTREME:
        return "the order rate is the same for all customers (r and alpha grow together)."
    return None
