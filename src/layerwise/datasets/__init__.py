"""Real order logs that other packages ship, and seeded simulators of logs."""

from layerwise.datasets.packaged import (
    load_campaigns,
    load_cdnow,
    load_cdnow_summary,
    load_complete_journey,
    load_donations,
)
from layerwise.datasets.simulated import World, simulate_events, simulate_orders

__all__ = [
    "World",
    "load_campaigns",
    "load_cdnow",
    "load_cdnow_summary",
    "load_complete_journey",
    "load_donations",
    "simulate_events",
    "simulate_orders",
]
