"""One metric: each arm beside the control, overall and in each layer, a row a comparison."""

import warnings
from collections.abc import Mapping, Sequence

import attrs
import numpy as np
import pandas as pd

from layerwise.errors import DataError, RowsLeftOutWarning
from layerwise.evaluate import estimates
from layerwise.evaluate.cells import Cells
from layerwise.evaluate.estimates import Estimate
from layerwise.evaluate.metrics import Metric, Ratio, Share
from layerwise.evaluate.sums import Sums, sums_by
from layerwise.evaluate.validity import MISMATCH, sample_ratio_p
from layerwise.rates import holm
from layerwise.rules.base import numbers
from layerwise.vectors import Array, Column, Floats

_OPEN = ["effect", "low", "high", "relative", "relative_low", "relative_high", "p", "variance"]
_LARGEST = 1e100
_UNTRUSTED = "arms are not of the planned sizes"


def compare(
    name: str,
    metric: Metric,
    read: Mapping[str, Column],
    cells: Cells,
    *,
    level: float,
    shares: Sequence[float],
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the comparisons of one metric: over all customers, and layer by layer."""
    columns, rows = _usable(name, metric, read, cells)
    arm, layer = (cells.arm, cells.layer) if rows is None else (cells.arm[rows], cells.layer[rows])
    sums = sums_by(arm * cells.shape[1] + layer, cells.shape, columns)
    uneven = sample_ratio_p(sums.n.sum(axis=1).tolist(), shares) < MISMATCH
    note = "outcomes are missing from one arm more than from another" if uneven else ""
    whole = attrs.evolve(cells, layers=(None,))
    return (
        _rows(name, metric, _all(sums), whole, level, note),
        _rows(name, metric, sums, cells, level, note),
    )


def finish(tables: Sequence[pd.DataFrame], *, trusted: bool, min_n: int) -> pd.DataFrame:
    """Return the tables as one, without effects of small cells, with p adjusted over all rows."""
    table = pd.concat(tables, ignore_index=True)
    small = table[["control_n", "arm_n"]].min(axis=1) < min_n
    table.loc[small, _OPEN] = np.nan
    table.loc[small, "note"] = f"fewer than {min_n} customers in an arm"
    if not trusted:
        table["note"] = [f"{_UNTRUSTED}; {n}" if n else _UNTRUSTED for n in table["note"]]
    place = list(table.columns).index("p") + 1
    table.insert(place, "p_holm", holm(table["p"].to_numpy()))
    return table


def _usable(
    name: str, metric: Metric, read: Mapping[str, Column], cells: Cells
) -> tuple[list[Floats], Array | None]:
    """Return outcome, denominator and covariate of the usable rows, and which rows these are."""
    if isinstance(metric, Ratio):
        wanted = [metric.numerator, metric.denominator]
    else:
        wanted = [metric.column]
    columns = [np.asarray(numbers(read[c]), dtype=np.float64) for c in wanted]
    known = cells.arm >= 0
    drawn = int(known.sum())
    for column in columns:
        known = known & ~np.isnan(column)
        if (large := np.abs(column) > _LARGEST).any():
            raise DataError(
                f"{name}: {int(large.sum()):,} values are above 1e100, too large to square.",
                hint="correct them, or count in a larger unit.",
            )
    if left := drawn - int(known.sum()):
        warnings.warn(
            f"{left:,} of {drawn:,} customers have no {name} and are left out of it.\n"
            "Hint: if nothing happened, that is a 0, not a missing value.",
            RowsLeftOutWarning,
            stacklevel=4,
        )
    rows = None if known.all() else np.flatnonzero(known)
    if rows is not None:
        columns = [c[rows] for c in columns]
    covariate = None if isinstance(metric, Share) else metric.covariate
    if covariate is not None:
        before = np.asarray(numbers(read[covariate]), dtype=np.float64)
        columns.append(_filled(before if rows is None else before[rows]))
    return columns, rows


def _filled(before: Floats) -> Floats:
    """Return a covariate with its mean where it is missing, which cannot bias the effect."""
    missing = np.isnan(before)
    if not missing.any():
        return before
    return np.where(missing, 0.0 if missing.all() else before[~missing].mean(), before)


def _all(sums: Sums) -> Sums:
    """Return the sums over all layers, as one layer."""
    return attrs.evolve(
        sums,
        n=sums.n.sum(axis=1, keepdims=True),
        first=sums.first.sum(axis=1, keepdims=True),
        second=sums.second.sum(axis=1, keepdims=True),
    )


def _rows(
    name: str, metric: Metric, sums: Sums, cells: Cells, level: float, note: str
) -> pd.DataFrame:
    """Return a row for each arm other than the control and each layer."""
    others = [i for i in range(len(cells.arms)) if i != cells.control]
    found = _estimate(metric, sums[others], sums[[cells.control] * len(others)], level)
    many = len(cells.layers)
    table = pd.DataFrame(
        {
            "metric": name,
            "arm": np.repeat([cells.arms[i] for i in others], many),
            "layer": pd.Series(list(cells.layers) * len(others), dtype=object),
            "method": _method(metric),
            "control_n": np.tile(sums.n[cells.control], len(others)).astype(np.int64),
            "arm_n": sums.n[others].ravel().astype(np.int64),
        }
    )
    values = {key: v.ravel() for key, v in attrs.asdict(found).items()}
    values = {"control_value": values.pop("control"), "arm_value": values.pop("value"), **values}
    values["variance_saved"] = values.pop("saved")
    table = table.assign(**values)
    return table.assign(note=_notes(table, note))


def _estimate(metric: Metric, arm: Sums, control: Sums, level: float) -> Estimate:
    if isinstance(metric, Share):
        hits, hits0 = (np.rint(s.first[..., 0] + s.n * s.centre[0]) for s in (arm, control))
        return estimates.shares(hits, arm.n, hits0, control.n, level=level)
    ratio, covariate = isinstance(metric, Ratio), metric.covariate is not None
    return estimates.means(arm, control, ratio=ratio, covariate=covariate, level=level)


def _method(metric: Metric) -> str:
    if isinstance(metric, Share):
        return "Newcombe"
    name = "delta method" if isinstance(metric, Ratio) else "Welch"
    return name if metric.covariate is None else f"{name}, CUPED"


def _notes(table: pd.DataFrame, note: str) -> list[str]:
    few = table[["control_n", "arm_n"]].min(axis=1)
    none = table["effect"].isna()
    unknown = table["p"].isna()
    return [
        "no outcome in an arm"
        if n < 1
        else "no value in an arm"
        if no_effect
        else "fewer than 2 customers in an arm"
        if no_p and n < 2
        else "outcomes do not vary"
        if no_p
        else note
        for n, no_effect, no_p in zip(few, none, unknown, strict=True)
    ]
