"""Purchase models: who is still a customer, how many orders to expect, and of what value."""

from layerwise.models.bgnbd import BGNBD, FittedBGNBD
from layerwise.models.gamma_gamma import FittedGammaGamma, GammaGamma
from layerwise.models.mbgnbd import MBGNBD, FittedMBGNBD
from layerwise.models.pareto_nbd import FittedParetoNBD, ParetoNBD

__all__ = [
    "BGNBD",
    "MBGNBD",
    "FittedBGNBD",
    "FittedGammaGamma",
    "FittedMBGNBD",
    "FittedParetoNBD",
    "GammaGamma",
    "ParetoNBD",
]
