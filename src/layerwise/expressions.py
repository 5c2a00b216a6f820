"""A small language for formulas and conditions, the same for numpy and every dataframe engine.

It is what a marketer reads in a saved rule: ``value == 'high' and days_since_last <= 1.5 * gap``.
Allowed are column names, numbers, texts, ``+ - * /``, comparisons, ``in (...)``, ``and``, ``or``,
and the functions ``exp``, ``log``, ``minimum``, ``maximum``, ``where(condition, a, b)`` and
``missing(column)``. A comparison with a missing value is false; arithmetic with one is missing.
There is no ``not``, because engines disagree on the negation of missing.
"""

import ast
from collections.abc import Callable, Mapping
from functools import cache, reduce
from operator import add, and_, eq, ge, gt, le, lt, mul, ne, or_, sub, truediv
from typing import Any

import narwhals.stable.v2 as nw
import numpy as np

from layerwise.errors import SpecError
from layerwise.frames import Column, Labels

_ARITHMETIC = {ast.Add: add, ast.Sub: sub, ast.Mult: mul, ast.Div: truediv}
_COMPARISONS = {ast.Eq: eq, ast.NotEq: ne, ast.Lt: lt, ast.LtE: le, ast.Gt: gt, ast.GtE: ge}
_MIRRORED = {ast.Lt: ast.Gt, ast.LtE: ast.GtE, ast.Gt: ast.Lt, ast.GtE: ast.LtE}
_FUNCTIONS = {"exp": 1, "log": 1, "minimum": 2, "maximum": 2, "where": 3, "missing": 1}
_MAX_TEXT = 20_000

Constants = Mapping[str, float]


@cache
def parse(text: str) -> ast.expr:
    """Return the checked syntax tree of an expression.

    Raises:
        SpecError: The text is not an expression of this language.
    """
    if len(text) > _MAX_TEXT:
        raise SpecError(f"An expression is longer than {_MAX_TEXT:,} characters.")
    try:
        tree = ast.parse(text.strip(), mode="eval").body
        nodes = list(ast.walk(tree))
        inner = {id(part) for node in nodes for part in _parts(node)}
        for node in nodes:
            _check(node, id(node) in inner)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        raise SpecError(
            f"{_short(text)} is not an expression.",
            hint="write e.g. \"value == 'high' and days_since_last <= 90\".",
        ) from None
    return tree


def names(text: str) -> tuple[str, ...]:
    """Return the column (and constant) names an expression reads, in order of appearance.

    >>> names("spend_365d > 100 and missing(gap_cv)")
    ('spend_365d', 'gap_cv')
    """
    found = [
        (node.lineno, node.col_offset, node.id)
        for node in ast.walk(parse(text))
        if isinstance(node, ast.Name) and node.id not in _FUNCTIONS
    ]
    return tuple(dict.fromkeys(name for *_, name in sorted(found)))


def label_names(*texts: str) -> tuple[str, ...]:
    """Return the column names that expressions compare with texts.

    >>> label_names("value == 'high' and age_days > 30")
    ('value',)
    """
    compares = [n for t in texts for n in ast.walk(parse(t)) if isinstance(n, ast.Compare)]
    return tuple(
        dict.fromkeys(
            side.id
            for node in compares
            if any(isinstance(n, ast.Constant) and isinstance(n.value, str) for n in ast.walk(node))
            for side in (node.left, node.comparators[0])
            if isinstance(side, ast.Name)
        )
    )


def in_numpy(text: str, columns: Mapping[str, Column], constants: Constants) -> Any:
    """Evaluate an expression on arrays; missing numbers are NaN."""
    with np.errstate(all="ignore"):
        return _Numpy(columns, constants).visit(parse(text))


def in_engine(text: str, constants: Constants) -> Any:
    """Return an expression for any engine, as narwhals writes it."""
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
                return -1 * self.visit(operand)
            case ast.BinOp(left=left, op=op, right=right):
                return _ARITHMETIC[type(op)](self.visit(left), self.visit(right))
            case ast.BoolOp(op=op, values=values):
                join = and_ if isinstance(op, ast.And) else or_
                return reduce(join, map(self.visit, values))
            case ast.Compare():
                return self.compare(node)
            case ast.Call(func=ast.Name(id=name), args=args):
                return getattr(self, name)(*map(self.visit, args))
        raise AssertionError(ast.dump(node))  # parse() let it through: a defect of ours

    def compare(self, node: ast.Compare) -> Any:
        left, op, right = node.left, node.ops[0], node.comparators[0]
        if isinstance(op, ast.In):
            values = [element.value for element in right.elts]  # type: ignore[attr-defined]
            return reduce(or_, (self.same(self.visit(left), value) for value in values))
        if isinstance(left, ast.Constant) and not isinstance(right, ast.Constant):
            left, right = right, left
            op = _MIRRORED.get(type(op), type(op))()
        return self.ordered(type(op), self.visit(left), self.visit(right))

    def same(self, left: Any, value: Any) -> Any:
        return self.ordered(ast.Eq, left, value)

    def column(self, name: str) -> Any:
        raise NotImplementedError

    def ordered(self, op: type[ast.cmpop], left: Any, right: Any) -> Any:
        raise NotImplementedError


class _Numpy(_Evaluator):
    def __init__(self, columns: Mapping[str, Column], constants: Constants) -> None:
        super().__init__(constants)
        self.columns = columns

    def column(self, name: str) -> Any:
        column = self.columns[name]
        scores = isinstance(column, Labels) and column.names and isinstance(column.names[0], int)
        return column.numbers() if scores else column  # type: ignore[union-attr]

    def ordered(self, op: type[ast.cmpop], left: Any, right: Any) -> Any:
        if isinstance(left, Labels):
            return _compare_labels(op, left, right)
        result = _COMPARISONS[op](left, right)
        return result & ~(np.isnan(left) | np.isnan(right)) if op is ast.NotEq else result

    exp = staticmethod(np.exp)
    log = staticmethod(np.log)

    @staticmethod
    def minimum(a: Any, b: Any) -> Any:
        return np.where(a <= b, a, b)

    @staticmethod
    def maximum(a: Any, b: Any) -> Any:
        return np.where(a >= b, a, b)

    where = staticmethod(np.where)

    @staticmethod
    def missing(column: Any) -> Any:
        return column.codes < 0 if isinstance(column, Labels) else np.isnan(column)


def _compare_labels(op: type[ast.cmpop], left: Labels, right: Any) -> Any:
    if isinstance(right, Labels):
        raise SpecError("Two label columns cannot be compared with each other.")
    code = left.names.index(right) if right in left.names else -2
    return left.codes == code if op is ast.Eq else (left.codes != code) & (left.codes >= 0)


class _Engine(_Evaluator):
    def column(self, name: str) -> Any:
        return nw.col(name)

    def ordered(self, op: type[ast.cmpop], left: Any, right: Any) -> Any:
        return _COMPARISONS[op](left, nw.lit(right) if isinstance(right, str) else right)

    def exp(self, value: Any) -> Any:
        return value.exp()

    def log(self, value: Any) -> Any:
        return value.log()

    def minimum(self, a: Any, b: Any) -> Any:
        return self.where(a <= b, a, b)

    def maximum(self, a: Any, b: Any) -> Any:
        return self.where(a >= b, a, b)

    def where(self, condition: Any, a: Any, b: Any) -> Any:
        return nw.when(condition).then(_literal(a)).otherwise(_literal(b))

    def missing(self, column: Any) -> Any:
        return column.is_null()


def _literal(value: Any) -> Any:
    return nw.lit(value) if isinstance(value, int | float | str) else value


def _parts(node: ast.AST) -> list[ast.expr]:
    """Return what may stand only inside this node: the name of a call, the list after `in`."""
    if isinstance(node, ast.Call):
        return [node.func]
    if isinstance(node, ast.Compare) and isinstance(node.ops[0], ast.In):
        return node.comparators
    return []


def _check(node: ast.AST, inner: bool) -> None:
    allowed: dict[type[ast.AST], Callable[[Any], bool]] = {
        ast.Constant: lambda n: type(n.value) in (int, float, str),
        ast.Name: lambda n: inner == (n.id in _FUNCTIONS),
        ast.Tuple: lambda n: inner and all(isinstance(e, ast.Constant) for e in n.elts),
        ast.UnaryOp: lambda n: isinstance(n.op, ast.USub),
        ast.BinOp: lambda n: type(n.op) in _ARITHMETIC,
        ast.Compare: _plain_comparison,
        ast.Call: _known_call,
    }
    plain = (ast.Load, ast.BoolOp, ast.boolop, ast.operator, ast.unaryop, ast.cmpop)
    if not isinstance(node, plain) and not allowed.get(type(node), _never)(node):
        raise SyntaxError


def _plain_comparison(node: ast.Compare) -> bool:
    if len(node.ops) != 1:
        return False
    if isinstance(node.ops[0], ast.In):
        return isinstance(node.comparators[0], ast.Tuple)
    return type(node.ops[0]) in _COMPARISONS


def _known_call(node: ast.Call) -> bool:
    name = node.func.id if isinstance(node.func, ast.Name) else ""
    return _FUNCTIONS.get(name) == len(node.args) and not node.keywords


def _never(_node: ast.AST) -> bool:
    return False


def _short(text: str) -> str:
    return repr(text if len(text) <= 80 else text[:77] + "...")
