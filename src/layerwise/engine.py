"""Label a lazy frame by expressions, inside its engine."""

from collections.abc import Collection, Iterable
from typing import Any

import narwhals.stable.v2 as nw

from layerwise import frames
from layerwise.errors import ColumnsError, problems
from layerwise.rules import Rule
from layerwise.rules.base import LARGEST_FLOAT


def label_in_engine(
    frame: Any, rules: Collection[Rule], needs: Collection[str], outputs: Collection[str]
) -> Any:
    """Return the native lazy frame with the outputs added and every given column as it was."""
    before = frames.column_names(frame)
    _check_types(frame, rules)
    made = {rule.output for rule in rules}
    spares = _spares([n for n in before if n in made or n in needs], before)
    frame = frame.with_columns(*(nw.col(name).alias(spare) for name, spare in spares.items()))
    frame = _finite(frame, needs)
    for rule in rules:
        frame = rule.add_to(frame)
    asides = {n: nw.col(spare).alias(n) for n, spare in spares.items() if n not in outputs}
    names = dict.fromkeys([*before, *outputs])  # an output takes the place of a given column
    return frame.select(*(asides.get(n, nw.col(n)) for n in names)).to_native()


def _check_types(frame: Any, rules: Iterable[Rule]) -> None:
    """Refuse columns of a lazy frame that an engine would trip over, or compare as something else.

    Raises:
        ColumnsError: With all such columns.
    """
    schema = frame.collect_schema()
    made: set[str] = set()
    wrong: dict[str, str] = {}
    for rule in rules:
        for name in [n for n in rule.inputs if n not in made]:
            dtype = schema[name]
            if dtype == nw.Unknown:  # such as the type of a column of nothing but missing
                continue
            text = dtype in (nw.String, nw.Categorical, nw.Enum)
            if name in rule.number_inputs and not (dtype.is_numeric() or dtype == nw.Boolean):
                wrong[name] = f"{name} is {dtype}; numbers are needed"
            if name in rule.label_inputs and not text:
                wrong[name] = f"{name} is {dtype}; text is needed"
            if name in rule.truth_inputs and dtype != nw.Boolean:
                wrong[name] = f"{name} is {dtype}; true and false are needed"
        made.add(rule.output)
    if wrong:
        raise ColumnsError(
            problems("Columns of the customer table have another type:", wrong.values()),
            hint="convert them before, e.g. with cast.",
        )


def _spares(names: Iterable[str], taken: Iterable[str]) -> dict[str, str]:
    """Return names under which given columns stand aside while rules work."""
    prefix = "__given_"
    while any(name.startswith(prefix) for name in taken):
        prefix = "_" + prefix
    return {name: prefix + name for name in names}


def _finite(frame: Any, names: Iterable[str]) -> Any:
    """Make NaN and infinity missing; engines order NaN differently, so none may be compared.

    Floats are made as wide as eager frames read them: 0.1 of 32 bits is above 0.1 of 64.
    """
    schema = frame.collect_schema()
    floats = [_long(name, schema[name]) for name in names if schema[name].is_float()]
    inside = [(c >= -LARGEST_FLOAT) & (c <= LARGEST_FLOAT) for c in floats]
    clean = [nw.when(ok).then(c) for ok, c in zip(inside, floats, strict=True)]
    return frame.with_columns(*clean) if clean else frame


def _long(name: str, dtype: Any) -> Any:
    return nw.col(name) if dtype == nw.Float64 else nw.col(name).cast(nw.Float64)
