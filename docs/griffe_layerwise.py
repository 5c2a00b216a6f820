"""How the reference reads the source: attrs classes get signatures, doctests become code blocks."""

import re
from importlib import import_module
from typing import Any

import attrs
import griffe

DOCTEST = re.compile(r"^>>> .*(?:\n.+)*", re.MULTILINE)


class Layerwise(griffe.Extension):
    """Fills in what static reading of the source misses."""

    def __init__(self) -> None:
        self._fields: dict[tuple[str, str], Any] = {}

    def on_object(self, *, obj: griffe.Object, **_: Any) -> None:
        """Show a lone doctest as a code block, and take `Example:` for `Examples:`."""
        if obj.docstring:
            text = re.sub(r"^Example:$", "Examples:", obj.docstring.value, flags=re.MULTILINE)
            obj.docstring.value = DOCTEST.sub(lambda m: f"```pycon\n{m.group(0)}\n```", text)

    def on_class(self, *, cls: griffe.Class, **_: Any) -> None:
        """Give an attrs class the signature that attrs makes."""
        real = getattr(import_module(cls.module.path), cls.name, None)
        if cls.parent is not cls.module or not attrs.has(real) or "__init__" in cls.members:
            return
        fields = [field for field in attrs.fields(real) if field.init]
        init = griffe.Function(
            "__init__", parameters=griffe.Parameters(*(self._parameter(cls, f) for f in fields))
        )
        cls.set_member("__init__", init)
        for field in fields:
            if field.name in cls.members:
                self._fields[cls.path, field.name] = cls.members.pop(field.name)

    def _parameter(self, cls: griffe.Class, field: "attrs.Attribute[Any]") -> griffe.Parameter:
        owners = [cls, *cls.mro()]
        found = [
            o.members.get(field.name) or self._fields.get((o.path, field.name)) for o in owners
        ]
        return griffe.Parameter(
            field.name,
            annotation=next((f.annotation for f in found if f), None),
            kind=griffe.ParameterKind.keyword_only,
            default=_default(field),
        )


def _default(field: "attrs.Attribute[Any]") -> str | None:
    if field.default is attrs.NOTHING:
        return None
    factory = getattr(field.default, "factory", None)
    return repr(factory() if factory else field.default)
