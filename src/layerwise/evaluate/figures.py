"""Key figures by segment and period as arrays: shares, means and counts, with intervals."""

from collections.abc import Iterator
from typing import Any

import attrs
import numpy as np
import pandas as pd

from layerwise.columns import PERIOD_END
from layerwise.evaluate import periods
from layerwise.evaluate.activity import Cells
from layerwise.evaluate.ratios import by_cell, ratio_interval
from layerwise.evaluate.segments import ALL
from layerwise.rates import wilson
from layerwise.vectors import Array, Floats


@attrs.frozen(kw_only=True, eq=False)
class Choices:
    """How intervals are made."""

    level: float
    draws: int
    seed: int


@attrs.frozen(kw_only=True, eq=False)
class Figure:
    """One key figure: arrays with a row for all and one a segment, a column a period."""

    kpi: str
    value: Floats
    numerator: Floats
    denominator: Floats
    low: Floats
    high: Floats
    note: str = ""

    def rows(self, cells: Cells, known: Array) -> pd.DataFrame:
        """Return tidy rows; where the period is not `known` all numbers are missing."""
        segments = (ALL, *cells.names)
        size = len(segments)
        ends = periods.stamps(cells.bounds[1:])
        shown = {
            name: np.where(known, getattr(self, name), np.nan).T.ravel()
            for name in ("value", "numerator", "denominator", "low", "high")
        }
        return pd.DataFrame(
            {
                "kpi": self.kpi,
                PERIOD_END: np.repeat(ends, size),
                "segment": np.tile(np.array(segments, dtype=object), len(ends)),
                **shown,
                "note": np.repeat(np.where(known, "", self.note).astype(object), size),
            }
        )


def counted(kpi: str, number: Floats, note: str = "") -> Figure:
    """Return a count or a sum: it has no denominator and no interval."""
    none = np.full(number.shape, np.nan)
    return Figure(
        kpi=kpi, value=number, numerator=number, denominator=none, low=none, high=none, note=note
    )


def shared(kpi: str, hits: Floats, trials: Floats, how: Choices, note: str = "") -> Figure:
    """Return a share with its Wilson interval; missing without trials."""
    low, high = wilson(hits, trials, level=how.level)
    return Figure(
        kpi=kpi,
        value=_divided(hits, trials),
        numerator=hits,
        denominator=trials,
        low=low,
        high=high,
        note=note,
    )


def turned(kpi: str, share: Figure) -> Figure:
    """Return one minus a share, derived from it, so that both cannot disagree."""
    return attrs.evolve(
        share,
        kpi=kpi,
        value=1 - share.value,
        numerator=share.denominator - share.numerator,
        low=1 - share.high,
        high=1 - share.low,
    )


def scaled(kpi: str, numerator: Floats, denominator: Floats) -> Figure:
    """Return a ratio without an interval; missing without a denominator."""
    return attrs.evolve(
        counted(kpi, numerator), value=_divided(numerator, denominator), denominator=denominator
    )


def averaged(
    kpi: str,
    cells: Cells,
    owner: Array,
    period: Array,
    x: Array,
    y: Array,
    how: Choices,
    *,
    zeros: Floats | None = None,
    note: str = "",
) -> Figure:
    """Return sum(x) / sum(y) with an interval over customers.

    Args:
        kpi: The id.
        cells: Segments and periods.
        owner: The customer of each row; a customer has one row a period.
        period: Its period.
        x: Parts of the numerator.
        y: Parts of the denominator.
        how: How intervals are made.
        zeros: So many more customers a cell have x = 0 and y = 1.
        note: Why the figure is missing, where it is.
    """
    top = cells.count(owner, period, x)[:, :-1]
    bottom = cells.count(owner, period, y)[:, :-1]
    more = np.zeros(top.shape) if zeros is None else zeros
    low, high = np.full(top.shape, np.nan), np.full(top.shape, np.nan)
    for s, p, rows in _cells(cells, owner, period):
        low[s, p], high[s, p] = ratio_interval(
            x[rows],
            y[rows],
            zeros=int(more[s, p]),
            draws=how.draws,
            seed=how.seed,
            level=how.level,
        )
    bottom = bottom + more
    return Figure(
        kpi=kpi,
        value=_divided(top, bottom),
        numerator=top,
        denominator=bottom,
        low=low,
        high=high,
        note=note,
    )


def by_customer(owner: Array, period: Array, *parts: Array, n: int) -> tuple[Array, ...]:
    """Add rows up to one a customer and period; return customers, periods and the sums.

    Each sum is of whole numbers or of few terms, so that the order of rows does not matter.
    """
    key, place = np.unique(period.astype(np.int64) * n + owner, return_inverse=True)
    added = [np.bincount(place, part, minlength=len(key)) for part in parts]
    return (key % n, key // n, *added)


def _cells(cells: Cells, owner: Array, period: Array) -> Iterator[tuple[int, int, Array]]:
    """Yield each segment (0: all), period, and the rows in them."""
    order, starts = by_cell(period, cells.periods)
    for p in range(cells.periods):
        yield 0, p, order[starts[p] : starts[p + 1]]
    code = cells.code[owner]
    cell = np.where(code >= 0, code * cells.periods + period, len(cells.names) * cells.periods)
    order, starts = by_cell(cell, len(cells.names) * cells.periods)
    for i in range(len(cells.names) * cells.periods):
        yield 1 + i // cells.periods, i % cells.periods, order[starts[i] : starts[i + 1]]


def _divided(top: Any, bottom: Any) -> Floats:
    none = np.full(np.shape(top), np.nan)
    return np.asarray(np.divide(top, bottom, out=none, where=np.asarray(bottom) > 0))
