"""What an experiment says: the difference that each arm makes, overall and by layer."""

import warnings
from collections.abc import Iterable, Mapping
from typing import Literal

import attrs
import numpy as np
import pandas as pd

from layerwise import arguments, frames, vectors
from layerwise.brief import in_brief
from layerwise.columns import CUSTOMER
from layerwise.errors import (
    DataError,
    EarlyLookWarning,
    SampleRatioWarning,
    SpecError,
    problems,
)
from layerwise.evaluate.arms import CONTROL, read_arms
from layerwise.evaluate.assignment import ARM
from layerwise.evaluate.cells import WHAT, Cells, read_cells
from layerwise.evaluate.comparison import compare, finish
from layerwise.evaluate.interaction import interactions
from layerwise.evaluate.metrics import MetricsArgument, as_list, columns_of, read_metrics, settle
from layerwise.evaluate.validity import (
    MISMATCH,
    balance_table,
    sample_ratio_p,
)
from layerwise.logs import read_roster
from layerwise.rates import z_value
from layerwise.rules.base import numbers
from layerwise.saved import fits
from layerwise.vectors import Floats

_SHOWN = ["metric", "arm", "control_value", "arm_value", "effect", "low", "high", "p_holm"]


@attrs.frozen(eq=False)
class Experiment:
    """What `analyse` found.

    Attributes:
        effects: A row per metric and arm other than the control: `metric`, `arm`, `method`,
            `control_n` and `arm_n` (customers whose outcome is known), `control_value` and
            `arm_value`, `effect` (their difference, with a covariate adjusted) with `low` and
            `high`, `relative` (effect as a part of the control's value) with its interval, `p`,
            `p_holm` (over all rows), `variance_saved` (by the covariate) and `note` (why something
            is missing or not to be trusted; empty if all is well).
        layers: The same by layer, with the column `layer`, p_holm over all its rows; None without
            `by`. Customers without label are the layer None.
        interactions: Do layers differ? A row per metric and arm: `layers` compared, `q`, `df`, `p`,
            `p_holm`; None without `by`.
        sizes: A row per arm: `arm`, `planned` (share), `expected` and `customers`.
        ratio_p: p-value of sizes as unequal to plan as these; below 0.001 see `trusted`.
        trusted: False if the arms are not of the planned sizes; then read no effect.
        balance: Covariates of before the draw, see `validity.balance_table`; None if none asked.
        level: Level of the intervals.
    """

    effects: pd.DataFrame
    layers: pd.DataFrame | None
    interactions: pd.DataFrame | None
    sizes: pd.DataFrame
    ratio_p: float
    trusted: bool
    balance: pd.DataFrame | None
    level: float

    __repr__ = in_brief

    def to_frame(self) -> pd.DataFrame:
        """Return the effects."""
        return self.effects.copy()

    def __str__(self) -> str:
        """Return sizes and effects as text."""
        arms = ", ".join(
            f"{n:,} {arm}"
            for arm, n in zip(self.sizes["arm"], self.sizes["customers"], strict=True)
        )
        right = "as planned" if self.trusted else "NOT as planned: read no effect"
        shown = self.effects[_SHOWN].to_string(index=False, float_format=lambda v: f"{v:.4g}")
        return f"{arms} (sizes {right}, p = {self.ratio_p:.3g})\n{shown}"


def analyse(
    customers: object,
    *,
    metrics: MetricsArgument,
    arms: Mapping[str, float],
    control: str = CONTROL,
    arm: str = ARM,
    by: str | None = None,
    balance: Iterable[str] = (),
    planned: int | None = None,
    level: float = 0.95,
    min_n: int = 30,
    mismatch: Literal["refuse", "flag"] = "refuse",
    customer: str | None = CUSTOMER,
) -> Experiment:
    """Return what difference each arm made, as drawn: whoever was drawn counts, reached or not.

    Shares are compared with Newcombe's interval and chi-square (few hits: Fisher's exact test),
    means with Welch's t, ratios by the delta method; a covariate from before the draw narrows means
    and ratios (CUPED). `evaluate.estimates` has the formulas. p-values of all rows together are
    adjusted by Holm, so that one of 20 metrics does not win by chance.

    By layer, each layer is estimated alone. That one layer's p is small and another's is not does
    not say that they differ: `interactions` tests that (Cochran's Q), and `p_holm` counts all
    layers, since of 40 layers without effect two are below 0.05. Cells of fewer than `min_n`
    customers have counts and no effect.

    No events or nothing but events are allowed for shares. Where a mean does not vary or an arm has
    fewer than two customers, effect stays and interval and p are missing, with a note. Customers
    whose outcome is missing are left out of that metric, counted in a notice; where they are
    missing from one arm more than from another, a note says so. With a covariate the effect is not
    `arm_value` less `control_value`, which are the plain means: it is that difference less what
    the arms differed by before.

    Args:
        customers: One row per customer with arm, outcomes and covariates, in memory.
        metrics: `Share`, `Mean` and `Ratio`, by name or in a list; a plain column name is a share
            if it holds but 0 and 1 (or true and false), else a mean.
        arms: Arm -> planned share, as given to `assign`.
        control: The arm that the others are compared with.
        arm: Column of the arms.
        by: Column of layers.
        balance: Columns of numbers from before the draw whose balance is to be checked.
        planned: Customers the control arm was planned to have, e.g. by `sample_size`.
        level: Level of the intervals; when looking early, that of `alpha_spending`.
        min_n: Fewest customers of an arm in a layer.
        mismatch: "refuse" arms that are not of the planned sizes (p < 0.001), or "flag" them.
        customer: Column of ids, to check that each stands once; None if rows are known to be
            customers.

    Raises:
        SpecError: A choice is not possible.
        ColumnsError: Columns are missing or of the wrong kind.
        DataError: Ids repeat, an arm has no customers or is not in `arms`, a share is not 0 or 1,
            or the arms are not of the planned sizes.
        EngineError: The table is no dataframe in memory.

    Warns:
        RowsLeftOutWarning: Customers have no arm or no outcome.
        SampleRatioWarning: Sizes are not as planned, with `mismatch="flag"`.
        EarlyLookWarning: There are fewer customers than planned.

    Example:
        >>> import numpy as np, pandas as pd
        >>> from layerwise.evaluate import assign
        >>> rng = np.random.default_rng(1)
        >>> people = pd.DataFrame({"customer_id": range(8000)})
        >>> halves = {"control": 0.5, "offer": 0.5}
        >>> people = assign(people, experiment="spring", arms=halves, salt="a secret text")
        >>> chance = np.where(people["arm"] == "offer", 0.13, 0.10)
        >>> people["bought"] = rng.random(8000) < chance
        >>> print(analyse(people, metrics=["bought"], arms=halves))
        4,003 control, 3,997 offer (sizes as planned, p = 0.947)
        metric   arm  control_value  arm_value  effect     low    high    p_holm
        bought offer         0.1009     0.1318 0.03092 0.01688 0.04499 1.612e-05
    """
    z_value(level)  # refuses what is no level
    arguments.check_named({"arm=": arm, "control=": control}, {"by=": by, "customer=": customer})
    _check(min_n, planned, mismatch)
    shares, chosen = read_arms(arms, control=control), read_metrics(metrics)
    frame, covariates = frames.eager(customers, doing="analyse"), as_list(balance, "balance=")
    needed = {arm: "arm="} | ({by: "by="} if by is not None else {})
    needed |= {c: f"metric {name}" for name, m in chosen.items() for c in columns_of(m)}
    needed |= dict.fromkeys(covariates, "balance=")
    title = f"{_upper(WHAT)} lacks columns:"
    hint = "assign adds the arm; merge labels, metrics and covariates to the table by customer."
    arguments.require(frames.column_names(frame), needed, title=title, hint=hint)
    if customer is not None:
        read_roster(customers, customer=customer, what=WHAT)
    read = vectors.read(frame, needed, what=WHAT)
    cells = read_cells(read, arm=arm, by=by, shares=shares, control=control)
    sizes, ratio_p = _sizes(cells, list(shares.values()), mismatch)
    _tell_early(int(sizes["customers"][cells.control]), planned)
    found, wanted = [], list(shares.values())
    for name, metric in chosen.items():
        found.append(compare(name, settle(metric, read), read, cells, level=level, shares=wanted))
    trusted = not ratio_p < MISMATCH
    effects, layers = (
        finish(tables, trusted=trusted, min_n=least)
        for tables, least in zip(zip(*found, strict=True), (0, min_n), strict=True)
    )
    return Experiment(
        effects=effects.drop(columns=["layer", "variance"]),
        layers=None if by is None else layers.drop(columns="variance"),
        interactions=None if by is None else interactions(layers),
        sizes=sizes,
        ratio_p=ratio_p,
        trusted=trusted,
        balance=_balance({name: numbers(read[name]) for name in covariates}, cells),
        level=level,
    )


def _sizes(cells: Cells, shares: list[float], mismatch: str) -> tuple[pd.DataFrame, float]:
    """Return the table of sizes and its p-value, refused or told if they are not as planned."""
    counts = np.bincount(cells.arm[cells.arm >= 0], minlength=len(cells.arms))
    empty = [name for name, n in zip(cells.arms, counts, strict=True) if not n]
    if empty:
        raise DataError(
            f"Arms without any customer among {len(cells.arm):,} rows: {', '.join(empty)}.",
            hint="give all customers of the experiment, or only the arms that there are.",
        )
    p = sample_ratio_p(counts.tolist(), shares)
    table = pd.DataFrame({"arm": cells.arms, "planned": shares})
    table = table.assign(expected=table["planned"] * counts.sum(), customers=counts)
    if p < MISMATCH:
        sizes = ", ".join(
            f"{name} {n:,} (planned {want:,.0f})"
            for name, n, want in zip(cells.arms, counts, table["expected"], strict=True)
        )
        text = f"The arms are not of the planned sizes (p = {p:.2g}): {sizes}."
        hint = "find out who is missing, and why: the draw, the delivery or the counting."
        if mismatch == "refuse":
            raise DataError(text, hint=hint + ' mismatch="flag" computes all the same.')
        warnings.warn(f"{text}\nHint: {hint}", SampleRatioWarning, stacklevel=3)
    return table, p


def _balance(covariates: dict[str, Floats], cells: Cells) -> pd.DataFrame | None:
    if not covariates:
        return None
    known = cells.arm >= 0
    values = {name: v[known].astype(np.float64) for name, v in covariates.items()}
    return balance_table(values, cells.arm[known], cells.arms, cells.control)


def _tell_early(found: int, planned: int | None) -> None:
    if planned is not None and found < planned:
        warnings.warn(
            f"The control arm has {found:,} customers of {planned:,} planned.\n"
            "Hint: wait, or use the level of alpha_spending for this look.",
            EarlyLookWarning,
            stacklevel=3,
        )


def _upper(what: str) -> str:
    return what[0].upper() + what[1:]


def _check(min_n: object, planned: object, mismatch: object) -> None:
    wrong = []
    if not fits(min_n, int) or min_n < 2:  # type: ignore[operator]
        wrong.append("min_n must be a whole number from 2")
    if planned is not None and (not fits(planned, int) or planned < 1):  # type: ignore[operator]
        wrong.append("planned must be a whole number of customers")
    if not fits(mismatch, Literal["refuse", "flag"]):
        wrong.append("mismatch must be 'refuse' or 'flag'")
    if wrong:
        raise SpecError(
            problems("The experiment cannot be analysed:", wrong),
            hint="analyse(customers, metrics=[...], arms={...}).",
        )
