"""Decision tables: the first condition that holds gives the label."""

from collections.abc import Iterable, Mapping
from typing import Any

import attrs
import narwhals.stable.v2 as nw
import numpy as np

from layerwise import expressions
from layerwise.errors import DataError, SpecError
from layerwise.rules.base import (
    Rule,
    as_mapping,
    as_tuple,
    check_reads,
    filled,
    length,
    numbers,
    show,
)
from layerwise.rules.cells import by_cells
from layerwise.saved import saved
from layerwise.vectors import Array, Column, Columns, Labels


@saved
@attrs.frozen(kw_only=True)
class Case:
    """One row of a decision table: a condition (see `layerwise.expressions`) and its label.

    >>> Case(when="orders == 1", label="new")
    Case(when='orders == 1', label='new')
    """

    when: str
    label: str


_SLACK = 1e-9
"""How far engines may round a probability beyond 0 or 1."""


def _cases(rows: Iterable[Case | tuple[str, str]]) -> tuple[Case, ...]:
    return tuple(row if isinstance(row, Case) else Case(when=row[0], label=row[1]) for row in rows)


@saved
@attrs.frozen(kw_only=True)
class FirstMatch(Rule):
    """A decision table: the first row whose condition holds gives the label.

    Args:
        output: Name of the label column.
        cases: Rows (condition, label), tried in order.
        otherwise: The label where no condition holds.
        order: All labels from low to high (optional: makes the label ordered).
        constants: Numbers that conditions may name.
        probabilities: Columns that must lie within 0 to 1 (eager frames; engines do not look).

    Missing values make a condition false, so that such rows fall to `otherwise`; where they should
    be told apart, begin with a case ``("missing(column)", "not_evaluable")``.

    >>> rule = FirstMatch(output="tier", cases=[("value == 'high'", "top")], otherwise="rest")
    >>> rule.evaluate({"value": Labels(np.array([0, 1]), ("low", "high"))}).objects().tolist()
    ['rest', 'top']
    """

    cases: tuple[Case, ...] = attrs.field(converter=_cases)
    otherwise: str
    order: tuple[str, ...] = attrs.field(default=(), converter=as_tuple)
    constants: Mapping[str, float] = attrs.field(factory=dict, converter=as_mapping)
    probabilities: tuple[str, ...] = attrs.field(default=(), converter=as_tuple)

    def __attrs_post_init__(self) -> None:
        given = {case.label for case in self.cases} | {self.otherwise}
        if self.order and (lost := sorted(given - set(self.order))):
            raise SpecError(
                f"{self.output}: the order lacks the labels {', '.join(lost)}.",
                hint="order=(...) names every label from low to high, otherwise too.",
            )
        for case in self.cases:
            expressions.parse_condition(case.when)
        check_reads(self)

    @property
    def inputs(self) -> tuple[str, ...]:
        """All columns that any condition reads."""
        found = [name for case in self.cases for name in expressions.names(case.when)]
        return tuple(name for name in dict.fromkeys(found) if name not in self.constants)

    @property
    def label_inputs(self) -> tuple[str, ...]:
        """The columns that conditions compare with texts."""
        return expressions.label_names(*(case.when for case in self.cases))

    @property
    def number_inputs(self) -> tuple[str, ...]:
        """The columns that conditions use as numbers."""
        found = expressions.number_names(*(case.when for case in self.cases))
        return tuple(name for name in found if name not in self.constants)

    @property
    def truth_inputs(self) -> tuple[str, ...]:
        """The columns that stand as conditions by themselves."""
        return expressions.truth_names(*(case.when for case in self.cases))

    @property
    def possible(self) -> tuple[str, ...]:
        """The labels, in `order` if given, else as the rows name them."""
        return self.order or tuple(
            dict.fromkeys([*(case.label for case in self.cases), self.otherwise])
        )

    def evaluate(self, columns: Columns) -> Labels:
        """Return the labels; a table on label columns alone is looked up cell by cell.

        Raises:
            DataError: A probability is outside 0 to 1.
        """
        for name in self.probabilities:
            _check_probability(name, numbers(columns[name]))
        used = {name: columns[name] for name in self.inputs}
        codes = by_cells(used, self._codes, length(columns))
        return Labels(codes, self.possible, bool(self.order))

    def _codes(self, columns: Columns, length: int) -> Array:
        names = self.possible
        codes = np.full(length, names.index(self.otherwise), dtype=np.int8)
        for case in reversed(self.cases):
            holds = expressions.holds(case.when, columns, self.constants)
            codes[np.broadcast_to(holds, length)] = names.index(case.label)
        return codes

    def expression(self) -> Any:
        """Return nested when/then, from the last row up."""
        result = nw.lit(self.otherwise)
        for case in reversed(self.cases):
            holds = expressions.in_engine(case.when, self.constants)
            result = nw.when(holds).then(nw.lit(case.label)).otherwise(result)
        return result

    def reason(self, row: Mapping[str, Any]) -> str:
        """Name the condition that held and the values it read."""
        columns = {name: _single(row[name]) for name in self.inputs}
        for case in self.cases:
            if np.all(expressions.holds(case.when, columns, self.constants)):
                read = [n for n in expressions.names(case.when) if n not in self.constants]
                seen = ", ".join(f"{name} = {show(row[name])}" for name in read)
                return f"{filled(case.when, self.constants)}  ({seen})"
        seen = ", ".join(f"{name} = {show(row[name])}" for name in self.inputs)
        return f"no other condition holds  ({seen})"


def _check_probability(name: str, p: Array) -> None:
    outside = np.count_nonzero((p < -_SLACK) | (p > 1 + _SLACK))
    if outside:
        raise DataError(
            f"{name} lies outside 0 to 1: {outside:,} of {len(p):,} rows.",
            hint="give a probability; per cent must be divided by 100.",
        )


def _single(value: Any) -> Column:
    if isinstance(value, str):
        return Labels(np.zeros(1, dtype=np.int8), (value,))
    return np.array([np.nan if value is None else value], dtype=np.float64)
