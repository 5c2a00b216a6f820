"""A small language for formulas and conditions, the same for numpy and every dataframe engine.

It is what a marketer reads in a saved rule: ``value == 'high' and days_since_last <= 1.5 * gap``.
Allowed are column names, numbers, texts, ``+ - * /``, comparisons, ``in (...)``, ``and``, ``or``,
and the functions ``exp``, ``log``, ``minimum``, ``maximum``, ``where(condition, a, b)`` and
``missing(column)``. A comparison with a missing value is false; arithmetic with one is missing, and
so are a division by zero and the logarithm of what is not positive. A column of true and false may
stand as a condition. There is no ``not``, because engines disagree on the negation of missing.
"""

from layerwise.expressions.evaluate import holds, in_engine, in_numpy
from layerwise.expressions.grammar import (
    label_names,
    names,
    number_names,
    parse,
    parse_condition,
    parse_number,
    truth_names,
)

__all__ = [
    "holds",
    "in_engine",
    "in_numpy",
    "label_names",
    "names",
    "number_names",
    "parse",
    "parse_condition",
    "parse_number",
    "truth_names",
]
