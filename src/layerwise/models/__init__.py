"""Purchase models: who is still a customer, how many orders to expect, and of what value."""

from layerwise.models.bgnbd import BGNBD, FittedBGNBD

__all__ = ["BGNBD", "FittedBGNBD"]
