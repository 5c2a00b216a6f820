"""Saved form: versioned JSON of frozen attrs classes, read back to equality. Nothing is pickled."""

import json
import math
import sys
from collections.abc import Mapping
from functools import cache
from types import NoneType, UnionType
from typing import Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

import attrs
import numpy as np

from layerwise.errors import SavedFileError

FORMAT = 1
"""Number of the saved form; files of lower numbers keep loading."""

MAX_BYTES = 64 * 2**20
MAX_DEPTH = 60
_TAG = "$kind"
_BROKEN = "the file was changed or cut; save the fitted object again."
_KINDS: dict[str, type[Any]] = {}

_MOST = sys.float_info.max

T = TypeVar("T")


def saved(cls: type[T]) -> type[T]:
    """Let a frozen attrs class be written to and read from JSON under its own name.

    A decorator of specs and rules of your own; whoever loads the file imports their module first.

    >>> @saved
    ... @attrs.frozen
    ... class Cuts:
    ...     at: tuple[float, ...]
    >>> loads(dumps(Cuts((0.5, 0.8)), version="1")).at
    (0.5, 0.8)
    """
    _KINDS[cls.__name__] = cls
    return cls


def dumps(value: object, *, version: str) -> str:
    """Return `value` as JSON text; the same value gives the same text on every run.

    Raises:
        SavedFileError: The value holds something that JSON cannot keep (NaN, an unknown class).
    """
    head = {"layerwise": version, "format": FORMAT, "object": encode(value)}
    return json.dumps(head, ensure_ascii=False, indent=1, allow_nan=False) + "\n"


def loads(text: str | bytes) -> Any:
    """Return the object that `dumps` wrote.

    Raises:
        SavedFileError: The text is not JSON, too large or too deep, from a later format, or does
            not describe an object of layerwise.
    """
    if not isinstance(text, str | bytes | bytearray):
        raise SavedFileError(
            f"The saved text is a {type(text).__name__}, not text.",
            hint="load(path) reads a file, loads(text) what to_json gave.",
        )
    check_size(len(text))
    data = _parse(text)
    if not isinstance(data, dict) or not {"layerwise", "format", "object"} <= data.keys():
        raise SavedFileError(
            "This JSON is not a saved object: it lacks 'layerwise', 'format' or 'object'.",
            hint="fitted.save(path) writes such a file; a strategy table is CSV or TOML.",
        )
    number = data["format"]
    if not isinstance(number, int) or isinstance(number, bool) or not 1 <= number <= FORMAT:
        raise SavedFileError(
            f"The file says format {number!r:.40}; this layerwise reads formats 1 to {FORMAT}.",
            hint="install the layerwise release that wrote it, or a later one.",
        )
    found = decode(data["object"])
    if not attrs.has(type(found)):
        raise SavedFileError(
            f"The file holds a {type(found).__name__}, no object of layerwise.", hint=_BROKEN
        )
    return found


def check_size(size: int) -> None:
    """Refuse what is larger than any saved object.

    Raises:
        SavedFileError: It has more than `MAX_BYTES` bytes.
    """
    if size > MAX_BYTES:
        raise SavedFileError(
            f"The saved text is larger than {MAX_BYTES:,} bytes.",
            hint="it is no file that fitted.save(path) wrote.",
        )


def encode(value: object) -> Any:
    """Return `value` as plain JSON data."""
    cls: Any = type(value)
    if attrs.has(cls):
        kind = cls.__name__
        if kind not in _KINDS or _KINDS[kind] is not cls:
            raise SavedFileError(
                f"{kind} is not a class that layerwise can save.",
                hint="decorate your own spec or rule with @layerwise.spec.saved.",
            )
        fields = [field for field in attrs.fields(cls) if field.init]
        return {_TAG: kind} | {field.name: encode(getattr(value, field.name)) for field in fields}
    if isinstance(value, Mapping):
        return {_key(key): encode(item) for key, item in value.items()}
    if isinstance(value, tuple | list):
        return [encode(item) for item in value]
    if isinstance(value, np.generic):
        value = value.item()
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, float):
        if not math.isfinite(value):
            raise SavedFileError(
                "A number that is not finite cannot be saved.",
                hint="check the numbers given to the spec.",
            )
        return value
    raise SavedFileError(
        f"A {type(value).__name__} cannot be saved.",
        hint="specs and rules hold text, numbers, tuples and mappings alone.",
    )


def decode(data: Any, depth: int = 0) -> Any:
    """Return the value that `encode` described; lists come back as tuples."""
    if depth > MAX_DEPTH:
        raise SavedFileError(
            f"The saved object is nested deeper than {MAX_DEPTH} levels.", hint=_BROKEN
        )
    if isinstance(data, list):
        return tuple(decode(item, depth + 1) for item in data)
    if not isinstance(data, dict):
        return data
    values = {key: decode(item, depth + 1) for key, item in data.items() if key != _TAG}
    return _build(data[_TAG], values) if _TAG in data else values


def _build(kind: object, values: dict[str, Any]) -> Any:
    cls: type[Any] = _KINDS.get(kind, object) if isinstance(kind, str) else object
    if not attrs.has(cls):  # "object" too: nothing but a registered class is ever built
        raise SavedFileError(
            f"The file holds an unknown kind of object, {kind!r:.60}.",
            hint="import the module of your own layers first, or update layerwise.",
        )
    known = {field.name for field in attrs.fields(cls) if field.init}
    if unknown := sorted(values.keys() - known):
        raise SavedFileError(
            f"{kind} has no field {', '.join(unknown)[:200]}.",
            hint="a later layerwise may have written it; update layerwise.",
        )
    hints = _hints(cls)
    if wrong := [name for name, value in values.items() if not fits(value, hints.get(name, Any))]:
        raise SavedFileError(
            f"The saved {kind} is not valid ({', '.join(wrong)}: of another type).", hint=_BROKEN
        )
    try:
        return cls(**values)
    except SavedFileError:
        raise
    except (TypeError, ValueError, LookupError, AttributeError, ArithmeticError) as error:
        reason = f"{type(error).__name__}: {error}".splitlines()[0][:200]
        raise SavedFileError(f"The saved {kind} is not valid ({reason}).", hint=_BROKEN) from error


@cache
def _hints(cls: type[Any]) -> dict[str, Any]:
    return get_type_hints(cls)


def misfits(value: Any) -> dict[str, str]:
    """Return the fields whose values are of another type than the class says -> what it says."""
    cls: Any = type(value)
    hints = _hints(cls)
    given = {field.name: getattr(value, field.name) for field in attrs.fields(cls)}
    wrong = [n for n, v in given.items() if not fits(v, hints.get(n, Any))]
    return {name: in_words(hints[name]) for name in wrong}


_WORDS = {int: "a whole number", float: "a finite number", str: "text", bool: "True or False"}


def in_words(hint: Any) -> str:
    """Say what a field's type takes.

    >>> in_words(tuple[float, ...] | None), in_words(Literal["day", "week"])
    ('a tuple (a finite number, ...) or None', "'day' or 'week'")
    """
    kind, inner = get_origin(hint), get_args(hint)
    if kind in (Union, UnionType):
        return " or ".join(map(in_words, inner))
    if kind is Literal:
        return " or ".join(map(repr, inner))
    if kind is tuple:
        parts = [part if part is Ellipsis else in_words(part) for part in inner]
        return f"a tuple ({', '.join('...' if p is Ellipsis else p for p in parts)})"
    if kind in (Mapping, dict):
        return f"a mapping of {in_words(inner[0])} to {in_words(inner[1])}"
    if hint is None or hint is NoneType:
        return "None"
    return _WORDS.get(hint) or f"a {getattr(hint, '__name__', hint)}"


def _plain(value: object) -> object:
    timeless = not isinstance(value, np.datetime64 | np.timedelta64)  # whose NaT would be None
    return value.item() if isinstance(value, np.generic) and timeless else value


def fits(value: Any, hint: Any) -> bool:
    """Say whether a decoded value is what a field's type says; unknown kinds of type fit all.

    Numbers must be finite: JSON keeps no other.

    >>> fits((1, 2.5), tuple[float, ...]), fits("12", tuple[str, ...]), fits(True, int)
    (True, False, False)
    >>> fits(float("nan"), float)
    False
    """
    value = _plain(value)
    kind, inner = get_origin(hint), get_args(hint)
    if kind in (Union, UnionType):
        return any(fits(value, part) for part in inner)
    if kind is Literal:
        return any(type(value) is type(part) and value == part for part in inner)
    if kind is tuple:
        parts = inner[:1] * len(value) if inner[-1] is Ellipsis and _is(value, tuple) else inner
        return _is(value, tuple) and len(value) == len(parts) and all(map(fits, value, parts))
    if kind is Mapping or kind is dict:
        return _is(value, dict) and all(
            fits(key, inner[0]) and fits(item, inner[1]) for key, item in value.items()
        )
    if hint is None or hint is NoneType:
        return value is None
    if hint in (int, float):
        whole = type(value) is int
        return whole if hint is int else (whole or type(value) is float) and abs(value) <= _MOST
    return hint is Any or not isinstance(hint, type) or _is(value, hint)


def _is(value: object, kind: type[Any]) -> bool:
    return getattr(kind, "_is_protocol", False) or isinstance(value, kind)


def _parse(text: str | bytes) -> Any:
    try:
        return json.loads(
            text, object_pairs_hook=_unique, parse_constant=_refuse_constant, parse_float=_finite
        )
    except SavedFileError:
        raise
    except RecursionError:
        raise SavedFileError("The saved text is nested too deeply.", hint=_BROKEN) from None
    except ValueError as error:
        raise SavedFileError(
            f"The saved text is not JSON: {str(error)[:200]}.", hint=_BROKEN
        ) from None


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise SavedFileError(
            "The saved text has a JSON object with the same key twice.", hint=_BROKEN
        )
    return found


def _refuse_constant(name: str) -> None:
    raise SavedFileError(
        f"The saved text holds {name}, which is not a number JSON allows.", hint=_BROKEN
    )


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise SavedFileError("The saved text holds a number too large for a float.", hint=_BROKEN)
    return number


def _key(key: object) -> str:
    if not isinstance(key, str) or key == _TAG:
        raise SavedFileError(
            f"A mapping key must be text other than {_TAG!r}.", hint="name it by other text."
        )
    return key
