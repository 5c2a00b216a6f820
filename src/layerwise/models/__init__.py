"""Purchase models: who is still a customer, how many orders to expect, and of what value."""

from layerwise.models.bgbb import BGBB, FittedBGBB
from layerwise.models.bgnbd import BGNBD, FittedBGNBD
from layerwise.models.comparison import calibration, compare
from layerwise.models.covariates import WithCovariates
from layerwise.models.fitted_covariates import FittedCovariates
from layerwise.models.gamma_gamma import FittedGammaGamma, GammaGamma
from layerwise.models.groups import FittedGroups, fit_by
from layerwise.models.mbgcnbd import MBGCNBD, FittedMBGCNBD
from layerwise.models.mbgnbd import MBGNBD, FittedMBGNBD
from layerwise.models.pareto_nbd import FittedParetoNBD, ParetoNBD
from layerwise.models.value import residual_value

__all__ = [
    "BGBB",
    "BGNBD",
    "MBGCNBD",
    "MBGNBD",
    "FittedBGBB",
    "FittedBGNBD",
    "FittedCovariates",
    "FittedGammaGamma",
    "FittedGroups",
    "FittedMBGCNBD",
    "FittedMBGNBD",
    "FittedParetoNBD",
    "GammaGamma",
    "ParetoNBD",
    "WithCovariates",
    "calibration",
    "compare",
    "fit_by",
    "residual_value",
]
