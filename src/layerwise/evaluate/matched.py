"""Without a holdout: the change of treated customers beside that of similar ones. Weak evidence."""

from collections.abc import Sequence

import attrs
import numpy as np

from layerwise import arguments, frames, vectors
from layerwise.errors import DataError, SpecError
from layerwise.evaluate.metrics import as_list
from layerwise.evaluate.sums import sums_by
from layerwise.logs import refuse_repeats
from layerwise.rates import z_value
from layerwise.rules.base import numbers
from layerwise.saved import fits
from layerwise.vectors import Array, Column, Floats, Labels

_WHAT = "the table of treated customers"


@attrs.frozen
class MatchedDifference:
    """What `matched_difference` found.

    Attributes:
        effect: Change of the treated less that of their likes, with `low` and `high`; missing if
            no treated customer has any.
        low: See `effect`.
        high: See `effect`.
        p: Two-sided p-value of no difference, were the comparison fair.
        treated: Treated customers whose outcome is known.
        matched: Those of them who have likes; the effect is theirs.
        compared: Customers they are compared with.
        evidence: Always "weak": who was chosen for treatment may differ in what no column shows.
    """

    effect: float
    low: float
    high: float
    p: float
    treated: int
    matched: int
    compared: int
    evidence: str = attrs.field(default="weak", init=False)


def matched_difference(
    customers: object,
    *,
    treated: str,
    after: str,
    before: str,
    match: Sequence[str] = (),
    bins: int = 10,
    level: float = 0.95,
) -> MatchedDifference:
    """Return the difference-in-differences of treated customers and others of the same cells.

    Customers are alike if they share every label of `match` and every bin of its numbers, and the
    bin of the outcome before, always. In each cell the mean change of the others is taken from that
    of the treated, and cells are weighted by their treated. Cells without two of either are left
    out, see `matched`.

    The outcome before must be matched, since campaigns choose by it: customers chosen at their
    worst get better by themselves (regression to the mean), and a plain before-and-after calls
    every such campaign a success. Put into `match` all that the choice went by; what it went by and
    no column has stays in the effect.

    Args:
        customers: One row per customer, in memory.
        treated: Column of true and false: got the campaign.
        after: Column of the outcome after it; numbers, or true and false.
        before: Column of the same outcome in a period as long before.
        match: Columns of labels or numbers from before that treated and others shall share.
        bins: Bins of a number with more distinct values, equally many treated in each.
        level: Level of the interval.

    Raises:
        SpecError: A choice is not possible.
        ColumnsError: Columns are missing or of the wrong kind.
        DataError: Nobody is treated, or everybody.
        EngineError: The table is no dataframe in memory.

    Source: Heckman, Ichimura and Todd (1997), Review of Economic Studies 64; coarsened exact
    matching: Iacus, King and Porro (2012), Political Analysis 20.

    Example:
        >>> import pandas as pd
        >>> table = pd.DataFrame({
        ...     "mailed": [True] * 3 + [False] * 3,
        ...     "before": [1, 1, 1, 1, 1, 1], "after": [3, 2, 4, 1, 3, 2],
        ... })
        >>> found = matched_difference(table, treated="mailed", after="after", before="before")
        >>> found.effect, found.evidence
        (1.0, 'weak')
    """
    z_value(level)
    if not fits(bins, int) or bins < 1:
        raise SpecError("bins must be a whole number from 1.", hint="bins=10 is the default.")
    match = as_list(match, "match=")
    arguments.check_named({"treated=": treated, "after=": after, "before=": before})
    frame = frames.eager(customers, doing="matched_difference")
    refuse_repeats(frame)
    needed = {treated: "treated=", after: "after=", before: "before="}
    needed |= dict.fromkeys(match, "match=")
    arguments.require(
        frames.column_names(frame), needed, title=f"{_WHAT.capitalize()} lacks columns:"
    )
    read = vectors.read(frame, needed, what=_WHAT)
    flag = np.asarray(numbers(read[treated]), dtype=np.float64)
    if not np.isin(flag, (0.0, 1.0)).all() or len(set(flag)) < 2:
        raise DataError(
            f"Column {treated} must be true for some and false for others, and never missing.",
            hint="compare treated customers with others of the same time.",
        )
    chosen = [read[name] for name in dict.fromkeys([before, *match])]
    values = [np.asarray(numbers(read[name]), dtype=np.float64) for name in (after, before)]
    return match_arrays(flag == 1, values[0], values[1], chosen, bins=bins, level=level)


def match_arrays(
    treated: Array,
    after: Floats,
    before: Floats,
    chosen: Sequence[Column],
    *,
    bins: int,
    level: float,
) -> MatchedDifference:
    """Return the same of arrays; `chosen` are all columns to match on."""
    known = ~(np.isnan(after) | np.isnan(before))
    cell = _cells([_codes(column, treated & known, bins) for column in chosen])[known]
    group = treated[known].astype(np.int64)
    many = int(cell.max()) + 1 if len(cell) else 0
    sums = sums_by(group * many + cell, (2, many), [(after - before)[known]])
    n, mean, variance = sums.n, sums.mean()[..., 0], sums.covariance()[..., 0, 0]
    use = (n >= 2).all(axis=0)
    matched, compared = int(n[1, use].sum()), int(n[0, use].sum())
    nothing = (np.nan,) * 4
    if not matched:
        return MatchedDifference(*nothing, int(group.sum()), 0, 0)
    weight = n[1, use] / matched
    effect = float(weight @ (mean[1, use] - mean[0, use]))
    error = float(np.sqrt(weight**2 @ (variance[:, use] / n[:, use]).sum(axis=0)))
    return MatchedDifference(
        effect, *_interval(effect, error, level), int(group.sum()), matched, compared
    )


def _interval(effect: float, error: float, level: float) -> tuple[float, float, float]:
    from scipy.special import ndtr

    if not error > 0:
        return np.nan, np.nan, np.nan
    reach = z_value(level) * error
    return effect - reach, effect + reach, float(2 * ndtr(-abs(effect) / error))


def _codes(column: Column, treated: Array, bins: int) -> Array:
    """Return a code per customer: the label, the number, or its bin; missing is a code too."""
    if isinstance(column, Labels):
        return np.asarray(column.codes, dtype=np.int64) + 1
    values = np.asarray(column, dtype=np.float64)
    if len(np.unique(values[~np.isnan(values)])) > bins:
        own = values[treated & ~np.isnan(values)]
        edges = np.unique(np.quantile(own, np.arange(1, bins) / bins)) if len(own) else own
        place = np.searchsorted(edges, values, side="left").astype(np.int64)
        return np.where(np.isnan(values), -1, place) + 1
    return np.asarray(np.unique(values, return_inverse=True)[1], dtype=np.int64)


def _cells(codes: Sequence[Array]) -> Array:
    """Return one code per combination of codes that occurs."""
    cell = np.zeros(len(codes[0]), dtype=np.int64)
    for code in codes:
        cell = np.unique(cell * (int(code.max(initial=0)) + 1) + code, return_inverse=True)[1]
    return cell
