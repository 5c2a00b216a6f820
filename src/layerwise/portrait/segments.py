"""What the customers of a segment are like, beside all others; few people never show."""

from collections.abc import Iterable
from typing import Any

import attrs
import numpy as np
import pandas as pd

from layerwise import frames
from layerwise.columns import CUSTOMER, CUSTOMERS, SPEND_TOTAL
from layerwise.errors import ColumnsError, DataError, SpecError
from layerwise.frames import Array, Column, Floats, Labels
from layerwise.orders.amounts import to_amounts
from layerwise.portrait.suppression import hidden_cells, hidden_counts
from layerwise.portrait.traits import HEALTH_TAGS, is_sensitive, read_consent
from layerwise.saved import fits

MISSING = "missing"
MOST_LABELS = 50


@attrs.frozen(kw_only=True, eq=False)
class SegmentProfile:
    """Profiles of all segments; what fewer than `k` customers stand behind is hidden.

    Attributes:
        segments: A row a segment: `segment`, `customers`, `share`, `spend_share`, `suppressed`.
        features: A row a segment and feature (and label): `segment`, `feature`, `label` (missing
            for numbers), `customers` behind the number, `mean` (for labels the share of the
            segment), `population` (the same of all), `lift` (mean / population), `difference`
            (standardised, to all other customers), `suppressed`.
        left_out: Column -> why it is no feature.
        k: The fewest customers behind a number.
        suppressed: How many segments and cells are hidden.
    """

    segments: pd.DataFrame
    features: pd.DataFrame
    left_out: dict[str, str]
    k: int
    suppressed: int

    def top(self, n: int = 5) -> pd.DataFrame:
        """Return each segment's `n` features with the largest absolute standardised difference.

        Ties stand in the order of the features.
        """
        known = self.features[self.features["difference"].notna()]
        size = known.assign(size=known["difference"].abs().round(12))
        ranked = size.sort_values(["segment", "size"], ascending=[True, False], kind="stable")
        top: pd.DataFrame = ranked.groupby("segment").head(n).drop(columns=["size", "suppressed"])
        return top.reset_index(drop=True)


def segment_profile(
    customers: Any,
    *,
    segment: str,
    features: Iterable[str] | None = None,
    spend: str | None = None,
    k: int = 10,
    sensitive: Iterable[str] = (),
    consent: str | None = None,
    health_tags: bool = False,
) -> SegmentProfile:
    """Return what the customers of each segment are like, beside all others.

    Args:
        customers: One row a customer, an eager frame.
        segment: Its column of segments; customers without one are the segment "missing".
        features: Columns of numbers or labels; None takes all such columns but ids, the segment,
            the consent, labels of more than 50 kinds, and what needs consent.
        spend: The column of spend for `spend_share`; None takes `spend_total` if it is there. Who
            has none there counts as having spent nothing.
        k: Numbers that fewer customers stand behind are hidden; and more of them, where totals
            would give the hidden ones away by subtraction.
        sensitive: Columns that say sensitive things, besides those whose names say so (age, sex,
            health ...).
        consent: A column of yes and no: sensitive columns are used of customers with yes, and are
            missing of others. Without it no sensitive column is used.
        health_tags: Use `special_kind`, `special_share` and `special_orders` of `add_baskets`, from
            which health may be inferred; like sensitive columns, with `consent` only.

    Returns:
        A `SegmentProfile`. Means are over customers who have a value. The standardised difference
        is (mean of the segment - mean of all others) / sqrt((variance of the one + of the other) /
        2); 0.2 is small, 0.8 large. It is missing where nothing varies.

    Raises:
        ColumnsError: A column is missing, or no numbers or labels.
        DataError: Fewer than `k` customers altogether, or no segment of `k`.
        SpecError: A sensitive column is asked for without `consent`, or a choice is not possible.

    Source: Austin (2009), "Balance diagnostics for comparing the distribution of baseline
    covariates", Statistics in Medicine 28.

    Example:
        >>> table = pd.DataFrame({
        ...     "tier": ["gold"] * 20 + ["tin"] * 60, "orders": [9, 11] * 10 + [1, 2, 3] * 20,
        ...     "channel": (["app"] * 15 + ["shop"] * 5) * 4,
        ... })
        >>> profile = segment_profile(table, segment="tier", features=["orders", "channel"])
        >>> profile.segments[["segment", "customers", "share"]]
          segment  customers  share
        0    gold       20.0   0.25
        1     tin       60.0   0.75
        >>> profile.top(1)[["segment", "feature", "mean", "population", "lift"]]
          segment feature  mean  population  lift
        0    gold  orders  10.0         4.0   2.5
        1     tin  orders   2.0         4.0   0.5
    """
    if not fits(k, int) or k < 2:
        raise SpecError(f"k must be a whole number from 2 up, got {k!r:.40}.", hint="k=10.")
    if not isinstance(segment, str):
        raise SpecError("segment must name one column.", hint='segment="tier".')
    frame = frames.eager(customers, doing="segment_profile")
    names = frames.column_names(frame)
    asked = None if features is None else _names(features)
    needed = dict.fromkeys([segment, *(asked or [])], "segment_profile")
    frames.require(names, needed, title="The customer table lacks columns:")
    allowed = None if consent is None else read_consent(frame, consent)
    chosen, left_out = _chosen(frame, asked, segment, consent, tuple(sensitive), health_tags)
    columns = frames.read(frame, chosen)
    if allowed is not None:
        columns |= {
            name: _only(column, allowed)
            for name, column in columns.items()
            if is_sensitive(name, sensitive) or name in HEALTH_TAGS
        }
    code, labels = _segments(frame, segment)
    sizes = np.bincount(code, minlength=len(labels))
    hide = _hidden_segments(sizes, k)
    money = spend if spend is not None else SPEND_TOTAL if SPEND_TOTAL in names else None
    table = _sizes(labels, sizes, hide, _shares(frame, money, code, len(labels)))
    rows = [_profile(name, column, code, sizes, hide, k) for name, column in columns.items()]
    found = [row for row in rows if row is not None]
    left_out |= {
        name: f"labels of more than {MOST_LABELS} kinds"
        for name, row in zip(columns, rows, strict=True)
        if row is None
    }
    tidy = _tidy(found, labels)
    hidden = int(hide.sum()) + int(tidy["suppressed"].sum())
    return SegmentProfile(segments=table, features=tidy, left_out=left_out, k=k, suppressed=hidden)


def _names(features: Iterable[str]) -> list[str]:
    names = [features] if isinstance(features, str) else list(features)
    if not names or not all(isinstance(name, str) for name in names):
        raise SpecError("features must name columns.", hint="None takes all that can be used.")
    return list(dict.fromkeys(names))


def _chosen(
    frame: Any,
    asked: list[str] | None,
    segment: str,
    consent: str | None,
    sensitive: tuple[str, ...],
    health_tags: bool,
) -> tuple[list[str], dict[str, str]]:
    """Return the columns to profile, and why others are none."""
    others = [n for n in frames.column_names(frame) if n not in (segment, consent, CUSTOMER)]
    left_out, chosen = {}, []
    for name in asked if asked is not None else others:
        why = ""
        if name in HEALTH_TAGS and not health_tags:
            why = "health may be inferred from it: health_tags=True with consent="
        elif (name in HEALTH_TAGS or is_sensitive(name, sensitive)) and consent is None:
            why = "sensitive: it needs a column of consent, consent="
        elif asked is None and not _readable(frame, name):
            why = "neither numbers nor labels"
        if why:
            left_out[name] = why
        else:
            chosen.append(name)
    if asked is not None and left_out:
        lines = "; ".join(f"{name}: {why}" for name, why in left_out.items())
        raise SpecError(f"Features that may not be used: {lines}.", hint="leave them out.")
    return chosen, left_out


def _readable(frame: Any, name: str) -> bool:
    try:
        frames.read(frame, [name])
    except ColumnsError:
        return False
    return True


def _only(column: Column, allowed: Array) -> Column:
    """Return a column that is missing where there is no consent."""
    if isinstance(column, Labels):
        return attrs.evolve(column, codes=np.where(allowed, column.codes, -1))
    return np.where(allowed, column.astype(np.float64), np.nan)


def _segments(frame: Any, segment: str) -> tuple[Array, list[str]]:
    """Return the segment of each customer as a place in the sorted segments."""
    found = frames.read(frame, [segment])[segment]
    if not isinstance(found, Labels):
        found = _as_labels(found)
    names = [*map(str, found.names), MISSING]
    order = np.argsort(np.array(names[:-1], dtype=object), kind="stable")
    if found.ordered:
        order = np.arange(len(names) - 1)
    place = np.empty(len(names), dtype=np.int64)
    place[order], place[-1] = np.arange(len(order)), len(order)
    code = place[found.codes]
    counts = np.bincount(code, minlength=len(names))
    kept = np.flatnonzero(counts)
    again = np.cumsum(counts > 0) - 1
    return again[code], [[names[i] for i in order][p] if p < len(order) else MISSING for p in kept]


def _as_labels(values: Array) -> Labels:
    """Return whole numbers, such as scores, as labels."""
    known = np.asarray(values, dtype=np.float64)
    distinct = np.unique(known[~np.isnan(known)])
    if len(distinct) > MOST_LABELS or (distinct != np.floor(distinct)).any():
        raise ColumnsError(
            f"The column of segments holds {len(distinct):,} different numbers.",
            hint="a segment is a label, such as those of Value or Tier.",
        )
    codes = np.where(np.isnan(known), -1, np.searchsorted(distinct, known))
    return Labels(codes, tuple(int(v) for v in distinct), ordered=True)


def _hidden_segments(sizes: Array, k: int) -> Array:
    if sizes.sum() < k:
        raise DataError(
            f"There are {int(sizes.sum()):,} customers, fewer than k={k}.",
            hint="profiles of so few would tell of single persons.",
        )
    hide = hidden_counts(sizes, k)
    if hide.all():
        raise DataError(
            f"No segment can be shown: nearly all have fewer than k={k} customers.",
            hint="take fewer and larger segments.",
        )
    return hide


def _shares(frame: Any, spend: str | None, code: Array, n: int) -> Floats:
    if spend is None:
        return np.full(n, np.nan)
    frames.require(
        frames.column_names(frame), {spend: "spend="}, title="The customer table lacks columns:"
    )
    column = frames.read(frame, [spend])[spend]
    values = np.asarray(column.numbers() if isinstance(column, Labels) else column, np.float64)
    sums = exact_sums(code, np.nan_to_num(values), n)
    return sums / sums.sum() if sums.sum() > 0 else np.full(n, np.nan)


def _sizes(labels: list[str], sizes: Array, hide: Array, shares: Floats) -> pd.DataFrame:
    def shown(v: Array) -> Floats:
        return np.where(hide, np.nan, v)

    return pd.DataFrame(
        {
            "segment": labels,
            CUSTOMERS: shown(sizes),
            "share": shown(sizes / sizes.sum()),
            "spend_share": shown(shares),
            "suppressed": hide,
        }
    )


def exact_sums(code: Array, values: Floats, n: int) -> Floats:
    """Return sums by code that do not depend on the order of rows."""
    amounts = to_amounts(values)
    return np.asarray(amounts.sum_by(code, n) / (amounts.scale or 1), dtype=np.float64)


@attrs.frozen(eq=False)
class _Cells:
    """One feature's numbers: arrays are labels (one for numbers) by segment."""

    feature: str
    labels: list[str | None]
    customers: Array
    mean: Floats
    population: Floats
    difference: Floats
    hide: Array


def _profile(
    name: str, column: Column, code: Array, sizes: Array, hide: Array, k: int
) -> _Cells | None:
    if isinstance(column, Labels):
        return _of_labels(name, column.codes, [*map(str, column.names)], code, sizes, hide, k)
    values = np.asarray(column, dtype=np.float64)
    known = ~np.isnan(values)
    if np.isin(values[known], (0, 1)).all():
        codes = np.where(known, values, -1).astype(np.int64)
        cells = _of_labels(name, codes, ["0", "1"], code, sizes, hide, k)
        return None if cells is None else _flag(cells)
    return _of_numbers(name, values, known, code, sizes, hide, k)


def _flag(cells: _Cells) -> _Cells:
    """Keep the share of yes of a column of yes and no."""
    one = slice(1, 2)
    return _Cells(
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
) -> _Cells | None:
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
    return _Cells(name, kept, counts.T, mean.T, population, difference.T, mask.T)


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
) -> _Cells:
    n = len(sizes)
    counts = np.bincount(code[known], minlength=n)
    center = float(exact_sums(np.zeros(int(known.sum()), np.int64), values[known], 1)[0])
    center /= max(int(known.sum()), 1)
    off = values[known] - center
    first, second = (exact_sums(code[known], v, n) for v in (off, off * off))
    here = _moments(counts, first, second)
    rest = _moments(counts.sum() - counts, first.sum() - first, second.sum() - second)
    difference = _standardised(here[0], rest[0], here[1], rest[1])
    mask, totals = _mask(counts[:, None], hide, k)
    unknown = sizes - counts
    told = np.where((unknown > 0) & (unknown < k), np.nan, counts)
    population = np.where(totals, np.nan, center)
    return _Cells(
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


def _tidy(found: list[_Cells], labels: list[str]) -> pd.DataFrame:
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
