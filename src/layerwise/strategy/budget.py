"""Which rows of a plan a budget pays for: the greatest expected gain per cost first."""

import math
from collections.abc import Mapping
from typing import Any

import attrs
import numpy as np
import pandas as pd
from narwhals.stable.v2.typing import IntoDataFrameT
from numpy.typing import NDArray

from layerwise import columns as c
from layerwise import vectors
from layerwise.brief import in_brief
from layerwise.errors import ColumnsError, DataError, SpecError
from layerwise.orders.amounts import MOST_MONEY
from layerwise.strategy import holdout
from layerwise.strategy import status as st

Amounts = str | Mapping[str, float] | float
Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

UNIT = 1_000_000
"""Costs are added up in millionths, as whole numbers, so that ten times 0.1 is 1."""

_INT64 = 9 * 10**18
_TIES = "\x1fbudget"
_ROLE = "spend_budget"


@attrs.frozen(kw_only=True, eq=False)
class Budgeted:
    """What a budget buys of a plan.

    Attributes:
        plan: The plan with `cost`, `expected_gain` and `status`: send, held_out (by chance, and
            the money would have reached), over_budget, no_gain (nothing expected of it),
            not_evaluable (gain unknown), or the status from before.
        budget: What could be spent.
        spent: What the rows to send cost, never above the budget.
        gain: Gain expected of the rows to send.
        gain_cut: Gain expected of the rows that are over budget.
        line: Least gain per cost that was bought, missing if nothing was.
        strategies: One row a strategy: `owner`, `send`, `cost`, `expected_gain`, and of what was
            cut `over_budget` (rows), `cost_cut`, `gain_cut`; the most spent first.
    """

    plan: Any
    budget: float
    spent: float
    gain: float
    gain_cut: float
    line: float
    strategies: pd.DataFrame

    __repr__ = in_brief

    def __str__(self) -> str:
        return (
            f"{self.spent:,.2f} of {self.budget:,.2f} spent, {self.gain:,.2f} gain expected; "
            f"{self.gain_cut:,.2f} not paid for\n{self.strategies.to_string(index=False)}"
        )


def spend_budget(
    plan: IntoDataFrameT,
    *,
    budget: float,
    cost: Amounts,
    gain: Amounts,
    customer: str = c.CUSTOMER,
    salt: str = "layerwise",
) -> Budgeted:
    """Return the plan with the rows that a budget pays for, by expected gain per cost.

    Rows are taken from the greatest gain per cost down; one that no longer fits is passed over for
    cheaper ones. Against the best choice there is this loses less than the gain of the first row
    that did not fit (Dantzig 1957, Operations Research 5(2): the bound of the knapsack).
    Equal rows go by a draw, not by id. Conflicts, such as two price incentives, were resolved when
    the plan was made.

    Args:
        plan: What `StrategyTable.plan` or `contact_rules` returned; only rows that may be sent are
            paid for. Duties are done in any case and cost the budget nothing.
        budget: Amount that may be spent, in the currency of costs and gains.
        cost: Cost of a row: one number, a mapping strategy_id -> number that has every strategy of
            the plan, or the name of a column of the plan, one number a row (6 decimals count).
        gain: Gain expected of a row, likewise, before its cost. A missing number is not_evaluable.
        customer: Column of the customer's id.
        salt: Text that sets the draws apart.

    Returns:
        A `Budgeted`: the plan with status, what was spent, and what was cut by strategy.

    Raises:
        ColumnsError: A column is missing or holds no numbers.
        DataError: A cost is negative or missing, or a number infinite.
        SpecError: The budget or another choice is not possible.
        EngineError: The frame is not in memory.

    Example:
        >>> from layerwise.strategy import StrategyTable
        >>> customers = pd.DataFrame({"customer_id": [1, 2, 3], "value": ["high", "low", "low"]})
        >>> plan = StrategyTable.default().plan(customers, holdout=0)
        >>> bought = spend_budget(
        ...     plan, budget=6, cost={"val_high_care": 5, "val_low_entry": 1},
        ...     gain={"val_high_care": 20, "val_low_entry": 2},
        ... )
        >>> bought.spent, bought.gain, bought.gain_cut
        (6.0, 22.0, 2.0)
    """
    money = _budget(budget)
    frame = st.plan_frame(plan, _ROLE)
    status = st.read_status(frame, _ROLE)
    costs, gains = _amounts(frame, cost, "cost"), _amounts(frame, gain, "gain")
    duty = st.duties(frame, _ROLE)
    costs, gains = np.where(duty, 0.0, costs), np.where(duty, 0.0, gains)
    _check(costs, gains)
    asked = (status <= st.WORDS.index(st.HELD_OUT)) & ~duty
    status = np.where(asked & np.isnan(gains), st.WORDS.index(st.UNKNOWN), status)
    status = np.where(asked & (gains <= 0), st.WORDS.index(st.NO_GAIN), status)
    rows = np.flatnonzero(asked & (gains > 0))
    order = rows[_order(frame, rows, costs[rows], gains[rows], customer, salt)]
    paid = _pay(_whole(costs[order]), status[order] == st.WORDS.index(st.HELD_OUT), money)
    status[order[~paid]] = st.WORDS.index(st.OVER_BUDGET)
    return _result(frame, status, costs, gains, asked, money / UNIT)


def _order(
    frame: Any, rows: NDArray[np.intp], costs: Floats, gains: Floats, customer: str, salt: str
) -> NDArray[np.intp]:
    """Return the best first: by gain per cost, then by the customer's draw, then by rank."""
    who, ids = st.customers(frame, customer, _ROLE)
    draws = holdout.draws(ids.to_list(), _TIES, salt=salt)
    with np.errstate(divide="ignore", over="ignore"):
        ratio = gains / costs
    strategy = st.texts(frame, c.STRATEGY, _ROLE)
    place = np.argsort(np.argsort(strategy.categories.to_numpy(dtype=str)))
    name = np.append(place, -1)[strategy.codes]
    rank = st.ranks(frame, _ROLE)
    return np.lexsort((name[rows], rank[rows], draws[who[rows]], -ratio))


def _pay(costs: NDArray[np.int64], held: Bools, money: int) -> Bools:
    """Return which rows, the best first, are paid for; a held-out row is if money was left there.

    Each round takes the longest run that fits and drops what has become too dear.
    """
    price = np.where(held, 0, costs)
    paid = np.zeros(len(costs), dtype=bool)
    left, waiting = money, np.arange(len(costs))
    while len(waiting := waiting[price[waiting] <= left]):
        sure = max(_INT64 // max(int(price[waiting].max()), 1), 1)  # sums of so many cannot wrap
        total = np.cumsum(price[waiting[:sure]])
        fits = int(np.searchsorted(total, left, side="right"))
        paid[waiting[:fits]] = True
        left -= int(total[fits - 1])
        waiting = waiting[fits:]
    spent = np.where(paid, price, 0)
    reached: Bools = paid & (~held | (costs <= money - (np.cumsum(spent) - spent)))
    return reached


def _result(
    frame: Any,
    status: NDArray[np.int64],
    costs: Floats,
    gains: Floats,
    asked: Bools,
    budget: float,
) -> Budgeted:
    sent = asked & (status == st.WORDS.index(st.SEND))
    cut = asked & (status == st.WORDS.index(st.OVER_BUDGET))
    with np.errstate(divide="ignore", over="ignore"):
        ratio = gains[sent] / costs[sent]
    return Budgeted(
        plan=st.with_status(frame, status, **{c.COST: costs, c.EXPECTED_GAIN: gains}),
        budget=budget,
        spent=int(_whole(costs[sent]).sum()) / UNIT,
        gain=math.fsum(gains[sent]),
        gain_cut=math.fsum(gains[cut]),
        line=float(ratio.min()) if len(ratio) else float("nan"),
        strategies=_by_strategy(frame, sent, cut, costs, gains),
    )


def _by_strategy(frame: Any, sent: Bools, cut: Bools, costs: Floats, gains: Floats) -> pd.DataFrame:
    names = (c.STRATEGY, c.OWNER)
    keys = {name: st.texts(frame, name, _ROLE).astype(object) for name in names}
    known = np.nan_to_num(gains)
    table = pd.DataFrame(
        {
            **keys,
            "send": sent.astype(int),
            c.COST: np.where(sent, costs, 0.0),
            c.EXPECTED_GAIN: np.where(sent, known, 0.0),
            "over_budget": cut.astype(int),
            "cost_cut": np.where(cut, costs, 0.0),
            "gain_cut": np.where(cut, known, 0.0),
        }
    )
    out = table.groupby(list(names), as_index=False, sort=True, dropna=False).sum()
    return out.sort_values([c.COST, c.STRATEGY], ascending=[False, True], ignore_index=True)


def _amounts(frame: Any, given: Any, name: str) -> Floats:
    """Return one number a row, from a column, a mapping by strategy, or one number for all."""
    if isinstance(given, str):
        if given not in frame.columns:
            raise ColumnsError(
                f"The plan has no column {given!r}, needed as {name}.",
                hint=f"merge it to the plan, or map strategies to numbers: {name}={{...}}.",
            )
        found = vectors.read(frame, [given], what="the plan")[given]
        if not isinstance(found, np.ndarray):
            raise ColumnsError(f"Column {given!r} holds no numbers.", hint=f"{name} is an amount.")
        return found.astype(np.float64)
    if isinstance(given, Mapping):
        return _by_id(frame, given, name)
    return np.full(len(frame), _number(given, name))


def _by_id(frame: Any, given: Mapping[str, float], name: str) -> Floats:
    strategy = st.texts(frame, c.STRATEGY, _ROLE)
    theme = st.duties(frame, _ROLE)
    used = np.bincount(strategy.codes[~theme], minlength=len(strategy.categories)) > 0
    lacking = [
        x for x, use in zip(strategy.categories, used, strict=True) if use and x not in given
    ]
    if lacking:
        raise SpecError(
            f"{name} lacks {len(lacking)} strategies of the plan: {', '.join(lacking[:10])}"
            f"{', ...' if len(lacking) > 10 else '.'}",
            hint="give each a number, or strike it from the table with without([...]).",
        )
    values = [_number(given.get(x, 0.0), name) for x in strategy.categories]
    amounts: Floats = np.array([*values, np.nan])[strategy.codes]
    return amounts


def _number(value: Any, name: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float | np.number):
        raise SpecError(
            f"{name} must be a number, a column or a mapping of strategies to numbers.",
            hint=f'{name}={{"tier_new_onboard": 1.5}}.',
        )
    return float(value)


def _check(costs: Floats, gains: Floats) -> None:
    wrong = {
        "costs are missing": np.isnan(costs),
        "costs are below zero": costs < 0,
        "costs are above a million million": costs > MOST_MONEY,
        "gains are infinite, or beyond a million million": np.abs(gains) > MOST_MONEY,
    }
    lines = [f"{int(x.sum()):,} of {len(x):,} {text}" for text, x in wrong.items() if x.any()]
    if lines:
        raise DataError(f"A budget cannot be spent: {'; '.join(lines)}.", hint="correct them.")


def _budget(budget: Any) -> int:
    number = isinstance(budget, int | float | np.number) and not isinstance(budget, bool)
    if not number or not 0 <= budget <= MOST_MONEY:
        raise SpecError("budget must be an amount from 0.", hint="budget=5_000.")
    return math.floor(round(float(budget) * UNIT, 3))


def _whole(costs: Floats) -> NDArray[np.int64]:
    """Return costs in millionths, rounded up, so that no budget is exceeded by rounding."""
    whole: NDArray[np.int64] = np.ceil(np.round(costs * UNIT, 3)).astype(np.int64)
    return whole
