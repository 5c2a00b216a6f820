"""One feature of customers by segment: means or shares, beside all others, small cells hidden."""

import attrs
import numpy as np
import pandas as pd

from layerwise.columns import CUSTOMERS
from layerwise.orders.amounts import to_amounts
from layerwise.portrait.suppression import hidden_cells
from layerwise.vectors import Array, Column, Floats, Labels

MISSING = "missing"
MOST_LABELS = 50


def exact_sums(code: Array, values: Floats, n: int) -> Floats:
    """Return sums by code that do not depend on the order of rows."""
    amounts = to_amounts(values)
    return np.asarray(amounts.sum_by(code, n) / (amounts.scale or 1), dtype=np.float64)


@attrs.frozen(eq=False)
class Cells:
    """One feature's numbers: arrays are labels (one for numbers) by segment."""

    feature: str
    labels: list[str | None]
    customers: Array
    mean: Floats
    population: Floats
    difference: Floats
    hide: Array


def profile_feature(
    name: str, column: Column, code: Array, sizes: Array, hide: Array, k: int
) -> Cells | None:
    """Return the numbers of one feature; None for labels of too many kinds."""
    if isinstance(column, Labels):
        codes, names = _in_order(column)
        return _of_labels(name, codes, names, code, sizes, hide, k)
    values = np.asarray(column, dtype=np.float64)
    known = ~np.isnan(values)
    if np.isin(values[known], (0, 1)).all():
        codes = np.where(known, values, -1).astype(np.int64)
        cells = _of_labels(name, codes, ["0", "1"], code, sizes, hide, k)
        return None if cells is None else _flag(cells)
    return _of_numbers(name, values, known, code, sizes, hide, k)


def _in_order(labels: Labels) -> tuple[Array, list[str]]:
    """Return codes and names in the labels' own order or by text, not as the rows have them."""
    names = [*map(str, labels.names)]
    order = list(range(len(names)))
    if not labels.ordered:
        order.sort(key=names.__getitem__)
    place = np.full(len(names) + 1, -1, dtype=np.int64)
    place[order] = np.arange(len(names))
    return place[labels.codes], [names[i] for i in order]


def _flag(cells: Cells) -> Cells:
    """Keep the share of yes of a column of yes and no."""
    one = slice(1, 2)
    return Cells(
        cells.feature,
        [None],
        cells.customers[one],
        cells.mean[one],
        cells.population[one],
        cells.difference[one],
        cells.hide[one],
    )


def _of_labels(
    name: str, codes: Array, names: list[str], code: Array, sizes: Array, hide: Array, k: int
) -> Cells | None:
    """Return shares of labels; missing is a label, so that each segment's shares add to 1."""
    if len(names) > MOST_LABELS:
        return None
    labels: list[str | None] = [*names, MISSING]
    n, width = len(sizes), len(labels)
    flat = np.bincount(code * width + np.where(codes < 0, width - 1, codes), minlength=n * width)
    counts = flat.reshape(n, width)
    used = counts.sum(axis=0) > 0
    if names == ["0", "1"]:
        used[:2] = True
    counts = counts[:, used]
    mask, totals = _mask(counts, hide, k)
    mean, total = counts / sizes[:, None], counts.sum(axis=0)
    size = sizes.sum()
    rest = _ratio(total - counts, (size - sizes)[:, None])
    difference = _standardised(mean, rest, mean * (1 - mean), rest * (1 - rest))
    population = np.where(totals, np.nan, total / size)
    kept = [label for label, use in zip(labels, used, strict=True) if use]
    return Cells(name, kept, counts.T, mean.T, population, difference.T, mask.T)


def _mask(counts: Array, hide: Array, k: int) -> tuple[Array, Array]:
    """Return hidden cells; hidden segments together are one more row that subtraction shows."""
    merged = counts[hide].sum(axis=0, keepdims=True)
    table = np.vstack([counts[~hide], merged]) if hide.any() else counts
    cells, totals = hidden_cells(table, k)
    mask = np.ones(counts.shape, dtype=bool)
    mask[~hide] = cells[: int((~hide).sum())]
    mask[np.ix_(hide, totals)] = True
    return mask, totals


def _of_numbers(
    name: str, values: Floats, known: Array, code: Array, sizes: Array, hide: Array, k: int
) -> Cells:
    n = len(sizes)
    counts = np.bincount(code[known], minlength=n)
    center = float(exact_sums(np.zeros(int(known.sum()), np.int64), values[known], 1)[0])
    center /= max(int(known.sum()), 1)
    off = values[known] - center
    with np.errstate(over="ignore", invalid="ignore"):  # beyond floats, a spread is missing
        first, second = (exact_sums(code[known], v, n) for v in (off, off * off))
        here = _moments(counts, first, second)
        rest = _moments(counts.sum() - counts, first.sum() - first, second.sum() - second)
        difference = _standardised(here[0], rest[0], here[1], rest[1])
    mask, totals = _mask(counts[:, None], hide, k)
    unknown = sizes - counts
    told = np.where((unknown > 0) & (unknown < k), np.nan, counts)
    population = np.where(totals, np.nan, center)
    return Cells(
        name,
        [None],
        told[None, :],
        (center + here[0])[None, :],
        population,
        difference[None, :],
        mask.T | (counts == 0)[None, :],
    )


def _moments(n: Array, first: Floats, second: Floats) -> tuple[Floats, Floats]:
    """Return means and variances (divided by n - 1)."""
    mean = _ratio(first, n)
    return mean, np.maximum(_ratio(second - n * np.nan_to_num(mean) ** 2, n - 1), 0.0)


def _ratio(top: Array, bottom: Array) -> Floats:
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(bottom > 0, top / np.where(bottom > 0, bottom, 1), np.nan)


def _standardised(a: Floats, b: Floats, va: Floats, vb: Floats) -> Floats:
    width = np.sqrt((va + vb) / 2)
    return _ratio(a - b, width)


def tidy(found: list[Cells], labels: list[str]) -> pd.DataFrame:
    """Return one row a segment, feature and label, hidden numbers missing."""
    names = ["segment", "feature", "label", CUSTOMERS, "mean", "population", "lift", "difference"]
    tables = []
    for i, segment in enumerate(labels):
        for cells in found:
            mean = np.where(cells.hide[:, i], np.nan, cells.mean[:, i])
            count = np.where(cells.hide[:, i], np.nan, cells.customers[:, i])
            away = np.where(cells.hide[:, i], np.nan, cells.difference[:, i])
            lift = _ratio(mean, cells.population)
            many = len(cells.labels)
            columns = [
                [segment] * many, [cells.feature] * many, cells.labels, count, mean,
                cells.population, lift, away,
            ]  # fmt: skip
            part = pd.DataFrame(dict(zip(names, columns, strict=True)))
            tables.append(part.assign(suppressed=cells.hide[:, i]))
    if not tables:
        return pd.DataFrame(columns=[*names, "suppressed"]).astype({"suppressed": bool})
    return pd.concat(tables, ignore_index=True)
