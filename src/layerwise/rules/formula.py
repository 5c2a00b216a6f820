"""Numbers computed from columns: formulas, conditions and weighted sums."""

from collections.abc import Mapping
from typing import Any

import attrs
import narwhals.stable.v2 as nw
import numpy as np

from layerwise import expressions
from layerwise.errors import SpecError
from layerwise.rules.base import (
    LARGEST_FLOAT,
    Rule,
    as_mapping,
    check_reads,
    filled,
    length,
    numbers,
    show,
)
from layerwise.rules.cells import by_cells
from layerwise.saved import saved
from layerwise.vectors import Array, Columns, Labels


@saved
@attrs.frozen(kw_only=True)
class Formula(Rule):
    """A number computed by an expression (see `layerwise.expressions`).

    >>> rule = Formula(output="rate", text="(x + r) / (T + a)", constants={"r": 1, "a": 9})
    >>> rule.inputs
    ('x', 'T')
    """

    text: str
    constants: Mapping[str, float] = attrs.field(factory=dict, converter=as_mapping)

    def __attrs_post_init__(self) -> None:
        expressions.parse_number(self.text)
        check_reads(self)

    @property
    def inputs(self) -> tuple[str, ...]:
        """The columns that the expression reads."""
        return tuple(n for n in expressions.names(self.text) if n not in self.constants)

    @property
    def number_inputs(self) -> tuple[str, ...]:
        """The columns that the expression uses as numbers."""
        found = expressions.number_names(self.text, root="number")
        return tuple(name for name in found if name not in self.constants)

    @property
    def label_inputs(self) -> tuple[str, ...]:
        """The columns that conditions inside compare with texts."""
        return expressions.label_names(self.text)

    def evaluate(self, columns: Columns) -> Array:
        """Return the numbers; missing where an input is missing or the result is not finite."""
        found = expressions.in_numpy(self.text, columns, self.constants)
        values = found.numbers() if isinstance(found, Labels) else found
        result = np.array(np.broadcast_to(values, length(columns)), dtype=np.float64)
        result[~np.isfinite(result)] = np.nan
        return result

    def expression(self) -> Any:
        """Return the same expression for an engine, what is not finite as missing."""
        value = expressions.in_engine(self.text, self.constants).cast(nw.Float64)
        return nw.when((value >= -LARGEST_FLOAT) & (value <= LARGEST_FLOAT)).then(value)

    def reason(self, row: Mapping[str, Any]) -> str:
        """Show the expression and the values it read."""
        seen = ", ".join(f"{name} = {show(row[name])}" for name in self.inputs)
        return f"{filled(self.text, self.constants)}  ({seen})"


@saved
@attrs.frozen(kw_only=True)
class Holds(Rule):
    """True where a condition (see `layerwise.expressions`) holds; false where it reads missing.

    >>> rule = Holds(output="is_heavy", when="orders_365d >= 12")
    >>> rule.evaluate({"orders_365d": np.array([3, 12])}).tolist()
    [False, True]
    """

    when: str
    constants: Mapping[str, float] = attrs.field(factory=dict, converter=as_mapping)

    def __attrs_post_init__(self) -> None:
        expressions.parse_condition(self.when)
        check_reads(self)

    @property
    def inputs(self) -> tuple[str, ...]:
        """The columns that the condition reads."""
        return tuple(n for n in expressions.names(self.when) if n not in self.constants)

    @property
    def label_inputs(self) -> tuple[str, ...]:
        """The columns that the condition compares with texts."""
        return expressions.label_names(self.when)

    @property
    def number_inputs(self) -> tuple[str, ...]:
        """The columns that the condition uses as numbers."""
        found = expressions.number_names(self.when)
        return tuple(name for name in found if name not in self.constants)

    @property
    def truth_inputs(self) -> tuple[str, ...]:
        """The columns that stand as conditions by themselves."""
        return expressions.truth_names(self.when)

    def evaluate(self, columns: Columns) -> Array:
        """Return the truth values."""
        holds = expressions.holds(self.when, columns, self.constants)
        return np.array(np.broadcast_to(holds, length(columns)), dtype=np.bool_)

    def expression(self) -> Any:
        """Return the condition for an engine, with missing as false."""
        holds = expressions.in_engine(self.when, self.constants)
        return nw.when(holds).then(nw.lit(True)).otherwise(nw.lit(False))


@saved
@attrs.frozen(kw_only=True)
class Weighted(Rule):
    """A weighted sum of number or score columns; missing where one is missing.

    >>> rule = Weighted(output="score", terms={"r": 1, "f": 2})
    >>> rule.evaluate({"r": np.array([5.0]), "f": np.array([3.0])}).tolist()
    [11.0]
    """

    terms: Mapping[str, float] = attrs.field(converter=as_mapping)

    def __attrs_post_init__(self) -> None:
        check_reads(self)
        if not all(np.isfinite(weight) for weight in self.terms.values()):
            raise SpecError(
                f"{self.output}: weights must be finite numbers.",
                hint="terms={'rfm_r': 1.0} maps columns to weights.",
            )

    @property
    def inputs(self) -> tuple[str, ...]:
        """The weighted columns."""
        return tuple(self.terms)

    def evaluate(self, columns: Columns) -> Array:
        """Return the sums."""
        used = {name: columns[name] for name in self.inputs}
        return by_cells(used, self._sum, length(columns))

    def _sum(self, columns: Columns, rows: int) -> Array:
        total = np.zeros(rows)
        for name, weight in self.terms.items():
            total += weight * numbers(columns[name])
        return total

    def expression(self) -> Any:
        """Return the sum for an engine."""
        parts = [nw.col(name).cast(nw.Float64) * weight for name, weight in self.terms.items()]
        return sum(parts[1:], start=parts[0])

    def reason(self, row: Mapping[str, Any]) -> str:
        """Show the weights and the values."""
        return " + ".join(f"{show(w)} x {n} ({show(row[n])})" for n, w in self.terms.items())
