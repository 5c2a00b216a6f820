"""Purchase models: who is still a customer, how many orders to expect, and of what value."""

from layerwise.models.bgnbd import BGNBD, FittedBGNBD
from layerwise.models.gamma_gamma import FittedGammaGamma, GammaGamma

__all__ = ["BGNBD", "FittedBGNBD", "FittedGammaGamma", "GammaGamma"]
