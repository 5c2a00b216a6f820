"""Loyalty layers: behavioural loyalty, from repeat buying and its regularity."""

from collections.abc import Mapping
from typing import Any, ClassVar

import attrs
import numpy as np

from layerwise.columns import AGE, GAP_CV, REPEAT_ORDERS, SILENCE
from layerwise.errors import SpecError
from layerwise.fitted import Fitted, Spec
from layerwise.labeller import evaluate
from layerwise.layers.cadence import NEEDS, expected_gap
from layerwise.layers.churn_status import STATUSES, ChurnStatus
from layerwise.layers.edges import present, quantile_edges
from layerwise.layers.words import check_words
from layerwise.rules import NOT_EVALUABLE, Cut, FirstMatch, Formula, Rule
from layerwise.rules.base import as_mapping, if_several, numbers
from layerwise.saved import saved
from layerwise.vectors import Array, Columns

ORDER = (NOT_EVALUABLE, "churned", "potential_loyal", "loyal")
"""From low to high."""

P_ALIVE = "p_alive"
PARTS = {
    "repeat_rate": (f"{REPEAT_ORDERS} / {AGE}", (REPEAT_ORDERS, AGE)),
    "regularity": (f"1 / (1 + {GAP_CV})", (GAP_CV,)),
}
"""Parts of the index that are computed from the customer table: formula, columns."""

_GAPS = f"{GAP_CV} takes three orders of a customer; take a longer log, or leave regularity out."


def _weights(given: Any) -> Any:
    if isinstance(given, Mapping):
        return as_mapping(given)
    parts = if_several(given)
    named = isinstance(parts, tuple) and all(isinstance(part, str) for part in parts)
    return as_mapping(dict.fromkeys(parts, 1.0)) if named else parts


@saved
@attrs.frozen(kw_only=True)
class Loyalty(Spec):
    """Layers of behavioural loyalty: churned < potential_loyal < loyal.

    What customers feel is not seen. New customers cannot be loyal; they are potential_loyal.

    Args:
        churn: Who has left: a `ChurnStatus`, a purchase model such as `BGNBD()` (then P(alive)
            below 0.3), or the name of a status column of the table or of an earlier layer.
        min_repeats: Loyal needs at least so many repeat orders,
        min_age_days: and so many days since the first order,
        max_silence_gaps: and silence of at most so many expected gaps (see `ChurnStatus`).
        index: Parts of a loyalty index, a mapping of part to weight or a list (equal weights):
            "repeat_rate" (repeat orders per day), "regularity" (1 / (1 + gap_cv)), or any column
            where more is more loyal, say advocacy events or the full-price share.
        index_cut: A customer whose index reaches it is loyal too; None leaves the index a column.
        prior_gaps: See `ChurnStatus`.

    Output columns, for the name `loyalty`: `loyalty`, and with an index `loyalty_index` in [0, 1],
    the weighted mean of the parts' percentile ranks, the share of
    customers who have at most as much; missing parts drop out and
    weights rescale. Customers with missing days are not_evaluable.

    Raises:
        SpecError: A choice is out of range.

    Example:
        >>> import pandas as pd
        >>> customers = pd.DataFrame({
        ...     "repeat_orders": [9, 4, 4, 0], "first_to_last_days": [90, 120, 120, 0],
        ...     "days_since_last": [5, 25, 300, 20], "age_days": [95, 145, 420, 20],
        ... })
        >>> Loyalty().fit(customers).transform(customers)["loyalty"].tolist()
        ['loyal', 'loyal', 'churned', 'potential_loyal']
    """

    default_name: ClassVar[str] = "loyalty"

    churn: Any = attrs.field(factory=ChurnStatus)
    min_repeats: int = 3
    min_age_days: float = 90.0
    max_silence_gaps: float = 1.5
    index: dict[str, float] = attrs.field(factory=dict, converter=_weights)
    index_cut: float | None = None
    prior_gaps: float = 2.0

    def __attrs_post_init__(self) -> None:
        super().__attrs_post_init__()
        model = isinstance(self.churn, Spec) and P_ALIVE in self.churn.gives("")
        if not (isinstance(self.churn, ChurnStatus | str) or model):
            raise SpecError(
                f"Loyalty(churn=...) is a {type(self.churn).__name__}.",
                hint="give ChurnStatus(), a model such as BGNBD(), or the name of a column.",
            )
        if min(self.min_repeats, self.min_age_days, self.max_silence_gaps, self.prior_gaps) <= 0:
            raise SpecError(
                "Loyalty: min_repeats, min_age_days, max_silence_gaps, prior_gaps must be above 0.",
                hint="Loyalty() takes 3 repeat orders, 90 days, 1.5 gaps of silence and 2 gaps.",
            )
        if self.index_cut is not None and (not self.index or not 0 < self.index_cut <= 1):
            raise SpecError(
                "Loyalty: index_cut lies in 0 to 1 and needs index=[...] parts.",
                hint="Loyalty(index=['repeat_rate', 'regularity'], index_cut=0.8).",
            )
        if any(weight <= 0 for weight in self.index.values()):
            raise SpecError(
                "Loyalty: the weights of the index must be above 0.",
                hint="leave out a part that does not count.",
            )

    def needs(self, name: str) -> tuple[str, ...]:
        """Return the columns of the loyalty rule, of the churn rule and of the index."""
        status = (self.churn,) if isinstance(self.churn, str) else self._needed_by_churn(name)
        parts = [c for part in self.index for c in PARTS.get(part, ("", (part,)))[1]]
        return tuple(dict.fromkeys((SILENCE, AGE, *NEEDS, *status, *parts)))

    def _needed_by_churn(self, name: str) -> tuple[str, ...]:
        rule = self.churn if isinstance(self.churn, ChurnStatus) else ChurnStatus(rule="model")
        if isinstance(self.churn, ChurnStatus):
            return self.churn.needs(name)
        needed: tuple[str, ...] = self.churn.needs(name)
        return (*needed, *(c for c in rule.needs(name) if c != rule.p_alive))

    def gives(self, name: str) -> tuple[str, ...]:
        """Return the layer and its index."""
        return (name, f"{name}_index") if self.index else (name,)

    def learn(self, columns: Columns, name: str) -> Fitted:
        """Learn the mean gap, the churn rule and the ranks of the index."""
        status, before = self._learn_status(columns, name)
        gap = expected_gap(columns, f"_{name}_expected_gap_days", self.prior_gaps)
        index = self._learn_index(columns, name)
        loyal = self._layer(name, status, gap.output)
        return Fitted(spec=self, name=name, rules=(*before, gap, *index, loyal))

    def _learn_status(self, columns: Columns, name: str) -> tuple[str, tuple[Rule, ...]]:
        """Return the status column and the rules that make it, all of them hidden steps."""
        if isinstance(self.churn, str):
            check_words(columns, self.churn, STATUSES, "Loyalty")
            return self.churn, ()
        status = f"_{name}_status"
        if isinstance(self.churn, ChurnStatus):
            return status, self.churn.learn(columns, status).rules
        rules = self.churn.learn(columns, name).rules
        alive = next(rule for rule in rules if rule.output == P_ALIVE)
        own = attrs.evolve(alive, output=f"_{name}_p_alive")
        rule = ChurnStatus(rule="model", p_alive=own.output)
        return status, (own, *rule.learn(columns, status).rules)

    def _learn_index(self, columns: Columns, name: str) -> list[Rule]:
        rules: list[Rule] = []
        for part in self.index:
            column = f"_{name}_{part}" if part in PARTS else part
            if part in PARTS:
                rules.append(Formula(output=column, text=PARTS[part][0]))
            values = _known(part, numbers(evaluate(rules, columns)[column]))
            rules.append(_percentile_rank(f"_{name}_{part}_rank", column, values))
        return [*rules, self._mean_rank(name)] if rules else []

    def _mean_rank(self, name: str) -> Formula:
        ranks = {f"_{name}_{part}_rank": weight for part, weight in self.index.items()}
        top = " + ".join(f"where(missing({r}), 0, {w} * {r} / 100)" for r, w in ranks.items())
        bottom = " + ".join(f"where(missing({r}), 0, {w})" for r, w in ranks.items())
        return Formula(output=f"{name}_index", text=f"({top}) / ({bottom})")

    def _layer(self, name: str, status: str, gap: str) -> FirstMatch:
        loyal = (
            f"{REPEAT_ORDERS} >= min_repeats and {AGE} >= min_age_days"
            f" and {SILENCE} <= max_silence_gaps * {gap}"
        )
        cases = [(f"{status} == 'churned'", "churned"), (loyal, "loyal")]
        limits = {
            "min_repeats": float(self.min_repeats),
            "min_age_days": self.min_age_days,
            "max_silence_gaps": self.max_silence_gaps,
        }
        if self.index_cut is not None:
            cases.append((f"{name}_index >= index_cut", "loyal"))
            limits["index_cut"] = self.index_cut
        known = (status, REPEAT_ORDERS, SILENCE, AGE)
        unknown = " or ".join(f"missing({column})" for column in known)
        return FirstMatch(
            output=name,
            cases=[(unknown, NOT_EVALUABLE), *cases],
            otherwise="potential_loyal",
            order=ORDER,
            constants=limits,
        )


def _known(part: str, values: Array) -> Array:
    """Return the values of a part of the index that are not missing.

    Raises:
        FitError: All are; it names the columns of the customer table.
    """
    read = " or ".join(PARTS[part][1]) if part in PARTS else part
    return present(values, read, hint=_GAPS) if GAP_CV in read else present(values, read)


def _percentile_rank(output: str, column: str, values: Array) -> Cut:
    """Return the score "so many per cent of customers have at most this", in about 20 steps."""
    edges = quantile_edges(values, [i / 20 for i in range(1, 20)])
    ordered = np.sort(values)
    reached = np.searchsorted(ordered, edges, side="right") / len(values)
    steps = {int(np.ceil(100 * share)): edge for share, edge in zip(reached, edges, strict=True)}
    steps.pop(100, None)
    return Cut(
        output=output,
        column=column,
        edges=steps.values(),
        labels=(*steps, 100),
        missing=None,
    )
