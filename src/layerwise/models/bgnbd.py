"""BG/NBD: a customer may drop out after each repeat order."""

from typing import ClassVar

import attrs

from layerwise.models._dropout_fit import FittedDropout, fit_dropout
from layerwise.models.histories import Distinct
from layerwise.models.model import PurchaseModel
from layerwise.saved import saved


@saved
@attrs.frozen(kw_only=True, slots=False)
class FittedBGNBD(FittedDropout):
    """A fitted BG/NBD model; see `BGNBD`.

    Example:
        >>> import layerwise as lw
        >>> fitted = lw.models.BGNBD().fit(lw.datasets.load_cdnow_summary())
        >>> round(fitted.r, 3), round(fitted.alpha, 3), round(fitted.a, 3), round(fitted.b, 3)
        (0.243, 30.895, 0.793, 2.426)
    """

    lifetimes_fitter: ClassVar[str] = "BetaGeoFitter"


@saved
@attrs.frozen(kw_only=True)
class BGNBD(PurchaseModel[FittedBGNBD]):
    """The Beta-Geometric/NBD model of repeat buying (Fader, Hardie and Lee 2005).

    While alive, a customer orders at a rate λ ~ Gamma(r, alpha); after each repeat order the
    customer drops out for good with probability p ~ Beta(a, b). Fitted by maximum likelihood
    (their eq. 6) with Newton's method and the exact Hessian.

    Args:
        horizon_days: Days that `p_no_purchase_…d` and `expected_orders_…d` look ahead.
        unit: "day" or "week": the unit of alpha. The customer table is in days always.
        penalty: Ridge on the log parameters: `penalty` × their sum of squares is taken off the mean
            log-likelihood (alpha in units of a tenth of the mean age). 0 is maximum likelihood.

    Example:
        >>> from layerwise.datasets import load_cdnow_summary
        >>> fitted = BGNBD(unit="week").fit(load_cdnow_summary())
        >>> {name: round(value, 3) for name, value in fitted.parameters.items()}
        {'r': 0.243, 'alpha': 4.414, 'a': 0.793, 'b': 2.426}
        >>> round(fitted.log_likelihood, 2), fitted.converged
        (-9582.43, True)
        >>> fitted.outputs
        ('p_alive', 'p_no_purchase_90d', 'expected_orders_90d')
    """

    default_name: ClassVar[str] = "bgnbd"

    def _fitted_class(self) -> type[FittedBGNBD]:
        return FittedBGNBD

    def _estimate(self, rows: Distinct, name: str) -> FittedBGNBD:
        fitted: FittedBGNBD = fit_dropout(self, name, rows, FittedBGNBD)
        return fitted
