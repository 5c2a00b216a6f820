"""What drives customers away: risk with and without an exposure, and the share it explains."""

from collections.abc import Mapping, Sequence
from typing import Any

import attrs
import numpy as np
import pandas as pd

from layerwise.brief import in_brief
from layerwise.churn.attribution import (
    bootstrap_fraction,
    e_value,
    fraction,
    homogeneity_p,
    limit_e_value,
    mantel_haenszel,
)
from layerwise.churn.study import Exposures, Study, read_study
from layerwise.errors import SpecError
from layerwise.rates import q_values, relative_risk, z_value
from layerwise.rules.base import NOT_EVALUABLE
from layerwise.saved import fits
from layerwise.vectors import Array

_MOST_DRAWS = 100_000

CAVEATS = (
    "Attributable fractions do not add up to 100 %: a leaver may have had several causes.",
    "They are shares of leavers only if the exposure is a cause and the strata hold all else "
    "equal; the E-value says how strong a hidden confounder would have to be.",
)


@attrs.frozen(kw_only=True, eq=False)
class Causes:
    """Exposures ranked by the share of leavers they would explain.

    Attributes:
        table: One row an exposure; see `rank_causes`.
        customers: How many customers were compared.
        leavers: How many of them left.
        strata: The columns that were held equal, joined by " & "; empty for none.
        left_out: Customers without an outcome, in none of the numbers.
        level: Of the intervals.
        caveats: What the numbers do not say.
    """

    table: pd.DataFrame
    customers: int
    leavers: int
    strata: str
    left_out: int
    level: float
    caveats: tuple[str, ...] = CAVEATS

    __repr__ = in_brief

    def to_frame(self) -> pd.DataFrame:
        """Return a copy of the table."""
        return self.table.copy()

    def __str__(self) -> str:
        shown = ["exposure", "exposed", "crude_rr", "relative_risk", "rr_low", "rr_high", "paf"]
        within = f"within {self.strata}" if self.strata else "nothing held equal"
        return told(self, within, [*shown, "e_value", "effect"])


def told(found: Any, how: str, shown: list[str]) -> str:
    """Return ranked causes as text: how many left, the table, what was refused, the caveats."""
    refused = found.table[found.table["effect"] == NOT_EVALUABLE]
    return "\n".join(
        [
            f"{found.leavers:,} of {found.customers:,} customers left, {how}",
            found.table[shown].to_string(index=False, float_format="{:.3f}".format),
            *(f"{row.exposure}: {row.reason}" for row in refused.itertuples()),
            *found.caveats,
        ]
    )


def rank_causes(
    customers: object,
    *,
    outcome: str,
    exposures: Exposures,
    outcome_start: Any,
    exposure_end: Any = None,
    exposure_dates: Mapping[str, str] | None = None,
    strata: str | Sequence[str] = (),
    table: object = None,
    level: float = 0.95,
    draws: int = 500,
    seed: int = 0,
) -> Causes:
    """Return how much more often exposed customers left, and the share of leavers that explains.

    One row an exposure, the largest attributable fraction first, what protects after what harms,
    what cannot be judged last:

    - `exposure`: the column; `cause_id`, `cause`, `term_zh`, `level`, `remedies`: what the cause
      table says of it (empty id for a column that is no cause there).
    - `customers`: with a known exposure; `missing`: the others, who are in none of its numbers.
    - `exposed`, `exposed_leavers`, `exposed_rate`, `unexposed_rate`.
    - `crude_rr`, `crude_low`, `crude_high`: relative risk of leaving, nothing held equal.
    - `relative_risk`, `rr_low`, `rr_high`: the same within strata (Mantel-Haenszel, interval of
      Greenland and Robins). Without strata both are one.
    - `paf`, `paf_low`, `paf_high`: population attributable fraction of Miettinen with the adjusted
      relative risk, percentile interval over resampled customers; negative for what protects.
    - `e_value`, `e_value_limit`: of the relative risk, and of the end of its interval next to 1.
    - `p`, `q`: of the adjusted relative risk being 1 (from its interval), and Benjamini-Hochberg's.
    - `homogeneity_p`: of its being one in all strata; `note` tells where it is below 0.05, and how
      many customers stand in strata that cannot compare.
    - `effect`: "risk" (interval above 1), "protective" (below 1), "unclear" (holds 1) or
      "not_evaluable"; `reason` says why the last.

    Not judged: what strikes everybody (level = brand of the cause table, or everybody exposed);
    fewer than 20 exposed or unexposed customers; fewer than 5 leavers among either; what reaches
    into the outcome window.

    An observation is no experiment: customers who were exposed differ in ways no stratum holds.

    Args:
        customers: One row per customer, an eager frame.
        outcome: The column that says who left: true and false, or 1 and 0. Customers with none are
            left out and counted.
        exposures: Columns of true and false, or 1 and 0, missing where it is not known; or a
            mapping of columns to ids of the cause table.
        outcome_start: First day of the outcome window.
        exposure_end: Last day that exposures were read from, or a mapping of exposures to days. It
            must be before outcome_start.
        exposure_dates: Exposure -> the column of its last date, where that is known by customer.
        strata: Columns to hold equal, such as the tier. They must stem from before the exposure.
        table: The cause table as a frame or CSV path; None for `cause_table()`.
        level: Of the intervals.
        draws: Resamples for the interval of the attributable fraction.
        seed: Of the resamples.

    Raises:
        ColumnsError: A column is missing or of the wrong kind.
        DataError: Nobody or everybody left, a column is not yes and no, or a column `customer_id`
            has ids that are missing or stand twice.
        SpecError: A choice is not possible, or exposures were read up to the outcome window.
        TableError: The cause table cannot be used.
        EngineError: The table is no dataframe in memory.

    Source: Mantel and Haenszel (1959); Greenland and Robins (1985); Miettinen (1974); VanderWeele
    and Ding (2017); see `layerwise.churn.attribution`.

    Example:
        >>> cells = pd.DataFrame({
        ...     "tier": ["gold"] * 4 + ["plain"] * 4,
        ...     "delivery_late": [1, 1, 0, 0] * 2,
        ...     "left": [1, 0] * 4,
        ...     "n": [20, 80, 10, 90, 10, 10, 40, 120],
        ... })
        >>> table = cells.loc[cells.index.repeat(cells["n"])]
        >>> found = rank_causes(
        ...     table, outcome="left", exposures=["delivery_late"], strata="tier",
        ...     exposure_end="2024-05-31", outcome_start="2024-06-01",
        ... ).table
        >>> shown = ["exposed", "crude_rr", "relative_risk", "paf", "effect", "remedies"]
        >>> print(found[shown].round(4).to_string(index=False))
         exposed  crude_rr  relative_risk    paf effect               remedies
             120       1.3            2.0 0.1875   risk ux_delivery;par_supply

        Late deliveries went to the gold tier, which stays: the crude ratio hides most of the harm.
    """
    _check(draws, seed)
    z_value(level)
    study = read_study(
        customers,
        outcome=outcome,
        exposures=exposures,
        strata=strata,
        outcome_start=outcome_start,
        exposure_end=exposure_end,
        exposure_dates=exposure_dates,
        table=table,
        doing="rank_causes",
    )
    rows = [_row(study, name, level, draws, seed) for name in study.flags]
    return Causes(
        table=ranked(pd.DataFrame(rows, index=study.meta.index), study.meta),
        customers=len(study.left),
        leavers=int(study.left.sum()),
        strata=study.strata.name,
        left_out=study.left_out,
        level=level,
    )


def _check(draws: Any, seed: Any) -> None:
    if not fits(draws, int) or not 1 <= draws <= _MOST_DRAWS:
        raise SpecError(
            f"draws must be a whole number from 1 to {_MOST_DRAWS:,}, got {draws!r:.40}.",
            hint="draws=500 resamples the customers 500 times.",
        )
    if not fits(seed, int) or seed < 0:
        raise SpecError(
            f"seed must be a whole number from 0 up, got {seed!r:.40}.",
            hint="seed=0; equal seeds give equal intervals.",
        )


def _row(study: Study, name: str, level: float, draws: int, seed: int) -> dict[str, Any]:
    cells = study.cells(name)
    (stay0, left0), (stay1, left1) = cells.sum(0).tolist()
    exposed, unexposed = stay1 + left1, stay0 + left0
    row: dict[str, Any] = {
        "customers": exposed + unexposed,
        "missing": len(study.left) - exposed - unexposed,
        "exposed": exposed,
        "exposed_leavers": left1,
        "exposed_rate": left1 / exposed if exposed else np.nan,
        "unexposed_rate": left0 / unexposed if unexposed else np.nan,
    }
    reason = study.why_not(name, cells)
    judged = dict.fromkeys(_JUDGED, np.nan) if reason else _judge(cells, level, draws, seed)
    note = "" if reason else _note(cells, judged["homogeneity_p"])
    return row | judged | {"reason": reason, "note": note}


_JUDGED = (
    *("crude_rr", "crude_low", "crude_high", "relative_risk", "rr_low", "rr_high"),
    *("paf", "paf_low", "paf_high", "e_value", "e_value_limit", "p", "homogeneity_p"),
)


def _judge(cells: Array, level: float, draws: int, seed: int) -> dict[str, float]:
    by_stratum = cells[:, 1, 1], cells[:, 1].sum(-1), cells[:, 0, 1], cells[:, 0].sum(-1)
    total = [np.array([part.sum()]) for part in by_stratum]
    crude = [float(v[0]) for v in relative_risk(*total, level=level)]
    adjusted = [float(v) for v in mantel_haenszel(*by_stratum, level=level)]
    low, high = bootstrap_fraction(cells, draws=draws, level=level, seed=seed)
    values = [
        *crude,
        *adjusted,
        float(fraction(cells)),
        low,
        high,
        float(e_value(adjusted[0])),
        float(limit_e_value(*adjusted)),
        p_of(*adjusted, level=level),
        homogeneity_p(*by_stratum, adjusted[0]),
    ]
    return dict(zip(_JUDGED, values, strict=True))


def p_of(rr: float, low: float, high: float, *, level: float) -> float:
    """Return the two-sided p-value of a relative risk being 1, from its log interval."""
    from scipy.special import erfc

    error = np.log(high / low) / (2 * z_value(level))
    return float(erfc(abs(np.log(rr)) / error / np.sqrt(2)))


def _note(cells: Array, p: float) -> str:
    alone = int(cells[(cells.sum(2) == 0).any(1)].sum())
    parts = [f"{alone:,} customers are in strata that cannot compare"] if alone else []
    if p < 0.05:
        a, n1, c, n0 = cells[:, 1, 1], cells[:, 1].sum(-1), cells[:, 0, 1], cells[:, 0].sum(-1)
        use = (a > 0) & (c > 0)
        rr = a[use] / n1[use] / (c[use] / n0[use])
        parts.append(f"differs by stratum, from {rr.min():.2f} to {rr.max():.2f} (p = {p:.3f})")
    return "; ".join(parts)


def effect_of(low: Array, high: Array) -> Array:
    """Return "risk", "protective", "unclear" or "not_evaluable" by where intervals lie."""
    choices = [np.isnan(low), low > 1, high < 1]
    return np.select(choices, [NOT_EVALUABLE, "risk", "protective"], "unclear").astype(object)


def ranked(rows: pd.DataFrame, meta: pd.DataFrame) -> pd.DataFrame:
    """Return the rows beside what the cause table says, with q and effect, largest share first."""
    found = rows.assign(
        q=q_values(rows["p"].to_numpy()),
        effect=effect_of(rows["rr_low"].to_numpy(), rows["rr_high"].to_numpy()),
    )
    last = [name for name in ("effect", "reason", "note") if name in found]
    numbers = [name for name in found if name not in last]
    whole = pd.concat([meta, found[numbers], found[last]], axis=1).reset_index()
    return whole.sort_values("paf", ascending=False, kind="stable", ignore_index=True)
