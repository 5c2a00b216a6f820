"""Whether customers are still those that layers and models were fitted on: PSI with its chance."""

from typing import Any

import numpy as np
import pandas as pd

from layerwise import arguments
from layerwise.errors import DataError, SpecError
from layerwise.evaluate.bins import (
    LABELS,
    MOST_LABELS,
    ColumnBins,
    DriftReference,
    chosen_names,
    drift_reference,
    read_columns,
)
from layerwise.rates import q_values
from layerwise.rules.base import NOT_EVALUABLE
from layerwise.saved import fits
from layerwise.vectors import Array, Column, Floats, Labels

DRIFT, NO_DRIFT = "drift", "no_drift"

ROWS_A_BIN = 10
"""With fewer, PSI is not chi-square enough: at 5 a bin one unchanged column in ten would flag."""


def drift(
    reference: Any,
    current: Any,
    *,
    columns: Any = None,
    bins: int = 10,
    least: float = 0.1,
    level: float = 0.95,
) -> pd.DataFrame:
    """Return how far each column has moved since the reference, beside what chance would do.

    The population stability index is PSI = sum (a - e) ln(a / e) over the bins, e and a the shares
    of the reference and of now; a bin with nobody counts half a person. Fixed limits mislead: with
    nothing changed, PSI / (1/n + 1/m) is about chi-square with bins - 1 degrees of freedom, so that
    100 against 100 customers show 0.18 by chance alone. A column is said to drift if

        PSI > max(least, chi2 point of level x (1/n + 1/m)).

    Args:
        reference: The table as it was (an eager frame) or its `drift_reference`.
        current: The table as it is.
        columns: Which columns, numbers and labels; None takes all of numbers and labels that the
            reference has.
        bins: How many bins of the reference numbers are cut into.
        least: A smaller PSI is no drift however sure it is.
        level: Chance stays below the limit in so many of the cases without change.

    Returns:
        A pandas table, a row a column of the reference, in its order.

        | column | meaning |
        | --- | --- |
        | column | its name |
        | bins | bins that have somebody in either table, missing and the rest included |
        | n, m | rows of the reference and of now |
        | psi | the index; missing where it cannot be judged |
        | expected | what it is on average without change |
        | limit | above it, the column drifts |
        | p | chance of such an index without change |
        | q | the same, allowed for all columns at once (Benjamini and Hochberg) |
        | verdict | drift, no_drift, or not_evaluable |

        Not evaluable are columns that had one value and still have it, columns of more than 50
        labels, and columns with too few rows: less than 10 a bin in either table.

        Measured without change: 5 to 6 % of columns pass the chi-square limit from 20 rows a bin
        on, up to 8 % at 10 rows a bin; with `least`, none of large tables does.

    Raises:
        ColumnsError: A column is missing, or neither numbers nor labels.
        DataError: A table has no rows, or a column infinite numbers.
        SpecError: A choice is not possible.

    Source: Yurdakul and Naranjo (2020), "Statistical properties of the population stability index",
    Journal of Risk Model Validation 14.

    Example:
        >>> rng = np.random.default_rng(0)
        >>> old = pd.DataFrame({"spend": rng.gamma(2, 10, 2000), "orders": rng.poisson(3, 2000)})
        >>> new = pd.DataFrame({"spend": rng.gamma(2, 17, 500), "orders": rng.poisson(3, 500)})
        >>> drift(old, new)[["column", "bins", "psi", "limit", "verdict"]].round(3)
           column  bins    psi  limit   verdict
        0   spend    10  0.515    0.1     drift
        1  orders     6  0.006    0.1  no_drift
    """
    if not fits(least, float) or least < 0 or not fits(level, float) or not 0 < level < 1:
        raise SpecError(
            "least must be a number from 0 up and level one between 0 and 1.",
            hint="leave them out for 0.1 and 0.95.",
        )
    frozen = _frozen(reference, columns, bins)
    now = read_columns(current, frozen.columns, "The current table")
    rows = [
        _compare(made, now[name], frozen.rows)
        for name, made in zip(frozen.columns, frozen.bins, strict=True)
    ]
    table = pd.DataFrame({"column": list(frozen.columns)}).join(
        pd.DataFrame(rows, columns=["bins", "n", "m", "psi"])
    )
    return _judged(table, least, level)


def psi(reference: Array, current: Array) -> float:
    """Return the population stability index of two rows of counts by bin.

    Bins that are empty in one get half a person there; those empty in both say nothing.

    Raises:
        DataError: They are no counts by the same bins, or count nobody.

    >>> round(psi(np.array([50, 30, 20]), np.array([20, 30, 50])), 4)
    0.5498
    """
    old, new = (_counts(v) for v in (reference, current))
    if old.shape != new.shape:
        raise DataError(
            f"{len(old):,} bins are compared with {len(new):,}.", hint="count by the same bins."
        )
    there = (old > 0) | (new > 0)
    e, a = (np.where(v[there] > 0, v[there], 0.5) / v.sum() for v in (old, new))
    return float(((a - e) * np.log(a / e)).sum())


def _counts(values: Any) -> Floats:
    try:
        counts = np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError):
        counts = np.zeros(0)
    if counts.ndim != 1 or not (np.isfinite(counts) & (counts >= 0)).all() or not counts.sum() > 0:
        raise DataError(
            "Counts by bin must be one row of numbers from 0 up, and not all 0.",
            hint="psi([50, 30, 20], [20, 30, 50]).",
        )
    return counts


def _frozen(reference: Any, columns: Any, bins: int) -> DriftReference:
    if not isinstance(reference, DriftReference):
        return drift_reference(reference, columns=columns, bins=bins, what="The reference table")
    if columns is None:
        return reference
    wanted = chosen_names(columns)
    place = {name: i for i, name in enumerate(reference.columns)}
    arguments.require(
        list(place), dict.fromkeys(wanted, "drift"), title="The reference lacks columns:"
    )
    return DriftReference(
        columns=tuple(wanted),
        bins=tuple(reference.bins[place[name]] for name in wanted),
        rows=reference.rows,
    )


def _compare(made: ColumnBins, column: Column, n: int) -> tuple[int, int, int, float]:
    """Return bins in use, rows then and now, and the index."""
    old, new = np.array(made.counts), made.count(column)
    used = int(((old > 0) | (new > 0)).sum())
    m = len(column.codes) if isinstance(column, Labels) else len(column)
    many = made.kind == LABELS and len(made.labels) > MOST_LABELS
    blind = used < 2 or many or min(n, m) < ROWS_A_BIN * used
    return used, n, m, np.nan if blind else psi(old, new)


def _judged(table: pd.DataFrame, least: float, level: float) -> pd.DataFrame:
    from scipy.special import chdtrc, chdtri

    known = table["psi"].notna().to_numpy()
    noise = (1 / table["n"] + 1 / table["m"]).to_numpy()
    free = np.maximum(table["bins"].to_numpy() - 1, 1)
    p = np.where(known, chdtrc(free, table["psi"].to_numpy() / noise), np.nan)
    limit = np.where(known, np.maximum(least, chdtri(free, 1 - level) * noise), np.nan)
    over = table["psi"].to_numpy() > limit
    return table.assign(
        expected=np.where(known, free * noise, np.nan),
        limit=limit,
        p=p,
        q=q_values(p),
        verdict=np.select([~known, over], [NOT_EVALUABLE, DRIFT], NO_DRIFT),
    )
