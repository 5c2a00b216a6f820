"""One customer across channels, and whether the channels say the same."""

from layerwise.identity.consistency import channel_exposures, price_gaps, promotion_overlap
from layerwise.identity.unify import Unified, unify

__all__ = [
    "Unified",
    "channel_exposures",
    "price_gaps",
    "promotion_overlap",
    "unify",
]
