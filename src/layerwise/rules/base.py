"""The kinds of rule that label a customer table. Each is data: numbers, labels and column names.

A rule lists the columns it reads, evaluates itself on numpy arrays (eager frames) and as one
narwhals expression (every other engine), says why it gave a row its label, and is saved as JSON.
"""

import re
from collections.abc import Iterable, Mapping
from numbers import Real
from typing import Any

import attrs
import numpy as np

from layerwise.arguments import is_several
from layerwise.errors import SpecError
from layerwise.vectors import Array, Column, Columns, Labels

NOT_EVALUABLE = "not_evaluable"
"""The label of a customer that a rule cannot judge, because a value it needs is missing."""

LARGEST_FLOAT = float(np.finfo(np.float64).max)


@attrs.frozen(kw_only=True)
class Rule:
    """One output column computed from columns of the customer table or of earlier rules.

    >>> from layerwise.rules import Cut
    >>> rule = Cut(output="value", column="spend", edges=(50,), labels=("low", "high"))
    >>> rule.output, rule.inputs, rule.possible
    ('value', ('spend',), ('not_evaluable', 'low', 'high'))
    """

    output: str

    @property
    def inputs(self) -> tuple[str, ...]:
        """The columns this rule reads."""
        raise NotImplementedError

    @property
    def label_inputs(self) -> tuple[str, ...]:
        """Those of `inputs` that hold text labels, not numbers."""
        return ()

    @property
    def number_inputs(self) -> tuple[str, ...]:
        """Those of `inputs` that hold numbers."""
        return self.inputs

    @property
    def truth_inputs(self) -> tuple[str, ...]:
        """Those of `inputs` that hold true and false."""
        return ()

    @property
    def possible(self) -> tuple[str, ...]:
        """The labels it can give, from low to high; empty for numbers and scores."""
        return ()

    def evaluate(self, columns: Columns) -> Column:
        """Return the output for arrays of equal length."""
        raise NotImplementedError

    def expression(self) -> Any:
        """Return the output as a narwhals expression."""
        raise NotImplementedError

    def add_to(self, frame: Any) -> Any:
        """Return a wrapped frame with the output added by its engine.

        A rule that no expression can say (a lookup table) joins here instead.
        """
        return frame.with_columns(self.expression().alias(self.output))

    def reason(self, row: Mapping[str, Any]) -> str:
        """Say in one line why a row (column -> value, outputs included) got its output."""
        seen = ", ".join(f"{name} = {show(row[name])}" for name in self.inputs)
        return f"from {seen}" if seen else "the same for everyone"


def check_reads(rule: Rule) -> None:
    """Refuse a rule that reads no column: it would not know how many rows there are.

    Raises:
        SpecError: It reads none.
    """
    if not rule.inputs:
        raise SpecError(
            f"{rule.output}: the rule reads no column.", hint="name at least one column in it."
        )


def as_numbers(values: Iterable[float]) -> tuple[float, ...]:
    """Return numbers as a tuple of floats (a converter of attrs fields)."""
    return tuple(float(value) for value in values)


def if_numbers(given: Any) -> Any:
    """Return several numbers as a tuple of floats; what is no such thing stays, to be refused.

    A converter of the fields of specs: texts are not taken apart, so "123" is not (1, 2, 3).

    >>> if_numbers([1, 2.5]), if_numbers("123"), if_numbers(None)
    ((1.0, 2.5), '123', None)
    """
    found = if_several(given)
    if not isinstance(found, tuple) or not all(map(_is_number, found)):
        return found
    try:
        return as_numbers(found)
    except OverflowError:
        return found


def if_several(given: Any) -> Any:
    """Return several things as a tuple; what is one thing, a text or a mapping stays as it is."""
    return tuple(given) if is_several(given) else given


def _is_number(value: object) -> bool:
    return isinstance(value, Real) and not isinstance(value, bool | np.bool_)


def as_tuple(values: Iterable[Any]) -> tuple[Any, ...]:
    """Return values as a tuple (a converter of attrs fields)."""
    return tuple(values)


class FrozenDict(dict[str, Any]):
    """A dict that never changes, so that the frozen class that holds it can be hashed.

    It equals a dict with the same items; its hash is that of its keys, as values may be lists.
    """

    def __hash__(self) -> int:  # type: ignore[override]
        return hash(frozenset(self))

    def __reduce__(self) -> tuple[Any, ...]:
        return FrozenDict, (dict(self),)

    def _refuse(self, *_: Any, **__: Any) -> Any:
        raise SpecError(
            "A mapping inside a spec or a fitted object cannot be changed.",
            hint="dict(mapping) is a copy that can; attrs.evolve makes another spec.",
        )

    __setitem__ = __delitem__ = __ior__ = _refuse
    clear = pop = popitem = setdefault = update = _refuse


def as_mapping(values: Mapping[str, Any]) -> FrozenDict:
    """Return an own, frozen copy of a mapping (a converter of attrs fields)."""
    return FrozenDict(values)


def numbers(column: Column) -> Array:
    """Return a column as numbers; scores as their values, missing as NaN.

    Raises:
        ColumnsError: It holds text.

    >>> numbers(Labels(np.array([1, 0, -1]), (1, 5))).tolist()
    [5.0, 1.0, nan]
    """
    return column.numbers() if isinstance(column, Labels) else column


def filled(text: str, constants: Mapping[str, float]) -> str:
    """Return an expression with the values of its constants in place of their names.

    >>> filled("days_since_last > share * limit_days", {"share": 0.5})
    'days_since_last > 0.5 * limit_days'
    """
    return re.sub(r"[^\W\d]\w*", lambda m: _value(m[0], constants), text)


def _value(name: str, constants: Mapping[str, float]) -> str:
    return show(float(constants[name])) if name in constants else name


def is_missing(value: object) -> bool:
    """Say whether one value of a row is missing."""
    return value is None or (isinstance(value, float) and np.isnan(value))


def show(value: object) -> str:
    """Return a value as a reason shows it: six significant digits, `missing` for missing."""
    if is_missing(value):
        return "missing"
    return f"{value:,.6g}" if isinstance(value, float) else str(value)


def length(columns: Columns) -> int:
    """Return the number of rows."""
    return len(next(iter(columns.values()))) if columns else 0


def compact(codes: Array, names: tuple[str, ...]) -> Labels:
    """Return labels with the smallest code type that holds them."""
    return Labels(codes.astype(np.int8 if len(names) < 127 else np.int16), names)
