"""Several causes at once: each with the others held equal."""

from collections.abc import Mapping, Sequence
from typing import Any

import attrs
import numpy as np
import pandas as pd

from layerwise.brief import in_brief
from layerwise.churn.attribution import attributable_fraction, e_value, limit_e_value
from layerwise.churn.causes import CAVEATS, p_of, ranked, told
from layerwise.churn.poisson import LogRisks, dependent, fit_log_risk
from layerwise.churn.study import Exposures, Study, read_study
from layerwise.errors import FitError, problems
from layerwise.rates import z_value
from layerwise.vectors import Array, Floats


@attrs.frozen(kw_only=True, eq=False)
class JointCauses:
    """Exposures with each other held equal, ranked by the share of leavers they would explain.

    Attributes:
        table: One row an exposure; see `joint_causes`.
        together: The share of leavers that the exposures with effect "risk" explain together, no
            leaver counted twice.
        customers: How many customers were compared.
        leavers: How many of them left.
        strata: The columns that were held equal as well; empty for none.
        left_out: Customers without an outcome or with an unknown exposure, in none of the numbers.
        level: Of the intervals.
        caveats: What the numbers do not say.
    """

    table: pd.DataFrame
    together: float
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
        shown = ["exposure", "exposed", "relative_risk", "rr_low", "rr_high", "paf", "effect"]
        return told(self, f"what harms would together explain {self.together:.1%}", shown)


def joint_causes(
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
) -> JointCauses:
    """Return each exposure's relative risk of leaving with the other exposures held equal.

    Where causes come together (late parcels and slow answers strike the same customers),
    `rank_causes` credits each with some of the other's harm. Here the risk is a product of one
    ratio for each exposure and stratum, fitted by Poisson regression with robust errors. One row an
    exposure, sorted by share as in `rank_causes`:

    - `exposure`, `cause_id`, `cause`, `term_zh`, `level`, `remedies`.
    - `exposed`, `exposed_leavers`: among the customers compared.
    - `relative_risk`, `rr_low`, `rr_high`, `p`, `q`: with all others held equal.
    - `paf`: Miettinen's fraction with it; without interval.
    - `e_value`, `e_value_limit`, `effect`, `reason`: as in `rank_causes`. What is refused there is
      refused here and left out of the regression.

    `together` of the result is 1 - mean over leavers of 1 / (product of their relative risks), of
    exposures with effect "risk": the share these explain at once (Bruzzi). The single fractions do
    not add up to it.

    Args:
        customers: One row per customer, an eager frame.
        outcome: As in `rank_causes`.
        exposures: As in `rank_causes`. Customers of whom one is unknown are left out and counted.
        outcome_start: As in `rank_causes`.
        exposure_end: As in `rank_causes`.
        exposure_dates: As in `rank_causes`.
        strata: Columns to hold equal; every combination has a risk of its own. Strata that nobody
            left can tell nothing of ratios and take no part in the regression.
        table: The cause table as a frame or CSV path; None for `cause_table()`.
        level: Of the intervals.

    Raises:
        FitError: Exposures cannot be told apart (all such are named), none can be judged, or the
            regression does not settle.
        LayerwiseError: As in `rank_causes`.

    Source: Zou (2004), AJE 159(7); Bruzzi, Green, Byar, Brinton and Schairer (1985), AJE 122(5).

    Example:
        >>> cells = pd.DataFrame({
        ...     "delivery_late": [0, 0, 1, 1] * 2,
        ...     "service_slow": [0, 1] * 4,
        ...     "left": [1] * 4 + [0] * 4,
        ...     "n": [60, 20, 20, 120, 540, 80, 80, 180],
        ... })
        >>> table = cells.loc[cells.index.repeat(cells["n"])]
        >>> found = joint_causes(
        ...     table, outcome="left", exposures=["delivery_late", "service_slow"],
        ...     exposure_end="2024-05-31", outcome_start="2024-06-01",
        ... )
        >>> found.table[["exposure", "relative_risk", "paf"]].round(3).values.tolist()
        [['delivery_late', 2.0, 0.318], ['service_slow', 2.0, 0.318]]
        >>> round(found.together, 3)
        0.5
    """
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
        doing="joint_causes",
    )
    study, unknown = _complete(study)
    reasons = {name: study.why_not(name, study.cells(name)) for name in study.flags}
    judged = [name for name, reason in reasons.items() if not reason]
    if not judged:
        raise FitError(
            problems("No exposure can be judged:", (f"{n}: {r}" for n, r in reasons.items())),
            hint="take other exposures or more customers.",
        )
    x, n, hits = _distinct(study, judged)
    _refuse_alike(x, n, judged, study.strata.name)
    fit = fit_log_risk(x, n, hits)
    rows = pd.DataFrame([_counts(study, name) for name in study.flags], index=study.meta.index)
    rows = rows.join(_ratios(fit, judged, level)).assign(reason=pd.Series(reasons, dtype=object))
    rows["paf"] = attributable_fraction(
        rows["relative_risk"], rows["exposed_leavers"] / study.left.sum()
    )
    found = ranked(rows, study.meta)
    harmful = set(found.loc[found["effect"] == "risk", "exposure"])
    return JointCauses(
        table=found,
        together=_together(x, hits, fit, [name in harmful for name in judged]),
        customers=len(study.left),
        leavers=int(study.left.sum()),
        strata=study.strata.name,
        left_out=study.left_out + unknown,
        level=level,
    )


def _complete(study: Study) -> tuple[Study, int]:
    """Return the customers whose exposures are all known, and how many are not.

    What is refused before anything is counted does not cost customers.
    """
    asked = [flag for name, flag in study.flags.items() if name not in study.refused]
    unknown = np.zeros(len(study.left), dtype=bool)
    for flag in asked:
        unknown |= np.isnan(flag)
    if not unknown.any():
        return study, 0
    known = ~unknown
    complete = attrs.evolve(
        study,
        left=study.left[known],
        flags={name: flag[known] for name, flag in study.flags.items()},
        strata=study.strata.take(known),
    )
    return complete, int(unknown.sum())


def _distinct(study: Study, judged: Sequence[str]) -> tuple[Floats, Array, Array]:
    """Return the distinct rows of the design, with customers and leavers.

    Columns are the constant, all strata with leavers but the first, and the exposures. A stratum
    that nobody left has a risk of 0 whatever the ratios are, so it says nothing of them.
    """
    code = study.strata.codes
    for name in judged:
        code = code * 2 + study.flags[name].astype(np.int64)
        if code.max() > 2**40:
            code = np.unique(code, return_inverse=True)[1]
    first, place = np.unique(code, return_index=True, return_inverse=True)[1:]
    n = np.bincount(place)
    hits = np.bincount(place, weights=study.left)
    stratum = study.strata.codes[first]
    alive = np.bincount(stratum, weights=hits, minlength=len(study.strata)) > 0
    use = alive[stratum]
    dummies = stratum[use, None] == np.flatnonzero(alive)[None, 1:]
    flags = [study.flags[name][first][use] for name in judged]
    x = np.column_stack([np.ones(int(use.sum())), dummies, *flags]).astype(np.float64)
    return x, n[use], hits[use]


def _refuse_alike(x: Floats, n: Array, judged: Sequence[str], strata: str) -> None:
    first = x.shape[1] - len(judged)
    lines = []
    for j, others in dependent(x, n).items():
        names = [judged[i - first] for i in others if i >= first]
        names += [f"the strata of {strata}"] if any(0 < i < first for i in others) else []
        lines.append(f"{judged[j - first]} follows from {' and '.join(names) or 'the constant'}")
    if lines:
        raise FitError(
            problems("Exposures cannot be told apart:", lines),
            hint="leave one of each out, or look at them one at a time with rank_causes.",
        )


def _together(x: Floats, hits: Array, fit: LogRisks, harmful: Sequence[bool]) -> float:
    """Return the share of leavers that harmful exposures explain, by Bruzzi's formula."""
    chosen = np.array([False] * (x.shape[1] - len(harmful)) + list(harmful))
    stay = np.exp(-x[:, chosen] @ fit.coefficients[chosen])
    return float(1 - hits @ stay / hits.sum())


def _counts(study: Study, name: str) -> dict[str, int]:
    exposed = study.flags[name] == 1
    return {"exposed": int(exposed.sum()), "exposed_leavers": int(study.left[exposed].sum())}


def _ratios(fit: LogRisks, judged: Sequence[str], level: float) -> pd.DataFrame:
    log = fit.coefficients[-len(judged) :]
    reach = z_value(level) * np.sqrt(np.diag(fit.covariance)[-len(judged) :])
    rr, low, high = np.exp(log), np.exp(log - reach), np.exp(log + reach)
    each = zip(rr, low, high, strict=True)
    return pd.DataFrame(
        {
            "relative_risk": rr,
            "rr_low": low,
            "rr_high": high,
            "paf": np.nan,
            "e_value": e_value(rr),
            "e_value_limit": limit_e_value(rr, low, high),
            "p": [p_of(*one, level=level) for one in each],
        },
        index=pd.Index(judged, name="exposure"),
    )
