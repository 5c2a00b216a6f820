"""Whether it is time to fit layers and models anew, and why."""

from typing import Any

import attrs
import pandas as pd

from layerwise import frames
from layerwise.errors import ColumnsError, SpecError
from layerwise.evaluate.calibration_drift import MISCALIBRATED, CalibrationDrift
from layerwise.evaluate.drift import DRIFT
from layerwise.evaluate.rate_series import day_of
from layerwise.rules.base import NOT_EVALUABLE
from layerwise.saved import fits

REFIT_DUE, NOT_DUE = "refit_due", "not_due"
_SURE = 0.05


@attrs.frozen(kw_only=True)
class RefitVerdict:
    """Whether to fit anew.

    Attributes:
        verdict: "refit_due" with one reason or more, "not_due" with none, "not_evaluable" where
            nothing could be judged.
        reasons: Why it is due, with the numbers compared.
        not_judged: What could not be judged, and why.
    """

    verdict: str
    reasons: tuple[str, ...]
    not_judged: tuple[str, ...]

    def to_frame(self) -> pd.DataFrame:
        """Return a row a reason (`kind` "reason") and a row for what was not judged."""
        rows = [("reason", text) for text in self.reasons]
        rows += [("not_judged", text) for text in self.not_judged]
        return pd.DataFrame(rows, columns=["kind", "text"])


def refit_due(
    *,
    as_of: Any,
    fitted_as_of: Any = None,
    calibration: CalibrationDrift | None = None,
    drift: Any = None,
    max_age_days: int = 180,
) -> RefitVerdict:
    """Return whether a fit should be made anew, with the reasons.

    Reasons are: the whole interval of the calibration slope lies outside of 0.8 to 1.2; the Brier
    score is worse than saying the base rate of everybody; columns drift, also when allowed for all
    columns at once (q of 0.05 or less); the fit is older than `max_age_days`. What is not given, or
    could not be judged, is listed and is no reason.

    Args:
        as_of: The day of the question.
        fitted_as_of: `as_of` of the fit.
        calibration: What `calibration_drift` returned.
        drift: What `drift` returned.
        max_age_days: Older fits are due.

    Raises:
        ColumnsError: `drift` is not what `drift` returns.
        SpecError: The fit is later than as_of, or a choice is not possible.

    Example:
        >>> found = refit_due(as_of="2024-12-31", fitted_as_of="2024-03-31")
        >>> found.verdict, found.reasons
        ('refit_due', ('the fit is 275 days old, more than 180',))
        >>> found.not_judged
        ('calibration: not given', 'drift of columns: not given')
    """
    if not fits(max_age_days, int) or max_age_days < 1:
        raise SpecError(
            f"max_age_days must be a whole number from 1 up, got {max_age_days!r:.40}.",
            hint="max_age_days=180 is half a year.",
        )
    if calibration is not None and not isinstance(calibration, CalibrationDrift):
        raise SpecError(
            f"calibration= is a {type(calibration).__name__}, not what calibration_drift returns.",
            hint="calibration_drift(customers, probability=...).",
        )
    found = [
        _of_calibration(calibration),
        _of_drift(drift),
        _of_age(fitted_as_of, as_of, max_age_days),
    ]
    reasons = tuple(text for why, _ in found for text in why)
    blind = tuple(text for _, cannot in found for text in cannot)
    judged = any(not cannot for _, cannot in found)
    verdict = REFIT_DUE if reasons else NOT_DUE if judged else NOT_EVALUABLE
    return RefitVerdict(verdict=verdict, reasons=reasons, not_judged=blind)


_Found = tuple[list[str], list[str]]


def _of_calibration(found: CalibrationDrift | None) -> _Found:
    if found is None:
        return [], ["calibration: not given"]
    why, cannot = [], []
    if found.verdict == MISCALIBRATED:
        why.append(f"calibration: {found.reason}")
    if found.verdict == NOT_EVALUABLE:
        cannot.append(f"calibration slope: {found.reason}")
    if found.brier > found.brier_base:
        why.append(
            f"Brier score {found.brier:.3f} is worse than the base rate's {found.brier_base:.3f}"
        )
    return why, cannot


def _of_drift(table: Any) -> _Found:
    if table is None:
        return [], ["drift of columns: not given"]
    frames.wrap(table, what="the drift table")
    found: pd.DataFrame = frames.eager(table, doing="refit_due").to_pandas()
    lacking = [n for n in ("column", "psi", "limit", "q", "verdict") if n not in found]
    if lacking:
        raise ColumnsError(
            f"The drift table lacks columns: {', '.join(lacking)}.",
            hint="give what drift(reference, current) returned.",
        )
    odd = [n for n in ("psi", "limit", "q") if not pd.api.types.is_numeric_dtype(found[n].dtype)]
    if odd:
        raise ColumnsError(
            f"Columns of the drift table hold no numbers: {', '.join(odd)}.",
            hint="give what drift(reference, current) returned, unchanged.",
        )
    moved = found[(found["verdict"] == DRIFT) & (found["q"] <= _SURE)]
    why = [
        f"{row.column} drifts: PSI {row.psi:.2f}, limit {row.limit:.2f}"
        for row in moved.sort_values("psi", ascending=False).itertuples()
    ]
    blind = int((found["verdict"] == NOT_EVALUABLE).sum())
    cannot = [f"drift of {blind:,} of {len(found):,} columns: not_evaluable"] if blind else []
    return why, cannot


def _of_age(fitted: Any, as_of: Any, most: int) -> _Found:
    now = day_of(as_of, "as_of")
    if fitted is None:
        return [], ["age of the fit: not given"]
    age = now - day_of(fitted, "fitted_as_of")
    if age < 0:
        raise SpecError(
            "fitted_as_of is later than as_of.", hint="as_of is the day of the question."
        )
    return ([f"the fit is {age:,} days old, more than {most:,}"] if age > most else []), []
