"""MBG/NBD: a customer may drop out after each order, the first included."""

from typing import ClassVar

import attrs

from layerwise.models._dropout_fit import FittedDropout, fit_dropout
from layerwise.models.histories import Distinct
from layerwise.models.model import PurchaseModel
from layerwise.saved import saved


@saved
@attrs.frozen(kw_only=True, slots=False)
class FittedMBGNBD(FittedDropout):
    """A fitted MBG/NBD model; see `MBGNBD`.

    Example:
        >>> import layerwise as lw
        >>> fitted = lw.models.MBGNBD().fit(lw.datasets.load_cdnow_summary())
        >>> round(fitted.r, 3), round(fitted.alpha, 3), round(fitted.a, 3), round(fitted.b, 3)
        (0.525, 43.282, 0.891, 1.614)
    """

    first: ClassVar[int] = 1
    lifetimes_fitter: ClassVar[str] = "ModifiedBetaGeoFitter"


@saved
@attrs.frozen(kw_only=True)
class MBGNBD(PurchaseModel[FittedMBGNBD]):
    """The modified BG/NBD model (Batislam, Denizel and Filiztekin 2007; Hoppe and Wagner 2007).

    As `BGNBD`, but a customer may also drop out right after the first order, so one-time buyers
    become less likely to be alive as they stay silent. P(alive) ranks customers sensibly here.

    Args:
        horizon_days: Days that `p_no_purchase_…d` and `expected_orders_…d` look ahead.
        unit: "day" or "week": the unit of alpha. The customer table is in days always.
        penalty: Ridge on the log parameters: `penalty` × their sum of squares is taken off the mean
            log-likelihood (alpha in units of a tenth of the mean age). 0 is maximum likelihood.

    Example:
        >>> import pandas as pd
        >>> model = MBGNBD(unit="week").with_parameters(r=0.525, alpha=6.18, a=0.891, b=1.614)
        >>> once = pd.DataFrame({
        ...     "repeat_orders": [0, 0], "first_to_last_days": [0, 0], "age_days": [7, 270],
        ... })
        >>> model.p_alive(once).round(2).tolist()
        [0.63, 0.39]
    """

    default_name: ClassVar[str] = "mbgnbd"

    def _fitted_class(self) -> type[FittedMBGNBD]:
        return FittedMBGNBD

    def _estimate(self, rows: Distinct, name: str) -> FittedMBGNBD:
        fitted: FittedMBGNBD = fit_dropout(self, name, rows, FittedMBGNBD)
        return fitted
