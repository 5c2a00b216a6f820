"""The table of warning signals: which signs are looked for, with which windows and limits."""

from collections.abc import Mapping

import attrs
import pandas as pd

from layerwise.errors import TableError, problems
from layerwise.knowledge import Schema, items, packaged, read_table

LEVELS = ("high", "medium", "low")
NUMBERS = (
    "recent_days",
    "baseline_days",
    "min_baseline",
    "ratio_limit",
    "p_limit",
    "limit",
    "last",
)
_TEXTS = ("events", "per", "column", "terms", "next_step", "term_zh", "says", "says_zh")
_WINDOWS = ("recent_days", "baseline_days")
_DROP = (*_WINDOWS, "ratio_limit", "p_limit")

CELLS: Mapping[str, tuple[str, ...]] = {
    "silence": ("p_limit",),
    "drop": ("events", *_DROP),
    "share_drop": ("events", "per", *_DROP),
    "category_drop": ("events", "column", *_DROP),
    "terms": ("events", "column", "terms", "recent_days"),
    "new_words": ("events", "column", "limit", *_WINDOWS),
    "any": ("recent_days",),
    "low_score": ("column", "limit", "recent_days"),
    "no_open": ("column", "last"),
    "unresolved": ("events", "per", "limit", "recent_days"),
    "late": ("last", "recent_days"),
    "wait": ("column", "limit", "recent_days"),
    "price_gap": ("ratio_limit", "recent_days"),
}
"""Kind of rule -> the cells that a row of that kind must fill."""

INPUTS: Mapping[str, tuple[str, ...]] = {
    "silence": ("customers",),
    "category_drop": ("orders;events",),
    "low_score": ("feedback",),
    "no_open": ("messages",),
    "late": ("deliveries",),
    "wait": ("tickets",),
    "price_gap": ("orders;prices",),
    "any": ("events", "consent", "messages", "tickets", "feedback"),
}
"""Kind of rule -> the logs it may read; the others read events."""

SCHEMA = Schema(
    what="the warning table",
    file="warning_signals.csv",
    filled=("signal", "level", "rule", "input"),
    optional=(*_TEXTS, *NUMBERS),
    choices={"level": LEVELS, "rule": tuple(CELLS)},
    numbers=NUMBERS,
)


@attrs.frozen(kw_only=True)
class Sign:
    """One row of the table, read; numbers that are not filled are None."""

    id: str
    level: str
    rule: str
    input: tuple[str, ...]
    events: tuple[str, ...]
    per: tuple[str, ...]
    column: str
    terms: tuple[str, ...]
    numbers: Mapping[str, float]

    def number(self, name: str) -> float:
        """Return a number, 0 where the cell is empty."""
        return self.numbers.get(name, 0.0)

    def days(self, name: str) -> int:
        """Return a number of whole days."""
        return int(self.number(name))


def warning_table() -> pd.DataFrame:
    """Return the packaged table of warning signals, to read or to edit; each call a new copy.

    One row a signal, all cells texts. What each cell means:

    - `id`, `signal`, `term_zh`: the name, in English and Chinese; `says`, `says_zh`: the rule in a
      sentence; `basis`, `source`: where it comes from.
    - `level`: "high", "medium" or "low", what a flag weighs; `next_step`: the strategy that answers
      it; several with semicolons between.
    - `rule`: the kind of rule, one of those that `early_warning` names; `input`: the log it reads.
    - `events`: event types; `per`: the types they are counted against ("share_drop") or that settle
      them ("unresolved"); `column`: the column that is read; `terms`: words that are looked for.
    - `recent_days`: the window up to as_of; `baseline_days`: the one before it; `min_baseline`: the
      fewest events (searches, opens) of the baseline that allow a judgement.
    - `ratio_limit`, `p_limit`, `limit`, `last`: the limits of ratio, p-value, value, and how many
      last messages or deliveries count.

    Example:
        >>> table = warning_table()
        >>> table.loc[table["rule"] == "wait", ["id", "limit", "level"]]
                       id limit   level
        16  slow_response     1  medium
        17   slow_service     7  medium
    """
    return packaged(SCHEMA)


def read_signs(table: object) -> tuple[pd.DataFrame, tuple[Sign, ...]]:
    """Return a table of warning signals and its rows, read.

    Raises:
        TableError: With every problem and its row.
    """
    frame = read_table(table, SCHEMA)
    rows = [{str(k): v for k, v in row.items()} for row in frame.to_dict("records")]
    wrong = [f"row {i}: {text}" for i, row in enumerate(rows, 1) for text in _faults(row)]
    if wrong:
        raise TableError(
            problems("The warning table cannot be used:", wrong),
            hint="help(layerwise.churn.warning_table) says what each cell means.",
        )
    return frame, tuple(_sign(row) for row in rows)


def _faults(row: Mapping[str, str]) -> list[str]:
    rule = row["rule"]
    wrong = [f"rule {rule} needs {name}" for name in CELLS[rule] if not row[name]]
    if row["input"] not in INPUTS.get(rule, ("events",)):
        wrong.append(f"rule {rule} reads {' or '.join(INPUTS.get(rule, ('events',)))}")
    whole = (*_WINDOWS, "last")
    wrong += [
        f"{name} must be a whole number above 0"
        for name in whole
        if row[name] and not (float(row[name]) >= 1 and float(row[name]).is_integer())
    ]
    if row["p_limit"] and not 0 < float(row["p_limit"]) <= 1:
        wrong.append("p_limit must be above 0 and at most 1")
    least = ("min_baseline", "ratio_limit", "limit")
    return wrong + [f"{n} must not be below 0" for n in least if row[n] and float(row[n]) < 0]


def _sign(row: Mapping[str, str]) -> Sign:
    return Sign(
        id=row["id"],
        level=row["level"],
        rule=row["rule"],
        column=row["column"],
        input=items(row["input"]),
        events=items(row["events"]),
        per=items(row["per"]),
        terms=items(row["terms"]),
        numbers={name: float(row[name]) for name in NUMBERS if row[name]},
    )
