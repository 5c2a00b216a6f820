"""From flags to a risk level with reasons and next steps."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from layerwise.churn.signal import Signal
from layerwise.churn.signs import Sign
from layerwise.vectors import Array, Labels

RISK_LEVELS = ("not_evaluable", "low", "medium", "high")
"""From low to high."""


def levels(
    signs: list[Sign],
    found: Mapping[str, Signal],
    flags: Mapping[str, Array],
    table: pd.DataFrame,
    n: int,
) -> dict[str, Any]:
    """Return risk level, reasons and next steps."""
    high, medium, judged = (
        np.zeros(n, dtype=np.int64),
        np.zeros(n, dtype=np.int64),
        np.zeros(n, bool),
    )
    for sign in signs:
        high += flags[sign.id] & (sign.level == "high")
        medium += flags[sign.id] & (sign.level == "medium")
        judged |= found[sign.id].judged
    level = np.select([(high > 0) | (medium > 1), medium > 0, judged], [3, 2, 1], 0)
    # np.unique of one row a customer is slow; flags in powers of two are one number each.
    steps = dict(zip(table["id"], table["next_step"], strict=True))
    sets = [np.zeros(n, dtype=np.int64) for _ in range(len(signs) // 62 + 1)]
    for i, sign in enumerate(signs):
        sets[i // 62] |= flags[sign.id].astype(np.int64) << (i % 62)
    return {
        "risk_level": Labels(level, RISK_LEVELS, ordered=True),
        "reasons": _joined(sets, [sign.id for sign in signs]),
        "next_steps": _joined(sets, [steps[sign.id] for sign in signs]),
    }


def _joined(sets: list[Array], names: list[str]) -> Labels:
    """Return the names of each set, joined by semicolons, each once; missing for none."""
    place = np.zeros(len(sets[0]), dtype=np.int64)
    for part in sets:
        _, codes = np.unique(part, return_inverse=True)
        place = np.unique(place * (codes.max(initial=0) + 1) + codes, return_inverse=True)[1]
    place = place.ravel()
    _, first = np.unique(place, return_index=True)
    texts = [_text([int(part[row]) for part in sets], names) for row in first]
    known = sorted({text for text in texts if text})
    codes = np.array([known.index(text) if text else -1 for text in texts], dtype=np.int64)
    return Labels(codes[place], tuple(known))


def _text(parts: list[int], names: list[str]) -> str:
    chosen = [name for i, name in enumerate(names) if parts[i // 62] >> (i % 62) & 1]
    return "; ".join(dict.fromkeys(name for name in chosen if name))
