"""One customer across channels, and whether the channels say the same."""

from layerwise.identity.unify import Unified, unify

__all__ = [
    "Unified",
    "unify",
]
