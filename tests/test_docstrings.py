"""Every public name says what it is for, shows itself at work, and names its errors."""

import ast
import importlib
import inspect
import pkgutil
import textwrap
from collections.abc import Callable
from functools import cache
from typing import Any, get_args, get_origin

import pytest

import layerwise as lw

ROOMS = [m.name for m in pkgutil.iter_modules(lw.__path__, "layerwise.") if "__" not in m.name]
WITHOUT = {
    "LayerwiseError": "errors are raised, see the Raises of all others",
    "LayerwiseWarning": "the base of all warnings",
}
"""Public name -> why it needs no example of its own."""


@cache
def public() -> list[Any]:
    """Return the functions and classes that `layerwise` and its rooms export."""
    rooms = [lw, *map(importlib.import_module, ROOMS)]
    found = {id(o): o for room in rooms for o in map(room.__dict__.get, _names(room))}
    kinds = [o for o in found.values() if inspect.isclass(o) or inspect.isfunction(o)]
    return sorted(kinds, key=lambda o: (o.__module__, o.__name__))


def _names(room: Any) -> list[str]:
    names = getattr(room, "__all__", ())
    for name in names:  # those of layerwise are imported on first use
        getattr(room, name)
    return list(names)


def shown(thing: Any) -> bool:
    """Say whether a docstring runs an example."""
    return ">>>" in (inspect.getdoc(thing) or "")


def functions(thing: Any) -> list[Callable[..., Any]]:
    """Return a function, or the public methods that a class defines itself."""
    if inspect.isfunction(thing):
        return [thing]
    return [f for n, f in vars(thing).items() if not n.startswith("_") and inspect.isfunction(f)]


@cache
def returned() -> set[Any]:
    """Return the classes that a public function with an example returns, or a method of a class."""
    makers = [f for o in public() if shown(o) for f in functions(o)]
    hints = [_hint(maker) for maker in makers]
    parts = [part for hint in hints for part in (hint, *get_args(hint))]
    return {kind for kind in (get_origin(part) or part for part in parts) if inspect.isclass(kind)}


def _hint(function: Callable[..., Any]) -> Any:
    hint = function.__annotations__.get("return")
    return function.__globals__.get(hint) if isinstance(hint, str) else hint


@pytest.mark.parametrize("thing", public(), ids=lambda o: f"{o.__module__}.{o.__name__}")
def test_every_public_name_runs_an_example(thing: Any) -> None:
    """In its own docstring; a result may stand in that of the function that returns it."""
    assert inspect.getdoc(thing)
    exempt = thing.__name__ in WITHOUT or thing in returned()
    assert shown(thing) or exempt, "add an Example: with >>> and its output"


def raises(function: Callable[..., Any]) -> bool:
    """Say whether a function's own lines raise; what a subclass must give is no error."""
    tree = ast.parse(textwrap.dedent(inspect.getsource(function)))
    raised = [node.exc for node in ast.walk(tree) if isinstance(node, ast.Raise) and node.exc]
    return any(ast.unparse(error) != "NotImplementedError" for error in raised)


@pytest.mark.parametrize("thing", public(), ids=lambda o: f"{o.__module__}.{o.__name__}")
def test_what_raises_says_so(thing: Any) -> None:
    """A public function or method with a raise of its own has a Raises section."""
    silent = [
        function.__qualname__
        for function in functions(thing)
        if raises(function) and "Raises:" not in (function.__doc__ or "")
    ]
    assert not silent


@pytest.mark.parametrize("thing", [*filter(inspect.isclass, public())], ids=lambda o: o.__name__)
def test_public_methods_say_what_they_return(thing: Any) -> None:
    """Each method and property that a public class defines has a docstring."""
    members = {n: m for n, m in vars(thing).items() if not n.startswith("_")}
    kinds = (property, classmethod, staticmethod)
    methods = {n: m for n, m in members.items() if inspect.isfunction(m) or isinstance(m, kinds)}
    assert not [name for name, method in methods.items() if not inspect.getdoc(method)]


def test_exceptions_are_public_names() -> None:
    """Who needs no example still exists."""
    assert set(WITHOUT) <= {thing.__name__ for thing in public()}
