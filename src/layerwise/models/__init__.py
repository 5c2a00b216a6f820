"""Purchase models: who is still a customer, how many orders to expect, and of what value."""

from layerwise.models.bgbb import BGBB, FittedBGBB
from layerwise.models.bgnbd import BGNBD, FittedBGNBD
from layerwise.models.comparison import calibration, compare
from layerwise.models.gamma_gamma import FittedGammaGamma, GammaGamma
from layerwise.models.mbgcnbd import MBGCNBD, FittedMBGCNBD, gap_log_mean
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
    "FittedGammaGamma",
    "FittedMBGCNBD",
    "FittedMBGNBD",
    "FittedParetoNBD",
    "GammaGamma",
    "ParetoNBD",
    "calibration",
    "compare",
    "gap_log_mean",
    "residual_value",
]
