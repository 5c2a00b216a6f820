"""What the customers of a segment are like, beside all others; few people never show."""

from collections.abc import Iterable
from functools import cached_property
from typing import Any

import attrs
import narwhals.stable.v2 as nw
import numpy as np
import pandas as pd

from layerwise import arguments, frames, vectors
from layerwise.brief import in_brief
from layerwise.columns import CUSTOMER, CUSTOMERS, SPEND_TOTAL
from layerwise.errors import ColumnsError, DataError, SpecError
from layerwise.lazy import rows_by_counts, rows_if_few
from layerwise.logs import refuse_repeats
from layerwise.portrait.features import MISSING, MOST_LABELS, exact_sums, profile_feature, tidy
from layerwise.portrait.suppression import hidden_counts
from layerwise.portrait.traits import HEALTH_TAGS, consent_of, is_sensitive, sensitive_names
from layerwise.rules.base import NOT_EVALUABLE
from layerwise.saved import fits
from layerwise.segments import as_labels, in_order
from layerwise.vectors import Array, Column, Columns, Floats, Labels


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

    __repr__ = in_brief

    def top(self, n: int = 5) -> pd.DataFrame:
        """Return each segment's `n` features with the largest absolute standardised difference.

        Segments stand in the order of `segments`, those that could not be judged (not_evaluable,
        missing) last; in each, labels that could not be judged stand behind all findings. Ties
        stand in the order of the features.
        """
        known = self.features[self.features["difference"].notna()]
        keys = {
            "no_segment": known["segment"].isin(_UNJUDGED),
            "place": pd.Index(self.segments["segment"]).get_indexer(known["segment"]),
            "no_label": known["label"].isin(_UNJUDGED),
            "size": -known["difference"].abs().round(12),
        }
        order = pd.DataFrame(keys).sort_values(list(keys), kind="stable").index
        top: pd.DataFrame = known.loc[order].groupby("segment", sort=False).head(n)
        return top.drop(columns="suppressed").reset_index(drop=True)


_UNJUDGED = (NOT_EVALUABLE, MISSING)


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
        customers: One row a customer. A lazy frame counts the values of each feature by segment,
            a query a feature, and the counts are collected.
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
    arguments.check_named({"segment=": segment}, {"spend=": spend, "consent=": consent})
    sensitive = sensitive_names(sensitive)
    frame = frames.wrap(customers)
    refuse_repeats(frame)
    names = frames.column_names(frame)
    asked = None if features is None else _names(features)
    needed = dict.fromkeys([segment, *(asked or [])], "segment_profile")
    arguments.require(names, needed, title="The customer table lacks columns:")
    if consent is not None:
        arguments.require(names, {consent: "consent="}, title="The customer table lacks columns:")
    chosen, left_out = _chosen(frame, asked, segment, consent, sensitive, health_tags)
    read = {} if frames.is_lazy(frame) else vectors.read(frame, chosen)
    view = View(frame, segment, consent, sensitive, read)
    _, code, labels = view.take(None)
    sizes = np.bincount(code, minlength=len(labels))
    hide = _hidden_segments(sizes, k)
    money = spend if spend is not None else SPEND_TOTAL if SPEND_TOTAL in names else None
    table = _sizes(labels, sizes, hide, _shares(view, money, len(labels)))
    found = []
    for name in chosen:
        column, code, _ = view.take(name)
        row = None if column is None else profile_feature(name, column, code, sizes, hide, k)
        if row is None:
            left_out[name] = f"labels of more than {MOST_LABELS} kinds"
        else:
            found.append(row)
    rows_of_all = tidy(found, labels)
    hidden = int(hide.sum()) + int(rows_of_all["suppressed"].sum())
    return SegmentProfile(
        segments=table, features=rows_of_all, left_out=left_out, k=k, suppressed=hidden
    )


def _names(features: Any) -> list[str]:
    names = arguments.several(features)
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
    if frames.is_lazy(frame):
        dtype = frame.collect_schema()[name]
        return dtype.is_numeric() or dtype in (nw.Boolean, *_TEXTS)
    try:
        vectors.read(frame, [name])
    except ColumnsError:
        return False
    return True


_TEXTS = (nw.String, nw.Categorical, nw.Enum)


@attrs.frozen(eq=False, slots=False)
class View:
    """Columns of a customer table beside the segments; `read` holds those of a frame in memory.

    Of a lazy frame the engine counts the values of a column by segment; no sum depends on the order
    of rows, so that nothing else differs.
    """

    frame: Any
    segment: str
    consent: str | None
    sensitive: tuple[str, ...]
    read: Columns

    def take(self, name: str | None) -> tuple[Column | None, Array, list[str]]:
        """Return a column (None: of too many kinds), the segment of each row, and the segments.

        Sensitive columns are missing where there is no consent.
        """
        asked = name is not None and (is_sensitive(name, self.sensitive) or name in HEALTH_TAGS)
        consent = self.consent if asked or name is None else None
        names = [n for n in (self.segment, name, consent) if n is not None]
        columns = self._read(names, name)
        if columns is None:
            return None, np.zeros(0, dtype=np.int64), []
        code, labels = (
            self._of_all if self._is_eager else segments_of(columns[self.segment], self.segment)
        )
        column = None if name is None else columns[name]
        if consent is not None:
            allowed = consent_of(columns[consent], consent)
            column = None if column is None else _only(column, allowed)
        return column, code, labels

    @cached_property
    def _of_all(self) -> tuple[Array, list[str]]:
        column = vectors.read(self.frame, [self.segment])[self.segment]
        return segments_of(column, self.segment)

    @property
    def _is_eager(self) -> bool:
        return not frames.is_lazy(self.frame)

    def _read(self, names: list[str], name: str | None) -> Columns | None:
        if self._is_eager:
            others = [n for n in names if n not in self.read]
            return {**self.read, **vectors.read(self.frame, others)}
        if name is not None and self.frame.collect_schema()[name] in _TEXTS:
            return rows_if_few(self.frame, names)
        return rows_by_counts(self.frame, names)


def _only(column: Column, allowed: Array) -> Column:
    """Return a column that is missing where there is no consent."""
    if isinstance(column, Labels):
        return attrs.evolve(column, codes=np.where(allowed, column.codes, -1))
    return np.where(allowed, column.astype(np.float64), np.nan)


def segments_of(column: Column, segment: str) -> tuple[Array, list[str]]:
    """Return the segment of each row as a place in the sorted segments, missing the last."""
    code, names = in_order(as_labels(column, segment))
    if not isinstance(column, Labels) and len(names) > MOST_LABELS:
        raise ColumnsError(
            f"The column of segments holds {len(names):,} different numbers.",
            hint="a segment is a label, such as those of Value or Tier.",
        )
    missing = code < 0
    return np.where(missing, len(names), code), [*names, *([MISSING] if missing.any() else [])]


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


def _shares(view: View, spend: str | None, n: int) -> Floats:
    if spend is None:
        return np.full(n, np.nan)
    names = frames.column_names(view.frame)
    arguments.require(names, {spend: "spend="}, title="The customer table lacks columns:")
    column, code, _ = view.take(spend)
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
