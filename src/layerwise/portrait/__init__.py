"""Who they are: portraits of customers, profiles of segments, and when they are out of date."""

from layerwise.portrait.customers import Portraits, customer_portraits
from layerwise.portrait.segments import SegmentProfile, segment_profile
from layerwise.portrait.stale import stale_portraits

__all__ = [
    "Portraits",
    "SegmentProfile",
    "customer_portraits",
    "segment_profile",
    "stale_portraits",
]
