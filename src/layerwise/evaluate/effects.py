"""Did each strategy of the plan work, and what follows: keep, adjust, stop or continue."""

import warnings
from collections.abc import Iterable
from typing import Any

import attrs
import numpy as np
import pandas as pd

from layerwise import arguments, frames, vectors
from layerwise import columns as c
from layerwise.errors import ColumnsError, EarlyLookWarning, SpecError
from layerwise.evaluate.cells import Cells
from layerwise.evaluate.comparison import compare
from layerwise.evaluate.goals import GOALS, Found, Goal, decide
from layerwise.evaluate.matched import match_arrays
from layerwise.evaluate.metrics import Metric, Ratio, as_list, columns_of, read_metrics, settle
from layerwise.evaluate.planned import ARMS, read_plan
from layerwise.evaluate.validity import MISMATCH, sample_ratio_p
from layerwise.logs import read_roster
from layerwise.rates import difference_p, holm, z_value
from layerwise.rules.base import NOT_EVALUABLE, numbers
from layerwise.saved import fits
from layerwise.vectors import Array, Column, Labels

WHOLE = "(whole plan)"
_WHAT = "the table of outcomes"
_NUMBERS = (
    "holdout_value", "treated_value", "effect", "low", "high",
    "relative", "relative_low", "relative_high", "p", "variance",
)  # fmt: skip
_COLUMNS = [
    c.STRATEGY, "metric", "method", "holdout_n", "treated_n", *_NUMBERS[:-1], "p_holm",
    "decision", "evidence", "reason",
]  # fmt: skip


@attrs.frozen(eq=False)
class _Outcomes:
    """What is read of the outcomes."""

    read: dict[str, Column]
    metrics: dict[str, Metric]
    goals: dict[str, Goal]
    n: int


@attrs.frozen(eq=False)
class _Part:
    """Rows of the plan: the customer, whether held out, and the place of the strategy."""

    names: tuple[str, ...]
    who: Array
    held: Array
    group: Array
    share: float


@attrs.frozen
class _Choices:
    """What the caller chose."""

    match: tuple[str, ...]
    bins: int
    level: float
    min_n: int


def effects(
    plan: object,
    outcomes: object,
    *,
    goals: Iterable[Goal] = GOALS,
    holdout: float = 0.1,
    control: float = 0.0,
    match: Iterable[str] = (),
    bins: int = 10,
    level: float = 0.95,
    min_n: int = 30,
    customer: str = c.CUSTOMER,
) -> pd.DataFrame:
    """Return what each strategy of a plan did, and what to do with it, a row per strategy and goal.

    Whom the plan gave a strategy is compared with whom it held out by chance, as drawn (intention
    to treat). The control group of the whole plan is left out there, and has a row of its own,
    "(whole plan)", if there is one. Columns: `strategy_id`, `metric`, `method`, `holdout_n` and
    `treated_n` (customers with known outcome), `holdout_value` and `treated_value`, `effect` with
    `low` and `high`, `relative` with its interval, `p`, `p_holm` (over all rows with a holdout),
    `decision`, `evidence` and `reason`.

    - decision: "keep" if the interval is above the least useful effect, "stop" if it is on the
      wrong side of 0, both only with p_holm below 1 - level; else "adjust" if the planned number of
      customers is reached, "continue" if not. `Goal` says what is useful and planned.
    - evidence: "strong" if drawn by chance and clear or complete, "moderate" if drawn by chance,
      "weak" without a holdout, "none" if nothing can be said.

    A strategy without a holdout is compared with customers outside of it who are alike in `match`
    and in the outcome before (`matched_difference`), where the goal names `before`. That is always
    "weak", and never enough to keep or stop: the decision is "continue", with a holdout next time.
    If the plan chose by labels that `match` holds, nobody outside is alike: "not_evaluable".

    Where the holdout is not of the planned share (p < 0.001) the decision is "not_evaluable" too.

    Ask on the planned day. Who asks every week and keeps what is clear once keeps strategies that
    have no effect; for looks before the end give the `level` of `alpha_spending`.

    Args:
        plan: What `StrategyTable.plan` returned, from before the outcomes.
        outcomes: One row per customer of the plan, and others if there are, with the goals'
            columns, in memory.
        goals: What is judged; by default those of `churned` (down), `satisfied` and `repurchased`
            (up) that the outcomes have.
        holdout: The plan's share of holdouts.
        control: The plan's share of the control group.
        match: Columns of labels or numbers of the outcomes, from before, for `matched_difference`.
        bins: As in `matched_difference`.
        level: Level of the intervals; when looking early, that of `alpha_spending`.
        min_n: Fewest customers of either arm; a strategy with fewer has no effect and continues.
        customer: Column of the ids in both tables.

    Raises:
        SpecError: A choice is not possible.
        ColumnsError: Columns are missing or of the wrong kind, or there is no goal's column.
        DataError: Ids are missing or repeat, or a share is not 0 or 1.
        EngineError: A table is lazy.

    Warns:
        RowsLeftOutWarning: Planned customers have no outcomes.
        EarlyLookWarning: Rows say keep or stop before the `planned` customers of their goal.

    Example:
        >>> import numpy as np, pandas as pd
        >>> from layerwise.strategy import StrategyTable
        >>> rng = np.random.default_rng(2)
        >>> labels = pd.DataFrame({"customer_id": range(9000), "value": "high"})
        >>> plan = StrategyTable.default().plan(labels, cap=1)
        >>> chance = np.where(plan["holdout"], 0.20, 0.26)
        >>> outcomes = labels.assign(repurchased=rng.random(9000) < chance)
        >>> goal = Goal(metric="repurchased", least=0.01)
        >>> effects(plan, outcomes, goals=[goal])[["effect", "decision", "evidence"]].round(3)
           effect decision evidence
        0   0.063     keep   strong
    """
    z_value(level)
    match = as_list(match, "match=")
    arguments.check_named({"customer=": customer})
    _check_shares(holdout, control)
    if not fits(bins, int) or bins < 1 or not fits(min_n, int) or min_n < 2:
        raise SpecError(
            "bins must be a whole number from 1, min_n one from 2.", hint="bins=10, min_n=30."
        )
    roster = read_roster(outcomes, customer=customer, what=_WHAT)
    found = _read(outcomes, goals, match)
    planned = read_plan(plan, roster, customer=customer)
    parts = []
    if planned.control.any() or control:
        who, held = planned.whole()
        none = np.zeros(len(who), dtype=np.int64)
        parts.append(_Part((WHOLE,), who, held, none, float(control)))
    free = ~planned.control
    drawn = (planned.customer[free], planned.held[free], planned.strategy[free])
    parts.append(_Part(planned.names, *drawn, float(holdout)))
    choices = _Choices(tuple(match), bins, level, min_n)
    rows = [
        row
        for part in parts
        for name, metric in found.metrics.items()
        for row in _rows(part, name, metric, found, choices)
    ]
    decided = _decided(pd.DataFrame(rows), found.goals, level)
    _tell_early(decided, found.goals)
    return decided


def _read(outcomes: object, goals: Iterable[Goal], match: list[str]) -> _Outcomes:
    frame = frames.eager(outcomes, doing="effects")
    there, asked = frames.column_names(frame), list(arguments.several(goals))
    if not asked or not all(isinstance(goal, Goal) for goal in asked):
        raise SpecError("goals must be Goal(...).", hint='Goal(metric="repurchased").')
    if asked == list(GOALS):
        asked = [goal for goal in asked if goal.metric in there]
        if not asked:
            raise ColumnsError(
                "The table of outcomes has none of the columns churned, satisfied, repurchased.",
                hint='name what is judged: goals=[Goal(metric="bought")].',
            )
    named = read_metrics([goal.metric for goal in asked])
    by_name = dict(zip(named, asked, strict=True))
    needed = {col: f"goal {name}" for name, m in named.items() for col in columns_of(m)}
    needed |= {g.before: f"goal {name}" for name, g in by_name.items() if g.before is not None}
    needed |= dict.fromkeys(match, "match=")
    arguments.require(there, needed, title="The table of outcomes lacks columns:")
    read = vectors.read(frame, needed, what=_WHAT)
    metrics = {name: settle(metric, read) for name, metric in named.items()}
    return _Outcomes(read, metrics, by_name, len(frame))


def _rows(
    part: _Part, name: str, metric: Metric, found: _Outcomes, choices: _Choices
) -> list[dict[str, Any]]:
    """Return what is known of each strategy of a part for one goal."""
    size = np.bincount(part.group, minlength=len(part.names))
    held = np.bincount(part.group[part.held], minlength=len(part.names))
    judged = _randomised(part, name, metric, found, choices) if held.any() else []
    rows = []
    for i, strategy in enumerate(part.names):
        if 0 < held[i] < size[i]:
            row = judged[i]
        elif held[i]:
            row = _nothing("nobody was to get it")
        else:
            who = part.who[part.group == i]
            row = _matched(metric, found.goals[name], who, found, choices)
        rows.append({c.STRATEGY: strategy, "metric": name} | row)
    return rows


def _randomised(
    part: _Part, name: str, metric: Metric, found: _Outcomes, choices: _Choices
) -> list[dict[str, Any]]:
    """Return treated beside held out for all strategies of a part at once, each a layer."""
    wanted = columns_of(metric)
    outcome = wanted[:2] if isinstance(metric, Ratio) else wanted[:1]
    values = np.array([numbers(found.read[col]) for col in outcome], dtype=np.float64)
    missing = np.asarray(np.isnan(values).any(axis=0))
    known = ~missing[part.who]
    who, arm, group = part.who[known], np.where(part.held, 0, 1)[known], part.group[known]
    cells = Cells(arm, group, ARMS, part.names, 0)
    shares = [part.share, 1 - part.share] if part.share else [0.5, 0.5]
    taken = {col: _take(found.read[col], who) for col in wanted}
    table = compare(name, metric, taken, cells, level=choices.level, shares=shares)[1]
    named = {"control_value": "holdout_value", "arm_value": "treated_value"}
    named |= {"control_n": "holdout_n", "arm_n": "treated_n"}
    rows = table.rename(columns=named).to_dict("records")
    cell = part.group * 2 + ~part.held
    drawn = np.bincount(cell, minlength=2 * len(part.names)).reshape(-1, 2)
    counted = np.bincount(cell[known], minlength=2 * len(part.names)).reshape(-1, 2)
    uneven = difference_p(counted[:, 0], drawn[:, 0], counted[:, 1], drawn[:, 1]) < MISMATCH
    return [
        _checked(row, drawn[i].tolist(), shares, bool(uneven[i]), choices.min_n)
        for i, row in enumerate(rows)
    ]


def _checked(
    row: dict[Any, Any], drawn: list[float], shares: list[float], uneven: bool, min_n: int
) -> dict[str, Any]:
    """Return a row with the reason why it cannot be judged, if there is one."""
    kept = ("method", "holdout_n", "treated_n", *_NUMBERS)
    result = {key: row[key] for key in kept} | {"randomised": True, "why": "", "few": False}
    if sample_ratio_p(drawn, shares) < MISMATCH:
        result["why"] = "the holdout is not of the planned share"
    elif uneven:
        result["why"] = "outcomes are missing from one arm more than from the other"
    elif min(row["holdout_n"], row["treated_n"]) < min_n:
        result |= dict.fromkeys(_NUMBERS[2:], np.nan) | {"few": True}
    elif np.isnan(row["low"]):
        result["why"] = row["note"]
    return result


def _matched(
    metric: Metric,
    goal: Goal,
    who: Array,
    found: _Outcomes,
    choices: _Choices,
) -> dict[str, Any]:
    if goal.before is None or isinstance(metric, Ratio):
        return _nothing("no holdout, and no outcome of before to compare with")
    treated = np.zeros(found.n, dtype=bool)
    treated[who] = True
    if not len(who) or treated.all():
        return _nothing("no holdout, and nobody outside to compare with")
    after, before = (
        np.asarray(numbers(found.read[col]), dtype=np.float64)
        for col in (metric.column, goal.before)
    )
    chosen = [found.read[col] for col in dict.fromkeys([goal.before, *choices.match])]
    result = match_arrays(treated, after, before, chosen, bins=choices.bins, level=choices.level)
    if not result.matched:
        return _nothing("no holdout, and nobody outside is alike")
    return {
        **dict.fromkeys(_NUMBERS, np.nan),
        "method": "matched difference-in-differences",
        "holdout_n": result.compared,
        "treated_n": result.matched,
        "effect": result.effect,
        "low": result.low,
        "high": result.high,
        "p": result.p,
        "randomised": False,
        "why": "",
        "few": False,
    }


def _nothing(why: str) -> dict[str, Any]:
    empty: dict[str, Any] = dict.fromkeys(_NUMBERS, np.nan)
    return empty | {
        "method": "",
        "holdout_n": 0,
        "treated_n": 0,
        "randomised": False,
        "why": why,
        "few": False,
    }


def _decided(table: pd.DataFrame, goals: dict[str, Goal], level: float) -> pd.DataFrame:
    """Return the rows with p adjusted over those with a holdout, and what to do."""
    if table.empty:
        return pd.DataFrame(columns=_COLUMNS)
    fair = table["randomised"].astype(bool) & (table["why"] == "")
    table["p_holm"] = holm(np.where(fair, table["p"], np.nan))
    said = [_say(row, goals, level) for row in table.to_dict("records")]
    names = ["decision", "evidence", "reason"]
    table[names] = pd.DataFrame(said, columns=names, index=table.index)
    return table[_COLUMNS]


def _say(row: dict[Any, Any], goals: dict[str, Goal], level: float) -> tuple[str, str, str]:
    if row["why"]:
        return NOT_EVALUABLE, "none", row["why"]
    if not row["randomised"]:
        return "continue", "weak", "no holdout: hold out a random share to decide"
    if row["few"]:
        return "continue", "none", "too few customers in an arm"
    found = Found(
        low=row["low"],
        high=row["high"],
        p_holm=row["p_holm"],
        variance=row["variance"],
        smaller_arm=int(min(row["holdout_n"], row["treated_n"])),
    )
    return decide(goals[row["metric"]], found, level=level)


def _tell_early(decided: pd.DataFrame, goals: dict[str, Goal]) -> None:
    """Warn of decisions before the planned number; who is told to continue knows that it is not."""
    wanted = {name: goal.planned for name, goal in goals.items() if goal.planned is not None}
    final = decided[decided["decision"].isin(["keep", "stop"])]
    smaller = final[["holdout_n", "treated_n"]].min(axis=1)
    early = smaller < final["metric"].map(wanted).astype(np.float64)  # no plan: never early
    if early.any():
        short = [
            f"{name}: {rows.min():,} of {wanted[name]:,}"
            for name, rows in smaller[early].groupby(final["metric"][early], sort=False)
        ]
        warnings.warn(
            f"{int(early.sum()):,} of {len(decided):,} rows say keep or stop with fewer customers "
            f"in the smaller arm than planned (the fewest, {'; '.join(short)}).\n"
            "Hint: wait, or use the level of alpha_spending for this look.",
            EarlyLookWarning,
            stacklevel=3,
        )


def _take(column: Column, rows: Array) -> Column:
    if isinstance(column, Labels):
        return attrs.evolve(column, codes=column.codes[rows])
    return column[rows]


def _check_shares(holdout: Any, control: Any) -> None:
    for name, share in (("holdout", holdout), ("control", control)):
        number = isinstance(share, int | float | np.number) and not isinstance(share, bool)
        if not number or not 0 <= share < 1:
            raise SpecError(f"{name} must be a share from 0 to below 1.", hint="as in the plan.")
