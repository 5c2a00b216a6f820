"""The parts of a report as its sections read them: tables as pandas frames, checked."""

from collections.abc import Mapping
from datetime import date
from typing import Any

import numpy as np
import pandas as pd

from layerwise import columns as c
from layerwise import frames, odd_cells
from layerwise.at_once import Overview
from layerwise.churn import Causes, ChurnGroups, Warnings
from layerwise.columns import PERIOD_END
from layerwise.errors import ColumnsError, DataError, problems
from layerwise.evaluate import Migration, Monitoring, RefitVerdict
from layerwise.privacy import RunRecord
from layerwise.report import doing_sections, figures_sections
from layerwise.scorecard import Scorecard

CLASSES: dict[str, type] = {
    "overview": Overview,
    "scorecard": Scorecard,
    "warnings": Warnings,
    "groups": ChurnGroups,
    "causes": Causes,
    "monitoring": Monitoring,
    "refit": RefitVerdict,
}
_TABLES: dict[str, tuple[str, ...]] = {
    "risk": (),
    "impact": ("line", "impact", "amount", "unit", "kind", "computable", "missing", "horizon_days"),
    "plan": (c.CUSTOMER, c.STRATEGY, c.ACTION, c.OWNER, c.HOLDOUT),
    "effects": doing_sections.EFFECT_COLUMNS,
    "migration": doing_sections.MIGRATION_COLUMNS,
    "kpis": ("kpi", PERIOD_END, "segment", "value", "numerator", "denominator", "low", "high"),
    "drift": ("column", "psi", "limit", "verdict"),
    "privacy": figures_sections.PRIVACY_COLUMNS,
}
_EFFECTS = {"treated_n": "treated", "holdout_n": "control", "decision": "verdict"}
"""Columns of `layerwise.evaluate.effects` -> those of a plain table of effects."""

_COUNTS = {"effects": ("treated", "control"), "migration": ("customers",)}
_NUMBERS = {
    "effects": ("treated", "control", "effect", "low", "high"),
    "migration": ("customers",),
    "impact": ("amount", "horizon_days"),
    "kpis": ("value", "numerator", "denominator", "low", "high"),
    "drift": ("psi", "limit"),
}
_MOST = 1e15
"""Figures above it are no whole numbers any more, let alone of a shop."""
_READ = {*c.PLAN, c.CUSTOMER, "metric", "decision", "evidence", "layer", "from", "to"} | {
    *("kpi", "segment", "column", "verdict", "line", "impact", "unit", "kind", "computable"),
    *("missing", PERIOD_END),
}
"""Columns of tables that are read cell by cell; a cell is one text, number or flag."""
_TEXTS = {
    "impact": ("line", "impact", "unit", "kind"),
    "plan": (c.STRATEGY,),
    "effects": (c.STRATEGY, "verdict"),
    "kpis": ("kpi",),
    "drift": ("column", "verdict"),
}


def read_parts(given: Mapping[str, Any]) -> dict[str, Any]:
    """Return the parts that are given, tables as pandas frames with the columns that they need.

    Raises:
        ColumnsError: A table lacks columns, or numbers in it are text.
        DataError: A number of customers is negative, missing or not whole.
        EngineError: A table is no dataframe in memory.
    """
    parts = {name: value for name, value in given.items() if value is not None}
    if isinstance(parts.get("privacy"), Mapping | RunRecord):
        return parts | {n: _table(n, parts[n]) for n in _TABLES if n in parts and n != "privacy"}
    return parts | {name: _table(name, parts[name]) for name in _TABLES if name in parts}


def _table(name: str, value: Any) -> pd.DataFrame:
    given = _last_moves(value) if isinstance(value, Migration) else value
    frames.wrap(given, what=f"{name}=")
    found: pd.DataFrame = frames.eager(given, doing="report").to_pandas()
    for column in sorted(_READ & set(found)):
        odd_cells.distinct(found[column], f"The table {name}=: column {column}")
    if name == "effects" and {*_EFFECTS, c.STRATEGY, "metric"} <= set(found):
        goals = found[c.STRATEGY].astype(str) + ": " + found["metric"].astype(str)
        found = found.drop(columns=c.STRATEGY).rename(columns=_EFFECTS)
        found = found.assign(strategy_id=goals)
    lacking = [column for column in _TABLES[name] if column not in found]
    if lacking:
        raise ColumnsError(
            f"The table {name}= lacks columns: {', '.join(lacking)}.",
            hint=f"it needs {', '.join(_TABLES[name])}.",
        )
    _check_numbers(name, found)
    _check_texts(name, found)
    # nullable and Arrow numbers as those of numpy
    plain: dict[str, Any] = {
        column: found[column].to_numpy(dtype="float64", na_value=np.nan)
        for column in _NUMBERS.get(name, ())
        if len(found)
    }
    found = found.assign(**plain)
    if infinite := int((np.abs(found[list(plain)].to_numpy(dtype="float64")) > _MOST).sum()):
        raise DataError(
            f"The table {name}= holds {infinite:,} infinite numbers, or too large ones.",
            hint="make them missing (NaN) or correct them.",
        )
    return found.reset_index(drop=True)


def _last_moves(found: Migration) -> pd.DataFrame:
    """Return who moved between the last two dates, of those who are in both."""
    names = list(found.names)
    rows = found.moves[found.moves["to_date"] == found.moves["to_date"].max()]
    both = rows[rows["before"].isin(names) & rows["after"].isin(names)]
    moved: pd.DataFrame = both.rename(columns={"before": "from", "after": "to"})
    return moved.assign(layer=found.label)


def _check_numbers(name: str, found: pd.DataFrame) -> None:
    """Refuse numbers that are text, and counts of customers that are negative or missing."""
    text = [
        column
        for column in _NUMBERS.get(name, ())
        if len(found) and not _holds_numbers(found[column])
    ]
    if text:
        raise ColumnsError(
            f"The table {name}= has columns that hold no numbers: {', '.join(text)}.",
            hint="convert them with pandas.to_numeric.",
        )
    for column in _COUNTS.get(name, ()):
        counts = found[column].astype("float64")
        known = counts.dropna() if name == "effects" else counts
        wrong = int((~(known >= 0) | (known % 1 != 0)).sum())
        if wrong:
            raise DataError(
                f"{column} of {name}= is no number of customers in {wrong:,} of "
                f"{len(found):,} rows.",
                hint="counts are whole numbers from 0 up; leave out rows without one.",
            )


def _holds_numbers(column: pd.Series) -> bool:
    kinds = pd.api.types
    return kinds.is_numeric_dtype(column) and not kinds.is_complex_dtype(column)


def _check_texts(name: str, found: pd.DataFrame) -> None:
    """Refuse cells that must be text and are not, and lines of which it is not known what holds."""
    odd = [
        f"{column}: {wrong:,} of {len(found):,} rows"
        for column in _TEXTS.get(name, ())
        if (wrong := sum(not isinstance(value, str) for value in found[column]))
    ]
    for column in ("computable",) if name == "impact" else ():
        known = [isinstance(value, bool | np.bool_) for value in found[column]]
        odd += [] if all(known) else [f"{column}: {known.count(False):,} are not true or false"]
    ends = found[PERIOD_END].dropna() if name == "kpis" else ()
    kinds = {str if isinstance(v, str) else date if isinstance(v, date) else None for v in ends}
    if None in kinds or len(kinds) > 1:
        odd.append(f"{PERIOD_END}: neither all dates nor all text")
    if odd:
        raise ColumnsError(
            problems(f"The table {name}= has cells that are no text where text is needed:", odd),
            hint="give the table as the function of that name returned it.",
        )
