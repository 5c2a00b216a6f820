"""Which segments lose more customers than the rest, and how many more."""

from collections.abc import Sequence
from itertools import combinations
from typing import Any

import attrs
import numpy as np
import pandas as pd

from layerwise import arguments, frames
from layerwise.brief import in_brief
from layerwise.churn.outcome import read_outcome
from layerwise.churn.segments import Segments, cross, read_segments
from layerwise.errors import SpecError
from layerwise.rates import difference_p, q_values, relative_risk, risk_difference, wilson, z_value
from layerwise.rules.base import NOT_EVALUABLE
from layerwise.saved import fits
from layerwise.vectors import Array


@attrs.frozen(kw_only=True, eq=False)
class ChurnGroups:
    """The segments that lose more customers than the rest, the most excess leavers first.

    Attributes:
        table: One row a segment of `min_n` customers or more; see `high_churn_groups`.
        customers: How many customers were compared.
        leavers: How many of them left.
        tested: How many segments were tested; the q-values are over these.
        too_small: By column: how many segments have fewer than `min_n` customers, and how many
            customers they hold. They are part of everybody's rest.
        left_out: Customers without an outcome, in none of the numbers.
    """

    table: pd.DataFrame
    customers: int
    leavers: int
    tested: int
    too_small: pd.DataFrame
    left_out: int

    __repr__ = in_brief

    def to_frame(self) -> pd.DataFrame:
        """Return a copy of the table."""
        return self.table.copy()

    def __str__(self) -> str:
        shown = ["by", "segment", "customers", "rate", "relative_risk", "excess_leavers", "q"]
        small = int(self.too_small["segments"].sum())
        return "\n".join(
            [
                f"{self.leavers:,} of {self.customers:,} customers left "
                f"({self.leavers / self.customers:.1%}); {self.tested:,} segments tested, "
                f"{small:,} too small to list",
                self.table[shown].to_string(index=False, float_format=lambda v: f"{v:.3f}"),
            ]
        )


def high_churn_groups(
    customers: object,
    *,
    by: str | Sequence[str],
    outcome: str,
    pairs: bool = False,
    min_n: int = 30,
    level: float = 0.95,
) -> ChurnGroups:
    """Return how many customers each segment loses, against the rest of the customers.

    One row a segment, the most excess leavers first; segments that cannot be judged come last:

    - `by`, `segment`: the column (of a combination both, joined by " & ") and the label. Missing
      labels are a segment of their own.
    - `customers`, `leavers`, `rate` with `rate_low`, `rate_high`: Wilson's interval.
    - `rest_rate`: the rate of all customers who are not in the segment.
    - `relative_risk` with `rr_low`, `rr_high`: rate over rest_rate, log interval.
    - `risk_difference` with `rd_low`, `rd_high`: rate - rest_rate, Newcombe's interval.
    - `excess_leavers`: customers * risk_difference; below 0 where the segment loses fewer.
    - `p`: of rate and rest_rate being one; `q`: the same with all tests of the table in view
      (Benjamini-Hochberg).
    - `same_as`, `within`: segments of other columns that hold the same customers, or all of these
      and more, as "column=segment", so that one finding is not taken for two. Of combinations only
      those are told that equal one of their own two parts.
    - `status`, `reason`: "evaluated", or "not_evaluable" for a segment that is everybody.

    A segment is no cause: who differs in tier differs in much else. See `rank_causes`.

    Args:
        customers: One row per customer, an eager frame.
        by: The columns of segments: labels, true and false, or few whole numbers.
        outcome: The column that says who left: true and false, or 1 and 0. Customers with none are
            left out and counted.
        pairs: Also every combination of two of the columns.
        min_n: Smaller segments are counted in `too_small`, not listed and not tested.
        level: Of the intervals.

    Raises:
        ColumnsError: A column is missing or of the wrong kind, such as numbers with fractions.
        DataError: Nobody or everybody left, the outcome is not yes or no, a column holds more than
            a thousand values, or a column `customer_id` has ids that are missing or stand twice.
        SpecError: `by` names no column, one twice or the outcome, or `min_n` or `level` is not
            possible.
        EngineError: The table is no dataframe in memory.

    Source: Wilson (1927); Katz et al. (1978); Newcombe (1998); Benjamini and Hochberg (1995); see
    `layerwise.rates`.

    Example:
        >>> table = pd.DataFrame({
        ...     "tier": ["gold"] * 40 + ["plain"] * 160,
        ...     "left": [1] * 20 + [0] * 20 + [1] * 40 + [0] * 120,
        ... })
        >>> found = high_churn_groups(table, by="tier", outcome="left").table
        >>> found[["segment", "rate", "rest_rate", "excess_leavers", "q"]].round(4).values.tolist()
        [['gold', 0.5, 0.25, 10.0, 0.002], ['plain', 0.25, 0.5, -40.0, 0.002]]
    """
    columns = _check(by, outcome, pairs, min_n)
    z_value(level)
    frame = frames.eager(customers, doing="high_churn_groups")
    needs = {outcome: "outcome="} | dict.fromkeys(columns, "by=")
    arguments.require(frames.column_names(frame), needs, title="The customer table lacks columns:")
    left, known = read_outcome(frame, outcome)
    ways = [read_segments(frame, name).take(known) for name in columns]
    both = [cross(a, b) for a, b in combinations(ways, 2)] if pairs else []
    counted = pd.concat([_counts(way, left) for way in [*ways, *both]], ignore_index=True)
    counted = _mark(counted, ways)
    listed = counted[counted["customers"] >= min_n].reset_index(drop=True)
    table = _judge(listed, len(left), int(left.sum()), level)
    return ChurnGroups(
        table=table,
        customers=len(left),
        leavers=int(left.sum()),
        tested=int(table["p"].notna().sum()),
        too_small=_too_small(counted, min_n),
        left_out=len(known) - len(left),
    )


def _check(by: Any, outcome: Any, pairs: Any, min_n: Any) -> list[str]:
    columns = [by] if isinstance(by, str) else list(by) if isinstance(by, list | tuple) else []
    names = [*columns, outcome]
    if not columns or not all(isinstance(n, str) for n in names) or len(set(names)) < len(names):
        raise SpecError(
            "by must name columns of segments, each once, and outcome another column.",
            hint='high_churn_groups(table, by=["tier", "region"], outcome="left").',
        )
    if not fits(pairs, bool):
        raise SpecError(
            f"pairs must be True or False, got {pairs!r:.40}.",
            hint="pairs=True compares every combination of two columns too.",
        )
    if not fits(min_n, int) or min_n < 1:
        raise SpecError(
            f"min_n must be a whole number from 1 up, got {min_n!r:.40}.",
            hint="min_n=30 lists segments of 30 customers or more.",
        )
    return columns


def _counts(way: Segments, left: Array) -> pd.DataFrame:
    n = np.bincount(way.codes, minlength=len(way))
    leavers = np.bincount(way.codes, weights=left, minlength=len(way)).astype(np.int64)
    return pd.DataFrame(
        {"by": way.name, "segment": way.names, "customers": n, "leavers": leavers}
    ).astype({"by": object, "segment": object})


def _mark(counted: pd.DataFrame, ways: Sequence[Segments]) -> pd.DataFrame:
    """Add which segments hold the same customers as another, or are within it."""
    size = [np.bincount(way.codes, minlength=len(way)) for way in ways]
    same: dict[tuple[str, str], list[str]] = {}
    within: dict[tuple[str, str], list[str]] = {}
    for i, j in combinations(range(len(ways)), 2):
        a, b = ways[i], ways[j]
        joint = np.bincount(a.codes * len(b) + b.codes, minlength=len(a) * len(b))
        for k in np.flatnonzero(joint).tolist():
            x, y = divmod(k, len(b))
            n, of_x, of_y = joint[k], size[i][x], size[j][y]
            one, two = (a.name, a.names[x]), (b.name, b.names[y])
            both = (f"{a.name} & {b.name}", f"{one[1]} & {two[1]}")
            if n == of_x == of_y:
                _add(same, one, two)
                _add(same, two, one)
            elif n == of_x:
                _add(within, one, two)
            elif n == of_y:
                _add(within, two, one)
            for part, whole in ((one, of_x), (two, of_y)):
                if n == whole:
                    _add(same, both, part)
    keys = list(zip(counted["by"], counted["segment"], strict=True))
    marks = {"same_as": same, "within": within}
    return counted.assign(**{m: ["; ".join(f.get(k, ())) for k in keys] for m, f in marks.items()})


def _add(
    found: dict[tuple[str, str], list[str]], key: tuple[str, str], other: tuple[str, str]
) -> None:
    found.setdefault(key, []).append("=".join(other))


def _judge(table: pd.DataFrame, n: int, m: int, level: float) -> pd.DataFrame:
    """Add rates, ratios, differences and tests to the counts, and sort."""
    n1, a = table["customers"].to_numpy(), table["leavers"].to_numpy()
    n0, c = n - n1, m - a
    cells, empty = (a, n1, c, n0), n0 == 0
    ratio = relative_risk(*cells, level=level)
    difference = risk_difference(*cells, level=level)
    p = difference_p(*cells)
    low, high = wilson(a, n1, level=level)
    marks = table[["same_as", "within"]]
    judged = table.drop(columns=["same_as", "within"]).assign(
        rate=a / n1,
        rate_low=low,
        rate_high=high,
        rest_rate=np.divide(c, n0, out=np.full(len(table), np.nan), where=~empty),
        relative_risk=ratio[0],
        rr_low=ratio[1],
        rr_high=ratio[2],
        risk_difference=difference[0],
        rd_low=difference[1],
        rd_high=difference[2],
        excess_leavers=n1 * difference[0],
        p=p,
        q=q_values(p),
        same_as=marks["same_as"],
        within=marks["within"],
        status=np.where(empty, NOT_EVALUABLE, "evaluated").astype(object),
        reason=np.where(empty, "everybody is in this segment: there is no rest", "").astype(object),
    )
    keys = ["excess_leavers", "customers", "by", "segment"]
    return judged.sort_values(keys, ascending=[False, False, True, True], ignore_index=True)


def _too_small(counted: pd.DataFrame, min_n: int) -> pd.DataFrame:
    small = counted["customers"] < min_n
    rows = pd.DataFrame(
        {
            "by": counted["by"],
            "segments": small.astype(np.int64),
            "customers": counted["customers"].where(small, 0),
        }
    )
    return rows.groupby("by", sort=False, as_index=False).sum()
