"""Expressions on numpy arrays, and as narwhals writes them for every other engine."""

import ast
import math
from collections.abc import Mapping
from functools import reduce
from operator import add, and_, eq, ge, gt, le, lt, mul, ne, or_, sub
from typing import Any

import narwhals.stable.v2 as nw
import numpy as np

from layerwise.errors import ColumnsError
from layerwise.expressions.grammar import parse
from layerwise.vectors import Column, Labels

_ARITHMETIC = {ast.Add: add, ast.Sub: sub, ast.Mult: mul}
_COMPARISONS = {ast.Eq: eq, ast.NotEq: ne, ast.Lt: lt, ast.LtE: le, ast.Gt: gt, ast.GtE: ge}
_MIRRORED = {ast.Lt: ast.Gt, ast.LtE: ast.GtE, ast.Gt: ast.Lt, ast.GtE: ast.LtE}

Constants = Mapping[str, float]


def in_numpy(text: str, columns: Mapping[str, Column], constants: Constants) -> Any:
    """Evaluate an expression on arrays; missing numbers are NaN.

    Raises:
        SpecError: It is no expression.

    >>> in_numpy("spend / orders", {"spend": np.array([6.0, 5.0]), "orders": np.array([2, 0])}, {})
    array([ 3., nan])
    """
    with np.errstate(all="ignore"):
        return _Numpy(columns, constants).visit(parse(text))


def holds(text: str, columns: Mapping[str, Column], constants: Constants) -> Any:
    """Evaluate a condition on arrays, to true and false.

    Raises:
        SpecError: It is no expression.

    >>> holds("spend > least", {"spend": np.array([9.0, np.nan])}, {"least": 5.0}).tolist()
    [True, False]
    """
    with np.errstate(all="ignore"):
        return _Numpy(columns, constants).truth(parse(text))


def in_engine(text: str, constants: Constants) -> Any:
    """Return an expression for any engine, as narwhals writes it.

    Raises:
        SpecError: It is no expression.

    >>> import pandas as pd
    >>> frame = nw.from_native(pd.DataFrame({"spend": [6.0, 5.0], "orders": [2, 1]}))
    >>> frame.with_columns(mean=in_engine("spend / orders", {})).to_native()["mean"].tolist()
    [3.0, 5.0]
    """
    return _Engine(constants).visit(parse(text))


class _Evaluator:
    """Walks a checked tree; the two backends say what a leaf and a function are."""

    def __init__(self, constants: Constants) -> None:
        self.constants = constants

    def visit(self, node: ast.expr) -> Any:
        match node:
            case ast.Constant(value=value):
                return value
            case ast.Name(id=name):
                return self.constants[name] if name in self.constants else self.column(name)
            case ast.UnaryOp(operand=operand):
                return -1 * self.number(operand)
            case ast.BinOp(left=left, op=op, right=right):
                left, right = self.number(left), self.number(right)
                divides = isinstance(op, ast.Div)
                return self.over(left, right) if divides else _ARITHMETIC[type(op)](left, right)
            case ast.BoolOp(op=op, values=values):
                join = and_ if isinstance(op, ast.And) else or_
                return reduce(join, map(self.truth, values))
            case ast.Compare():
                return self.compare(node)
            case ast.Call(func=ast.Name(id="missing"), args=[column]):
                named = isinstance(column, ast.Name) and column.id not in self.constants
                return self.missing(self.visit(column) if named else self.number(column))
            case ast.Call(func=ast.Name(id="where"), args=[condition, a, b]):
                return self.where(self.truth(condition), self.number(a), self.number(b))
            case ast.Call(func=ast.Name(id=name), args=args):
                return getattr(self, name)(*map(self.number, args))
        raise AssertionError(ast.dump(node))  # parse() let it through: a defect of ours

    def compare(self, node: ast.Compare) -> Any:
        left, op, right = node.left, node.ops[0], node.comparators[0]
        if isinstance(op, ast.In):
            parts = [ast.Compare(left, [ast.Eq()], [value]) for value in right.elts]  # type: ignore[attr-defined]
            return reduce(or_, map(self.compare, parts))
        if isinstance(left, ast.Constant) and not isinstance(right, ast.Constant):
            left, right = right, left
            op = _MIRRORED.get(type(op), type(op))()
        if isinstance(right, ast.Constant) and isinstance(right.value, str):
            return self.same_text(self.visit(left), right.value, equal=isinstance(op, ast.Eq))
        return self.ordered(type(op), self.number(left), self.number(right))

    def number(self, node: ast.expr) -> Any:
        """Return the value of a node that must be a number."""
        return self.visit(node)

    def truth(self, node: ast.expr) -> Any:
        """Return the value of a node that must be true or false."""
        return self.visit(node)

    def column(self, name: str) -> Any:
        raise NotImplementedError

    def ordered(self, op: type[ast.cmpop], left: Any, right: Any) -> Any:
        raise NotImplementedError

    def same_text(self, left: Any, text: str, equal: bool) -> Any:
        raise NotImplementedError

    def over(self, a: Any, b: Any) -> Any:
        raise NotImplementedError

    def where(self, condition: Any, a: Any, b: Any) -> Any:
        raise NotImplementedError

    def missing(self, column: Any) -> Any:
        raise NotImplementedError


class _Numpy(_Evaluator):
    def __init__(self, columns: Mapping[str, Column], constants: Constants) -> None:
        super().__init__(constants)
        self.columns = columns

    def column(self, name: str) -> Any:
        return self.columns[name]

    def number(self, node: ast.expr) -> Any:
        value = self.visit(node)
        if isinstance(value, Labels):
            return value.numbers()
        return np.asarray(value, dtype=np.float64)  # whole numbers could overflow

    def truth(self, node: ast.expr) -> Any:
        value = self.visit(node)
        if getattr(value, "dtype", None) == np.bool_:
            return value
        return value.numbers() == 1 if isinstance(value, Labels) else value == 1

    def ordered(self, op: type[ast.cmpop], left: Any, right: Any) -> Any:
        result = _COMPARISONS[op](left, right)
        return result & ~(np.isnan(left) | np.isnan(right)) if op is ast.NotEq else result

    def same_text(self, left: Any, text: str, equal: bool) -> Any:
        if not isinstance(left, Labels):
            return _no_labels(left, text)
        if left.names and not isinstance(left.names[0], str):
            raise ColumnsError(
                f"A column of scores is compared with {text!r:.60}, which is text.",
                hint="compare scores with numbers, e.g. rfm_r >= 4.",
            )
        code = left.names.index(text) if text in left.names else -2
        return left.codes == code if equal else (left.codes != code) & (left.codes >= 0)

    exp = staticmethod(np.exp)
    minimum = staticmethod(np.minimum)
    maximum = staticmethod(np.maximum)

    def over(self, a: Any, b: Any) -> Any:
        return np.where(np.equal(b, 0), np.nan, np.divide(a, b))

    def where(self, condition: Any, a: Any, b: Any) -> Any:
        return np.where(condition, a, b)

    def log(self, value: Any) -> Any:
        return np.where(np.greater(value, 0), np.log(value), np.nan)

    def missing(self, column: Any) -> Any:
        return column.codes < 0 if isinstance(column, Labels) else np.isnan(column)


def _no_labels(left: Any, text: str) -> Any:
    """Return false for a column of nothing but missing, which has no type.

    Raises:
        ColumnsError: The column holds numbers.
    """
    if np.isnan(left).all():
        return np.zeros(len(left), dtype=np.bool_)
    raise ColumnsError(
        f"A column that is compared with {text!r:.60} holds numbers.",
        hint="labels are text; layers of layerwise make them.",
    )


class _Engine(_Evaluator):
    def column(self, name: str) -> Any:
        return nw.col(name)

    def number(self, node: ast.expr) -> Any:
        known = self.known(node)
        if known is not None:
            return nw.lit(known, nw.Float64)
        value = self.visit(node)
        return value.cast(nw.Float64) if isinstance(node, ast.Name) else value

    def known(self, node: ast.expr) -> float | None:
        """Return the number that a node without columns is; in SQL it would be a decimal.

        Engines multiply decimals exactly, which overflows where both have many digits.
        """
        match node:
            case ast.Constant(value=int() | float() as value) if not isinstance(value, bool):
                return float(value)
            case ast.Name(id=name) if name in self.constants:
                return float(self.constants[name])
            case ast.UnaryOp(op=ast.USub(), operand=operand):
                inner = self.known(operand)
                return None if inner is None else -1 * inner
            case ast.BinOp(left=left, op=op, right=right):
                a, b = self.known(left), self.known(right)
                divides = isinstance(op, ast.Div)
                if a is None or b is None or (divides and b == 0):
                    return None
                found = a / b if divides else float(_ARITHMETIC[type(op)](a, b))
                return found if math.isfinite(found) else None
        return None

    def ordered(self, op: type[ast.cmpop], left: Any, right: Any) -> Any:
        return _COMPARISONS[op](left, right)

    def same_text(self, left: Any, text: str, equal: bool) -> Any:
        return left == nw.lit(text) if equal else left != nw.lit(text)

    def exp(self, value: Any) -> Any:
        return value.exp()

    def log(self, value: Any) -> Any:
        return nw.when(value > 0).then(value.log())

    def over(self, a: Any, b: Any) -> Any:
        return nw.when(b != 0).then(a / b)

    def minimum(self, a: Any, b: Any) -> Any:
        return nw.when(a <= b).then(a).otherwise(nw.when(b < a).then(b))

    def maximum(self, a: Any, b: Any) -> Any:
        return nw.when(a >= b).then(a).otherwise(nw.when(b > a).then(b))

    def where(self, condition: Any, a: Any, b: Any) -> Any:
        return nw.when(condition).then(a).otherwise(b)

    def missing(self, column: Any) -> Any:
        return column.is_null()
