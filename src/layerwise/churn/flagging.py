"""From findings to flags: which p-values count, and what became of each row of the table."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from layerwise.churn.signal import Signal
from layerwise.churn.signs import Sign
from layerwise.rates import q_values
from layerwise.vectors import Array, Floats


def q_of(sign: Sign, found: Signal) -> Floats | None:
    """Return q-values over all customers judged by a signal; None where it is no test."""
    if found.p is None or "p_limit" not in sign.numbers:
        return None
    return q_values(np.where(found.judged, found.p, np.nan))


def flagged(sign: Sign, found: Signal, q: Floats | None, limit: float | None) -> Array:
    """Return whom a signal flags: the rule holds, and p and q allow it."""
    flags = found.hit & found.judged
    if found.p is None or q is None:
        return flags
    flags = flags & (found.p < sign.number("p_limit"))
    return flags if limit is None else flags & (q <= limit)


def table_told(
    table: pd.DataFrame,
    found: Mapping[str, Signal],
    flags: Mapping[str, Array],
    missing: Mapping[str, str],
) -> pd.DataFrame:
    """Return the warning table with how many each row judged and flagged, or why it did not."""

    def counts(values: Mapping[str, Array], sign: str) -> Any:
        return int(values[sign].sum()) if sign in values else pd.NA

    judged = {sign: signal.judged for sign, signal in found.items()}
    open_ = {sign: ~values for sign, values in judged.items()}
    columns = {"judged": judged, "flagged": flags, "not_evaluable": open_}
    added = {k: [counts(v, sign) for sign in table["id"]] for k, v in columns.items()}
    return table.assign(
        **{k: pd.array(v, dtype="Int64") for k, v in added.items()},
        left_out=[missing[sign] for sign in table["id"]],
    )
