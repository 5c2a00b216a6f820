"""What cause ranking reads: who left, who was exposed to what, before, and in which stratum."""

from collections.abc import Mapping, Sequence
from typing import Any

import attrs
import numpy as np
import pandas as pd

from layerwise import arguments, frames
from layerwise.arguments import is_several
from layerwise.churn.cause_table import SCHEMA
from layerwise.churn.flags import read_flags
from layerwise.churn.outcome import read_outcome
from layerwise.churn.segments import Segments, cross, read_segments
from layerwise.errors import SpecError
from layerwise.knowledge import read_table
from layerwise.orders.dates import read_times
from layerwise.orders.request import make_request, moment
from layerwise.orders.table import column
from layerwise.vectors import Array, Floats

Exposures = Sequence[str] | Mapping[str, str]

FEW_EXPOSED, FEW_LEAVERS = 20, 5


@attrs.frozen(kw_only=True, eq=False)
class Study:
    """Customers with a known outcome.

    Attributes:
        left: Who left, as 1 and 0.
        flags: By exposure column, sorted by name: who was exposed, as 1 and 0, NaN unknown.
        strata: The stratum of each customer; one for all where none was asked for.
        meta: By exposure column: cause_id, cause, term_zh, level and remedies of the cause table.
        refused: Exposures that cannot be judged before anything is counted -> the reason.
        left_out: Customers without an outcome.
    """

    left: Floats
    flags: dict[str, Floats]
    strata: Segments
    meta: pd.DataFrame
    refused: dict[str, str]
    left_out: int

    def cells(self, name: str) -> Array:
        """Return the customers by stratum, exposed and left, without those of unknown exposure."""
        flag = self.flags[name]
        known = ~np.isnan(flag)
        code = (self.strata.codes * 4 + 2 * np.where(known, flag, 0) + self.left).astype(np.int64)
        counts: Array = np.bincount(code[known], minlength=4 * len(self.strata))
        return counts.reshape(-1, 2, 2)

    def why_not(self, name: str, cells: Array) -> str:
        """Return why an exposure cannot be judged, or nothing."""
        (stay0, left0), (stay1, left1) = cells.sum(0).tolist()
        exposed, unexposed = stay1 + left1, stay0 + left0
        if name in self.refused:
            return self.refused[name]
        if exposed and not unexposed:
            return f"everybody is exposed, so nobody compares: {_ASK_INSTEAD}"
        for what, n, least in [
            ("customers exposed", exposed, FEW_EXPOSED),
            ("customers not exposed", unexposed, FEW_EXPOSED),
            ("exposed leavers", left1, FEW_LEAVERS),
            ("leavers not exposed", left0, FEW_LEAVERS),
        ]:
            if n < least:
                return f"{n:,} {what}, fewer than {least}"
        both = cells[(cells.sum(2) > 0).all(1)]  # strata that can compare
        if not both[:, 1, 1].any() or not both[:, 0, 1].any():
            return "no strata hold leavers with and without the exposure together"
        return ""


_ASK_INSTEAD = "ask leavers (survey shares) or compare before and after (a series)"


def read_study(
    customers: object,
    *,
    outcome: str,
    exposures: Exposures,
    strata: str | Sequence[str],
    outcome_start: Any,
    exposure_end: Any,
    exposure_dates: Mapping[str, str] | None,
    table: object,
    doing: str,
) -> Study:
    """Return what cause ranking needs of a customer table; see `rank_causes`."""
    causes = _causes(exposures)
    ways = _ways(strata)
    dates = _dates(exposure_dates, causes)
    _check_names([outcome, *causes, *ways])
    meta = _meta(causes, read_table(table, SCHEMA))
    frame = frames.eager(customers, doing=doing)
    needs = {outcome: "outcome="} | dict.fromkeys(causes, "exposures=")
    needs |= dict.fromkeys(ways, "strata=") | dict.fromkeys(dates.values(), "exposure_dates=")
    arguments.require(frames.column_names(frame), needs, title="The customer table lacks columns:")
    flags = read_flags(frame, causes)
    refused = _brand(meta) | _overlaps(
        frame, flags, outcome_start=outcome_start, ends=exposure_end, dates=dates
    )
    left, known = read_outcome(frame, outcome, stacklevel=4)
    return Study(
        left=left,
        flags={name: flags[name][known] for name in causes},
        strata=_strata(frame, ways, known),
        meta=meta,
        refused=refused,
        left_out=len(known) - len(left),
    )


def _causes(exposures: Any) -> dict[str, str]:
    """Return the exposure columns, sorted, and the cause each stands for."""
    if isinstance(exposures, Mapping):
        given = dict(exposures)
    elif is_several(exposures) and all(isinstance(name, str) for name in exposures):
        given = {name: name for name in exposures}
        if len(given) < len(exposures):
            given = {}
    else:
        given = {}
    if not given or not all(isinstance(t, str) for pair in given.items() for t in pair):
        raise SpecError(
            "exposures must name columns of the customer table, each once.",
            hint='exposures=["delivery_late"], or {"late": "delivery_late"} where the column is '
            "not called like the cause of the cause table.",
        )
    return dict(sorted(given.items()))


def _ways(strata: Any) -> list[str]:
    found = [strata] if isinstance(strata, str) else strata
    if not isinstance(found, list | tuple):
        raise SpecError(
            "strata must be a column or a list of columns.",
            hint='strata="tier", or strata=["tier", "frequency"].',
        )
    return list(found)


def _dates(dates: Any, causes: Mapping[str, str]) -> dict[str, str]:
    given = {} if dates is None else dates
    if not isinstance(given, Mapping) or not all(isinstance(v, str) for v in given.values()):
        raise SpecError(
            "exposure_dates must map exposures to columns of dates.",
            hint='give {exposure column: date column}, e.g. {"late": "late_at"}.',
        )
    if odd := sorted(str(name) for name in given if name not in causes):
        raise SpecError(
            f"exposure_dates names columns that are no exposures: {', '.join(odd)}.",
            hint='give {exposure column: date column}, e.g. {"late": "late_at"}.',
        )
    return dict(given)


def _check_names(names: list[Any]) -> None:
    if not all(isinstance(n, str) for n in names) or len(set(names)) < len(names):
        raise SpecError(
            "outcome, exposures and strata must be different columns.",
            hint="an exposure cannot be its own stratum, nor the outcome a cause.",
        )


def _meta(causes: Mapping[str, str], table: pd.DataFrame) -> pd.DataFrame:
    """Return what the cause table says of each exposure; a column of another name stands alone."""
    rows = table.set_index("id")
    renamed = [cause for name, cause in causes.items() if name != cause]
    if unknown := sorted({cause for cause in renamed if cause not in rows.index}):
        raise SpecError(
            f"The cause table has no cause {', '.join(unknown)}.",
            hint="cause_table()['id'] lists them; table= takes your own.",
        )
    found = rows.reindex(list(causes.values()))
    known = found["cause"].notna().to_numpy()
    named_zh = found["term_zh"].where(found["term_zh"] != "", found["cause"])
    return pd.DataFrame(
        {
            "cause_id": np.where(known, list(causes.values()), ""),
            "cause": np.where(known, found["cause"], list(causes)),
            "term_zh": np.where(known, named_zh, list(causes)),
            "level": np.where(known, found["level"], "user"),
            "remedies": np.where(known, found["remedy_strategies"], ""),
        },
        index=pd.Index(list(causes), name="exposure"),
        dtype=object,
    )


def _brand(meta: pd.DataFrame) -> dict[str, str]:
    names = meta.index[meta["level"] == "brand"]
    text = f"level = brand strikes everybody, so nobody compares: {_ASK_INSTEAD}"
    return dict.fromkeys(names, text)


def _overlaps(
    frame: Any,
    flags: Mapping[str, Floats],
    *,
    outcome_start: Any,
    ends: Any,
    dates: Mapping[str, str],
) -> dict[str, str]:
    """Return the exposures that reach into the outcome window."""
    request = make_request()
    start = moment(outcome_start, name="outcome_start", request=request)
    undated = [name for name in flags if name not in dates]
    given = dict(ends) if isinstance(ends, Mapping) else dict.fromkeys(undated, ends)
    if lacking := [name for name in undated if given.get(name) is None]:
        raise SpecError(
            f"Nothing says when these exposures ended: {', '.join(lacking)}.",
            hint="exposure_end= is the last day that exposures were read from; or name the date "
            "column of each in exposure_dates=.",
        )
    last = {n: moment(given[n], name="exposure_end", request=request) for n in undated}
    late = [name for name in undated if last[name] >= start]
    if late and not isinstance(ends, Mapping):
        raise SpecError(
            "Exposures were read up to the outcome window or into it, so what looks like a cause "
            "may be an effect.",
            hint="exposure_end must be a day before outcome_start.",
        )
    text = "the exposure window does not end before the outcome window begins"
    return dict.fromkeys(late, text) | _dated(frame, flags, start, dates)


def _dated(
    frame: Any, flags: Mapping[str, Floats], start: int, dates: Mapping[str, str]
) -> dict[str, str]:
    found = {}
    for name, date in dates.items():
        request = make_request(time=date, customer=f"not {date}")
        times = read_times(column(frame.to_native(), date), request)
        exposed = flags[name] == 1
        missing = np.zeros(len(exposed), bool) if times.missing is None else times.missing
        late, undated = exposed & ~missing & (times.number >= start), exposed & missing
        if late.any():
            found[name] = f"{late.sum():,} exposures are dated after the outcome window began"
        elif undated.any():
            found[name] = f"{undated.sum():,} exposures have no date, so they may be late"
    return found


def _strata(frame: Any, ways: Sequence[str], known: Array) -> Segments:
    strata = Segments("", np.zeros(int(known.sum()), dtype=np.int64), ("everybody",))
    for i, name in enumerate(sorted(ways)):
        way = read_segments(frame, name).take(known)
        strata = cross(strata, way) if i else way
    return strata
