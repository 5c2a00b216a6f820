"""Which texts are expressions, and what they read."""

import ast
from collections.abc import Callable, Iterator
from functools import lru_cache
from math import isfinite
from typing import Any

from layerwise.errors import SpecError

ARITHMETIC = (ast.Add, ast.Sub, ast.Mult, ast.Div)
COMPARISONS = (ast.Eq, ast.NotEq, ast.Lt, ast.LtE, ast.Gt, ast.GtE)
FUNCTIONS = {"exp": 1, "log": 1, "minimum": 2, "maximum": 2, "where": 3, "missing": 1}
_MAX_TEXT = 20_000
_MAX_DEPTH = 200


@lru_cache(1024)
def parse(text: str) -> ast.expr:
    """Return the checked syntax tree of an expression.

    Raises:
        SpecError: The text is not an expression of this language.
    """
    if len(text) > _MAX_TEXT:
        raise SpecError(
            f"An expression is longer than {_MAX_TEXT:,} characters.",
            hint="split it into several conditions or layers.",
        )
    try:
        tree = ast.parse(text.strip(), mode="eval").body
        nodes = _nodes(tree)
        inner = {id(part) for node in nodes for part in _parts(node)}
        for node in nodes:
            _check(node, id(node) in inner)
            _check_kinds(node)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        raise SpecError(
            f"{_short(text)} is not an expression.",
            hint="write e.g. \"value == 'high' and days_since_last <= 90\".",
        ) from None
    return tree


def parse_condition(text: str) -> None:
    """Check that a text is a condition.

    Raises:
        SpecError: It is no expression, or a number.

    >>> parse_condition("days_since_last <= 90")
    >>> parse_condition("days_since_last * 2")
    Traceback (most recent call last):
        ...
    layerwise.errors.SpecError: 'days_since_last * 2' is not a condition.
    Hint: compare it, e.g. days_since_last <= 90.
    """
    if _kind(parse(text)) not in ("condition", "name"):
        raise SpecError(
            f"{_short(text)} is not a condition.", hint="compare it, e.g. days_since_last <= 90."
        )


def parse_number(text: str) -> None:
    """Check that a text is a formula of a number.

    Raises:
        SpecError: It is no expression, or a condition or a text.

    >>> parse_number("days_since_last * 2")
    >>> parse_number("days_since_last <= 90")
    Traceback (most recent call last):
        ...
    layerwise.errors.SpecError: 'days_since_last <= 90' is not a number.
    Hint: where(condition, 1, 0) makes one of it.
    """
    if _kind(parse(text)) not in ("value", "name"):
        raise SpecError(
            f"{_short(text)} is not a number.", hint="where(condition, 1, 0) makes one of it."
        )


@lru_cache(1024)
def names(text: str) -> tuple[str, ...]:
    """Return the column (and constant) names an expression reads, in order of appearance.

    Raises:
        SpecError: It is no expression.

    >>> names("spend_365d > 100 and missing(gap_cv)")
    ('spend_365d', 'gap_cv')
    """
    found = [(node.lineno, node.col_offset, node.id) for node, _ in _uses(parse(text))]
    return tuple(dict.fromkeys(name for *_, name in sorted(found)))


def label_names(*texts: str) -> tuple[str, ...]:
    """Return the column names that expressions compare with texts.

    Raises:
        SpecError: One is no expression.

    >>> label_names("value == 'high' and age_days > 30")
    ('value',)
    """
    return _used_as("label", texts, "any")


def number_names(*texts: str, root: str = "truth") -> tuple[str, ...]:
    """Return the column (and constant) names that expressions use as numbers.

    Args:
        texts: The expressions.
        root: As what a name that is the whole expression is used: "truth" or "number".

    Raises:
        SpecError: One is no expression.

    >>> number_names("value == 'high' and age_days > 30 and missing(gap_cv) and is_loyal")
    ('age_days',)
    """
    return _used_as("number", texts, root)


def truth_names(*texts: str) -> tuple[str, ...]:
    """Return the column names that expressions use as conditions by themselves.

    Raises:
        SpecError: One is no expression.

    >>> truth_names("is_loyal and age_days > 30")
    ('is_loyal',)
    """
    return _used_as("truth", texts, "truth")


@lru_cache(1024)
def _used_as(kind: str, texts: tuple[str, ...], root: str) -> tuple[str, ...]:
    found = [node.id for t in texts for node, use in _uses(parse(t), root) if use == kind]
    return tuple(dict.fromkeys(found))


def _uses(node: ast.expr, use: str = "any") -> Iterator[tuple[ast.Name, str]]:
    """Yield the names in an expression, and as what each is used: label, number, truth or any."""
    match node:
        case ast.Name():
            yield node, use
        case ast.BoolOp(values=parts):
            for part in parts:
                yield from _uses(part, "truth")
        case ast.Compare(left=left, comparators=[right]):
            texts = any(isinstance(getattr(n, "value", 0), str) for n in ast.walk(node))
            for side in (left, right):
                yield from _uses(side, "label" if texts else "number")
        case ast.Call(func=ast.Name(id=name), args=args):
            for i, part in enumerate(args):
                first = {"missing": "any", "where": "truth"}.get(name, "number")
                yield from _uses(part, "number" if i else first)
        case ast.BinOp(left=left, right=right):
            yield from _uses(left, "number")
            yield from _uses(right, "number")
        case ast.UnaryOp(operand=operand):
            yield from _uses(operand, "number")


def _parts(node: ast.AST) -> list[ast.expr]:
    """Return what may stand only inside this node: the name of a call, the list after `in`."""
    if isinstance(node, ast.Call):
        return [node.func]
    if isinstance(node, ast.Compare) and isinstance(node.ops[0], ast.In):
        return node.comparators
    return []


def _nodes(tree: ast.AST) -> list[ast.AST]:
    """Return all nodes, if they are not nested too deeply to be walked again."""
    found: list[ast.AST] = []
    level = [tree]
    for _ in range(_MAX_DEPTH):
        found += level
        level = [child for node in level for child in ast.iter_child_nodes(node)]
        if not level:
            return found
    raise SyntaxError


def _check(node: ast.AST, inner: bool) -> None:
    allowed: dict[type[ast.AST], Callable[[Any], bool]] = {
        ast.Constant: lambda n: type(n.value) is str or _is_number(n.value),
        ast.Name: lambda n: inner == (n.id in FUNCTIONS),
        ast.Tuple: lambda n: inner and all(isinstance(e, ast.Constant) for e in n.elts),
        ast.UnaryOp: lambda n: isinstance(n.op, ast.USub),
        ast.BinOp: lambda n: type(n.op) in ARITHMETIC,
        ast.Compare: _plain_comparison,
        ast.Call: _known_call,
    }
    plain = (ast.Load, ast.BoolOp, ast.boolop, ast.operator, ast.unaryop, ast.cmpop)
    if not isinstance(node, plain) and not allowed.get(type(node), _never)(node):
        raise SyntaxError


def _kind(node: ast.AST) -> str:
    """Return what a node gives: condition, value, text, or name, which may be any of them."""
    if isinstance(node, ast.Compare | ast.BoolOp):
        return "condition"
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
        return "condition" if node.func.id == "missing" else "value"
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return "text"
    return "name" if isinstance(node, ast.Name) else "value"


def _check_kinds(node: ast.AST) -> None:
    """Refuse what engines would take in different ways: sums of conditions, numbers as conditions.

    A comparison with a text is of equality and has it on one side only.
    """
    truths: list[ast.expr] = []
    numbers: list[ast.expr] = []
    match node:
        case ast.BoolOp(values=values):
            truths = values
        case ast.Call(func=ast.Name(id="where"), args=[condition, *rest]):
            truths, numbers = [condition], rest
        case ast.Call(args=args):
            numbers = args
        case ast.BinOp(left=left, right=right):
            numbers = [left, right]
        case ast.UnaryOp(operand=operand):
            numbers = [operand]
        case ast.Compare(left=left, ops=[op], comparators=[right]):
            sides = [left, *(right.elts if isinstance(right, ast.Tuple) else [right])]
            texts = [side for side in sides if _kind(side) == "text"]
            numbers = [side for side in sides if side not in texts]
            if texts and (
                not isinstance(op, ast.Eq | ast.NotEq | ast.In)
                or len(numbers) != 1
                or not isinstance(numbers[0], ast.Name)
            ):
                raise SyntaxError
            if isinstance(op, ast.In) and ((texts and left in texts) or len(sides) < 2):
                raise SyntaxError
    if any(_kind(part) not in ("condition", "name") for part in truths):
        raise SyntaxError
    if any(_kind(part) not in ("value", "name") for part in numbers):
        raise SyntaxError


def _plain_comparison(node: ast.Compare) -> bool:
    if len(node.ops) != 1:
        return False
    if isinstance(node.ops[0], ast.In):
        return isinstance(node.comparators[0], ast.Tuple)
    return type(node.ops[0]) in COMPARISONS


def _known_call(node: ast.Call) -> bool:
    name = node.func.id if isinstance(node.func, ast.Name) else ""
    return FUNCTIONS.get(name) == len(node.args) and not node.keywords


def _is_number(value: object) -> bool:
    return type(value) in (int, float) and abs(value) < 2**1023 and isfinite(value)  # type: ignore[arg-type]


def _never(_node: ast.AST) -> bool:
    return False


def _short(text: str) -> str:
    return repr(text if len(text) <= 80 else text[:77] + "...")
